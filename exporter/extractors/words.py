"""Texts as they are logged, and the words in them."""

import re
from collections.abc import Iterator
from functools import cache
from unicodedata import category

LENGTH = 64


def text(datum: object) -> str | None:
    """Return a text, None for None; ValueError for anything else."""
    if datum is None or isinstance(datum, str):
        return datum
    raise ValueError(f"a {type(datum).__name__} is no text")


def words(content: str) -> Iterator[str]:
    """Yield the words in lower case, cut at 64 characters: runs of letters, digits and underscores, with apostrophes.

    Writing without spaces between words is one word up to the next mark of punctuation.
    """
    return (match.group()[:LENGTH].casefold() for match in _word().finditer(content))


@cache
def _word() -> re.Pattern[str]:
    """Return the pattern of a word; accents and vowel signs belong to it, though to Python they are no letters."""
    marks = "".join(character for character in map(chr, range(0x300, 0x10000)) if category(character)[0] == "M")
    part = rf"\w[\w{marks}]*"
    return re.compile(rf"{part}(?:['\u2019]{part})*")
