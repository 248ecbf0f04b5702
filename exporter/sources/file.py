"""Log files: a glob of them, followed through rotation, or read once to the end."""

import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal

import msgspec

from exporter.sources.chunk import Chunk, Source
from exporter.sources.follow import Follower, Memory
from exporter.sources.position import Position

HEARTBEAT_SECONDS = 1.0


class FileConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Log files by a glob (`**` for any depth), polled every `poll_interval` seconds.

    `start: end` leaves out what is in the files when reading begins. `name` is the path unless given. `images` is the
    directory that the paths of images and arrays in records start at, below which they are read; each log's own unless
    given.
    """

    path: Path
    decoder: str = "native"
    name: str = ""
    start: Literal["beginning", "end"] = "beginning"
    poll_interval: Annotated[float, msgspec.Meta(gt=0, le=3600)] = 0.25
    images: Path | None = None

    def __post_init__(self) -> None:
        if not self.name:
            msgspec.structs.force_setattr(self, "name", str(self.path))

    def open(self, line_bytes: int, follow: bool = True, position: object = None) -> Source:
        """Return the source; with `follow` False it reads all that is there, in order of time, and ends.

        With the `position` of an earlier chunk it goes on behind that.
        """
        return FileSource(self, line_bytes, follow=follow, position=position)


class FileSource:
    """Reads the files of a glob in turn, up to 1 MiB of each, and sleeps only when there is nothing to read.

    Files are held open, so what is deleted or renamed is still read to its end. Only a file that appears and is gone
    again between two looks at the directory is missed.
    """

    def __init__(self, config: FileConfig, line_bytes: int, *, follow: bool = True, position: object = None) -> None:
        self._poll_interval = config.poll_interval
        self._follow = follow
        self._files = Follower(str(config.path), line_bytes, follow=follow, from_end=config.start == "end")
        if position is not None:
            self._files.resume(msgspec.convert(position, Memory))
        self._next_scan = 0.0

    @property
    def positions(self) -> list[Position]:
        """How far each file has been read."""
        return self._files.positions

    def chunks(self, stop: threading.Event) -> Iterator[Chunk]:
        """Yield chunks until `stop` is set, or without `follow` until everything is read."""
        try:
            while not stop.is_set():
                self._scan()
                busy = False
                for data in self._files.round():
                    busy = True
                    yield self._chunk(data)
                    if stop.is_set():
                        return
                    self._scan()
                if busy:
                    continue
                yield self._chunk(b"")
                if not self._follow:
                    return
                yield from self._rest(stop)
        finally:
            self._files.close()

    def _scan(self) -> None:
        """Look at the directory when it is time; of a big one not so often that it takes more than a tenth of it."""
        began = time.monotonic()
        if began < self._next_scan:
            return
        self._files.scan()
        now = time.monotonic()
        self._next_scan = now + max(self._poll_interval, 10 * (now - began)) if self._follow else float("inf")

    def _rest(self, stop: threading.Event) -> Iterator[Chunk]:
        end = time.monotonic() + self._poll_interval
        while not stop.wait(min(max(end - time.monotonic(), 0), HEARTBEAT_SECONDS)) and time.monotonic() < end:
            yield self._chunk(b"")

    def _chunk(self, data: bytes) -> Chunk:
        events, dropped = self._files.take_events(), self._files.take_dropped()
        rejects = {"too_long": dropped} if dropped else {}
        return Chunk(
            data, rejects, self._files.lag_bytes, self._files.up, events, self._files.directory, self._position
        )

    def _position(self) -> object:
        return msgspec.to_builtins(self._files.memory, builtin_types=(bytes,))
