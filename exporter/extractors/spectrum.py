"""The directions along which the reference's vectors vary, and how much."""

import numpy as np

from exporter.batch import Floats

FLOOR = 1e-6  # of the variance along a direction in which the reference does not vary: leaving it counts 1000-fold


def principal(rows: Floats) -> tuple[Floats, Floats]:
    """Return the variances of centred rows (n, width) along their principal components, the largest first, and these.

    The components are the rows of a matrix (width, width). Of the two ways that each may point, its largest number is
    positive, so that what is fitted to them does not depend on the machine.
    """
    variances, columns = np.linalg.eigh(rows.T @ rows / (len(rows) - 1))
    directions = columns.T[::-1]
    largest = np.take_along_axis(directions, np.abs(directions).argmax(axis=1)[:, None], axis=1)
    return variances[::-1], directions * np.sign(largest)


def whitening(variances: Floats, directions: Floats) -> Floats:
    """Return the matrix (components, width) that turns standardised vectors into such that vary alike and alone."""
    matrix: Floats = directions / np.sqrt(np.maximum(variances, FLOOR))[:, None]
    return matrix
