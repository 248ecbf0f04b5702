"""F-beta score."""

import math
from typing import Annotated

import msgspec

from exporter.scores.intervals import share, weighted
from exporter.scores.score import BINARY, Measurement, Score, counted
from exporter.summaries import ComponentSummary


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """`beta` is how many times more recall matters than precision."""

    beta: Annotated[float, msgspec.Meta(gt=0, le=1000)] = 1.0


def f_beta(summary: ComponentSummary, beta: float = 1.0) -> Measurement:
    """Return (1 + b^2) TP / ((1 + b^2) TP + b^2 FN + FP) of b = `beta`, and TP + FP + FN; 0 to 1.

    The interval is Wilson's for as many records as have the variance of the delta method.
    """
    cells = counted(summary)
    square, hits = beta * beta, cells["TP"]
    samples = hits + cells["FP"] + cells["FN"]
    whole = (1 + square) * hits + square * cells["FN"] + cells["FP"]
    if not whole:
        return Measurement(math.nan, 0)
    value = (1 + square) * hits / whole
    missed, claimed = cells["FN"] * (square * value) ** 2, cells["FP"] * value**2
    variance = (hits * ((1 + square) * (1 - value)) ** 2 + missed + claimed) / whole**2
    if 0 < value < 1:
        return weighted(value, samples, variance)
    jaccard = share(hits, samples)
    lower, upper = (
        (1 + square) * j / ((1 + square) * j + weight * (1 - j))
        for j, weight in ((jaccard.lower, max(square, 1.0)), (jaccard.upper, min(square, 1.0)))
    )
    return Measurement(value, samples, lower, upper)


F_BETA = Score(f_beta, "high", BINARY, Options, estimate="counts")
