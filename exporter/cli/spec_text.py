"""A profile spec as YAML for a person to edit: what was seen of each component stands beside it."""

import math
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

import msgspec
import yaml

from exporter.decoders.native import rows_of
from exporter.decoders.shape import ROLES, descend
from exporter.profile import ComponentSpec, ProfileError, ProfileSpec, ScoreSpec, infer

SAMPLE = 10_000
EXAMPLES = 3
WIDTH = 30
BUILD = "prediction-exporter profile build --spec profile.yml --reference LOG -o profiles/"
HEAD = """\
# Inferred from {records:,} records, for you to edit. Then build the profile from records of a time when all was well:
#   {build}
# dtype is float, int, bool or category. A component may also have a domain ([low, high] of numbers, else the list of
# categories) and thresholds of drift statistics; what is left out is learned from the reference. Where a component
# matters most, write `main: true`.
"""


def spec_text(lines: Iterable[bytes], name: str | None, version: str | None) -> str:
    """Return the YAML of the spec that a log's first 10,000 records suggest; ProfileError where it suggests none."""
    records = list(islice(rows_of(lines), SAMPLE))
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
        note = f"  # {_seen(component.element, records)}" if component.element else ""
        yield f"  - {_flow(_written(component))}{note}"
    for path in sorted(_paths(records) - {component.element for component in spec.components}):
        yield f"  # left out: {_flow(path)}  # {_seen(path, records)}"
    if spec.scores:
        yield "scores:"
        yield from (f"  - {_flow(_written(score))}" for score in spec.scores)


def _written(part: ComponentSpec | ScoreSpec) -> dict[str, Any]:
    """Return the options that are not left out."""
    options: dict[str, Any] = msgspec.to_builtins(part)
    return {name: value for name, value in options.items() if value is not None}


def _flow(value: object) -> str:
    text = yaml.safe_dump(value, default_flow_style=True, sort_keys=False, width=math.inf, allow_unicode=True)
    return text.removesuffix("...\n").strip()


def _seen(path: str, records: list[dict[str, Any]]) -> str:
    """Return how many records have a value at a path, with examples, as the text of a comment."""
    values = [value for record in records if (value := descend(record, tuple(path.split(".")))) is not None]
    examples = list(dict.fromkeys(_short(value) for value in values[:1000]))
    more = ", ..." if len(examples) > EXAMPLES else ""
    return f"{len(values):,} values: {', '.join(examples[:EXAMPLES])}{more}"


def _short(value: object) -> str:
    text = f"{value:.6g}" if isinstance(value, float) else msgspec.json.encode(value).decode()
    return text if len(text) <= WIDTH else f"{text[: WIDTH - 3]}..."


def _paths(records: Iterable[Mapping[str, Any]]) -> set[str]:
    """Return the paths of all values under the roles; a list is one value."""
    found: set[str] = set()
    for record in records:
        waiting = [(role, record[role]) for role in ROLES if record.get(role) is not None]
        while waiting:
            path, value = waiting.pop()
            if isinstance(value, dict):
                waiting.extend((f"{path}.{key}", below) for key, below in value.items())
            else:
                found.add(path)
    return found
