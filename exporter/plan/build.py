"""Makes the plan of a model from its profile and configuration."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from hashlib import blake2b

import numpy as np
from msgspec.structs import replace as replace_struct

from exporter.alarm import Bank, Watched
from exporter.batch import Field, Schema
from exporter.drift import PLUGINS as STATISTICS
from exporter.joins import Kept, layout
from exporter.plan.model import AssociationStep, EvalStep, Group, ModelPlan, ScorePlan, statistics
from exporter.plan.slices import binary_of, cut_of, groups_of
from exporter.profile import Component, Estimates, Profile, ScoreReference, estimates, pairing, scored
from exporter.quality import LEVEL, Expectation, step_of
from exporter.segments import Segment, columns, tags
from exporter.summaries import Categories, Grid, Layout, Measure
from exporter.windows import WindowSpec

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
class Shown:
    """What is shown of flagged predictions: the paths of tags, their values, their ids where no actuals need these."""

    tags: tuple[str, ...] = ()
    values: bool = False
    ids: bool = False


HIDDEN = Shown()


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
    segments: tuple[Segment, ...] = (),
    expectations: tuple[Expectation, ...] = (),
    level: float = LEVEL,
    shown: Shown = HIDDEN,
) -> ModelPlan:
    """Fix what a model's records are turned into; ValueError where extractors do not fit their components.

    A component may move by `tolerance` (on the scale of PSI), and evaluations may cause one false alarm in `steps`.
    Outliers are those beyond the reference's quantile of a `level`.
    The statistics `more` are taken of every component of their kind, with their p-values.
    A profile of what was observed at its worst may have components without a value: it is no reference.
    """
    if empty := [" ".join(component.spec.key) for component in profile.components if not component.reference.n]:
        raise ValueError(f"the reference has no value of {', '.join(empty)}")
    components = [_measured(component, more) for component in profile.components]
    logged = [_capped(component, categories) for component in components if component.role != "eval"]
    asked = dict.fromkeys([*columns(segments), *(key for one in expectations for key in one.columns)])
    made = {key: place for key, place in _extracted(logged).items() if key in asked}
    extra = [key for key in asked if key not in made]
    tagged = tuple(dict.fromkeys([*tags(segments), *(path for one in expectations for path in one.tags), *shown.tags]))
    read = (Field(path, "input", path, levels) for path, levels in extra)
    parts = profile.attributions.fields()
    fields = (*(component.field for component in logged), *read, *parts)
    actual = tuple(i for i, component in enumerate(logged) if component.role == "actual")
    evals = tuple(_eval_step(c, fields) for c in components if c.role == "eval")
    outcome = (*(logged[i] for i in actual), *(step.component for step in evals))
    predicted = tuple(i for i, component in enumerate(logged) if component.role != "actual")
    prediction = tuple(logged[i] for i in predicted)
    first = len(fields) + len(segments)
    estimated = estimates(profile, fields[: len(logged)], first)
    scores = tuple(_score_plan(score, prediction, outcome, estimated) for score in profile.scores)
    binary = binary_of(prediction, outcome)
    cuts = tuple(cut_of(segment, prediction, outcome, (scores, binary, estimated), windows) for segment in segments)
    read_later = dict.fromkeys([step.output for step in evals] + [i for step in estimated.steps for i in step.inputs])
    outputs, losses = [i for i in read_later if i < first], [i for i in read_later if i >= first]
    inputs = [component.name if component.role == "input" else "" for component in prediction]
    codes = range(len(fields), len(fields) + len(segments)) if outcome else ()
    waiting = (
        *(_kept(logged[i]) for i in outputs),
        *(Kept(estimated.losses[i - first].name, numeric=True) for i in losses),
        *(_code(segment) for segment in (segments if outcome else ())),
        *(_kept(logged[i]) for i in actual),
    )
    layout(waiting)  # that there is one
    return ModelPlan(
        profile=profile,
        schema=Schema(profile.name, profile.version, fields, ids=bool(outcome) or shown.ids, tags=tagged),
        windows=tuple(windows),
        latency=fixed(latency_edges),
        delay=fixed(DELAY_EDGES),
        wait=wait,
        pending=pending,
        predicted=predicted,
        actual=actual,
        kept=(*outputs, *losses, *codes),
        waiting=waiting,
        evals=evals,
        prediction_components=prediction,
        outcome_components=outcome,
        scores=scores,
        prediction_groups=tuple(_groups(prediction, frozenset(more))),
        outcome_groups=tuple(_groups(outcome, frozenset(more))),
        bank=Bank.of([_watched(component) for component in (*prediction, *outcome)], tolerance, steps),
        cuts=cuts,
        cut_groups=tuple(tuple(groups_of([prediction[i] for i in cut.predicted])) for cut in cuts),
        binary=binary,
        expectations=expectations,
        detectors=tuple(step_of(detector, inputs, level) for detector in profile.detectors),
        shown=shown.values,
        attributions=tuple(range(len(fields) - len(parts), len(fields))),
        associations=_associations(profile, prediction),
        extra=made | {key: len(logged) + place for place, key in enumerate(extra)},
        estimates=estimated,
    )


def _extracted(logged: Sequence[Component]) -> dict[tuple[str, None], int]:
    """Return the places of numbers that extractors make, by the path that the number would have in the record."""
    numbers = ((i, c) for i, c in enumerate(logged) if c.spec.extractor is not None and c.field.levels is None)
    return {(f"{c.role}.{c.name}", None): place for place, c in numbers}


def _associations(profile: Profile, prediction: Sequence[Component]) -> AssociationStep | None:
    """Plan what is held against each other, if the profile knows how that was in the reference."""
    found = pairing(prediction)
    if found is None or set(found.inputs) != set(profile.associations):
        return None
    keys = [component.spec.key for component in prediction]
    places = (*(keys.index(("input", name)) for name in found.inputs), keys.index(("output", found.output_name)))
    return AssociationStep(found, places, found.measure())


def _kept(component: Component) -> Kept:
    """Describe a kept column; its name tells it from all others, categories with other codes included."""
    levels, actual = component.field.levels, component.role == "actual"
    coding = "" if levels is None else blake2b("\n".join(levels).encode(), digest_size=6).hexdigest()
    width = component.field.width
    coding = coding if width == 1 else f"{width}"
    awaited = actual and not component.reference.presence.missing
    return Kept(f"{component.role} {component.name} {coding}".strip(), levels is None, actual, awaited, width)


def _code(segment: Segment) -> Kept:
    """Describe the kept column of a segment's codes, which mean the same as long as its definition does."""
    return Kept(f"segment {segment.name} {blake2b(repr(segment).encode(), digest_size=6).hexdigest()}", numeric=False)


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
    for places in alike.values():
        references = [components[i].reference for i in places]
        layout = Layout.of(references)
        chosen = {name: statistic for name, (statistic, _) in statistics(components[places[0]]).items()}
        yield Group(tuple(places), layout, layout.stack(references), chosen, tested)


def _score_plan(
    reference: ScoreReference, prediction: Sequence[Component], outcome: Sequence[Component], estimated: Estimates
) -> ScorePlan:
    joined = [component.spec.key for component in outcome]
    alone = [component.spec.key for component in prediction]
    keys = scored(reference.spec, (*joined, *alone))
    places = joined if keys[0] in joined else alone
    if not set(keys) <= set(places):
        raise ValueError(f"score {reference.spec.name} reads predictions and outcomes, which are of different records")
    components = tuple(places.index(key) for key in keys)
    estimate = estimated.scores.get(reference.spec.name)
    return ScorePlan(reference, reference.spec.resolved(), components, places is joined, estimate)


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
