"""Learns from the reference what is unusual: the outlier extractors' own scores, or a distance of all numbers."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Column, Floats, value_of
from exporter.extractors import PLUGINS as EXTRACTORS
from exporter.profile.detector import BUILT_IN, FAR, LEVELS, Detector, Space, rank
from exporter.profile.spec import ComponentSpec
from exporter.profile.values import Key, learns

LEAST = 100  # rows of the reference
FOR_EACH = 10  # rows for each component
MOST = 64  # components of a distance
TEACHING = 50_000  # rows that a distance learns from
PART = 10_000  # rows whose distances are taken at a time
COMPLETE = 0.5  # of the rows of the reference that have a number of every component
WINSOR = 5.0  # deviations, beyond which a number of the reference is taken for that far
NORMAL_IQR = 1.349  # deviations between the quartiles of a normal distribution
FLOOR = 1e-6  # of the variance along a direction in which the reference does not vary
Rows = NDArray[np.bool_]


def detectors_of(specs: Sequence[ComponentSpec], columns: Mapping[Key, Column], learned: Rows) -> tuple[Detector, ...]:
    """Return the scores of outliers that a reference allows: each outlier extractor's, else one of all numbers.

    `columns` are by (role, name), each of shape (rows,); `learned` are the rows from which extractors have learned.
    """
    inputs = [spec for spec in specs if spec.resolved_role == "input" and spec.numeric]
    own = [spec for spec in inputs if _is_score(spec)]
    if own:
        return tuple(_own(own, columns, learned))
    logged = [spec for spec in inputs if not learns(spec)]
    logged.sort(key=lambda spec: (not spec.main, -spec.importance))
    return tuple(_together({spec.name: value_of(columns[spec.key]) for spec in logged[:MOST]}))


def _is_score(spec: ComponentSpec) -> bool:
    name = next(iter(spec.extractor or {}), None)
    return name is not None and bool(getattr(EXTRACTORS[name], "scores_outliers", False))


def _own(specs: Sequence[ComponentSpec], columns: Mapping[Key, Column], learned: Rows) -> Iterator[Detector]:
    for spec in specs:
        column = columns[spec.key]
        scores = np.sort(column[np.isfinite(column) & ~(learned & learns(spec))])
        if len(scores) >= LEAST:
            yield Detector(spec.name, (spec.name,), quantiles(scores), len(scores))


def _together(columns: Mapping[str, Floats]) -> Iterator[Detector]:
    """Yield the distance of all numbers that vary, as far as half of the rows have them all.

    It learns from all rows, of very many from some. Its quantiles are those of each half of the rows by a distance that
    the other has taught.
    """
    names = [name for name, column in columns.items() if len(np.unique(column[np.isfinite(column)])) > 1]
    while names and (complete := _complete(columns, names)).mean() < COMPLETE:
        names.remove(min(names, key=lambda name: int(np.isfinite(columns[name]).sum())))
    if not names or complete.sum() < max(LEAST, FOR_EACH * len(names)):
        return
    rows = np.column_stack([columns[name][complete] for name in names])
    even, odd = rows[::2], rows[1::2]
    whole, *halves = (fitted(_some(part)) for part in (rows, even, odd))
    if not all(np.isfinite([*space.centre, *space.scale, *space.matrix.flat]).all() for space in (whole, *halves)):
        return  # numbers whose differences no float can hold
    pairs = zip(halves, (odd, even), strict=True)
    scores = np.sort(np.concatenate([_distances(space, others) for space, others in pairs]))
    yield Detector(BUILT_IN, tuple(names), quantiles(scores), len(scores), whole)


def _some(rows: Floats) -> Floats:
    """Return at most so many rows as a distance learns from, evenly taken."""
    return rows[:: -(-len(rows) // TEACHING)]


def _distances(space: Space, rows: Floats) -> Floats:
    """Return the distance of each row, few at a time, so that little memory is taken."""
    parts = (rows[start : start + PART] for start in range(0, len(rows), PART))
    return np.concatenate([np.sqrt((space.whitened(tuple(part.T)) ** 2).sum(axis=0)) for part in parts])


def _complete(columns: Mapping[str, Floats], names: Sequence[str]) -> Rows:
    found: Rows = np.all([np.isfinite(columns[name]) for name in names], axis=0)
    return found


@np.errstate(all="ignore")
def fitted(rows: Floats) -> Space:
    """Return the space of rows (n, k) of finite numbers: medians, spreads between quartiles, and correlations.

    Numbers beyond five deviations are drawn in, and the covariance is shrunk as Ledoit and Wolf (2004) have it, so that
    a few wild rows, or few rows of many components, do not spoil it. The root of the correlations is the one that is
    nearest to the components themselves (Kessy, Lewin and Strimmer, 2018).
    """
    centre = np.median(rows, axis=0)
    low, high = np.quantile(rows, (0.25, 0.75), axis=0)
    deviation = rows.std(axis=0)
    scale = np.where(high > low, (high - low) / NORMAL_IQR, np.where(deviation > 0, deviation, 1.0))
    drawn = np.clip((rows - centre) / scale, -WINSOR, WINSOR)
    covariance = shrunk(drawn - drawn.mean(axis=0))
    spread = np.sqrt(np.maximum(np.diag(covariance), FLOOR))
    correlations = covariance / np.outer(spread, spread)
    np.fill_diagonal(correlations, 1.0)
    if not np.isfinite(correlations).all():
        return Space(centre, scale, correlations)
    variances, directions = np.linalg.eigh(correlations)
    matrix = (directions / np.sqrt(np.maximum(variances, FLOOR))) @ directions.T
    return Space(centre, np.maximum(scale * spread, np.abs(centre) / FAR), matrix)


def shrunk(rows: Floats) -> Floats:
    """Return the covariance of centred rows (n, k), shrunk towards equal variances (Ledoit and Wolf, 2004)."""
    n, k = rows.shape
    sample = rows.T @ rows / n
    target = np.trace(sample) / k * np.eye(k)
    apart = ((sample - target) ** 2).sum()
    noise = (((rows**2).T @ rows**2) / n - sample**2).sum() / n
    weight = min(noise / apart, 1.0) if apart > 0 else 0.0
    return np.asarray(weight * target + (1 - weight) * sample)


def quantiles(ascending: Floats) -> tuple[float, ...]:
    """Return at each of `LEVELS` the score that a new one of the same distribution exceeds with the chance left."""
    return tuple(float(ascending[max(rank(level, len(ascending)), 1) - 1]) for level in LEVELS)
