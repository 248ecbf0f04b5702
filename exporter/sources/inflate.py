"""The content of a gzip file, piece by piece in bounded memory; of a broken one, all that can still be read."""

import contextlib
import os
import zlib

MAGIC = b"\x1f\x8b"
PIECE = 1 << 14  # a piece of zeros unpacks to a thousand times its size
GZIP = 31  # window bits of zlib that ask for the gzip container


class Inflater:
    """Reads a gzip file of one or several members; `broken` is final."""

    def __init__(self) -> None:
        self.broken = False
        self._raw = 0
        self._stream = zlib.decompressobj(GZIP)
        self._waiting = b""

    @property
    def used(self) -> int:
        """Bytes of the file that are unpacked."""
        return self._raw - len(self._waiting)

    @property
    def complete(self) -> bool:
        """Whether what has been read ends where a gzip file may end."""
        return self._stream.eof and not self._waiting

    def read(self, descriptor: int, limit: int) -> bytes:
        """Return the next bytes of the content, about `limit` at most; b"" where there are no more (yet)."""
        pieces: list[bytes] = []
        missing = limit
        while missing > 0 and not self.broken:
            self._fill(descriptor)
            if self.complete:
                break
            empty = not self._waiting
            data = self._step(missing)
            if not data and empty:
                break
            pieces.append(data)
            missing -= len(data)
        return b"".join(pieces)

    def _fill(self, descriptor: int) -> None:
        """Read a piece when the last one is used up; a new member follows where one has ended."""
        if not self._waiting:
            self._waiting = os.pread(descriptor, PIECE, self._raw)
            self._raw += len(self._waiting)
        if self._stream.eof:
            self._waiting = self._waiting.lstrip(b"\x00")  # the padding of tapes
            if self._waiting:
                self._stream = zlib.decompressobj(GZIP)

    def _step(self, limit: int) -> bytes:
        before = self._stream.copy()
        try:
            data = self._stream.decompress(self._waiting, limit)
        except zlib.error:
            self.broken = True
            return _salvage(before, self._waiting)
        self._waiting = self._stream.unused_data if self._stream.eof else self._stream.unconsumed_tail
        return data


def _salvage(stream: "zlib._Decompress", piece: bytes) -> bytes:
    """Return what comes out of a piece before the byte that is wrong."""
    pieces: list[bytes] = []
    with contextlib.suppress(zlib.error):
        pieces.extend(stream.decompress(piece[place : place + 1]) for place in range(len(piece)))
    return b"".join(pieces)
