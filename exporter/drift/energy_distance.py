"""Energy distance in units of the reference's standard deviation."""

import sys

import numpy as np

from exporter.batch import Floats
from exporter.drift.statistic import NUMERIC, Statistic, deviation_of, exact_steps, sampling, three_hundred, unit
from exporter.summaries import Stack


def energy_distance(reference: Stack, window: Stack) -> Floats:
    """Return sqrt(2 integral of (P - Q)^2 dx / sd), sd the reference's standard deviation; 0 to infinity.

    The values of each bin of the fine grid stand at its middle, so within the reference's range the square is wrong by
    at most twice the width of the widest bin over sd. Undefined for a constant reference. Without drift about
    sqrt(2 (1/n + 1/m) integral of P (1 - P) dx / sd): it needs 300 values. Source: Szekely and Rizzo, Journal of
    Statistical Planning and Inference 143 (2013).
    """
    squares = (reference.cumulative - window.cumulative)[:, :-1] ** 2
    area = (squares * np.diff(reference.points, axis=1)).sum(axis=1) / unit(reference)
    result: Floats = np.minimum(np.sqrt(2 * area), sys.float_info.max)
    return result


def noise(reference: Stack, window: Stack) -> Floats:
    """Return the root of the square that is to be expected."""
    spread = (reference.cumulative * (1 - reference.cumulative))[:, :-1]
    area = (spread * np.diff(reference.points, axis=1)).sum(axis=1) / unit(reference)
    result: Floats = np.sqrt(2 * sampling(reference, window) * area)
    return result


def exact(reference: Floats, window: Floats) -> float:
    """Return the distance of the values themselves."""
    gap, _, _, width = exact_steps(reference, window)
    return float(np.sqrt(2 * (gap**2 @ width) / deviation_of(reference)))


ENERGY_DISTANCE = Statistic(energy_distance, NUMERIC, threshold=0.3, needs=three_hundred, noise=noise, exact=exact)
