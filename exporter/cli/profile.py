"""`profile infer`, `profile build` and `profile show`: from a log to a spec, from a spec to a profile, and back."""

import argparse
import time
from pathlib import Path

from exporter.cli import loading
from exporter.cli.console import say
from exporter.cli.failure import reported
from exporter.cli.profile_text import describe
from exporter.cli.progress import lines
from exporter.cli.spec_text import BUILD, spec_text
from exporter.profile import ProfileError, build, columns_of, dump


def main(arguments: argparse.Namespace) -> int:
    """Do what the action says."""
    {"infer": _infer, "build": _build, "show": _show}[arguments.action](arguments)
    return 0


def _infer(arguments: argparse.Namespace) -> None:
    with reported(ProfileError):
        text = spec_text(lines(arguments.logs, "reading"), arguments.name, arguments.version)
    if arguments.output is None:
        say(text.removesuffix("\n"))
        return
    with reported():
        Path(arguments.output).write_text(text)
    say(f"{arguments.output}: edit it, then build the profile with\n  {BUILD}")


def _build(arguments: argparse.Namespace) -> None:
    spec = loading.spec(arguments.spec)
    with reported(ProfileError):
        columns = columns_of(spec, lines(arguments.reference, "reading"))
        profile = build(spec, columns, built=time.time())
    path = Path(arguments.output)
    if path.suffix != ".json":
        path /= f"{profile.name}@{profile.version}.json"
    with reported():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.part")
        part.write_bytes(dump(profile))
        part.replace(path)
    say(str(path))


def _show(arguments: argparse.Namespace) -> None:
    say(describe(loading.profile(arguments.file)))
