"""Plots of numbers: shares in equal ranges, and the cumulative distribution with its confidence band."""

import math
from collections.abc import Iterator

import numpy as np

from exporter.batch import Floats
from exporter.report.curve import Ranges, known_up_to, ranges
from exporter.report.frame import Box, axis_below, point_mark, share_axis, svg, text
from exporter.report.intervals import band
from exporter.report.markup import Html, coordinate, joined, tag
from exporter.report.scale import LINE, Scale, ticks
from exporter.report.series import Plot, described
from exporter.report.words import number, share, span
from exporter.summaries import Histogram

SMALL_WIDTH, SMALL_HEIGHTS = 280.0, {1: 72.0, 2: 92.0}  # the more series, the higher
LARGE = 440.0, 230.0
GUTTER = 20.0  # pixels beside the axis for what is beyond it
NEAR = 3.0  # pixels within which the points of a curve are one
HEADROOM = 1.05


def small(plot: Plot) -> Html:
    """Return the shares in equal ranges, with the ends of the axis."""
    width, height = SMALL_WIDTH, SMALL_HEIGHTS[len(plot.series)]
    found = ranges(plot.histograms)
    box = Box(3, 8, width - 3, height - LINE - 2)
    x, y = _across(plot, found, box), _up(found, box)
    low, high = span(*found.whole)
    ends = [
        text((x.start, height - 3), low),
        text((x.stop, height - 3), high, "end"),
        tag("path", d=f"M{coordinate(box.left)} {coordinate(box.bottom)}H{coordinate(box.right)}", class_="axis"),
    ]
    return svg(width, height, *described(plot), [*_bars(plot, found, box, x, y), *ends, _mark(plot, box, x)])


def histogram(plot: Plot) -> Html:
    """Return the shares in equal ranges with axes; each range tells its numbers."""
    width, height = LARGE
    found = ranges(plot.histograms)
    box = Box(48, 12, width - 12, height - 26)
    x, y = _across(plot, found, box), _up(found, box)
    parts = [share_axis(box, y), *_bars(plot, found, box, x, y), axis_below(box, x, ticks(x))]
    return svg(width, height, *described(plot), [*parts, _mark(plot, box, x), *_tips(plot, found, box, x)])


def cumulative(plot: Plot) -> Html:
    """Return the share of values up to each number, with the band that holds the whole curve at 95 %."""
    width, height = LARGE
    found = ranges(plot.histograms)
    box = Box(48, 12, width - 12, height - 26)
    x, y = _across(plot, found, box), Scale(0, 1, box.bottom, box.top)
    curves = [part for i, h in enumerate(plot.histograms) if h.n for part in _curve(plot.series[i].style, h, x, y)]
    title = f"Cumulative {described(plot)[0].lower()}"
    description = "; ".join(f"{s.label}: {s.summary.n:,} values" for s in plot.series)
    parts = [share_axis(box, y), *curves, axis_below(box, x, ticks(x)), _mark(plot, box, x)]
    return svg(width, height, title, description, parts)


def beyond(plot: Plot) -> str:
    """Say how much lies beyond the axis; empty where nothing does."""
    found = ranges(plot.histograms)
    low, high = span(*found.whole)
    named = [(f"{s.label} " if len(plot.series) > 1 else "") for s in plot.series]
    sides = [(found.below, f"below {low}"), (found.above, f"above {high}")]
    return "; ".join(f"{named[i]}{share(part)} {side}" for parts, side in sides for i, part in _positive(parts))


def _positive(parts: Floats) -> list[tuple[int, float]]:
    return [(i, part) for i, part in enumerate(parts.tolist()) if part > 0]


def _across(plot: Plot, found: Ranges, box: Box) -> Scale:
    """Return the axis; there is room at a side where something lies beyond it."""
    low, high = float(found.edges[0]), float(found.edges[-1])
    value = math.nan if plot.point is None else plot.point.value
    left = box.left + GUTTER if found.below.any() or value < low else box.left
    right = box.right - GUTTER if found.above.any() or value > high else box.right
    return Scale(low, high, left, right)


def _up(found: Ranges, box: Box) -> Scale:
    parts = (found.shares, found.below, found.above)
    return Scale(0, HEADROOM * max(float(part.max(initial=0)) for part in parts) or 1, box.bottom, box.top)


def _bars(plot: Plot, found: Ranges, box: Box, x: Scale, y: Scale) -> Iterator[Html]:
    edges = x.all(found.edges)
    for i, series in enumerate(plot.series):
        if series.summary.n:
            yield tag("path", d=_steps(edges, y.all(found.shares[i]), box.bottom), class_=f"area {series.style}")
    for i, series in enumerate(plot.series):
        for part, start in ((found.below[i], box.left), (found.above[i], x.stop + 4)):
            if part > 0:
                yield _open_bin(y.at(float(part)), box, start, (i, len(plot.series)), series.style)


def _open_bin(top: float, box: Box, start: float, place: tuple[int, int], style: str) -> Html:
    """Return the bar of what lies beyond the axis, beside those of the other series."""
    i, several = place
    width = (GUTTER - 4) / several
    size = {"x": start + i * width, "y": top, "width": width - 1, "height": max(box.bottom - top, 1)}
    return tag("rect", **size, class_=f"open {style}")


def _steps(edges: Floats, tops: Floats, bottom: float) -> str:
    steps = (f"V{coordinate(top)}H{coordinate(edge)}" for top, edge in zip(tops, edges[1:], strict=True))
    return f"M{coordinate(edges[0])} {coordinate(bottom)}{''.join(steps)}V{coordinate(bottom)}z"


def _tips(plot: Plot, found: Ranges, box: Box, x: Scale) -> Iterator[Html]:
    edges = x.all(found.edges).tolist()
    names = [f"{s.label} " if len(plot.series) > 1 else "" for s in plot.series]
    for i, column in enumerate(found.shares.T.tolist()):
        words = ", ".join(f"{name}{share(part)}" for name, part in zip(names, column, strict=True))
        low, high = (number(end) for end in found.ends[i])
        title = f"{low if low == high else f'{low} to {high}'}: {words}"
        size = {"x": edges[i], "y": box.top, "width": edges[i + 1] - edges[i], "height": box.bottom - box.top}
        yield tag("rect", tag("title", title), **size, class_="tip")


def _curve(style: str, counted: Histogram, x: Scale, y: Scale) -> Iterator[Html]:
    values, shares = _corners(counted, x)
    half = band(counted.n)
    across = x.all(values)
    upper, lower = (y.all(np.clip(shares + side, 0, 1)) for side in (half, -half))
    back = _points(across[::-1], lower[::-1]).replace("M", "L")
    yield tag("path", d=f"{_points(across, upper)}{back}z", class_=f"band {style}")
    yield tag("path", d=_points(across, y.all(shares)), class_=f"curve {style}")


def _corners(counted: Histogram, x: Scale) -> tuple[Floats, Floats]:
    """Return the places where the curve bends; at a point mass there are two, one above the other."""
    edges = counted.grid.edges
    inside = edges[(edges >= x.low) & (edges <= x.high)]
    values = np.concatenate([[x.low], np.repeat(inside, 2), [x.high]])
    strict, whole = known_up_to(counted, values, strictly=True), known_up_to(counted, values)
    first = np.zeros(len(values), np.bool_)
    first[1:-1:2] = True
    return values, np.where(first, strict, whole)


def _points(across: Floats, up: Floats) -> str:
    """Return a path, without points that are as good as on their neighbour."""
    kept = [0]
    for i in range(1, len(across)):
        moved = abs(across[i] - across[kept[-1]]) + abs(up[i] - up[kept[-1]])
        if moved >= NEAR or i == len(across) - 1:
            if kept[-1] != i - 1 and abs(up[i] - up[i - 1]) + abs(across[i] - across[i - 1]) >= NEAR:
                kept.append(i - 1)
            kept.append(i)
    return "M" + "L".join(f"{coordinate(across[i])} {coordinate(up[i])}" for i in kept)


def _mark(plot: Plot, box: Box, x: Scale) -> Html:
    if plot.point is None or math.isnan(plot.point.value):
        return joined(())
    value = plot.point.value
    beside = GUTTER / 2
    place = x.start - beside if value < x.low else x.stop + beside if value > x.high else x.at(value)
    return point_mark(box, place, f"point of interest: {plot.point.text}")
