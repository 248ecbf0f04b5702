"""A point of interest: one value of a component, where it lies among the reference, and why it is invalid if it is."""

import math
from dataclasses import dataclass

import numpy as np

from exporter.decoders.columns import label
from exporter.profile import Component
from exporter.profile.values import column_of
from exporter.report.curve import up_to
from exporter.report.markup import shortened
from exporter.report.words import DASH, domain, number, ordinal, share
from exporter.summaries import Presence

MISSING = "missing"
_TEXT = 200  # characters
UNUSUAL = 0.98  # rank from which on a value is: 1% of the reference at either side, or a category of less than 2%


@dataclass(frozen=True, slots=True)
class Point:
    """A value as text, its place on the axis (NaN where it is no number) or its category (None where it is none).

    `place` says where it lies among the reference; `fault` why it is invalid, empty where it is valid; `unusual` tells
    whether hardly any value of the reference is like it. `rank` is 0 in the middle of the reference, 1 outside of it,
    2 where it is invalid.
    """

    text: str
    value: float
    category: int | None
    place: str
    fault: str
    unusual: bool
    rank: float


def locate(component: Component, raw: object) -> Point:
    """Return the point of a value, whatever it is."""
    raw = raw.item() if isinstance(raw, np.generic) else raw
    value, presence = _measured(component, raw)
    fault = _fault(component, presence)
    if math.isnan(value):
        return Point(_text(raw), math.nan, None, "", fault, unusual=False, rank=2.0)
    if component.measure.grid is None:
        part = _part(component, int(value))
        text, place, rank = _text(raw), f"{share(part)} of the reference", 1 - part
        return Point(text, math.nan, int(value), place, fault, rank > UNUSUAL, 2.0 if fault else rank)
    below, upto = _shares(component, value)
    rank = abs(below + upto - 1)
    return Point(
        number(value), value, None, _place(component, value, below, upto), fault, rank > UNUSUAL, 2.0 if fault else rank
    )


def _measured(component: Component, raw: object) -> tuple[float, Presence]:
    """Return the value as the engine would read it (a category's place; NaN where there is none), and its validity."""
    if raw is None:
        return math.nan, Presence(1, missing=1)
    try:
        column = column_of(component.spec, [raw], component.measure.levels)
    except Exception:  # noqa: BLE001 - a point is anything that a caller has; it is shown as what it is not
        return math.nan, Presence(1, type=1)
    summary = component.measure.of(column)
    return float(column[0]) if summary.n else math.nan, summary.presence


def _fault(component: Component, presence: Presence) -> str:
    reason = next((name for name, rows in presence.reasons().items() if rows), "")
    numeric = component.measure.grid is not None
    return {
        "": "",
        "missing": MISSING,
        "type": "not a number" if numeric else "not a category",
        "extractor": "its extractor failed",
        "below": f"below the domain, {domain(component)}",
        "above": f"above the domain, {domain(component)}",
        "unseen": "not one of the known categories",
    }[reason]


def _text(raw: object) -> str:
    if raw is None or (isinstance(raw, float) and math.isnan(raw)):
        return DASH
    try:
        return shortened(label(raw), _TEXT)
    except ValueError:  # an int of thousands of digits
        return f"a very long {type(raw).__name__}"


def _part(component: Component, code: int) -> float:
    counts = component.reference.categories
    return 0.0 if counts is None or not counts.n else int(counts.counts[code]) / counts.n


def _shares(component: Component, value: float) -> tuple[float, float]:
    histogram = component.reference.histogram
    if histogram is None or not histogram.n:
        return 0.0, 1.0
    places = np.array([value])
    return float(up_to(histogram, places, strictly=True)[0]), float(up_to(histogram, places)[0])


def _place(component: Component, value: float, below: float, upto: float) -> str:
    """Return the percentile in words, of the shares of the reference that are below, and up to, a value."""
    moments = component.reference.moments
    if moments is not None and not moments.low <= value <= moments.high:
        return f"{'below' if value < moments.low else 'above'} all of the reference"
    middle = round(50 * (below + upto))
    if middle in (0, 100):
        return f"{'below the 1st' if not middle else 'above the 99th'} percentile"
    return f"{ordinal(middle)} percentile: above {share(below)} of the reference"
