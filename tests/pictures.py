"""Small pictures for tests: discs on a textured ground, of which the number of bright ones is the class."""

import numpy as np
from PIL import Image

SIDE = 64
CLASSES = 5


def picture(label, random):
    """Return a picture of a class, sharp and evenly lit."""
    down, across = np.mgrid[:SIDE, :SIDE]
    ground = 90 + random.normal(0, 18, (SIDE, SIDE)) + 10 * np.sin(across / random.uniform(3, 6))
    for disc in range(label):
        row, column = divmod(disc, 2)
        middle = 16 + 32 * row + random.uniform(-3, 3), 16 + 32 * column + random.uniform(-3, 3)
        ground[np.hypot(down - middle[0], across - middle[1]) < 9] += 70
    return Image.fromarray(ground.clip(0, 255).astype(np.uint8))


def pictures(number, seed):
    """Return pictures, predictions of which a tenth is wrong, and actuals, each of the two in a list of one."""
    random = np.random.default_rng(seed)
    actual = random.integers(0, CLASSES, number).tolist()
    wrong = random.random(number) < 0.1
    output = [(label + 1) % CLASSES if mistaken else label for label, mistaken in zip(actual, wrong, strict=True)]
    shown = [picture(label, random) for label in actual]
    return shown, [[label] for label in output], [[label] for label in actual]
