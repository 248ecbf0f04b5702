"""The fields of predictions, looked at in a sample: which appear, disappear or change their type."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

ERROR = math.log(1e-9)  # of the chance that a field comes, stays away, or is of a type so often by accident
SURE = 1 - 1e-9  # a rate is never taken for more
SETTLED = 500  # times that something was seen, after which it is not new
LEAST = 5  # sampled records in a row that a change must last
FIELDS = 200  # that are watched; further ones are not
DEEP = 6
CHANGES = ("appeared", "disappeared", "type")
PARTS = ("input", "output", "tags")  # of a record; others come and go with labels and failures


@dataclass(slots=True)
class Onset:
    """Something that was first seen after `before` looks; `told` once it has been called new."""

    before: int
    seen: int = 0
    told: bool = False

    def see(self, looks: int) -> bool:
        """Note that it is seen, at the last of so many looks; True if it is new.

        It is where it would not have stayed away before, at the rate at which it has come since.
        """
        self.seen += 1
        if self.told or self.seen > SETTLED:
            return False
        self.told = self.before * math.log1p(-_rate(self.seen, looks - self.before)) < ERROR
        return self.told


@dataclass(slots=True)
class Known:
    """A field: when it came, for how many records it has been away or back, and its types."""

    onset: Onset
    away: int = 0
    gone: bool = False
    back: int = 0
    types: dict[str, Onset] = field(default_factory=dict)


class Shape:
    """What is known of the fields; `changes` counts what has changed, by field and kind of change."""

    def __init__(self) -> None:
        self.changes: Counter[tuple[str, str]] = Counter()
        self._fields: dict[str, Known] = {}
        self._records = 0

    def add(self, record: Mapping[str, object]) -> None:
        """Look at a record; one that is no successful prediction says nothing."""
        if record.get("error") or not (record.get("input") or record.get("output")):
            return
        self._records += 1
        found = {path: kind for part in PARTS for path, kind in _leaves(record.get(part), part, 1)}
        for path, kind in found.items():
            self._see(path, kind)
        for path in self._fields.keys() - found.keys():
            self._miss(path, self._fields[path])

    def _see(self, path: str, kind: str) -> None:
        if path not in self._fields:
            if len(self._fields) >= FIELDS:
                return
            self._fields[path] = Known(Onset(self._records - 1))
        known = self._fields[path]
        known.away = 0
        known.back += known.gone
        if known.onset.see(self._records) or known.back >= LEAST:
            known.gone, known.back = False, 0
            self.changes[path, "appeared"] += 1
        if kind != "null" and known.types.setdefault(kind, Onset(known.onset.seen - 1)).see(known.onset.seen):
            self.changes[path, "type"] += 1

    def _miss(self, path: str, known: Known) -> None:
        known.away, known.back = known.away + 1, 0
        share = _rate(known.onset.seen, self._records - known.onset.before - known.away)
        if not known.gone and known.away >= LEAST and known.away * math.log1p(-share) < ERROR:
            known.gone = True
            self.changes[path, "disappeared"] += 1

    def save(self) -> tuple[object, ...]:
        """Return what is known, as plain values."""
        fields = tuple(
            (path, _saved(one.onset), one.away, one.gone, one.back, tuple((k, _saved(o)) for k, o in one.types.items()))
            for path, one in self._fields.items()
        )
        return self._records, tuple((*key, count) for key, count in self.changes.items()), fields

    def resume(self, saved: Sequence[Any]) -> None:
        """Go on from what was saved."""
        self._records, changes, fields = saved
        self.changes = Counter({(path, change): count for path, change, count in changes})
        self._fields = {
            path: Known(Onset(*onset), away, gone, back, {kind: Onset(*one) for kind, one in types})
            for path, onset, away, gone, back, types in fields
        }


def _rate(seen: int, looks: int) -> float:
    """Return how often something comes at least, by so many sights from the first one on: three deviations less."""
    return min(max(seen - 3 * math.sqrt(seen) - 1, 0.0) / max(looks, 1), SURE)


def _saved(onset: Onset) -> tuple[int, int, bool]:
    return onset.before, onset.seen, onset.told


def _leaves(value: object, path: str, depth: int) -> Iterator[tuple[str, str]]:
    """Yield the path and type of what a record holds; lists are looked at as a whole."""
    if isinstance(value, Mapping) and depth < DEEP:
        for key, part in value.items():
            yield from _leaves(part, f"{path}.{key}", depth + 1)
    elif value is not None or depth > 1:
        yield path[:256], _type(value)


def _type(value: object) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, int | float):
        return "number"
    return "text" if isinstance(value, str) else "list" if isinstance(value, list) else "object"
