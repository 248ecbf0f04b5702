"""A line on the terminal that says how far long work has come, and the reading of logs with it."""

import gzip
import sys
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, TextIO

from exporter.cli.failure import reported

INTERVAL = 0.2
STDIN = "-"


class Progress:
    """Bytes done of all bytes, on a line that is written over; silent where nobody watches a terminal."""

    def __init__(self, label: str, total: int, stream: TextIO | None = None) -> None:
        self._label = label
        self._total = total
        stream = stream or sys.stderr
        self._stream = stream if stream.isatty() else None
        self._done = 0
        self._shown = 0.0

    def add(self, amount: int) -> None:
        """Take note of bytes that are done."""
        self._done += amount
        if self._stream is not None and time.monotonic() - self._shown > INTERVAL:
            self._shown = time.monotonic()
            of_all = f" of {self._total / 1e6:,.1f} MB ({self._done / self._total:.0%})" if self._total else " MB"
            self._write(f"{self._label}: {self._done / 1e6:,.1f}{of_all}")

    def close(self) -> None:
        """Clear the line."""
        if self._stream is not None and self._shown:
            self._write("")

    def _write(self, text: str) -> None:
        if self._stream is not None:
            self._stream.write(f"\r\033[K{text}")
            self._stream.flush()


def lines(paths: Sequence[str], label: str, begun: Callable[[str], None] = lambda _path: None) -> Iterator[bytes]:
    """Yield the lines of logs, one file after the other; `-` is standard input, `.gz` is unpacked.

    `begun` is told the path of each file before its first line.
    """
    progress = Progress(label, sum(Path(path).stat().st_size for path in paths if path != STDIN))
    try:
        for path in paths:
            with reported(EOFError, zlib.error, prefix=f"{path}: "), _opened(path) as (file, raw):
                begun(path)
                yield from _counted(file, raw, progress)
    finally:
        progress.close()


def _counted(file: BinaryIO, raw: BinaryIO, progress: Progress) -> Iterator[bytes]:
    """Yield lines and take note of the bytes behind them, of a packed file those before unpacking."""
    before = 0
    for number, line in enumerate(file):
        if raw is file:
            progress.add(len(line))
        elif number % 1000 == 0:
            progress.add(raw.tell() - before)
            before = raw.tell()
        yield line


@contextmanager
def _opened(path: str) -> Iterator[tuple[BinaryIO, BinaryIO]]:
    """Open a log; gives the file to read lines from, and the one that the bytes come from."""
    if path == STDIN:
        yield sys.stdin.buffer, sys.stdin.buffer
        return
    with Path(path).open("rb") as raw:
        if path.endswith(".gz"):
            with gzip.GzipFile(fileobj=raw) as unpacked:
                yield unpacked, raw  # type: ignore[misc]  # it is read like any binary file
        else:
            yield raw, raw
