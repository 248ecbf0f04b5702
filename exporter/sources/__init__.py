"""Sources: where the lines of a prediction log come from. One file and one line here each."""

from collections.abc import Mapping

from exporter.sources.chunk import Chunk, Source
from exporter.sources.file import FileConfig
from exporter.sources.stdin import StdinConfig

BUILTIN: Mapping[str, type] = {
    "file": FileConfig,
    "stdin": StdinConfig,
}

__all__ = ["BUILTIN", "Chunk", "FileConfig", "Source", "StdinConfig"]
