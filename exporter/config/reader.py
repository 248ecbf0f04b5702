"""Walks a YAML node graph along a type: the value where all of it fits, and every problem with its line."""

import enum
import re
import types
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeGuard, Union, get_args, get_origin

import msgspec
import yaml

from exporter.config import document
from exporter.config.kinds import Checked, PlugIn, Written, check_meta
from exporter.config.problem import Problem, suggest
from exporter.config.scalars import SCALARS, describe, is_null, quote


class Refused(enum.Enum):
    """Stands for a value that could not be read."""

    REFUSED = "refused"


REFUSED: Final = Refused.REFUSED
_EMPTY: Final = yaml.MappingNode("tag:yaml.org,2002:map", [])
_LISTS: Final[Mapping[object, Callable[[list[Any]], Any]]] = {
    list: list,
    Sequence: list,
    tuple: tuple,
    set: set,
    frozenset: frozenset,
}
_MAPPINGS: Final = (dict, Mapping)


class Reader:
    """One walk over one file.

    `problems` are in the order of the walk. `found` holds each value that could be read, by key, also those inside
    a larger one that could not be; `lines` holds the line of every key. Relative paths start at `base`.
    """

    def __init__(self, file: str, base: Path) -> None:
        self.file = file
        self.base = base
        self.problems: list[Problem] = []
        self.found: dict[str, Any] = {}
        self.lines: dict[str, int] = {}

    def refuse(self, key: str, message: str, line: int | None = None) -> Refused:
        """Add a problem; its line is that of the key, or of what the key is in, unless another is given."""
        self.problems.append(Problem(self.file, self._line(key) if line is None else line, key, message))
        return REFUSED

    def _line(self, key: str) -> int:
        """Return the line of a key; of one that is not written, the line of the nearest one around it."""
        while key and key not in self.lines:
            key = re.sub(r"(^|\.|\[)[^.\[]*$", "", key)
        return self.lines.get(key, 1)

    def read(self, node: yaml.Node, kind: Any, key: str = "", line: int | None = None) -> Any:  # noqa: ANN401 - any type
        """Return the node as a value of type `kind`, or REFUSED; `line` is where its key stands."""
        self.lines[key] = line or document.line(node.start_mark)
        try:
            value = self._read(node, kind, key)
        except document.YamlError as error:
            return self.refuse(key, error.message, error.line)
        except ValueError as error:
            return self.refuse(key, str(error))
        if value is not REFUSED:
            self.found[key] = value
        return value

    def _read(self, node: yaml.Node, kind: Any, key: str) -> Any:  # noqa: ANN401, PLR0911 - a table of types
        origin = get_origin(kind) or kind
        if origin is Annotated:
            return self._annotated(node, kind, key)
        if origin in (Union, types.UnionType):
            return self._union(node, get_args(kind), key)
        if _is_struct(origin):
            return self._struct(node, origin, key)
        if origin in _LISTS:
            return self._list(node, origin, get_args(kind), key)
        if origin in _MAPPINGS:
            return self._mapping(node, get_args(kind), key)
        if origin is Literal:
            return _choice(node, {str(choice): choice for choice in get_args(kind)})
        return self._plain(node, kind, key)

    def _annotated(self, node: yaml.Node, kind: Any, key: str) -> Any:  # noqa: ANN401 - any type
        base, *marks = get_args(kind)
        reads = next((mark for mark in marks if isinstance(mark, Written | PlugIn)), None)
        if isinstance(reads, PlugIn):
            value = self._plug_in(node, reads, key)
        else:
            value = self._read(node, base, key) if reads is None else reads.parse(_scalar(node).value)
        for mark in marks:
            if value is not REFUSED and isinstance(mark, msgspec.Meta):
                check_meta(value, mark)
            if value is not REFUSED and isinstance(mark, Checked):
                mark.check(value)
        return value

    def _union(self, node: yaml.Node, kinds: Sequence[Any], key: str) -> Any:  # noqa: ANN401 - any type
        """Read the first type that fits; where none does, the problems are those of the last."""
        if is_null(node) and types.NoneType in kinds:
            return None
        others = [kind for kind in kinds if kind not in (types.NoneType, msgspec.UnsetType)]
        fitting = [kind for kind in others if _shape(kind) is type(node)] or others
        for kind in fitting[:-1]:
            trial = Reader(self.file, self.base)
            value = trial.read(node, kind, key, self.lines[key])
            if not trial.problems:
                self.found |= trial.found
                self.lines |= trial.lines
                return value
        return self._read(node, fitting[-1], key)

    def _struct(self, node: yaml.Node, kind: type[msgspec.Struct], key: str) -> Any:  # noqa: ANN401 - an instance of kind
        fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
        pairs = self._pairs(node, key)
        values: dict[str, Any] = {}
        for name, (line, value) in pairs.items():
            place = _join(key, name)
            if name not in fields:
                values[name] = self.refuse(place, f"unknown key; {suggest(name, fields)}", line)
            elif not is_null(value) or fields[name].required or _optional(fields[name].type):
                values[fields[name].name] = self.read(value, fields[name].type, place, line)
        missing = [name for name, field in fields.items() if field.required and name not in pairs]
        for name in missing:
            self.refuse(_join(key, name), "is missing", self.lines[key])
        return REFUSED if missing or REFUSED in values.values() else kind(**values)

    def _plug_in(self, node: yaml.Node, mark: PlugIn, key: str) -> Any:  # noqa: ANN401 - what the plug-in's struct is
        pairs = self._pairs(node, key)
        if len(pairs) != 1:
            raise ValueError(f"must be one key that names the {mark.kind}; known: {', '.join(mark.table.names())}")
        ((name, (line, options)),) = pairs.items()
        if name not in mark.table:
            reason = mark.table.failure(name) or f"known: {', '.join(mark.table.names())}"
            raise ValueError(f"no {mark.kind} is called {quote(name)}; {reason}")
        return self.read(_EMPTY if is_null(options) else options, mark.table[name], _join(key, name), line)

    def _list(self, node: yaml.Node, origin: object, kinds: tuple[Any, ...], key: str) -> Any:  # noqa: ANN401 - of origin
        if not isinstance(node, yaml.SequenceNode):
            raise _unlike("a list", node)
        fixed = origin is tuple and kinds and kinds[-1] is not ...
        if fixed and len(kinds) != len(node.value):
            raise ValueError(f"must be a list of {len(kinds)} values, not {len(node.value)}")
        each = kinds if fixed else (kinds or (object,))[:1] * len(node.value)
        items = enumerate(zip(node.value, each, strict=True))
        values = [self.read(child, kind, f"{key}[{index}]") for index, (child, kind) in items]
        return REFUSED if REFUSED in values else _LISTS[origin](values)

    def _mapping(self, node: yaml.Node, kinds: tuple[Any, ...], key: str) -> Any:  # noqa: ANN401 - a dict
        kind = kinds[1] if kinds else object
        pairs = self._pairs(node, key).items()
        values = {name: self.read(value, kind, _join(key, name), line) for name, (line, value) in pairs}
        return REFUSED if REFUSED in values.values() else values

    def _pairs(self, node: yaml.Node, key: str) -> dict[str, tuple[int, yaml.Node]]:
        """Return the line and value of each key."""
        if not isinstance(node, yaml.MappingNode):
            raise _unlike("a mapping of keys and values", node)
        result: dict[str, tuple[int, yaml.Node]] = {}
        for name, value in document.pairs(node):
            line = document.line(name.start_mark)
            if not isinstance(name, yaml.ScalarNode):
                self.refuse(key, f"a key must be text, not {describe(name)}", line)
            elif name.value in result:
                self.refuse(_join(key, name.value), f"stands twice; first in line {result[name.value][0]}", line)
            else:
                result[name.value] = (line, value)
        return result

    def _plain(self, node: yaml.Node, kind: Any, key: str) -> Any:  # noqa: ANN401 - any type
        if kind in (Any, object):
            if isinstance(node, yaml.ScalarNode):
                return SCALARS[object](node)
            return self._read(node, list if isinstance(node, yaml.SequenceNode) else dict, key)
        if isinstance(kind, type) and issubclass(kind, enum.Enum):
            return _choice(node, {str(member.value): member for member in kind})
        value = SCALARS[kind](_scalar(node))
        return self.base / value if isinstance(value, Path) else value


def _scalar(node: yaml.Node) -> yaml.ScalarNode:
    if not isinstance(node, yaml.ScalarNode) or is_null(node):
        raise _unlike("a single value", node)
    return node


def _unlike(expected: str, node: yaml.Node) -> ValueError:
    return ValueError("is empty" if is_null(node) else f"must be {expected}, not {describe(node)}")


def _choice(node: yaml.Node, choices: Mapping[str, Any]) -> Any:  # noqa: ANN401 - one of the choices
    text = _scalar(node).value
    if text not in choices:
        raise ValueError(f"{quote(text)} is unknown; known: {', '.join(choices)}")
    return choices[text]


def _shape(kind: Any) -> type[yaml.Node]:  # noqa: ANN401 - any type
    """Return the form that values of a type are written in."""
    base, *marks = get_args(kind) if get_origin(kind) is Annotated else (kind,)
    origin = get_origin(base) or base
    if any(isinstance(mark, Written) for mark in marks):
        return yaml.ScalarNode
    if _is_struct(origin) or origin in _MAPPINGS or any(isinstance(mark, PlugIn) for mark in marks):
        return yaml.MappingNode
    return yaml.SequenceNode if origin in _LISTS else yaml.ScalarNode


def _is_struct(kind: object) -> TypeGuard[type[msgspec.Struct]]:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)


def _optional(kind: Any) -> bool:  # noqa: ANN401 - any type
    return types.NoneType in get_args(kind)


def _join(key: str, name: str) -> str:
    return f"{key}.{name}" if key else name
