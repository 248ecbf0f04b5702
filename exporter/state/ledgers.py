"""What is known by id, in the state file: pages of rows, and by run what finds them."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from exporter.joins import Joiner, Run
from exporter.state import codec
from exporter.state.passing import Passing
from exporter.state.store import StateError, Store

RUNS = "runs"


class Ledgers:
    """The ledger of one model under keys that begin with `prefix`; it goes on with what the file has.

    `dropped` names what the file has of columns that are not kept any more, in the codes that they had.
    """

    def __init__(self, prefix: str, joiner: Joiner, store: Store | Passing, parts: Mapping[str, bytes]) -> None:
        self._prefix = prefix
        self._ledger = joiner.ledger
        self._store = store
        self.dropped: list[str] = []
        runs = _runs(prefix, parts)
        self._written = {run.first for run in runs}
        kept = joiner.ledger.dtype.names or ()
        if lost := {name for run in runs for name in run.dtype.names or () if name not in kept}:
            self.dropped.append(f"of waiting predictions and actuals {', '.join(sorted(lost))}")
        joiner.ledger.resume(store.shelf, runs)

    def write(self) -> None:
        """Write what has changed, within a transaction."""
        self._store.write(dict(self._parts(self._ledger.flush(self._store.shelf))))

    def _parts(self, runs: list[Run]) -> Iterator[tuple[str, bytes | None]]:
        numbers = {run.first for run in runs}
        if numbers != self._written:
            yield self._prefix + RUNS, codec.encode([run.first for run in runs])
        for run in runs:
            if run.first not in self._written:
                yield f"{self._prefix}{run.first} fixed", codec.encode(_fixed(run))
            if run.changed or run.first not in self._written:
                yield f"{self._prefix}{run.first} live", codec.encode(_moving(run))
        for number in self._written - numbers:
            yield f"{self._prefix}{number} fixed", None
            yield f"{self._prefix}{number} live", None

    def written(self) -> None:
        """Take note that what was written is safe."""
        self._ledger.flushed()
        self._written = {run.first for run in self._ledger.runs}


def _runs(prefix: str, parts: Mapping[str, bytes]) -> list[Run]:
    try:
        numbers = codec.decode(parts[prefix + RUNS]) if prefix + RUNS in parts else []
        return [
            _run(number, *(codec.decode(parts[f"{prefix}{number} {name}"]) for name in ("fixed", "live")))
            for number in numbers
        ]
    except (KeyError, TypeError, ValueError) as error:
        raise StateError(f"what waits in the state file is damaged ({error!r}); it is left as it is") from None


def _fixed(run: Run) -> list[Any]:
    columns = [[name, run.dtype[name].base.str, list(run.dtype[name].shape)] for name in run.dtype.names or ()]
    return [columns, run.rows, codec.pack_array(run.fences), codec.pack_array(run.filter)]


def _moving(run: Run) -> list[Any]:
    return [np.packbits(run.live).tobytes(), run.counts.tolist(), run.oldest]


def _run(number: int, fixed: list[Any], moving: list[Any]) -> Run:
    columns, rows, fences, sieve = fixed
    bits, counts, oldest = moving
    live = np.unpackbits(np.frombuffer(bits, np.uint8), count=rows).view(np.bool_)
    dtype = np.dtype([(name, kind, tuple(shape)) for name, kind, shape in columns])
    arrays = codec.array_of(fences), codec.array_of(sieve)
    return Run(dtype, number, *arrays, live, np.array(counts, np.int64), oldest, changed=False)
