"""Median absolute error."""

import numpy as np

from exporter.scores.intervals import bounds, wilson
from exporter.scores.score import Measurement, Reads, Score, measured
from exporter.summaries import ComponentSummary


def median_absolute_error(summary: ComponentSummary) -> Measurement:
    """Return the median of `absolute_error` and the number of predictions; 0 to infinity, in the unit of the output.

    It is interpolated in its fine bin, and wrong by at most the bin's width. The interval is that of the ranks: the
    quantiles at Wilson's limits of one half.
    """
    low, high = bounds(summary)
    n = measured(summary).n
    if summary.histogram is None or not n:
        return Measurement(np.nan, n)
    ends = np.cumsum(summary.histogram.counts)
    ranks = np.array([0.5, *wilson(0.5, n)]) * ends[-1]
    place = np.minimum(np.searchsorted(ends, ranks), len(ends) - 1)
    part = 1 - (ends[place] - ranks) / np.maximum(summary.histogram.counts[place], 1)
    value, lower, upper = (low[place] + (high[place] - low[place]) * part).tolist()
    return Measurement(value, n, lower, upper)


MEDIAN_ABSOLUTE_ERROR = Score(median_absolute_error, "low", (Reads(of=("absolute_error",)),))
