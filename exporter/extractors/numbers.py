"""Checks that an output and an actual are single values, and that they can be subtracted."""

from exporter.batch import Field


def need_numbers(extractor: str, *fields: Field) -> None:
    """Raise ValueError where a field is a category or a list."""
    need_single(extractor, *fields)
    for field in fields:
        if field.levels is not None:
            raise ValueError(f"{extractor} needs numbers, and {field.role} {field.name} is a category")


def need_single(extractor: str, *fields: Field) -> None:
    """Raise ValueError where a field is a list."""
    for field in fields:
        if field.row is not None:
            raise ValueError(f"{extractor} needs single values, and {field.role} {field.name} is a list of items")
