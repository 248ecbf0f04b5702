"""The body of Alertmanager's webhook, version 4, as far as it is used; fields of newer versions are ignored."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Literal

import msgspec

Status = Literal["firing", "resolved"]
Name = Annotated[str, msgspec.Meta(min_length=1)]
Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class Alert(msgspec.Struct, frozen=True, rename="camel"):
    """One alert; `fingerprint` is that of its labels, and `starts_at` tells one time it fires from another."""

    status: Status
    labels: Mapping[str, str]
    starts_at: Moment
    fingerprint: Name
    annotations: Mapping[str, str] = {}
    ends_at: Moment | None = None
    generator_url: str = msgspec.field(default="", name="generatorURL")


class Notification(msgspec.Struct, frozen=True, rename="camel"):
    """The alerts of a group, those that fire and those that are over."""

    version: Literal["4"]
    alerts: tuple[Alert, ...]
    external_url: str = msgspec.field(default="", name="externalURL")
    truncated_alerts: int = 0


def decode(body: bytes) -> Notification:
    """Return the notification; msgspec.DecodeError, a ValueError, when it is none."""
    return msgspec.json.decode(body, type=Notification)
