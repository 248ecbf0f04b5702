"""What a command raises for a mistake of the user: a message without a traceback, and the exit code."""

from collections.abc import Iterator
from contextlib import contextmanager

BAD_INPUT = 1
USAGE = 2


class CommandError(Exception):
    """Ends a command with a message for people; `code` is 1 for bad input and 2 for a wrong call."""

    def __init__(self, message: str, code: int = BAD_INPUT) -> None:
        super().__init__(message)
        self.code = code


@contextmanager
def reported(*kinds: type[Exception], prefix: str = "") -> Iterator[None]:
    """Turn errors of these kinds, and those of files, into a CommandError with their message."""
    try:
        yield
    except kinds as error:
        raise CommandError(f"{prefix}{error}") from None
    except OSError as error:
        place = f"{error.filename}: " if error.filename else prefix
        raise CommandError(f"{place}{error.strerror or error}") from None
