"""What a source yields, and what a source is."""

import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Chunk:
    r"""Whole lines of a log, each ended by "\n"; a chunk without data says that the source is alive.

    `rejects` counts the lines that the source itself refused, by reason, `events` the "rotations", "truncations" and
    "read_errors", both since the last chunk. `lag_bytes` are known to be unread behind this chunk. `up` is False
    while there is nothing that could be read from. `directory` is that of the file they are of, where there is one.
    `position` returns, until the next chunk is asked for, where a source that is opened anew goes on behind these
    lines: numbers, text and bytes in lists and dicts. It is None where a source cannot.
    """

    data: bytes
    rejects: Mapping[str, int] = field(default_factory=dict)
    lag_bytes: int = 0
    up: bool = True
    events: Mapping[str, int] = field(default_factory=dict)
    directory: str = ""
    position: Callable[[], object] | None = field(default=None, compare=False)


class Source(Protocol):
    """Something that lines come from."""

    def chunks(self, stop: threading.Event) -> Iterator[Chunk]:
        """Yield chunks until the source is exhausted or `stop` is set; when idle, one without data every second."""
        ...
