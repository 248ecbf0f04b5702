"""Decoders: whole lines of a log in, batches of columns out. One file and one line here each."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

from exporter.batch import Batch, Schema
from exporter.decoders.native import NativeDecoder
from exporter.registry import Plugins


class Decoder(Protocol):
    """Turns whole lines into batches by model; `lines` and `rejects` (by reason) count what it has seen."""

    lines: int
    rejects: Counter[str]

    def __init__(self, schemas: Sequence[Schema], *, event_time: bool = False) -> None: ...

    def feed(self, data: bytes) -> Iterator[tuple[int, Batch]]:
        """Yield (index of the schema, batch) as batches fill."""
        ...

    def flush(self) -> Iterator[tuple[int, Batch]]:
        """Yield the batches that are not full."""
        ...


BUILTIN: Mapping[str, type[Decoder]] = {"native": NativeDecoder}


def _lacking(plug_in: object) -> str | None:
    lacking = [name for name in ("feed", "flush") if not hasattr(plug_in, name)]
    return f"it lacks {', '.join(lacking)}" if lacking else None


PLUGINS = Plugins("prediction_exporter.decoders", BUILTIN, _lacking)

__all__ = ["BUILTIN", "PLUGINS", "Decoder"]
