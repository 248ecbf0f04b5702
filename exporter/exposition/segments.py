"""Turns the slices of a model's segments into metric families."""

from collections.abc import Iterator
from dataclasses import replace

from exporter import catalog
from exporter.exposition.render import Family, line
from exporter.fairness import Disparity
from exporter.plan import ModelPlan
from exporter.segments import Cut, Slices, seen
from exporter.slicing import Gap, SliceEstimate, SliceReading, Slicing

Labels = tuple[str, ...]
_SECONDS, _TIMED = (
    replace(catalog.SEGMENT_LATENCY, name=f"{catalog.SEGMENT_LATENCY.name}_{part}") for part in ("sum", "count")
)
_SCORE = (
    catalog.SEGMENT_SCORE,
    catalog.SEGMENT_SCORE_LOWER,
    catalog.SEGMENT_SCORE_UPPER,
    catalog.SEGMENT_SCORE_SAMPLES,
    catalog.SEGMENT_GAP,
    catalog.SEGMENT_GAP_LOWER,
    catalog.SEGMENT_GAP_UPPER,
)
_ESTIMATE = (
    catalog.SEGMENT_ESTIMATED_SCORE,
    catalog.SEGMENT_ESTIMATED_SCORE_LOWER,
    catalog.SEGMENT_ESTIMATED_SCORE_UPPER,
)
_FAIRNESS = (catalog.FAIRNESS, catalog.FAIRNESS_LOWER, catalog.FAIRNESS_UPPER, catalog.FAIRNESS_SAMPLES)


def traffic(plan: ModelPlan, segments: tuple[Slices, ...]) -> Iterator[Family]:
    """Yield the counters of slices; a slice that is too small is left out."""
    for cut, slices in zip(plan.cuts, segments, strict=True):
        yield from _counters(plan, cut, slices)


def _counters(plan: ModelPlan, cut: Cut, slices: Slices) -> Iterator[Family]:
    components = [plan.prediction_components[place] for place in cut.predicted]
    for value in seen(slices):
        here, one = (*plan.labels, cut.segment.name, value), slices[value]
        yield Family(catalog.SEGMENT_PREDICTIONS, line(catalog.SEGMENT_PREDICTIONS, here, one.count))
        yield Family(catalog.SEGMENT_FAILURES, line(catalog.SEGMENT_FAILURES, here, one.failures))
        latency = line(_SECONDS, here, one.seconds) + line(_TIMED, here, one.timed)
        yield Family(catalog.SEGMENT_LATENCY, latency)
        for component, summary in zip(components, one.predictions.total, strict=True):
            place = (*here, component.name, component.role)
            presence = summary.presence
            rows = line(catalog.SEGMENT_OBSERVATIONS, place, presence.rows)
            yield Family(catalog.SEGMENT_OBSERVATIONS, rows)
            yield Family(catalog.SEGMENT_INVALID, line(catalog.SEGMENT_INVALID, place, presence.invalid))


def compared(labels: Labels, slicing: Slicing) -> Iterator[Family]:
    """Yield what an evaluation says of slices."""
    for gap in slicing.gaps:
        yield from _gap(labels, gap)
    for reading in slicing.readings:
        yield _drift(labels, reading)
    for estimate in slicing.estimates:
        yield from _estimate(labels, estimate)
    for disparity in slicing.disparities:
        yield from _disparity(labels, disparity)


def _gap(labels: Labels, gap: Gap) -> Iterator[Family]:
    here = (*labels, gap.place.segment, gap.place.value, gap.score, gap.place.window)
    found = gap.found
    values = (found.value, found.lower, found.upper, found.samples, gap.gap, gap.lower, gap.upper)
    for metric, value in zip(_SCORE, values, strict=True):
        yield Family(metric, line(metric, here, value))
    if gap.rank is not None:
        yield Family(catalog.SEGMENT_RANK, line(catalog.SEGMENT_RANK, here, gap.rank))


def _estimate(labels: Labels, estimate: SliceEstimate) -> Iterator[Family]:
    here = (*labels, estimate.place.segment, estimate.place.value, estimate.score, estimate.place.window)
    values = (estimate.found.value, estimate.found.lower, estimate.found.upper)
    for metric, value in zip(_ESTIMATE, values, strict=True):
        yield Family(metric, line(metric, here, value))


def _drift(labels: Labels, reading: SliceReading) -> Family:
    place, component = reading.place, reading.component
    here = (*labels, place.segment, place.value, component.name, component.role, "psi", place.window)
    return Family(catalog.SEGMENT_DRIFT, line(catalog.SEGMENT_DRIFT, here, reading.drift))


def _disparity(labels: Labels, disparity: Disparity) -> Iterator[Family]:
    here = (*labels, disparity.metric, disparity.segment, disparity.group, disparity.window)
    values = (disparity.value, disparity.lower, disparity.upper, disparity.samples)
    for metric, value in zip(_FAIRNESS, values, strict=True):
        yield Family(metric, line(metric, here, value))
