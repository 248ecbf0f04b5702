"""How large an image is."""

from typing import ClassVar, Literal

import msgspec

from exporter.extractors.image import picture

SIDES = ("pixels", "width", "height", "aspect")


class Resolution(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Size of the upright image, from 1: `of` pixels (width x height), width or height in pixels, or aspect.

    The aspect is width / height, a ratio. Costs nothing beside decoding, which is done so that a truncated file is not
    taken for an image.
    """

    reads_files: ClassVar[bool] = True
    of: Literal["pixels", "width", "height", "aspect"] = "pixels"

    def __post_init__(self) -> None:
        """Raise ValueError where an option is out of range."""
        if self.of not in SIDES:
            raise ValueError("write of pixels, width, height or aspect")

    def levels(self) -> None:
        """Return None: sizes are numbers."""

    def extract(self, datum: object) -> float | None:
        """Return the size of an image."""
        image = picture(datum)
        if image is None:
            return None
        width, height = image.size
        return float((width * height, width, height, width / height)[SIDES.index(self.of)])
