"""Many streams side by side, and the running evidence against each of them.

The evidence is that of a Shiryaev-Roberts e-detector (Shin, Ramdas and Rinaldo, 2022): each step takes the rows that
are new, R becomes (1 + R) times the likelihood ratio of those rows for each alternative, and M, the weighted mean of R,
less the number of steps is a supermartingale as long as the streams stay within what is tolerated. So the expected
number of steps to the first M >= A is at least A, whatever the sizes of the steps and however streams depend on each
other.
"""

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from exporter.alarm.stream import Stream
from exporter.batch import Floats

STEP_ROWS = 100  # rows wait until there are so many of them
CHUNK_ROWS = 500
CHUNKS = 3  # so many chunks that are as expected end an alarm
TURNED = math.log(1000)  # times likelier that what set off the alarm is over than that it goes on
HEADROOM = 28.0  # evidence beyond the line is not kept: it would take as long to forget

Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """K streams, padded to B bins and J alternatives; `lines` are the logarithms of M at which each alarms."""

    expected: Floats
    scores: Floats
    log_weights: Floats
    radius: Floats
    worse: Floats
    dispersion: Floats
    samples: Floats
    bins: Floats
    lines: Floats

    @classmethod
    def of(cls, streams: Sequence[Stream], lines: Sequence[float]) -> "Block":
        """Put streams side by side; each is given the logarithm of M at which it alarms."""
        bins = max((len(s.expected) for s in streams), default=0)
        many = max([1, *(len(s.scores) for s in streams)])
        expected, worse = np.ones((len(streams), bins)), np.zeros((len(streams), bins))
        scores = np.zeros((len(streams), many, bins))
        weights = np.full((len(streams), many), -math.inf)
        for k, stream in enumerate(streams):
            count, width = stream.scores.shape
            expected[k, :width], worse[k, :width] = stream.expected, stream.worse
            scores[k, :count, :width], weights[k, :count] = stream.scores, stream.log_weights
        return cls(
            expected,
            scores,
            weights,
            np.array([s.radius for s in streams]),
            worse,
            np.array([s.dispersion for s in streams]),
            np.array([s.samples for s in streams]),
            np.array([len(s.expected) for s in streams], np.float64),
            np.array(lines, np.float64),
        )

    @property
    def signature(self) -> bytes:
        """Return what tells the streams from all others."""
        return hashlib.blake2b(self.expected.tobytes() + self.scores.tobytes(), digest_size=16).digest()

    def start(self) -> "Evidence":
        """Return the evidence before the first row."""
        streams, many, bins = self.scores.shape
        return Evidence(
            seen=np.zeros((streams, bins)),
            log_r=np.full((streams, many), -math.inf),
            cusum=np.zeros((streams, many)),
            began=np.full((streams, many), math.nan),
            log_m=np.full(streams, -math.inf),
            firing=np.zeros(streams, np.bool_),
            chunk=np.zeros((streams, bins)),
            recent=np.zeros((streams, CHUNKS, bins)),
            chunks=np.zeros(streams, np.int64),
            steps=np.zeros(streams, np.int64),
            turn=np.zeros((streams, many)),
            turned=np.zeros((streams, bins)),
        )

    @np.errstate(all="ignore")
    def step(self, evidence: "Evidence", totals: Floats, now: float) -> "Evidence":
        """Take in the rows that are new in `totals`, counts since the start of shape (K, B), as of a time."""
        fresh = totals - evidence.seen
        due = fresh.sum(axis=1) >= STEP_ROWS
        if not due.any():
            return evidence
        rows = np.where(due[:, None], fresh, 0.0)
        gain = np.matmul(self.scores, (rows / self.dispersion[:, None])[:, :, None])[:, :, 0]
        log_r = np.minimum(np.logaddexp(0.0, evidence.log_r) + gain, (self.lines + HEADROOM)[:, None])
        log_r = np.where(due[:, None], log_r, evidence.log_r)
        cusum = np.maximum(evidence.cusum + gain, 0.0)
        log_m = _log_sum(log_r + self.log_weights)
        taken = replace(
            evidence,
            seen=np.where(due[:, None], totals, evidence.seen),
            log_r=log_r,
            cusum=cusum,
            began=np.where((due[:, None] & (cusum == 0)) | np.isnan(evidence.began), now, evidence.began),
            log_m=np.where(due, log_m, evidence.log_m),
            firing=evidence.firing | (due & (log_m >= self.lines)),
            steps=evidence.steps + due,
            turn=np.where(evidence.firing[:, None], np.minimum(evidence.turn + gain, 0.0), 0.0),
        )
        return self._settle(taken, rows, evidence.firing)

    def _settle(self, evidence: "Evidence", rows: Floats, alarmed: Flags) -> "Evidence":
        """End the alarms of streams that are back at their reference; forgetting evidence keeps the guarantee.

        They are where the last chunks are, or sooner where the last rows speak against what has set off the alarm as
        clearly as others did for it, and are not far from the reference either. Only rows after those that set it off
        count, of streams that were `alarmed` before: else a window that is the first of a change would be outvoted by
        those before it, and its evidence forgotten.
        """
        chunk = (evidence.chunk + rows) * alarmed[:, None]
        full = chunk.sum(axis=1) >= CHUNK_ROWS * self.dispersion
        shifted = np.concatenate([evidence.recent[:, 1:], chunk[:, None]], axis=1)
        recent = np.where(full[:, None, None], shifted, evidence.recent)
        chunks = (evidence.chunks + full) * alarmed
        turn = np.take_along_axis(evidence.turn, evidence.leading[:, None], axis=1)[:, 0]
        turned = np.where(turn[:, None] < 0, evidence.turned + rows, 0.0)
        spread = np.sqrt(2 * np.maximum(self.bins - 1, 1)) * self.dispersion / turned.sum(axis=1)
        over = full & (chunks >= CHUNKS) & self._as_expected(recent.sum(axis=1))
        over |= (turn <= -TURNED) & self._as_expected(turned, spread)
        return replace(
            evidence,
            log_r=np.where(over[:, None], -math.inf, evidence.log_r),
            cusum=np.where(over[:, None], 0.0, evidence.cusum),
            firing=evidence.firing & ~over,
            chunk=np.where(full[:, None], 0.0, chunk),
            recent=recent,
            chunks=chunks,
            turned=turned,
        )

    def _as_expected(self, counts: Floats, spread: Floats | float = 0.0) -> Flags:
        shares = counts / counts.sum(axis=1, keepdims=True)
        near: Flags = self.distance(counts) < self.radius**2 / 2 + spread * (self.radius > 0)
        harmless: Flags = (shares * self.worse).sum(axis=1) <= 0
        return near | harmless

    def distance(self, counts: Floats) -> Floats:
        """Return the chi-square distance from the reference, less what sampling adds to it, shape (K,); at least 0."""
        n = counts.sum(axis=1)
        found = ((counts / n[:, None] - self.expected) ** 2 / self.expected * (self.expected < 1)).sum(axis=1)
        noise = (self.bins - 1) * (self.dispersion / n + 1 / self.samples)
        result: Floats = np.maximum(found - noise, 0.0)
        return result


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """What K streams have shown so far; a value that each step replaces.

    `seen` are the counts that have been taken in, shape (K, B); `log_r` the logarithms of R, `cusum` those of the
    largest likelihood ratio of the last rows and `began` when those rows begin, shape (K, J); `log_m` the logarithm
    of M after the last step; `chunk`, `recent` and `chunks` the last rows of an alarm, by which it ends; `turn` the
    logarithms of the least likelihood ratio of the last rows since the alarm, and `turned` the counts of those that
    speak against the leading alternative, shape (K, B).
    """

    seen: Floats
    log_r: Floats
    cusum: Floats
    began: Floats
    log_m: Floats
    firing: Flags
    chunk: Floats
    recent: Floats
    chunks: NDArray[np.int64]
    steps: NDArray[np.int64]
    turn: Floats
    turned: Floats

    @property
    def leading(self) -> NDArray[np.intp]:
        """Return the place of the alternative under which the last rows are likeliest, shape (K,)."""
        result: NDArray[np.intp] = np.argmax(self.cusum, axis=1)
        return result

    def since(self) -> Floats:
        """Return since when each stream is, most likely, no longer at its reference (Unix seconds), shape (K,)."""
        result: Floats = np.take_along_axis(self.began, self.leading[:, None], axis=1)[:, 0]
        return result


def _log_sum(values: Floats) -> Floats:
    top = values.max(axis=1)
    shown = np.where(np.isfinite(top), top, 0.0)
    result: Floats = shown + np.log(np.exp(values - shown[:, None]).sum(axis=1))
    return result
