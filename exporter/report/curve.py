"""What a fine grid knows of a numeric distribution: the share up to any value, and the shares in equal ranges."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from exporter.batch import Floats
from exporter.summaries import Histogram

MOST, FEWEST = 36, 8
TAIL = 0.005  # share at either end that may lie beyond the axis where it would squeeze the rest
LONG = 0.6  # of the range of the rest: how long a tail is left out
MARGIN = 0.1  # of half the range of the rest, beyond which the axis ends where there is a tail
_PAD = 0.05  # of a single value, on either side of it
_DISCRETE = 0.99  # share in single values from which on a distribution is of steps
_LATTICE = 1000  # steps that equally spaced values span at most
_EVEN = 1e-6
_DIGITS = 12  # of a share: what is beyond is an error of rounding
_MOST = float(np.finfo(np.float64).max)


@dataclass(frozen=True, slots=True)
class Ranges:
    """Equal ranges, `edges` of shape (n + 1,), the share of each series in them, and what lies beyond them.

    `shares` has a row per series, shape (series, n); `below` and `above` have a number for each. `step` is the distance
    of values that have one, with edges half a step beside them; 0 otherwise.
    """

    edges: Floats
    step: float
    shares: Floats
    below: Floats
    above: Floats

    @property
    def ends(self) -> list[tuple[float, float]]:
        """Return the lowest and highest value of each range."""
        half = self.step / 2
        low, high = self.edges[:-1] + half, self.edges[1:] - half
        return list(zip(low.tolist(), high.tolist(), strict=True))

    @property
    def whole(self) -> tuple[float, float]:
        """Return the lowest and highest value of all ranges."""
        return self.ends[0][0], self.ends[-1][1]


def up_to(histogram: Histogram, values: Floats, *, strictly: bool = False) -> Floats:
    """Return the share of the histogram up to each value (below it where `strictly`), shape (n,); NaN of nothing.

    Linear in a bin, a step at a point mass. Of the values in the open bins nothing more is known than their side.
    """
    edges, cumulative = histogram.grid.edges, np.cumsum(histogram.counts)
    place = np.searchsorted(edges, values, side="left")
    inner = (place > 0) & (place < len(edges))
    bin_ = np.where(inner, place, 1 if len(edges) > 1 else 0)
    high, low = edges[np.minimum(bin_, len(edges) - 1)], edges[np.maximum(bin_ - 1, 0)]
    width = high / 2 - low / 2
    part = np.divide(np.clip(values, low, high) / 2 - low / 2, width, out=np.ones(len(values)), where=width > 0)
    at_edge = values == high
    part = np.where(histogram.grid.atoms[bin_], at_edge & (not strictly), part)
    before = cumulative[bin_] - histogram.counts[bin_]
    result = np.where(inner, before + part * histogram.counts[bin_], 0.0)
    result = np.where(values > edges[-1], cumulative[-2] if strictly else cumulative[-1], result)
    result = np.where(values == edges[0], 0 if strictly else cumulative[0], result)
    total: Floats = result / (cumulative[-1] or math.nan)
    return total


def axis(histograms: Sequence[Histogram]) -> tuple[float, float]:
    """Return the range to draw: that of the grid, without a tail that would squeeze the rest.

    Its ends are edges of the grid, so what is beyond them is counted and not interpolated.
    """
    edges = histograms[0].grid.edges
    low, high = float(edges[0]), float(edges[-1])
    tails = [h.quantiles(np.array([TAIL, 1 - TAIL])) for h in histograms if h.n]
    if not tails:
        return low, high
    left, right = float(min(t[0] for t in tails)), float(max(t[1] for t in tails))
    width = right / 2 - left / 2
    near = edges[(edges >= left - MARGIN * width) & (edges <= right + MARGIN * width)]
    return (
        float(near[0]) if left / 2 - low / 2 > LONG * width > 0 else low,
        float(near[-1]) if high / 2 - right / 2 > LONG * width > 0 else high,
    )


def ranges(histograms: Sequence[Histogram]) -> Ranges:
    """Return the shares in equal ranges of the axis: the fewer values, the wider; of whole steps where these have."""
    low, high = axis(histograms)
    n = min((h.n for h in histograms if h.n), default=0)
    wanted = min(max(round(2 * n ** (1 / 3)), FEWEST), MOST)
    step, edges = _stepped(histograms[0], low, high) or (0.0, _even(low, high, wanted))
    inner = np.array([known_up_to(h, edges) for h in histograms])
    some = np.array([float(h.n > 0) for h in histograms])
    return Ranges(edges, step, np.diff(inner), inner[:, 0], np.round(some - inner[:, -1], _DIGITS))


def known_up_to(histogram: Histogram, values: Floats, *, strictly: bool = False) -> Floats:
    """Return the share up to each value as `up_to`, and never what is in the open bins beyond; 0 of nothing."""
    if not histogram.n:
        return np.zeros(len(values))
    least, most = histogram.counts[0] / histogram.n, 1 - histogram.counts[-1] / histogram.n
    result: Floats = np.clip(up_to(histogram, values, strictly=strictly), least, most)
    return result


def _even(low: float, high: float, bins: int) -> Floats:
    if not high / 2 - low / 2 > abs(low) * 1e-12:
        pad = max(abs(high) * _PAD, 1e-300) if high else 0.5
        return np.array([max(high - pad, -_MOST), min(high + pad, _MOST)])
    parts = np.linspace(0, 1, bins + 1)
    result: Floats = low * (1 - parts) + high * parts
    return result


def _stepped(histogram: Histogram, low: float, high: float) -> tuple[float, Floats] | None:
    """Return the step of equally spaced values and edges beside them, whole steps apart; None where there is none."""
    atoms = histogram.grid.atoms
    values = histogram.grid.edges[atoms[:-1]]
    values = values[(values >= low) & (values <= high)]
    if len(values) < 2 or histogram.counts[atoms].sum() < _DISCRETE * histogram.n:  # noqa: PLR2004 - a distance
        return None
    with np.errstate(all="ignore"):  # what is not finite is refused below
        gaps = np.diff(values)
        steps = gaps / gaps.min()
        uneven, total = float(np.abs(steps - np.round(steps)).max()), float(steps.sum())
    if not (uneven <= _EVEN and total < _LATTICE):
        return None
    step, count = float(gaps.min()), round(total) + 1
    wide = math.ceil(count / MOST)
    edges = np.array([float(values[0]) + step * (wide * place - 0.5) for place in range(math.ceil(count / wide) + 1)])
    return (step, edges) if np.isfinite(edges).all() else None
