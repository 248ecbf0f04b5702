"""Puts a log together from its parts; what needs msgspec, which takes 50 ms to import, is imported here."""

import math
from typing import NamedTuple

from exporter.client.backlog import Backlog
from exporter.client.file import LogFile, Rotation
from exporter.client.files import Store
from exporter.client.finish import Finisher
from exporter.client.flusher import Flusher
from exporter.client.intake import Intake, Origin
from exporter.client.profile import Profile
from exporter.client.record import Codec
from exporter.client.tally import Tally
from exporter.client.text import clean


class Options(NamedTuple):
    """The options of a log, as `PredictionLog` explains them."""

    model: str | None
    version: object
    profile: Profile | None
    sample: float
    durable: bool
    rotate_bytes: int | None
    rotate_seconds: float | None
    keep: int
    image_bytes: int
    buffer_bytes: int
    flush_seconds: float

    def check(self) -> None:
        """Raise ValueError for an option out of range."""
        if not 0 <= self.sample <= 1:
            raise ValueError(f"sample is {self.sample}; it is a share, from 0 to 1")
        for name in ("rotate_bytes", "rotate_seconds", "keep", "image_bytes", "buffer_bytes", "flush_seconds"):
            value = getattr(self, name)
            if value is not None and not value > 0:
                raise ValueError(f"{name} is {value}; it must be above 0")


def assemble(path: str, options: Options, tally: Tally) -> tuple[Intake, Flusher]:
    """Return the two ends of a log: where records go in, and what writes them to the path."""
    store = Store(path, options.image_bytes, tally)
    rotation = Rotation(options.rotate_bytes or math.inf, options.rotate_seconds, options.keep)
    backlog = Backlog(LogFile(path, rotation, tally.fault), options.buffer_bytes, tally)
    codec = Codec(store, tally)
    finisher = Finisher(codec, store, options.profile, tally)
    origin = Origin(
        None if options.model is None else clean(str(options.model)),
        None if options.version is None else clean(str(options.version)),
        None if options.sample == 1 else float(options.sample),
    )
    intake = Intake(origin, codec, finisher, backlog, tally, durable=options.durable)
    return intake, Flusher(intake, codec, finisher, backlog, tally, interval=options.flush_seconds)
