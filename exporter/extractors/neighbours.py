"""Distances from a point to the nearest of a few others."""

import numpy as np

from exporter.batch import Floats
from exporter.extractors.packed import Packed

VALUES = 2**20  # numbers in the points that are kept, which bounds a profile's size whatever their width
REFERENCES = 2000
SPARE = 16  # points beyond the nearest of which the distance is computed anew, so that rounding chooses none


def kept(references: int, width: int) -> int:
    """Return how many points of a width are kept where so many are asked for."""
    return min(references, REFERENCES, max(1, VALUES // width))


def mean_distance(points: Packed, place: Floats, nearest: int) -> float:
    """Return the mean Euclidean distance of a place (width,) to the nearest of points (n, width).

    Which are near is told from products, a third of the work of the differences; their distance is that of differences.
    """
    some = points.array
    if nearest + SPARE < len(some):
        some = some[np.argpartition(points.squares - 2 * (some @ place), nearest + SPARE)[: nearest + SPARE]]
    gaps = some - place
    squares = np.einsum("ij,ij->i", gaps, gaps)
    if nearest < len(squares):
        squares = np.partition(squares, nearest - 1)[:nearest]
    return float(np.sqrt(squares).mean())
