"""`demo`: real models and a fault on schedule."""

import argparse
from pathlib import Path

from exporter import demo
from exporter.cli import logs
from exporter.cli.failure import USAGE, CommandError, reported
from exporter.config import parse_duration


def main(arguments: argparse.Namespace) -> int:
    """Play the demo."""
    logs.set_up(arguments.log_level, arguments.log_format)
    directory = None if arguments.directory is None else Path(arguments.directory)
    duration = None if arguments.duration is None else _duration(arguments.duration)
    with reported():
        return demo.main(arguments.web_listen_address, arguments.speed, duration, directory, arguments.only)


def _duration(text: str) -> float:
    """Return seconds, 0 for a demo without an end."""
    if text in ("0", "0s"):
        return 0.0
    try:
        return parse_duration(text)
    except ValueError as error:
        raise CommandError(f"--duration: {error}", USAGE) from None
