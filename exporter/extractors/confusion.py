"""What a record was predicted as, and what it is: a cell of the confusion matrix of several classes."""

from collections.abc import Callable
from typing import ClassVar

import msgspec
import numpy as np

from exporter.batch import Codes, Column, Field
from exporter.extractors.pairing import MISSING, absent, label, need_categories

CLASSES = 20
REST = "__other__"


class Confusion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The pair predicted|actual of up to 20 `classes`; every other class counts as `__other__`.

    Missing where either is, and where both are other classes: they may be the same or not.
    """

    harm: ClassVar[tuple[str, ...]] = ()
    output: str
    actual: str
    classes: tuple[str | int | bool, ...]

    def __post_init__(self) -> None:
        """Refuse classes that cannot be told apart in a category."""
        if not 2 <= len(self.classes) <= CLASSES:  # noqa: PLR2004 - one class leaves nothing to confuse
            raise ValueError(f"write 2 to {CLASSES} classes")
        if len({*self.names, REST}) <= len(self.classes) or any("|" in name for name in self.names):
            raise ValueError(f"write classes that differ, without | and other than {REST}")

    @property
    def names(self) -> tuple[str, ...]:
        """Return the classes as text."""
        return tuple(map(label, self.classes))

    def pairs(self) -> tuple[tuple[str, str], ...]:
        """Return the predicted and the actual class of each category."""
        every = (*self.names, REST)
        return tuple((predicted, actual) for predicted in every for actual in every)[:-1]

    def levels(self) -> tuple[str, ...]:
        """Return the categories."""
        return tuple(map("|".join, self.pairs()))

    def bind(self, output: Field, actual: Field) -> Callable[[Column, Column], Column]:
        """Return the function of an output and an actual column."""
        need_categories("confusion", output, actual)
        predicted, real = self._places(output), self._places(actual)
        width = len(self.classes) + 1

        def cell(out: Column, act: Column) -> Column:
            cells = predicted[np.maximum(out, 0)] * width + real[np.maximum(act, 0)]
            gone = absent(out, act) | (cells == width * width - 1)
            return np.where(gone, np.int32(MISSING), cells.astype(np.int32))

        return cell

    def _places(self, field: Field) -> Codes:
        """Return the class of each code of a field, the last for an unseen category."""
        places = {name: place for place, name in enumerate(self.names)}
        if not set(places) & set(field.levels or ()):
            raise ValueError(f"confusion knows none of {field.role} {field.name}: {', '.join(field.levels or ())}")
        rest = len(places)
        return np.array([*(places.get(level, rest) for level in field.levels or ()), rest], np.int32)
