"""What other packages add: which plug-ins there are, and which cannot be used."""

from collections.abc import Iterator, Mapping
from typing import Any

from exporter.decoders import PLUGINS as DECODERS
from exporter.drift import PLUGINS as STATISTICS
from exporter.extractors import PLUGINS as EXTRACTORS
from exporter.registry import Failure, Plugins
from exporter.scores import PLUGINS as SCORES
from exporter.sources import PLUGINS as SOURCES

TABLES: Mapping[str, Plugins[Any]] = {
    "source": SOURCES,
    "decoder": DECODERS,
    "extractor": EXTRACTORS,
    "drift statistic": STATISTICS,
    "score": SCORES,
}


def installed() -> Iterator[str]:
    """Import the plug-ins of all other packages, and name those that are sound: `score brevity`."""
    for kind, table in TABLES.items():
        yield from (f"{kind} {name}" for name, _ in table.others())


def failures() -> list[Failure]:
    """Return what is known to be wrong with plug-ins; nothing is imported to find it out."""
    return list(dict.fromkeys(failure for table in TABLES.values() for failure in table.failures()))
