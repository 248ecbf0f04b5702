"""Probabilities of a positive category beside what the category turned out to be."""

import numpy as np
from numpy.typing import NDArray

from exporter.batch import Codes, Fault, Field, Floats
from exporter.batch import absent as fault_value
from exporter.extractors.numbers import need_single
from exporter.extractors.pairing import place


def positive_code(extractor: str, positive: str | int | bool, output: Field, actual: Field) -> int:
    """Return the actual's code of the positive category.

    ValueError where the output is no number, or the actual is none of categories that hold it.
    """
    need_single(extractor, output, actual)
    if output.levels is not None:
        raise ValueError(f"{extractor} needs a probability, and {output.role} {output.name} is a category")
    if actual.levels is None:
        raise ValueError(f"{extractor} needs a category, and {actual.role} {actual.name} is a number")
    return place(positive, actual)


def pairs(output: Floats, actual: Codes, positive: int) -> tuple[Floats, NDArray[np.bool_]]:
    """Return the probabilities and where the positive category came true.

    A row without an actual has no probability either, and a number outside 0 to 1 is an extractor fault.
    """
    outside = (output < 0) | (output > 1)
    chances = np.where(outside, fault_value(Fault.EXTRACTOR), output)
    return np.where(actual < 0, fault_value(Fault.MISSING), chances), actual == positive
