"""How many words of a text the reference does not know."""

from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from typing import Annotated, Self

import msgspec

from exporter.extractors.reference import usable
from exporter.extractors.words import LENGTH, text, words

WORDS = 100_000

Word = Annotated[str, msgspec.Meta(max_length=3 * LENGTH)]  # lower case can be longer: one letter becomes up to three


class OovRatio(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """Share of the words of a text that are out of the vocabulary: a ratio of 0 to 1; high is another language.

    The vocabulary is the `vocabulary` most frequent words of the reference that are there at least `minimum` times (so
    that what one person wrote once, such as a name, is not kept in the profile); they are listed in the profile. Upper
    and lower case are the same. A text without words is missing. Costs 0.1 ms for 1,000 characters.
    """

    vocabulary: int = 10_000
    minimum: int = 2
    fitted: Annotated[tuple[Word, ...], msgspec.Meta(max_length=WORDS)] | None = None

    def __post_init__(self) -> None:
        """Raise ValueError where an option is out of range."""
        if not 1 <= self.vocabulary <= WORDS or self.minimum < 1:
            raise ValueError(f"write a vocabulary of 1 to {WORDS} words, and a minimum of 1 or more")

    def levels(self) -> None:
        """Return None: shares are numbers."""

    def fit(self, data: Sequence[object], seed: int) -> Self:  # noqa: ARG002 - nothing is drawn
        """Return a copy that has learned the words of the reference."""
        counts = Counter(word for content in usable(data, text, least=1) for word in words(content))
        common = sorted((-count, word) for word, count in counts.items() if count >= self.minimum)
        if not common:
            raise ValueError(f"the reference has no word that occurs {self.minimum} times")
        return msgspec.structs.replace(self, fitted=tuple(sorted(word for _, word in common[: self.vocabulary])))

    def extract(self, datum: object) -> float | None:
        """Return the share of unknown words of a text."""
        if self.fitted is None:
            raise ValueError("oov_ratio has not been fitted")
        content = text(datum)
        if content is None:
            return None
        known = [word in self._known for word in words(content)]
        return known.count(False) / len(known) if known else None

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self.fitted or ())
