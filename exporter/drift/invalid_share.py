"""Rise of the share of invalid rows."""

import numpy as np

from exporter.batch import Floats
from exporter.drift.statistic import BOTH, Statistic, three_hundred
from exporter.summaries import Stack
from exporter.summaries.presence import REASONS


def invalid_share(reference: Stack, window: Stack) -> Floats:
    """Return by how much the share of invalid values, for any reason, has risen; 0 to 1.

    0 where there are no more than in the reference. It needs 300 values or rows without one.
    """
    shares = [
        stack.presence(*REASONS) / np.where(stack.presence("rows") > 0, stack.presence("rows"), np.nan)
        for stack in (reference, window)
    ]
    result: Floats = np.clip(shares[1] - shares[0], 0.0, 1.0)
    return result


INVALID_SHARE = Statistic(invalid_share, BOTH, threshold=0.05, needs=three_hundred, of_rows=True)
