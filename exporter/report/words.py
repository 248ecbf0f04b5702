"""Numbers, shares, times and domains as people read them."""

import math
from datetime import UTC, datetime

from exporter.profile import Component

DASH = "—"
_WHOLE_FROM, _EXPONENT_FROM, _EXPONENT_BELOW = 1000, 1e15, 1e-4
_HUGE = 1e300  # rounding what is larger may go beyond the range of floats
_TEENS = range(11, 14)


def number(value: float) -> str:
    """Return a number with four significant digits, or with all before the point; a dash where there is none."""
    if math.isnan(value):
        return DASH
    if _WHOLE_FROM <= abs(value) < _EXPONENT_FROM:
        return f"{value:,.0f}"
    return f"{value + 0.0:.4g}".replace("inf", "∞")  # adding 0 takes the sign from zero


def share(value: float) -> str:
    """Return a share in percent with one decimal; only none is 0% and only all is 100%."""
    if math.isnan(value):
        return DASH
    if value in (0, 1):
        return f"{value:.0%}"
    text = f"{value:.1%}"
    return {"0.0%": "<0.1%", "100.0%": ">99.9%"}.get(text, text)


def count(amount: int, one: str, several: str | None = None) -> str:
    """Return an amount of something: `1 value`, `2,000 values`."""
    return f"{amount:,} {one if amount == 1 else several or one + 's'}"


def ordinal(place: int) -> str:
    """Return 1st, 2nd, 11th."""
    ending = "th" if place % 100 in _TEENS else {1: "st", 2: "nd", 3: "rd"}.get(place % 10, "th")
    return f"{place}{ending}"


def moment(seconds: float) -> str:
    """Return Unix seconds as a time in UTC; `unknown` where they are none."""
    try:
        return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
    except (ValueError, OverflowError, OSError):
        return "unknown"


def span(low: float, high: float) -> tuple[str, str]:
    """Return the ends of a range, rounded to what matters in it: 0.0004 to 50 is 0 to 50."""
    width = high / 2 - low / 2
    if not 0 < width < _HUGE:
        return number(low), number(high)
    digits = 3 - math.floor(math.log10(width))
    return number(round(low, digits)), number(round(high, digits))


def domain(component: Component) -> str:
    """Return what is valid: a range, or how many categories."""
    measure = component.measure
    if measure.grid is None:
        known = count(len(measure.levels), "category", "categories")
        return known if measure.complete else f"{known}, and others"
    low, high = measure.domain.low, measure.domain.high
    if math.isinf(low) and math.isinf(high):
        return "any number"
    if math.isinf(high):
        return f"{number(low)} or more"
    return f"{number(high)} or less" if math.isinf(low) else " to ".join(span(low, high))


def portion(part: int, whole: int) -> float:
    """Return a part as a share; NaN of nothing."""
    return part / whole if whole else math.nan
