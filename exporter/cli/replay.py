"""`replay`: finished logs in, the metrics they would have given out."""

import argparse
import sys
from pathlib import Path

from exporter import app
from exporter.cli import loading
from exporter.cli.failure import CommandError, reported
from exporter.cli.progress import Progress
from exporter.exposition.negotiate import Format


def main(arguments: argparse.Namespace) -> int:
    """Read the logs once and print the metrics."""
    config = loading.configuration(arguments.config_file)
    for path in arguments.logs:
        if not Path(path).is_file():
            raise CommandError(f"{path}: no such file")
    progress = Progress("reading", sum(Path(path).stat().st_size for path in arguments.logs))
    first = config.sources[0]
    images = arguments.images or getattr(first, "images", None)
    try:
        with reported(ValueError):
            fmt = Format[arguments.format.upper()]
            text = app.replay(config, arguments.logs, fmt, progress.add, first.decoder, images=images)
    finally:
        progress.close()
    sys.stdout.buffer.write(text)
    return 0
