"""How far a file has been read, and what tells it from every other file."""

import hashlib
import os
import re
from dataclasses import dataclass
from pathlib import PurePath

PREFIX_BYTES = 1024
"""Of this many first bytes at most a fingerprint is taken."""

_ROTATED = re.compile(r"\.|[-_](?=\d{4}-?\d\d-?\d\d)")


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """The hash of the first bytes of a file's content: as many as were seen, up to PREFIX_BYTES."""

    length: int = 0
    digest: bytes = b""

    def begins(self, head: bytes) -> bool:
        """Say whether content that begins with `head` begins with these bytes."""
        return fingerprint(head[: self.length]) == self


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a file: `offset` bytes of its content (of what a gzip file holds) are read, up to a newline.

    `path` is where the file was first found. `inode` is 0 for a deleted file: its number may belong to another by now.
    """

    path: str
    device: int
    inode: int
    fingerprint: Fingerprint
    offset: int

    def resumes(self, key: tuple[int, int], head: bytes) -> bool:
        """Say whether the file of this identity, whose content begins with `head`, is the one that was read so far."""
        return (self.device, self.inode) == key and self.fingerprint.begins(head)

    def is_of_copy(self, path: str, first: Fingerprint) -> bool:
        """Say whether a file at `path` of the same fingerprint is a copy of this one made by rotation."""
        return first == self.fingerprint and path != self.path and log_of(path) == log_of(self.path)


def fingerprint(head: bytes) -> Fingerprint:
    """Return the fingerprint of content from its first bytes."""
    prefix = head[:PREFIX_BYTES]
    return Fingerprint(len(prefix), hashlib.blake2b(prefix, digest_size=16).digest() if prefix else b"")


def key_of(status: os.stat_result) -> tuple[int, int]:
    """Return the identity that the file system gives."""
    return status.st_dev, status.st_ino


def log_of(path: str) -> str:
    """Return what the path of a log has in common with those of its rotated files.

    That is "logs/app" for logs/app.jsonl, logs/app.jsonl.1, logs/app.2.jsonl.gz and logs/app-20260131.jsonl.
    """
    place = PurePath(path)
    return str(place.parent / _ROTATED.split(place.name, maxsplit=1)[0])
