"""Coefficient of determination."""

import math

from exporter.scores.intervals import deviation_of_squares, student
from exporter.scores.score import Measurement, Reads, Score, measured
from exporter.summaries import ComponentSummary


def r2(errors: ComponentSummary, actuals: ComponentSummary) -> Measurement:
    """Return 1 - mean(`squared_error`) / variance(actual) and the number of predictions; -infinity to 1.

    Undefined where all actuals are equal. The interval is the delta method's on the logarithm of 1 - r2, for errors
    that do not depend on the prediction (where r2 is below 0, on the actual).
    """
    squares, moments = measured(errors), measured(actuals)
    samples = min(squares.n, moments.n)
    if not samples or not moments.m2 > 0:
        return Measurement(math.nan, samples)
    variance = moments.m2 / moments.n
    rest = squares.mean / variance
    if not rest > 0:
        return Measurement(1 - rest, samples)
    half = student(samples) * math.sqrt(_relative_variance(errors, actuals, rest) / samples)
    factor = math.exp(min(half, LARGEST))
    return Measurement(1 - rest, samples, 1 - rest * factor, 1 - rest / factor)


def _relative_variance(errors: ComponentSummary, actuals: ComponentSummary, rest: float) -> float:
    """Return the variance of log(mean squared error / variance) of one record."""
    squares, moments = measured(errors), measured(actuals)
    own = (squares.deviation / squares.mean) ** 2
    unit = math.sqrt(moments.m2 / moments.n)
    other = deviation_of_squares(actuals, unit, moments.mean) ** 2
    shared = own * rest if rest < 1 else 0.0
    return max(own + other - 2 * shared, 0.0)


LARGEST = 20.0  # factor, as a logarithm: of two or three values alone it could be any
R2 = Score(r2, "high", (Reads(of=("squared_error",)), Reads(role="actual")))
