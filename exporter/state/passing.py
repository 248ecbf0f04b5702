"""What is handed from one configuration to the next where no file keeps it."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from exporter.joins import Memory


class Passing:
    """Takes the place of the state file; it ends with the process. `shelf` keeps the pages of what waits."""

    def __init__(self) -> None:
        self.shelf = Memory()
        self._parts: dict[str, bytes] = {}

    def parts(self) -> Mapping[str, bytes]:
        """Return all values by key."""
        return dict(self._parts)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Nothing that is kept in memory can fail halfway."""
        yield

    def write(self, parts: Mapping[str, bytes | None]) -> None:
        """Write and delete (None) values."""
        self._parts.update({key: value for key, value in parts.items() if value is not None})
        for key in (key for key, value in parts.items() if value is None):
            self._parts.pop(key, None)

    def shrink(self) -> None:
        """Do nothing: memory is given back at once."""
