"""An extractor behind a step of the model's own preprocessing, which runs here and is not kept in the file."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np

from exporter.api.datum import STRANGE, record
from exporter.extractors import DataExtractor

Prepare = Any  # an object such as scikit-learn's transformers


@dataclass(frozen=True, slots=True)
class SequenceSimpleExtractor:
    """`extractor` of what `prep.transform` (or another method, `func`) makes of a table of data.

    A profile's file holds no code, and so no `prep`: give it again, `ModelProfile.load(path, prep={component: prep})`.
    """

    prep: Prepare
    extractor: DataExtractor
    func: str = "transform"

    def rows(self, data: object) -> Sequence[Any]:
        """Return what is made of each datum of a table or sequence."""
        return list(_dense(getattr(self.prep, self.func)(data)))

    def one(self, datum: object) -> Any:  # noqa: ANN401 - what the inner extractor reads
        """Return what is made of one datum, a mapping or row as a table of one row; of what is refused, what any is."""
        try:
            found = record(datum)
            table = import_module("pandas").DataFrame([found]) if isinstance(found, Mapping) else [datum]
            return self.rows(table)[0]
        except Exception:  # noqa: BLE001 - the preprocessing may raise anything; serving goes on
            return STRANGE


def _dense(found: Any) -> Any:  # noqa: ANN401 - an array, sparse or not
    return np.asarray(found.toarray() if hasattr(found, "toarray") else found)
