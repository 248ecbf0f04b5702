"""Rise of the share of categories that the reference does not list."""

import numpy as np

from exporter.batch import Floats
from exporter.drift.statistic import CATEGORY, Statistic, three_hundred
from exporter.summaries import Stack


def new_category_share(reference: Stack, window: Stack) -> Floats:
    """Return by how much the share of values that are counted as `__other__` has risen; 0 to 1.

    0 where there are no more than in the reference. It needs 300 values.
    """
    shares = [_other(stack) for stack in (reference, window)]
    result: Floats = np.clip(shares[1] - shares[0], 0.0, 1.0)
    return result


NEW_CATEGORY_SHARE = Statistic(new_category_share, CATEGORY, threshold=0.05, needs=three_hundred)


def _other(stack: Stack) -> Floats:
    last = np.maximum(stack.bins.astype(np.intp) - 1, 0)
    result: Floats = np.take_along_axis(stack.shares, last[:, None], axis=1)[:, 0]
    return result
