"""Summaries, panes and evidence as bytes, and back: numbers and arrays alone, read by the plan that made them."""

from collections.abc import Mapping, Sequence
from dataclasses import astuple, fields
from typing import Any

import msgspec
import numpy as np

from exporter.alarm import Evidence
from exporter.batch import Column
from exporter.summaries import Categories, ComponentSummary, Histogram, Measure, Moments, Presence
from exporter.windows import RowPane, Summaries

Packed = list[Any]


class Unfit(ValueError):  # noqa: N818 - not an error of the reader: the value belongs to another plan
    """A value that was made by another plan."""


def encode(value: object) -> bytes:
    """Return what was packed as bytes."""
    return msgspec.msgpack.encode(value)


def decode(value: bytes) -> Any:  # noqa: ANN401 - what `encode` was given
    """Return what was encoded; Unfit where it is none."""
    try:
        return msgspec.msgpack.decode(value)
    except msgspec.MsgspecError as error:
        raise Unfit(str(error)) from None


def pack_array(array: "np.ndarray[Any, Any]") -> Packed:
    """Pack an array with its type and shape."""
    return [array.dtype.str, list(array.shape), array.tobytes()]


def array_of(packed: Packed) -> "np.ndarray[Any, Any]":
    """Return an array that was packed; Unfit where it is none."""
    try:
        kind, shape, data = packed
        return np.frombuffer(data, np.dtype(kind)).reshape(shape).copy()
    except (TypeError, ValueError) as error:
        raise Unfit(str(error)) from None


def pack_summary(summary: ComponentSummary) -> Packed:
    """Pack the summary of one component."""
    if summary.sums is not None:
        return [list(astuple(summary.presence)), None, pack_array(summary.sums)]
    moments = None if summary.moments is None else list(astuple(summary.moments))
    counted = summary.categories or summary.histogram
    counts = None if counted is None else counted.counts.astype("<i8").tobytes()
    return [list(astuple(summary.presence)), moments, counts]


def summary_of(packed: Packed, measure: Measure) -> ComponentSummary:
    """Return a summary that was packed; Unfit where the measure counts in other bins."""
    try:
        reasons, moments, data = packed
        if measure.weighing is not None:
            sums = array_of(data)
            _fit(len(sums), measure.weighing.width)
            return ComponentSummary(Presence(*reasons), sums=sums)
        presence, counts = Presence(*reasons), np.frombuffer(data, "<i8").astype(np.int64)
        if measure.grid is None:
            _fit(len(counts), len(measure.levels) + 1)
            return ComponentSummary(presence, categories=Categories(measure.levels, counts))
        _fit(len(counts), len(measure.grid.edges) + 1)
        return ComponentSummary(presence, Moments(*moments), Histogram(measure.grid, counts))
    except (TypeError, ValueError) as error:
        raise Unfit(str(error)) from None


def _fit(found: int, wanted: int) -> None:
    if found != wanted:
        raise Unfit(f"{found} bins instead of {wanted}")


def pack_summaries(parts: Summaries) -> Packed:
    """Pack the summaries of several components."""
    return [pack_summary(part) for part in parts]


def summaries_of(packed: Packed, measures: Sequence[Measure]) -> Summaries:
    """Return summaries that were packed."""
    _fit(len(packed), len(measures))
    return tuple(summary_of(part, measure) for part, measure in zip(packed, measures, strict=True))


def pack_rows(pane: RowPane) -> Packed:
    """Pack a pane of rows: the summary of its first ones and the columns of the rest."""
    head = None if pane.head is None else pack_summaries(pane.head)
    return [head, [pack_array(np.asarray(column)) for column in pane.columns]]


def rows_of(packed: Packed, measures: Sequence[Measure]) -> RowPane:
    """Return a pane of rows that was packed."""
    head, columns = packed
    _fit(len(columns), len(measures))
    found: tuple[Column, ...] = tuple(array_of(column) for column in columns)
    return RowPane(measures, None if head is None else summaries_of(head, measures), found)


def pack_evidence(evidence: Evidence) -> Mapping[str, Packed]:
    """Pack the evidence against some streams."""
    return {field.name: pack_array(np.asarray(getattr(evidence, field.name))) for field in fields(evidence)}


def evidence_of(packed: Mapping[str, Packed], like: Evidence) -> Evidence:
    """Return evidence that was packed; Unfit where it is of other streams."""
    found = {field.name: array_of(packed[field.name]) for field in fields(Evidence) if field.name in packed}
    wanted = {field.name: np.shape(getattr(like, field.name)) for field in fields(Evidence)}
    if {name: np.shape(array) for name, array in found.items()} != wanted:
        raise Unfit("the streams are others")
    return Evidence(**found)
