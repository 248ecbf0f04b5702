"""Images as they are logged, made comparable: upright, 8 bits, grey or RGB, transparency on white.

Decoding is what vision extractors cost. `picture` of what it returned is nearly free, so whoever runs several
extractors on one image calls it once and hands its result to all of them.
"""

import base64
import binascii
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.Image import Image

PIXELS = 2**25  # 8K video; however small its file, an image takes no more than 350 MB to decode
ENCODED = 2**26
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")  # EPS would run a program; the rest is rare
UPRIGHT = {
    2: "FLIP_LEFT_RIGHT",
    3: "ROTATE_180",
    4: "FLIP_TOP_BOTTOM",
    5: "TRANSPOSE",
    6: "ROTATE_270",
    7: "TRANSVERSE",
    8: "ROTATE_90",
}
_ORIENTATION = 0x0112
_SIXTEEN_BITS = ("I", "I;16", "I;16L", "I;16B", "I;16N")

Bytes = NDArray[np.uint8]


def picture(datum: object) -> "Image | None":
    """Return an image as Pillow's mode L or RGB; None for None.

    `datum` is a Pillow image, a numpy array of shape (height, width), (height, width, 1), 3 or 4 (integers of 0 to 255,
    uint16 of 0 to 65535, booleans, or floats of 0 to 1), the bytes of a file, or these in base64. Of an animation it is
    the first frame. Pillow's modes I and I;16 hold 0 to 65535, its mode F 0 to 255. ValueError for what is no image, is
    damaged or truncated, or has more than 2^25 pixels.
    """
    if datum is None:
        return None
    try:
        return _plain(_opened(datum))
    except ValueError:
        raise
    except Exception as error:  # noqa: BLE001 - decoders of damaged files raise anything
        raise ValueError(f"the image cannot be read: {error or type(error).__name__}") from None


def grey(datum: object, size: int | None = None) -> "Image | None":
    """Return an image in 8 bits of grey (ITU-R 601), its longer side shrunk to `size` pixels; None for None.

    Smaller images stay as they are: enlarging adds no detail.
    """
    image = picture(datum)
    if image is None:
        return None
    image = image.convert("L")
    longer = max(image.size)
    if size is None or longer <= size:
        return image
    width, height = (max(1, round(side * size / longer)) for side in image.size)
    return stretched(image, width, height)


def stretched(image: "Image", width: int, height: int) -> "Image":
    """Return an image at a size, whatever its own proportions."""
    from PIL.Image import Resampling  # noqa: PLC0415 - Pillow is loaded only where images are read

    return image.resize((width, height), Resampling.BILINEAR)


def counted(image: "Image") -> NDArray[np.int64]:
    """Count the pixels of each level, shape (channels, 256)."""
    return np.array(image.histogram(), np.int64).reshape(-1, 256)


def _opened(datum: object) -> "Image":
    from PIL import Image  # noqa: PLC0415 - Pillow is loaded only where images are read

    if isinstance(datum, str):
        datum = _file(datum)
    if isinstance(datum, bytes | bytearray | memoryview):
        if len(datum) > ENCODED:
            raise ValueError(f"the file has {len(datum)} bytes, the limit is {ENCODED}")
        datum = _header(datum)
    if isinstance(datum, np.ndarray):
        return _of_array(datum)
    if not isinstance(datum, Image.Image):
        raise ValueError(f"{type(datum).__name__} is no image, but Pillow, numpy, bytes or base64 are")  # noqa: TRY004
    _bound(*datum.size)
    return datum


def _header(file: bytes | bytearray | memoryview) -> "Image":
    from PIL import Image, UnidentifiedImageError  # noqa: PLC0415 - Pillow is loaded only where images are read

    try:
        return Image.open(BytesIO(file), formats=FORMATS)
    except UnidentifiedImageError:
        raise ValueError(f"{len(file)} bytes are no sound file of {', '.join(FORMATS)}") from None


def _file(text: str) -> bytes:
    """Return the bytes of a base64 text or data URL."""
    if len(text) > ENCODED * 3 // 2:
        raise ValueError(f"the text has {len(text)} characters, too many for a file of {ENCODED} bytes")
    _, comma, body = text.partition(",")
    try:
        return base64.b64decode("".join((body if comma else text).split()), validate=True)
    except (binascii.Error, ValueError):
        raise ValueError("a text is read as an image file in base64, and this is none") from None


def _bound(width: int, height: int) -> None:
    if width < 1 or height < 1:
        raise ValueError(f"the image is empty: {width} x {height} pixels")
    if width * height > PIXELS:
        raise ValueError(f"the image has {width} x {height} pixels, the limit is {PIXELS} in all")


def _of_array(array: NDArray[Any]) -> "Image":
    from PIL import Image  # noqa: PLC0415 - Pillow is loaded only where images are read

    if array.ndim not in (2, 3) or (array.ndim == 3 and array.shape[2] not in (1, 3, 4)):  # noqa: PLR2004 - channels
        raise ValueError(f"an array of shape {array.shape} is no image: write (height, width) or (height, width, 3)")
    _bound(array.shape[1], array.shape[0])
    return Image.fromarray(np.ascontiguousarray(_eight_bits(array[..., 0] if array.shape[2:] == (1,) else array)))


def _eight_bits(array: NDArray[Any]) -> Bytes:
    if array.dtype == np.uint8:
        return array
    if array.dtype == np.bool_:
        return array.astype(np.uint8) * np.uint8(255)
    if array.dtype == np.uint16:
        return _from_sixteen(array)
    if array.dtype.kind not in "iuf":
        raise ValueError(f"an array of {array.dtype} is no image")
    top = 1 if array.dtype.kind == "f" else 255
    low, high = array.min(), array.max()
    if not (low >= 0 and high <= top):
        raise ValueError(f"an image of {array.dtype} holds 0 to {top}, and this one {low} to {high}")
    return np.rint(array * (255 / top)).astype(np.uint8)


def _from_sixteen(array: NDArray[Any]) -> Bytes:
    levels: Bytes = ((np.clip(array, 0, 65535).astype(np.uint32) + 128) // 257).astype(np.uint8)
    return levels


def _plain(image: "Image") -> "Image":
    from PIL import Image  # noqa: PLC0415 - Pillow is loaded only where images are read

    image.load()
    turn = _turn(image)
    if image.mode in _SIXTEEN_BITS:
        image = Image.fromarray(_from_sixteen(np.asarray(image)))
    elif image.mode == "F":
        image = Image.fromarray(_eight_bits(np.asarray(image) / 255))
    elif image.has_transparency_data:
        image = _on_white(image)
    elif image.mode not in ("L", "RGB"):
        image = image.convert("L" if image.mode == "1" else "RGB")
    if turn is None:
        return image
    image = image.transpose(Image.Transpose[turn])
    image.info = {}  # it is upright now, and must not be turned again
    return image


def _turn(image: "Image") -> str | None:
    try:
        return UPRIGHT.get(image.getexif().get(_ORIENTATION, 1))
    except Exception:  # noqa: BLE001 - damaged metadata does not spoil the pixels
        return None


def _on_white(image: "Image") -> "Image":
    from PIL import Image  # noqa: PLC0415 - Pillow is loaded only where images are read

    mode = "LA" if image.mode in ("LA", "La") else "RGBA"
    image = image if image.mode == mode else image.convert(mode)
    white = Image.new(mode[:-1], image.size, "white")
    white.paste(image, mask=image.getchannel("A"))
    return white
