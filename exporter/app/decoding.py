"""Makes the decoder of a source, whose extractors read the files that records name."""

from collections.abc import Sequence

from exporter.batch import Schema
from exporter.decoders import PLUGINS, Decoder
from exporter.decoders.files import reading
from exporter.sources.images import Images


def decoder_of(name: str, schemas: Sequence[Schema], images: Images, *, event_time: bool = False) -> Decoder:
    """Return a decoder by its short name; ValueError where one of another package cannot be made."""
    try:
        return PLUGINS[name](reading(schemas, images.read), event_time=event_time)
    except Exception as error:  # a plug-in may raise anything
        raise ValueError(f"decoder {name}: {type(error).__name__}: {error}") from error
