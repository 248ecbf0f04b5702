"""The open files: few enough, however many there are."""

from exporter.sources.tail import Tail


class Pool:
    """Keeps up to `limit` files open."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._open: dict[tuple[int, int], Tail] = {}

    def acquire(self, tail: Tail) -> None:
        """Open a file; raises OSError."""
        tail.open()
        self._open[tail.key] = tail

    def release(self, tail: Tail) -> None:
        """Close a file; a file that is there can be opened again."""
        tail.release()
        self._open.pop(tail.key, None)

    def room(self) -> bool:
        """Say whether one more file may stay open; if need be the one that was idle longest is closed."""
        if len(self._open) < self._limit:
            return True
        idle = [tail for tail in self._open.values() if not tail.unread and tail.gone is None]
        if idle:
            self.release(min(idle, key=lambda tail: tail.moved))
        return bool(idle)

    def close(self) -> None:
        """Close all files."""
        for tail in list(self._open.values()):
            self.release(tail)
