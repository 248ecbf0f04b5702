"""Mean of any numeric component."""

from exporter.scores.score import Score, measured
from exporter.summaries import ComponentSummary


def mean(summary: ComponentSummary) -> tuple[float, int]:
    """Return the mean and the number of values, in their unit; 0 to infinity where none is negative.

    Whether high or low is better depends on the component: say it by `preference`, low where it is left out.
    """
    moments = measured(summary)
    return moments.mean, moments.n


MEAN = Score(mean, "low", reads=(None,))
