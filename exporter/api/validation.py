"""Judges data by a built profile: one datum in microseconds, a batch in columns, with the same tags."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from exporter.api.checker import FAULT, Checker, Reasons
from exporter.api.datum import prepared
from exporter.api.sequence import SequenceSimpleExtractor
from exporter.api.tags import Tag
from exporter.batch import Column, Field
from exporter.decoders.shape import ROLES
from exporter.extractors import Bound
from exporter.profile import Component, Profile
from exporter.profile.values import Coded, Key, Raw, column_of, extracted


@dataclass(frozen=True, slots=True, eq=False)
class Batch(Sequence[list[Tag]]):
    """The tags of each datum of a batch, the same as of each by itself, written out where they are looked at.

    `reasons` are those of REASONS from 1 by component, shape (rows,); 0 is valid.
    """

    checkers: Sequence[Checker]
    raws: Sequence[Raw]
    columns: Sequence[Column]

    @property
    def invalid(self) -> NDArray[np.bool_]:
        """Return which rows have an error tag, shape (rows,)."""
        found: NDArray[np.bool_] = np.any([reasons > 0 for reasons in self.reasons().values()], axis=0)
        return found

    @property
    def warned(self) -> NDArray[np.bool_]:
        """Return which rows have a warning tag, shape (rows,)."""
        pairs = zip(self.checkers, self.columns, strict=True)
        found: NDArray[np.bool_] = np.any([checker.warned(column) for checker, column in pairs], axis=0)
        return found

    def reasons(self) -> Mapping[str, Reasons]:
        """Return why each row of each component is invalid: 0 valid, else the place in REASONS from 1."""
        pairs = zip(self.checkers, self.columns, strict=True)
        return {checker.component.name: checker.reasons(column) for checker, column in pairs}

    def __len__(self) -> int:
        return len(self.columns[0]) if self.columns else 0

    @overload
    def __getitem__(self, row: int) -> list[Tag]: ...
    @overload
    def __getitem__(self, row: slice) -> list[list[Tag]]: ...
    def __getitem__(self, row: int | slice) -> list[Tag] | list[list[Tag]]:
        if isinstance(row, slice):
            return [self[one] for one in range(*row.indices(len(self)))]
        if not -len(self) <= row < len(self):
            raise IndexError(row)
        parts = zip(self.checkers, self.columns, self.raws, strict=True)
        return [tag for checker, column, raw in parts for tag in checker.tags_of(column, row, raw)]


class Validator:
    """The checkers of a profile by role; `group` is what its tags carry, `prepare` the preprocessing of components."""

    def __init__(self, profile: Profile, group: str, prepare: Mapping[Key, SequenceSimpleExtractor]) -> None:
        self.group = group
        self._checkers: dict[str, list[Checker]] = {role: [] for role in (*ROLES, "eval")}
        for component in profile.components:
            self._checkers[component.role].append(Checker(component, group, prepare.get(component.spec.key)))
        fields = {component.spec.key: component.field for component in profile.components}
        self._bound = [_bound(checker, fields) for checker in self._checkers["eval"]]

    def tags(self, role: str, datum: Any) -> list[Tag]:  # noqa: ANN401 - any datum
        """Return the tags of the role's datum."""
        datum = prepared(datum)
        return [tag for checker in self._checkers[role] for tag in checker.tags(datum)]

    def evaluated(self, output: Any, actual: Any) -> list[Tag]:  # noqa: ANN401 - any datum
        """Return the tags of the eval components of an output and its actual."""
        columns = {
            (role, checker.component.name): checker.column(datum)
            for role, datum in (("output", output), ("actual", actual))
            for checker in self._checkers[role]
        }
        return [tag for one in self._bound for tag in _evaluated(one, columns)]

    def batch(self, role: str, raw_of: Callable[[Component], Raw]) -> Batch:
        """Return the tags of a batch of the role's data, of which `raw_of` finds what a component reads."""
        checkers = self._checkers[role]
        raws = [raw_of(checker.component) for checker in checkers]
        return Batch(checkers, raws, [_column(*pair) for pair in zip(checkers, raws, strict=True)])


def _column(checker: Checker, raw: Raw) -> Column:
    spec, levels = checker.component.spec, checker.component.measure.levels
    try:
        return column_of(spec, extracted(spec, raw), levels)
    except Exception:  # noqa: BLE001 - a value's own methods may raise anything: it costs its own row
        values = [raw.values[place] for place in raw.places] if isinstance(raw, Coded) else raw
        return np.concatenate([checker.value(value) for value in values])


@dataclass(frozen=True, slots=True)
class _Evaluation:
    checker: Checker
    keys: tuple[Key, Key]
    compute: Bound


def _bound(checker: Checker, fields: Mapping[Key, Field]) -> _Evaluation:
    extractor = checker.component.spec.eval_extractor()
    keys = ("output", extractor.output), ("actual", extractor.actual)
    return _Evaluation(checker, keys, extractor.bind(fields[keys[0]], fields[keys[1]]))


def _evaluated(one: _Evaluation, columns: Mapping[Key, Column]) -> list[Tag]:
    try:
        output, actual = (columns[key] for key in one.keys)
        return one.checker.tags_of(one.compute(output, actual), 0)
    except Exception:  # noqa: BLE001 - a plug-in may raise anything; serving goes on
        return [one.checker.error(FAULT)]
