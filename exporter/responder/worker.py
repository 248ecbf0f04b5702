"""Carries out the actions of one response, one after the other, until each has succeeded, failed or been given up."""

import logging
import random
import threading
import time
from dataclasses import dataclass, field

import msgspec

from exporter import catalog
from exporter.responder.action import Allowed, End, Incident, Outcome
from exporter.responder.audit import Audit
from exporter.responder.model import Response
from exporter.responder.notification import Alert
from exporter.responder.store import FAILED, RUNNING, WAITING, Job, Store
from exporter.telemetry import Telemetry

SUCCEEDED, GIVEN_UP, INTERRUPTED = "succeeded", "given_up", "interrupted"
OUTCOMES = (SUCCEEDED, FAILED, GIVEN_UP, INTERRUPTED)
_LONGEST_WAIT = 300.0
_LOOK_SECONDS = 60.0  # at most this long it sleeps, so that a clock that was put right costs no more
_logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Tools:
    """What all workers share."""

    store: Store
    audit: Audit
    telemetry: Telemetry
    allowed: Allowed


@dataclass(slots=True)
class Worker:
    """The thread of one response; `start` and `stop` it once."""

    response: Response
    tools: Tools
    _news: threading.Event = field(default_factory=threading.Event)
    _stopping: bool = False
    _thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin with what is waiting."""
        for outcome in OUTCOMES:
            self.tools.telemetry.count(catalog.RESPONDER_ACTIONS.name, 0, response=self.response.name, outcome=outcome)
        self.tools.telemetry.count(catalog.RESPONDER_ATTEMPTS.name, 0, response=self.response.name)
        self._thread = threading.Thread(target=self._run, name=f"response {self.response.name}", daemon=True)
        self._thread.start()

    def wake(self) -> None:
        """Say that there may be something to do."""
        self._news.set()

    def stop(self, seconds: float) -> None:
        """Begin no further attempt, and wait for the one under way; what is left is done after the next start."""
        self._stopping = True
        self._news.set()
        if self._thread:
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stopping:
            self._news.clear()
            try:
                wait = self._look()
            except Exception:
                _logger.exception("the response %s is tried again in a moment", self.response.name)
                wait = 1.0
            if wait > 0:
                self._news.wait(wait)

    def _look(self) -> float:
        """Carry out what is due; return the seconds until there is more."""
        job = self.tools.store.next(self.response.name)
        now = time.time()
        if job is None or job.due > now:
            return _LOOK_SECONDS if job is None else min(job.due - now, _LOOK_SECONDS)
        self._attempt(job)
        return 0.0

    def _attempt(self, job: Job) -> None:
        if time.time() > job.taken + self.response.give_up:
            finish(self.tools, job, GIVEN_UP, "its time was over before it could be tried", job.attempts)
            return
        attempts = job.attempts + 1
        self.tools.store.mark(job, RUNNING, attempts=attempts, due=job.due)
        self.tools.telemetry.count(catalog.RESPONDER_ATTEMPTS.name, response=self.response.name)
        self.tools.audit.write("attempt", response=job.response, id=job.id, attempt=attempts)
        outcome = self._outcome(job)
        now = time.time()
        due = now + max(outcome.wait, backoff(attempts))
        if outcome.end is End.UNCERTAIN and due <= job.taken + self.response.give_up:
            self.tools.audit.write("postponed", response=job.response, id=job.id, detail=outcome.detail)
            self.tools.store.mark(job, WAITING, attempts=attempts, due=due)
            return
        state = GIVEN_UP if outcome.end is End.UNCERTAIN else outcome.end.value
        finish(self.tools, job, state, outcome.detail, attempts)

    def _outcome(self, job: Job) -> Outcome:
        alert = msgspec.json.decode(job.alert, type=Alert)
        try:
            return self.response.action.run(  # type: ignore[no-any-return]  # an Action, of any plug-in
                Incident(job.id, job.response, alert, job.external_url, job.attempts + 1), self.tools.allowed
            )
        except Exception as error:
            _logger.exception("an attempt of %s has failed", job.response)
            end = End.UNCERTAIN if self.response.action.repeatable else End.FAILED
            return Outcome(end, f"{type(error).__name__}: {error}")


def finish(tools: Tools, job: Job, state: str, detail: str, attempts: int) -> None:
    """Write down that an action is over, and how."""
    tools.store.mark(job, FAILED if state == GIVEN_UP else state, attempts=attempts, due=job.due)
    tools.telemetry.count(catalog.RESPONDER_ACTIONS.name, response=job.response, outcome=state)
    tools.audit.write("finished", response=job.response, id=job.id, outcome=state, attempts=attempts, detail=detail)


def backoff(attempts: int) -> float:
    """Return the seconds before the next attempt: 1, 2, 4 and so on up to five minutes, less up to half by chance."""
    return float(min(2.0 ** (min(attempts, 20) - 1), _LONGEST_WAIT) * random.uniform(0.5, 1.0))  # noqa: S311 - no secret
