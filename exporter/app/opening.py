"""The pipelines of a configuration's sources, each of which goes on where what was before has ended."""

import queue
from collections.abc import Callable, Iterable
from typing import Any

from exporter.app.decoding import decoder_of
from exporter.app.fleet import Fleet
from exporter.app.keeper import Keeper
from exporter.app.pipeline import Item, Pipeline
from exporter.config import Config
from exporter.sources import Source
from exporter.sources.images import Images

Before = Iterable[tuple[Any, Pipeline]]


def pipelines(
    config: Config, fleet: Fleet, keeper: Keeper, items: "queue.Queue[Item]", before: Before
) -> list[Pipeline]:
    """Return a pipeline for each source; `before` are the sources that have been stopped, with their pipelines."""
    made = []
    for source in config.sources:
        images = Images(getattr(source, "images", None), config.limits.image_bytes)
        decoder = decoder_of(source.decoder, fleet.schemas, images)
        opener = _opener(source, config.limits.line_bytes, keeper.position(source.name), before)
        made.append(Pipeline(source.name, opener, decoder, items, fleet.telemetry, images=images))
    return made


def _opener(source: Any, line_bytes: int, position: object, before: Before) -> Callable[[], Source]:  # noqa: ANN401 - a plug-in's configuration
    if position is not None:
        return lambda: source.open(line_bytes, position=position)
    for known, pipeline in before:
        opened = pipeline.source
        if known == source and opened is not None:  # it may have read ahead, and nobody else knows how far
            return lambda: opened
    return lambda: source.open(line_bytes)
