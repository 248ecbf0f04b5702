"""Images, arrays and long bytes of a record: files beside the log, each written before the line that names it."""

import io
import itertools
import math
import os
import re
import struct
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from exporter.client.tally import Tally

FOLDER = "images"
ARRAY_BYTES = 8192  # a smaller array is written as numbers
TEXT_BYTES = 4096  # fewer bytes are written as base64
NAME_CHARACTERS = 100
PENDING_BYTES = 64_000_000  # of copies that wait to be written
TIDY_SECONDS = 60.0
PNG_MODES = frozenset(("1", "L", "LA", "I;16", "P", "RGB", "RGBA"))
PNG_COLOURS = {1: 0, 3: 2, 4: 6}  # channels: the code that a PNG has for them
MAGIC = {b"\x89PNG": ".png", b"\xff\xd8\xff": ".jpg", b"GIF8": ".gif", b"RIFF": ".webp", b"%PDF": ".pdf"}

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")


class File(NamedTuple):
    """A value that goes into a file: `reference` is its path from the log's directory, `size` what a copy takes."""

    reference: str
    content: Any
    size: int


def bulky(value: object) -> bool:
    """Say whether a value goes into a file: an image, a larger array, or more bytes than a line should carry."""
    if isinstance(value, bytes | bytearray | memoryview):
        return len(value) > TEXT_BYTES
    return is_image(value) or (_nbytes(value) > ARRAY_BYTES and hasattr(value, "__array__"))


def is_image(value: object) -> bool:
    """Say whether a value behaves like an image of Pillow."""
    return hasattr(value, "getbands") and hasattr(value, "save") and not isinstance(value, type)


def _nbytes(value: object) -> int:
    size = getattr(value, "nbytes", 0)
    return size if isinstance(size, int) else 0


def total(files: list[File]) -> int:
    """Return how many bytes files take."""
    return sum(file.size for file in files)


class Store:
    """The directory of the files of one log. Callers collect, the flusher writes and tidies.

    `pending` is how many bytes of collected files wait in a queue.
    """

    def __init__(self, log: str, limit: int, tally: Tally) -> None:
        self._parent = Path(log).parent
        self._limit = limit
        self._tally = tally
        self._tidied = -math.inf
        self.pending = 0

    def collect(self, value: Any, name: str, request_id: str, files: list[File]) -> str | None:  # noqa: ANN401 - duck
        """Copy a bulky value for writing and return its reference; None where too many wait already."""
        suffix, size, content = _copied(value, PENDING_BYTES - self.pending - total(files))
        if content is None:
            self._tally.drop("file", f"more than {PENDING_BYTES} bytes of images and arrays wait to be written")
            return None
        stem, taken = f"{FOLDER}/{safe(request_id)}-{safe(name)}", {file.reference for file in files}
        names = itertools.chain([stem + suffix], (f"{stem}-{number}{suffix}" for number in itertools.count(1)))
        reference = next(name for name in names if name not in taken)
        files.append(File(reference, content, size))
        return reference

    def write(self, file: File) -> None:
        """Write a file whole or not at all; a failure is counted."""
        path = self._parent / file.reference
        part = path.with_name(f".{path.name}.{os.getpid()}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(encoded(file.content))
            part.replace(path)
        except Exception as error:  # noqa: BLE001 - an image may fail in any way
            self._tally.drop("file", error)
            with suppress(OSError):
                part.unlink()

    def tidy(self) -> None:
        """Once a minute delete the oldest files, until what is left is within the limit."""
        if time.monotonic() - self._tidied < TIDY_SECONDS:
            return
        self._tidied = time.monotonic()
        found = sorted(self._found())
        total = sum(size for _, size, _ in found)
        for _, size, path in found:
            if total <= self._limit:
                return
            with suppress(OSError):
                os.unlink(path)  # noqa: PTH108 - of a directory listing
            total -= size

    def _found(self) -> Iterator[tuple[float, int, str]]:
        with suppress(OSError), os.scandir(self._parent / FOLDER) as entries:
            for entry in entries:
                with suppress(OSError):
                    status = entry.stat()
                    yield status.st_mtime, status.st_size, entry.path


def safe(text: str) -> str:
    """Return a text as a part of a file name; where it had to be changed, a checksum tells it from others."""
    name = _UNSAFE.sub("_", text)[:NAME_CHARACTERS]
    return name if name == text else f"{name}_{zlib.crc32(text.encode(errors='replace')):08x}"


def _copied(value: Any, room: int) -> tuple[str, int, Any]:  # noqa: ANN401 - duck
    """Return the suffix, the size, and a copy that its owner cannot change: None where there is no room for it."""
    if isinstance(value, bytes | bytearray | memoryview):
        content = bytes(value) if len(value) <= room else None
        return next((MAGIC[m] for m in MAGIC if bytes(value[: len(m)]) == m), ".bin"), len(value), content
    if is_image(value):
        size = value.width * value.height * len(value.getbands())
        return ".png", size, value.copy() if size <= room else None
    size = int(value.nbytes)
    array = (value if hasattr(value, "__array_interface__") else value.__array__()) if size <= room else None
    if array is not None and array.dtype.hasobject:
        raise TypeError("an array of objects")
    return ".png" if _pictured(array) else ".npy", size, None if array is None else array.copy()


def _pictured(array: Any) -> bool:  # noqa: ANN401 - duck
    """Say whether an array is an image: bytes, rows by columns, and by 1, 3 or 4 channels."""
    if array is None or array.__array_interface__["typestr"] != "|u1" or len(array.shape) not in (2, 3):
        return False
    return min(array.shape) > 0 and (len(array.shape) == 2 or array.shape[2] in PNG_COLOURS)  # noqa: PLR2004 - no colour


def encoded(content: Any) -> bytes:  # noqa: ANN401 - duck
    """Return the content of a file: PNG of images and of arrays that are images, NPY of other arrays."""
    if isinstance(content, bytes):
        return content
    if is_image(content):
        buffer = io.BytesIO()
        picture = content if content.mode in PNG_MODES else content.convert("I;16" if content.mode == "I" else "RGB")
        picture.save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()
    return _png(content) if _pictured(content) else _npy(content)


def _png(array: Any) -> bytes:  # noqa: ANN401 - duck
    height, width = array.shape[:2]
    channels = array.shape[2] if len(array.shape) > 2 else 1  # noqa: PLR2004 - rows and columns
    data, stride = array.tobytes(), width * channels
    rows = b"".join(b"\0" + data[place : place + stride] for place in range(0, len(data), stride))
    header = struct.pack(">IIBBBBB", width, height, 8, PNG_COLOURS[channels], 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, content) for kind, content in chunks)


def _chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def _npy(array: Any) -> bytes:  # noqa: ANN401 - duck
    interface = array.__array_interface__
    header = repr({"descr": interface["typestr"], "fortran_order": False, "shape": interface["shape"]}).encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"".join((b"\x93NUMPY\x01\x00", struct.pack("<H", len(header)), header, array.tobytes()))
