"""What the benchmarks share: the rows of a table, and processes with an environment of their own to measure in."""

import json
import subprocess
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table; `met` is None where there is no goal."""

    what: str
    result: str
    goal: str = ""
    met: bool | None = None

    @property
    def cells(self) -> tuple[str, str, str, str]:
        return self.what, self.result, self.goal, {True: "yes", False: "NO", None: ""}[self.met]


def aligned(table: Iterable[Row]) -> str:
    """Lay a table out for a terminal."""
    lines = [("", "result", "goal", "met"), *(row.cells for row in table)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip() for cells in lines
    )


def in_turn(program: str, pythons: dict[str, str | None], rounds: int) -> dict[str, list[dict[str, float] | None]]:
    """Run `program NAME` for every name, in turn: A B C A B C.

    Returns what they print by name; nothing of a name without an interpreter, None where a run failed.
    """
    found: dict[str, list[dict[str, float] | None]] = {name: [] for name in pythons}
    for turn in range(rounds):
        for name, python in pythons.items():
            print(f"\rround {turn + 1}/{rounds} {name:<20}", end="", file=sys.stderr, flush=True)
            if python:
                found[name].append(_run([python, program, name]))
    print(file=sys.stderr)
    return found


def _run(command: list[str]) -> dict[str, float] | None:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.stderr.write(done.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def environment(place: str, packages: Iterable[str]) -> str | None:
    """Install packages where nothing else is; returns the interpreter, None where they cannot be had."""
    python = str(Path(place) / "bin" / "python")
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--retries", "2", *packages]
    for command in ([sys.executable, "-m", "venv", place], pip):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            sys.stderr.write(done.stderr)
            return None
    return python
