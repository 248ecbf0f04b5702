"""Root mean squared error."""

import math

from exporter.scores.score import Score, measured
from exporter.summaries import ComponentSummary


def root_mean_squared_error(summary: ComponentSummary) -> tuple[float, int]:
    """Return sqrt(mean(e^2)) and the number of predictions; 0 to infinity, in the unit of the output.

    Reads `error` or `absolute_error`, whose squares are the same: mean(e^2) = mean(e)^2 + variance.
    """
    moments = measured(summary)
    spread = math.sqrt(moments.m2 / moments.n) if moments.n else math.nan
    return math.hypot(moments.mean, spread), moments.n


ROOT_MEAN_SQUARED_ERROR = Score(root_mean_squared_error, "low", reads=(None,), of=("error", "absolute_error"))
