"""The valid range of a number, beyond which it is invalid, and the soft one within it, beyond which it is unusual."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from exporter.batch import Floats
from exporter.summaries import Domain

TAIL = 20  # values at either end of the reference that say how wide a learned domain's margin is
RARE = 0.001  # share of the reference at either end that says nothing about the soft domain
MARGIN = 0.1  # of the range between, that the soft domain goes beyond it
OPEN = Domain()


def declared(bounds: Sequence[Any]) -> Domain:
    """Return a declared range; None is an open end."""
    low, high = bounds
    return Domain(-math.inf if low is None else float(low), math.inf if high is None else float(high))


def is_range(bounds: Sequence[Any]) -> bool:
    """Tell whether there are numbers from low to high; None is an open end."""
    if len(bounds) != 2 or any(isinstance(bound, str | bool) for bound in bounds):  # noqa: PLR2004 - low and high
        return False
    domain = declared(bounds)
    return domain.low <= domain.high and domain.low < math.inf and domain.high > -math.inf


def learned(values: Floats) -> Domain:
    """Return the range of ascending finite values with a margin at either end, which does not cross zero.

    A bound is to the end as the end is to the 21st value from it (of fewer than 200 values, a tenth of them from it)
    where both have one sign; else it is as far beyond the end as that value is before it. It is at most the observed
    range from the end. Of n >= 1,000 new values from the reference's own distribution, 0.1 to 0.2 are outside on
    average, 0.5 where the tails are as heavy as Cauchy's; without a margin it would be 2.
    """
    low, high = float(values[0]), float(values[-1])
    place = min(TAIL, max(1, len(values) // 10), len(values) - 1)
    below, above = _beyond(low, float(values[place])), _beyond(high, float(values[-1 - place]))
    return Domain(max(below, low - (high - low)), min(above, high + (high - low)))


def _beyond(end: float, inner: float) -> float:
    if end == 0:
        return 0.0
    return end * (end / inner) if inner and (end > 0) == (inner > 0) else end + (end - inner)


def soft(values: Floats, domain: Domain) -> Domain:
    """Return the range of the middle 99.8 % of ascending finite values with a tenth of it as margin, in the domain.

    Values outside of the domain are left out. Of new values from the reference's own distribution, at most 0.2 % are
    outside, 0.02 % where it is normal.
    """
    valid = values[np.searchsorted(values, domain.low) : np.searchsorted(values, domain.high, side="right")]
    if not len(valid):
        return domain
    last = len(valid) - 1
    low, high = float(valid[math.floor(RARE * last)]), float(valid[math.ceil((1 - RARE) * last)])
    margin = MARGIN * (high - low)
    return Domain(max(low - margin, domain.low), min(high + margin, domain.high))
