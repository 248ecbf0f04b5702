"""How closely each input goes together with the output: what stands in for attributions where none are logged."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b

import numpy as np

from exporter.batch import Column, Floats
from exporter.profile.component import Component
from exporter.profile.values import Key, learns
from exporter.summaries import Measure, Weighing

MOST = 64  # inputs, the most important ones
LEVELS = 10  # categories of each that are told apart; the others are one
LEAST = 500  # predictions with both: of independent ones the strength is then below 0.09, 19 times in 20
FAR = 4.0  # deviations, beyond which a number counts as that far
ROWS = 2048  # that are multiplied at once, too few to be worth several threads


@dataclass(frozen=True, slots=True)
class Side:
    """How a component is read: as categories, or where there are none as a number, by its mean and spread."""

    categories: int
    centre: float = 0.0
    scale: float = 1.0

    @property
    def width(self) -> int:
        """Return how many rows of sums it has: one for each category, or of a number count, sum and squares."""
        return self.categories or 3

    def read(self, column: Column) -> Floats:
        """Return places of categories or standardised numbers, NaN where there is none."""
        if self.categories:
            return np.where(column < 0, np.nan, np.minimum(column, self.categories - 1.0))
        return np.clip((column - self.centre) / self.scale, -FAR, FAR)

    def block(self, values: Floats) -> Floats:
        """Return what is summed of values as they are read, shape (width, rows); nothing of those that are missing."""
        if self.categories:
            return np.asarray(values == np.arange(self.categories)[:, None], np.float64)
        known = ~np.isnan(values)
        numbers = np.where(known, values, 0.0)
        return np.stack([known.astype(np.float64), numbers, numbers**2])


@dataclass(frozen=True, slots=True)
class Pairing:
    """Inputs by name, and the output that each is held against, as they are read."""

    inputs: tuple[str, ...]
    sides: tuple[Side, ...]
    output: Side
    output_name: str

    def lay_out(self, columns: Sequence[Column]) -> Floats:
        """Return columns of the inputs and last the output, as they are read, shape (rows, inputs + 1)."""
        pairs = zip((*self.sides, self.output), columns, strict=True)
        return np.column_stack([side.read(column) for side, column in pairs])

    def measure(self) -> Measure:
        """Return what sums up the rows."""
        width = sum(side.width for side in self.sides) * self.output.width
        return Measure(weighing=Weighing(self._sums, width, blake2b(repr(self).encode()).digest()))

    def _sums(self, rows: Floats) -> tuple[Floats, int]:
        found = np.zeros((sum(side.width for side in self.sides), self.output.width))
        for start in range(0, len(rows), ROWS):
            part = rows[start : start + ROWS].T
            others = self.output.block(part[-1]).T
            blocks = [side.block(values) for side, values in zip(self.sides, part, strict=False)]
            found += np.concatenate(blocks) @ others
        return found.ravel(), int(np.count_nonzero(~np.isnan(rows[:, -1])))

    def strengths(self, sums: Floats) -> list[float]:
        """Return how closely each input and the output go together, 0 to 1; NaN of fewer than 500 rows with both.

        Of two numbers the absolute correlation of Pearson; of a number and categories the correlation ratio (Fisher,
        1925); both less what so many rows would have by chance (Ezekiel, 1929). Of two categories the V of Cramer,
        corrected by Bergsma (2013).
        """
        table = sums.reshape(-1, self.output.width)
        ends = np.cumsum([side.width for side in self.sides])
        parts = np.split(table, ends[:-1])
        return [_strength(side, self.output, part) for side, part in zip(self.sides, parts, strict=True)]


def pairing(components: Sequence[Component]) -> Pairing | None:
    """Return which inputs are held against which output, the main or else the first one; None where there are none."""
    outputs = [one for one in components if one.role == "output" and _varies(one)]
    inputs = [one for one in components if one.role == "input" and _varies(one) and not learns(one.spec)]
    if not (outputs and inputs):
        return None
    output = min(outputs, key=lambda one: not one.spec.main)
    chosen = sorted(inputs, key=lambda one: (not one.spec.main, -one.spec.importance))[:MOST]
    sides = tuple(map(_side, chosen))
    return Pairing(tuple(one.name for one in chosen), sides, _side(output), output.name)


def reference_of(components: Sequence[Component], columns: Mapping[Key, Column]) -> dict[str, float]:
    """Return how closely each input and the output go together in a reference, NaN where it is too small."""
    found = pairing(components)
    if found is None:
        return {}
    keys = [("input", name) for name in found.inputs]
    rows = found.lay_out([columns[key] for key in (*keys, ("output", found.output_name))])
    sums = found.measure().of(rows).sums
    return {} if sums is None else dict(zip(found.inputs, found.strengths(sums), strict=True))


def _varies(component: Component) -> bool:
    moments, categories = component.reference.moments, component.reference.categories
    if categories is not None:
        return int(np.count_nonzero(categories.counts)) > 1
    return moments is not None and 0 < moments.deviation < math.inf


def _side(component: Component) -> Side:
    moments = component.reference.moments
    if moments is None:
        return Side(min(len(component.measure.levels), LEVELS) + 1)
    return Side(0, moments.mean, moments.deviation)


@np.errstate(all="ignore")
def _strength(side: Side, output: Side, part: Floats) -> float:
    if side.categories and output.categories:
        return _cramer(part)
    if not (side.categories or output.categories):
        (n, y, yy), (x, xy, _), (xx, _, _) = part.tolist()
        explained = (n * xy - x * y) ** 2 / ((n * xx - x * x) * (n * yy - y * y) or math.nan)
        return _adjusted(explained, n, 2)
    counts, totals, squares = part.T if side.categories else part
    return _ratio(counts, totals, float(squares.sum()))


def _ratio(counts: Floats, totals: Floats, squares: float) -> float:
    there = counts > 0
    n = float(counts.sum())
    part = float(totals.sum()) ** 2 / max(n, 1.0)
    between = float((totals[there] ** 2 / counts[there]).sum()) - part
    return _adjusted(between / ((squares - part) or math.nan), n, int(there.sum()))


def _adjusted(explained: float, n: float, groups: int) -> float:
    if n < LEAST or groups < 2 or not 0 <= explained <= 1 + 1e-9:  # noqa: PLR2004 - one of the two never moves
        return math.nan
    return math.sqrt(max(1 - (1 - min(explained, 1.0)) * (n - 1) / (n - groups), 0.0))


def _cramer(table: Floats) -> float:
    rows, columns = table.sum(axis=1), table.sum(axis=0)
    n, r, c = float(table.sum()), int((rows > 0).sum()), int((columns > 0).sum())
    if n < LEAST or min(r, c) < 2:  # noqa: PLR2004 - one category alone
        return math.nan
    expected = np.outer(rows, columns)[np.ix_(rows > 0, columns > 0)] / n
    squared = float((table[np.ix_(rows > 0, columns > 0)] ** 2 / expected).sum()) / n - 1
    less = max(squared - (r - 1) * (c - 1) / (n - 1), 0.0)
    return math.sqrt(min(less / (min(r - (r - 1) ** 2 / (n - 1), c - (c - 1) ** 2 / (n - 1)) - 1), 1.0))
