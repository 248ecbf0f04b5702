"""What a reference in the order of time says of its own unrest: rows that repeat each other, and a season."""

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from exporter.alarm.counts import codes
from exporter.batch import Column, Floats
from exporter.summaries import ComponentSummary

BLOCK_ROWS = 200
BLOCK_BINS = 20  # rows for each bin, where that is more
SURE = 3.0  # standard deviations by which dispersion must be over that of independent rows
CHUNK_SHARE = 50  # a chunk holds a fiftieth of the reference
CHUNK_ROWS = 500
CHANCE = 0.95


@dataclass(frozen=True, slots=True)
class Unrest:
    """`dispersion` (phi): rows of the reference that carry the information of one independent row, at least 1.

    `season` (tau): how far the reference moves from its own mean between its parts beyond what sampling explains, on
    the scale of the population stability index, at least 0.
    """

    dispersion: float = 1.0
    season: float = 0.0


CALM = Unrest()


def unrest_of(reference: ComponentSummary, column: Column, *, complete: bool) -> Unrest:
    """Measure the unrest of a reference from its column in the order of time, on the bins of the alarm."""
    return calibrate(*codes(reference, column, complete=complete))


def calibrate(bins_of: "np.ndarray[tuple[int], np.dtype[np.int64]]", bins: int) -> Unrest:
    """Measure the unrest of rows in the order of time, given the bin of each, shape (m,), negative where there is none.

    phi is the mean over adjacent blocks a and b of n_s rows of sum((a - b)^2 / (2 n_s p0)) / (B - 1), used where it is
    more than 1 by three standard deviations. tau is the largest (X2 - phi chi2 quantile) / n of a chunk. Rows in random
    order have no unrest, so that an order without meaning does no harm.
    """
    rows = bins_of[bins_of >= 0]
    size = max(BLOCK_ROWS, BLOCK_BINS * bins)
    count = len(rows) // size
    if count < 2 or bins < 2:  # noqa: PLR2004 - two blocks are needed to compare, two bins to move between
        return CALM
    blocks = _counted(rows[: count * size].reshape(count, size), bins)
    kept = blocks.sum(axis=0) > 0
    if kept.sum() < 2:  # noqa: PLR2004 - as above
        return CALM
    blocks = blocks[:, kept]
    expected = blocks.sum(axis=0) / blocks.sum()
    dispersion = _dispersion(blocks, expected, size)
    per = max(1, -(-max(CHUNK_ROWS, len(rows) // CHUNK_SHARE) // size))
    return Unrest(dispersion, _season(blocks, expected, dispersion, per))


def _counted(blocks: "np.ndarray[tuple[int, int], np.dtype[np.int64]]", bins: int) -> Floats:
    places = blocks + bins * np.arange(len(blocks))[:, None]
    result: Floats = np.bincount(places.ravel(), minlength=bins * len(blocks)).reshape(-1, bins).astype(np.float64)
    return result


def _dispersion(blocks: Floats, expected: Floats, size: int) -> float:
    freedom = len(expected) - 1
    found = float((np.diff(blocks, axis=0) ** 2 / (2 * size * expected)).sum(axis=1).mean()) / freedom
    certain = 1 + SURE * math.sqrt(3 / (freedom * (len(blocks) - 1)))  # 3: each block is in two differences
    return found if found > certain else 1.0


def _season(blocks: Floats, expected: Floats, dispersion: float, per: int) -> float:
    chunks = len(blocks) // per
    if chunks < 2:  # noqa: PLR2004 - one chunk is the whole
        return 0.0
    counts = blocks[: chunks * per].reshape(chunks, per, -1).sum(axis=1)
    n = counts.sum(axis=1)
    distance = ((counts - n[:, None] * expected) ** 2 / (n[:, None] * expected)).sum(axis=1)
    chance = dispersion * _chi_square_quantile(CHANCE ** (1 / chunks), len(expected) - 1)
    return max(0.0, float(((distance - chance) / n).max()))


def _chi_square_quantile(share: float, freedom: int) -> float:
    """Return a quantile of the chi-square distribution by Wilson and Hilferty (1931), within 5 %."""
    spread = 2 / (9 * freedom)
    return freedom * (1 - spread + NormalDist().inv_cdf(share) * math.sqrt(spread)) ** 3
