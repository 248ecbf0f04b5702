"""Numbers that an extractor has learned, packed for a profile's JSON."""

from functools import cached_property
from math import prod
from typing import Literal

import msgspec
import numpy as np
from numpy.typing import ArrayLike

from exporter.batch import Floats

NUMBERS = 2**21


class Packed(msgspec.Struct, frozen=True, forbid_unknown_fields=True, dict=True):
    """An array of finite numbers: little-endian bytes (base64 in JSON) of a dtype and a shape.

    What is read back is what was written, so a score is the same before and after a profile was saved.
    """

    dtype: Literal["f2", "f4", "f8", "i2"]
    shape: tuple[int, ...]
    data: bytes

    def __post_init__(self) -> None:
        """Raise ValueError where the bytes do not fit, so that a damaged profile fails when it is loaded."""
        size = prod(self.shape)
        if not self.shape or min(self.shape) < 1 or size > NUMBERS or len(self.data) != size * int(self.dtype[1]):
            raise ValueError(f"{len(self.data)} bytes are not {self.shape} numbers of {self.dtype}")
        if not np.isfinite(self._stored()).all():
            raise ValueError("a learned array holds a number that is not finite")

    def _stored(self) -> Floats:
        return np.frombuffer(self.data, f"<{self.dtype}").reshape(self.shape)

    @cached_property
    def array(self) -> Floats:
        """Return the numbers as float64, of the stored shape."""
        return self._stored().astype(np.float64)

    @cached_property
    def squares(self) -> Floats:
        """Return the sum of the squares of each row of a table, shape (n,)."""
        rows: Floats = np.einsum("ij,ij->i", self.array, self.array)
        return rows


def packed(values: ArrayLike, dtype: Literal["f2", "f4", "f8", "i2"] = "f8") -> Packed:
    """Pack numbers; ValueError where one is not finite in the dtype, or there are none or too many."""
    with np.errstate(over="ignore"):
        array = np.asarray(values).astype(f"<{dtype}")
    return Packed(dtype, array.shape, array.tobytes())
