"""A profile spec as YAML for a person to edit: what was seen of each component stands beside it."""

import math
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import msgspec
import yaml

from exporter.decoders.shape import descend
from exporter.profile import ComponentSpec, ProfileError, ProfileSpec, ScoreSpec, infer, left_out
from exporter.profile.pairs import Pair, strongest

EXAMPLES = 3
WATCH = "To watch whether they still do, uncomment; the whole input is then decoded."
WIDTH = 30
BUILD = "prediction-exporter profile build --spec profile.yml --reference LOG -o profiles/"
HEAD = """\
# Inferred from {records:,} records, for you to edit. Then build the profile from records of a time when all was well:
#   {build}
# dtype is float, int, bool or category. A component may also have a domain ([low, high] of numbers, else the list of
# categories) and thresholds of drift statistics; what is left out is learned from the reference. Where a component
# matters most, write `main: true`.
"""


def spec_text(records: list[dict[str, Any]], name: str | None, version: str | None) -> str:
    """Return the YAML of the spec that records suggest; ProfileError where they suggest none."""
    spec = infer(records, name, version)
    if not spec.components:
        raise ProfileError(
            "no record has a value under input, output or actual; a line looks like "
            '{"id": "1", "input": {"fare": 12.5}, "output": {"label": 3}}'
        )
    return HEAD.format(records=len(records), build=BUILD) + "".join(f"{line}\n" for line in _body(spec, records))


def _body(spec: ProfileSpec, records: list[dict[str, Any]]) -> Iterator[str]:
    yield f"name: {_flow(spec.name)}"
    yield f"version: {_flow(spec.version)}"
    yield "components:"
    for component in spec.components:
        note = f"  # {_seen(tuple(component.element.split('.')), records)}" if component.element else ""
        yield f"  - {_flow(_written(component))}{note}"
    for path, reason in left_out(records, spec).items():
        yield f"  # left out: {_flow('.'.join(path))}  # {_seen(path, records)} ({reason})"
    yield from _pairs(strongest(records, spec.components))
    if spec.attributions:
        yield f"attributions: {_flow(spec.attributions)}"
    if spec.scores:
        yield "scores:"
        yield from (f"  - {_flow(_written(score))}" for score in spec.scores)


def _pairs(pairs: Sequence[Pair]) -> Iterator[str]:
    """Yield the components of pairs that go together as comments: they have the whole input decoded."""
    if pairs:
        yield f"  # Numbers that go together. {WATCH}"
    for pair in pairs:
        yield f"  # - {_flow(_written(pair.spec))}  # {pair.correlation:.2f} in {pair.rows:,} records"


def _written(part: ComponentSpec | ScoreSpec) -> dict[str, Any]:
    """Return the options that are not left out."""
    options: dict[str, Any] = msgspec.to_builtins(part)
    return {name: value for name, value in options.items() if value is not None}


def _flow(value: object) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=math.inf, allow_unicode=True)
    return text.removesuffix("...\n").strip()


def _seen(path: tuple[str, ...], records: list[dict[str, Any]]) -> str:
    """Return how many records have a value at a path, with examples, as the text of a comment."""
    values = [value for record in records if (value := descend(record, path)) is not None]
    examples = list(dict.fromkeys(_short(value) for value in values[:1000]))
    more = ", ..." if len(examples) > EXAMPLES else ""
    return f"{len(values):,} values: {', '.join(examples[:EXAMPLES])}{more}"


def _short(value: object) -> str:
    try:
        text = f"{value:.6g}" if isinstance(value, float) else msgspec.json.encode(value, enc_hook=_plain).decode()
    except RecursionError:
        text = type(value).__name__
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."


def _plain(value: object) -> str:
    return str(value) if isinstance(value, date) else type(value).__name__
