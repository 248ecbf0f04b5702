"""Draws retinas as a fundus camera sees them: a disc with vessels, and the more lesions the worse the grade."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageOps

SIDE = 128  # pixels
GRADES = 5  # 0 is healthy, 4 the worst
LESIONS = (0, 8, 18, 36, 66)  # by grade, on average
SPREAD = 0.115  # standard deviation of their number, as a share
LARGE = 2  # times the size that is drawn: Pillow's lines have hard edges, which shrinking smooths
NOISE = 1.5  # grey levels, of the sensor


def retina(grade: int, eye: str, random: np.random.Generator, blur: float = 0.0) -> Image.Image:
    """Return a photograph of the left or right eye's retina; `blur` is how far the lens is out of focus, in pixels.

    The sensor's noise is added after the lens, so a blurred photograph has it as well.
    """
    image = Image.fromarray(_disc(random))
    pen = ImageDraw.Draw(image)
    _vessels(pen, random)
    _lesions(pen, grade, random)
    if eye == "left":
        image = ImageOps.mirror(image)
    image = image.resize((SIDE, SIDE), Image.Resampling.BOX).filter(ImageFilter.GaussianBlur(blur))
    noisy = np.asarray(image) + random.normal(0, NOISE, (SIDE, SIDE, 3))
    return Image.fromarray(noisy.round().clip(0, 255).astype(np.uint8))


def _disc(random: np.random.Generator) -> NDArray[np.uint8]:
    """Return the lit background with the bright optic disc, (side, side, 3)."""
    side = SIDE * LARGE
    y, x = np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j]
    light = random.normal(1, 0.05) * (1 - 0.35 * (x**2 + y**2)) * (x**2 + y**2 < 0.92)  # noqa: PLR2004 - the rim
    nerve = np.exp(-((x - 0.55) ** 2 + (y - random.normal(0, 0.05)) ** 2) / 0.02)
    colour = np.multiply.outer(light, (200, 110, 60)) + np.multiply.outer(nerve * light, (50, 90, 60))
    return colour.clip(0, 255).astype(np.uint8)


def _vessels(pen: ImageDraw.ImageDraw, random: np.random.Generator) -> None:
    """Draw vessels from the optic disc towards the other side."""
    for start in np.linspace(-1.2, 1.2, 8):
        steps = np.full(36, 0.045)
        angles = np.pi + start * np.linspace(1.3, 0.2, 36) + np.cumsum(random.normal(0, 0.09, 36))
        x, y = 0.55 + np.cumsum(steps * np.cos(angles)), np.cumsum(steps * np.sin(angles))
        inside = x**2 + y**2 < 0.88  # noqa: PLR2004 - short of the rim
        points = [(float(a), float(b)) for a, b in (np.stack([x, y], 1)[inside] + 1) * SIDE * LARGE / 2]
        pen.line(points, fill=(150, 70, 42), width=4)


def _lesions(pen: ImageDraw.ImageDraw, grade: int, random: np.random.Generator) -> None:
    """Draw small haemorrhages, anywhere on the disc."""
    number = round(LESIONS[grade] * random.normal(1, SPREAD))
    angle, radius = random.uniform(0, 2 * np.pi, number), 0.88 * np.sqrt(random.uniform(0, 1, number))
    for x, y in zip(radius * np.cos(angle), radius * np.sin(angle), strict=True):
        place, size = ((x + 1) * SIDE * LARGE / 2, (y + 1) * SIDE * LARGE / 2), random.uniform(2.2, 2.8)
        pen.ellipse((place[0] - size, place[1] - size, place[0] + size, place[1] + size), fill=(90, 8, 10))
