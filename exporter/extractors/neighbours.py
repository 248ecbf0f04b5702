"""Distances from a point to the nearest of a few others."""

import numpy as np

from exporter.batch import Floats

VALUES = 2**20  # numbers in the points that are kept, which bounds a profile's size whatever their width
REFERENCES = 2000


def kept(references: int, width: int) -> int:
    """Return how many points of a width are kept where so many are asked for."""
    return min(references, REFERENCES, max(1, VALUES // width))


def mean_distance(points: Floats, place: Floats, nearest: int) -> float:
    """Return the mean Euclidean distance of a place (width,) to the nearest of points (n, width)."""
    gaps = points - place
    squares = np.einsum("ij,ij->i", gaps, gaps)
    if nearest < len(squares):
        squares = np.partition(squares, nearest - 1)[:nearest]
    return float(np.sqrt(squares).mean())
