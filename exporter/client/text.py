"""Texts of a record: ids, and errors in a line."""

import os

ERROR_CHARACTERS = 1000


def clean(text: str) -> str:
    """Return a text without halves of surrogate pairs, which JSON cannot carry."""
    return text.encode(errors="replace").decode()


def as_id(request_id: object) -> str:
    """Return an id of any type as text, and a new one of 32 hexadecimal digits where it is None or empty."""
    if type(request_id) is str and request_id:
        return request_id
    try:
        text = "" if request_id is None else clean(str(request_id))
    except Exception:  # noqa: BLE001 - a broken __str__
        text = ""
    return text or os.urandom(16).hex()


def error_text(error: object) -> str:
    """Return an exception as `ValueError: message`, anything else as its text, cut at ERROR_CHARACTERS."""
    name = type(error).__name__
    try:
        text = f"{name}: {error}" if isinstance(error, BaseException) else str(error)
    except Exception:  # noqa: BLE001 - as above
        return name
    return clean(text.removesuffix(": ")[:ERROR_CHARACTERS])
