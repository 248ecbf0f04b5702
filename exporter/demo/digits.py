"""The digits model of the demo: real images of hand-written digits, a classifier, and a camera that can lose focus."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Images = NDArray[np.float64]  # (n, 8, 8), 0 is paper and 1 is ink

TRAINING_IMAGES = 800
RATE = 20.0  # requests a second
LIGHT = 0.05  # spread of the brightness from shot to shot
NOISE = 0.03  # spread of the sensor's noise in one pixel


def blurred(images: Images, passes: int) -> Images:
    """Blur images with a 3x3 binomial kernel, `passes` times over."""
    for _ in range(passes):
        padded = np.pad(images, ((0, 0), (1, 1), (1, 1)), mode="edge")
        rows = (padded[:, :-2] + 2 * padded[:, 1:-1] + padded[:, 2:]) / 4
        images = (rows[:, :, :-2] + 2 * rows[:, :, 1:-1] + rows[:, :, 2:]) / 4
    return images


def photographed(images: Images, rng: np.random.Generator, blur: int = 0) -> Images:
    """Take pictures: the lens blurs, the light varies, the sensor adds noise, so no two shots are the same."""
    light = rng.normal(1, LIGHT, (len(images), 1, 1))
    noise = rng.normal(0, NOISE, images.shape)
    return np.clip(blurred(images, blur) * light + noise, 0, 1)


def sharpness(image: Images) -> float:
    """Return the variance of the Laplacian of one image, the usual measure of focus."""
    middle = 4 * image[1:-1, 1:-1]
    return float((middle - image[:-2, 1:-1] - image[2:, 1:-1] - image[1:-1, :-2] - image[1:-1, 2:]).var())


FEATURES: Mapping[str, Callable[[Images], float]] = {
    "sharpness": sharpness,
    "intensity": lambda image: float(image.mean()),
    "contrast": lambda image: float(image.std()),
    "ink": lambda image: float((image > 0.5).mean()),  # noqa: PLR2004 - halfway between paper and ink
}


@dataclass(frozen=True, slots=True)
class Digits:
    """A trained classifier and the images that it has never seen."""

    images: Images
    labels: tuple[str, ...]
    classifier: Any
    name: str = "digits"
    version: str = "3.0.0"
    rate: float = RATE

    @property
    def size(self) -> int:
        """Return the number of images."""
        return len(self.images)

    def datum(self, index: int, rng: np.random.Generator, blur: int) -> tuple[Images, dict[str, str]]:
        """Photograph an image; return the picture and its actual."""
        return photographed(self.images[index : index + 1], rng, blur)[0], {"label": self.labels[index]}

    def answer(self, picture: Images) -> tuple[dict[str, float], dict[str, object]]:
        """Return the logged input and the output of one prediction."""
        shares = self.classifier.predict_proba(picture.reshape(1, -1))[0]
        best = int(shares.argmax())
        inputs = {name: round(feature(picture), 4) for name, feature in FEATURES.items()}
        return inputs, {"label": str(self.classifier.classes_[best]), "confidence": round(float(shares[best]), 4)}


def trained(rng: np.random.Generator) -> Digits:
    """Train on a part of the images; the rest is what the cameras see."""
    from sklearn.datasets import load_digits  # noqa: PLC0415 - an extra, needed by the model server alone
    from sklearn.linear_model import LogisticRegression  # noqa: PLC0415 - the same

    data = load_digits()
    images, labels = data.images / data.images.max(), data.target.astype(str)
    order = rng.permutation(len(images))
    seen, unseen = order[:TRAINING_IMAGES], order[TRAINING_IMAGES:]
    shots = photographed(images[seen], rng).reshape(len(seen), -1)
    classifier = LogisticRegression(max_iter=500).fit(shots, labels[seen])
    return Digits(images[unseen], tuple(labels[unseen].tolist()), classifier)
