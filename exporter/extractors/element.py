"""One value of a nested datum."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np

_ABSENT = object()


class Element(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The value at a dotted path of keys and places (`boxes.0.area`, `-1`), or at one place (`0`).

    Numbers, texts and booleans are returned as they are, in their own unit; the component's dtype says what they mean.
    A key that holds dots is written as a list: `[a.b, 0]`. Where a key, a place or the value is missing, it is
    `default`. Anything but one value is refused. Costs 2 us.
    """

    element: str | int | tuple[str | int, ...]
    default: float | str | bool | None = None

    def levels(self) -> None:
        """Return None: categories are those of the component."""

    def extract(self, datum: object) -> float | str | None:
        """Return the value in a mapping, list, array or row of a table."""
        for step in self._steps():
            datum = _at(datum, step)
            if datum is _ABSENT or datum is None:
                return self.default
        value = datum.item() if isinstance(datum, np.generic | np.ndarray) and datum.ndim == 0 else datum
        if isinstance(value, float) and math.isnan(value):
            return self.default
        if isinstance(value, str | int | float):
            return value
        raise ValueError(f"the element {self.element} is a {type(value).__name__}, not one value")

    def _steps(self) -> Sequence[str | int]:
        if isinstance(self.element, str):
            return self.element.split(".")
        return (self.element,) if isinstance(self.element, int) else self.element


def _at(datum: object, step: str | int) -> object:
    """Return what a datum holds at a key or place; a place may be written as a text."""
    if isinstance(datum, Mapping):
        return datum[step] if step in datum else datum.get(_other(step), _ABSENT)
    if isinstance(datum, str | bytes) or not hasattr(datum, "__getitem__"):
        return _ABSENT
    place = _place(step) if isinstance(datum, Sequence | np.ndarray) else step
    return _ABSENT if place is None else _item(datum, place)


def _other(step: str | int) -> str | int | None:
    """Return the other way to write a key: 0 for "0", and "0" for 0."""
    return str(step) if isinstance(step, int) else _place(step)


def _place(step: str | int) -> int | None:
    try:
        return int(step)
    except ValueError:
        return None


def _item(datum: Any, place: str | int) -> object:  # noqa: ANN401 - anything that has items, such as a pandas Series
    try:
        return datum[place]
    except (LookupError, TypeError):
        return _ABSENT
