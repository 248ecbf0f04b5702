"""Wires sources, writer, evaluation and web server together, and stops them in order."""

import logging
import queue
import signal
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from exporter import __version__, catalog
from exporter.app.clock import Clock
from exporter.app.decoding import decoder_of
from exporter.app.fleet import Fleet
from exporter.app.keeper import Keeper
from exporter.app.memory import share_one_heap
from exporter.app.pipeline import Item, Pipeline
from exporter.app.plugins import failures
from exporter.config import Config
from exporter.sources import Source
from exporter.sources.images import Images
from exporter.web.pages import Facts, Site
from exporter.web.server import Server

logger = logging.getLogger(__name__)

QUEUE_BATCHES = 2
PROCESS_SECONDS = 5.0
TICK = 0.2


class App:
    """The exporter: `start` and `stop`, or `run` until a signal.

    Threads: one for each source, one writer that alone changes the models' states, one for evaluation, and the web
    server's. `config_path` is for people to read.
    """

    def __init__(
        self,
        config: Config,
        config_path: str,
        listen_addresses: Sequence[str],
        web_config: str | None = None,
    ) -> None:
        self._config = config
        self._config_path = config_path
        self._fleet = Fleet(config)
        self._clock = Clock(self._fleet.telemetry)
        self._keeper = None if config.state is None else Keeper(config.state, self._fleet)
        self._batches: queue.Queue[Item] = queue.Queue(QUEUE_BATCHES)
        self._stop = threading.Event()
        self._ready = threading.Event()
        self._pipelines = [self._pipeline(source) for source in config.sources]
        self._writer = threading.Thread(target=self._write, name="writer", daemon=True)
        self._evaluator = threading.Thread(target=self._evaluate, name="evaluator", daemon=True)
        for kind in ("evaluation", "process"):
            self._fleet.telemetry.count(catalog.EVALUATION_FAILURES.name, 0, kind=kind, name="all")
        self._fleet.telemetry.gauge(catalog.QUEUE.name, 0)
        title = "prediction-exporter"
        site = Site(
            title,
            __version__,
            self._fleet.metrics,
            self._ready.is_set,
            facts=self._facts,
            drift=self._fleet.drift,
            flagged=self._fleet.flagged,
        )
        self._server = Server(listen_addresses, site, web_config)

    @property
    def addresses(self) -> tuple[str, ...]:
        """Return the addresses in use."""
        return self._server.addresses

    def start(self) -> None:
        """Start all threads; OSError where an address cannot be had."""
        share_one_heap()
        self._server.start()
        self._writer.start()
        for pipeline in self._pipelines:
            pipeline.start()
        self._evaluator.start()
        if self._keeper is None:
            logger.info("no state: is configured, so nothing is kept over a restart and logs are read from their start")
        logger.info("listening on %s", ", ".join(self.addresses))

    def stop(self) -> None:
        """Stop reading, take in what was read, and close the server."""
        if self._keeper is not None:
            self._keeper.stop()
        for pipeline in self._pipelines:
            pipeline.stop()
        self._stop.set()
        self._writer.join()
        self._evaluator.join()
        if self._keeper is not None:
            self._keeper.close()
        self._server.stop()

    def run(self) -> int:
        """Run until SIGTERM or SIGINT; returns the exit code."""
        ended = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: ended.set())
        self.start()
        ended.wait()
        self.stop()
        return 0

    def _pipeline(self, source: Any) -> Pipeline:  # noqa: ANN401 - a plug-in's configuration
        images = Images(getattr(source, "images", None), self._config.limits.image_bytes)
        return Pipeline(
            source.name,
            self._opener(source),
            decoder_of(source.decoder, self._fleet.schemas, images),
            self._batches,
            self._fleet.telemetry,
            images=images,
            positions=self._keeper is not None,
        )

    def _opener(self, source: Any) -> Callable[[], Source]:  # noqa: ANN401 - as above
        position = None if self._keeper is None else self._keeper.position(source.name)
        if position is None:
            return lambda: source.open(self._config.limits.line_bytes)
        return lambda: source.open(self._config.limits.line_bytes, position=position)

    def _write(self) -> None:
        telemetry = self._fleet.telemetry
        while not (self._stop.is_set() and self._batches.empty()):
            telemetry.gauge(catalog.QUEUE.name, self._batches.qsize())
            with suppress(queue.Empty):
                self._take(self._batches.get(timeout=TICK))
            if self._keeper is not None:
                self._keeper.keep()

    def _take(self, item: Item) -> None:
        for model, batch in item.batches:
            try:
                self._fleet.ingest(item.source, model, batch, self._clock.now())
            except Exception:
                logger.exception("a batch of source %s could not be taken in", item.source)
                self._fleet.telemetry.count(catalog.EVALUATION_FAILURES.name, kind="ingest", name=item.source)
        for name, labels, count in item.counts:
            self._fleet.telemetry.count(name, count, **labels)
        if self._keeper is not None:
            self._keeper.note(item.source, item.position)

    def _evaluate(self) -> None:
        next_evaluation = next_look = 0.0
        while not self._stop.is_set():
            now = time.monotonic()
            if now >= next_look:
                next_look = now + PROCESS_SECONDS
                self._guarded("process", self._look)
            if now >= next_evaluation:
                next_evaluation = now + self._config.evaluation_interval
                self._guarded("evaluation", lambda: self._fleet.evaluate(self._clock.now()))
                if not self._ready.is_set():
                    self._ready.set()
                    _tell()
            self._stop.wait(min(TICK, self._config.evaluation_interval))

    def _look(self) -> None:
        for model in self._fleet.models:
            model.look()

    def _guarded(self, kind: str, work: Callable[[], None]) -> None:
        try:
            work()
        except Exception:
            logger.exception("%s failed", kind)
            self._fleet.telemetry.count(catalog.EVALUATION_FAILURES.name, kind=kind, name="all")

    def _facts(self) -> Sequence[Facts]:
        models = [
            (f"{model.plan.schema.model} {model.plan.schema.version}", f"{model.engine.state.count:,} predictions")
            for model in self._fleet.models
        ]
        sources = [(source.name, f"decoder {source.decoder}") for source in self._config.sources]
        settings = [("Configuration", str(Path(self._config_path)))]
        return Facts("Models", models), Facts("Sources", sources), Facts("Settings", settings)


def _tell() -> None:
    """Say which plug-ins of other packages are left out; it takes 30 ms, so not before the exporter is ready."""
    for failure in failures():
        logger.warning("left out: %s", failure)
