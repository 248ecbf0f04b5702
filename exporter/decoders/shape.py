"""Turns dotted paths into nested msgspec structs, so that only the fields that are asked for are decoded."""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import msgspec

from exporter.batch import Fault, absent

Dtype = Literal["number", "category", "bool", "any"]
ROLES = ("input", "output", "actual")
WRONG_TYPE = absent(Fault.TYPE)
WRONG_CATEGORY = object()
FAILED = absent(Fault.EXTRACTOR)
FAILED_CATEGORY = object()
META: dict[str, tuple[Any, Any]] = {
    "id": (str | int | None, None),
    "time": (str | float | None, None),
    "model": (str | None, None),
    "version": (str | int | float | None, None),
    "error": (Any, None),
    "latency_seconds": (float | None, math.nan),
    "revision": (float | None, 0.0),
}


def number(raw: object) -> float:
    """Return a JSON value as a float; the NaN of its fault where it has none."""
    if raw is None:
        return math.nan
    if isinstance(raw, bool) or not isinstance(raw, int | float):
        return WRONG_TYPE
    try:
        return float(raw)
    except OverflowError:
        return math.inf if raw > 0 else -math.inf


def category(raw: object) -> object:
    """Return a JSON value as a category: text, a number or None; `WRONG_CATEGORY` where it is an object or a list."""
    if isinstance(raw, bool):
        return "true" if raw else "false"
    if raw is None or (isinstance(raw, float) and math.isnan(raw)):
        return None
    return raw if isinstance(raw, str | int | float) else WRONG_CATEGORY


def boolean(raw: object) -> object:
    """Return a JSON value as "true", "false" or None; 0 and 1 are false and true."""
    if isinstance(raw, int | float) and raw in (0, 1):
        raw = bool(raw)
    found = category(raw)
    return found if found is None or isinstance(found, str) else WRONG_CATEGORY


def anything(raw: object) -> object:
    """Return a JSON value as it is: an extractor reads it."""
    return raw


COERCE: dict[Dtype, Callable[[object], Any]] = {
    "number": number,
    "category": category,
    "bool": boolean,
    "any": anything,
}
LEAF: dict[Dtype, tuple[Any, Any]] = {
    "number": (float | None, math.nan),
    "category": (str | int | float | None, None),
    "bool": (bool | str | int | float | None, None),
    "any": (Any, None),
}
SCALARS = float | str | bool | list[msgspec.Raw] | None


@dataclass(slots=True)
class Node:
    """One word of a path: what is below it, what is read at it, and the type that decodes it."""

    children: "dict[str, Node]" = field(default_factory=dict)
    dtypes: set[Dtype] = field(default_factory=set)
    slots: dict[str, str] = field(default_factory=dict)
    struct: type[msgspec.Struct] | None = None
    default: Any = None

    @property
    def dtype(self) -> Dtype | None:
        """Return what a scalar here is read as, where there is one answer."""
        return next(iter(self.dtypes)) if len(self.dtypes) == 1 and not self.children else None

    def compile(self) -> Any:  # noqa: ANN401 - a type expression
        """Choose the type of this node: a struct, a scalar, or anything where neither fits every path."""
        if self.dtype:
            kind, self.default = LEAF[self.dtype]
            return kind
        if self.dtypes or not all(map(nameable, self.children)):
            return Any
        self.slots = {word: f"f{i}" for i, word in enumerate(self.children)}
        fields = [(self.slots[word], node.compile(), node.default) for word, node in self.children.items()]
        self.struct = _struct(fields, {slot: word for word, slot in self.slots.items()})
        self.default = self.struct()
        return self.struct if self.children else self.struct | SCALARS

    def build(self, raw: object) -> Any:  # noqa: ANN401 - a struct or a scalar
        """Make this node's value from untyped JSON; what does not fit becomes its fault."""
        if self.dtype:
            return COERCE[self.dtype](raw)
        if self.struct is None or not self.children or raw is None:
            return self.default if raw is None else raw
        part = raw if isinstance(raw, dict) else dict.fromkeys(self.children, MISFIT)
        return self.struct(**{slot: self.children[word].build(part.get(word)) for word, slot in self.slots.items()})


def nameable(word: str) -> bool:
    """Tell whether a JSON key can be a struct's field: a list index and what JSON escapes cannot."""
    return not word.isdigit() and word.isprintable() and '"' not in word and "\\" not in word


def _struct(fields: Sequence[tuple[str, Any, Any]], rename: dict[str, str]) -> type[msgspec.Struct]:
    return msgspec.defstruct("Part", fields, rename=rename, frozen=True, gc=False)


MISFIT: tuple[()] = ()  # a value of no JSON type: every leaf takes it for a wrong type


class Shape:
    """The record type (`row`) for a set of paths, and where each path is found in a decoded row."""

    def __init__(self, elements: Iterable[tuple[str, Dtype]]) -> None:
        self._root = Node(children={role: Node() for role in ROLES})
        for path, dtype in elements:
            node = self._root
            for word in path.split("."):
                node = node.children.setdefault(word, Node())
            node.dtypes.add(dtype)
        parts = self._root.children
        self._slots = {word: word if word in ROLES else f"p{i}" for i, word in enumerate(parts)}
        fields = [(name, kind, default) for name, (kind, default) in META.items()]
        fields += [(self._slots[word], node.compile() | None, node.default) for word, node in parts.items()]
        rename = {slot: word for word, slot in self._slots.items()}
        self.row = msgspec.defstruct("Row", fields, rename=rename, gc=False)

    def locate(self, path: str) -> tuple[str, tuple[str, ...] | None]:
        """Return a path's attributes in a row (`input.f0`), and the words to walk below; None where it is typed."""
        head, *words = path.split(".")
        node, attributes = self._root.children[head], [self._slots[head]]
        while words and node.slots:
            word = words.pop(0)
            attributes.append(node.slots[word])
            node = node.children[word]
        return ".".join(attributes), None if node.dtype and not words else tuple(words)

    def default(self, role: str) -> object:
        """Return the value of a role that a record does not have."""
        return self._root.children[role].default

    def fill(self, row: Any) -> Any:  # noqa: ANN401 - a row
        """Replace each null that stands for a part of the record by the value of a part that is left out."""
        for word, slot in self._slots.items():
            if getattr(row, slot) is None:
                setattr(row, slot, self._root.children[word].default)
        return row

    def build(self, record: dict[str, Any]) -> Any:  # noqa: ANN401 - a row
        """Make a row from an untyped record."""
        meta = {name: convert(record.get(name)) for name, convert in META_COERCE.items()}
        parts = {slot: self._root.children[word].build(record.get(word)) for word, slot in self._slots.items()}
        return self.row(**meta, **parts)


def descend(raw: object, words: tuple[str, ...]) -> object:
    """Follow words through objects and lists; None where the path ends early, a misfit where it meets a scalar.

    Place 0 of a scalar is the scalar: one server logs a prediction as [3], another as 3.
    """
    for word in words:
        if isinstance(raw, dict):
            raw = raw.get(word)
        elif isinstance(raw, list) and word.isdecimal():
            raw = raw[int(word)] if int(word) < len(raw) else None
        elif word != "0" or not isinstance(raw, str | int | float):
            return None if raw is None else MISFIT
    return raw


def identity(raw: object) -> str | int | None:
    """Return a record's id: text or a whole number."""
    return raw if isinstance(raw, str | int) and not isinstance(raw, bool) else None


def _scalar(raw: object) -> str | int | float | None:
    return raw if isinstance(raw, str | int | float) and not isinstance(raw, bool) else None


META_COERCE: dict[str, Callable[[object], Any]] = {
    "id": identity,
    "time": _scalar,
    "model": lambda raw: raw if isinstance(raw, str) else None,
    "version": _scalar,
    "error": lambda raw: raw,
    "latency_seconds": number,
    "revision": number,
}
