"""Secrets, read from their files each time they are used, so that they can be changed without a restart."""

from pathlib import Path

_BYTES = 65_536


def read(path: Path) -> str:
    """Return a secret without the line break at its end; OSError or ValueError where there is none."""
    with path.open("rb") as file:
        data = file.read(_BYTES)
    secret = data.decode().strip()
    if not secret or not secret.isprintable():
        raise ValueError(f"{path}: a secret is one line of text")
    return secret


def problem(path: Path | None) -> str | None:
    """Say why a secret cannot be read, None where it can or none is asked for."""
    if path is None:
        return None
    try:
        read(path)
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}"
    except ValueError as error:
        return str(error)
    return None
