"""What the actions share: the incident they answer, what they are allowed to reach, and how they ended."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import ClassVar, Protocol

import msgspec

from exporter.responder.notification import Alert
from exporter.responder.template import Values


@dataclass(frozen=True, slots=True)
class Incident:
    """An alert that a response is given to, once; `id` stays the same however often the action is tried."""

    id: str
    response: str
    alert: Alert
    external_url: str
    attempt: int

    def values(self) -> Values:
        """Return what placeholders stand for."""
        alert = self.alert
        ends = alert.ends_at if alert.status == "resolved" and alert.ends_at else None
        return {
            "response": self.response,
            "incident": self.id,
            "status": alert.status,
            "fingerprint": alert.fingerprint,
            "starts_at": alert.starts_at.isoformat(),
            "starts_at_milliseconds": int(alert.starts_at.timestamp() * 1000),
            "ends_at": ends.isoformat() if ends else "",
            "ends_at_milliseconds": int(ends.timestamp() * 1000) if ends else "",
            "generator_url": alert.generator_url,
            "external_url": self.external_url,
            **{f"labels.{name}": value for name, value in alert.labels.items()},
            **{f"annotations.{name}": value for name, value in alert.annotations.items()},
        }

    def json(self) -> bytes:
        """Return all of it as JSON: the incident's id, the name of the response, and the alert as it came."""
        return msgspec.json.encode({"incident": self.id, "response": self.response, "alert": self.alert})


@dataclass(frozen=True, slots=True)
class Allowed:
    """What actions may reach: hosts (`host` or `host:port`), those whose addresses may be private, and programs."""

    hosts: frozenset[str] = frozenset()
    private_hosts: frozenset[str] = frozenset()
    commands: frozenset[Path] = frozenset()


class End(Enum):
    """How an attempt ended."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"  # and would fail again
    UNCERTAIN = "uncertain"  # worth another attempt


@dataclass(frozen=True, slots=True)
class Outcome:
    """The end of an attempt, what there is to say about it, and how long the other side asks to be left alone."""

    end: End
    detail: str
    wait: float = 0.0


class Action(Protocol):
    """What is done about an incident; a frozen struct with its options.

    `repeatable` says whether an attempt of which nobody knows how it ended may be made again.
    """

    repeatable: ClassVar[bool]

    def problems(self, allowed: Allowed) -> Iterator[tuple[str, str]]:
        """Yield the option and the reason of each that is not allowed or cannot work."""
        ...

    def run(self, incident: Incident, allowed: Allowed) -> Outcome:
        """Do it; what it raises is an attempt whose end is uncertain."""
        ...
