"""Plots of categories: a bar for the share of each, with its interval."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from exporter.report.frame import Box, axis_below, svg, text
from exporter.report.intervals import wilson
from exporter.report.markup import Html, coordinate, shortened, tag
from exporter.report.scale import LINE, Scale, percents
from exporter.report.series import Plot, described
from exporter.report.words import count, share

SMALL_WIDTH, LARGE_WIDTH = 280.0, 440.0
SMALL_ROWS, LARGE_ROWS = 4, 24
_BAR = 8.0  # pixels of a bar of two; one alone is thicker
_SMALL_NAME, _LARGE_NAME = 16, 26  # characters


@dataclass(frozen=True, slots=True)
class Row:
    """A category: its share and interval in each series."""

    code: int
    name: str
    shares: Sequence[float]
    intervals: Sequence[tuple[float, float]]


def small(plot: Plot) -> Html:
    """Return the most frequent categories; of two series, those that differ most."""
    alone = len(plot.series) == 1
    rows = _rows(plot, _chosen(plot, SMALL_ROWS, max) if alone else _chosen(plot, SMALL_ROWS - 1, _difference))
    step = LINE + 3.0 if alone else LINE + 8.0
    box = Box(104, 3, SMALL_WIDTH - (48 if alone else 96), 3 + step * len(rows))
    x = Scale(0, max(max(row.shares) for row in rows) or 1, box.left, box.right)
    middles = [box.top + (i + 0.5) * step for i in range(len(rows))]
    parts = [part for row, y in zip(rows, middles, strict=True) for part in _drawn(plot, row, box, x, (y, _SMALL_NAME))]
    return svg(SMALL_WIDTH, box.bottom + 2, *described(plot), parts)


def large(plot: Plot) -> Html:
    """Return up to 24 categories with their intervals and an axis."""
    rows = _rows(plot, _chosen(plot, LARGE_ROWS, max))
    step = 22.0 if len(plot.series) == 1 else 30.0
    box = Box(160, 4, LARGE_WIDTH - (56 if len(plot.series) == 1 else 100), 4 + step * len(rows))
    top = max(high for row in rows for _, high in row.intervals)
    x = Scale(0, top or 1, box.left, box.right)
    middles = [box.top + (i + 0.5) * step for i in range(len(rows))]
    parts = [part for row, y in zip(rows, middles, strict=True) for part in _drawn(plot, row, box, x, (y, _LARGE_NAME))]
    whiskers = [part for row, y in zip(rows, middles, strict=True) for part in _whiskers(row, x, y)]
    return svg(LARGE_WIDTH, box.bottom + 26, *described(plot), [axis_below(box, x, percents(x)), *parts, *whiskers])


def remainder(plot: Plot) -> str:
    """Say which categories the large plot leaves out; empty where it shows all."""
    left_out = set(range(len(plot.categories[0].counts))) - set(_chosen(plot, LARGE_ROWS, max))
    left_out = {code for code in left_out if any(c.counts[code] for c in plot.categories)}
    if not left_out:
        return ""
    parts = [sum(int(c.counts[code]) for code in left_out) / max(c.n, 1) for c in plot.categories]
    return f"{count(len(left_out), 'more category', 'more categories')}, {' → '.join(map(share, parts))}"


def _shares(plot: Plot, code: int) -> list[float]:
    return [int(c.counts[code]) / max(c.n, 1) for c in plot.categories]


def _difference(shares: Sequence[float]) -> float:
    return max(shares) - min(shares)


def _chosen(plot: Plot, most: int, weight: Callable[[Sequence[float]], float]) -> list[int]:
    """Return the categories to draw: the point's, and those of most weight; none that nobody has."""
    present = [code for code in range(len(plot.categories[0].counts)) if any(_shares(plot, code))] or [0]
    ranked = sorted(present, key=lambda code: -weight(_shares(plot, code)))
    pointed = [] if plot.point is None or plot.point.category is None else [plot.point.category]
    return _ordered(plot, list(dict.fromkeys([*pointed, *ranked]))[:most])


def _ordered(plot: Plot, codes: Sequence[int]) -> list[int]:
    """Return numbers in their order and names by the first series' share; `__other__` is always last."""
    labels = plot.categories[0].labels
    other = len(labels) - 1
    names = [labels[code] for code in codes if code != other]
    if all(_is_number(name) for name in names):
        return sorted(codes, key=lambda code: (code == other, 0.0 if code == other else float(labels[code])))
    return sorted(codes, key=lambda code: (code == other, -_shares(plot, code)[0], code))


def _is_number(name: str) -> bool:
    try:
        return float(name) == float(name)
    except ValueError:
        return False


def _rows(plot: Plot, codes: Sequence[int]) -> list[Row]:
    labels = plot.categories[0].labels
    return [
        Row(code, labels[code], _shares(plot, code), [wilson(int(c.counts[code]), c.n) for c in plot.categories])
        for code in codes
    ]


def _drawn(plot: Plot, row: Row, box: Box, x: Scale, place: tuple[float, int]) -> Iterator[Html]:
    """Return a row, `place` its middle and how long a name may be: the name, a bar of each series, the shares."""
    middle, characters = place
    pointed = plot.point is not None and plot.point.category == row.code
    name = ("◆ " if pointed else "") + shortened(row.name, characters)
    style = "pointed" if pointed else None
    yield tag("text", tag("title", row.name), name, x=0.0, y=middle + 4, class_=style)
    for i, series in enumerate(plot.series):
        top, height = _lane(i, len(plot.series), middle)
        width = max(x.at(row.shares[i]) - box.left, 0.5)
        yield tag("rect", x=box.left, y=top, width=width, height=height, class_=f"bar {series.style}")
    yield text((box.right + 8, middle + 4), " → ".join(map(share, row.shares)))


def _whiskers(row: Row, x: Scale, middle: float) -> Iterator[Html]:
    for i, interval in enumerate(row.intervals):
        top, height = _lane(i, len(row.intervals), middle)
        low, high = (coordinate(x.at(end)) for end in interval)
        y, cap = coordinate(top + height / 2), coordinate(top + height / 2 - 3)
        yield tag("path", d=f"M{low} {y}H{high}M{low} {cap}v6M{high} {cap}v6", class_="whisker")


def _lane(place: int, several: int, middle: float) -> tuple[float, float]:
    """Return top and height of a bar: one alone stands in the middle, two one above the other."""
    return (middle - 6, 12.0) if several == 1 else (middle - _BAR - 0.5 + place * (_BAR + 1), _BAR)
