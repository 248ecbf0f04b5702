"""Packs decoded rows of one model into arrays until they are a batch."""

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np

from exporter.batch import Batch, Column, Fault, Field, Floats, Kind, Schema
from exporter.decoders.shape import (
    COERCE,
    FAILED,
    FAILED_CATEGORY,
    ROLES,
    WRONG_CATEGORY,
    Dtype,
    Shape,
    category,
    descend,
    number,
)

BOOL_LEVELS = ("false", "true")
YEAR_10000 = 253_402_300_800  # Unix seconds; milliseconds since 1978 are beyond it


def dtype_of(field: Field) -> Dtype:
    """Return how a field's values are decoded."""
    if field.extract is not None:
        return "any"
    if field.levels is None:
        return "number"
    return "bool" if field.levels == BOOL_LEVELS else "category"


class Coding(dict[Any, int]):
    """Category codes by JSON value: a level's place, one past the last for any other, the negative fault for none."""

    def __init__(self, levels: Sequence[str]) -> None:
        super().__init__({None: -Fault.MISSING, WRONG_CATEGORY: -Fault.TYPE, FAILED_CATEGORY: -Fault.EXTRACTOR})
        self.unseen = len(levels)
        for code, level in enumerate(levels):
            self[level] = code
            value = _number(level)
            if value is not None and (label(value) == level or value not in self):
                self[value] = code
        self._bool = tuple(levels) == BOOL_LEVELS
        if self._bool:
            self.update({False: 0, True: 1})

    def __missing__(self, value: object) -> int:
        return -Fault.TYPE if self._bool and not isinstance(value, str) else self.unseen


def label(value: object) -> str:
    """Return the category that a JSON value means: 3 and 3.0 are "3", true is "true"."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _number(text: str) -> float | None:
    """Return the number that is written like this text, if there is one."""
    for read in (int, float):
        try:
            value = read(text)
        except ValueError:
            continue
        if text in (label(value), repr(value)):
            return value
    return None


def epoch(time: str | float | None) -> float:
    """Return RFC 3339 text (UTC unless it says otherwise) or Unix seconds as Unix seconds; NaN where it is neither."""
    if isinstance(time, str):
        try:
            moment = datetime.fromisoformat(time.upper())
        except ValueError:
            return math.nan
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    seconds = number(time)
    return seconds if abs(seconds) < YEAR_10000 else math.nan


def guarded(extract: Callable[[object], float | str | None], *, numeric: bool) -> Callable[[object], Any]:
    """Return an extractor that gives a column's value whatever it is given; one that raises gives its fault."""
    missing, failed = (math.nan, FAILED) if numeric else (None, FAILED_CATEGORY)

    def value(datum: object) -> Any:  # noqa: ANN401 - a float, or a category
        if datum is None:
            return missing
        try:
            found = extract(datum)
            return missing if found is None else float(found) if numeric else category(found)
        except Exception:  # noqa: BLE001 - a plug-in may raise anything; the value is counted as failed
            return failed

    return value


def listing(row: Callable[[object], Sequence[float] | None], width: int) -> Callable[[object], bytes]:
    """Return an extractor of a row of numbers that gives it as bytes whatever it is given."""
    pack, rest = struct.Struct(f"={width}d").pack, [math.nan] * (width - 1)
    missing, failed = pack(math.nan, *rest), pack(FAILED, *rest)

    def value(datum: object) -> bytes:
        try:
            found = None if datum is None else row(datum)
            return missing if found is None else pack(*found)
        except Exception:  # noqa: BLE001 - a plug-in may raise anything; the value is counted as failed
            return failed

    return value


def reading(field: Field) -> Callable[[Any], Any]:
    """Return the function from what is logged at a field's path to its value: a float, or a category for `Coding`."""
    if field.extract is not None:
        return guarded(field.extract, numeric=field.levels is None)
    return COERCE[dtype_of(field)]


class BatchBuffer:
    """The rows of one model under way, each packed into bytes by one expression made for its schema.

    The expression names attributes and functions that this module chose, never text from a profile. One row costs
    some 200 ns for ten numbers and three categories; a pass over the rows for each column would cost three times that.
    """

    def __init__(self, schema: Schema, shape: Shape, *, event_time: bool) -> None:
        self._schema = schema
        self._fill = shape.fill
        self._event_time = event_time
        self._scope: dict[str, Any] = {"kind": _kinds(shape), "epoch": epoch}
        self._scope |= {"no_actual": shape.default("actual"), "no_output": shape.default("output")}
        columns = [self._expression(i, field, shape) for i, field in enumerate(schema.fields)]
        output = "r.output is not no_output and r.output is not None"
        kind = f"1 if {output} and r.actual is no_actual and r.error is None else kind(r)"
        more = {"time": "epoch(r.time)"} if event_time else {}
        more |= {"revision": "r.revision"} if schema.ids else {}
        values = [kind, "r.latency_seconds", *columns, *more.values()]
        codes = ["B", "d", *(_code(field) for field in schema.fields), *"d" * len(more)]
        self._struct = struct.Struct("=" + "".join(codes))
        names = ["kind", "latency", *(f"c{i}" for i in range(len(columns))), *more]
        formats = ["u1", "f8", *map(_format, schema.fields), *("f8" for _ in more)]
        self._dtype = np.dtype({"names": names, "formats": formats})
        self._floats = [i for i, code in enumerate(codes) if code == "d"]
        self._tuples = self._compile(f"[({', '.join(values)},) for r in rows]")
        self._read_tags = {path: self._compile(f"[{self._tag(path, shape)} for r in rows]") for path in schema.tags}
        self._scope["pack"] = self._struct.pack
        self._pack = self._compile(f"b''.join([pack({', '.join(values)}) for r in rows])")
        self._start()

    def _tag(self, path: str, shape: Shape) -> str:
        attributes, walk = shape.locate(path)
        if walk is None:
            return f"r.{attributes}"
        name = f"tag{len(self._scope)}"
        self._scope[name] = lambda raw: category(descend(raw, walk))
        return f"{name}(r.{attributes})"

    def _expression(self, place: int, field: Field, shape: Shape) -> str:
        attributes, walk = shape.locate(field.element or "")
        dtype, text = dtype_of(field), f"r.{attributes}"
        if walk is not None:
            self._scope[f"walk{place}"] = lambda raw: COERCE[dtype](descend(raw, walk))
            text = f"walk{place}({text})"
        if field.extract is not None:
            value = guarded(field.extract, numeric=field.levels is None)
            self._scope[f"extract{place}"] = value if field.row is None else listing(field.row, field.width)
            text = f"extract{place}({text})"
        if field.levels is not None:
            self._scope[f"coding{place}"] = Coding(field.levels)
            text = f"coding{place}[{text}]"
        return text

    def _compile(self, expression: str) -> Callable[[Sequence[Any]], Any]:
        made: Callable[[Sequence[Any]], Any] = eval(f"lambda rows: {expression}", self._scope)  # noqa: S307 - see above
        return made

    def _start(self) -> None:
        self._packed: list[bytes] = []
        self._rows = 0
        self._ids: list[str | None] = []
        self._tags: dict[str, list[object]] = {path: [] for path in self._schema.tags}
        self._newest = self._oldest = math.nan
        self.samples: list[Mapping[str, object]] = []

    def __len__(self) -> int:
        return self._rows

    def extend(self, rows: Sequence[Any]) -> None:
        """Append decoded rows."""
        try:
            self._packed.append(self._pack(rows))
        except (struct.error, AttributeError):  # a null where a number or an object may stand
            self._packed.append(b"".join(map(self._pack_nulls, self._tuples([self._fill(row) for row in rows]))))
        self._rows += len(rows)
        for path, read in self._read_tags.items():
            self._tags[path] += self._tagged(read, rows)
        if self._schema.ids:
            self._ids += [None if row.id is None else str(row.id) for row in rows]
        newest = epoch(next((row.time for row in reversed(rows) if row.time is not None), None))
        if newest > self._newest or math.isnan(self._newest):
            self._newest = newest
        if math.isnan(self._oldest):
            self._oldest = epoch(next((row.time for row in rows if row.time is not None), None))

    def _tagged(self, read: Callable[[Any], Any], rows: Sequence[Any]) -> list[object]:
        try:
            found: list[object] = read(rows)
        except AttributeError:  # a null where an object may stand
            found = read([self._fill(row) for row in rows])
        return found

    def _pack_nulls(self, values: tuple[Any, ...]) -> bytes:
        filled = list(values)
        for i in self._floats:
            if filled[i] is None:
                filled[i] = math.nan
        return self._struct.pack(*filled)

    def take(self) -> tuple[Batch, int]:
        """Return what has been gathered, and how many rows said nothing and were left out; start anew."""
        table = np.frombuffer(b"".join(self._packed), self._dtype)
        ids: list[str | None] | None = self._ids if self._schema.ids else None
        tags, keep = self._tags, np.flatnonzero(table["kind"])
        if empty := len(table) - len(keep):
            table, ids = table[keep], None if ids is None else [ids[i] for i in keep]
            tags = {path: [values[i] for i in keep] for path, values in tags.items()}
        (oldest, newest), samples = (self._oldest, self._newest), self.samples
        self._start()
        columns: tuple[Column, ...] = tuple(
            np.ascontiguousarray(table[f"c{i}"]) for i in range(len(self._schema.fields))
        )
        times: Floats | None = np.ascontiguousarray(table["time"]) if self._event_time else None
        revisions: Floats | None = np.ascontiguousarray(table["revision"]) if self._schema.ids else None
        latency: Floats = np.ascontiguousarray(table["latency"])
        kind = np.ascontiguousarray(table["kind"])
        return Batch(kind, columns, latency, newest, times, ids, tags, samples, revisions, oldest), empty


def _code(field: Field) -> str:
    return f"{8 * field.width}s" if field.row is not None else "d" if field.levels is None else "i"


def _format(field: Field) -> str:
    return f"{field.width}f8" if field.row is not None else "f8" if field.levels is None else "i4"


def _one_of(value: object, others: tuple[object, object]) -> bool:
    return value is others[0] or value is others[1]


def _kinds(shape: Shape) -> Callable[[Any], int]:
    inputs, outputs, actuals = ((None, shape.default(role)) for role in ROLES)

    def kind(row: Any) -> int:  # noqa: ANN401 - a row of the shape's type
        """Return the `Kind` of a row; 0 where it says nothing."""
        found = 0 if _one_of(row.actual, actuals) else Kind.ACTUAL.value
        if row.error:
            return found | Kind.PREDICTION.value | Kind.FAILED.value
        silent = _one_of(row.output, outputs) and _one_of(row.input, inputs)
        return found if silent else found | Kind.PREDICTION.value

    return kind
