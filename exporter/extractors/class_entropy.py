"""How undecided a classifier is between all its classes."""

import math
from typing import ClassVar

import msgspec
import numpy as np

from exporter.extractors.distribution import Scale, need_scale, probabilities


class ClassEntropy(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """-sum of p ln p: 0 (certain) to ln(classes), in nats; with `normalised` over ln(classes), a ratio of 0 to 1.

    Data are the probabilities of the classes, as a list or a mapping by class, or one number for two classes. `scale`
    says what is logged: `probabilities`, which must sum to 1, `weights` to be divided by their sum, or `logits`.
    Source: Shannon, 1948. Costs 0.01 ms.
    """

    reads_files: ClassVar[bool] = True
    normalised: bool = False
    scale: Scale = "probabilities"

    def __post_init__(self) -> None:
        """Raise ValueError where an option is out of range."""
        need_scale(self.scale)

    def levels(self) -> None:
        """Return None: entropies are numbers."""

    def extract(self, datum: object) -> float | None:
        """Return the entropy of a distribution."""
        shares = probabilities(datum, self.scale)
        if shares is None:
            return None
        some = shares[shares > 0]
        nats = max(0.0, -float(some @ np.log(some)))
        return min(1.0, nats / math.log(len(shares))) if self.normalised else nats
