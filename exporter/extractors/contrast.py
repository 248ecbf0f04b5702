"""How much the brightness varies over an image."""

import math
from typing import ClassVar

import msgspec
import numpy as np

from exporter.extractors.image import counted, grey


class Contrast(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Standard deviation of the grey image: 0 (flat) to 127.5 (half black, half white), in grey levels.

    It falls in fog, behind a dirty lens and in the dark. Costs 0.5 ms beside decoding.
    """

    reads_files: ClassVar[bool] = True

    def levels(self) -> None:
        """Return None: contrast is a number."""

    def extract(self, datum: object) -> float | None:
        """Return the contrast of an image."""
        image = grey(datum)
        if image is None:
            return None
        (counts,), level = counted(image), np.arange(256)
        n, total, squares = int(counts.sum()), int(counts @ level), int(counts @ level**2)
        return math.sqrt(n * squares - total**2) / n  # whole numbers, so a flat image has exactly none
