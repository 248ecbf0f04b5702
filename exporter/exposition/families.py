"""Turns the state and the evaluation of each model, and the exporter's own telemetry, into metric families."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from exporter import catalog
from exporter.catalog import METRICS, Metric
from exporter.engine import State
from exporter.evaluate import QUANTILES, Evaluation
from exporter.exposition.attributions import gone_together, put_down, referred
from exporter.exposition.quality import QualityLines, slipped
from exporter.exposition.render import Family, HistogramLines, SeriesLines, edge_text, label_text, line, number
from exporter.exposition.segments import compared, traffic
from exporter.plan import ModelPlan, statistics
from exporter.profile import Component
from exporter.summaries import ComponentSummary
from exporter.summaries.presence import REASONS

Labels = tuple[str, ...]
_SCORE = (catalog.SCORE, catalog.SCORE_LOWER, catalog.SCORE_UPPER, catalog.SCORE_SAMPLES)


_ESTIMATE = (
    catalog.ESTIMATED_SCORE,
    catalog.ESTIMATED_SCORE_LOWER,
    catalog.ESTIMATED_SCORE_UPPER,
    catalog.ESTIMATED_SCORE_ERROR,
)


class ComponentLines:
    """The counters and histograms of one component, their prefixes formatted once."""

    def __init__(self, labels: Labels, component: Component) -> None:
        here = (*labels, component.name, component.role)
        self._observations = SeriesLines(catalog.OBSERVATIONS, [here])
        self._invalid = SeriesLines(catalog.INVALID, [(*here, reason) for reason in REASONS])
        grid = component.measure.grid
        self._values = None if grid is None else HistogramLines(catalog.COMPONENT_VALUE, here, grid.outer_edges)
        self._confusion = SeriesLines(catalog.CONFUSION, [(*here[:-1], *pair) for pair in _pairs(component)])
        counted = None if _pairs(component) else component.reference.categories
        names, self._places = _distinct(() if counted is None else counted.labels)
        self._categories = SeriesLines(catalog.COMPONENT_CATEGORY, [(*here, name) for name in names])

    def families(self, summary: ComponentSummary) -> Iterator[Family]:
        """Yield the families of the component's lifetime total."""
        yield Family(catalog.OBSERVATIONS, self._observations.text([summary.presence.rows]))
        yield Family(catalog.INVALID, self._invalid.text(summary.presence.reasons().values()))
        if self._values is not None and summary.histogram is not None and summary.moments is not None:
            text = self._values.text(summary.histogram.outer_cumulative(), summary.moments.total)
            yield Family(catalog.COMPONENT_VALUE, text)
        if summary.categories is not None and not self._places:
            yield Family(catalog.CONFUSION, self._confusion.text(summary.categories.counts[:-1].tolist()))
        elif summary.categories is not None:
            counts = np.bincount(self._places, summary.categories.counts)
            yield Family(catalog.COMPONENT_CATEGORY, self._categories.text(counts.tolist()))


class ModelLines:
    """All families of one model; what is fixed by its profile is formatted once."""

    def __init__(self, plan: ModelPlan) -> None:
        self._plan = plan
        self._labels = plan.labels
        self._quality = QualityLines(plan)
        self._fixed = tuple(_fixed(plan))
        self._predictions = [ComponentLines(plan.labels, c) for c in plan.prediction_components]
        self._outcomes = [ComponentLines(plan.labels, c) for c in plan.outcome_components]
        self._latency = HistogramLines(catalog.LATENCY, plan.labels, _edges(plan.latency.empty()))
        self._delay = HistogramLines(catalog.ACTUAL_DELAY, plan.labels, _edges(plan.delay.empty()))
        self._labelled = bool(plan.outcome_components)

    def families(self, state: State, evaluation: Evaluation | None) -> Iterator[Family]:
        """Yield the families of a state, and of its evaluation once there is one."""
        yield from self._service(state)
        for lines, total in ((self._predictions, state.predictions.total), (self._outcomes, state.outcomes.total)):
            for component, summary in zip(lines, total, strict=True):
                yield from component.families(summary)
        yield from self._fixed
        yield from self._quality.families(state.quality)
        yield from referred(self._plan)
        yield from traffic(self._plan, state.segments)
        if evaluation is not None:
            yield from self._evaluated(evaluation)
            yield from compared(self._labels, evaluation.slicing)
            yield from slipped(self._labels, evaluation.slips)
            yield from put_down(self._plan, evaluation.attributions)
        yield from gone_together(self._plan, () if evaluation is None else evaluation.associations)
        if self._labelled:
            yield from self._actuals(state)

    def _service(self, state: State) -> Iterator[Family]:
        yield self._one(catalog.PREDICTIONS, state.count)
        yield self._one(catalog.FAILURES, state.failures)
        yield Family(catalog.LATENCY, _histogram(self._latency, state.latency))
        yield self._one(catalog.LAST_PREDICTION, state.last_prediction)
        for window, late in state.late.items():
            yield Family(catalog.LATE, line(catalog.LATE, (*self._labels, window), late))

    def _actuals(self, state: State) -> Iterator[Family]:
        yield self._one(catalog.ACTUALS, state.tallies.actuals)
        yield self._one(catalog.ACTUALS_UNMATCHED, state.tallies.unmatched)
        yield self._one(catalog.ACTUALS_DUPLICATE, state.tallies.duplicate)
        yield self._one(catalog.ACTUALS_REVISED, state.tallies.revised)
        yield self._one(catalog.PREDICTIONS_UNLABELLED, state.tallies.unlabelled)
        yield self._one(catalog.PREDICTIONS_PENDING, state.pending)
        yield Family(catalog.ACTUAL_DELAY, _histogram(self._delay, state.delay))

    def _evaluated(self, evaluation: Evaluation) -> Iterator[Family]:
        for reading in evaluation.components:
            here = (*self._labels, reading.component.name, reading.component.role)
            yield Family(catalog.WINDOW_SAMPLES, line(catalog.WINDOW_SAMPLES, (*here, reading.window), reading.samples))
            for name, value in reading.drift.items():
                text = line(catalog.DRIFT_SCORE, (*here, name, reading.window), value)
                yield Family(catalog.DRIFT_SCORE, text)
            for share, value in zip(QUANTILES, reading.quantiles, strict=False):
                text = line(catalog.QUANTILE, (*here, number(share), reading.window), value)
                yield Family(catalog.QUANTILE, text)
            for metric, by_name in ((catalog.DRIFT_NOISE, reading.noise), (catalog.DRIFT_P_VALUE, reading.p_value)):
                for name, value in by_name.items():
                    yield Family(metric, line(metric, (*here, name, reading.window), value))
        yield from self._alarmed(evaluation)
        for window, drift in evaluation.overall.items():
            yield Family(catalog.GLOBAL_DRIFT, line(catalog.GLOBAL_DRIFT, (*self._labels, window), drift))
        for window, share in evaluation.drifted.items():
            yield Family(catalog.DRIFTED_RATIO, line(catalog.DRIFTED_RATIO, (*self._labels, window), share))
        for score in evaluation.scores:
            place = (*self._labels, score.name, score.window)
            values = (score.found.value, score.found.lower, score.found.upper, score.found.samples)
            for metric, value in zip(_SCORE, values, strict=True):
                yield Family(metric, line(metric, place, value))
        yield from self._estimated(evaluation)

    def _estimated(self, evaluation: Evaluation) -> Iterator[Family]:
        for estimate in evaluation.estimates:
            place = (*self._labels, estimate.name, estimate.window)
            values = (estimate.found.value, estimate.found.lower, estimate.found.upper, estimate.error)
            for metric, value in zip(_ESTIMATE, values, strict=True):
                yield Family(metric, line(metric, place, value))
        for matrix in evaluation.confusions:
            for pair, count in matrix.counts.items():
                text = line(catalog.ESTIMATED_CONFUSION, (*self._labels, matrix.component, *pair, matrix.window), count)
                yield Family(catalog.ESTIMATED_CONFUSION, text)

    def _alarmed(self, evaluation: Evaluation) -> Iterator[Family]:
        for component, verdict in evaluation.alarms:
            here = (*self._labels, component.name, component.role)
            yield Family(catalog.DRIFT_EVIDENCE, line(catalog.DRIFT_EVIDENCE, here, verdict.evidence))
            yield Family(catalog.DRIFT_ALARM, line(catalog.DRIFT_ALARM, here, verdict.firing))
        for component, one in evaluation.discoveries:
            here = (*self._labels, component.name, component.role)
            yield Family(catalog.DRIFT_DISCOVERED, line(catalog.DRIFT_DISCOVERED, here, one))

    def _one(self, metric: Metric, value: float) -> Family:
        return Family(metric, line(metric, self._labels, value))


def _edges(summary: ComponentSummary) -> Sequence[float]:
    if summary.histogram is None:
        return ()
    edges: list[float] = summary.histogram.grid.outer_edges.tolist()
    return edges


def _histogram(lines: HistogramLines, summary: ComponentSummary) -> str:
    if summary.histogram is None or summary.moments is None:
        return ""
    return lines.text(summary.histogram.outer_cumulative(), summary.moments.total)


def _fixed(plan: ModelPlan) -> Iterator[Family]:
    """Yield the families that the profile fixes."""
    profile, labels = plan.profile, plan.labels
    identity = f"{profile.name}@{profile.version}"
    yield Family(catalog.PROFILE_INFO, line(catalog.PROFILE_INFO, (*labels, identity, profile.sha256), 1))
    yield Family(catalog.PROFILE_BUILT, line(catalog.PROFILE_BUILT, labels, profile.built))
    yield Family(catalog.FALSE_ALARM_BUDGET, line(catalog.FALSE_ALARM_BUDGET, labels, plan.bank.steps))
    components = (*plan.prediction_components, *plan.outcome_components)
    for component, tolerance in zip(components, plan.bank.tolerances, strict=True):
        here = (*labels, component.name, component.role)
        reference = component.reference
        yield Family(catalog.DRIFT_TOLERANCE, line(catalog.DRIFT_TOLERANCE, here, tolerance))
        yield Family(catalog.REFERENCE_SAMPLES, line(catalog.REFERENCE_SAMPLES, here, reference.n))
        rest = component.unrest
        yield Family(catalog.REFERENCE_DISPERSION, line(catalog.REFERENCE_DISPERSION, here, rest.dispersion))
        yield Family(catalog.REFERENCE_SEASON, line(catalog.REFERENCE_SEASON, here, rest.season))
        invalid = reference.presence.invalid / max(reference.presence.rows, 1)
        yield Family(catalog.REFERENCE_INVALID, line(catalog.REFERENCE_INVALID, here, invalid))
        if not _pairs(component):
            yield from _distribution(here, reference)
        for name, (_, threshold) in statistics(component).items():
            text = line(catalog.DRIFT_THRESHOLD, (*here, name), threshold)
            yield Family(catalog.DRIFT_THRESHOLD, text)
    for score in (planned.reference for planned in plan.scores):
        place = (*labels, score.spec.name)
        yield Family(catalog.SCORE_REFERENCE, line(catalog.SCORE_REFERENCE, place, score.reference))
        yield Family(catalog.SCORE_DUMMY, line(catalog.SCORE_DUMMY, place, score.dummy))
        yield Family(catalog.SCORE_THRESHOLD, line(catalog.SCORE_THRESHOLD, place, score.threshold))
        sign = 1 if score.preference == "high" else -1
        yield Family(catalog.SCORE_PREFERENCE, line(catalog.SCORE_PREFERENCE, place, sign))


def _pairs(component: Component) -> Sequence[tuple[str, str]]:
    """Return the predicted and actual class of each category of a confusion matrix; nothing of other components."""
    if "confusion" not in (component.spec.extractor or {}):
        return ()
    pairs: Sequence[tuple[str, str]] = component.spec.eval_extractor().pairs()  # type: ignore[attr-defined]
    return pairs


def _distinct(names: Sequence[str]) -> tuple[list[str], list[int]]:
    """Return the categories that labels can tell apart, and the place among them of each.

    Two may be the same where they are cut off, and a model may have one that is called as the rest is, __other__.
    """
    labels = [label_text(("category",), (name,)) for name in names]
    places = {label: place for place, label in enumerate(dict.fromkeys(labels))}
    return [names[labels.index(label)] for label in places], [places[label] for label in labels]


def _distribution(here: Labels, reference: ComponentSummary) -> Iterator[Family]:
    if reference.categories is not None:
        names, places = _distinct(reference.categories.labels)
        shares = (np.bincount(places, reference.categories.counts) / reference.n).tolist()
        for name, share in zip(names, shares, strict=True):
            yield Family(catalog.REFERENCE_CATEGORY, line(catalog.REFERENCE_CATEGORY, (*here, name), share))
    if reference.histogram is not None:
        edges = [*map(edge_text, reference.histogram.grid.outer_edges), "+Inf"]
        shares = np.asarray(reference.histogram.outer_cumulative() / reference.n).tolist()
        for lower, edge, share in zip(["-Inf", *edges], edges, shares, strict=False):
            text = line(catalog.REFERENCE_BUCKET, (*here, lower, edge), share)
            yield Family(catalog.REFERENCE_BUCKET, text)


def overflow(plan: ModelPlan, state: State) -> int:
    """Return how many values are counted as __other__ for the reason that not every category is counted by itself."""
    predictions = zip(plan.prediction_components, state.predictions.total, strict=True)
    outcomes = zip(plan.outcome_components, state.outcomes.total, strict=True)
    return sum(
        int(summary.categories.counts[-1])
        for component, summary in (*predictions, *outcomes)
        if summary.categories is not None and not component.measure.complete
    )


def own_families(values: Mapping[tuple[str, tuple[tuple[str, str], ...]], float]) -> Iterator[Family]:
    """Yield the families of a telemetry snapshot, in the order of the catalogue."""
    bodies: dict[str, list[str]] = {}
    for (name, labels), value in sorted(values.items()):
        metric = _BY_NAME[name]
        given = dict(labels)
        bodies.setdefault(name, []).append(line(metric, [given[label] for label in metric.labels], value))
    for metric in METRICS:
        if metric.name in bodies:
            yield Family(metric, "".join(bodies[metric.name]))


def ordered(families: Sequence[Family]) -> list[Family]:
    """Return families in the order of the catalogue, which groups those of one metric."""
    return sorted(families, key=lambda family: _ORDER[family.metric.name])


_BY_NAME = {metric.name: metric for metric in METRICS}
_ORDER = {metric.name: place for place, metric in enumerate(METRICS)}
