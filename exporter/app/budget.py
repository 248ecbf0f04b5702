"""How many series a model costs, known before a record is read: every label value is fixed by its profile."""

from dataclasses import fields, replace

from exporter.engine import Engine
from exporter.evaluate import Evaluation, evaluate
from exporter.exposition.families import ModelLines
from exporter.plan import ModelPlan
from exporter.process import ProcessSample


def series(plan: ModelPlan, *, watched: bool) -> int:
    """Return the series of a model once every statistic and score has its sample; `watched` if its process is."""
    state = replace(Engine(plan).state, last_prediction=0.0)
    evaluation = evaluate(plan, state.predictions.windows(0.0), state.outcomes.windows(0.0))
    families = ModelLines(plan).families(state, _complete(evaluation))
    return len(fields(ProcessSample)) * watched + sum(family.body.count("\n") for family in families)


def _complete(evaluation: Evaluation) -> Evaluation:
    """Return the evaluation with a number wherever one is missing."""
    components = tuple(
        replace(reading, drift=dict.fromkeys(reading.drift, 0.0), quantiles=tuple(0.0 for _ in reading.quantiles))
        for reading in evaluation.components
    )
    scores = tuple(replace(score, value=0.0) for score in evaluation.scores)
    return replace(evaluation, components=components, scores=scores, drifted=dict.fromkeys(evaluation.drifted, 0.0))
