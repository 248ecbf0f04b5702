"""How sure a detector was of what it found."""

from typing import ClassVar, Literal

import msgspec

from exporter.extractors.detections import boxes, confidence


class DetectionConfidence(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mean, smallest or largest confidence of a datum's objects (`aggregate`): in the detector's unit, often 0 to 1.

    Data are lists of mappings with `confidence` or `score`, of lists or rows whose fifth number it is, or of plain
    confidences; `confidence` names another key or place. Without objects it is missing. Costs 1 us an object.
    """

    reads_files: ClassVar[bool] = True
    aggregate: Literal["mean", "min", "max"] = "mean"
    confidence: str | int | None = None

    def __post_init__(self) -> None:
        """Raise ValueError where an option is out of range."""
        if self.aggregate not in ("mean", "min", "max"):
            raise ValueError("write aggregate mean, min or max")

    def levels(self) -> None:
        """Return None: confidences are numbers."""

    def extract(self, datum: object) -> float | None:
        """Return the confidence of one datum's objects."""
        found = [confidence(box, self.confidence) for box in boxes(datum) or ()]
        if not found:
            return None
        if self.aggregate == "mean":
            return sum(found) / len(found)
        return min(found) if self.aggregate == "min" else max(found)
