"""All that is fixed at start about one model: columns, measures, windows, extractors, statistics and scores."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from msgspec.structs import replace as replace_struct

from exporter.alarm import Bank, Watched
from exporter.batch import Field, Schema
from exporter.drift import DEFAULT, Statistic
from exporter.drift import PLUGINS as STATISTICS
from exporter.extractors import Bound
from exporter.profile import Component, Profile, ScoreReference, scored
from exporter.scores import Score
from exporter.summaries import Categories, Grid, Layout, Measure, Stack
from exporter.windows import Summaries, WindowSpec

LATENCY_EDGES = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
DELAY_EDGES = (1.0, 10.0, 60.0, 600.0, 3600.0, 21600.0, 86400.0, 604800.0, 2592000.0)
WAIT = 7 * 86400.0
PENDING = 1_000_000
CATEGORIES = 50
TOLERANCE = 0.01
STEPS = 90 * 86400 / 15
MAIN_WEIGHT = 5.0  # of a main component's share of the false alarms, beside 1 of the others
OUTPUT_WEIGHT = 3.0  # what the model predicts depends on all that it was given: it shows most kinds of drift


@dataclass(frozen=True, slots=True)
class EvalStep:
    """How an eval component is computed: from which output and actual column, and by what function."""

    component: Component
    output: int
    actual: int
    compute: Bound

    @property
    def extractor(self) -> str:
        """Return the extractor's name."""
        return next(iter(self.component.spec.extractor or ()), "")


@dataclass(frozen=True, slots=True)
class ScorePlan:
    """A score and the places of the components that it reads among those of outcomes, or else of predictions."""

    reference: ScoreReference
    score: Score
    components: tuple[int, ...]
    outcome: bool = True


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Components of one kind, by their places in a stream, that are compared with their references at once.

    `tested` are the statistics whose p-values are wanted.
    """

    places: tuple[int, ...]
    layout: Layout
    reference: Stack
    statistics: Mapping[str, Statistic]
    tested: frozenset[str] = frozenset()

    def stack(self, summaries: Summaries) -> Stack:
        """Return the group's components of a stream side by side."""
        return self.layout.stack([summaries[place] for place in self.places])


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """One model and version.

    `schema.fields` are the logged components. `predicted` are the places in it of input and output components, which
    every prediction should carry; `actual` those of actual components. Outcomes, which exist once prediction and actual
    are joined, have the components `actual` and then `evals`. `kept` are the places that a waiting prediction keeps.
    """

    profile: Profile
    schema: Schema
    windows: tuple[WindowSpec, ...]
    latency: Measure
    delay: Measure
    wait: float
    pending: int
    predicted: tuple[int, ...]
    actual: tuple[int, ...]
    kept: tuple[int, ...]
    evals: tuple[EvalStep, ...]
    prediction_components: tuple[Component, ...]
    outcome_components: tuple[Component, ...]
    scores: tuple[ScorePlan, ...]
    prediction_groups: tuple[Group, ...]
    outcome_groups: tuple[Group, ...]
    bank: Bank

    @property
    def labels(self) -> tuple[str, str]:
        """Return the values of the labels model and version."""
        return self.schema.model, self.schema.version


def plan(
    profile: Profile,
    windows: Sequence[WindowSpec],
    *,
    latency_edges: Sequence[float] = LATENCY_EDGES,
    wait: float = WAIT,
    pending: int = PENDING,
    categories: int = CATEGORIES,
    tolerance: float = TOLERANCE,
    steps: float = STEPS,
    more: Sequence[str] = (),
) -> ModelPlan:
    """Fix what a model's records are turned into; ValueError where extractors do not fit their components.

    A component may move by `tolerance` (on the scale of PSI), and evaluations may cause one false alarm in `steps`.
    The statistics `more` are taken of every component of their kind, with their p-values.
    A profile of what was observed at its worst may have components without a value: it is no reference.
    """
    if empty := [" ".join(component.spec.key) for component in profile.components if not component.reference.n]:
        raise ValueError(f"the reference has no value of {', '.join(empty)}")
    components = [_measured(component, more) for component in profile.components]
    logged = [_capped(component, categories) for component in components if component.role != "eval"]
    fields = tuple(component.field for component in logged)
    actual = tuple(i for i, field in enumerate(fields) if field.role == "actual")
    evals = tuple(_eval_step(c, fields) for c in components if c.role == "eval")
    outcome = (*(logged[i] for i in actual), *(step.component for step in evals))
    predicted = tuple(i for i, field in enumerate(fields) if field.role != "actual")
    prediction = tuple(logged[i] for i in predicted)
    return ModelPlan(
        profile=profile,
        schema=Schema(profile.name, profile.version, fields, ids=bool(outcome)),
        windows=tuple(windows),
        latency=fixed(latency_edges),
        delay=fixed(DELAY_EDGES),
        wait=wait,
        pending=pending,
        predicted=predicted,
        actual=actual,
        kept=tuple(dict.fromkeys(step.output for step in evals)),
        evals=evals,
        prediction_components=prediction,
        outcome_components=outcome,
        scores=tuple(_score_plan(score, prediction, outcome) for score in profile.scores),
        prediction_groups=tuple(_groups(prediction, frozenset(more))),
        outcome_groups=tuple(_groups(outcome, frozenset(more))),
        bank=Bank.of([_watched(component) for component in (*prediction, *outcome)], tolerance, steps),
    )


def _watched(component: Component) -> Watched:
    spec = component.spec
    return Watched(
        component.reference,
        weight=MAIN_WEIGHT if spec.main else OUTPUT_WEIGHT if component.role == "output" else 1.0,
        harm=spec.eval_extractor().harm if component.role == "eval" else (),
        gaps=component.role != "eval",
        complete=component.measure.complete,
        dispersion=component.unrest.dispersion,
        season=component.unrest.season,
    )


def _measured(component: Component, more: Sequence[str]) -> Component:
    """Return the component with the thresholds of further statistics, where it has none of its own for them."""
    thresholds = {name: STATISTICS[name].threshold for name in more} | dict(component.spec.thresholds)
    return replace(component, spec=replace_struct(component.spec, thresholds=thresholds))


def _groups(components: Sequence[Component], tested: frozenset[str]) -> Iterator[Group]:
    alike: dict[tuple[bool, tuple[str, ...]], list[int]] = {}
    for place, component in enumerate(components):
        alike.setdefault((component.field.levels is None, tuple(statistics(component))), []).append(place)
    for (_, names), places in alike.items():
        references = [components[i].reference for i in places]
        layout = Layout.of(references)
        chosen = {name: STATISTICS[name] for name in names}
        yield Group(tuple(places), layout, layout.stack(references), chosen, tested)


def _score_plan(reference: ScoreReference, prediction: Sequence[Component], outcome: Sequence[Component]) -> ScorePlan:
    joined = [component.spec.key for component in outcome]
    alone = [component.spec.key for component in prediction]
    keys = scored(reference.spec, (*joined, *alone))
    places = joined if keys[0] in joined else alone
    if not set(keys) <= set(places):
        raise ValueError(f"score {reference.spec.name} reads predictions and outcomes, which are of different records")
    components = tuple(places.index(key) for key in keys)
    return ScorePlan(reference, reference.spec.resolved(), components, outcome=places is joined)


def _capped(component: Component, limit: int) -> Component:
    """Return a category component with no more levels than the limit; the rest of the reference becomes `__other__`."""
    reference = component.reference.categories
    if reference is None or len(reference.levels) <= limit:
        return component
    levels = reference.levels[:limit]
    counts = np.append(reference.counts[:limit], reference.counts[limit:].sum())
    return replace(
        component,
        field=replace(component.field, levels=levels),
        measure=Measure(levels=levels, complete=False),
        reference=replace(component.reference, categories=Categories(levels, counts)),
    )


def _eval_step(component: Component, fields: Sequence[Field]) -> EvalStep:
    extractor = component.spec.eval_extractor()
    places = {(field.role, field.name): i for i, field in enumerate(fields)}
    output, actual = places["output", extractor.output], places["actual", extractor.actual]
    try:
        return EvalStep(component, output, actual, extractor.bind(fields[output], fields[actual]))
    except ValueError:
        raise
    except Exception as error:  # a plug-in may raise anything
        raise ValueError(f"eval {component.name}: {type(error).__name__}: {error}") from error


def fixed(edges: Sequence[float]) -> Measure:
    """Return the measure of a histogram on edges that are given, all of them exposed."""
    grid = Grid(np.array(edges, np.float64), np.arange(len(edges)), np.zeros(len(edges) + 1, np.bool_))
    return Measure(grid)


def statistics(component: Component) -> Mapping[str, tuple[Statistic, float]]:
    """Return the drift statistics of a component with their thresholds: the default ones, then any its spec names."""
    kind, thresholds = "numeric" if component.field.levels is None else "category", component.spec.thresholds
    named = {name: STATISTICS[name] for name in (*DEFAULT, *thresholds)}
    return {
        name: (statistic, thresholds.get(name, statistic.threshold))
        for name, statistic in named.items()
        if kind in statistic.kinds
    }


def plug_ins(plan: ModelPlan) -> set[tuple[str, str]]:
    """Return the statistics, scores and extractors that a model uses, as (kind, name)."""
    components = (*plan.prediction_components, *plan.outcome_components)
    used = {("drift", name) for component in components for name in statistics(component)}
    used |= {("score", score.reference.spec.name) for score in plan.scores}
    return used | {("extractor", step.extractor) for step in plan.evals}
