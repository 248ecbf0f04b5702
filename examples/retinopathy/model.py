"""A model that grades retinas by their dark spots: a softmax regression on features of the green channel."""

from collections.abc import Sequence
from typing import Self

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Floats = NDArray[np.float64]
DEPTHS = (10, 20, 30, 40, 50)  # grey levels
FAR = 4  # pixels, beyond a lesion
SIDES = [(y, x) for y in (-FAR, 0, FAR) for x in (-FAR, 0, FAR) if (y, x) != (0, 0)]


class Grader:
    """Learns the grades of photographs, and predicts them."""

    def fit(self, images: Sequence[Image.Image], grades: Sequence[int]) -> Self:
        """Learn from photographs and what doctors said of them, by gradient descent."""
        seen = np.stack([features(image) for image in images])
        self.mean, self.scale = seen.mean(0), seen.std(0)
        inputs, truth = self._inputs(seen), np.eye(max(grades) + 1)[list(grades)]
        self.weights = np.zeros((inputs.shape[1], truth.shape[1]))
        for _ in range(5000):
            self.weights -= 0.3 * (inputs.T @ (_softmax(inputs @ self.weights) - truth) / len(truth))
        return self

    def predict(self, image: Image.Image) -> int:
        """Return the grade of a photograph."""
        return int((self._inputs(features(image)[np.newaxis]) @ self.weights).argmax())

    def _inputs(self, seen: Floats) -> Floats:
        return np.column_stack([np.ones(len(seen)), (seen - self.mean) / self.scale])


def features(image: Image.Image) -> Floats:
    """Return how many dark spots there are, by depth: pixels darker than their surroundings on all sides.

    A vessel is as dark along its course, so it is none.
    """
    green = np.asarray(image.getchannel("G"), np.float64)
    green = (green[:-1, :-1] + green[1:, :-1] + green[:-1, 1:] + green[1:, 1:]) / 4
    sides = [np.roll(green, shift, (0, 1)) for shift in SIDES]
    depth = np.min(sides, axis=0) - green
    return np.sqrt([float((depth > least).sum()) for least in DEPTHS])


def _softmax(scores: Floats) -> Floats:
    likely: Floats = np.exp(scores - scores.max(1, keepdims=True))
    return likely / likely.sum(1, keepdims=True)
