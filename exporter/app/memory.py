"""Keeps the allocator from giving each thread a heap of its own, none of which ever shrinks."""

import ctypes

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8  # of glibc's mallopt
_LARGE = 128 << 10  # bytes; from here on a block is mapped alone and given back when it is freed


def share_one_heap() -> None:
    """Let all threads share one heap, and large blocks have none; where there is no glibc, nothing happens.

    Batches are made in one thread and freed in another: with a heap for each, memory creeps up for millions of records.
    """
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_ARENA_MAX, 1)
        mallopt(_M_MMAP_THRESHOLD, _LARGE)
