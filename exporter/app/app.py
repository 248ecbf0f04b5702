"""Wires sources, writer, evaluation and web server together, and stops them in order."""

import logging
import os
import queue
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path

from exporter import __version__, catalog
from exporter.app.clock import Clock
from exporter.app.fleet import Fleet
from exporter.app.keeper import Keeper
from exporter.app.memory import share_one_heap
from exporter.app.opening import pipelines
from exporter.app.pipeline import Item, Pipeline, retire
from exporter.app.plugins import failures
from exporter.config import Config, ConfigError, load
from exporter.state import Passing, StateError, Store
from exporter.web.pages import Facts, Site
from exporter.web.server import Server

logger = logging.getLogger(__name__)

QUEUE_BATCHES = 2
PROCESS_SECONDS = 5.0
TICK = 0.2


class App:
    """The exporter: `start` and `stop`, or `run` until a signal.

    Threads: one for each source, one writer that alone changes the models' states, one for evaluation, and the web
    server's. The file at `config_path` is what a reload reads; with `lifecycle` it can be asked for over HTTP.
    """

    def __init__(
        self,
        config: Config,
        config_path: str,
        listen_addresses: Sequence[str],
        web_config: str | None = None,
        *,
        lifecycle: bool = False,
    ) -> None:
        self._config, self._config_path = config, config_path
        self._fleet = Fleet(config)
        self._fleet.loaded()
        self._clock = Clock(self._fleet.telemetry)
        self._keeper = Keeper(Passing() if config.state is None else Store(config.state), self._fleet)
        self._keeper.count()
        self._batches: queue.Queue[Item] = queue.Queue(QUEUE_BATCHES)
        self._ready = threading.Event()
        self._changing = threading.Lock()
        self._pipelines: list[Pipeline] = []
        self._arrange(config, self._fleet, self._keeper)
        for kind in ("evaluation", "process"):
            self._fleet.telemetry.count(catalog.EVALUATION_FAILURES.name, 0, kind=kind, name="all")
        self._fleet.telemetry.gauge(catalog.QUEUE.name, 0)
        site = Site(
            "prediction-exporter",
            __version__,
            lambda fmt: self._fleet.metrics(fmt),  # noqa: PLW0108 - a reload replaces the fleet
            self._ready.is_set,
            facts=self._facts,
            drift=lambda chosen: self._fleet.drift(chosen),  # noqa: PLW0108 - as above
            flagged=lambda chosen: self._fleet.flagged(chosen),  # noqa: PLW0108 - as above
            reload=self.reload if lifecycle else None,
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
        self._begin()
        if self._config.state is None:
            logger.info("no state: is configured, so nothing is kept over a restart and logs are read from their start")
        logger.info("listening on %s", ", ".join(self.addresses))

    def stop(self) -> None:
        """Stop reading, take in what was read, and close the server."""
        self._keeper.stop()
        with self._changing:
            self._halt()
            self._keeper.close()
        self._server.stop()

    def run(self) -> int:
        """Run until SIGTERM or SIGINT, reload at SIGHUP; returns the exit code."""
        asked = _signals(signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
        self.start()
        while next(asked) == signal.SIGHUP:
            self.reload()
        self.stop()
        return 0

    def reload(self) -> str | None:
        """Take over what the configuration says now; returns why it was refused, and then the one before goes on."""
        with self._changing:
            try:
                self._exchange(load(self._config_path))
            except (ConfigError, ValueError, OSError, StateError) as error:
                return self._refused(error)
            except Exception as error:
                logger.exception("a reload failed")
                return self._refused(error)
            self._fleet.loaded()
            logger.info("the configuration is taken over")
            return None

    def _refused(self, error: Exception) -> str:
        self._fleet.telemetry.gauge(catalog.RELOAD_SUCCESSFUL.name, 0)
        logger.error("the configuration is not taken over, the one before goes on: %s", error)
        return str(error)

    def _exchange(self, config: Config) -> None:
        """Stop, hand over what is known, and go on with another configuration, or where that fails with this one."""
        if config.state != self._config.state:
            raise ValueError("state: this cannot be changed while the exporter runs; restart it")
        before = self._config, self._fleet, self._keeper
        fleet = Fleet(config, self._fleet.telemetry)
        self._halt()
        try:
            self._keeper.hand_over()
            keeper = Keeper(self._keeper.store, fleet)
            fleet.look()
            fleet.evaluate(self._clock.now())
            self._arrange(config, fleet, keeper)
        except Exception:
            self._arrange(*before)
            raise
        finally:
            self._begin()
        for source in {source.name for source in before[0].sources} - {source.name for source in config.sources}:
            retire(fleet.telemetry, source)

    def _arrange(self, config: Config, fleet: Fleet, keeper: Keeper) -> None:
        """Make what runs with a configuration."""
        before = list(zip(self._config.sources, self._pipelines, strict=True)) if self._pipelines else []
        self._pipelines = pipelines(config, fleet, keeper, self._batches, before)
        self._config, self._fleet, self._keeper = config, fleet, keeper
        self._stop = threading.Event()
        self._writer = threading.Thread(target=self._write, name="writer", daemon=True)
        self._evaluator = threading.Thread(target=self._evaluate, name="evaluator", daemon=True)

    def _begin(self) -> None:
        self._keeper.start()
        self._writer.start()
        for pipeline in self._pipelines:
            pipeline.start()
        self._evaluator.start()

    def _halt(self) -> None:
        for pipeline in self._pipelines:
            pipeline.stop()
        self._stop.set()
        self._writer.join()
        self._evaluator.join()

    def _write(self) -> None:
        telemetry = self._fleet.telemetry
        while not (self._stop.is_set() and self._batches.empty()):
            telemetry.gauge(catalog.QUEUE.name, self._batches.qsize())
            with suppress(queue.Empty):
                self._take(self._batches.get(timeout=TICK))
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
        self._keeper.note(item.source, item.position)

    def _evaluate(self) -> None:
        next_evaluation = next_look = 0.0
        while not self._stop.is_set():
            now = time.monotonic()
            if now >= next_look:
                next_look = now + PROCESS_SECONDS
                self._guarded("process", self._fleet.look)
            if now >= next_evaluation:
                next_evaluation = now + self._config.evaluation_interval
                self._guarded("evaluation", lambda: self._fleet.evaluate(self._clock.now()))
                if not self._ready.is_set():
                    self._ready.set()
                    _tell()
            self._stop.wait(min(TICK, self._config.evaluation_interval))

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


def _signals(*wanted: int) -> Iterator[int]:
    """Return the signals as they come. A lock that waits for a handler is not woken where another thread is hit."""
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    signal.set_wakeup_fd(writer)
    for number in wanted:
        signal.signal(number, lambda *_: None)
    return iter(lambda: os.read(reader, 1)[0], 0)


def _tell() -> None:
    """Say which plug-ins of other packages are left out; it takes 30 ms, so not before the exporter is ready."""
    for failure in failures():
        logger.warning("left out: %s", failure)
