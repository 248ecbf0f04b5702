"""Turns any Python value into what JSON can say, without importing the library that it comes from."""

import os
from collections.abc import Callable, Mapping, Sequence, ValuesView
from collections.abc import Set as AbstractSet
from typing import Any

import msgspec

from exporter.client.files import bulky
from exporter.client.text import clean, error_text

DEPTH = 32
NODES = 10_000
TEXT_CHARACTERS = 200

_CONVERSIONS: tuple[tuple[Any, Callable[[Any], object]], ...] = (
    (str, str.__str__),
    (int, int),
    (float, float),
    (Mapping, dict),
    (Sequence | AbstractSet | ValuesView, list),
    (BaseException, error_text),
    (os.PathLike, os.fspath),
)


class Unplain(Exception):  # noqa: N818 - not an error: the value needs more work
    """A value that is not said in JSON in one step."""


def simpler(value: object) -> object:
    """Return a value one step nearer to JSON: numpy scalars and small arrays, pydantic models, and the like.

    Raises Unplain where there is no such step, and what the value's own methods raise.
    """
    if isinstance(value, type) or bulky(value):
        raise Unplain
    for kind, convert in _CONVERSIONS:
        if isinstance(value, kind):
            return convert(value)
    for method in ("tolist", "model_dump"):
        if hasattr(value, method):
            return getattr(value, method)()
    raise Unplain


class Plainer:
    """Walks through one value: what is bulky is handed to `attach`, what says nothing in JSON becomes its repr.

    `attach` takes a value and its name and returns what is written instead; `fault` takes what became its repr.
    """

    def __init__(self, attach: Callable[[object, str], object], fault: Callable[[object], None]) -> None:
        self._attach = attach
        self._fault = fault
        self._left = NODES

    def plain(self, value: Any, name: str, depth: int = 0) -> object:  # noqa: ANN401 - it is looked into
        """Return a value made of what JSON has; raises Unplain where it has too many parts."""
        self._left -= 1
        if self._left < 0:
            raise Unplain
        kind = type(value)  # what a value says of itself, in __class__, may raise
        if value is None or kind in (bool, int, float, msgspec.Raw):
            return value
        if issubclass(kind, str):
            return clean(value)
        if depth >= DEPTH:
            return self._text(value)
        if issubclass(kind, dict):
            return {_key(key): self.plain(part, f"{name}-{_key(key)}", depth + 1) for key, part in value.items()}
        if issubclass(kind, list | tuple | set | frozenset):
            return [self.plain(part, f"{name}-{place}", depth + 1) for place, part in enumerate(value)]
        return self._other(value, name, depth)

    def _other(self, value: object, name: str, depth: int) -> object:
        try:
            if bulky(value):
                return self._attach(value, name)
            step = _step(value)
        except Exception:  # noqa: BLE001 - the value's own methods
            return self._text(value)
        return self.plain(step, name, depth + 1)

    def _text(self, value: object) -> str:
        self._fault(type(value).__name__)
        try:
            return clean(repr(value)[:TEXT_CHARACTERS])
        except Exception:  # noqa: BLE001 - a broken __repr__
            return f"<{type(value).__name__}>"


def _step(value: object) -> object:
    try:
        return simpler(value)
    except Unplain:
        fields = getattr(type(value), "__dataclass_fields__", None)
        if fields is not None:
            return {name: getattr(value, name) for name in fields}
        return msgspec.to_builtins(value)  # dates, enums, UUIDs


def _key(key: object) -> str:
    try:
        return clean(str.__str__(key) if isinstance(key, str) else str(key))
    except Exception:  # noqa: BLE001 - a broken __str__
        return f"<{type(key).__name__}>"
