"""How many series a model costs, known before a record is read: every label value is fixed by its profile."""

from dataclasses import fields, replace

from exporter.alarm import Verdict
from exporter.attributions import associated, attributed
from exporter.engine import Engine
from exporter.estimation import confused, estimated
from exporter.evaluate import Evaluation, evaluate
from exporter.exposition.families import ModelLines
from exporter.exposition.quality import FIELDS
from exporter.fairness import METRICS
from exporter.plan import ModelPlan
from exporter.process import ProcessSample
from exporter.quality import CHANGES
from exporter.scores import Measurement
from exporter.segments import FLOOR, Cut, Slice
from exporter.slicing import Slicing, sliced

_QUIET = Verdict(-1.0, firing=False, tolerance=0.01, kind="shape", since=0.0)


def series(plan: ModelPlan, *, watched: bool) -> int:
    """Return the series of a model once every statistic and score has its sample; `watched` if its process is."""
    engine = Engine(plan)
    quality = replace(engine.state.quality, runs=(1,) * len(plan.prediction_components))
    state = replace(engine.state, quality=quality, last_prediction=0.0, segments=tuple(map(_full, plan.cuts)))
    evaluation = evaluate(plan, state.predictions.windows(0.0), state.outcomes.windows(0.0))
    slicing = sliced(plan, state.segments, 0.0, evaluation.failures)
    streams = state.estimates.windows(0.0), state.checks.windows(0.0)
    estimates = tuple(estimated(plan, streams, evaluation.realised, evaluation.failures))
    confusions = tuple(confused(plan, streams[0]))
    put_down = tuple(attributed(plan, state.attributions.windows(0.0)))
    evaluation = replace(
        evaluation,
        slicing=slicing,
        estimates=estimates,
        confusions=confusions,
        attributions=put_down,
        associations=tuple(associated(plan, state.associations.windows(0.0))),
    )
    families = ModelLines(plan).families(state, _complete(plan, evaluation))
    fair = sum((cut.segment.slices + 1) * len(cut.windows) for cut in plan.cuts if cut.segment.fairness is not None)
    changing = len(plan.prediction_components) + FIELDS * len(CHANGES)  # a unit slip of each, fields that change
    fixed = changing + len(fields(ProcessSample)) * watched + fair * len(METRICS) * 4  # value, interval and samples
    return fixed + sum(family.body.count("\n") for family in families)


def _full(cut: Cut) -> dict[str, Slice]:
    """Return as many slices of a segment as there may be."""
    one = replace(cut.empty(), count=FLOOR)
    return {str(number): one for number in range(cut.segment.slices)}


def _judged(slicing: Slicing) -> Slicing:
    known = Measurement(0.0, 0, 0.0, 0.0)
    return Slicing(
        tuple(replace(gap, found=known, gap=0.0, lower=0.0, upper=0.0, rank=1) for gap in slicing.gaps),
        tuple(replace(reading, drift=0.0) for reading in slicing.readings),
        estimates=tuple(replace(estimate, found=known) for estimate in slicing.estimates),
    )


def _complete(plan: ModelPlan, evaluation: Evaluation) -> Evaluation:
    """Return the evaluation with a number wherever one is missing."""
    components = tuple(
        replace(
            reading,
            drift=dict.fromkeys(reading.drift, 0.0),
            noise=dict.fromkeys(reading.noise, 0.0),
            p_value=dict.fromkeys(reading.p_value, 0.0),
            quantiles=tuple(0.0 for _ in reading.quantiles),
        )
        for reading in evaluation.components
    )
    scores = tuple(replace(score, found=Measurement(0.0, 0, 0.0, 0.0)) for score in evaluation.scores)
    estimates = tuple(replace(one, found=Measurement(0.0, 0, 0.0, 0.0), error=0.0) for one in evaluation.estimates)
    confusions = tuple(replace(one, counts=dict.fromkeys(one.counts, 0.0)) for one in evaluation.confusions)
    watched = (*plan.prediction_components, *plan.outcome_components)
    return replace(
        evaluation,
        components=components,
        scores=scores,
        estimates=estimates,
        confusions=confusions,
        drifted=dict.fromkeys(evaluation.drifted, 0.0),
        overall=dict.fromkeys(evaluation.overall, 0.0),
        alarms=tuple((component, _QUIET) for component in watched),
        discoveries=tuple((component, False) for component in watched),
        slicing=_judged(evaluation.slicing),
        attributions=tuple(
            replace(reading, means=(0.0,) * len(reading.means), ndcg=1.0, lower=1.0, upper=1.0)
            for reading in evaluation.attributions
        ),
        associations=tuple(
            replace(reading, strengths=(0.0,) * len(reading.strengths)) for reading in evaluation.associations
        ),
    )
