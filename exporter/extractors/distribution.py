"""What a classifier says about each class, as probabilities."""

from typing import Literal

import numpy as np

from exporter.batch import Floats
from exporter.extractors.vectors import as_float, vector

Scale = Literal["probabilities", "weights", "logits"]
SCALES = ("probabilities", "weights", "logits")
SLACK = 1e-3  # rounding to three digits and 16-bit floats


def need_scale(scale: str) -> None:
    """Raise ValueError where a scale is none."""
    if scale not in SCALES:
        raise ValueError(f"write scale {', '.join(SCALES)}")


@np.errstate(over="ignore")
def probabilities(datum: object, scale: Scale) -> Floats | None:
    """Return the probability of each class, shape (classes,), that sum to 1; None where a number is missing.

    A single number is the probability (or logit) of one of two classes. `probabilities` must be 0 to 1 and sum to 1
    within 0.001, `weights` are 0 or more and divided by their sum, `logits` go through the softmax. ValueError for what
    fits none of these.
    """
    if isinstance(datum, int | float | np.number):
        datum = [datum, 0.0] if scale == "logits" else [datum, 1.0 - as_float(datum)]
    values = vector(datum)
    if values is None:
        return None
    if len(values) < 2:  # noqa: PLR2004 - one class leaves nothing to choose
        raise ValueError(f"a classifier has 2 or more classes, and this vector has {len(values)} numbers")
    if scale == "logits":
        values = np.exp(values - values.max())
    if values.min() < -SLACK or (scale == "probabilities" and abs(values.sum() - 1) > SLACK):
        raise ValueError(f"these are no probabilities: from {values.min():g} to {values.max():g}, sum {values.sum():g}")
    return _shares(np.maximum(values, 0.0))


def _shares(values: Floats) -> Floats:
    total = values.sum()
    if not 0 < total < np.inf:
        raise ValueError(f"the weights of the classes sum to {total:g}")
    shares: Floats = values / total
    return shares
