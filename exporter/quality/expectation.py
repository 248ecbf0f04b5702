"""What users know to be true of every record: each a check that is counted, with how often it fails."""

import math
import re
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Column
from exporter.quality.counters import Counters
from exporter.segments import Condition

Key = tuple[str, tuple[str, ...] | None]
Mask = NDArray[np.bool_]
Tags = Mapping[str, Sequence[object]]
MEMORY = 100_000  # values, in which one that should be unique is looked for


@dataclass(frozen=True, slots=True)
class That:
    """A condition holds."""

    condition: Condition


@dataclass(frozen=True, slots=True)
class NotNull:
    """There is a value at a path."""

    path: str


@dataclass(frozen=True, slots=True)
class Matches:
    """The text at a path has a form; a value that is missing is not looked at."""

    path: str
    pattern: str


@dataclass(frozen=True, slots=True)
class Unique:
    """The value at a path has not been there in the 100,000 records before."""

    path: str


@dataclass(frozen=True, slots=True)
class Monotone:
    """The number at a path is never less than that of the record before."""

    path: str


@dataclass(frozen=True, slots=True)
class Sum:
    """The numbers at some paths add up to a number."""

    paths: tuple[str, ...]
    total: float
    within: float


@dataclass(frozen=True, slots=True)
class Consecutive:
    """The number at a path is one more than that of the record before, of all records or of those alike `by` a tag."""

    path: str
    by: str | None = None


Rule = That | NotNull | Matches | Unique | Monotone | Sum | Consecutive


@dataclass(frozen=True, slots=True)
class Expectation:
    """A rule by its name."""

    name: str
    rule: Rule

    @property
    def columns(self) -> tuple[Key, ...]:
        """Return the columns that it reads: path, and texts whose codes they hold (None: numbers)."""
        rule = self.rule
        if isinstance(rule, That):
            return rule.condition.columns
        if isinstance(rule, Sum):
            return tuple((path, None) for path in rule.paths)
        return ((rule.path, None),) if isinstance(rule, Monotone | Consecutive) else ()

    @property
    def tags(self) -> tuple[str, ...]:
        """Return the paths whose values it reads as they are logged."""
        if isinstance(self.rule, Consecutive):
            return () if self.rule.by is None else (self.rule.by,)
        return (self.rule.path,) if isinstance(self.rule, NotNull | Matches | Unique) else ()


class Check:
    """Counts the predictions on which an expectation was checked, and those on which it failed."""

    def __init__(self, expectation: Expectation) -> None:
        self.name = expectation.name
        self.checks = self.failures = 0
        self._rule = expectation.rule
        self._last = -math.inf
        self._counters = Counters()
        self._seen: OrderedDict[object, None] = OrderedDict()
        self._pattern = re.compile(self._rule.pattern) if isinstance(self._rule, Matches) else None
        self._matching: dict[object, bool] = {}

    def add(self, columns: Mapping[Key, Column], tags: Tags, rows: Mask) -> None:
        """Check rows, which are a part of the columns, each of shape (all rows,)."""
        part = {key: column[rows] for key, column in columns.items()}
        places = np.flatnonzero(rows).tolist()
        held = self._held(part, {path: [values[i] for i in places] for path, values in tags.items()})
        self.checks += len(held)
        self.failures += len(held) - int(np.count_nonzero(held))

    def _held(self, columns: Mapping[Key, Column], tags: Tags) -> Sequence[bool] | Mask:
        rule = self._rule
        if isinstance(rule, That):
            return rule.condition.holds(columns)
        if isinstance(rule, Sum):
            total = np.sum([columns[path, None] for path in rule.paths], axis=0)
            return np.asarray(np.abs(total - rule.total) <= rule.within)
        if isinstance(rule, Monotone):
            return self._rising(columns[rule.path, None])
        if isinstance(rule, Consecutive):
            column = columns[rule.path, None]
            return self._counters.add(column, [None] * len(column) if rule.by is None else tags[rule.by])
        if isinstance(rule, NotNull):
            return [value is not None for value in tags[rule.path]]
        values = [value for value in tags[rule.path] if value is not None]
        return [self._new(value) if isinstance(rule, Unique) else self._matches(value) for value in values]

    def _rising(self, column: Column) -> Mask:
        known = column[~np.isnan(column)]
        held = np.diff(known, prepend=self._last) >= 0
        self._last = float(known[-1]) if len(known) else self._last
        return np.asarray(held)

    def _new(self, value: object) -> bool:
        new = value not in self._seen
        self._seen[value] = None
        if len(self._seen) > MEMORY:
            self._seen.popitem(last=False)
        return new

    def _matches(self, value: object) -> bool:
        if value not in self._matching:
            if len(self._matching) > MEMORY:
                self._matching.clear()
            self._matching[value] = bool(self._pattern and self._pattern.fullmatch(str(value)))
        return self._matching[value]

    @property
    def missing(self) -> int | None:
        """Return how many numbers of a sequence have been left out, None where the rule is of none."""
        return self._counters.missing if isinstance(self._rule, Consecutive) else None

    def save(self) -> tuple[object, ...]:
        """Return what is known, as plain values; the values that should be unique are not among them."""
        return self.checks, self.failures, self._last, self._counters.save()

    def resume(self, saved: Sequence[Any]) -> None:
        """Go on from what was saved."""
        self.checks, self.failures, self._last, counters = saved
        self._counters.resume(counters)
