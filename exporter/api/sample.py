"""A sample of data as the records that a log of them would hold, from which components are inferred."""

import math
from collections.abc import Mapping, Sequence
from itertools import islice, zip_longest
from pathlib import Path
from typing import Any

import numpy as np

from exporter.api.data import Data
from exporter.api.datum import prepared
from exporter.api.files import write
from exporter.api.pieces import is_stream, is_table, length, pick
from exporter.api.spec_text import spec_text
from exporter.profile import ProfileSpec, infer
from exporter.profile.infer import SAMPLE

PLACES = 8  # values of an array that are listed one by one; a longer one is data for an extractor


def inferred(given: Mapping[str, object], name: str, version: str, path: str | Path | None) -> ProfileSpec:
    """Return the spec that data by role suggest, and write it to a file of YAML where there is a path."""
    found = records(given)
    text = spec_text(found, name, version)
    if path is not None:
        write(Path(path), text.encode())
    return infer(found, name, version)


def records(given: Mapping[str, object]) -> list[dict[str, Any]]:
    """Return up to 10,000 records of the data of each role, evenly spread; of a stream the first."""
    columns = {role: map(_logged, _rows(data)) for role, data in given.items() if data is not None}
    return [dict(zip(columns, row, strict=True)) for row in zip_longest(*columns.values())]


def _rows(data: Any) -> Sequence[Any]:  # noqa: ANN401 - any data
    if is_stream(data):
        first = list(islice(data, SAMPLE))
        data = first[0] if first and is_table(first[0]) else first
    Data(data)  # which refuses what are no data
    places = np.arange(0, length(data), max(1, -(-length(data) // SAMPLE)))
    return Data(pick(data, places)).records()


def _logged(value: Any) -> Any:  # noqa: ANN401 - any value
    """Return a value as a log would hold it, None where it is missing; what a log cannot hold as it is."""
    found = prepared(value)
    if isinstance(found, dict):
        return {str(key): _logged(below) for key, below in found.items()}
    if isinstance(found, np.ndarray) and found.ndim == 1 and len(found) <= PLACES:
        found = found.tolist()
    if isinstance(found, list | tuple) and len(found) <= PLACES:
        return [_logged(below) for below in found]
    return None if isinstance(found, float) and math.isnan(found) else found
