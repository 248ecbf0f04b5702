"""Hit rate."""

from exporter.scores.intervals import share
from exporter.scores.score import TRUTH, Measurement, Reads, Score, counted
from exporter.summaries import ComponentSummary


def hit_rate(summary: ComponentSummary) -> Measurement:
    """Return the share of rankings with a relevant item at their beginning and the number of rankings; 0 to 1."""
    hits = counted(summary)
    return share(hits["true"], hits.n)


HIT_RATE = Score(hit_rate, "high", (Reads((TRUTH,), of=("hit_at_k",)),))
