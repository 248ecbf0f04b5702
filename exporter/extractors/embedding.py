"""Where an image lies among others: its built-in embedding, made of plain numpy, or the output of an ONNX network."""

from functools import lru_cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from exporter.batch import Floats
from exporter.extractors.image import stretched
from exporter.extractors.optional import need

if TYPE_CHECKING:
    from PIL.Image import Image

BUILTIN = "builtin/1"
SIDE = 128
TILES = 6
CELLS = 4
TURNS = 6
RADII = (1, 2, 4, 8, 16, 24, 32, 48, 64)
GROUPS = (TILES**2, CELLS**2 * TURNS, len(RADII) - 1, 6)  # tiles, edges, frequencies, colours
OUTPUTS = 4096
INPUT = 2048
_NOISE = (1 / 255) ** 2 / 12  # the variance of a pixel that rounding to 8 bits leaves, below which is nothing to see
_MEAN, _DEVIATION = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])  # of ImageNet, as is usual


def embed(image: "Image") -> Floats:
    """Return the built-in embedding of an image in mode L or RGB, shape (sum(GROUPS),).

    Of the image stretched to 128 x 128: the mean grey of 6 x 6 tiles (0 to 1); the share of the edges in 4 x 4 cells by
    6 directions (0 to 1); log10 of the energy in 8 bands of frequency; mean and standard deviation of each colour.
    """
    small = stretched(image, SIDE, SIDE)
    grey = np.asarray(small.convert("L")) / 255
    colours = np.asarray(small.convert("RGB")).reshape(-1, 3) / 255
    return np.concatenate([_tiles(grey), _edges(grey), _bands(grey), colours.mean(axis=0), colours.std(axis=0)])


def _tiles(grey: Floats) -> Floats:
    starts = np.arange(TILES) * SIDE // TILES
    sums = np.add.reduceat(np.add.reduceat(grey, starts, axis=0), starts, axis=1)
    sides = np.diff(starts, append=SIDE)
    means: Floats = sums / np.outer(sides, sides)
    return means.ravel()


def _edges(grey: Floats) -> Floats:
    """Return the histogram of oriented gradients as shares of their sum, to which 1 is added: a flat image has none."""
    down, across = np.gradient(grey)
    turn = np.floor(np.arctan2(down, across) * (TURNS / np.pi) + 0.5).astype(np.intp) % TURNS
    cell = np.arange(SIDE) * CELLS // SIDE
    place = (cell[:, None] * CELLS + cell) * TURNS + turn
    strength = np.bincount(place.ravel(), np.hypot(down, across).ravel(), CELLS**2 * TURNS)
    shares: Floats = strength / (strength.sum() + 1)
    return shares


@lru_cache(maxsize=1)
def _rings() -> tuple[Floats, Any]:
    """Return the window that hides the image's borders, and the band of each frequency (one past the last: none)."""
    frequency = np.fft.fftfreq(SIDE, 1 / SIDE)
    radius = np.hypot(frequency[:, None], frequency[: SIDE // 2 + 1])
    band = np.digitize(radius, RADII) - 1
    return np.outer(np.hanning(SIDE), np.hanning(SIDE)), np.where(band < 0, len(RADII) - 1, band).ravel()


def _bands(grey: Floats) -> Floats:
    window, band = _rings()
    energy = np.abs(np.fft.rfft2((grey - grey.mean()) * window)).ravel() ** 2 / (window**2).sum()
    sums, sizes = np.bincount(band, energy, len(RADII)), np.bincount(band, minlength=len(RADII))
    return np.log10(sums[:-1] / sizes[:-1] + _NOISE)


@lru_cache(maxsize=2)
def digest(network: bytes) -> str:
    """Return the name by which a profile knows an ONNX network."""
    return f"sha256:{sha256(network).hexdigest()}"


def run(network: bytes, image: "Image") -> Floats:
    """Return the first output of an ONNX network for an image, flattened to shape (n,).

    The input is float32 of shape (1, 3, height, width), the image stretched to it, in RGB, 0 to 1, less the mean and
    over the standard deviation of ImageNet; 224 x 224 where the network takes any size. ValueError where the network
    cannot be run or onnxruntime is not installed.
    """
    session = _session(network)
    (entry,) = session.get_inputs()[:1]
    try:
        (output,) = session.run([session.get_outputs()[0].name], {entry.name: _tensor(image, entry.shape)})
    except ValueError:
        raise
    except Exception as error:  # noqa: BLE001 - onnxruntime has its own exceptions
        raise ValueError(f"the ONNX network failed: {error}") from None
    values = np.asarray(output, np.float64).ravel()
    if not 1 <= len(values) <= OUTPUTS or not np.isfinite(values).all():
        raise ValueError(f"the ONNX network gave {len(values)} numbers; 1 to {OUTPUTS} finite ones are an embedding")
    return values


def _tensor(image: "Image", shape: list[Any]) -> Any:  # noqa: ANN401 - a float32 array, which Floats is not
    if len(shape) != 4 or (shape[1] not in (3, None) and not isinstance(shape[1], str)):  # noqa: PLR2004
        raise ValueError(f"the ONNX network takes {shape}, and an image is (1, 3, height, width)")
    height, width = (side if isinstance(side, int) and side > 0 else 224 for side in shape[2:])
    if max(height, width) > INPUT:
        raise ValueError(f"the ONNX network takes images of {width} x {height} pixels, the limit is {INPUT} a side")
    colours = np.asarray(stretched(image, width, height).convert("RGB")) / 255
    return ((colours - _MEAN) / _DEVIATION).transpose(2, 0, 1)[None].astype(np.float32)


@lru_cache(maxsize=2)
def _session(network: bytes) -> Any:  # noqa: ANN401 - onnxruntime has no types
    runtime = need("onnxruntime", "onnxruntime", "prediction-exporter[onnx]")
    options = runtime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    try:
        return runtime.InferenceSession(network, options, providers=["CPUExecutionProvider"])
    except Exception as error:  # noqa: BLE001 - onnxruntime has its own exceptions
        raise ValueError(f"the ONNX network cannot be loaded: {error}") from None
