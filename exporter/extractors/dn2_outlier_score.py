"""How far an image is from the reference's images that look most like it."""

from collections.abc import Sequence
from typing import ClassVar, Self

import msgspec
import numpy as np

from exporter.batch import Floats
from exporter.extractors.embedding import BUILTIN, GROUPS, digest, embed, run
from exporter.extractors.image import picture
from exporter.extractors.neighbours import REFERENCES, kept, mean_distance
from exporter.extractors.packed import Packed, packed
from exporter.extractors.reference import chosen, moments, ordered, sampled, usable

SAMPLE = 5000
FLOOR = 0.05  # of the usual spread: a feature that hardly varies in the reference must not outweigh all others


class Images(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The reference: the embedding's name, its features' mean and scale (width,), and the scaled images (n, width)."""

    embedding: str
    mean: Packed
    scale: Packed
    references: Packed

    def __post_init__(self) -> None:
        """Raise ValueError where the parts do not fit together."""
        widths = {self.mean.shape, self.scale.shape, self.references.shape[1:]}
        if len(widths) != 1 or self.mean.array.ndim != 1 or not (self.scale.array > 0).all():
            raise ValueError("the reference images do not fit their features")


class Dn2OutlierScore(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Mean distance of an image's embedding to the k nearest of the reference: 0 to infinity; high is an outlier.

    Features are standardised by the reference, and the built-in embedding's four groups (tiles of grey, edges,
    frequencies, colours) count equally: the unit is a standard deviation of a group. `network` is an ONNX file (its
    bytes, in JSON base64) to embed by instead; a network is a program, so use only those you trust. The profile keeps
    up to `references` images, drawn by seed, as 16-bit numbers: 0.4 MB for 1,000. Source: Bergman, Cohen and Hoshen,
    arXiv 2002.10445. Costs 3 ms beside decoding.
    """

    reads_files: ClassVar[bool] = True
    scores_outliers: ClassVar[bool] = True
    k: int = 5
    references: int = 1000
    network: bytes | None = None
    fitted: Images | None = None

    def __post_init__(self) -> None:
        """Raise ValueError where an option is out of range."""
        if not 1 <= self.k <= self.references <= REFERENCES:
            raise ValueError(f"k is {self.k} and references {self.references}: write 1 <= k <= references <= 2000")

    def levels(self) -> None:
        """Return None: distances are numbers."""

    def fit(self, data: Sequence[object], seed: int) -> Self:
        """Return a copy that has learned up to 5,000 images, drawn by seed."""
        embeddings = ordered(np.stack(usable(sampled(data, SAMPLE, seed), self._embedded, least=self.k + 1)))
        mean, deviation = moments(embeddings)
        scale = self._scale(deviation)
        rows = chosen(embeddings, kept(self.references, embeddings.shape[1]), seed)
        images = Images(self._name(), packed(mean), packed(scale), packed((rows - mean) / scale, "f2"))
        return msgspec.structs.replace(self, fitted=images)

    def extract(self, datum: object) -> float | None:
        """Return the score of an image."""
        if self.fitted is None:
            raise ValueError("dn2_outlier_score has not been fitted")
        if self.fitted.embedding != self._name():
            raise ValueError(f"it was fitted to the embedding {self.fitted.embedding}, and this is {self._name()}")
        embedding = self._embedded(datum)
        if embedding is None:
            return None
        place = (embedding - self.fitted.mean.array) / self.fitted.scale.array
        return mean_distance(self.fitted.references, place, self.k)

    def _name(self) -> str:
        return BUILTIN if self.network is None else digest(self.network)

    def _embedded(self, datum: object) -> Floats | None:
        image = picture(datum)
        if image is None:
            return None
        return embed(image) if self.network is None else run(self.network, image)

    def _scale(self, deviation: Floats) -> Floats:
        groups = GROUPS if self.network is None else (len(deviation),)
        return np.concatenate([_group(part) for part in np.split(deviation, np.cumsum(groups)[:-1])])


def _group(deviation: Floats) -> Floats:
    """Return the scale of a group's features: its squares sum to about 1 for each image."""
    usual = float(np.sqrt((deviation**2).mean())) or 1.0
    scale: Floats = np.maximum(deviation, FLOOR * usual) * np.sqrt(len(deviation))
    return scale
