"""Which predictions are logged when not all are: the same answer for an id in every process, at any time."""

import zlib

_SPREAD = 0x9E3779B1  # an odd number near 2^32 times the golden ratio: ids that count up do not leave together


def sampled(request_id: str, fraction: float) -> bool:
    """Say whether the prediction of this id is among the `fraction` (0 to 1) that is logged.

    What is in a smaller fraction is in every larger one.
    """
    return (zlib.crc32(request_id.encode(errors="replace")) * _SPREAD) & 0xFFFFFFFF < fraction * 2**32
