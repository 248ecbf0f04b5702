"""Made columns: how they are drawn where nothing changes, where rows depend on each other, and where they change."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

KEPT = 50  # categories that are counted one by one


@dataclass(frozen=True)
class Column:
    """How a column is drawn: numbers, or codes of categories where `levels` is not 0."""

    draw: Callable[[np.random.Generator, int], np.ndarray]
    levels: int = 0


def coded(shares):
    shares = np.array(shares) / np.sum(shares)
    return Column(lambda rng, n: rng.choice(len(shares), n, p=shares).astype(np.int32), len(shares))


def zipf(levels):
    return coded(1 / np.arange(1, levels + 1))


NORMAL = Column(lambda rng, n: rng.normal(size=n))
SKEWED = (0.5, 0.25, 0.15, 0.07, 0.03)
COLUMNS = (
    *[NORMAL] * 6,
    *[Column(lambda rng, n: rng.lognormal(size=n))] * 3,
    *[Column(lambda rng, n: rng.standard_t(3, n))] * 2,
    *[Column(lambda rng, n: rng.standard_exponential(n))] * 2,
    Column(lambda rng, n: rng.gamma(2, size=n)),
    coded([0.5, 0.5]),
    coded([0.9, 0.1]),
    coded([0.2] * 5),
    coded(SKEWED),
    zipf(20),
    zipf(200),
)


def capped(column, values):
    """Codes beyond the categories that are counted become that of the others."""
    return np.minimum(values, min(column.levels, KEPT)).astype(np.int32) if column.levels else values


def autoregressive(rho):
    def draw(rng, n):
        shocks = rng.normal(0, np.sqrt(1 - rho**2), n)
        values = np.empty(n)
        values[0] = rng.normal()
        for place in range(1, n):
            values[place] = rho * values[place - 1] + shocks[place]
        return values

    return Column(draw)


REPEATED = Column(lambda rng, n: np.repeat(rng.normal(size=-(-n // 10)), 10)[:n])
DAILY = Column(lambda rng, n: rng.normal(0.3 * np.sin(np.arange(n) * 2 * np.pi / 12_000), 1))
UNREST = {"AR(1), rho 0.9": autoregressive(0.9), "each row ten times": REPEATED, "daily cycle of 0.3 sd": DAILY}


def wandered(rng, values):
    """Return numbers whose mean has moved by 0.03 standard deviations at random, by a factor where all are positive."""
    move = 0.03 * rng.normal() * values.std()
    return values * (1 + move / values.mean()) if values.min() > 0 else values + move


def _stuck(rng, n):
    return np.where(rng.random(n) < 0.05, 0.3, rng.normal(size=n))


def _outliers(rng, n):
    return np.where(rng.random(n) < 0.05, rng.normal(0, 5, n), rng.normal(size=n))


def _moved(points):
    shares = np.array(SKEWED) + np.array([-points, points, 0, 0, 0])
    return lambda rng, n: rng.choice(5, n, p=shares).astype(np.int32)


def _new(rng, n):
    return np.where(rng.random(n) < 0.02, 5, rng.choice(5, n, p=SKEWED)).astype(np.int32)


CHANGES = {  # a column, how it changes, and how many windows the method was found to take where it was proposed
    "mean by 0.15 sd": (NORMAL, lambda rng, n: rng.normal(0.15, 1, n), (29, 5.0, 1.3)),
    "mean by 0.25 sd": (NORMAL, lambda rng, n: rng.normal(0.25, 1, n), (3.6, 1.0, 1.0)),
    "mean by 0.5 sd": (NORMAL, lambda rng, n: rng.normal(0.5, 1, n), (1.0, 1.0, 1.0)),
    "sd by 1.2": (NORMAL, lambda rng, n: rng.normal(0, 1.2, n), (3.5, 1.0, 1.0)),
    "5 % outliers": (NORMAL, _outliers, (10.6, 2.5, 1.0)),
    "5 % stuck value": (NORMAL, _stuck, (36, 8.3, 1.0)),
    "category by 5 points": (coded(SKEWED), _moved(0.05), (52, 15, 2.2)),
    "category by 10 points": (coded(SKEWED), _moved(0.10), (3.8, 1.1, 1.0)),
    "2 % of a new category": (coded(SKEWED), _new, (1.9, 1.0, 1.0)),
}
