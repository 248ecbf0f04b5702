"""Lines from standard input, until its end."""

import os
import select
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import msgspec

from exporter.decoders.lines import LineBuffer
from exporter.sources.chunk import Chunk, Source

READ_BYTES = 1 << 18
WAIT_MILLISECONDS = 250


class StdinConfig(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Standard input: `tail -F log | prediction-exporter run ...`.

    `images` is the directory that the paths of images and arrays in records start at; without it they are not read.
    """

    decoder: str = "native"
    name: str = "stdin"
    images: Path | None = None

    def open(self, line_bytes: int, follow: bool = True, position: object = None) -> Source:  # noqa: ARG002 - a pipe can only be followed, and has no place to go on from
        """Return the source; it ends where standard input ends."""
        return StdinSource(line_bytes)


class StdinSource:
    """Reads a descriptor (standard input unless another is given) as its bytes come."""

    def __init__(self, line_bytes: int, descriptor: int | None = None) -> None:
        self._lines = LineBuffer(line_bytes)
        self._descriptor = descriptor

    def chunks(self, stop: threading.Event) -> Iterator[Chunk]:
        """Yield chunks until the end of the input or until `stop` is set; the last line needs no newline."""
        descriptor = self._open()
        if descriptor is None:
            yield Chunk(b"", up=False)
            return
        ready = select.poll()
        ready.register(descriptor, select.POLLIN)
        while not stop.is_set():
            if not ready.poll(WAIT_MILLISECONDS):
                yield Chunk(b"")
                continue
            try:
                data = os.read(descriptor, READ_BYTES)
            except BlockingIOError:
                continue
            except OSError:
                yield Chunk(self._lines.close(), up=False, events={"read_errors": 1})
                return
            yield self._chunk(self._lines.feed(data) if data else self._lines.close())
            if not data:
                return

    def _open(self) -> int | None:
        if self._descriptor is not None:
            return self._descriptor
        return None if sys.stdin is None else sys.stdin.fileno()  # a daemon may have none

    def _chunk(self, data: bytes) -> Chunk:
        dropped = self._lines.take_dropped()
        return Chunk(data, rejects={"too_long": dropped} if dropped else {})
