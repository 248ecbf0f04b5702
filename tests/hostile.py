"""What lies in wait for who reads files that a log names: paths that lead elsewhere, pipes, bombs, traps."""

import io
import os
import pickle
import signal
import struct
import tempfile
import zlib
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from PIL import Image

LIMIT = 1000
SECRET = b"a secret that lies beside the root"
SNAPPED = Path(tempfile.gettempdir()) / "the-trap-has-snapped"


@contextmanager
def hurry(seconds=5):
    """Fail where something hangs."""

    def stop(*_):
        raise AssertionError("it hangs")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def png(image, **options):
    file = io.BytesIO()
    image.save(file, "PNG", **options)
    return file.getvalue()


def npy(array):
    file = io.BytesIO()
    np.save(file, array)
    return file.getvalue()


def noise(seed=0, size=(40, 30)):
    return Image.fromarray(np.random.default_rng(seed).integers(0, 256, (size[1], size[0]), np.uint8))


def furnish(directory):
    """Make a root with all that may lie below one, and a secret beside it."""
    root = directory / "root"
    (root / "images" / "deep").mkdir(parents=True)
    (root / "images" / "a.png").write_bytes(b"an image")
    (root / "images" / "deep" / "b.png").write_bytes(b"another")
    (root / "empty.png").write_bytes(b"")
    (root / "full.png").write_bytes(b"x" * LIMIT)
    (root / "fuller.png").write_bytes(b"x" * (LIMIT + 1))
    with (root / "huge.png").open("wb") as file:
        file.truncate(1 << 40)
    (directory / "secret.png").write_bytes(SECRET)
    (directory / "root.png").write_bytes(SECRET)
    (root / "link.png").symlink_to(directory / "secret.png")
    (root / "inner.png").symlink_to(root / "images" / "a.png")
    (root / "loop.png").symlink_to("loop.png")
    (root / "away").symlink_to(directory)
    (root / "home").symlink_to(root / "images")
    (root / "zero.png").symlink_to("/dev/zero")
    os.mkfifo(root / "pipe.png")
    return root


HOSTILE = {
    "../secret.png": "outside",
    "images/../../secret.png": "outside",
    "images/../images/a.png": "outside",
    "..": "outside",
    "../../../../../../etc/passwd": "outside",
    "/etc/passwd": "outside",
    "//etc/passwd": "outside",
    "/dev/zero": "outside",
    "/proc/self/environ": "outside",
    "{root}.png": "outside",
    "{root}/../secret.png": "outside",
    "{root}x/a.png": "outside",
    "file:///etc/passwd": "outside",
    "https://example.org/a.png": "outside",
    "link.png": "not_a_file",
    "inner.png": "not_a_file",
    "loop.png": "not_a_file",
    "zero.png": "not_a_file",
    "away/secret.png": "not_a_file",
    "home/a.png": "not_a_file",
    "images": "not_a_file",
    "images/": "not_a_file",
    "images/a.png/b.png": "not_a_file",
    "images/a.png/": None,
    "pipe.png": "not_a_file",
    "": "not_a_file",
    ".": "not_a_file",
    "/": "outside",
    "{root}": "outside",
    "{root}/": "not_a_file",
    "nothing.png": "missing",
    "nowhere/a.png": "missing",
    "images/a.png\0": "missing",
    "\0": "missing",
    "images/a.png\n": "missing",
    "..\\secret.png": "missing",
    "%2e%2e/secret.png": "missing",
    "~/a.png": "missing",
    "$HOME/a.png": "missing",
    "*.png": "missing",
    "\ud800.png": "missing",
    "\uff0e\uff0e/secret.png": "missing",
    "a" * 300 + ".png": "unreadable",
    "a/" * 100_000 + "b.png": "missing",
    "fuller.png": "too_large",
    "huge.png": "too_large",
}


def bomb(width, height):
    """A small file of a picture that would take gigabytes."""

    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = zlib.compress(b"\0" * 10_000_000, 9)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


class Trap:
    """Makes a file where somebody unpickles it."""

    def __reduce__(self):
        return Path.touch, (SNAPPED,)


HEADER = "{{'descr': {descr!r}, 'fortran_order': False, 'shape': {shape}}}\n"


def forged(descr="<f8", shape="(2,)", body=b"\0" * 16):
    header = HEADER.format(descr=descr, shape=shape).encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + body


ARRAYS = {
    "pickled": npy(np.zeros(1)).replace(b"<f8", b"|O ")[:128] + pickle.dumps(Trap()),
    "objects": forged("|O", "(1,)", pickle.dumps([Trap()])),
    "nothing": b"\x93NUMPY",
    "truncated": npy(np.arange(10.0))[:-1],
    "too long": npy(np.arange(10.0)) + b"\0",
    "gigantic": forged(shape="(1000000000000,)"),
    "more than 64 bits": forged(shape=f"({2**70},)"),
    "negative": forged(shape="(-1, -2)"),
    "no numbers": forged("<U4", "(1,)"),
    "records": forged([("a", "<f8")], "(2,)"),
    "of nothing": forged("|V0", f"({2**60},)", b""),
    "code": forged(shape="__import__('os').getcwd()"),
    "deep": forged(shape="(" * 3000),
    "long header": b"\x93NUMPY\x02\x00" + struct.pack("<I", 2**31) + b"{" * 100,
    "strange version": b"\x93NUMPY\x09\x09" + npy(np.zeros(2))[8:-1],
    "latin": forged("\xff\xfe"),
}
