"""Reads a prediction log and ranks its slices (all that carry a tag) by how far a score is above the reference's."""

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from exporter import ModelProfile


@dataclass(frozen=True, slots=True)
class Served:
    """A prediction with its actual; `image` is the photograph's file."""

    image: Path
    tags: dict[str, str]
    output: list[int]
    actual: list[int]

    @property
    def right(self) -> bool:
        """Return whether the model was right."""
        return self.output == self.actual


@dataclass(frozen=True, slots=True)
class Slice:
    """All that carry a tag: their profile, and by how much their score is above the reference's, in its unit."""

    name: str
    served: Sequence[Served]
    profile: ModelProfile
    rise: float


def served(directory: Path) -> list[Served]:
    """Return the predictions of a log that have an actual; rotated files are read too."""
    records = [json.loads(line) for path in directory.glob("*.jsonl*") for line in path.read_bytes().splitlines()]
    actuals = {record["id"]: record["actual"] for record in records if "actual" in record}
    predictions = (record for record in records if "output" in record and record["id"] in actuals)
    return [Served(directory / p["input"], p["tags"], p["output"], actuals[p["id"]]) for p in predictions]


def ranked(reference: ModelProfile, predictions: Sequence[Served], tags: Iterable[str], score: str) -> list[Slice]:
    """Return the slices by each value of each tag, the greatest rise of a score first: one of which less is better."""
    slices = _slices(reference, predictions, tags, score)
    return sorted(slices, key=lambda one: one.rise, reverse=True)


def _slices(reference: ModelProfile, predictions: Sequence[Served], tags: Iterable[str], score: str) -> Iterator[Slice]:
    for tag in tags:
        for value in sorted({one.tags[tag] for one in predictions}):
            part = [one for one in predictions if one.tags[tag] == value]
            profile = _observed(reference, part)
            scores = reference.contrast(profile)["score_reports"]
            yield Slice(f"{tag} {value}", part, profile, scores[score]["diff"])


def _observed(reference: ModelProfile, part: Sequence[Served]) -> ModelProfile:
    """Return the profile of served predictions, on the bins and domains of the reference."""
    images = [one.image.read_bytes() for one in part]
    return reference.observe(images, [one.output for one in part], [one.actual for one in part])
