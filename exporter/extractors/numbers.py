"""Checks that an output and an actual can be subtracted."""

from exporter.batch import Field


def need_numbers(extractor: str, *fields: Field) -> None:
    """Raise ValueError where a field is a category."""
    for field in fields:
        if field.levels is not None:
            raise ValueError(f"{extractor} needs numbers, and {field.role} {field.name} is a category")
