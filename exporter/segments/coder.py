"""Turns the rows of a batch into the slices of a segment they belong to."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Codes, Column
from exporter.segments.definition import MISSING, TRUTH, Filter, Part, Ranges, Segment, Tag
from exporter.segments.vocabulary import ABSENT, OTHER, Vocabulary

Rows = NDArray[np.intp]
Tags = Mapping[str, Sequence[object]]
Columns = Mapping[tuple[str, tuple[str, ...] | None], Column]


class Coder:
    """Codes the rows of one segment, and names the slice of each code.

    `vocabulary` is None where the slices are fixed.
    """

    def __init__(self, segment: Segment) -> None:
        self._segment = segment
        (part, *others) = segment.parts
        self.vocabulary: Vocabulary | None = None
        if others:
            self.vocabulary = Vocabulary(segment.values, _together)
        elif isinstance(part, Tag):
            self.vocabulary = Vocabulary(segment.values, _text)

    @property
    def labels(self) -> Mapping[int, str]:
        """Return the label of each code that has a slice of its own."""
        if self.vocabulary is not None:
            return self.vocabulary.shown
        (part,) = self._segment.parts
        return dict(enumerate(part.labels if isinstance(part, Ranges) else TRUTH))

    def codes(self, tags: Tags, columns: Columns) -> Codes:
        """Return the code of each row, shape (rows,)."""
        if self.vocabulary is None:
            return _fixed(self._segment.parts[0], columns)
        several = [_values(part, tags, columns) for part in self._segment.parts]
        return self.vocabulary.codes(several[0] if len(several) == 1 else zip(*several, strict=True))

    def split(self, codes: Codes) -> Iterator[tuple[str, Rows]]:
        """Yield the label of each slice that has rows, and their places in ascending order."""
        order = np.argsort(codes, kind="stable")
        found, starts = np.unique(codes[order], return_index=True)
        labels, others = self.labels, []
        for code, rows in zip(found.tolist(), np.split(order, starts[1:]), strict=True):
            if code == ABSENT:
                yield MISSING, rows
            elif code in labels:
                yield labels[code], rows
            else:
                others.append(rows)
        if others:
            yield OTHER, np.sort(np.concatenate(others))


def _fixed(part: Part, columns: Columns) -> Codes:
    if isinstance(part, Filter):
        return part.condition.holds(columns).astype(np.int32)
    if isinstance(part, Tag):
        raise TypeError("the slices of a tag are not fixed")
    values = columns[part.path, None]
    codes = np.searchsorted(np.array(part.edges), values, side="right").astype(np.int32)
    return np.where(np.isnan(values), np.int32(ABSENT), codes)


def _values(part: Part, tags: Tags, columns: Columns) -> Sequence[Any]:
    if isinstance(part, Tag):
        return tags[part.path]
    labels = [*(part.labels if isinstance(part, Ranges) else TRUTH), None]
    return [labels[code] for code in _fixed(part, columns).tolist()]


def _text(value: object) -> str | None:
    """Return the label of a tag's value: 3 and 3.0 are "3"; None where it is none."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value) if isinstance(value, str | int | float) and value != "" else None


def _together(values: Sequence[object]) -> str | None:
    texts = [_text(value) for value in values]
    return None if None in texts else ", ".join(text or "" for text in texts)
