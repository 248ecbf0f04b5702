"""Compares a model's windows with its reference: drift, quantiles and scores as data, each failure counted by name."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from exporter.alarm import Evidence, Verdict
from exporter.alarm.discovery import discovered
from exporter.attributions import AssociationReading, AttributionReading
from exporter.comparison import compare, measure
from exporter.estimation import ConfusionReading, EstimateReading
from exporter.plan import Group, ModelPlan, statistics
from exporter.profile import Component
from exporter.quality import slip
from exporter.scores import Measurement
from exporter.slicing import Slicing
from exporter.summaries import ComponentSummary
from exporter.windows import Summaries, WindowSpec

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True, slots=True)
class ComponentReading:
    """A component in a window: values in it, drift by statistic with noise and p-value, quantiles of a numeric one."""

    component: Component
    window: str
    samples: int
    drift: dict[str, float]
    noise: dict[str, float]
    p_value: dict[str, float]
    quantiles: tuple[float, ...]

    @property
    def effect(self) -> float:
        """Return the PSI less its noise, at least 0; NaN below the minimum sample."""
        found = self.drift.get("psi", math.nan) - self.noise.get("psi", math.nan)
        return 0.0 if found < 0 else found


@dataclass(frozen=True, slots=True)
class ScoreReading:
    """A score in a window: undefined, and without interval, where it has too few records."""

    name: str
    window: str
    found: Measurement


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One model as of one moment (`time`, Unix seconds).

    `drifted` is the share of judged components over their threshold, and `overall` the mean effect of the input
    components by importance, by window. `discoveries` tells of each component that has evidence whether it is among
    those that have left their reference.
    """

    components: tuple[ComponentReading, ...]
    scores: tuple[ScoreReading, ...]
    drifted: dict[str, float]
    failures: Counter[tuple[str, str]]
    overall: Mapping[str, float] = field(default_factory=dict)
    alarms: tuple[tuple[Component, Verdict], ...] = ()
    discoveries: tuple[tuple[Component, bool], ...] = ()
    slicing: Slicing = field(default_factory=Slicing)
    slips: tuple[tuple[Component, str], ...] = ()
    time: float = math.nan
    estimates: tuple[EstimateReading, ...] = ()
    confusions: tuple[ConfusionReading, ...] = ()
    attributions: tuple[AttributionReading, ...] = ()
    associations: tuple[AssociationReading, ...] = ()

    @property
    def realised(self) -> dict[tuple[str, str], float]:
        """Return the scores by name and window."""
        return {(score.name, score.window): score.found.value for score in self.scores}


def alarmed(plan: ModelPlan, evaluation: Evaluation, evidence: Sequence[Evidence]) -> Evaluation:
    """Return the evaluation with what the alarm says of each component that has had enough rows."""
    components = (*plan.prediction_components, *plan.outcome_components)
    verdicts, listed = plan.bank.verdicts(evidence), discovered(plan.bank, evidence)
    known = [(c, verdict, one) for c, verdict, one in zip(components, verdicts, listed, strict=True) if verdict]
    return replace(
        evaluation,
        alarms=tuple((component, verdict) for component, verdict, _ in known),
        discoveries=tuple((component, one) for component, _, one in known),
    )


def evaluate(plan: ModelPlan, predictions: Mapping[str, Summaries], outcomes: Mapping[str, Summaries]) -> Evaluation:
    """Evaluate a model from its windows, by label: of predictions, and of joined outcomes.

    Quantiles and scores are those of the windows themselves. A window that is compared with an earlier one has drift.
    """
    failures: Counter[tuple[str, str]] = Counter()
    components: list[ComponentReading] = []
    scores: list[ScoreReading] = []
    drifted: dict[str, float] = {}
    overall: dict[str, float] = {}
    for spec in plan.windows:
        readings = [
            *_components(plan.prediction_components, plan.prediction_groups, predictions, spec, failures),
            *_components(plan.outcome_components, plan.outcome_groups, outcomes, spec, failures),
        ]
        components += readings
        drifted[spec.label] = _drifted(readings)
        overall[spec.label] = _overall(readings)
        if spec.earlier is None:
            predicted, joined = predictions[spec.base], outcomes[spec.base]
            for score in plan.scores:
                summaries = [(joined if score.outcome else predicted)[place] for place in score.components]
                scores.append(ScoreReading(score.name, spec.label, measure(score, summaries, failures)))
    slips = tuple(_slips(plan, predictions[plan.windows[0].base])) if plan.windows else ()
    return Evaluation(tuple(components), tuple(scores), drifted, failures, overall, slips=slips)


def _slips(plan: ModelPlan, window: Summaries) -> Iterator[tuple[Component, str]]:
    for component, summary in zip(plan.prediction_components, window, strict=True):
        unit = slip(component.reference, summary)
        if unit is not None:
            yield component, unit


def _components(
    components: Sequence[Component],
    groups: Sequence[Group],
    windows: Mapping[str, Summaries],
    spec: WindowSpec,
    failures: Counter[tuple[str, str]],
) -> Iterator[ComponentReading]:
    window = windows[spec.base]
    before = None if spec.earlier is None else windows[spec.label]
    found: dict[int, tuple[dict[str, float], dict[str, float], dict[str, float]]] = {}
    for group in groups:
        reference = group.reference if before is None else group.stack(before)
        compared = compare(group, group.stack(window), failures, reference)
        found |= {place: compared.row(row) for row, place in enumerate(group.places)}
    for place, (component, summary) in enumerate(zip(components, window, strict=True)):
        quantiles = _quantiles(summary) if before is None else ()
        yield ComponentReading(component, spec.label, summary.n, *found[place], quantiles)


def _quantiles(summary: ComponentSummary) -> tuple[float, ...]:
    if summary.histogram is None:
        return ()
    return tuple(summary.histogram.quantiles(np.array(QUANTILES)).tolist())


def _drifted(readings: Sequence[ComponentReading]) -> float:
    """Return the share of components whose first statistic is over its threshold; NaN where none can be judged."""
    verdicts = []
    for reading in readings:
        name, (_, threshold) = next(iter(statistics(reading.component).items()))
        if not math.isnan(reading.drift[name]):
            verdicts.append(reading.drift[name] > threshold)
    return sum(verdicts) / len(verdicts) if verdicts else math.nan


def _overall(readings: Sequence[ComponentReading]) -> float:
    """Return the mean effect of the input components that are judged, by importance; NaN where none is."""
    judged = [r for r in readings if r.component.role == "input" and not math.isnan(r.effect)]
    weights = [reading.component.spec.importance for reading in judged]
    effects = (weight * reading.effect for weight, reading in zip(weights, judged, strict=True))
    return sum(effects) / sum(weights) if judged else math.nan
