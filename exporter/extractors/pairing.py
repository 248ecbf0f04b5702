"""Brings the codes of an output and an actual column to the same levels."""

import numpy as np

from exporter.batch import Codes, Fault, Field

MISSING = -int(Fault.MISSING)


def need_categories(extractor: str, *fields: Field) -> None:
    """Raise ValueError where a field is numeric."""
    for field in fields:
        if field.levels is None:
            raise ValueError(f"{extractor} needs categories, and {field.role} {field.name} is a number")


def translation(source: Field, target: Field) -> Codes:
    """Return the target's code of each code of the source, the last entry for an unseen category.

    A category that the target does not list is one past its levels.
    """
    levels, wanted = source.levels or (), {level: code for code, level in enumerate(target.levels or ())}
    return np.array([*(wanted.get(level, len(wanted)) for level in levels), len(wanted)], np.int32)


def absent(output: Codes, actual: Codes) -> "np.ndarray[tuple[int], np.dtype[np.bool_]]":
    """Return where either has no value."""
    return np.asarray((output < 0) | (actual < 0))


def place(category: str | int | bool, field: Field) -> int:
    """Return a category's code in a field; ValueError where it is none of its levels."""
    name, levels = label(category), field.levels or ()
    if name not in levels:
        known = ", ".join(levels)
        raise ValueError(f"the positive category {name!r} is not one of {field.role} {field.name}: {known}")
    return levels.index(name)


def label(category: str | int | bool) -> str:
    """Return the level that a category of a configuration means: true is "true", 3 is "3"."""
    return str(category).lower() if isinstance(category, bool) else str(category)
