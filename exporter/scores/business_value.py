"""What predictions are worth, by predicted and actual class."""

import math
from collections.abc import Mapping
from typing import Annotated

import msgspec
import numpy as np

from exporter.batch import Floats
from exporter.scores.intervals import student
from exporter.scores.score import Measurement, Score, counted
from exporter.scores.several import CONFUSED, matrix
from exporter.summaries import ComponentSummary

Finite = Annotated[float, msgspec.Meta(ge=-1e300, le=1e300)]
Values = Mapping[str, Mapping[str, float]]
NONE: Values = {}


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`values` by predicted and actual class; pairs that are left out are worth nothing."""

    values: dict[str, dict[str, Finite]] = {}


def business_value(summary: ComponentSummary, values: Values = NONE) -> Measurement:
    """Return what a prediction is worth in the mean by `values`, and the number of records; -infinity to infinity.

    `values` are by predicted and actual class, 0 for a pair that is left out; without any, 1 for a right prediction.
    The unit is theirs. Times the records it is what all of them are worth.
    """
    counts = matrix(summary).ravel()
    worth, n = _worth(summary, values), float(counts.sum())
    if not n:
        return Measurement(math.nan, 0)
    mean = float(counts @ worth) / n
    spread = float(counts @ (worth - mean) ** 2) / max(n - 1, 1.0)
    half = student(round(n)) * math.sqrt(spread / n)
    return Measurement(mean, round(n), mean - half, mean + half)


def _worth(summary: ComponentSummary, values: Values) -> Floats:
    """Return the value of each count of a confusion matrix; ValueError for a class that it does not have."""
    pairs = [tuple(level.split("|")) for level in counted(summary).levels]
    known = {(predicted, actual) for predicted, row in values.items() for actual in row}
    if unknown := sorted(known - set(pairs)):
        predicted, actual = unknown[0]
        raise ValueError(f"there is no pair of predicted {predicted} and actual {actual}")
    if not values:
        return np.array([*(float(predicted == actual) for predicted, actual in pairs), 0.0])
    return np.array([*(values.get(predicted, {}).get(actual, 0.0) for predicted, actual in pairs), 0.0])


BUSINESS_VALUE = Score(business_value, "high", CONFUSED, Options, estimate="counts")
