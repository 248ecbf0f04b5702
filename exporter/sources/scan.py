"""Looks for the files of a glob: those that are new, those that moved and those that are gone."""

import glob
import os
from collections.abc import Callable, Iterator
from pathlib import Path

from exporter.sources.position import key_of

REMEMBERED = 1000
"""So many paths that are gone are remembered, to notice that a file was deleted and made anew."""

Found = tuple[str, os.stat_result]


class Scanner:
    """Finds the files that match a pattern, and counts rotations: paths where a new file took an old one's place."""

    def __init__(self, pattern: str, refuse: Callable[[str, OSError], None]) -> None:
        self._pattern = pattern
        self._refuse = refuse
        self._seen: list[str] = []
        self._rotations = 0

    def scan(self, known: Callable[[tuple[int, int]], bool]) -> list[Found]:
        """Return the files there are, oldest first, each once; `known` says whether a file was found before."""
        found: dict[tuple[int, int], Found] = {}
        before = set(self._seen)
        paths: list[str] = []
        for path, status in self._files():
            paths.append(path)
            found.setdefault(key_of(status), (path, status))
            self._rotations += path in before and not known(key_of(status))
        present = set(paths)
        self._seen = [path for path in self._seen if path not in present][-REMEMBERED:] + paths
        return sorted(found.values(), key=lambda file: (file[1].st_mtime_ns, file[0]))

    def take_rotations(self) -> int:
        """Return how many rotations were seen since the last call."""
        rotations, self._rotations = self._rotations, 0
        return rotations

    def _files(self) -> Iterator[Found]:
        for path in self._paths():
            try:
                yield path, Path(path).stat()
            except FileNotFoundError as error:
                if Path(path).is_symlink():
                    self._refuse(path, error)
            except OSError as error:
                self._refuse(path, error)

    def _paths(self) -> list[str]:
        """Return the paths that match; a file that really is called so comes before the pattern's meaning."""
        if os.path.lexists(self._pattern):
            return [self._pattern]
        return sorted(glob.glob(self._pattern, recursive=True))  # noqa: PTH207 - Path.glob takes no absolute pattern
