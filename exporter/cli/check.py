"""`check`: whether a configuration is right, and what it would watch."""

import argparse
from collections import Counter
from collections.abc import Iterator
from dataclasses import fields, replace

from exporter.app import Fleet
from exporter.cli import loading
from exporter.cli.console import complain, say
from exporter.config import Config, ModelConfig
from exporter.engine import Engine
from exporter.evaluate import Evaluation, evaluate
from exporter.exposition.families import ModelLines
from exporter.plan import ModelPlan
from exporter.process import ProcessSample


def main(arguments: argparse.Namespace) -> int:
    """Print every problem, or a summary of what would be watched; CommandError for problems."""
    config = loading.configuration(arguments.config_file)
    plans = [model.plan for model in Fleet(config).models]
    series = [_series(plan, model) for plan, model in zip(plans, config.models, strict=True)]
    say(f"{arguments.config_file} is valid")
    for plan, model, count in zip(plans, config.models, series, strict=True):
        say("\n".join(_model(plan, model, count)))
    say(f"sources: {', '.join(f'{source.name} ({source.decoder})' for source in config.sources)}")
    _warn(config, sum(series))
    return 0


def _model(plan: ModelPlan, config: ModelConfig, series: int) -> Iterator[str]:
    roles = Counter(component.role for component in plan.profile.components)
    yield f"{plan.profile.name} {plan.profile.version} ({config.profile})"
    yield f"  components: {', '.join(f'{count} {role}' for role, count in roles.items())}"
    yield f"  scores: {', '.join(score.spec.name for score in plan.profile.scores) or 'none'}"
    yield f"  windows: {', '.join(window.label for window in plan.windows)}"
    yield f"  series: at most {series:,}"


def _series(plan: ModelPlan, config: ModelConfig) -> int:
    """Count what a scrape shows of a model once every statistic and score has its sample."""
    state = replace(Engine(plan).state, last_prediction=0.0)
    evaluation = evaluate(plan, state.predictions.windows(0.0), state.outcomes.windows(0.0))
    families = ModelLines(plan).families(state, _complete(evaluation))
    watched = 0 if config.process is None else len(fields(ProcessSample))
    return watched + sum(family.body.count("\n") for family in families)


def _complete(evaluation: Evaluation) -> Evaluation:
    """Return the evaluation with a number wherever one is missing."""
    components = tuple(
        replace(reading, drift=dict.fromkeys(reading.drift, 0.0), quantiles=tuple(0.0 for _ in reading.quantiles))
        for reading in evaluation.components
    )
    scores = tuple(replace(score, value=0.0) for score in evaluation.scores)
    return replace(evaluation, components=components, scores=scores, drifted=dict.fromkeys(evaluation.drifted, 0.0))


def _warn(config: Config, series: int) -> None:
    if series > config.limits.series:
        complain(
            f"warning: {series:,} series are more than limits.series allows ({config.limits.series:,}); "
            "use fewer windows or components, or a lower limits.categories"
        )
