"""Places on an axis, and the round numbers that are written at it."""

import math
from dataclasses import dataclass

import numpy as np

from exporter.batch import Floats
from exporter.report.words import number

LINE = 14  # pixels of a line of text
CHARACTER = 6.2  # pixels that a character of a tick takes
GAP = 14  # pixels between two ticks
MOST = 6
_ROUND = (1, 2, 2.5, 5, 10)
_FIXED_BELOW, _FIXED_FROM = 1e7, 1e-4
_EXACT = 1e13  # steps from zero: beyond them floats no longer tell ticks apart


@dataclass(frozen=True, slots=True)
class Scale:
    """A line from `low` at pixel `start` to `high` at pixel `stop`; what is beyond stays at the ends."""

    low: float
    high: float
    start: float
    stop: float

    def all(self, values: Floats) -> Floats:
        """Return the pixels of values, shape (n,)."""
        width = self.high / 2 - self.low / 2  # halves: the whole width may be more than a float holds
        if not width > 0:
            return np.full(len(values), (self.start + self.stop) / 2)
        inside = np.clip(values, self.low, self.high)
        result: Floats = self.start + (inside / 2 - self.low / 2) / width * (self.stop - self.start)
        return result

    def at(self, value: float) -> float:
        """Return the pixel of a value."""
        return float(self.all(np.array([value]))[0])


def ticks(scale: Scale, *, upright: bool = False) -> list[tuple[float, str]]:
    """Return up to six round numbers of a scale with their text, so few that the texts do not touch."""
    room = abs(scale.stop - scale.start)
    for wanted in range(MOST, 1, -1):
        found = _round_numbers(scale.low, scale.high, wanted)
        size = LINE if upright else max((len(text) for _, text in found), default=0) * CHARACTER
        if found and len(found) * (size + GAP) <= room:
            return found
    return [(value, number(value)) for value in dict.fromkeys((scale.low, scale.high))]


def percents(scale: Scale, *, upright: bool = False) -> list[tuple[float, str]]:
    """Return round shares of a scale of shares with their text in percent."""
    found = ticks(Scale(100 * scale.low, 100 * scale.high, scale.start, scale.stop), upright=upright)
    return [(value / 100, f"{words}%") for value, words in found]


def _round_numbers(low: float, high: float, wanted: int) -> list[tuple[float, str]]:
    step = _step(high - low, wanted)
    if not step or max(abs(low), abs(high)) / step > _EXACT:
        return []
    places = range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)
    return [(place * step, _text(place * step, step)) for place in places]


def _step(span: float, wanted: int) -> float:
    """Return the round distance of about so many ticks; 0 where there is none."""
    if not 0 < span < math.inf:
        return 0.0
    raw = span / wanted
    power = 10.0 ** math.floor(math.log10(raw)) if raw else 0.0
    return next((factor * power for factor in _ROUND if factor * power >= raw), 0.0)


def _text(value: float, step: float) -> str:
    """Return a tick with as many digits as tell it from its neighbours."""
    size = max(abs(value), step)
    if step >= _FIXED_FROM and size < _FIXED_BELOW:
        decimals = next((d for d in range(5) if math.isclose(step, round(step, d), rel_tol=1e-6)), 5)
        return f"{value:,.{decimals}f}"
    digits = math.ceil(math.log10(size / step)) + 2
    return f"{value:.{digits}g}" if value else "0"
