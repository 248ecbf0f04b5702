"""Limits that several parts of a log share."""

CALM = 256  # so many records wait as they are; callers encode further ones, so that their bytes can be counted
TASKS = 10_000  # so many records wait for their files to be written or their profile to be asked
LINE_BYTES = 1_000_000  # the longest line, and the most that one write has; readers take a mebibyte
INLINE_BYTES = 250_000  # a longer part of a record is looked through for bytes that belong into files
PATIENCE = 1.0  # seconds that a caller who writes itself waits for another one
