"""`profile infer`, `build`, `show` and `diff`: from a log to a spec, from it to a profile, and what that says."""

import argparse
import time
from itertools import islice
from pathlib import Path

from exporter.api.contrasting import compare
from exporter.api.files import save, write
from exporter.api.spec_text import BUILD, spec_text
from exporter.cli import loading
from exporter.cli.console import complain, say
from exporter.cli.contrast_text import difference
from exporter.cli.failure import CommandError, reported
from exporter.cli.profile_text import describe
from exporter.cli.progress import lines
from exporter.decoders.native import rows_of
from exporter.profile import ProfileError, build, columns_of
from exporter.profile.infer import SAMPLE
from exporter.report import contrast_page, profile_page
from exporter.sources.images import Images


def main(arguments: argparse.Namespace) -> int:
    """Do what the action says; returns the exit code."""
    return {"infer": _infer, "build": _build, "show": _show, "diff": _diff}[arguments.action](arguments)


def _infer(arguments: argparse.Namespace) -> int:
    with reported(ProfileError):
        records = list(islice(rows_of(lines(arguments.logs, "reading")), SAMPLE))
        text = spec_text(records, arguments.name, arguments.version)
    if arguments.output is None:
        say(text.removesuffix("\n"))
        return 0
    with reported():
        Path(arguments.output).write_text(text)
    say(f"{arguments.output}: edit it, then build the profile with\n  {BUILD}")
    return 0


def _build(arguments: argparse.Namespace) -> int:
    spec, images = loading.spec(arguments.spec), Images(arguments.images)
    try:
        with reported(ProfileError):
            columns = columns_of(spec, loading.log(arguments.reference, images), files=images)
            profile = build(spec, columns, built=time.time())
    finally:
        if refused := images.take_refused():
            reasons = ", ".join(f"{reason} {count:,}" for reason, count in refused.items())
            complain(f"failed reads of images and arrays: {reasons}")
    if columns.sampled:
        complain(f"{len(next(iter(columns.values.values()))):,} of the predictions, drawn at random, are profiled")
    with reported():
        say(str(save(profile, arguments.output)))
    return 0


def _show(arguments: argparse.Namespace) -> int:
    profile = loading.profile(arguments.file)
    if arguments.html is None:
        say(describe(profile))
        return 0
    with reported():
        say(str(write(Path(arguments.html), profile_page(profile).encode())))
    return 0


def _diff(arguments: argparse.Namespace) -> int:
    reference, observed = loading.profile(arguments.reference), loading.profile(arguments.observed)
    found, _ = compare(reference, observed, {})
    if not found.components:
        raise CommandError(f"{arguments.reference} and {arguments.observed} have no component in common")
    say(difference(found))
    if arguments.html is not None:
        with reported():
            write(Path(arguments.html), contrast_page(found).encode())
    return 1 if found.issues() else 0
