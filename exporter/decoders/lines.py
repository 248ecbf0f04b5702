"""Cuts a stream of bytes into whole lines, in bounded memory however long a line is."""


class LineBuffer:
    """Holds back the line that is not complete yet and drops lines of more than `limit` bytes (newline not counted).

    The lines and `dropped` do not depend on how the stream was cut. Bytes inside a line are never touched. `held` is
    how many bytes came since the last newline, those of a line that is being dropped included.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._tail = bytearray()
        self._skipping = False
        self.held = 0
        self.dropped = 0

    def feed(self, data: bytes) -> bytes:
        """Return the lines that are complete now, each ended by a newline; b"" if there is none."""
        end = data.rfind(b"\n") + 1
        self.held = len(data) - end + (0 if end else self.held)
        start = data.find(b"\n") + 1 if self._skipping and end else 0
        lines = b""
        if end:
            lines = self._bounded(bytes(self._tail) + data[start:end])
            self._tail.clear()
            self._skipping = False
        self._hold(data[end:])
        return lines

    def take_dropped(self) -> int:
        """Return how many lines were dropped since the last call."""
        dropped, self.dropped = self.dropped, 0
        return dropped

    def close(self) -> bytes:
        """Return the held line, ended by a newline, and start anew; b"" if none is held."""
        lines = bytes(self._tail) + b"\n" if self._tail else b""
        self._tail.clear()
        self._skipping = False
        self.held = 0
        return lines

    def _hold(self, data: bytes) -> None:
        if self._skipping:
            return
        if len(self._tail) + len(data) > self._limit:
            self._skipping = True
            self._tail.clear()
            self.dropped += 1
        else:
            self._tail += data

    def _bounded(self, lines: bytes) -> bytes:
        """Return the lines without those that are too long; most often that is known without looking at each."""
        kept: list[bytes] = []
        first = start = 0
        while len(lines) - start > self._limit + 1:
            end = lines.rfind(b"\n", start, start + self._limit + 1) + 1
            if not end:
                kept.append(lines[first:start])
                end = first = lines.index(b"\n", start) + 1
                self.dropped += 1
            start = end
        return b"".join([*kept, lines[first:]]) if first else lines
