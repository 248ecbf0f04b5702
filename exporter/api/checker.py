"""Judges the values of one component and says so in tags."""

import struct
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.api.datum import locator, part
from exporter.api.sequence import SequenceSimpleExtractor
from exporter.api.tags import Tag
from exporter.batch import Column, Fault, value_of
from exporter.decoders.columns import Coding, label, listing, reading
from exporter.decoders.shape import FAILED, number
from exporter.profile import Component
from exporter.profile.values import Coded, Raw
from exporter.summaries.presence import REASONS

_REASONS = ("", *REASONS)  # in the order of Fault, and after them what has a value
_MISSING, _BELOW, _ABOVE, _UNSEEN = (_REASONS.index(name) for name in ("missing", "below", "above", "unseen"))
FAULT = "extractor"
Reasons = NDArray[np.uint8]


class Checker:
    """One component: finds its value in a datum, judges it, and says so in tags."""

    def __init__(self, component: Component, group: str, prepare: SequenceSimpleExtractor | None = None) -> None:
        self.component = component
        measure, field = component.measure, component.field
        words = (field.element or "").split(".")[1:]
        self._locate = locator(words) if field.extract is None else part(words)
        if prepare is not None:
            self._locate = prepare.one
        self._read = reading(field)
        self._row = None if field.row is None else listing(field.row, field.width)
        self._integer = component.dtype == "int"
        self._low, self._high = measure.domain.low, measure.domain.high
        self._soft = max(self._low, component.soft.low), min(self._high, component.soft.high)
        self._levels = field.levels
        self._coding = None if field.levels is None else Coding(field.levels)
        self._complete = measure.complete
        self._type, self._group = f"profile-{component.role}", group

    def tags(self, datum: Any) -> list[Tag]:  # noqa: ANN401 - any datum
        """Return the tags of a datum, whatever it is."""
        try:
            value = self._read(self._locate(datum))
            return self._numeric(value) if self._coding is None else self._category(value, self._coding[value])
        except Exception:  # noqa: BLE001 - the datum's own methods may raise anything; serving goes on
            return [self.error(FAULT)]

    def column(self, datum: Any) -> Column:  # noqa: ANN401 - any datum
        """Return the value of one datum as a column, shape (1,) or (1, width)."""
        return self.value(self._locate(datum))

    def value(self, found: Any) -> Column:  # noqa: ANN401 - what is at the component's path
        """Return the value that is made of what the component reads as a column, shape (1,) or (1, width)."""
        if self._row is not None:
            return np.frombuffer(self._row(found)).reshape(1, -1)
        try:
            value = self._read(found)
            return np.array([value]) if self._coding is None else np.array([self._coding[value]], np.int32)
        except Exception:  # noqa: BLE001 - as above
            return np.array([FAILED]) if self._coding is None else np.array([-Fault.EXTRACTOR], np.int32)

    def tags_of(self, column: Column, row: int, raw: Raw = ()) -> list[Tag]:
        """Return the tags of a row of a column; `raw` are the data that it was made of."""
        if self._coding is None:
            return self._numeric(float(value_of(column)[row]))
        code, value = int(column[row]), None
        if code == len(self._levels or ()):
            value = self._read(raw.values[raw.places[row]] if isinstance(raw, Coded) else raw[row])
        return self._category(value, code)

    def reasons(self, column: Column) -> Reasons:
        """Return why each value of a column is invalid, as places in REASONS from 1; 0 where it is valid."""
        column = value_of(column)
        if self._levels is None:
            faults = np.where(np.isnan(column), np.maximum(column.view(np.int64) & 3, _MISSING), 0)
            low, high = np.where(column < self._low, _BELOW, 0), np.where(column > self._high, _ABOVE, 0)
            return (faults + low + high).astype(np.uint8)
        unseen = np.where((column == len(self._levels)) & self._complete, _UNSEEN, 0)
        return np.where(column < 0, -column, unseen).astype(np.uint8)

    def warned(self, column: Column) -> NDArray[np.bool_]:
        """Return which values of a column are valid and outside of the soft domain."""
        if self._levels is not None:
            return np.zeros(len(column), np.bool_)
        column, (low, high) = value_of(column), self._soft
        valid: NDArray[np.bool_] = (column >= self._low) & (column <= self._high)
        return valid & ((column < low) | (column > high))

    def error(self, reason: str) -> Tag:
        """Return the tag that says why the value is invalid."""
        return self._said("error", reason)

    def _said(self, level: str, reason: str) -> Tag:
        name = f"{self.component.name}-{level}"
        return {"type": f"{self._type}-{level}", "name": name, "value": reason, "group": self._group}

    def _value(self, value: object) -> Tag:
        return {"type": self._type, "name": self.component.name, "value": value, "group": self._group}

    def _numeric(self, value: float) -> list[Tag]:
        if value != value:  # noqa: PLR0124 - NaN, in a third of the time of math.isnan
            return [self.error(_REASONS[max(struct.pack("<d", value)[0] & 3, _MISSING)])]
        tag = self._value(int(value) if self._integer and value.is_integer() else value)
        low, high = self._soft
        if low <= value <= high:
            return [tag]
        if self._low <= value <= self._high:
            return [tag, self._said("warning", _REASONS[_BELOW if value < low else _ABOVE])]
        return [tag, self.error(_REASONS[_BELOW if value < self._low else _ABOVE])]

    def _category(self, value: object, code: int) -> list[Tag]:
        if code < 0:
            return [self.error(_REASONS[-code])]
        if self._levels is not None and code < len(self._levels):
            return [self._value(self._levels[code])]
        tag = self._value(_label(value))
        return [tag, self.error(_REASONS[_UNSEEN])] if self._complete else [tag]


def _label(value: object) -> str:
    try:
        return label(value)
    except ValueError:  # a whole number of more digits than Python writes
        return str(number(value))
