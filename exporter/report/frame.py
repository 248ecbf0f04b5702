"""The frame of a plot: its size, axes and ticks, and the mark of a point of interest."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from exporter.report.markup import Html, coordinate, joined, tag
from exporter.report.scale import LINE, Scale, percents

DIAMOND = 4.5


@dataclass(frozen=True, slots=True)
class Box:
    """The area that is drawn on, in pixels."""

    left: float
    top: float
    right: float
    bottom: float


def svg(width: float, height: float, title: str, description: str, parts: Sequence[str]) -> Html:
    """Return an image that a screen reader reads as its title and description."""
    label = f"{title}. {description}" if description else title
    return tag(
        "svg",
        *parts,
        viewBox=f"0 0 {coordinate(width)} {coordinate(height)}",
        role="img",
        aria_label=label,
        width=width,
        height=height,
    )


def text(place: tuple[float, float], words: str, anchor: str = "start", style: str | None = None) -> Html:
    """Return text at a place; `anchor` is start, middle or end."""
    x, y = place
    return tag("text", words, x=x, y=y, text_anchor=None if anchor == "start" else anchor, class_=style)


def line(x: Sequence[float], y: Sequence[float], style: str) -> Html:
    """Return a line from the first to the second place."""
    return tag("path", d=f"M{coordinate(x[0])} {coordinate(y[0])}L{coordinate(x[1])} {coordinate(y[1])}", class_=style)


def axis_below(box: Box, scale: Scale, marks: Sequence[tuple[float, str]]) -> Html:
    """Return the line below a plot with its marks: values and their text."""
    marked = (part for value, words in marks for part in _tick(scale.at(value), box.bottom, words))
    return joined([line((box.left, box.right), (box.bottom, box.bottom), "axis"), *marked])


def _tick(x: float, y: float, words: str) -> Iterator[Html]:
    yield line((x, x), (y, y + 4), "axis")
    yield text((x, y + 4 + LINE - 2), words, "middle")


def share_axis(box: Box, scale: Scale) -> Html:
    """Return the grid lines of shares with their percentages on the left."""
    marks = [(scale.at(value), words) for value, words in percents(scale, upright=True)]
    lines = [line((box.left, box.right), (y, y), "grid") for y, _ in marks]
    return joined([*lines, *(text((box.left - 6, y + 4), words, "end") for y, words in marks)])


def point_mark(box: Box, x: float, words: str) -> Html:
    """Return the line and the diamond of a point of interest."""
    size, top = DIAMOND, box.top
    diamond = f"M{coordinate(x)} {coordinate(top - size)}l{size} {size}l-{size} {size}l-{size} -{size}z"
    return tag(
        "g", tag("title", words), line((x, x), (top, box.bottom), "point"), tag("path", d=diamond), class_="mark"
    )
