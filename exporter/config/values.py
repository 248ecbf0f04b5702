"""Values that are written in a form of their own: durations and windows."""

import math
import re
from dataclasses import replace

from exporter.config.scalars import quote
from exporter.windows import Earlier, WindowSpec

_DURATION = re.compile(
    r"(?:([0-9.]+)w)?(?:([0-9.]+)d)?(?:([0-9.]+)h)?(?:([0-9.]+)m(?!s))?(?:([0-9.]+)s)?(?:([0-9.]+)ms)?"
)
_SECONDS = (604_800.0, 86_400.0, 3600.0, 60.0, 1.0, 0.001)
_LONGEST = 100 * 365 * 86_400.0
_AGO = 2, 1000  # times a window's length; two panes of each are kept
_FIRST = re.compile(r"first ([0-9][0-9_]{0,15}) *rows?")
_ROWS = re.compile(r"([0-9][0-9_]{0,15}) *rows?")


def parse_duration(text: str) -> float:
    """Return the seconds of `15s`, `250ms` or `1h30m`; the units are w d h m s ms, the larger first."""
    seconds = _seconds(text)
    if math.isnan(seconds):
        raise ValueError(
            f"{quote(text)} is not a duration; write a number and a unit (ms s m h d w) such as 15s or 1h30m"
        )
    if not 0 < seconds <= _LONGEST:
        raise ValueError(f"{quote(text)} is out of range; a duration is longer than 0 and at most 100 years")
    return seconds


def parse_window(text: str) -> WindowSpec:
    """Return the window of `1h` or `3000 rows`, with what it is compared with, as in `1h vs previous` and `1h vs 7d`.

    The label is the text as written, rows without separators.
    """
    own, versus, before = (part.strip() for part in text.partition(" vs "))
    window = _window(own)
    if not versus:
        return window
    earlier, named = _earlier(before, window)
    return replace(window, label=f"{window.label} vs {named}", earlier=earlier, own=window.label)


def _window(text: str) -> WindowSpec:
    rows = _ROWS.fullmatch(text)
    if rows and int(rows[1]) > 0:
        return WindowSpec(f"{int(rows[1])} rows", None, int(rows[1]))
    seconds = _seconds(text)
    if not 1 <= seconds <= _LONGEST:
        raise ValueError(
            f"{quote(text)} is not a window; write a duration such as 1h or a number of rows such as 3000 rows"
        )
    return WindowSpec(text, seconds, None)


def _earlier(text: str, window: WindowSpec) -> tuple[Earlier, str]:
    """Return what a window is compared with, and its name."""
    if text == "previous":
        return Earlier(), text
    first = _FIRST.fullmatch(text)
    if first and int(first[1]) > 0:
        return Earlier(rows=int(first[1])), f"first {int(first[1])} rows"
    seconds = _seconds(text)
    if math.isnan(seconds):
        raise ValueError(
            f"{quote(text)} is no earlier window; write vs previous, vs 7d (so long ago) or vs first 10000 rows"
        )
    if window.seconds is None:
        raise ValueError(f"{window.label} has no time; write vs previous or vs first 10000 rows")
    times = seconds / window.seconds
    if not (_AGO[0] <= times <= _AGO[1] and times * 2 == round(times * 2)):
        least, most = _AGO
        raise ValueError(f"{quote(text)} is out of range; write {least} to {most} times {window.label}, or half steps")
    return Earlier(seconds=seconds), text


def _seconds(text: str) -> float:
    found = _DURATION.fullmatch(text.strip())
    if not found or not any(found.groups()):
        return math.nan
    try:
        return sum(float(amount) * unit for amount, unit in zip(found.groups(), _SECONDS, strict=True) if amount)
    except ValueError:
        return math.nan
