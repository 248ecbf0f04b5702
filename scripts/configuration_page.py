"""Writes docs/configuration.md: every key of the configuration and every flag, from the code that reads them."""

import argparse
import inspect
import types
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import msgspec

from exporter.cli.parser import build_parser
from exporter.config import Config
from exporter.config.expect import parse_pattern
from exporter.config.kinds import PlugIn, Written
from exporter.config.segments import parse_path
from exporter.config.values import parse_duration, parse_window
from exporter.segments import parse_condition
from exporter.sources import BUILTIN as SOURCES

PAGE = Path(__file__).parents[1] / "docs" / "configuration.md"
HEAD = """\
# Configuration

`exporter.yml` says which models there are and where their logs come from. This is all that it needs:

```yaml
models:
  - profile: profiles/fares@3.0.0.json
sources:
  - file: {path: logs/*.jsonl}
```

`prediction-exporter check` names every problem with file, line and key, and says how many series there may be. Paths
start at the directory of the file. Below are all keys, then all flags; every flag has an environment variable too.

"""
FORMS = {
    parse_duration: "duration, such as `15s` or `7d`",
    parse_window: "window, such as `1h`, `3000 rows`, `1h vs previous`",
    parse_path: "path in a record, such as `tags.machine`",
    parse_condition: "condition, such as `input.age > 90`",
    parse_pattern: "regular expression",
}
NAMES = {int: "whole number", float: "number", str: "text", bool: "`true` or `false`", Path: "path of a file"}
BOUNDS = {"gt": "> {}", "ge": "≥ {}", "lt": "< {}", "le": "≤ {}"}
UNITS = (("d", 86_400), ("h", 3600), ("m", 60), ("s", 1))


def page() -> str:
    """Return the page's text."""
    keys = "\n".join(_struct(Config, ""))
    return f"{HEAD}## Keys\n\n{keys}\n## Flags\n\n{''.join(_commands(build_parser(), ''))}"


def _struct(kind: type[msgspec.Struct], place: str) -> Iterator[str]:
    """Yield the section of a mapping, and then those of the mappings in it."""
    yield f"### {f'`{place}`' if place else 'At the top'}\n\n{_told(kind)}\n"
    yield "| key | | default |\n| --- | --- | --- |"
    fields = msgspec.structs.fields(kind)
    yield "\n".join(f"| `{f.encode_name}` | {_kind(f.type)} | {_default(f)} |" for f in fields) + "\n"
    for field in fields:
        name = f"{place}.{field.encode_name}".lstrip(".")
        for inner, many in _structs(field.type):
            yield from _struct(inner, name + "[]" * many)
        if _plugged(field.type):
            for name_, plug_in in SOURCES.items():
                yield from _struct(plug_in, f"{name}[].{name_}")


def _told(kind: type) -> str:
    return " ".join((inspect.getdoc(kind) or "").split())


def _structs(kind: Any, many: bool = False) -> Iterator[tuple[type[msgspec.Struct], bool]]:
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        yield kind, many
    if any(isinstance(mark, Written) for mark in getattr(kind, "__metadata__", ())):
        return
    for part in get_args(kind):
        yield from _structs(part, many or get_origin(kind) is list)


def _plugged(kind: Any) -> bool:
    marks = getattr(kind, "__metadata__", ())
    return any(isinstance(mark, PlugIn) for mark in marks) or any(map(_plugged, get_args(kind)))


def _kind(kind: Any) -> str:
    """Return in words what is written for a type."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _annotated(parts[0], parts[1:])
    if origin in (Union, types.UnionType):
        return " or ".join(_kind(part) for part in parts if part is not types.NoneType)
    if origin is list:
        return f"list: {_kind(parts[0])}"
    if origin is Literal:
        return " or ".join(f"`{part}`" for part in parts)
    return NAMES.get(kind, "mapping, below")


def _annotated(base: Any, marks: Sequence[Any]) -> str:
    for mark in marks:
        if isinstance(mark, Written):
            return FORMS[mark.parse] + _bounds(marks, seconds=mark.parse is parse_duration)
        if isinstance(mark, PlugIn):
            return f"mapping of one key: {' or '.join(f'`{name}`' for name in SOURCES)}, below"
    return _kind(base) + _bounds(marks, seconds=False)


def _bounds(marks: Sequence[Any], *, seconds: bool) -> str:
    metas = [mark for mark in marks if isinstance(mark, msgspec.Meta)]
    found = [
        text.format(_duration(value) if seconds else f"{value:,}")
        for meta in metas
        for name, text in BOUNDS.items()
        if (value := getattr(meta, name)) is not None
    ]
    return f", {' and '.join(found)}" if found else ""


def _default(field: msgspec.structs.FieldInfo) -> str:
    if field.required:
        return "needed"
    value = field.default if field.default_factory is msgspec.NODEFAULT else field.default_factory()
    return _value(field.type, value)


def _value(kind: Any, value: Any) -> str:
    if value is None or value in ("", []) or isinstance(value, msgspec.Struct):
        return ""
    parts = get_args(kind)
    if any(isinstance(mark, Written) and mark.parse is parse_duration for mark in parts[1:]):
        return f"`{_duration(value)}`"
    if isinstance(value, list):
        return f"`[{', '.join(getattr(one, 'label', str(one)) for one in value)}]`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _duration(seconds: float) -> str:
    for unit, size in UNITS:
        if seconds >= size and seconds % size == 0:
            return f"{int(seconds // size)}{unit}"
    return f"{seconds * 1000:g}ms"


def _commands(parser: argparse.ArgumentParser, name: str) -> Iterator[str]:
    """Yield the section of each command that has flags."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for word, below in action.choices.items():
                yield from _commands(below, f"{name} {word}".strip())
    flags = [action for action in parser._actions if action.option_strings and action.dest != "help"]
    if name and flags:
        rows = "".join(f"| `{max(flag.option_strings, key=len)}` | {_help(flag)} |\n" for flag in flags)
        yield f"### `prediction-exporter {name}`\n\n| flag | |\n| --- | --- |\n{rows}\n"


def _help(flag: argparse.Action) -> str:
    return (flag.help or "").replace("%%", "%").replace("|", "\\|")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
