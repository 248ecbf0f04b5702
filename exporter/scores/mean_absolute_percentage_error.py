"""Mean absolute percentage error."""

from exporter.scores.intervals import average
from exporter.scores.score import Measurement, Reads, Score, measured
from exporter.summaries import ComponentSummary


def mean_absolute_percentage_error(summary: ComponentSummary) -> Measurement:
    """Return the mean of `absolute_percentage_error` and the number of predictions; 0 to infinity, 0.1 is 10 %.

    Predictions whose actual is 0 are left out.
    """
    return average(measured(summary), 0.0)


MEAN_ABSOLUTE_PERCENTAGE_ERROR = Score(
    mean_absolute_percentage_error, "low", (Reads(of=("absolute_percentage_error",)),), estimate="mean"
)
