"""Mean absolute error."""

from exporter.scores.intervals import average
from exporter.scores.score import NUMBERS, Measurement, Score, measured
from exporter.summaries import ComponentSummary


def mean_absolute_error(summary: ComponentSummary) -> Measurement:
    """Return the mean of `absolute_error` and the number of predictions; 0 to infinity, in the unit of the output."""
    return average(measured(summary), 0.0)


MEAN_ABSOLUTE_ERROR = Score(mean_absolute_error, "low", NUMBERS, estimate="mean")
