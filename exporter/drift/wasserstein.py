"""Wasserstein distance in units of the reference's standard deviation."""

import sys

import numpy as np

from exporter.batch import Floats
from exporter.drift.statistic import NUMERIC, Statistic, deviation_of, exact_steps, sampling, three_hundred, unit
from exporter.summaries import Stack


def wasserstein(reference: Stack, window: Stack) -> Floats:
    """Return the first Wasserstein distance over the reference's standard deviation; 0 to infinity.

    The integral of |P - Q|, each bin of the fine grid standing at its middle, and never less than the difference of
    the exact means, which sees how far values beyond the reference's range have gone. Within that range the error is
    at most the width of the widest bin. Undefined for a constant reference. It needs 300 values. Source: Vallender,
    Theory of Probability and its Applications 18 (1974).
    """
    steps = np.diff(reference.points, axis=1)
    binned = (np.abs(reference.cumulative - window.cumulative)[:, :-1] * steps).sum(axis=1)
    moved = np.nan_to_num(np.abs(window.mean - reference.mean))
    result: Floats = np.minimum(np.maximum(binned, moved) / unit(reference), sys.float_info.max)
    return result


def noise(reference: Stack, window: Stack) -> Floats:
    """Return sqrt(2 / pi) times the integral of sqrt(P (1 - P) (1/n + 1/m)), over the standard deviation."""
    spread = np.sqrt(reference.cumulative * (1 - reference.cumulative))[:, :-1]
    area = (spread * np.diff(reference.points, axis=1)).sum(axis=1) / unit(reference)
    result: Floats = area * np.sqrt(2 / np.pi * sampling(reference, window))
    return result


def exact(reference: Floats, window: Floats) -> float:
    """Return the distance of the values themselves."""
    gap, _, _, width = exact_steps(reference, window)
    return float(np.abs(gap) @ width) / deviation_of(reference)


WASSERSTEIN = Statistic(wasserstein, NUMERIC, threshold=0.3, needs=three_hundred, noise=noise, exact=exact)
