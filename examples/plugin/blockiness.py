"""How visible the blocks of JPEG are in an image: an extractor in a package of its own."""

from typing import ClassVar

import msgspec
import numpy as np

from exporter.extractors.image import grey


class Blockiness(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mean step of grey across the borders of blocks, over that elsewhere: 1 (no blocks) up; high is compressed hard.

    Steps are between pixels side by side, in grey levels, with 1 added to both means so that a flat image has 1.
    Blocks are `side` pixels wide. Costs 1 ms beside decoding 640 x 480 pixels.
    """

    reads_files: ClassVar[bool] = True  # a record may name the image by its path
    side: int = 8

    def __post_init__(self) -> None:
        """Raise ValueError where an option is out of range: it is said with the line of the spec."""
        if not 2 <= self.side <= 1024:  # noqa: PLR2004 - blocks have an inside
            raise ValueError("write a side of 2 to 1024")

    def levels(self) -> None:
        """Return None: blockiness is a number."""

    def extract(self, datum: object) -> float | None:
        """Return the blockiness of an image, None of None; ValueError where the image is no wider than a block."""
        image = grey(datum)
        if image is None:
            return None
        if image.width <= self.side:
            raise ValueError(f"an image {image.width} pixels wide has no border between blocks of {self.side}")
        steps = np.abs(np.diff(np.asarray(image, np.int16), axis=1)).mean(axis=0)
        border = np.arange(1, image.width) % self.side == 0
        return float((steps[border].mean() + 1) / (steps[~border].mean() + 1))
