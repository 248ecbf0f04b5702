"""Root mean squared error."""

import math

from exporter.scores.intervals import deviation_of_squares, student
from exporter.scores.score import Measurement, Reads, Score, measured
from exporter.summaries import ComponentSummary

LARGEST = 20.0  # factor, as a logarithm: of two or three values alone it could be any


def root_mean_squared_error(summary: ComponentSummary) -> Measurement:
    """Return sqrt(mean(e^2)) and the number of predictions; 0 to infinity, in the unit of the output.

    Reads `error` or `absolute_error`, whose squares are the same: mean(e^2) = mean(e)^2 + variance. The interval is the
    delta method's on the logarithm, with the spread of e^2 from the fine bins.
    """
    moments = measured(summary)
    deviation = math.sqrt(moments.m2 / moments.n) if moments.n else math.nan
    value = math.hypot(moments.mean, deviation)
    if not value > 0:
        return Measurement(value, moments.n)
    relative = min(student(moments.n) * deviation_of_squares(summary, value) / (2 * math.sqrt(moments.n)), LARGEST)
    return Measurement(value, moments.n, value * math.exp(-relative), value * math.exp(relative))


ROOT_MEAN_SQUARED_ERROR = Score(
    root_mean_squared_error, "low", (Reads(of=("error", "absolute_error")),), estimate="root_mean_square"
)
