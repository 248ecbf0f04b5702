"""Checksums of what the state file holds: SQLite notices damage to its own structure, not to values."""

import sqlite3
from collections.abc import Mapping
from zlib import crc32

BYTES = 4
DAMAGED = sqlite3.DatabaseError("a checksum is wrong, malformed")


def checksum(value: bytes, key: str = "") -> int:
    """Return the checksum of a value under a key."""
    return crc32(value, crc32(key.encode()))


def sealed(value: bytes, key: str = "") -> bytes:
    """Return a value behind its checksum."""
    return checksum(value, key).to_bytes(BYTES, "little") + value


def opened(found: object, key: object = "") -> bytes:
    """Return a value that was sealed under a key; DatabaseError where it is damaged."""
    if not isinstance(found, bytes) or not isinstance(key, str):
        raise DAMAGED
    value = found[BYTES:]
    if found[:BYTES] != checksum(value, key).to_bytes(BYTES, "little"):
        raise DAMAGED
    return value


def total(checksums: Mapping[str, int]) -> bytes:
    """Return what tells that no value of several is missing."""
    return f"{len(checksums)} {sum(checksums.values())}".encode()
