"""Scores of outliers in a profile's file: plain numbers, and all that can be wrong with them."""

from collections.abc import Collection
from itertools import pairwise

import msgspec
import numpy as np

from exporter.profile.detector import LEVELS, Detector, Space

MOST = 2**53


class SpaceFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Where the numbers of the input are, how wide, and how they go together: k, k and k x k numbers."""

    centre: list[float]
    scale: list[float]
    matrix: list[list[float]]


class DetectorFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """A score, the input components that it is of, and its quantiles on so many rows of the reference."""

    name: str
    components: list[str]
    quantiles: list[float]
    samples: int
    space: SpaceFile | None = None


def packed(detector: Detector) -> DetectorFile:
    """Return a detector as it is written."""
    space = detector.space
    written = space and SpaceFile(space.centre.tolist(), space.scale.tolist(), space.matrix.tolist())
    return DetectorFile(
        detector.name, list(detector.components), list(detector.quantiles), detector.samples, written or None
    )


def unpacked(file: DetectorFile, inputs: Collection[str]) -> Detector:
    """Return what was written, given the numeric inputs of the profile; ValueError where it cannot be a detector."""
    ascending = all(low <= high for low, high in pairwise(file.quantiles))
    if (
        not set(file.components) <= set(inputs)
        or not file.components
        or len(set(file.components)) < len(file.components)
    ):
        raise ValueError(f"outlier score {file.name}: its components are not different numbers of the input")
    if len(file.quantiles) != len(LEVELS) or not np.isfinite(file.quantiles).all() or not ascending:
        raise ValueError(f"outlier score {file.name}: its quantiles are not {len(LEVELS)} ascending numbers")
    if not 1 <= file.samples < MOST:
        raise ValueError(f"outlier score {file.name}: its samples are not a whole number from 1")
    space = None if file.space is None else _space(file.name, file.space, len(file.components))
    if space is None and len(file.components) > 1:
        raise ValueError(f"outlier score {file.name}: several components need a space")
    return Detector(file.name, tuple(file.components), tuple(file.quantiles), file.samples, space)


def _space(name: str, file: SpaceFile, width: int) -> Space:
    rows = (file.centre, file.scale, *file.matrix)
    fits = len(file.matrix) == width and all(len(row) == width for row in rows)
    if not fits or not all(np.isfinite(row).all() for row in rows) or min(file.scale) <= 0:
        raise ValueError(f"outlier score {name}: its space is not one of {width} components")
    return Space(np.array(file.centre), np.array(file.scale), np.array(file.matrix))
