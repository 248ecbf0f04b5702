"""Sample lines, preformatted once per series, and their join into text 0.0.4 or OpenMetrics 1.0.

Sample lines are the same in both formats; only the headers differ. A histogram with a negative edge keeps its `_sum`
and `_count` in OpenMetrics as well, where the standard would have it leave them out: Prometheus reads them, and
without them the mean is lost.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.catalog import Metric
from exporter.exposition.negotiate import Format

VALUE_CHARACTERS = 256  # the longest label value; what is beyond is cut off

_UNUSUAL = {"inf": "+Inf", "-inf": "-Inf", "nan": "NaN"}
_VALUE_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_HELP_ESCAPES = {
    Format.TEXT: str.maketrans({"\\": r"\\", "\n": r"\n"}),
    Format.OPENMETRICS: _VALUE_ESCAPES,
}


@dataclass(frozen=True, slots=True)
class Family:
    """A metric and its sample lines, each ended by a newline; an empty body leaves the family out."""

    metric: Metric
    body: str


def label_text(names: Sequence[str], values: Sequence[str]) -> str:
    """Return `{a="b",c="d"}`, escaped and cut; nothing without names. ValueError if there are not as many values."""
    pairs = ",".join([f'{name}="{_escaped(value)}"' for name, value in zip(names, values, strict=True)])
    return f"{{{pairs}}}" if pairs else ""


def number(value: float) -> str:
    """Return a sample value: `3`, `0.25`, `+Inf`, `NaN`; the shortest text that reads back as the same float."""
    try:
        real = float(value)
    except OverflowError:  # an int beyond the range of floats
        real = -math.inf if value < 0 else math.inf
    if real.is_integer() and abs(real) < 1e16:  # noqa: PLR2004 - from here on repr writes an exponent
        return str(int(real))
    text = repr(real)
    return _UNUSUAL.get(text, text)


def edge_text(edge: float) -> str:
    """Return a bucket edge as Prometheus 3 stores it: `1.0`, `0.25`, `1e+06`.

    It rewrites the `le` of histograms to this form but not the `le` of gauges, so any other form would not join.
    """
    real = float(edge) + 0.0  # no negative zero
    exponent = math.isfinite(real) and abs(real) >= 1e6  # noqa: PLR2004 - where Go's %g turns to exponents
    text = np.format_float_scientific(real, trim="-", exp_digits=2) if exponent else repr(real)
    return _UNUSUAL.get(text, text)


def line(metric: Metric, values: Sequence[str], value: float) -> str:
    """Return one sample line; NaN is an absent series and gives nothing."""
    text = number(value)
    return "" if text == "NaN" else f"{_prefix(metric, tuple(values))}{text}\n"


class SeriesLines:
    """The series of one metric, their prefixes formatted once: for counters and gauges with many children."""

    __slots__ = ("_prefixes",)

    def __init__(self, metric: Metric, label_values: Sequence[Sequence[str]]) -> None:
        self._prefixes = [f"{metric.name}{label_text(metric.labels, values)} " for values in label_values]

    def text(self, values: Iterable[float]) -> str:
        """Return the lines for one value per series, in their order; NaN is an absent series."""
        pairs = zip(self._prefixes, map(number, values), strict=True)
        return "".join([f"{prefix}{text}\n" for prefix, text in pairs if text != "NaN"])


class HistogramLines:
    """One child of a histogram as a template that a scrape fills with counts."""

    __slots__ = ("_buckets", "_count", "_sum")

    def __init__(self, metric: Metric, label_values: Sequence[str], edges: Iterable[float]) -> None:
        name, labels = metric.name, label_text(metric.labels, label_values)
        inside = f"{labels[1:-1]}," if labels else ""
        opening = f'{name}_bucket{{{inside}le="'.replace("%", "%%")
        self._buckets = "".join([f'{opening}{le}"}} %d\n' for le in (*map(edge_text, edges), "+Inf")])
        self._sum = f"{name}_sum{labels} "
        self._count = f"{name}_count{labels} "

    def text(self, cumulative: Sequence[float] | NDArray[Any], total: float) -> str:
        """Return `_bucket` lines, `_sum` unless the total is infinite or NaN, and `_count`.

        `cumulative` holds the count up to each edge and, last, the count of all: one more than there are edges.
        """
        counts = cumulative.tolist() if isinstance(cumulative, np.ndarray) else cumulative
        sum_line = f"{self._sum}{number(total)}\n" if math.isfinite(total) else ""
        return f"{self._buckets % tuple(counts)}{sum_line}{self._count}{number(counts[-1])}\n"


def render(families: Iterable[Family], fmt: Format) -> bytes:
    """Return the body of a scrape, UTF-8; families of the same metric come under one header, where the first was."""
    bodies: dict[Metric, list[str]] = {}
    for family in families:
        if family.body:
            bodies.setdefault(family.metric, [_header(family.metric, fmt)]).append(family.body)
    end = "# EOF\n" if fmt is Format.OPENMETRICS else ""
    return "".join([*(text for body in bodies.values() for text in body), end]).encode(errors="replace")


def _escaped(value: str) -> str:
    value = value[:VALUE_CHARACTERS]
    if not value.isascii():  # half a surrogate pair has no UTF-8; a whole one is the character it stands for
        value = value.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return value.translate(_VALUE_ESCAPES)


@lru_cache(maxsize=1 << 14)
def _prefix(metric: Metric, values: tuple[str, ...]) -> str:
    return f"{metric.name}{label_text(metric.labels, values)} "


@lru_cache(maxsize=1 << 10)
def _header(metric: Metric, fmt: Format) -> str:
    counter = fmt is Format.OPENMETRICS and metric.kind == "counter"
    name = metric.name.removesuffix("_total") if counter else metric.name
    return f"# HELP {name} {metric.help.translate(_HELP_ESCAPES[fmt])}\n# TYPE {name} {metric.kind}\n"
