"""One datum as a log of it would hold it: rows of tables, tuples and numpy's scalars become what JSON has."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from exporter.decoders.shape import MISFIT, descend

Locate = Callable[[Any], Any]
_NOTHING = ("NAType", "NaTType")  # pandas' marks of a missing value
STRANGE = object()  # for an extractor, what the datum's own methods refuse


def plain(value: Any) -> Any:  # noqa: ANN401 - any value
    """Return a scalar of numpy as Python's, and a mark of pandas for a missing one as None."""
    if isinstance(value, np.generic):
        return value.item()
    return None if type(value).__name__ in _NOTHING else value


def record(datum: Any) -> Any:  # noqa: ANN401 - any datum
    """Return a mapping, or a row of a table with its names, as a dict by text; anything else as it is."""
    if type(datum) is dict:
        return datum
    if isinstance(datum, Mapping) or hasattr(datum, "to_dict"):
        if len(getattr(datum, "shape", ())) == 2:  # noqa: PLR2004 - a table, of which one row is a datum
            datum = datum.iloc[0]
        return {str(key): plain(value) for key, value in datum.items()}
    return plain(datum)


def prepared(datum: Any) -> Any:  # noqa: ANN401 - any datum
    """Return a datum as `record` does, once for all that read it; what its own methods refuse as it is."""
    try:
        return record(datum)
    except Exception:  # noqa: BLE001 - of the datum's own methods
        return datum


def locator(words: Sequence[str]) -> Locate:
    """Return the function that finds in a datum what is at a path of keys and places, None where nothing is."""
    if not words:
        return plain
    first, *rest = words

    def locate(datum: Any) -> Any:  # noqa: ANN401 - any datum
        try:
            found = datum.get(first) if type(datum) is dict else None
            if found is None:
                found = _step(datum, first)
            for word in rest:
                found = _step(found, word)
            return plain(found)
        except Exception:  # noqa: BLE001 - of the datum's own methods
            return MISFIT

    return locate


def part(words: Sequence[str]) -> Locate:
    """Return the function that finds what an extractor reads: at a path in a mapping, else it is the whole datum."""
    locate = locator(words)

    def found(datum: Any) -> Any:  # noqa: ANN401 - any datum
        try:
            whole = record(datum)
            return record(locate(whole)) if words and type(whole) is dict else whole
        except Exception:  # noqa: BLE001 - of the datum's own methods
            return STRANGE

    return found


def _step(datum: Any, word: str) -> Any:  # noqa: ANN401 - any datum
    if datum is MISFIT:
        return MISFIT
    if isinstance(datum, dict) and word not in datum and word.isdecimal():
        return datum.get(int(word))
    return descend(_container(datum), (word,))


def _container(datum: Any) -> Any:  # noqa: ANN401 - any datum
    if isinstance(datum, np.ndarray):
        return datum[0].tolist() if datum.ndim == 2 and len(datum) == 1 else datum.tolist()  # noqa: PLR2004 - one row
    if isinstance(datum, tuple):
        return list(datum)
    return record(datum)
