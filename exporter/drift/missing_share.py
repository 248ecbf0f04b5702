"""Rise of the share of rows without a value."""

import numpy as np

from exporter.batch import Floats
from exporter.drift.statistic import BOTH, Statistic, three_hundred
from exporter.summaries import Stack


def missing_share(reference: Stack, window: Stack) -> Floats:
    """Return by how much the share of missing, mistyped and not extracted values has risen; 0 to 1.

    0 where there are no more than in the reference. It needs 300 values or rows without one.
    """
    shares = [
        stack.presence("missing", "type", "extractor")
        / np.where(stack.presence("rows") > 0, stack.presence("rows"), np.nan)
        for stack in (reference, window)
    ]
    result: Floats = np.clip(shares[1] - shares[0], 0.0, 1.0)
    return result


MISSING_SHARE = Statistic(missing_share, BOTH, threshold=0.05, needs=three_hundred, of_rows=True)
