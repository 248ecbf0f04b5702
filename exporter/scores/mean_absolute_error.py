"""Mean absolute error."""

from exporter.scores.score import Score, measured
from exporter.summaries import ComponentSummary


def mean_absolute_error(summary: ComponentSummary) -> tuple[float, int]:
    """Return the mean of `absolute_error` and the number of predictions; 0 to infinity, in the unit of the output."""
    moments = measured(summary)
    return moments.mean, moments.n


MEAN_ABSOLUTE_ERROR = Score(mean_absolute_error, "low", reads=(None,))
