"""`metrics`: the catalogue of all metrics."""

import argparse
from collections.abc import Iterator

from exporter.catalog import METRICS, Metric
from exporter.cli.console import say


def main(arguments: argparse.Namespace) -> int:
    """Print the catalogue."""
    lines = _markdown() if arguments.format == "markdown" else (line for metric in METRICS for line in _text(metric))
    say("\n".join(lines))
    return 0


def _text(metric: Metric) -> Iterator[str]:
    labels = f"{{{','.join(metric.labels)}}}" if metric.labels else ""
    yield f"{metric.name}{labels} {metric.kind}"
    yield f"    {metric.help}"


def _markdown() -> Iterator[str]:
    yield "| metric | type | labels | meaning |"
    yield "|---|---|---|---|"
    for metric in METRICS:
        labels = " ".join(f"`{label}`" for label in metric.labels)
        yield f"| `{metric.name}` | {metric.kind} | {labels} | {metric.help.replace('|', chr(92) + '|')} |"
