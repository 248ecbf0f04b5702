"""The responder as a whole: server, desk and workers over one state file, from start to stop."""

import threading
from collections import defaultdict

from exporter import __version__, catalog
from exporter.exposition.negotiate import Format
from exporter.exposition.render import Family, line, render
from exporter.responder.audit import Audit
from exporter.responder.desk import Desk
from exporter.responder.model import Responses
from exporter.responder.server import Server
from exporter.responder.store import WAITING, Job, Store
from exporter.responder.worker import INTERRUPTED, Tools, Worker, finish
from exporter.telemetry import Telemetry

_GRACE_SECONDS = 8.0


class Responder:
    """Serves at an address until it is stopped; StoreError, ValueError or OSError where it cannot begin."""

    def __init__(self, responses: Responses, address: str) -> None:
        self._telemetry = Telemetry()
        self._store = Store(responses.state)
        self._audit = Audit(responses.audit)
        tools = Tools(self._store, self._audit, self._telemetry, responses.allowed)
        self._workers = {response.name: Worker(response, tools) for response in responses.responses}
        desk = Desk(responses, self._store, self._audit, self._telemetry, self._wake)
        try:
            self._server = Server(address, desk.take, self.metrics, responses.token_file)
        except BaseException:
            self._store.close()
            raise
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="web", daemon=True)
        for job in self._store.running():
            self._recover(job, tools)

    @property
    def address(self) -> str:
        """The address in use, with its real port."""
        host, port = self._server.server_address[:2]
        return f"[{host!s}]:{port}" if ":" in str(host) else f"{host!s}:{port}"

    def start(self) -> None:
        """Begin with what is waiting, and take notifications."""
        self._audit.write("started", program=f"prediction-exporter {__version__}", address=self.address)
        for worker in self._workers.values():
            worker.start()
        self._thread.start()

    def stop(self) -> None:
        """Take no more notifications, let attempts under way finish for a moment, and close the file."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        for worker in self._workers.values():
            worker.stop(_GRACE_SECONDS)
        self._audit.write("stopped")
        self._store.close()

    def metrics(self) -> bytes:
        """Return the body of a scrape."""
        unfinished = self._store.unfinished()
        for name in self._workers:
            self._telemetry.gauge(catalog.RESPONDER_UNFINISHED.name, unfinished.get(name, 0), response=name)
        bodies: dict[str, str] = defaultdict(str)
        known = {metric.name: metric for metric in catalog.METRICS}
        for (name, labels), value in sorted(self._telemetry.snapshot().items()):
            values = dict(labels)
            bodies[name] += line(known[name], [values[label] for label in known[name].labels], value)
        return render([Family(known[name], body) for name, body in bodies.items()], Format.TEXT)

    def _wake(self) -> None:
        for worker in self._workers.values():
            worker.wake()

    def _recover(self, job: Job, tools: Tools) -> None:
        """Decide on an action that was under way when the responder before this one ended."""
        worker = self._workers.get(job.response)
        if worker is not None and worker.response.action.repeatable:
            self._store.mark(job, WAITING, attempts=job.attempts, due=job.due)
        else:
            finish(tools, job, INTERRUPTED, "the responder ended, and how far it came is not known", job.attempts)
