"""Reads a reference log into columns from which a profile is built."""

import math
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any

import numpy as np

from exporter.decoders.columns import epoch, guarded
from exporter.decoders.files import Files
from exporter.decoders.native import rows_of
from exporter.decoders.shape import ROLES, descend, identity
from exporter.profile.attributions import attribution_specs
from exporter.profile.component import ProfileError
from exporter.profile.sample import LAST, SPARE, Sample, most
from exporter.profile.spec import ComponentSpec, ProfileSpec
from exporter.profile.values import Key, Raw, compact, extracted, held, learns, patched

PIECE = 500  # records that become columns together
OWN: Key = ("", "own")  # whether a record has its actual with it


@dataclass(frozen=True, slots=True)
class Columns:
    """Reference values by (role, name), all of one length, a row for each prediction.

    Numbers are float64 with NaN where there is none; categories are a sequence of text, numbers, booleans or None, or
    coded; of a component with an extractor, the data that it reads, or where they are `held`, what one that does not
    learn has made of them. A row without any actual is a prediction without a label.
    """

    values: Mapping[Key, Raw]
    held: bool = False
    sampled: bool = False  # there were more rows than these

    def of(self, spec: ComponentSpec) -> Raw:
        """Return the values of a component, which its extractor, if it has one, makes of the data."""
        raw = self.values[spec.key]
        return raw if self.held and not learns(spec) else extracted(spec, raw)

    longest_gap: float = math.nan  # seconds between two predictions, of all rows


def columns_of(
    spec: ProfileSpec, lines: Iterable[bytes], rows: int | None = None, seed: int = 0, files: Files | None = None
) -> Columns:
    """Read reference columns from a log of native records, one a line; actuals find their prediction by `id`.

    Failed predictions and those of other models are left out; of several predictions or actuals with one id, the first
    counts. Of more predictions than `rows` (`most` of the spec) a sample is taken, so that a log of any size can be
    read: by a hash of the id and the seed, so that a row is in it with its actual. `files` read the images and arrays
    that records name. Raises ProfileError where there is no prediction.
    """
    log = _Log(spec, most(spec) if rows is None else rows, seed, files)
    for record in rows_of(lines):
        if record.get("model") in (None, spec.name):
            log.add(record)
    columns = log.columns()
    if not columns:
        raise ProfileError(
            f"the reference holds no prediction of {spec.name}: no line is its record of input or output"
        )
    return Columns(columns, held=True, sampled=log.sampled, longest_gap=log.longest_gap)


class _Log:
    """The predictions of a log with their actuals, as many as are wanted, told apart by hashes of their ids."""

    def __init__(self, spec: ProfileSpec, rows: int, seed: int, files: Files | None) -> None:
        logged = [component for component in spec.components if not component.computed]
        self._specs = [*logged, *attribution_specs(spec)]
        self._paths = [tuple((component.element or "").split(".")) for component in self._specs]
        self._actual = [place for place, component in enumerate(self._specs) if component.resolved_role == "actual"]
        self._reads = {} if files is None else _readers(self._specs, files)
        self._rows = rows
        self._newest = self.longest_gap = math.nan
        self._sample = Sample(rows)
        self._salt = seed.to_bytes(8, "little", signed=True)
        self._random = random.Random(seed)  # noqa: S311 - nothing secret
        self._known: set[int] = set()
        self._late: dict[int, list[object]] = {}  # actuals that came in records of their own
        self._waiting: list[tuple[int, bool, list[object]]] = []

    @property
    def sampled(self) -> bool:
        """Tell whether some predictions have been dropped."""
        return self._sample.limit < LAST

    def add(self, record: Mapping[str, Any]) -> None:
        """Take note of a record."""
        name = identity(record.get("id"))
        predicted, labelled = (any(record.get(r) is not None for r in roles) for roles in (ROLES[:2], ROLES[2:]))
        if predicted:
            self._follow(epoch(record.get("time")))
        if record.get("error") or not (predicted or (labelled and name is not None)):
            return
        key = self._random.getrandbits(64) if name is None else self._key(str(name))
        if key > self._sample.limit or key in (self._known if predicted else self._late):
            return
        values = [descend(record, path) for path in self._paths]
        for place, read in self._reads.items():
            values[place] = read(values[place])
        if predicted:
            self._known.add(key)
            self._waiting.append((key, labelled, values))
        else:
            self._late[key] = [values[place] for place in self._actual]
        if len(self._waiting) == PIECE or len(self._late) > SPARE * self._rows:
            self._settle()

    def _follow(self, time: float) -> None:
        """Take note of the time of a prediction; of those that come late nothing follows."""
        if math.isnan(self._newest):
            self._newest = time
        elif time > self._newest:
            self.longest_gap = max(time - self._newest, self.longest_gap)  # in this order NaN gives way
            self._newest = time

    def columns(self) -> dict[Key, Raw]:
        """Return the columns, each actual with its prediction; nothing where there is no prediction."""
        self._settle()
        keys, columns = self._sample.take()
        if not columns:
            return {}
        own = np.asarray(columns.pop(OWN)) > 0
        alone = {key: place for place, key in enumerate(keys.tolist()) if not own[place]}
        late = [(alone[key], values) for key, values in self._late.items() if key in alone]
        places = np.array([place for place, _ in late], np.intp)
        for i, place in enumerate(self._actual):
            spec = self._specs[place]
            columns[spec.key] = patched(columns[spec.key], places, self._held(place, [values[i] for _, values in late]))
        return columns

    def _held(self, place: int, values: Sequence[object]) -> Raw:
        spec = self._specs[place]
        return compact(spec, values) if place in self._reads and not learns(spec) else held(spec, values)

    def _key(self, name: str) -> int:
        digest = blake2b(name.encode(errors="surrogatepass"), digest_size=8, salt=self._salt)
        return int.from_bytes(digest.digest(), "little")

    def _settle(self) -> None:
        """Make columns of the records that wait, and forget what is not in the sample any more."""
        if self._waiting:
            keys, own, rows = zip(*self._waiting, strict=True)
            columns: dict[Key, Raw] = {OWN: np.array(own, np.float64)}
            for place, values in enumerate(zip(*rows, strict=True)):
                columns[self._specs[place].key] = self._held(place, values)
            self._waiting.clear()
            self._sample.add(np.array(keys, np.uint64), columns)
        if len(self._late) > SPARE * self._rows:
            self._sample.lower(sorted(self._late)[self._rows - 1])
        if len(self._known) > SPARE * self._rows or len(self._late) > SPARE * self._rows:
            limit = self._sample.limit
            self._known = {key for key in self._known if key <= limit}
            self._late = {key: values for key, values in self._late.items() if key <= limit}


def _readers(specs: Sequence[ComponentSpec], files: Files) -> dict[int, Callable[[object], object]]:
    """Return by place what becomes of a datum that a file may hold: at once its value, so that a file is read once."""
    return {place: _reader(spec, files) for place, spec in enumerate(specs) if spec.reads_files}


def _reader(spec: ComponentSpec, files: Files) -> Callable[[object], object]:
    if learns(spec):
        return files.later
    extract = spec.data_extractor().extract
    return guarded(lambda datum: extract(files.read(datum)), numeric=spec.numeric)
