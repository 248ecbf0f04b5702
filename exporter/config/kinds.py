"""What a field's type may say beyond Python's own types, as marks inside `Annotated`; and bounds of numbers."""

import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from exporter.registry import Plugins


@dataclass(frozen=True, slots=True)
class Written:
    """The value is written as text of its own form, such as a duration; `parse` raises ValueError for any other."""

    parse: Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Checked:
    """The value obeys a rule of its own; `check` raises ValueError where it does not."""

    check: Callable[[Any], None]


@dataclass(frozen=True, slots=True)
class PlugIn:
    """The value is a mapping of one key, a plug-in's short name, to the options of that plug-in (a msgspec Struct)."""

    kind: str
    table: Plugins[Any]


_BOUNDS: Final[Mapping[str, tuple[str, Callable[[Any, Any], bool]]]] = {
    "gt": ("greater than", operator.gt),
    "ge": ("at least", operator.ge),
    "lt": ("less than", operator.lt),
    "le": ("at most", operator.le),
}


def check_meta(value: Any, meta: msgspec.Meta) -> None:  # noqa: ANN401 - whatever the field holds
    """Raise ValueError where a value breaks a constraint of its type."""
    for name, (words, holds) in _BOUNDS.items():
        bound = getattr(meta, name)
        if bound is not None and not holds(value, bound):
            raise ValueError(f"{value} is out of range; it must be {words} {bound}")
    if meta.min_length is not None and len(value) < meta.min_length:
        raise ValueError("is empty" if not value else f"is too short; at least {meta.min_length}")
