"""Scores of a model that always says the same: what a score must be better than to be worth anything."""

import math
from collections.abc import Sequence

import numpy as np

from exporter.batch import Column, Field
from exporter.extractors import EvalExtractor
from exporter.extractors.pairing import place
from exporter.profile.scoring import ScoreSpec
from exporter.summaries import ComponentSummary


def constant(extractor: EvalExtractor, output: Field, actual: Field, values: Column) -> Column | None:
    """Return the best that an output can say without looking, for each of the actual `values`; None where nothing can.

    It is the most frequent class, the mean of a number, or as a probability the share of the positive class.
    """
    if output.levels is not None:
        return _majority(output, actual, values)
    if actual.levels is not None:
        positive = getattr(extractor, "positive", None)
        known = values[values >= 0]
        if positive is None or not len(known):
            return None
        return np.full(len(values), float((known == place(positive, actual)).mean()))
    finite = values[np.isfinite(values)]
    if not len(finite):
        return None
    return np.full(len(values), _frequent(finite) if extractor.levels() is not None else finite.mean())


def _frequent(values: Column) -> float:
    different, counts = np.unique(values, return_counts=True)
    return float(different[counts.argmax()])


def _majority(output: Field, actual: Field, values: Column) -> Column | None:
    levels = actual.levels or ()
    counts = np.bincount(values[(values >= 0) & (values < len(levels))], minlength=1)
    if not counts.any() or levels[int(counts.argmax())] not in (output.levels or ()):
        return None
    return np.full(len(values), (output.levels or ()).index(levels[int(counts.argmax())]), np.int32)


def dummy_score(spec: ScoreSpec, summaries: Sequence[ComponentSummary | None]) -> float:
    """Return a score of what a constant output leads to; NaN where it is undefined or there is no such output."""
    if None in summaries:
        return math.nan
    try:
        return float(spec.resolved().measure(*summaries).value)
    except Exception:  # noqa: BLE001 - a plug-in may raise anything; the score itself was no failure
        return math.nan
