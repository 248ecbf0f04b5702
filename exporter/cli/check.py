"""`check`: whether a configuration is right, and what it would watch."""

import argparse
from collections import Counter
from collections.abc import Iterator

from exporter.app import Fleet, plugins
from exporter.cli import loading
from exporter.cli.console import complain, say
from exporter.cli.failure import reported
from exporter.config import ModelConfig
from exporter.plan import ModelPlan


def main(arguments: argparse.Namespace) -> int:
    """Print every problem, or a summary of what would be watched; CommandError for problems."""
    config = loading.configuration(arguments.config_file)
    with reported(ValueError, prefix=f"{arguments.config_file}: "):
        models = Fleet(config).models
    say(f"{arguments.config_file} is valid")
    for model, written in zip(models, config.models, strict=True):
        say("\n".join(_model(model.plan, written, model.series)))
    say(f"sources: {', '.join(f'{source.name} ({source.decoder})' for source in config.sources)}")
    if others := list(plugins.installed()):
        say(f"plug-ins of other packages: {', '.join(others)}")
    for failure in plugins.failures():
        complain(f"left out: {failure}")
    return 0


def _model(plan: ModelPlan, config: ModelConfig, series: int) -> Iterator[str]:
    roles = Counter(component.role for component in plan.profile.components)
    yield f"{plan.profile.name} {plan.profile.version} ({config.profile})"
    yield f"  components: {', '.join(f'{count} {role}' for role, count in roles.items())}"
    yield f"  scores: {', '.join(score.spec.name for score in plan.profile.scores) or 'none'}"
    yield f"  windows: {', '.join(window.label for window in plan.windows)}"
    yield f"  series: at most {series:,}"
