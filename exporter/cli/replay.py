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
    decoder = config.sources[0].decoder
    try:
        with reported():
            text = app.replay(config, arguments.logs, Format[arguments.format.upper()], progress.add, decoder)
    finally:
        progress.close()
    sys.stdout.buffer.write(text)
    return 0
