"""One source's way into the queue: read, decode, hand over; a source that fails is started anew and seen down."""

import logging
import queue
import threading
import time
from collections import Counter
from collections.abc import Callable

from exporter import catalog
from exporter.batch import Batch
from exporter.decoders import Decoder
from exporter.sources import Chunk, Source
from exporter.sources.images import REASONS, Images
from exporter.telemetry import Telemetry

logger = logging.getLogger(__name__)

Item = tuple[str, int, Batch]
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


class Pipeline:
    """Runs a source in a thread until it is exhausted or stopped; a full queue makes it wait, nothing is dropped."""

    def __init__(
        self,
        name: str,
        open_source: Callable[[], Source],
        decoder: Decoder,
        batches: queue.Queue[Item],
        telemetry: Telemetry,
        *,
        images: Images,
    ) -> None:
        self._name = name
        self._open = open_source
        self._decoder = decoder
        self._images = images
        self._batches = batches
        self._telemetry = telemetry
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
        source: Source | None = None
        while not self._stop.is_set():
            try:
                source = source or self._open()  # one that has failed knows how far it has read
                for chunk in source.chunks(self._stop):
                    self._take(chunk)
                    failures = 0
                break
            except Exception:
                logger.exception("source %s failed; it is started anew", self._name)
                self._telemetry.gauge(catalog.SOURCE_UP.name, 0, source=self._name)
                self._telemetry.count(catalog.SOURCE_EVENTS.name, source=self._name, event="restarts")
                self._stop.wait(BACKOFF[min(failures, len(BACKOFF) - 1)])
                failures += 1
        self._take(Chunk(b"", up=False))

    def _take(self, chunk: Chunk) -> None:
        self._images.enter(chunk.directory)
        for model, batch in self._decoder.feed(chunk.data):
            self._put(model, batch)
        if not chunk.lag_bytes:
            self._flush()
        self._report(chunk)

    def _flush(self) -> None:
        for model, batch in self._decoder.flush():
            self._put(model, batch)

    def _put(self, model: int, batch: Batch) -> None:
        lag = max(time.time() - batch.newest, 0.0)
        self._telemetry.gauge(catalog.SOURCE_LAG_SECONDS.name, lag, source=self._name)
        self._batches.put((self._name, model, batch))

    def _report(self, chunk: Chunk) -> None:
        telemetry, name = self._telemetry, self._name
        telemetry.gauge(catalog.SOURCE_UP.name, float(chunk.up), source=name)
        telemetry.gauge(catalog.SOURCE_LAG_BYTES.name, chunk.lag_bytes, source=name)
        for event, count in chunk.events.items():
            telemetry.count(catalog.SOURCE_EVENTS.name, count, source=name, event=event)
        lines, self._decoder.lines = self._decoder.lines, 0
        rejects = self._decoder.rejects + Counter(chunk.rejects)
        self._decoder.rejects.clear()
        telemetry.count(catalog.RECORDS.name, lines + sum(chunk.rejects.values()), source=name)
        for reason, count in rejects.items():
            telemetry.count(catalog.RECORDS_REJECTED.name, count, source=name, reason=reason)
        for reason, count in self._images.take_refused().items():
            telemetry.count(catalog.FILES_REFUSED.name, count, source=name, reason=reason)
