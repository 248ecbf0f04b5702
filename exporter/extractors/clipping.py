"""How much of an image is under- or overexposed."""

from typing import ClassVar, Literal

import msgspec

from exporter.extractors.image import counted, grey


class Clipping(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Share of pixels within `margin` grey levels of black or white: a ratio of 0 to 1; high is badly exposed.

    `end` looks at one end alone: `dark` or `bright`. Costs 0.5 ms beside decoding.
    """

    reads_files: ClassVar[bool] = True
    end: Literal["both", "dark", "bright"] = "both"
    margin: int = 2

    def __post_init__(self) -> None:
        """Raise ValueError where an option is out of range."""
        if self.end not in ("both", "dark", "bright") or not 0 <= self.margin <= 127:  # noqa: PLR2004 - half the levels
            raise ValueError("write end both, dark or bright, and a margin of 0 to 127")

    def levels(self) -> None:
        """Return None: shares are numbers."""

    def extract(self, datum: object) -> float | None:
        """Return the clipped share of an image."""
        image = grey(datum)
        if image is None:
            return None
        (counts,) = counted(image)
        dark, bright = int(counts[: self.margin + 1].sum()), int(counts[255 - self.margin :].sum())
        clipped = {"both": dark + bright, "dark": dark, "bright": bright}[self.end]
        return clipped / int(counts.sum())
