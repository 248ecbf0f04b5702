"""Images and arrays that records name by their path: read from below one directory, decoded once for all extractors."""

import logging
import os
from collections import Counter
from functools import partial
from pathlib import Path

from exporter.decoders.files import Later, is_path
from exporter.extractors.image import picture
from exporter.extractors.npy import MAGIC, array_of
from exporter.sources import beneath
from exporter.sources.beneath import FileError

logger = logging.getLogger(__name__)

LIMIT = 1 << 26  # bytes of a file
KEPT = 2  # data that are kept for the next extractor: a record's image, and its mask
REASONS = ("no_root", *beneath.REASONS)


class Images:
    """Reads what records hold of images and arrays. For one thread.

    Paths start at `root`, or where that is left out at the directory that `enter` says; without any they are refused.
    Files of more than `limit` bytes are refused. `refused` counts files by one of REASONS, each of them logged once.
    """

    def __init__(self, root: str | Path | None = None, limit: int = LIMIT) -> None:
        self._root = None if root is None else os.path.abspath(root)  # noqa: PTH100 - links in it stay as they are
        self._start = self._root
        self._limit = limit
        self._kept: dict[tuple[str | None, str | bytes], object] = {}
        self._told: set[str] = set()
        self.refused: Counter[str] = Counter()

    def enter(self, directory: str) -> None:
        """Say in which directory the log is that the next records come from; "" where it is in none."""
        if self._root is None:
            self._start = os.path.abspath(directory) if directory else None  # noqa: PTH100 - as above
        self._kept.clear()

    def read(self, datum: object) -> object:
        """Return what an extractor reads of what is logged: an image, an array, or the bytes of any other file.

        FileError for a path without such a file; what is neither a path nor an image is returned as it is.
        """
        return self._once(self._start, datum) if isinstance(datum, str | bytes) else datum

    def later(self, datum: object) -> object:
        """Return what will be read when it is needed, for what names a file; anything else as it is."""
        return Later(partial(self._once, self._start, datum)) if isinstance(datum, str) and is_path(datum) else datum

    def take_refused(self) -> dict[str, int]:
        """Return how many files were refused since the last call, by reason."""
        refused = dict(self.refused)
        self.refused.clear()
        return refused

    def _once(self, start: str | None, datum: str | bytes) -> object:
        """Return what a datum stands for; of all the extractors that ask for it in turn, only the first one waits."""
        key = start, datum
        if key not in self._kept:
            if len(self._kept) >= KEPT:
                del self._kept[next(iter(self._kept))]
            self._kept[key] = self._attempt(start, datum)
        found = self._kept[key]
        if isinstance(found, FileError):
            raise found
        return found

    def _attempt(self, start: str | None, datum: str | bytes) -> object:
        try:
            return _decoded(self._content(start, datum) if isinstance(datum, str) and is_path(datum) else datum)
        except FileError as refusal:
            if refusal.reason not in self._told:
                self._told.add(refusal.reason)
                logger.warning("cannot read %.200r: %s", datum, refusal, extra={"reason": refusal.reason})
            self.refused[refusal.reason] += 1
            return refusal

    def _content(self, start: str | None, path: str) -> bytes:
        if start is None:
            raise FileError("no_root", "no directory is known that paths start at")
        return beneath.content(start, path, self._limit)


def _decoded(content: bytes | str) -> object:
    """Return an image, ready for every extractor, or an array; what is neither as it is, for them to judge."""
    try:
        if isinstance(content, bytes) and content.startswith(MAGIC):
            return array_of(content)
        return picture(content)
    except ValueError:
        return content
