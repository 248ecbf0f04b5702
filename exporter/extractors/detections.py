"""The objects that a detector found, as they are logged."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from exporter.extractors.vectors import as_float

KEYS = ("confidence", "score")
COLUMN = 4  # after the four numbers of the box


def boxes(datum: object) -> Sequence[Any] | None:
    """Return the objects of one datum, None for None; ValueError for what is no list."""
    if isinstance(datum, np.ndarray) and datum.ndim > 0:
        datum = datum.tolist()
    if datum is None or (isinstance(datum, Sequence) and not isinstance(datum, str | bytes)):
        return datum
    raise ValueError(f"detections are a list of objects, and this is a {type(datum).__name__}")


def confidence(box: object, key: str | int | None) -> float:
    """Return the confidence of an object: a plain number, or what a mapping or list holds at `key`.

    Without a key it is `confidence` or `score` of a mapping, and the fifth number of a list. ValueError where there is
    none or it is no number.
    """
    if isinstance(box, Mapping):
        keys = KEYS if key is None else (key,)
        box = next((box[name] for name in keys if name in box), None)
    elif isinstance(box, Sequence) and not isinstance(box, str | bytes):
        place = COLUMN if key is None else key
        box = box[place] if isinstance(place, int) and -len(box) <= place < len(box) else None
    if isinstance(box, int | float | np.number) and not isinstance(box, bool) and math.isfinite(as_float(box)):
        return float(box)
    raise ValueError(f"an object's confidence is a number, and this one is {box!r:.40}")
