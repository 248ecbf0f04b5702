"""The native record, one JSON object a line: decoded typed and fast, and line by line where a line does not fit.

Law: any bytes give rows or counted rejects, never an exception; and of lines that hold whole records, the rows do not
depend on where between lines the bytes were cut.
"""

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
import numpy as np

from exporter.batch import Batch, Schema
from exporter.decoders.columns import BatchBuffer, Coding, dtype_of
from exporter.decoders.shape import META_COERCE, Dtype, Shape

PIECE = 1 << 16  # decoded objects should die in the processor's cache: 64 KiB is twice as fast as 4 MiB
ROWS = 8192  # a batch this long makes sorting and counting cheap
ROUTES = 10_000
SAMPLES = 4  # of a batch

BROKEN = object()
_PADDING = b"\x00\xef\xbb\xbf \t\r\n"  # NULs are left by copytruncate, a byte order mark by editors
_NEWLINE = ord("\n")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_UNDECODABLE = (msgspec.MsgspecError, RecursionError, ValueError)


def parse(line: bytes) -> object:
    """Return a line's JSON value, `BROKEN` where it is none."""
    try:
        return msgspec.json.decode(line)
    except _UNDECODABLE:
        pass
    try:
        # It takes NaN and Infinity, which many servers write.
        value = json.loads(line.decode(errors="replace"), parse_int=_whole_number)
        return _encodable(value) if _SURROGATE.search(line) else value
    except _UNDECODABLE:
        return BROKEN


def _whole_number(text: str) -> float:
    """Return a whole number; one of more digits than Python reads is an infinity, as 1e400 is."""
    try:
        return int(text)
    except ValueError:
        return float(text)


def _encodable(value: object) -> object:
    """Return a JSON value in which a question mark replaces each half of a surrogate pair: none can be written."""
    return json.loads(json.dumps(value, ensure_ascii=False).encode(errors="replace"))


def count_lines(data: bytes) -> int:
    """Return the number of lines, blank ones included; four times as fast as bytes.count."""
    ended = np.count_nonzero(np.frombuffer(data, np.uint8) == _NEWLINE)
    return int(ended) + (not data.endswith(b"\n"))


def rows_of(lines: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """Yield the records of lines, untyped; lines without one are left out."""
    for line in lines:
        record = parse(line.strip(_PADDING))
        if isinstance(record, dict):
            yield record


class NativeDecoder:
    """Turns whole lines into batches by model.

    `schemas` are the models that the log may hold; a record that leaves out `model` or `version` belongs to the one
    schema that it can mean. `event_time` asks for the time of each record. `lines` and `rejects` (by reason) count on;
    the caller takes differences or clears them.
    """

    def __init__(self, schemas: Sequence[Schema], *, event_time: bool = False) -> None:
        self._schemas = schemas
        paths = [(field.element or "", dtype_of(field)) for schema in schemas for field in schema.fields]
        tags: list[tuple[str, Dtype]] = [(path, "category") for schema in schemas for path in schema.tags]
        self._shape = Shape([*paths, *tags])
        self._decoder = msgspec.json.Decoder(self._shape.row)
        self._versions = [Coding((schema.version,)) for schema in schemas]
        self._buffers = [BatchBuffer(schema, self._shape, event_time=event_time) for schema in schemas]
        self._routes: dict[tuple[object, object], int | None] = {}
        self.rejects: Counter[str] = Counter()
        self.lines = 0

    def feed(self, data: bytes) -> Iterator[tuple[int, Batch]]:
        """Decode whole lines; yields (index of the schema, batch) as batches fill, of few lines at their end alone."""
        start = 0
        while start < len(data):
            end = data.rfind(b"\n", start, start + PIECE) + 1 or data.find(b"\n", start + PIECE) + 1 or len(data)
            self._piece(data[start:end])
            start = end
            yield from self._full(ROWS if end == len(data) else 2 * ROWS)

    def flush(self) -> Iterator[tuple[int, Batch]]:
        """Yield the batches that are not full."""
        yield from self._full(1)

    def _full(self, rows: int) -> Iterator[tuple[int, Batch]]:
        for index, buffer in enumerate(self._buffers):
            if len(buffer) >= rows:
                batch, empty = buffer.take()
                if empty:
                    self.rejects["empty_record"] += empty
                if batch.rows:
                    yield index, batch

    def _piece(self, piece: bytes) -> None:
        try:
            rows = self._decoder.decode_lines(piece)
        except _UNDECODABLE:
            rows = []
        if len(rows) != count_lines(piece):  # blank lines, records that span lines or share one
            rows = self._one_by_one(piece)
        self.lines += len(rows)
        if rows:
            self._route(rows)
            if min(len(buffer.samples) for buffer in self._buffers) < SAMPLES:
                self._sample(piece)

    def _sample(self, piece: bytes) -> None:
        """Keep the first record of a piece as a whole."""
        record = parse(piece[: piece.find(b"\n") + 1 or len(piece)].strip(_PADDING))
        if isinstance(record, dict):
            model, version = (META_COERCE[name](record.get(name)) for name in ("model", "version"))
            index = self._find(model, version)
            if index is not None and len(self._buffers[index].samples) < SAMPLES:
                self._buffers[index].samples.append(record)

    def _one_by_one(self, piece: bytes) -> list[Any]:
        rows: list[Any] = []
        for line in piece.split(b"\n"):
            try:
                rows += self._decoder.decode_lines(line)
            except _UNDECODABLE:
                if clean := line.strip(_PADDING):
                    self._untyped_line(clean, rows)
        return rows

    def _untyped_line(self, line: bytes, rows: list[Any]) -> None:
        record = parse(line)
        if isinstance(record, dict):
            rows.append(self._shape.build(record))
        else:
            self.lines += 1
            self.rejects["not_json" if record is BROKEN else "not_object"] += 1

    def _route(self, rows: list[Any]) -> None:
        model, version = rows[0].model, rows[0].version
        if len([row for row in rows if row.model == model and row.version == version]) == len(rows):
            self._extend(self._find(model, version), rows)
            return
        groups: dict[int | None, list[Any]] = {}
        for row in rows:
            groups.setdefault(self._find(row.model, row.version), []).append(row)
        for index, group in groups.items():
            self._extend(index, group)

    def _extend(self, index: int | None, rows: list[Any]) -> None:
        if index is None:
            self.rejects["unknown_model"] += len(rows)
        else:
            self._buffers[index].extend(rows)

    def _find(self, model: object, version: object) -> int | None:
        key = (model, version)
        if key not in self._routes:
            if len(self._routes) >= ROUTES:
                self._routes.clear()
            found = [
                index
                for index, schema in enumerate(self._schemas)
                if model in (None, schema.model) and (version is None or self._versions[index][version] == 0)
            ]
            self._routes[key] = found[0] if len(found) == 1 else None
        return self._routes[key]
