"""How long a text is."""

import msgspec

from exporter.extractors.words import text


class TextLength(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Number of characters (Unicode code points) of a text, spaces included: from 0. Costs 1 us."""

    def levels(self) -> None:
        """Return None: lengths are numbers."""

    def extract(self, datum: object) -> float | None:
        """Return the length of a text."""
        content = text(datum)
        return None if content is None else float(len(content))
