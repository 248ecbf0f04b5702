"""Reads a reference log into columns from which a profile is built."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from exporter.batch import Floats
from exporter.decoders.native import rows_of
from exporter.decoders.shape import COERCE, ROLES, Dtype, descend, identity
from exporter.profile.model import ProfileError
from exporter.profile.spec import ComponentSpec, ProfileSpec
from exporter.profile.values import Key, Raw


@dataclass(frozen=True, slots=True)
class Columns:
    """Reference values by (role, name), all of one length, a row for each prediction.

    Numbers are float64 with NaN where there is none; categories are a sequence of text, numbers, booleans or None, or
    coded; of a component with an extractor, the data that it reads. A row without any actual is a prediction without a
    label.
    """

    values: Mapping[Key, Raw]


def columns_of(spec: ProfileSpec, lines: Iterable[bytes]) -> Columns:
    """Read reference columns from a log of native records, one a line; actuals find their prediction by `id`.

    Failed predictions and those of other models are left out; of several predictions or actuals with one id, the first
    counts. Raises ProfileError where there is no prediction in it.
    """
    logged = [component for component in spec.components if not component.computed]
    table = _Table([tuple((c.element or "").split(".")) for c in logged], [c.resolved_role == "actual" for c in logged])
    for record in rows_of(lines):
        if record.get("model") in (None, spec.name):
            table.add(record)
    if not table.rows:
        raise ProfileError(
            f"the reference holds no prediction of {spec.name}: no line is its record of input or output"
        )
    table.join()
    return Columns({c.key: _column(c, [row[i] for row in table.rows]) for i, c in enumerate(logged)})


class _Table:
    """The wanted values of each prediction, and the actuals that came in records of their own."""

    def __init__(self, paths: Sequence[tuple[str, ...]], actual: Sequence[bool]) -> None:
        self._paths = paths
        self._actual = actual
        self.rows: list[list[object]] = []
        self._by_id: dict[str, int | None] = {}  # None where the record carries its actual
        self._late: dict[str, list[object]] = {}

    def add(self, record: Mapping[str, Any]) -> None:
        key = identity(record.get("id"))
        name = None if key is None else str(key)
        predicted, labelled = (any(record.get(r) is not None for r in roles) for roles in (ROLES[:2], ROLES[2:]))
        if record.get("error") or not (predicted or labelled) or (predicted and name in self._by_id):
            return
        values = [descend(record, path) for path in self._paths]
        if predicted:
            if name is not None:
                self._by_id[name] = None if labelled else len(self.rows)
            self.rows.append(values)
        elif name is not None:
            self._late.setdefault(name, values)

    def join(self) -> None:
        for key, values in self._late.items():
            if (place := self._by_id.get(key)) is not None:
                row = self.rows[place]
                row[:] = [new if actual else old for old, new, actual in zip(row, values, self._actual, strict=True)]


def _column(spec: ComponentSpec, raw: Sequence[object]) -> Floats | Sequence[object]:
    if spec.extractor is not None:
        return raw
    dtype: Dtype = "number" if spec.numeric else ("bool" if spec.dtype == "bool" else "category")
    values = [COERCE[dtype](value) for value in raw]
    return np.array(values, np.float64) if spec.numeric else values
