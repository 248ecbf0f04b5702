"""A line on the terminal that says how far extractors have come; silent where nobody watches one."""

import sys
import time
from collections.abc import Iterator, Sequence
from typing import Any, TextIO, overload

INTERVAL = 0.2


class Progress:
    """Extractions done of all; `watched` wraps each sequence that is gone through."""

    def __init__(self, label: str, stream: TextIO | None = None, *, silent: bool = False) -> None:
        self._stream = stream or sys.stderr
        self._silent = silent or not self._stream.isatty()
        self._label = label
        self._total = self._done = 0
        self._shown = time.monotonic()
        self._written = False

    def watched(self, data: Sequence[Any]) -> Sequence[Any]:
        """Return the data, of which each is counted when it is read in turn."""
        if self._silent:
            return data
        self._total += len(data)
        return _Watched(data, self)

    def step(self) -> None:
        """Take note of one extraction."""
        self._done += 1
        if time.monotonic() - self._shown > INTERVAL:
            self._shown, self._written = time.monotonic(), True
            share = self._done / self._total
            bar = "#" * round(20 * share)
            self._stream.write(f"\r\033[K{self._label} [{bar:<20}] {self._done:,} of {self._total:,} ({share:.0%})")
            self._stream.flush()

    def close(self) -> None:
        """Clear the line."""
        if self._written:
            self._stream.write("\r\033[K")
            self._stream.flush()


class _Watched(Sequence[Any]):
    def __init__(self, data: Sequence[Any], progress: Progress) -> None:
        self._data = data
        self._progress = progress

    def __len__(self) -> int:
        return len(self._data)

    @overload
    def __getitem__(self, place: int) -> Any: ...  # noqa: ANN401 - any datum
    @overload
    def __getitem__(self, place: slice) -> Sequence[Any]: ...
    def __getitem__(self, place: int | slice) -> Any:
        return self._data[place]

    def __iter__(self) -> Iterator[Any]:
        for datum in self._data:
            yield datum
            self._progress.step()
