"""How much of a text is not letters."""

from unicodedata import category

import msgspec

from exporter.extractors.words import text


class NonLetterRatio(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Share of the characters that are no letters: a ratio of 0 to 1; high is tables, code, markup or noise.

    Spaces count on neither side; accents and vowel signs of any script are part of a letter. A text without any
    character but spaces is missing. Costs 0.05 ms for 1,000 characters.
    """

    def levels(self) -> None:
        """Return None: shares are numbers."""

    def extract(self, datum: object) -> float | None:
        """Return the share of a text that is no letters."""
        content = text(datum)
        if content is None:
            return None
        letters = sum(map(str.isalpha, content))
        others = [character for character in content if not character.isalpha() and not character.isspace()]
        marks = sum(category(character).startswith("M") for character in others)
        total = letters + len(others)
        return (len(others) - marks) / total if total else None
