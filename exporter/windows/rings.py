"""The ring of each window, and of each earlier one that a window is compared with: it lags behind or stands still."""

import math
from collections.abc import Iterable, Sequence

from exporter.summaries import Measure
from exporter.windows.by_rows import FirstRows, RowRing
from exporter.windows.by_time import TIME_PANES, TimeRing
from exporter.windows.spec import WindowSpec

Ring = TimeRing | RowRing | FirstRows


def ring(spec: WindowSpec, measures: Sequence[Measure]) -> Ring:
    """Return an empty ring for a window."""
    if spec.rows is not None:
        return RowRing(measures, spec.rows)
    return TimeRing(measures, spec.seconds or math.inf)


def earlier(spec: WindowSpec, measures: Sequence[Measure]) -> Ring:
    """Return an empty ring for what a window is compared with; it has none of the window's rows, unless the first.

    The one before is of two panes of half the length, of which the last ends where the window begins or up to half its
    length earlier. The one some time ago is of the three such panes in which it lies.
    """
    if spec.earlier is None:
        raise ValueError(f"{spec.label} is compared with the profile")
    if spec.earlier.rows is not None:
        return FirstRows(measures, spec.earlier.rows)
    if spec.rows is not None:
        return RowRing(measures, spec.rows, lags=True)
    half = (spec.seconds or math.inf) / 2
    span, lag = (2, 3) if spec.earlier.seconds is None else (3, round(spec.earlier.seconds / half))
    return TimeRing(measures, half * TIME_PANES, span=span, lag=lag)


def rings(specs: Iterable[WindowSpec], measures: Sequence[Measure]) -> dict[str, Ring]:
    """Return a ring for each window by its base, and for each earlier one by the label that names it."""
    found: dict[str, Ring] = {}
    for spec in specs:
        found.setdefault(spec.base, ring(spec, measures))
        if spec.earlier is not None:
            found[spec.label] = earlier(spec, measures)
    return found
