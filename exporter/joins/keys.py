"""Ids as keys of 96 bits, for whole columns at once: 64 to look up by, and 32 that must be the same too.

Each word of eight bytes is mixed in by steps that can be undone, so keys of one length that differ in one word never
meet. Of n other ids one has the same 64 bits with a probability of n / 2**64 (of ten million, 5e-13), and then this one
may not be found; with all 96 bits, n / 2**96 (1e-22), it would be taken for the other.
"""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Checks = NDArray[np.uint32]
LONGEST = 64  # bytes; a longer id is replaced by its digest, which is of so many


def keys_of(ids: Sequence[str]) -> tuple[Words, Checks]:
    """Return both parts of the keys of ids, shape (n,)."""
    encoded = list(map(str.encode, ids))
    lengths = np.fromiter(map(len, encoded), np.uint64, len(encoded))
    longest = int(lengths.max(initial=1))
    if longest > LONGEST:
        encoded = [text if len(text) <= LONGEST else blake2b(text).digest() for text in encoded]
    words = -(-min(longest, LONGEST) // 8)
    table = np.array(encoded, f"S{8 * words}").view("<u8").reshape(len(encoded), words)
    check = _mix(table, lengths, 0xD6E8FEB86659FD93, 32) >> np.uint64(32)
    return _mix(table, lengths, 0x9E3779B97F4A7C15, 29), check.astype(np.uint32)


def _mix(table: Words, lengths: Words, odd: int, shift: int) -> Words:
    factor, by = np.uint64(odd), np.uint64(shift)
    state: Words = lengths * factor
    for place in range(table.shape[1]):
        mixed = (state ^ table[:, place]) * factor
        mixed ^= mixed >> by
        reached = lengths > np.uint64(8 * place)
        state = mixed if reached.all() else np.where(reached, mixed, state)
    for last in (0xFF51AFD7ED558CCD, 0xC4CEB9FE1A85EC53):  # as MurmurHash3 ends: every bit changes half of all
        state = (state ^ (state >> np.uint64(33))) * np.uint64(last)
    return state ^ (state >> np.uint64(33))
