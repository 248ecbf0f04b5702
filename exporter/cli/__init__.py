"""The command line. A command's own module is imported only when it runs, so that `--version` answers at once."""

import os
import sys
from collections.abc import Sequence
from importlib import import_module

from exporter.cli.console import complain, prepare
from exporter.cli.failure import CommandError
from exporter.cli.parser import PROGRAM, build_parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command; returns its exit code: 0, 1 for bad input or a failed check, 2 for a wrong call."""
    prepare()
    # What is multiplied here is small: more threads would only wait for each other, and that on a core of the model's.
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    given = build_parser().parse_args(arguments)
    try:
        code = import_module(f"exporter.cli.{given.command}").main(given)
        sys.stdout.flush()
    except CommandError as error:
        complain(f"{PROGRAM}: {error}")
        return error.code
    except BrokenPipeError:
        # The reader of the output (`| head`) has had enough; Python would complain once more at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return int(code)
