"""One pass over finished logs, by the records' own time, and the metrics text that comes of it."""

import math
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from exporter import catalog
from exporter.app.decoding import decoder_of
from exporter.app.fleet import Fleet
from exporter.app.pipeline import declare
from exporter.batch import Batch
from exporter.config import Config
from exporter.exposition.negotiate import Format
from exporter.sources import FileConfig
from exporter.sources.images import Images

SOURCE = "replay"
PART_ROWS = 500


def replay(
    config: Config,
    paths: Sequence[str],
    fmt: Format = Format.TEXT,
    progress: Callable[[int], None] = lambda _read: None,
    decoder: str = "native",
    *,
    images: str | Path | None = None,
) -> bytes:
    """Read logs to their end and return the metrics; OSError where that cannot be.

    `progress` is told how many more bytes were read. `images` is where the paths of images start, beside each log
    unless given.
    """
    fleet = Fleet(config)
    fleet.loaded()
    declare(fleet.telemetry, SOURCE)
    files = Images(images, config.limits.image_bytes)
    reader = decoder_of(decoder, fleet.schemas, files, event_time=True)
    rejects: Counter[str] = Counter()
    now = time.time()
    for path in paths:
        source = FileConfig(path=Path(path)).open(config.limits.line_bytes, follow=False)
        for chunk in source.chunks(threading.Event()):
            if chunk.events.get("read_errors"):
                raise OSError(f"{path} cannot be read to its end")
            rejects += Counter(chunk.rejects)
            files.enter(chunk.directory)
            for model, batch in reader.feed(chunk.data):
                _take(fleet, model, batch, now, config.evaluation_interval)
            progress(len(chunk.data))
    for model, batch in reader.flush():
        _take(fleet, model, batch, now, config.evaluation_interval)
    lines = reader.lines + sum(rejects.values())
    fleet.telemetry.count(catalog.RECORDS.name, lines, source=SOURCE)
    for reason, count in (rejects + reader.rejects).items():
        fleet.telemetry.count(catalog.RECORDS_REJECTED.name, count, source=SOURCE, reason=reason)
    for reason, count in files.take_refused().items():
        fleet.telemetry.count(catalog.FILES_REFUSED.name, count, source=SOURCE, reason=reason)
    ends = [model.engine.state.last_prediction for model in fleet.models]
    fleet.evaluate(max((end for end in ends if not math.isnan(end)), default=now))
    return fleet.metrics(fmt)


def _take(fleet: Fleet, model: int, batch: Batch, now: float, interval: float) -> None:
    """Take a batch in as a live exporter would have: evidence grows from evaluation to evaluation, not all at once."""
    for part in _evaluated(batch, interval):
        fleet.ingest(SOURCE, model, part, now)
        state = fleet.models[model].engine.state
        fleet.models[model].step(state, state.last_prediction, interval)


def _evaluated(batch: Batch, interval: float) -> Iterator[Batch]:
    """Yield what lies between two evaluations, about, and not less than is worth one."""
    times = np.empty(0) if batch.times is None else batch.times[np.isfinite(batch.times)]
    with np.errstate(over="ignore"):
        span = float(np.ptp(times)) if len(times) else 0.0
    count = math.ceil(min(span / interval, batch.rows // PART_ROWS))
    return batch.parts(count) if count > 1 else iter((batch,))
