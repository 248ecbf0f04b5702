"""Mean absolute error."""

from exporter.scores.score import Score
from exporter.summaries import ComponentSummary


def mean_absolute_error(summary: ComponentSummary) -> tuple[float, int]:
    """Return the mean of `absolute_error` and the number of predictions; 0 to infinity, in the unit of the output."""
    if summary.moments is None:
        raise ValueError("the score needs numbers")
    return summary.moments.mean, summary.moments.n


MEAN_ABSOLUTE_ERROR = Score(mean_absolute_error, "low", reads=(None,))
