"""How many objects a detector found."""

from typing import ClassVar

import msgspec

from exporter.extractors.detections import boxes, confidence


class DetectionCount(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Number of objects: from 0. With `threshold`, of those whose confidence is at least that.

    Data are lists of mappings with `confidence` or `score`, of lists or rows whose fifth number it is, or of plain
    confidences; `confidence` names another key or place. Costs 1 us an object.
    """

    reads_files: ClassVar[bool] = True
    threshold: float | None = None
    confidence: str | int | None = None

    def levels(self) -> None:
        """Return None: counts are numbers."""

    def extract(self, datum: object) -> float | None:
        """Return the number of objects of one datum."""
        found = boxes(datum)
        if found is None or self.threshold is None:
            return None if found is None else float(len(found))
        return float(sum(confidence(box, self.confidence) >= self.threshold for box in found))
