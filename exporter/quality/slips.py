"""Components that are off by a unit: a reading times 1000, Fahrenheit for Celsius."""

import math

import numpy as np

from exporter.summaries import ComponentSummary, Histogram

LEAST = 100  # values
NEAR = 0.15  # of the reference's deviation: the mean of a slipped component, and the logarithm of its deviation
FAR = 1.0  # deviations, or a factor of e between deviations, from where on a component is somewhere else
MOVED = 0.3  # of the values, which at least are in other tenths of the reference than before
SLIPS = {
    "x10": (10.0, 0.0),
    "x100": (100.0, 0.0),
    "x1000": (1000.0, 0.0),
    "/10": (0.1, 0.0),
    "/100": (0.01, 0.0),
    "/1000": (0.001, 0.0),
    "x1.8+32": (1.8, 32.0),
    "(x-32)/1.8": (1 / 1.8, -32 / 1.8),
}


def slip(reference: ComponentSummary, window: ComponentSummary) -> str | None:
    """Return the unit by which a window is off its reference; None where there is none, or too few values to say.

    Mean and standard deviation of the window must be those of the reference times the factor, plus the offset, to 15 %
    of a deviation and what so few values may be off; and not those of the reference. It needs 100 values, all slipped:
    one that is far off may make the deviation ten times as large as well, but leaves the others where they are.
    """
    before, now = reference.moments, window.moments
    if (
        before is None
        or now is None
        or min(before.n, now.n) < LEAST
        or not (before.deviation > 0 and now.deviation > 0)
    ):
        return None
    if _distance(before.mean, before.deviation, now.mean, now.deviation) < FAR:
        return None
    for name, (factor, offset) in SLIPS.items():
        mean, deviation = before.mean * factor + offset, before.deviation * factor
        if _distance(mean, deviation, now.mean, now.deviation) < NEAR + 3 / math.sqrt(now.n):
            return name if _moved(reference.histogram, window.histogram) else None
    return None


def _moved(before: Histogram | None, now: Histogram | None) -> bool:
    """Return whether the total variation on tenths of the reference is at least `MOVED`."""
    if before is None or now is None:
        return False
    upto = np.cumsum(before.counts) - before.counts / 2
    tenths = np.minimum(10 * upto / before.counts.sum(), 9).astype(np.int64)
    shares = [np.bincount(tenths, each.counts) / each.counts.sum() for each in (before, now)]
    return bool(np.abs(shares[0] - shares[1]).sum() / 2 >= MOVED)


def _distance(mean: float, deviation: float, other_mean: float, other_deviation: float) -> float:
    apart = abs(other_mean - mean) / deviation
    return max(apart, abs(math.log(other_deviation / deviation))) if math.isfinite(apart) else math.inf
