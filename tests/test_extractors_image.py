import base64
import io
import struct
import time
import zlib
from contextlib import suppress
from itertools import pairwise

import msgspec
import numpy as np
import onnx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper
from PIL import Image, ImageFilter
from scipy import ndimage
from scipy.fft import dctn
from scipy.stats import kstest
from sklearn.datasets import load_digits

from exporter.extractors import DATA
from exporter.extractors.avg_intensity import AvgIntensity
from exporter.extractors.clipping import Clipping
from exporter.extractors.colour_cast import ColourCast
from exporter.extractors.contrast import Contrast
from exporter.extractors.dn2_outlier_score import Dn2OutlierScore
from exporter.extractors.embedding import GROUPS, embed
from exporter.extractors.fixed_subpatch_similarity import FixedSubpatchSimilarity
from exporter.extractors.frozen_frame import FrozenFrame
from exporter.extractors.image import PIXELS, picture
from exporter.extractors.resolution import Resolution
from exporter.extractors.sharpness import Sharpness

STATELESS = (
    Sharpness(),
    AvgIntensity(),
    Contrast(),
    Clipping(),
    ColourCast(),
    Resolution(),
    FrozenFrame(),
    FrozenFrame("perceptual"),
)
VISION = (
    "sharpness",
    "avg_intensity",
    "contrast",
    "clipping",
    "colour_cast",
    "resolution",
    "frozen_frame",
    "fixed_subpatch_similarity",
    "dn2_outlier_score",
)
PATCH = (4, 4, 60, 60)


def noise(seed=0, shape=(64, 80), low=0, high=256):
    return np.random.default_rng(seed).integers(low, high, shape).astype(np.uint8)


def encoded(image, fmt="PNG", **options):
    out = io.BytesIO()
    image.save(out, fmt, **options)
    return out.getvalue()


def reloaded(extractor):
    return msgspec.json.decode(msgspec.json.encode(extractor), type=type(extractor))


def digits(n=160):
    ink = (load_digits().images[:n] * 255 / 16).astype(np.uint8)
    return [Image.fromarray(digit).resize((96, 96), Image.Resampling.BICUBIC) for digit in ink]


def scenes(n, seed=0):
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[:64, :80]
    found = []
    for _ in range(n):
        waves = (
            128 + 60 * np.sin(rng.uniform(0.1, 0.4) * x + rng.uniform(0, 6)) + 40 * np.sin(rng.uniform(0.1, 0.4) * y)
        )
        found.append(Image.fromarray(np.clip(waves + rng.normal(0, 8, x.shape), 0, 255).astype(np.uint8)))
    return found


@pytest.fixture(scope="module")
def learned():
    images = scenes(40)
    return FixedSubpatchSimilarity(PATCH).fit(images, 1), Dn2OutlierScore(references=20).fit(images, 1)


# Sharpness


@pytest.mark.parametrize("shape", [(3, 3), (3, 200), (256, 256), (64, 80)])
def test_sharpness_is_the_variance_of_the_laplacian_of_the_interior(shape):
    grey = noise(1, shape)
    laplacian = ndimage.laplace(grey.astype(np.int64))[1:-1, 1:-1]
    assert Sharpness().extract(grey) == pytest.approx(laplacian.var(), rel=1e-12)
    assert Sharpness(statistic="mean").extract(grey) == pytest.approx(laplacian.clip(0, 255).mean(), rel=1e-12)


def test_the_sharpness_of_one_white_pixel_is_what_one_reckons_by_hand():
    grey = np.zeros((5, 5), np.uint8)
    grey[2, 2] = 10
    # The 3 x 3 interior holds -40 once and 10 four times: mean 0, mean square (1600 + 400) / 9.
    assert Sharpness().extract(grey) == pytest.approx(2000 / 9, rel=1e-12)
    assert Sharpness(statistic="mean").extract(grey) == pytest.approx(40 / 9, rel=1e-12)


def test_a_checkerboard_has_the_largest_sharpness_there_is():
    board = (np.indices((64, 64)).sum(axis=0) % 2 * 255).astype(np.uint8)
    assert Sharpness().extract(board) == (4 * 255) ** 2


@given(level=st.tuples(*[st.integers(0, 255)] * 3), side=st.sampled_from([3, 100, 256, 700]))
@settings(max_examples=30, deadline=None)
def test_a_flat_image_has_no_sharpness_contrast_or_laplacian_mean(level, side):
    flat = Image.new("RGB", (side, 300), level)
    assert Sharpness().extract(flat) == Sharpness(statistic="mean").extract(flat) == Contrast().extract(flat) == 0


def test_brightness_adds_no_sharpness_and_contrast_counts_squared():
    grey = noise(2, high=100)
    plain = Sharpness().extract(grey)
    assert Sharpness().extract(grey + np.uint8(90)) == plain
    assert Sharpness().extract(grey * np.uint8(2)) == pytest.approx(4 * plain, rel=1e-12)


def test_sharpness_is_that_of_the_image_shrunk_to_the_working_size():
    large = Image.fromarray(noise(3, (600, 1200)))
    small = large.resize((256, 128), Image.Resampling.BILINEAR)
    assert Sharpness().extract(large) == Sharpness().extract(small) != Sharpness(size=4096).extract(large)


def test_turning_or_mirroring_an_image_leaves_its_sharpness():
    image = Image.fromarray(noise(4))
    values = {Sharpness().extract(image.transpose(turn)) for turn in Image.Transpose}
    assert values == {Sharpness().extract(image)}


def test_an_image_without_an_interior_has_no_sharpness_to_measure():
    with pytest.raises(ValueError, match="2 x 9 pixels has no interior"):
        Sharpness().extract(noise(0, (9, 2)))


def test_each_step_of_blur_lowers_the_sharpness_of_every_digit():
    for digit in digits(30):
        values = [Sharpness().extract(digit.filter(ImageFilter.GaussianBlur(radius))) for radius in (0, 1, 2, 4)]
        assert all(after < before for before, after in pairwise(values))


# Intensity, contrast, clipping, colour, size


def test_intensity_and_contrast_are_the_mean_and_deviation_of_the_grey_levels():
    grey = noise(5)
    assert AvgIntensity().extract(grey) == pytest.approx(grey.mean(), rel=1e-15)
    assert Contrast().extract(grey) == pytest.approx(grey.std(), rel=1e-13)


def test_intensity_and_contrast_of_half_black_and_half_white_are_in_the_middle():
    halves = np.array([[0, 255]] * 7, np.uint8)
    assert AvgIntensity().extract(halves) == Contrast().extract(halves) == 127.5


def test_grey_weighs_the_colours_as_itu_r_601_does():
    colours = noise(6, (20, 20, 3))
    wanted = (colours @ [0.299, 0.587, 0.114]).mean()
    assert AvgIntensity().extract(colours) == pytest.approx(wanted, abs=0.51)
    assert AvgIntensity().extract(Image.new("RGB", (3, 3), (255, 0, 0))) == 76


def test_clipping_counts_what_is_within_the_margin_of_either_end():
    ramp = np.arange(256, dtype=np.uint8).reshape(16, 16)
    assert Clipping().extract(ramp) == 6 / 256
    assert Clipping("dark", 0).extract(ramp) == Clipping("bright", 0).extract(ramp) == 1 / 256
    assert Clipping("bright", 9).extract(np.full((4, 4), 200, np.uint8)) == 0
    assert Clipping(margin=127).extract(ramp) == 1


def test_a_colour_cast_is_the_gap_between_the_colours_means():
    image = Image.new("RGB", (7, 5), (110, 100, 90))
    assert ColourCast().extract(image) == 20
    assert [ColourCast(channel).extract(image) for channel in ("red", "green", "blue")] == [10, 0, -10]
    colours = noise(7, (30, 40, 3))
    means = colours.reshape(-1, 3).mean(axis=0)
    assert ColourCast().extract(colours) == pytest.approx(np.ptp(means), rel=1e-12)
    assert ColourCast("blue").extract(colours) == pytest.approx(means[2] - means.mean(), rel=1e-9)


def test_grey_images_have_no_colour_cast():
    assert [ColourCast(channel).extract(noise()) for channel in ("any", "red", "green", "blue")] == [0, 0, 0, 0]


def test_resolution_is_the_size_of_the_upright_image():
    image = Image.new("L", (80, 20))
    assert [Resolution(of).extract(image) for of in ("pixels", "width", "height", "aspect")] == [1600, 80, 20, 4]


# What an image may be


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "CMYK", "P", "LA", "La", "RGBa", "RGBX", "YCbCr", "HSV", "PA", "F"])
def test_every_mode_of_an_image_gives_the_same_values(mode):
    grey = Image.fromarray(noise(8, high=250))
    steps = {"La": ["LA", "La"], "RGBa": ["RGBA", "RGBa"], "HSV": ["RGB", "HSV"], "PA": ["P", "PA"]}
    image = grey
    for step in steps.get(mode, [mode]):
        image = image.convert(step)
    assert image.mode == mode
    assert AvgIntensity().extract(image) == pytest.approx(AvgIntensity().extract(grey), abs=0.01)
    assert Sharpness().extract(image) == pytest.approx(Sharpness().extract(grey), rel=1e-3)


@pytest.mark.parametrize("order", ["<u2", ">u2"])
def test_sixteen_bits_are_scaled_to_eight(order):
    levels = np.arange(256, dtype=np.uint16).reshape(16, 16)
    deep = (levels * 257).astype(order)
    modes = {"<u2": "I;16", ">u2": "I;16B"}
    image = Image.frombytes(modes[order], (16, 16), deep.tobytes())
    for datum in (image, deep.astype(np.uint16), Image.fromarray(deep.astype(np.int32)), encoded(image, "TIFF")):
        assert np.array_equal(np.asarray(picture(datum)), levels)


def test_sixteen_bits_are_rounded_to_the_nearest_level():
    deep = np.array([[0, 128, 129, 257 * 9 - 129, 257 * 9 - 128, 257 * 9 + 128, 65535]], np.uint16)
    assert np.asarray(picture(deep)).tolist() == [[0, 0, 1, 8, 9, 9, 255]]


def test_a_bitmap_is_black_and_white():
    bits = noise(9, high=2).astype(bool)
    for datum in (bits, Image.fromarray(bits), encoded(Image.fromarray(bits), "PNG")):
        assert AvgIntensity().extract(datum) == pytest.approx(255 * bits.mean(), rel=1e-12)


def test_what_is_transparent_is_white():
    clear = Image.new("RGBA", (4, 4), (0, 0, 0, 0))
    half = Image.new("LA", (4, 4), (0, 128))
    palette = Image.new("P", (4, 4), 0)
    palette.info["transparency"] = 0
    assert [AvgIntensity().extract(image) for image in (clear, palette)] == [255, 255]
    assert AvgIntensity().extract(half) == pytest.approx(127, abs=1)
    assert AvgIntensity().extract(encoded(palette, "GIF", transparency=0)) == 255


def test_a_file_its_base64_an_array_and_an_image_have_the_same_values():
    array = noise(10, (40, 30, 3))
    image = Image.fromarray(array)
    file = encoded(image)
    text = base64.b64encode(file).decode()
    forms = (
        image,
        array,
        array / 255,
        array.astype(np.int64),
        file,
        bytearray(file),
        text,
        f"data:image/png;base64,{text}",
    )
    for extractor in STATELESS:
        assert len({extractor.extract(form) for form in (*forms, "\n".join((text[:70], text[70:])))}) == 1


@pytest.mark.parametrize("fmt", ["BMP", "GIF", "PNG", "PPM", "TIFF"])
def test_every_lossless_format_gives_the_same_values(fmt):
    grey = Image.fromarray(noise(11))
    assert [extractor.extract(encoded(grey, fmt)) for extractor in STATELESS[:4]] == [
        extractor.extract(grey) for extractor in STATELESS[:4]
    ]


def test_a_single_channel_of_three_axes_is_grey():
    assert AvgIntensity().extract(noise()[..., None]) == AvgIntensity().extract(noise())


def test_the_first_frame_of_an_animation_counts():
    frames = [Image.new("L", (8, 8), level) for level in (10, 200)]
    assert AvgIntensity().extract(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:])) == 10


@pytest.mark.parametrize("fmt", ["JPEG", "PNG", "TIFF", "WEBP"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_an_image_is_turned_upright_as_its_exif_says(fmt, orientation):
    upright = Image.new("RGB", (64, 32), (250, 0, 0))
    upright.paste((0, 0, 250), (32, 16, 64, 32))
    turns = [None, None, 0, 3, 1, 5, 2, 6, 4]  # what turns an upright image into one that the tag turns back
    stored = upright if turns[orientation] is None else upright.transpose(Image.Transpose(turns[orientation]))
    exif = Image.Exif()
    exif[0x0112] = orientation
    tag = {"tiffinfo": {0x0112: orientation}} if fmt == "TIFF" else {"exif": exif.tobytes(), "quality": 95}
    shown = picture(encoded(stored, fmt, **tag))
    assert shown.size == (64, 32)
    reds = [shown.getpixel(corner)[0] > 125 for corner in ((16, 8), (48, 8), (16, 24), (48, 24))]
    assert reds == [True, True, True, False]
    assert np.array_equal(np.asarray(picture(shown)), np.asarray(shown)), "it was turned twice"


def test_damaged_exif_does_not_spoil_the_pixels():
    broken = encoded(Image.fromarray(noise()), "PNG", exif=b"Exif\x00\x00II*\x00\xff\xff\xff\xff\xff\xff")
    assert AvgIntensity().extract(broken) == AvgIntensity().extract(noise())


def test_an_image_handed_in_is_left_as_it_was():
    image = Image.new("RGBA", (40, 30), (9, 8, 7, 100))
    image.info["note"] = "mine"
    for extractor in STATELESS:
        extractor.extract(image)
    assert (image.mode, image.size, image.info, image.getpixel((0, 0))) == (
        "RGBA",
        (40, 30),
        {"note": "mine"},
        (9, 8, 7, 100),
    )


def test_decoding_what_was_decoded_costs_nothing():
    once = picture(encoded(Image.fromarray(noise())))
    assert picture(once) is once


@pytest.mark.parametrize("extractor", STATELESS, ids=repr)
def test_no_image_has_no_value(extractor):
    assert extractor.extract(None) is None


def test_no_image_has_no_score(learned):
    assert [extractor.extract(None) for extractor in learned] == [None, None]


@pytest.mark.parametrize(
    ("datum", "message"),
    [
        (b"", "no sound file"),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", "no sound file"),
        ("not base64!", "base64"),
        ("", "no sound file"),
        ("images/7f3a.png", "no sound file|base64"),
        (7, "int is no image"),
        ({"image": 1}, "dict is no image"),
        ([[1, 2], [3, 4]], "list is no image"),
        (np.zeros((0, 5), np.uint8), "empty"),
        (np.zeros((5, 5, 2), np.uint8), "shape"),
        (np.zeros((3, 50, 50, 3), np.uint8), "shape"),
        (np.zeros(50, np.uint8), "shape"),
        (np.full((5, 5), 256), "0 to 255"),
        (np.full((5, 5), -1), "0 to 255"),
        (np.full((5, 5), 1.5), "0 to 1"),
        (np.full((5, 5), np.nan), "0 to 1"),
        (np.full((5, 5), "a"), "no image"),
        (np.full((5, 5), None), "no image"),
        (np.zeros((5, 5), complex), "no image"),
        (Image.new("F", (5, 5), 300.0), "0 to 1"),
        (np.broadcast_to(np.uint8(0), (2**13, 2**13)), "limit"),
    ],
    ids=lambda value: "datum" if not isinstance(value, str) else value[:20],
)
def test_what_is_no_image_is_refused_with_its_reason(datum, message):
    with pytest.raises(ValueError, match=message):
        AvgIntensity().extract(datum)


def _png(width, height, body=b"", bits=8, colour=2):
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(body)) + chunk(b"IEND", b"")


@pytest.mark.parametrize("side", [5793, 9000, 12_000, 50_000, 2**31 - 1])
@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
def test_a_decompression_bomb_is_refused_before_it_is_decoded(side):
    started = time.monotonic()
    with pytest.raises(ValueError, match=r"limit|exceeds|too large"):
        AvgIntensity().extract(_png(side, side))
    assert time.monotonic() - started < 1


def test_a_png_that_hides_a_bomb_in_its_text_is_refused():
    text = b"Comment\x00\x00" + zlib.compress(b"\0" * 2**26)
    bomb = _png(1, 1, b"\0" * 4).replace(
        b"\x00\x00\x00\x00IEND",
        struct.pack(">I", len(text))
        + b"zTXt"
        + text
        + struct.pack(">I", zlib.crc32(b"zTXt" + text))
        + b"\x00\x00\x00\x00IEND",
    )
    with pytest.raises(ValueError, match=r"cannot be read|too large"):
        AvgIntensity().extract(bomb)


def test_the_largest_image_allowed_is_read():
    image = Image.new("1", (2**13, PIXELS // 2**13), 1)
    assert AvgIntensity().extract(encoded(image)) == 255


@pytest.mark.parametrize("fmt", ["BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP"])
def test_a_truncated_file_is_refused_wherever_it_ends(fmt):
    file = encoded(Image.fromarray(noise(12, (48, 48))), fmt)
    for end in range(0, len(file) * 9 // 10, max(1, len(file) // 60)):
        for extractor in STATELESS[:1] + STATELESS[5:6]:
            with pytest.raises(ValueError, match=r"\w"):
                extractor.extract(file[:end])


def test_a_truncated_file_that_was_opened_elsewhere_is_refused_too():
    file = encoded(Image.fromarray(noise()), "PNG")
    with pytest.raises(ValueError, match="cannot be read"):
        AvgIntensity().extract(Image.open(io.BytesIO(file[:-900])))


FILES = {
    fmt: encoded(Image.fromarray(noise(13, (24, 20, 3))), fmt)
    for fmt in ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")
}


@given(
    fmt=st.sampled_from(sorted(FILES)),
    edits=st.lists(st.tuples(st.integers(0, 4000), st.integers(0, 255)), min_size=1, max_size=12),
    end=st.none() | st.integers(0, 2000),
)
@settings(max_examples=120, deadline=5000)
@pytest.mark.filterwarnings("ignore")
def test_a_damaged_file_gives_a_value_or_a_reason(learned, fmt, edits, end):
    file = bytearray(FILES[fmt])
    for place, value in edits:
        file[place % len(file)] = value
    for extractor in (*STATELESS, *learned):
        with suppress(ValueError):
            assert np.isfinite(extractor.extract(bytes(file[:end])))


@given(datum=st.binary(max_size=200) | st.text(max_size=50) | st.integers() | st.lists(st.integers()) | st.floats())
@settings(max_examples=200, deadline=5000)
def test_whatever_is_no_image_is_refused_as_a_value_error(learned, datum):
    for extractor in (*STATELESS, *learned):
        with pytest.raises(ValueError, match=r"\w"):
            extractor.extract(datum)


# A frozen camera


def test_the_hash_of_live_images_fills_the_interval_evenly():
    values = [FrozenFrame().extract(noise(seed, (6, 6))) for seed in range(500)]
    assert kstest(values, "uniform").pvalue > 0.01
    assert len(set(values)) == 500


def test_a_frozen_frame_has_one_hash_and_one_changed_pixel_another():
    frame = noise(14)
    again = frame.copy()
    assert FrozenFrame().extract(frame) == FrozenFrame().extract(encoded(Image.fromarray(again)))
    again[5, 5] ^= 1
    assert FrozenFrame().extract(frame) != FrozenFrame().extract(again)
    assert FrozenFrame().extract(np.zeros((4, 8), np.uint8)) != FrozenFrame().extract(np.zeros((8, 4), np.uint8))


def test_the_perceptual_hash_stands_still_through_recompression():
    y, x = np.mgrid[:96, :96]
    for seed in range(20):
        turns = np.random.default_rng(seed).uniform(0.05, 0.2, 2)
        scene = Image.fromarray((128 + 100 * np.sin(turns[0] * x + seed) * np.cos(turns[1] * y)).astype(np.uint8))
        value = FrozenFrame("perceptual").extract(scene)
        assert 0 <= value < 1
        assert FrozenFrame("perceptual").extract(encoded(scene, "PNG")) == value
        assert FrozenFrame().extract(encoded(scene, "JPEG", quality=60)) != FrozenFrame().extract(scene)
    flat = FrozenFrame("perceptual")
    assert flat.extract(np.full((9, 9), 3, np.uint8)) == flat.extract(np.full((50, 70), 200, np.uint8))


def test_the_perceptual_hash_is_that_of_the_tiles_means():
    frame = noise(16, (80, 90), high=128) * np.uint8(2)
    tiles = frame.reshape(8, 10, 9, 10).mean(axis=(1, 3))
    assert np.abs(np.diff(tiles, axis=1)).min() > 0.01
    wanted = FrozenFrame("perceptual").extract(np.rint(tiles).astype(np.uint8))
    assert FrozenFrame("perceptual").extract(frame) == wanted


# A fixed patch


def phash(image, patch):
    small = image.convert("L").crop(patch).resize((32, 32), Image.Resampling.LANCZOS)
    low = dctn(np.asarray(small, np.float64), type=2)[:8, :8].round(5)
    return low > np.median(low)


def test_the_patch_hash_is_the_one_that_the_cosine_transform_gives():
    images = scenes(30, seed=2)
    extractor = FixedSubpatchSimilarity(PATCH, references=1).fit(images[:1], 0)
    wanted = [int((phash(image, PATCH) != phash(images[0], PATCH)).sum()) for image in images]
    assert [extractor.extract(image) for image in images] == wanted
    assert wanted[0] == 0
    assert max(wanted) > 10


def test_what_happens_beside_the_patch_does_not_matter(learned):
    image = scenes(1)[0]
    changed = image.copy()
    changed.paste(0, (60, 0, 80, 64))
    similarity, _ = learned
    assert similarity.extract(changed) == similarity.extract(image)


def test_a_camera_that_was_moved_is_far_from_every_reference():
    room = Image.fromarray(noise(15, (20, 20))).resize((200, 200), Image.Resampling.BICUBIC)
    patch = (40, 40, 120, 120)
    light = [room.point(lambda level, gain=gain: int(level * gain)) for gain in np.linspace(0.6, 1, 12)]
    extractor = FixedSubpatchSimilarity(patch).fit(light, 3)
    assert max(extractor.extract(image) for image in light) <= 4
    moved = room.crop((25, 10, 200, 200))
    assert extractor.extract(moved) > 15


def test_a_covered_lens_gives_one_hash_whatever_its_grey():
    extractor = FixedSubpatchSimilarity(PATCH).fit([Image.new("L", (80, 64), 30)], 0)
    assert {extractor.extract(Image.new("L", (80, 64), level)) for level in range(1, 256)} == {0}


def test_an_image_that_does_not_hold_the_patch_is_refused(learned):
    with pytest.raises(ValueError, match="does not hold the patch"):
        learned[0].extract(noise(0, (59, 80)))
    with pytest.raises(ValueError, match="0 usable data"):
        FixedSubpatchSimilarity((0, 0, 100, 100)).fit(scenes(3), 0)


# DN2


def test_dn2_is_the_mean_distance_to_the_nearest_reference_embeddings():
    images = scenes(60)
    extractor = Dn2OutlierScore(k=3, references=2000).fit(images[:50], 0)
    embeddings = np.array([embed(image) for image in images])
    mean, deviation = embeddings[:50].mean(axis=0), embeddings[:50].std(axis=0)
    groups = np.split(np.arange(sum(GROUPS)), np.cumsum(GROUPS)[:-1])
    scaled = np.empty_like(embeddings)
    for group in groups:
        spread = np.maximum(deviation[group], 0.05 * np.sqrt((deviation[group] ** 2).mean()) or 1)
        scaled[:, group] = (embeddings[:, group] - mean[group]) / spread / np.sqrt(len(group))
    for image, place in zip(images[50:], scaled[50:], strict=True):
        distances = np.sort(np.linalg.norm(scaled[:50] - place, axis=1))
        assert extractor.extract(image) == pytest.approx(distances[:3].mean(), rel=2e-3)


def test_blur_raises_the_outlier_score_of_the_digits():
    images = digits(110)
    extractor = Dn2OutlierScore().fit(images[:80], 0)
    usual = np.quantile([extractor.extract(image) for image in images[80:]], 0.95)
    blurred = [extractor.extract(image.filter(ImageFilter.GaussianBlur(4))) for image in images[80:]]
    assert min(blurred) > usual
    worse = [extractor.extract(image.filter(ImageFilter.GaussianBlur(8))) for image in images[80:]]
    assert np.greater(worse, blurred).all()


def test_an_image_of_the_reference_is_among_its_own():
    images = scenes(20)
    extractor = Dn2OutlierScore(k=1, references=20).fit(images, 0)
    assert max(extractor.extract(image) for image in images) < 0.01


@pytest.mark.parametrize("image", [Image.new("L", (1, 1), 7), Image.new("RGB", (500, 2)), noise(0, (300, 300, 4))])
def test_an_image_of_any_size_and_mode_has_an_embedding(learned, image):
    assert 0 < learned[1].extract(image) < 1e3


def test_a_reference_of_one_image_over_and_over_scores_it_zero_and_others_more():
    same = scenes(1)[0]
    extractor = Dn2OutlierScore().fit([same] * 10, 0)
    assert extractor.extract(same) < 1e-3
    assert extractor.extract(scenes(2)[1]) > 0.01


def test_what_dn2_keeps_is_bounded():
    extractor = Dn2OutlierScore(references=30).fit(scenes(60), 0)
    assert extractor.fitted.references.shape == (30, sum(GROUPS))
    assert len(msgspec.json.encode(extractor)) < 20_000


def _network(channels=3, output=6, side=8, size=None):
    weight = np.random.default_rng(0).normal(size=(channels * side * side, output)).astype(np.float32)
    shape = [1, channels, size or side, size or side]
    graph = helper.make_graph(
        [helper.make_node("Flatten", ["x"], ["flat"]), helper.make_node("MatMul", ["flat", "w"], ["y"])],
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info("y", TensorProto.FLOAT, [1, output])],
        [helper.make_tensor("w", TensorProto.FLOAT, weight.shape, weight.tobytes(), raw=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString(), weight


def test_an_onnx_network_embeds_in_place_of_the_built_in_embedding():
    network, weight = _network()
    images = scenes(30)
    extractor = Dn2OutlierScore(k=2, network=network).fit(images[:20], 0)

    def by_hand(image):
        pixels = np.asarray(image.resize((8, 8), Image.Resampling.BILINEAR).convert("RGB")) / 255
        tensor = (pixels - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
        return tensor.transpose(2, 0, 1).ravel() @ weight

    embeddings = np.array([by_hand(image) for image in images])
    mean, deviation = embeddings[:20].mean(axis=0), embeddings[:20].std(axis=0)
    scaled = (embeddings - mean) / deviation / np.sqrt(6)
    for image, place in zip(images[20:], scaled[20:], strict=True):
        distances = np.sort(np.linalg.norm(scaled[:20] - place, axis=1))
        assert extractor.extract(image) == pytest.approx(distances[:2].mean(), rel=5e-3)


def test_a_network_travels_in_the_profile_or_is_handed_over_and_must_be_the_one_it_was_fitted_to():
    network, _ = _network()
    images = scenes(20)
    extractor = Dn2OutlierScore(network=network).fit(images, 0)
    assert reloaded(extractor).extract(images[0]) == extractor.extract(images[0])
    apart = msgspec.structs.replace(extractor, network=None)
    with pytest.raises(ValueError, match="fitted to the embedding sha256:"):
        reloaded(apart).extract(images[0])
    again = msgspec.structs.replace(reloaded(apart), network=network)
    assert again.extract(images[0]) == extractor.extract(images[0])
    other, _ = _network(output=7)
    with pytest.raises(ValueError, match="fitted to the embedding sha256:"):
        msgspec.structs.replace(extractor, network=other).extract(images[0])


@pytest.mark.parametrize(
    ("network", "message"),
    [
        (b"", "cannot be loaded"),
        (b"no network", "cannot be loaded"),
        (_network(channels=5)[0], "takes"),
        (_network(size=9)[0], "cannot be loaded|failed"),
        (_network(size=3000)[0], "cannot be loaded|limit"),
    ],
)
def test_a_network_that_cannot_embed_images_is_refused(network, message):
    with pytest.raises(ValueError, match=message):
        Dn2OutlierScore(network=network).fit(scenes(10), 0)


def test_without_onnxruntime_the_error_says_what_to_install(monkeypatch):
    network, _ = _network(output=5)
    monkeypatch.setitem(__import__("sys").modules, "onnxruntime", None)
    with pytest.raises(ValueError, match=r"pip install 'prediction-exporter\[onnx\]'"):
        Dn2OutlierScore(network=network).fit(scenes(10), 0)


# Laws


@pytest.mark.parametrize("make", [FixedSubpatchSimilarity(PATCH, 5), Dn2OutlierScore(k=2, references=15)], ids=repr)
def test_what_is_learned_depends_on_the_seed_and_not_on_the_order_of_the_images(make):
    images = scenes(30)
    fitted = make.fit(images, 5)
    assert make.fit(images[::-1], 5) == fitted
    assert make.fit(images, 6) != fitted


def test_a_profile_gives_back_the_same_scores(learned):
    for extractor in learned:
        again = reloaded(extractor)
        assert again == extractor
        assert [again.extract(image) for image in scenes(5, 9)] == [extractor.extract(image) for image in scenes(5, 9)]


def test_the_order_of_the_images_changes_no_value(learned):
    images = scenes(8, seed=4)
    for extractor in (*STATELESS, *learned):
        assert [extractor.extract(i) for i in images] == [extractor.extract(i) for i in images[::-1]][::-1]


def test_damaged_images_of_the_reference_are_left_out():
    images = scenes(12)
    spoilt = [b"nothing", *images, None]
    assert Dn2OutlierScore().fit(spoilt, 0) == Dn2OutlierScore().fit(images, 0)
    with pytest.raises(
        ValueError, match=r"2 usable data and 6 are needed; of 1 refused the first: 7 bytes are no sound"
    ):
        Dn2OutlierScore().fit([b"nothing", *images[:2]], 0)


@pytest.mark.parametrize("extractor", [FixedSubpatchSimilarity(PATCH), Dn2OutlierScore()], ids=repr)
def test_an_extractor_that_has_learned_nothing_says_so(extractor):
    with pytest.raises(ValueError, match="has not been fitted"):
        extractor.extract(scenes(1)[0])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("sharpness", {"size": 2}),
        ("sharpness", {"statistic": "median"}),
        ("clipping", {"margin": 128}),
        ("clipping", {"end": "left"}),
        ("colour_cast", {"channel": "pink"}),
        ("resolution", {"of": "depth"}),
        ("frozen_frame", {"hash": "md5"}),
        ("fixed_subpatch_similarity", {"patch": [0, 0, 0, 5]}),
        ("fixed_subpatch_similarity", {"patch": [0, 0, 5, 5], "references": 101}),
        ("fixed_subpatch_similarity", {"patch": [0, 0, 5, 5], "fitted": ["xyz"]}),
        ("fixed_subpatch_similarity", {"patch": [0, 0, 5, 5], "fitted": []}),
        ("dn2_outlier_score", {"k": 0}),
        ("dn2_outlier_score", {"k": 20, "references": 10}),
        ("dn2_outlier_score", {"references": 2001}),
    ],
)
def test_options_out_of_range_are_refused_from_files_and_from_python(name, options):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(options, DATA[name])
    if "fitted" not in options:
        with pytest.raises(ValueError, match="write"):
            DATA[name](**options)
