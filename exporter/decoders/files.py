"""Records that name files: which texts are paths, and extractors that read what is in them."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Protocol

from exporter.batch import Field, Schema

PATH_CHARACTERS = 4096
Read = Callable[[object], object]


@dataclass(frozen=True, slots=True)
class Later:
    """A datum that is read where it is needed, for all of them would not be held; `read` may raise anything."""

    read: Callable[[], object]


class Files(Protocol):
    """Reads the images and arrays that records hold or name; it is given from above, where there are files."""

    def read(self, datum: object) -> object:
        """Return what an extractor reads of what is logged; any exception where that cannot be had."""
        ...

    def later(self, datum: object) -> object:
        """Return what is held of it until it is read."""
        ...


def is_path(text: str) -> bool:
    """Tell whether a text where an image or an array belongs is a path: a short one with a point; base64 has none."""
    return len(text) <= PATH_CHARACTERS and "." in text and not text.startswith("data:")


def reading(schemas: Iterable[Schema], read: Read) -> list[Schema]:
    """Return schemas whose extractors of images and arrays are given `read` of what is logged."""
    return [replace(schema, fields=tuple(_field(field, read) for field in schema.fields)) for schema in schemas]


def _field(field: Field, read: Read) -> Field:
    extract = field.extract
    return field if extract is None or not field.files else replace(field, extract=lambda datum: extract(read(datum)))
