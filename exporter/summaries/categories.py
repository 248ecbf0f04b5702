"""Counts of a category column by the levels that are frozen with the reference."""

from dataclasses import dataclass

import numpy as np

from exporter.batch import Codes
from exporter.summaries.histogram import Counts

OTHER = "__other__"


@dataclass(frozen=True, slots=True, eq=False)
class Categories:
    """Counts of each level and, last, of every other value, shape (len(levels) + 1,); not whole where expected."""

    levels: tuple[str, ...]
    counts: Counts

    @classmethod
    def of(cls, codes: Codes, levels: tuple[str, ...]) -> "Categories":
        """Count codes, shape (n,): a level's place, or len(levels) for any other value; negative ones are no values."""
        return cls(levels, np.bincount(np.maximum(codes, -1) + 1, minlength=len(levels) + 2)[1:])

    @classmethod
    def empty(cls, levels: tuple[str, ...]) -> "Categories":
        """Return the counts of nothing."""
        return cls(levels, np.zeros(len(levels) + 1, np.int64))

    def __add__(self, other: "Categories") -> "Categories":
        if self.levels != other.levels:
            raise ValueError("counts of different categories cannot be added")
        return Categories(self.levels, self.counts + other.counts)

    def __sub__(self, other: "Categories") -> "Categories":
        return self + Categories(other.levels, -other.counts)

    @property
    def n(self) -> int:
        """Return the number of values."""
        found: int = self.counts.sum().item()
        return found

    @property
    def labels(self) -> tuple[str, ...]:
        """Return the label of each count."""
        return (*self.levels, OTHER)

    def __getitem__(self, level: str) -> int:
        found: int = self.counts[self.labels.index(level)].item()
        return found
