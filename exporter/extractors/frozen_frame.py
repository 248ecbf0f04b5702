"""A number that differs from image to image, and stands still when the camera does."""

from hashlib import blake2b
from typing import ClassVar, Literal

import msgspec
import numpy as np

from exporter.extractors.image import picture

WIDTH, HEIGHT = 9, 8


class FrozenFrame(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Hash of an image, spread evenly over 0 to 1 (1 excluded), no unit: the same for the same pixels, and only then.

    Live images fill the interval evenly, whatever they show. A camera that sends one frame over and over piles its
    values up in one bin, which every drift statistic of a window sees (PSI, Kolmogorov-Smirnov), without any state
    here. `hash: perceptual` hashes the 64 brightness steps between the 9 x 8 tiles of the image instead: it stands
    still through recompression, but so it does while nothing moves before a camera that is well. Two images share an
    exact value with a chance of 1e-16. Costs 1 ms beside decoding.
    """

    reads_files: ClassVar[bool] = True
    hash: Literal["exact", "perceptual"] = "exact"

    def __post_init__(self) -> None:
        """Raise ValueError where an option is out of range."""
        if self.hash not in ("exact", "perceptual"):
            raise ValueError("write hash exact or perceptual")

    def levels(self) -> None:
        """Return None: the hash is a number."""

    def extract(self, datum: object) -> float | None:
        """Return the hash of an image."""
        image = picture(datum)
        if image is None:
            return None
        if self.hash == "exact":
            return _spread(f"{image.mode} {image.size} ".encode(), image.tobytes())
        from PIL.Image import Resampling  # noqa: PLC0415 - Pillow is loaded only where images are read

        tiles = np.asarray(image.convert("L").resize((WIDTH, HEIGHT), Resampling.BOX), np.int16)
        return _spread(np.packbits(np.diff(tiles, axis=1) > 0).tobytes())


def _spread(*parts: bytes) -> float:
    digest = blake2b(digest_size=8)
    for part in parts:
        digest.update(part)
    return (int.from_bytes(digest.digest()) >> 11) / 2**53
