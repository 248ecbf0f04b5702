"""Arrays as numpy writes them into files."""

from io import BytesIO
from math import prod
from typing import Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

MAGIC = npy.MAGIC_PREFIX
_KINDS = "biuf"


def array_of(content: bytes) -> NDArray[Any]:
    """Return the numbers of an .npy file, as they lie in it; ValueError where it is none, or not all of one.

    Nothing of it is run: only booleans, integers and floats are read, never pickled objects.
    """
    file = BytesIO(content)
    try:
        version = npy.read_magic(file)
        header = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, in_columns, dtype = header(file)
    except Exception as error:  # noqa: BLE001 - numpy parses a hostile header with Python's own parser
        raise ValueError(f"the file is no array of numpy: {error}") from None
    if dtype.kind not in _KINDS:
        raise ValueError(f"the file holds {dtype}, and no numbers")
    if prod(shape) * dtype.itemsize != len(content) - file.tell() or min(shape, default=0) < 0:
        raise ValueError(f"{len(content) - file.tell()} bytes are not {shape} numbers of {dtype}")
    return np.frombuffer(content, dtype, offset=file.tell()).reshape(shape, order="F" if in_columns else "C")
