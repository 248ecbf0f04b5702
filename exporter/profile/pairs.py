"""Pairs of numbers of the input that go together, so that a person may watch whether they still do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from exporter.batch import Floats
from exporter.decoders.shape import descend, number
from exporter.profile.spec import ComponentSpec

STRONG = 0.5
MOST = 10
LEAST = 100  # records with both, of which a correlation of 0.5 is no chance
NUMBERS = 500
FLAT = 1e-12  # of the sum of squares, below which a spread is rounding


@dataclass(frozen=True, slots=True)
class Pair:
    """A component that watches two numbers, Pearson's correlation of these, and the records that have both."""

    spec: ComponentSpec
    correlation: float
    rows: int


def strongest(records: Sequence[Mapping[str, Any]], components: Sequence[ComponentSpec]) -> list[Pair]:
    """Return the pairs of numbers of the input with a correlation of 0.5 and more, or -0.5 and less: at most 10.

    The strongest come first. Of more than 500 numbers the first 500 are looked at.
    """
    numeric = [c for c in components if c.numeric and c.extractor is None and (c.element or "").startswith("input.")]
    paths = [(c.element or "").split(".") for c in numeric[:NUMBERS]]
    values = np.array([[number(descend(record, tuple(path))) for path in paths] for record in records])
    if len(paths) < 2 or not len(values):  # noqa: PLR2004 - a pair
        return []
    found, rows = correlations(values)
    places = [pair for pair in np.argwhere(np.triu(np.abs(found) >= STRONG, 1)).tolist() if rows[*pair] >= LEAST]
    places.sort(key=lambda pair: -abs(found[*pair]))
    return [
        Pair(_spec([numeric[place] for place in pair]), float(found[*pair]), int(rows[*pair])) for pair in places[:MOST]
    ]


def correlations(values: Floats) -> tuple[Floats, Floats]:
    """Return Pearson's correlation of each pair of columns over the rows with both, and how many these are.

    `values` has the shape (rows, columns) and NaN where there is none; so have constants no correlation. Infinities are
    left out.
    """
    present = np.isfinite(values)
    counted = present.astype(np.float64)
    with np.errstate(all="ignore"):
        column = np.where(present, values, 0.0)
        column = np.where(present, values - column.sum(axis=0) / counted.sum(axis=0), 0.0)
        column = column / np.sqrt((column**2).sum(axis=0))
        rows, totals, squares = counted.T @ counted, column.T @ counted, (column**2).T @ counted
        spread = squares - totals**2 / rows
        found = (column.T @ column - totals * totals.T / rows) / np.sqrt(spread * spread.T)
        varies = spread > FLAT * squares
    return np.where(varies & varies.T, found, np.nan), rows


def _spec(pair: Sequence[ComponentSpec]) -> ComponentSpec:
    below = [(component.element or "").removeprefix("input.") for component in pair]
    name = "_".join(component.name for component in pair)
    return ComponentSpec(f"{name}_correlation", "input", extractor={"correlation": {"of": below}})
