"""Decides which alerts of a notification are answered, and writes it down before Alertmanager gets its answer."""

import hashlib
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import msgspec

from exporter import catalog
from exporter.responder.audit import Audit
from exporter.responder.matcher import all_match
from exporter.responder.model import Response, Responses
from exporter.responder.notification import Alert, Notification
from exporter.responder.store import WAITING, Job, Occasion, Store
from exporter.telemetry import Telemetry

QUEUED, DRY_RUN = "queued", "dry_run"
REPEATED, COOLDOWN, LIMITED = "repeated", "cooldown", "limited"
DECISIONS = (QUEUED, DRY_RUN, REPEATED, COOLDOWN, LIMITED)


@dataclass(frozen=True, slots=True)
class Decision:
    """What is done about an alert by a response, and the id of the action."""

    verdict: str
    response: str
    id: str
    alert: Alert


class Desk:
    """Takes notifications from any number of threads; `wake` is called where there is something to do."""

    def __init__(
        self, responses: Responses, store: Store, audit: Audit, telemetry: Telemetry, wake: Callable[[], None]
    ) -> None:
        self._responses = responses
        self._store = store
        self._audit = audit
        self._telemetry = telemetry
        self._wake = wake
        telemetry.count(catalog.RESPONDER_NOTIFICATIONS.name, 0)
        for response in responses.responses:
            for verdict in DECISIONS:
                telemetry.count(catalog.RESPONDER_ALERTS.name, 0, response=response.name, decision=verdict)

    def take(self, notification: Notification) -> None:
        """Decide on all alerts; OSError where it cannot be written down, so that the sender tries again."""
        with self._store.transaction():
            decisions = list(self._decisions(notification, time.time()))
        self._telemetry.count(catalog.RESPONDER_NOTIFICATIONS.name)
        for decision in decisions:
            labels = {"response": decision.response, "decision": decision.verdict}
            self._telemetry.count(catalog.RESPONDER_ALERTS.name, **labels)
            if decision.verdict != REPEATED:
                self._audit.write("decided", **labels, id=decision.id, alert=msgspec.to_builtins(decision.alert))
        self._wake()

    def _decisions(self, notification: Notification, now: float) -> Iterator[Decision]:
        for alert in notification.alerts:
            for response in self._responses.responses:
                if alert.status == response.when and all_match(response.matchers, alert.labels):
                    yield self._decision(response, alert, notification.external_url, now)

    def _decision(self, response: Response, alert: Alert, external_url: str, now: float) -> Decision:
        occasion = _occasion(response, alert)
        job = Job(identity(occasion), response.name, msgspec.json.encode(alert), external_url, now, 0, now)
        verdict = self._verdict(response, occasion, now)
        if verdict not in (REPEATED, LIMITED):
            self._store.answer(occasion, now)
        if verdict in (QUEUED, DRY_RUN):
            self._store.add(job, occasion.incident, WAITING if verdict == QUEUED else DRY_RUN)
        return Decision(verdict, response.name, job.id, alert)

    def _verdict(self, response: Response, occasion: Occasion, now: float) -> str:
        if self._store.is_answered(occasion, now):
            return REPEATED
        if self._store.acted_since(response.name, occasion.incident, now - response.cooldown):
            return COOLDOWN
        if self._store.actions_since(response.name, now - response.limit.within) >= response.limit.times:
            return LIMITED
        return DRY_RUN if response.dry_run or self._responses.dry_run else QUEUED


def _occasion(response: Response, alert: Alert) -> Occasion:
    shared = [alert.labels.get(label, "") for label in response.per] or [alert.fingerprint]
    starts_at = alert.starts_at.isoformat()
    return Occasion(response.name, alert.fingerprint, alert.status, starts_at, _text(shared))


def identity(occasion: Occasion) -> str:
    """Return the id of the action on an occasion: the same on every machine, however often it is asked for."""
    parts = [occasion.response, occasion.fingerprint, occasion.status, occasion.starts_at]
    return f"{occasion.response}-{hashlib.sha256(_text(parts).encode()).hexdigest()[:16]}"


def _text(parts: Sequence[str]) -> str:
    return msgspec.json.encode(parts).decode()
