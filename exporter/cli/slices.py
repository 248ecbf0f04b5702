"""`slices`: searches a log for slices of the traffic that nobody has named, on which the model is worse."""

import argparse
import json
from collections.abc import Iterator
from itertools import chain, islice

from exporter.cli import loading
from exporter.cli.console import say
from exporter.cli.failure import CommandError, reported
from exporter.decoders.native import rows_of
from exporter.profile import Profile, ProfileError, ProfileSpec, columns_by, columns_of
from exporter.profile.infer import SAMPLE
from exporter.search import Found, features, losses, search, tag_specs
from exporter.sources.images import Images


def main(arguments: argparse.Namespace) -> int:
    """Search and print; the exit code is 1 where a slice is worse."""
    profile, images = loading.profile(arguments.profile), Images(arguments.images)
    found = _search(profile, arguments, images)
    say("\n".join(line for one in found for line in told(one)))
    return int(any(one.suggestions for one in found))


def _search(profile: Profile, arguments: argparse.Namespace, images: Images) -> list[Found]:
    log = loading.log(arguments.logs, images)
    with reported(ProfileError):
        first = list(islice(log, SAMPLE))
        tags = tag_specs(rows_of(first))
        specs = [component.spec for component in profile.components]
        spec = ProfileSpec(profile.name, profile.version, [*specs, *tags])
        read = columns_of(spec, chain(first, log), files=images)
    columns = columns_by(profile, read)
    cut = features(profile, columns, {tag.key: read.values[tag.key] for tag in tags})
    lost = losses(profile, columns)
    if not lost:
        raise CommandError(f"{arguments.profile}: no eval component says how wrong a prediction is")
    return [search(cut, loss) for loss in lost]


def told(found: Found) -> Iterator[str]:
    """Yield the lines that say what was found of a loss."""
    yield f"{found.name}: {found.mean:.3g} of {found.rows:,} predictions; {found.tried:,} slices tried"
    for one in found.suggestions:
        yield f"  WORSE where {one.text}"
        yield (
            f"        {one.mean:.3g}, the rest {one.rest:.3g}: worse by {one.gap:.2g} "
            f"({one.lower:.2g} to {one.upper:.2g}), {one.share:.1%} of the predictions"
        )
        if one.condition is not None:
            yield f"        - {{name: {_quoted(one.text)}, where: {_quoted(one.condition)}}}"
    if not found.suggestions:
        yield "  no slice is worse than the rest by more than chance explains"


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)
