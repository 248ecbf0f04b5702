"""Log loss."""

from exporter.scores.intervals import average
from exporter.scores.score import Measurement, Reads, Score, measured
from exporter.summaries import ComponentSummary


def log_loss(summary: ComponentSummary) -> Measurement:
    """Return the mean of `log_loss` and the number of predictions; 0 to infinity, in nats."""
    return average(measured(summary), 0.0)


LOG_LOSS = Score(log_loss, "low", (Reads(of=("log_loss",)),), estimate="mean")
