"""The loss to be expected of a prediction: a model of it, learned from the labelled reference, and the mean of many."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import msgspec
import numpy as np

from exporter.batch import Column, Field, Floats
from exporter.estimate.calibration import LEAST
from exporter.estimate.trees import Ensemble, fit
from exporter.scores.intervals import Z
from exporter.scores.score import Measurement

SAMPLE = 50_000  # rows that are learned from
Of = Literal["mean", "root_mean_square"]


class Feature(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A component that the loss is told from; a category counts as its rank by `ranks`."""

    role: str
    name: str
    ranks: dict[str, float] | None = None


class LossModel(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How large the values of an eval component (or their squares) are to be expected, learned from so many `rows`.

    What is left open has the variance `spread`, times the square of what is expected where no loss is `negative`.
    """

    component: str
    of: Of
    rows: int
    features: list[Feature]
    ensemble: Ensemble
    spread: float
    negative: bool

    def fault(self) -> str | None:
        """Return what is wrong with the numbers, None where they are sound."""
        ranks = [rank for feature in self.features for rank in (feature.ranks or {}).values()]
        if not self.rows >= LEAST or not 0 <= self.spread < math.inf or not np.isfinite(ranks).all():
            return f"it has not {LEAST} records or more, ranks and a spread"
        return self.ensemble.fault(len(self.features))

    def bind(self, fields: Mapping[tuple[str, str], Field]) -> Callable[[Sequence[Column]], Floats]:
        """Return the function of the features' columns, each of shape (rows,), that gives the loss to be expected."""
        tables = [_table(feature, fields[feature.role, feature.name]) for feature in self.features]
        least = -math.inf if self.negative else 0.0

        def expected(columns: Sequence[Column]) -> Floats:
            numbers = [_number(column, table) for column, table in zip(columns, tables, strict=True)]
            rows = len(columns[0]) if columns else 0
            return np.maximum(self.ensemble.predict(np.array(numbers).reshape(len(numbers), rows)), least)

        return expected

    def weigh(self, column: Column) -> tuple[Floats, int]:
        """Return the number of expected losses, shape (rows,), their sum and that of their squares; and the number."""
        valid = column[~np.isnan(column)]
        return np.array([len(valid), valid.sum(), valid @ valid]), len(valid)

    def score(self, sums: Floats) -> Measurement:
        """Return the mean (its root, of squares), with the interval that holds the one of the actuals."""
        rows, total, squares = sums.tolist()
        if not rows:
            return Measurement(math.nan, 0)
        value = total / rows
        left = self.spread * (rows if self.negative else squares) * (1 + rows / self.rows)
        half = Z * math.sqrt(left) / rows
        if self.negative:
            return Measurement(value, int(rows), value - half, value + half)
        part, power = half / value if value > 0 else 0.0, 0.5 if self.of == "root_mean_square" else 1.0
        low, high = (value * math.exp(side * part) for side in (-1, 1))
        return Measurement(value**power, int(rows), low**power, high**power)


def _table(feature: Feature, field: Field) -> Floats | None:
    """Return the rank of each code of a category, NaN for an unseen one; None of a number."""
    if feature.ranks is None:
        return None
    return np.array([*(feature.ranks.get(level, math.nan) for level in field.levels or ()), math.nan])


def _number(column: Column, table: Floats | None) -> Floats:
    if table is None:
        return column
    return np.where(column < 0, np.nan, table[np.maximum(column, 0)])


def learn(
    component: str,
    of: Of,
    losses: Floats,
    features: Sequence[tuple[Field, Column]],
    seed: int,
) -> LossModel:
    """Learn the losses of an eval component, shape (rows,), from components that are known when the model predicts.

    ValueError where too few rows have a loss.
    """
    known = np.flatnonzero(np.isfinite(losses))
    if len(known) < LEAST:
        raise ValueError(f"an estimate needs {LEAST} records with an actual, the reference has {len(known)}")
    if len(known) > SAMPLE:
        known = np.random.default_rng(seed).permutation(known)[:SAMPLE]
    target = losses[known] ** 2 if of == "root_mean_square" else losses[known]
    described = [(_feature(field, column[known], target), field, column[known]) for field, column in features]
    columns = np.array([_number(column, _table(feature, field)) for feature, field, column in described])
    ensemble, unseen = fit(columns.reshape(len(described), len(known)), target, seed)
    negative = bool(target.min() < 0)
    scale = 1.0 if negative else max(float((np.maximum(unseen, 0) ** 2).mean()), math.ulp(0.0))
    spread = float(((target - unseen) ** 2).mean()) / scale
    return LossModel(component, of, len(known), [feature for feature, *_ in described], ensemble, spread, negative)


def _feature(field: Field, column: Column, target: Floats) -> Feature:
    """Describe a component; categories are ranked by their mean loss."""
    if field.levels is None:
        return Feature(field.role, field.name)
    valid = (column >= 0) & (column < len(field.levels))
    rows = np.bincount(column[valid], minlength=len(field.levels))
    means = np.bincount(column[valid], target[valid], len(field.levels)) / np.maximum(rows, 1)
    order = sorted(np.flatnonzero(rows).tolist(), key=lambda code: (means[code], code))
    return Feature(field.role, field.name, {field.levels[code]: float(rank) for rank, code in enumerate(order)})
