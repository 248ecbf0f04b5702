"""One source's way into the queue: read, decode, hand over; a source that fails is started anew and seen down."""

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from exporter import catalog
from exporter.batch import Batch
from exporter.decoders import Decoder
from exporter.sources import Chunk, Source
from exporter.sources.images import REASONS, Images
from exporter.telemetry import Telemetry

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Item:
    """Lines of a source: their batches by model, what else they count for, and where the source goes on behind them."""

    source: str
    batches: Sequence[tuple[int, Batch]]
    counts: Sequence[tuple[str, dict[str, str], float]]
    position: object = None


ROWS = 8192  # of an item at least, as long as there is more to read
BACKOFF = (1.0, 2.0, 5.0, 10.0, 30.0)
EVENTS = ("rotations", "truncations", "read_errors", "restarts")
REJECTS = ("not_json", "not_object", "too_long", "unknown_model", "empty_record", "duplicate_id")


def declare(telemetry: Telemetry, source: str) -> None:
    """Make the counters of a source exist: one that appears with its first event has no increase to be seen."""
    telemetry.count(catalog.RECORDS.name, 0, source=source)
    for reason in REJECTS:
        telemetry.count(catalog.RECORDS_REJECTED.name, 0, source=source, reason=reason)
    for reason in REASONS:
        telemetry.count(catalog.FILES_REFUSED.name, 0, source=source, reason=reason)
    for event in EVENTS:
        telemetry.count(catalog.SOURCE_EVENTS.name, 0, source=source, event=event)


def retire(telemetry: Telemetry, source: str) -> None:
    """Forget how a source is that is not read any more; its counters stay."""
    for metric in (catalog.SOURCE_UP, catalog.SOURCE_LAG_BYTES, catalog.SOURCE_LAG_SECONDS):
        telemetry.forget(metric.name, source=source)


class Pipeline:
    """Runs a source in a thread until it is exhausted or stopped; a full queue makes it wait, nothing is dropped."""

    def __init__(
        self,
        name: str,
        open_source: Callable[[], Source],
        decoder: Decoder,
        items: queue.Queue[Item],
        telemetry: Telemetry,
        *,
        images: Images,
    ) -> None:
        self._name = name
        self._open = open_source
        self._decoder = decoder
        self._images = images
        self._queue = items
        self._telemetry = telemetry
        self._batches: list[tuple[int, Batch]] = []
        self._counts: Counter[tuple[str, str]] = Counter()
        self._lines = 0
        self._behind: Callable[[], object] | None = None
        self.source: Source | None = None  # once it was opened
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"source {name}", daemon=True)
        declare(telemetry, name)
        telemetry.count(catalog.EVALUATION_FAILURES.name, 0, kind="ingest", name=name)
        telemetry.gauge(catalog.SOURCE_UP.name, 0, source=name)
        telemetry.gauge(catalog.SOURCE_LAG_BYTES.name, 0, source=name)

    def start(self) -> None:
        """Begin to read."""
        self._thread.start()

    def stop(self) -> None:
        """Stop reading; what has been read is in the queue when this returns."""
        self._stop.set()
        self._thread.join()

    def _run(self) -> None:
        failures = 0
        while not self._stop.is_set():
            try:
                self.source = self.source or self._open()  # one that has failed knows how far it has read
                for chunk in self.source.chunks(self._stop):
                    self._take(chunk)
                    failures = 0
                break
            except Exception:
                logger.exception("source %s failed; it is started anew", self._name)
                self._telemetry.gauge(catalog.SOURCE_UP.name, 0, source=self._name)
                self._telemetry.count(catalog.SOURCE_EVENTS.name, source=self._name, event="restarts")
                self._stop.wait(BACKOFF[min(failures, len(BACKOFF) - 1)])
                failures += 1
        self._take(Chunk(b"", up=False, position=self._behind))

    def _take(self, chunk: Chunk) -> None:
        self._behind = chunk.position
        self._images.enter(chunk.directory)
        self._batches += self._decoder.feed(chunk.data)
        self._note(chunk)
        if self._lines >= ROWS or not chunk.lag_bytes:
            self._hand_over(chunk)
        telemetry, name = self._telemetry, self._name
        telemetry.gauge(catalog.SOURCE_UP.name, float(chunk.up), source=name)
        telemetry.gauge(catalog.SOURCE_LAG_BYTES.name, chunk.lag_bytes, source=name)

    def _note(self, chunk: Chunk) -> None:
        """Keep what lines count for until they are handed over, so that both are lost or kept together."""
        lines, self._decoder.lines = self._decoder.lines, 0
        self._lines += lines
        self._counts[catalog.RECORDS.name, ""] += lines + sum(chunk.rejects.values())
        for reason, count in (self._decoder.rejects + Counter(chunk.rejects)).items():
            self._counts[catalog.RECORDS_REJECTED.name, reason] += count
        self._decoder.rejects.clear()
        for event, count in chunk.events.items():
            self._counts[catalog.SOURCE_EVENTS.name, event] += count
        for reason, count in self._images.take_refused().items():
            self._counts[catalog.FILES_REFUSED.name, reason] += count

    def _hand_over(self, chunk: Chunk) -> None:
        self._batches += self._decoder.flush()
        if self._batches:
            lag = max(time.time() - self._batches[-1][1].newest, 0.0)
            self._telemetry.gauge(catalog.SOURCE_LAG_SECONDS.name, lag, source=self._name)
        counts = [(name, self._labels(name, what), n) for (name, what), n in self._counts.items() if n]
        if self._batches or counts:
            position = None if chunk.position is None else chunk.position()
            self._queue.put(Item(self._name, self._batches, counts, position))
        self._batches, self._lines = [], 0
        self._counts.clear()

    def _labels(self, name: str, what: str) -> dict[str, str]:
        if name == catalog.RECORDS.name:
            return {"source": self._name}
        return {"source": self._name, "event" if name == catalog.SOURCE_EVENTS.name else "reason": what}
