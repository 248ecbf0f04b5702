"""What commands print: results on standard output, complaints on standard error."""

import io
import sys


def prepare() -> None:
    """Let text of any log be printed on a terminal of any encoding."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def say(text: str) -> None:
    """Print a line, or several."""
    sys.stdout.write(f"{text}\n")


def complain(text: str) -> None:
    """Print a line about what went wrong."""
    sys.stderr.write(f"{text}\n")
