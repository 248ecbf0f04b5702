"""Says for which slices of the traffic the model is worse than for the rest, by how much, and what is odd there."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from exporter.slicing import Gap, SliceReading, Slicing

INVALID = 0.05  # more of a slice's values than of the rest's
EFFECT = 0.1  # of the PSI beyond its noise
REASONS = 3


@dataclass(frozen=True, slots=True)
class Reason:
    """What is odd about a component of a slice: its invalid share and the rest's, and its PSI beyond noise."""

    component: str
    role: str
    invalid: float | None
    rest_invalid: float | None
    effect: float | None
    text: str


@dataclass(frozen=True, slots=True)
class SliceFinding:
    """A slice that is worse by a score than the rest of the traffic, beyond what chance makes of so many slices.

    `gap` is how much worse it is, in the unit of the score, `lower` and `upper` its interval; `score` is that of the
    slice and `rest` that of all others.
    """

    segment: str
    value: str
    rank: int | None
    name: str
    score: float
    rest: float
    gap: float
    lower: float
    upper: float
    samples: int
    reasons: tuple[Reason, ...]
    text: str


def explain_slices(slicing: Slicing, window: str, preferences: Mapping[str, str]) -> list[SliceFinding]:
    """Return the slices that are worse in a window, the worst first, given which way of each score is better."""
    worse = [gap for gap in slicing.gaps if gap.place.window == window and gap.lower > 0]
    readings = [reading for reading in slicing.readings if reading.place.window == window]
    found = [_finding(gap, readings, preferences[gap.score]) for gap in worse]
    return sorted(found, key=lambda finding: -finding.lower / max(abs(finding.rest), 1e-12))


def _finding(gap: Gap, readings: Sequence[SliceReading], preference: str) -> SliceFinding:
    rest = gap.found.value + (gap.gap if preference == "high" else -gap.gap)
    here = [reading for reading in readings if reading.place == gap.place]
    odd = sorted(filter(_odd, here), key=lambda reading: -(_more_invalid(reading) + max(_effect(reading), 0.0)))
    text = (
        f"{gap.score} {gap.found.value:.3g}, the rest {rest:.3g}: worse by {gap.gap:.2g} "
        f"({gap.lower:.2g} to {gap.upper:.2g}), {gap.found.samples:,} records"
    )
    return SliceFinding(
        gap.place.segment,
        gap.place.value,
        gap.rank,
        gap.score,
        gap.found.value,
        rest,
        gap.gap,
        gap.lower,
        gap.upper,
        gap.found.samples,
        tuple(map(_reason, odd[:REASONS])),
        text,
    )


def _more_invalid(reading: SliceReading) -> float:
    more = reading.invalid - reading.rest
    return more if more >= INVALID else 0.0


def _effect(reading: SliceReading) -> float:
    beyond = reading.drift - reading.noise
    return beyond if beyond >= EFFECT else 0.0


def _odd(reading: SliceReading) -> bool:
    return _more_invalid(reading) > 0 or _effect(reading) > 0


def _reason(reading: SliceReading) -> Reason:
    parts = []
    if _more_invalid(reading):
        parts.append(f"{reading.invalid:.1%} invalid, the rest {reading.rest:.1%}")
    if _effect(reading):
        parts.append(f"PSI {reading.drift - reading.noise:.2g} beyond noise")
    return Reason(
        reading.component.name,
        reading.component.role,
        _number(reading.invalid),
        _number(reading.rest),
        _number(reading.drift - reading.noise),
        "; ".join(parts),
    )


def _number(value: float) -> float | None:
    return value if value == value else None  # noqa: PLR0124 - NaN is not itself, and JSON has none
