"""The class that a classifier gives its highest score."""

from collections.abc import Mapping, Sequence
from typing import ClassVar

import msgspec

from exporter.extractors.vectors import vector


class MaxScoreElement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Place of the largest score, from 0; or the one of `categories` at that place; or its key in a mapping.

    Of equal scores it is the first, in a mapping the first in the order of `categories` or else of the alphabet. A
    vector with a missing number is missing. Costs 0.005 ms.
    """

    reads_files: ClassVar[bool] = True
    categories: tuple[str, ...] = ()

    def levels(self) -> tuple[str, ...] | None:
        """Return the categories; None where they are not listed: places, or the keys of the data."""
        return self.categories or None

    def extract(self, datum: object) -> float | str | None:
        """Return the class with the highest score."""
        names: Sequence[str] = self.categories
        if isinstance(datum, Mapping):
            keys = sorted(datum, key=self._order)
            names, datum = [str(key) for key in keys], [datum[key] for key in keys]
        values = vector(datum)
        if values is None:
            return None
        if not len(values) or (names and len(names) != len(values)):
            raise ValueError(f"the vector has {len(values)} scores, and there are {len(names)} categories")
        place = int(values.argmax())
        return names[place] if names else float(place)

    def _order(self, key: object) -> tuple[int, str]:
        if self.categories and str(key) not in self.categories:
            raise ValueError(f"the class {str(key)!r:.40} is not one of the categories")
        return (self.categories.index(str(key)) if self.categories else 0), str(key)
