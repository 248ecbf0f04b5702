"""Slices of the traffic against the rest of it: how much worse each scores, and what of it has drifted."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from exporter.comparison import Failures, compare, expect, measure
from exporter.fairness import Disparity, disparities
from exporter.plan import Group, ModelPlan, ScorePlan
from exporter.profile import Component
from exporter.scores import Measurement
from exporter.scores.intervals import Z
from exporter.segments import OTHER, Slices, View, others
from exporter.windows import Summaries

ERROR = 0.05  # of all gaps of a segment together, where no slice is worse


@dataclass(frozen=True, slots=True)
class Place:
    """A slice in a window."""

    segment: str
    value: str
    window: str


@dataclass(frozen=True, slots=True)
class Gap:
    """How much worse a slice scores than the rest, in the score's unit, with an interval; NaN where that is unknown.

    All intervals of a segment hold together with 95 %, so that one above 0 is no accident of many slices. `rank` is
    that by the lower end, 1 for the worst; None where it is unknown.
    """

    place: Place
    score: str
    found: Measurement
    gap: float = math.nan
    lower: float = math.nan
    upper: float = math.nan
    rank: int | None = None


@dataclass(frozen=True, slots=True)
class SliceEstimate:
    """A score of a slice as it is to be expected without actuals; NaN where that is unknown."""

    place: Place
    score: str
    found: Measurement


@dataclass(frozen=True, slots=True)
class SliceReading:
    """A component in a slice: PSI to the profile and its noise, rows, invalid share, and that of the rest."""

    place: Place
    component: Component
    rows: int
    drift: float
    noise: float
    invalid: float
    rest: float


@dataclass(frozen=True, slots=True)
class Slicing:
    """What is known of the slices of a model."""

    gaps: tuple[Gap, ...] = ()
    readings: tuple[SliceReading, ...] = ()
    disparities: tuple[Disparity, ...] = ()
    estimates: tuple[SliceEstimate, ...] = ()


def sliced(plan: ModelPlan, segments: Sequence[Slices], now: float, failures: Failures) -> Slicing:
    """Compare the slices of each segment, as of a time (Unix seconds)."""
    gaps: list[Gap] = []
    readings: list[SliceReading] = []
    fairness: list[Disparity] = []
    estimates: list[SliceEstimate] = []
    scores = [score for score in plan.scores if score.outcome]
    for cut, groups, slices in zip(plan.cuts, plan.cut_groups, segments, strict=True):
        components = [plan.prediction_components[place] for place in cut.predicted]
        for view in (View.of(cut, slices, spec, now) for spec in cut.windows):
            gaps += [gap for score in scores for gap in _gaps(view, score, failures)]
            readings += _readings(view, components, groups, failures)
            fairness += disparities(view, plan.binary)
            estimates += _estimates(plan, view, failures)
    return Slicing(tuple(gaps), tuple(readings), tuple(fairness), tuple(estimates))


def _estimates(plan: ModelPlan, view: View, failures: Failures) -> Iterator[SliceEstimate]:
    scores = [score for score in plan.scores if score.estimate is not None]
    for label in view.seen:
        place = Place(view.cut.segment.name, label, view.window)
        for score in scores:
            yield SliceEstimate(place, score.name, expect(plan, score, view.estimated[label], failures))


def _gaps(view: View, score: ScorePlan, failures: Failures) -> Iterator[Gap]:
    places = [view.cut.joined.index(place) for place in score.components]
    chosen = {label: tuple(window[place] for place in places) for label, window in view.joined.items()}
    rest = others(chosen)
    found = {label: measure(score, chosen[label], failures) for label in view.seen}
    against = {label: measure(score, rest[label], failures) for label in view.seen if label in rest}
    judged = [label for label in against if _known(found[label]) and _known(against[label])]
    widen = NormalDist().inv_cdf(1 - ERROR / 2 / max(len(judged), 1)) / Z
    sign = -1 if score.reference.preference == "high" else 1
    gaps = {label: _difference(found[label], against[label], sign, widen) for label in judged}
    ranks = sorted((label for label in judged if label != OTHER), key=lambda label: -gaps[label][1])
    for label in view.seen:
        place = Place(view.cut.segment.name, label, view.window)
        rank = ranks.index(label) + 1 if label in ranks else None
        yield Gap(place, score.name, found[label], *gaps.get(label, (math.nan,) * 3), rank)


def _known(found: Measurement) -> bool:
    return not (math.isnan(found.value) or math.isnan(found.lower) or math.isnan(found.upper))


def _difference(one: Measurement, other: Measurement, sign: int, widen: float) -> tuple[float, float, float]:
    """Return one less the other times the sign, and its interval from theirs.

    Each end takes the distances of the ends that it depends on, as squares add: of shares with Wilson's intervals that
    is Newcombe's. Source: Newcombe, Statistics in Medicine 17 (1998); Zou and Donner, Statistics in Medicine 27 (2008).
    """
    down = math.hypot(one.value - one.lower, other.upper - other.value) * widen
    up = math.hypot(one.upper - one.value, other.value - other.lower) * widen
    gap = one.value - other.value
    return (gap, gap - down, gap + up) if sign > 0 else (-gap, -gap - up, -gap + down)


def _readings(
    view: View, components: Sequence[Component], groups: Sequence[Group], failures: Failures
) -> Iterator[SliceReading]:
    counted = {label: _presence(window) for label, window in view.predicted.items()}
    everywhere = sum(counted.values())
    for label in view.seen:
        psi: dict[int, tuple[float, float]] = {}
        for group in groups:
            found = compare(group, group.stack(view.predicted[label]), failures, group.reference)
            distances = found.drift["psi"]
            noise = found.noise.get("psi", distances)
            psi |= dict(zip(group.places, zip(distances, noise, strict=True), strict=True))
        where = Place(view.cut.segment.name, label, view.window)
        shares = zip(_shares(counted[label]), _shares(everywhere - counted[label]), strict=True)
        for place, (component, (alone, among)) in enumerate(zip(components, shares, strict=True)):
            yield SliceReading(where, component, int(counted[label][0, place]), *psi[place], alone, among)


def _presence(window: Summaries) -> NDArray[np.int64]:
    """Return rows and invalid values of each component, shape (2, components)."""
    return np.array([[s.presence.rows for s in window], [s.presence.invalid for s in window]], np.int64)


def _shares(counted: NDArray[np.int64]) -> list[float]:
    shares: list[float] = np.where(counted[0] > 0, counted[1] / np.maximum(counted[0], 1), np.nan).tolist()
    return shares
