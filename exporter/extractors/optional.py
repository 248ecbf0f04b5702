"""Packages that only some extractors need, loaded where they are used."""

from importlib import import_module
from typing import Any


def need(module: str, package: str, install: str) -> Any:  # noqa: ANN401 - a module of a package without types
    """Import a module; ValueError that says what to install where it is not there."""
    try:
        return import_module(module)
    except ImportError:
        raise ValueError(f"this needs {package}: pip install '{install}'") from None
