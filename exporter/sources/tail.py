"""One file that is followed: its handle, how far it has been read, and whether it still is what it was."""

import errno
import hashlib
import os
import stat

from exporter.decoders.lines import LineBuffer
from exporter.sources.inflate import MAGIC, Inflater
from exporter.sources.position import PREFIX_BYTES, Fingerprint, Position, key_of, log_of

READ_BYTES = 1 << 18
HOLE_END_BYTES = 1 << 16  # no block of a file system is larger


class Tail:
    """A file by device and inode; `path` is where it was found last, `home` where it was found first. For one thread.

    `offset` counts the bytes of its content that are read; `inflater` is there when that is packed. `begun` is set
    once it is known where reading starts (`waiting`: not yet, for another file has the same content), `done` ends it.
    Times (`moved`: the file grew or was rewritten; `gone`: it left the glob) are the caller's.
    """

    def __init__(self, path: str, status: os.stat_result, line_bytes: int, now: float) -> None:
        self.path = self.home = path
        self.key = key_of(status)
        self.log = log_of(path)
        self.lines = LineBuffer(line_bytes)
        self.inflater: Inflater | None = None
        self.handle: int | None = None
        self.offset = 0
        self.skip = 0
        self.begun = self.waiting = self.done = self.failing = self.from_end = False
        self.gone: float | None = None
        self._mode = status.st_mode
        self.size, self._written = _state(status)
        self.moved = now
        self._stirred = True
        self._prefix = hashlib.blake2b(digest_size=16)
        self._prefix_length = 0

    @property
    def fingerprint(self) -> Fingerprint:
        """The hash of the first bytes seen."""
        return Fingerprint(self._prefix_length, self._prefix.digest() if self._prefix_length else b"")

    @property
    def position(self) -> Position:
        """How far the file has been read, at a newline."""
        return Position(self.home, *self.key, self.fingerprint, self.offset - self.lines.held)

    @property
    def unread(self) -> int:
        """Bytes of the file that are not read but could be."""
        read = self.offset if self.inflater is None else self.inflater.used
        return 0 if self.done or self.waiting or self.failing else max(self.size - read, 0)

    @property
    def backlog(self) -> bool:
        """Whether more can be read than was read at once."""
        return self.unread > 0 or (self.inflater is not None and not self.done)

    @property
    def in_place(self) -> bool:
        """Whether the file is where it was found first."""
        return self.path == self.home and self.gone is None

    @property
    def pending(self) -> bool:
        """Whether there may be something to read; without a handle only a look at the path can tell."""
        known = self.handle is None and self.gone is None and not (self.failing or self._stirred)
        return not self.done and (not known or self.unread > 0)

    @property
    def deleted(self) -> bool:
        """Whether no path leads to the file any more."""
        return self.handle is None or os.fstat(self.handle).st_nlink == 0

    def look(self, status: os.stat_result, now: float) -> bool:
        """Take notice of the file's state; returns whether it differs from the last."""
        self._mode = status.st_mode
        state = _state(status)
        if state == (self.size, self._written):
            return False
        self.size, self._written = state
        self.moved = now
        self._stirred = True
        return True

    def open(self) -> int:
        """Return a descriptor of the file; raises OSError, FileNotFoundError when the path leads elsewhere now."""
        if self.handle is None:
            if not stat.S_ISREG(self._mode):  # seen before it is opened, which a writer to a pipe would notice
                raise OSError(errno.EINVAL, "not a regular file", self.path)
            handle = os.open(self.path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
            if key_of(os.fstat(handle)) != self.key:
                os.close(handle)
                raise FileNotFoundError(errno.ENOENT, "replaced by another file", self.path)
            self.handle = handle
        return self.handle

    def release(self) -> None:
        """Close the handle; the file is opened again when there is more to read."""
        if self.handle is not None:
            os.close(self.handle)
            self.handle = None

    def head(self) -> bytes | None:
        """Return the first bytes of the content as they are now, up to PREFIX_BYTES; None while they are not there."""
        first = os.pread(self.open(), PREFIX_BYTES, 0)
        if not first.startswith(MAGIC):
            return None if first in (b"", MAGIC[:1]) else first
        self.inflater = Inflater()
        trial = Inflater()
        data = trial.read(self.open(), PREFIX_BYTES)[:PREFIX_BYTES]
        return data if len(data) == PREFIX_BYTES or trial.complete or trial.broken else None

    def changed(self, now: float) -> bool:
        """Say whether the content is no longer what was read: it was truncated, however long it is again."""
        moved = self.look(os.fstat(self.open()), now) or self._stirred
        self._stirred = False
        if self.inflater is not None or (self.size == self.offset and not moved):
            return False
        return self.size < self.offset or not self.fingerprint.begins(os.pread(self.open(), PREFIX_BYTES, 0))

    def restart(self) -> bytes:
        """Begin again at the start of the file; returns the line that was held."""
        self._seek(0)
        return self.lines.close()

    def begin(self, offset: int = 0) -> None:
        """Begin reading at an offset of the content."""
        self.begun = True
        if self.inflater is None:
            self._seek(offset)
        else:
            self.skip = offset

    def last_newline(self) -> int:
        """Return the offset behind the last newline; the file's end where none is near."""
        start = max(self.size - READ_BYTES, 0)
        last = os.pread(self.open(), READ_BYTES, start)
        return start + (last.rfind(b"\n") + 1 or len(last))

    def read(self) -> bytes | None:
        """Return the lines that up to READ_BYTES more of the file complete; None at its end."""
        handle = self.open()
        if self.inflater is not None:
            data = self.inflater.read(handle, READ_BYTES)
        else:
            self._skip_hole(handle)
            data = os.pread(handle, READ_BYTES, self.offset)
        if not data:
            return None
        self._note(data)
        self.offset += len(data)
        skipped, self.skip = min(self.skip, len(data)), max(self.skip - len(data), 0)
        return self.lines.feed(data[skipped:])

    def _skip_hole(self, handle: int) -> None:
        """Pass over the hole that copytruncate leaves where the writer does not append but goes on at its offset."""
        if self.offset or not self.size:
            return
        start = _data_start(handle)
        if start:
            block = os.pread(handle, HOLE_END_BYTES, start)
            self._seek(start + len(block) - len(block.lstrip(b"\x00")))

    def _seek(self, offset: int) -> None:
        self._prefix = hashlib.blake2b(digest_size=16)
        self._prefix_length = 0
        self.offset = offset
        if offset:
            self._note(os.pread(self.open(), min(PREFIX_BYTES, offset), 0))

    def _note(self, data: bytes) -> None:
        """Let the fingerprint grow by content that follows what it covers."""
        more = data[: PREFIX_BYTES - self._prefix_length]
        self._prefix.update(more)
        self._prefix_length += len(more)


def _data_start(handle: int) -> int:
    """Return the offset of the first block that is not a hole; 0 where that cannot be told."""
    try:
        return os.lseek(handle, 0, os.SEEK_DATA)
    except OSError as error:
        if error.errno in (errno.ENXIO, errno.EINVAL, errno.EOPNOTSUPP):
            return 0
        raise


def _state(status: os.stat_result) -> tuple[int, int]:
    return (status.st_size if stat.S_ISREG(status.st_mode) else 0), status.st_mtime_ns
