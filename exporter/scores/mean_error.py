"""Mean error."""

from exporter.scores.intervals import average
from exporter.scores.score import Measurement, Reads, Score, measured
from exporter.summaries import ComponentSummary


def mean_error(summary: ComponentSummary) -> Measurement:
    """Return the mean of `error` and the number of predictions; -infinity to infinity, in the unit of the output.

    Above 0 the model says too much on average. 0 is best: say by `preference` which side is the harm.
    """
    return average(measured(summary))


MEAN_ERROR = Score(mean_error, "low", (Reads(of=("error",)),), estimate="mean")
