"""What `class_score` has counted: records of either class by their probability in bins."""

import numpy as np

from exporter.batch import Floats
from exporter.extractors.class_score import EDGES
from exporter.scores.score import Reads
from exporter.summaries import ComponentSummary

BINS = len(EDGES) - 1
RANKED = (Reads(of=("class_score",)),)


def classes(summary: ComponentSummary) -> tuple[Floats, Floats]:
    """Return the counts of negative and of positive records, shape (BINS,) each, by ascending probability."""
    histogram = summary.histogram
    if histogram is None or len(histogram.grid.edges) != 2 * BINS + 1:
        raise ValueError("the score needs a component of class_score")
    inner = histogram.counts[1:-1].astype(np.float64)
    return inner[:BINS], inner[BINS:]
