"""Sources: where the lines of a prediction log come from. One file and one line here each."""

from collections.abc import Mapping

from exporter.registry import Plugins, struct_with
from exporter.sources.chunk import Chunk, Source
from exporter.sources.file import FileConfig
from exporter.sources.stdin import StdinConfig

BUILTIN: Mapping[str, type] = {
    "file": FileConfig,
    "stdin": StdinConfig,
}

PLUGINS = Plugins("prediction_exporter.sources", BUILTIN, struct_with("name", "decoder", "open"))

__all__ = ["BUILTIN", "PLUGINS", "Chunk", "FileConfig", "Source", "StdinConfig"]
