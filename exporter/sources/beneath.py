"""Reads files below one directory and nowhere else, whatever their path says."""

import errno
import os
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

REASONS = ("outside", "missing", "not_a_file", "too_large", "unreadable")
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | getattr(os, "O_PATH", 0)
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY
_ERRORS = {errno.ENOENT: "missing", errno.ENOTDIR: "not_a_file", errno.ELOOP: "not_a_file"}


class FileError(ValueError):
    """A file that is not read, and why: `reason` is one of REASONS."""

    def __init__(self, reason: str, message: str) -> None:
        super().__init__(message)
        self.reason = reason


def content(root: str, path: str, limit: int) -> bytes:
    """Return what is in a regular file of up to `limit` bytes below `root`, an absolute path; FileError for any other.

    `path` starts at the root, or is absolute and leads below it. Symbolic links below the root are not followed, and
    nothing but a regular file is opened, so that nothing can wait, act or lead elsewhere.
    """
    words = _words(root, path)
    try:
        with _opened(root, words) as handle:
            found = _read(handle, limit)
    except OSError as error:
        raise FileError(_ERRORS.get(error.errno or 0, "unreadable"), f"{error.strerror}") from None
    except FileError:
        raise
    except ValueError:  # a NUL byte, or what no file name can hold
        raise FileError("missing", "no file can have this name") from None
    if len(found) > limit:
        raise FileError("too_large", f"it has more than {limit:,} bytes")
    return found


def _words(root: str, path: str) -> Sequence[str]:
    """Return the parts of a path from the root."""
    base = root.rstrip("/") + "/"
    words = path.removeprefix(base).split("/")
    if ".." in words or "://" in path or (path.startswith("/") and not path.startswith(base)):
        raise FileError("outside", f"it does not lead below {root}")
    words = [word for word in words if word not in ("", ".")]
    if not words:
        raise FileError("not_a_file", "it is the directory itself")
    return words


@contextmanager
def _opened(root: str, words: Sequence[str]) -> Iterator[int]:
    """Open a file one part of its path after the other, so that none can be exchanged for a link on the way."""
    folder = os.open(root, _FOLDER & ~os.O_NOFOLLOW)
    try:
        for word in words[:-1]:
            inner = os.open(word, _FOLDER, dir_fd=folder)
            os.close(folder)
            folder = inner
        _need_file(os.stat(words[-1], dir_fd=folder, follow_symlinks=False))  # a device may act when it is opened
        handle = os.open(words[-1], _FILE, dir_fd=folder)
    finally:
        os.close(folder)
    try:
        _need_file(os.fstat(handle))
        yield handle
    finally:
        os.close(handle)


def _need_file(status: os.stat_result) -> None:
    if not stat.S_ISREG(status.st_mode):
        raise FileError("not_a_file", "it is no regular file")


def _read(handle: int, limit: int) -> bytes:
    """Return a file's content, or if it has more than the limit, at least a byte more than that."""
    if os.fstat(handle).st_size > limit:
        raise FileError("too_large", f"it has more than {limit:,} bytes")
    parts: list[bytes] = []
    left = limit + 1
    while left > 0 and (part := os.read(handle, min(left, 1 << 20))):
        parts.append(part)
        left -= len(part)
    return b"".join(parts)
