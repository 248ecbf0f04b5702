"""Images, arrays and long bytes of a record: in files beside the log, whole before the line that names them."""

import io
import json
import threading
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from exporter.client import PredictionLog, files, intake

NEVER = 3600.0
RED = (255, 0, 0)


class Looker:
    """A profile that has nothing to say."""

    def __getattr__(self, _):
        return lambda _: []


@pytest.fixture
def path(tmp_path):
    return tmp_path / "logs" / "predictions.jsonl"


@pytest.fixture
def log(path):
    with PredictionLog(path, flush_seconds=NEVER) as log:
        yield log


def records(log, path):
    assert log.flush()
    return [json.loads(line) for line in path.read_bytes().splitlines()]


def picture(mode="RGB", size=(40, 30), colour=None):
    return Image.new(mode, size, colour)


def photo(seed=0):
    return np.random.default_rng(seed).integers(0, 256, (80, 60, 3), np.uint8)


def test_an_image_goes_beside_the_log_and_the_record_names_it(log, path):
    with log.trace("7f3a", input={"image": picture(colour=RED)}) as trace:
        trace.log("resized", picture(size=(4, 3)))
        trace.output = {"label": 3}
    (record,) = records(log, path)
    assert record["input"] == {"image": "images/7f3a-image.png"}
    assert record["data"] == {"resized": "images/7f3a-resized.png"}
    with Image.open(path.parent / record["input"]["image"]) as image:
        assert (image.size, image.getpixel((0, 0))) == ((40, 30), RED)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGB", "RGBA", "CMYK", "YCbCr", "HSV", "LAB", "I", "I;16", "F"])
def test_an_image_of_any_mode_can_be_opened_again(log, path, mode):
    log.prediction("a", input=picture(mode))
    (record,) = records(log, path)
    assert record["input"] == "images/a-input.png"
    with Image.open(path.parent / record["input"]) as image:
        image.load()
        assert image.size == (40, 30)
    assert not log.dropped


def test_an_image_is_found_wherever_it_is(log, path):
    @dataclass
    class Page:
        number: int
        scan: object

    log.prediction("a", input=Page(1, picture()), output=[{"page": Page(2, (picture(),))}])
    (record,) = records(log, path)
    assert record["input"] == {"number": 1, "scan": "images/a-scan.png"}
    assert record["output"] == [{"page": {"number": 2, "scan": ["images/a-output-0-page-scan-0.png"]}}]
    assert not log.faults


def test_what_the_caller_draws_afterwards_is_not_in_the_file(log, path):
    image, array = picture(colour=RED), photo()
    was = array.copy()
    with log.trace("a", input={"image": image, "array": array}):
        image.putpixel((0, 0), (0, 0, 0))
        array[:] = 0
    (record,) = records(log, path)
    with Image.open(path.parent / record["input"]["image"]) as image:
        assert image.getpixel((0, 0)) == RED
    with Image.open(path.parent / record["input"]["array"]) as image:
        assert np.array_equal(np.asarray(image), was)


@pytest.mark.parametrize("shape", [(100, 90), (100, 90, 1), (50, 90, 3), (50, 90, 4)])
def test_an_array_of_pixels_is_written_as_the_image_that_it_is(log, path, shape):
    array = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    log.prediction("a", input=array)
    (record,) = records(log, path)
    with Image.open(path.parent / record["input"]) as image:
        assert np.array_equal(np.asarray(image).reshape(shape), array)


@pytest.mark.parametrize(
    "array",
    [
        np.linspace(0, 1, 5000),
        np.ones((3, 50, 60), np.float32)[:, ::2, ::-1],
        np.asfortranarray(np.arange(4000).reshape(50, 80)),
        np.zeros((100, 100, 5), np.uint8),
        np.zeros((0, 3, 10_000), np.uint8),
        np.arange(3000).astype(">i4"),
    ],
    ids=lambda array: f"{array.dtype}{array.shape}",
)
def test_a_large_array_of_other_numbers_is_written_as_npy(log, path, array):
    log.prediction("a", input={"vector": array})
    (record,) = records(log, path)
    if array.nbytes <= files.ARRAY_BYTES:
        assert record["input"] == {"vector": array.tolist()}
        return
    assert record["input"] == {"vector": "images/a-vector.npy"}
    again = np.load(path.parent / record["input"]["vector"])
    assert again.dtype == array.dtype
    assert np.array_equal(again, array)


@pytest.mark.parametrize(("kind", "suffix"), [("PNG", ".png"), ("JPEG", ".jpg"), ("GIF", ".gif"), ("WEBP", ".webp")])
def test_the_bytes_of_an_image_file_are_kept_as_they_are(log, path, kind, suffix):
    buffer = io.BytesIO()
    Image.fromarray(photo()).save(buffer, kind, quality=100)
    content = buffer.getvalue() + bytes(500_000)
    log.prediction("a", input={"upload": content, "fare": 1.5})
    (record,) = records(log, path)
    assert record["input"] == {"upload": f"images/a-upload{suffix}", "fare": 1.5}
    assert (path.parent / record["input"]["upload"]).read_bytes() == content


def test_what_behaves_like_an_array_is_written_like_one(log, path):
    class Tensor:
        nbytes = 40_000

        def __array__(self):
            return np.zeros(5000)

    log.prediction("a", input=Tensor())
    assert records(log, path)[0]["input"] == "images/a-input.npy"


def test_a_large_array_of_objects_becomes_its_repr(log, path):
    log.prediction("a", input={"odd": np.array([None] * 5000), "fare": 1.5})
    (record,) = records(log, path)
    assert record["input"]["odd"].startswith("array([None")
    assert record["input"]["fare"] == 1.5
    assert log.faults == {"repr": 1}


@pytest.mark.parametrize("name", ["../../etc/passwd", "a/b", ".", "..", "x" * 500, "caf\u00e9", "a b", "a\0b", ""])
def test_no_id_leads_out_of_the_directory_or_to_the_file_of_another(log, path, name):
    ids = [log.prediction(name, input=picture()), log.prediction(f"{name}_", input=picture())]
    found = records(log, path)
    files = sorted((path.parent / "images").iterdir())
    assert [record["id"] for record in found] == ids
    assert sorted(record["input"] for record in found) == [f"images/{file.name}" for file in files]
    assert len(files) == 2
    assert not log.dropped


def test_images_of_one_record_do_not_overwrite_each_other(log, path):
    with log.trace(
        "a", input={"image": picture(size=(1, 1)), "pages": [picture(size=(2, 2)), picture(size=(3, 3))]}
    ) as trace:
        trace.log("image", picture(size=(4, 4)))
        trace.output = {"image": picture(size=(5, 5))}
    (record,) = records(log, path)
    names = [record["input"]["image"], *record["input"]["pages"], record["data"]["image"], record["output"]["image"]]
    for size, name in enumerate(names, 1):
        with Image.open(path.parent / name) as image:
            assert image.size == (size, size)


def test_an_image_may_come_after_a_thousand_plain_records(log, path):
    for _ in range(11):
        for _ in range(110):
            log.prediction("plain", input={"fare": 1.5})
        log.flush()
    log.prediction("a", input={"image": picture(), "fare": 1.5}, output={"label": 3})
    record = records(log, path)[-1]
    assert (record["input"], record["output"]) == ({"image": "images/a-image.png", "fare": 1.5}, {"label": 3})
    assert (path.parent / "images" / "a-image.png").exists()


def test_records_go_without_their_images_when_too_many_wait(log, path, monkeypatch):
    monkeypatch.setattr(intake, "TASKS", 2)
    for number in range(5):
        log.prediction(str(number), input={"image": picture()})
    assert {record["id"] for record in records(log, path)} == {"0", "1", "2", "3", "4"}
    assert len(list((path.parent / "images").iterdir())) == 2
    assert (log.dropped, log.faults) == ({"file": 3}, {"busy": 3})
    assert log._flusher._finisher._store.pending == 0


def test_a_file_that_cannot_be_put_in_place_leaves_nothing_behind(log, path, monkeypatch):
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("no")))
    log.prediction("a", input=picture())
    records(log, path)
    assert list((path.parent / "images").iterdir()) == []
    assert log.dropped == {"file": 1}


def test_an_image_does_not_take_the_name_of_another_one_of_its_record(log, path):
    with log.trace("a", input={"image-1": picture(size=(1, 1)), "image": picture(size=(2, 2))}) as trace:
        trace.log("image", picture(size=(3, 3)))
    (record,) = records(log, path)
    names = {*record["input"].values(), *record["data"].values()}
    assert len(names) == len(list((path.parent / "images").iterdir())) == 3


@pytest.mark.parametrize("durable", [False, True])
def test_images_are_written_by_the_background_thread(path, durable, monkeypatch):
    threads = []

    def encoded(content):
        threads.append(threading.current_thread().name)
        return content.tobytes()

    monkeypatch.setattr(files, "encoded", encoded)
    with PredictionLog(path, durable=durable, flush_seconds=0.01) as log:
        log.prediction("a", input=picture())
        deadline = time.monotonic() + 5
        while not (path.parent / "images" / "a-input.png").exists():
            assert time.monotonic() < deadline
            time.sleep(0.005)
    assert threads == ["prediction-log"]
    assert json.loads(path.read_bytes())["input"] == "images/a-input.png"


def test_a_file_is_there_before_the_line_that_names_it(log, path, monkeypatch):
    encoded, lines = files.encoded, []

    def look(content):
        lines.append(path.read_bytes() if path.exists() else b"")
        return encoded(content)

    monkeypatch.setattr(files, "encoded", look)
    log.prediction("a", input=picture())
    records(log, path)
    assert lines == [b""]


def test_an_image_that_cannot_be_written_costs_itself_only(log, path):
    image = picture()
    image.copy = lambda: image
    image.save = lambda *_, **__: (_ for _ in ()).throw(OSError("broken"))
    log.prediction("a", input={"image": image, "fare": 1.5})
    (record,) = records(log, path)
    assert record["input"]["fare"] == 1.5
    assert log.dropped == {"file": 1}
    assert list((path.parent / "images").iterdir()) == []


def test_an_image_that_cannot_be_copied_becomes_its_repr(log, path):
    image = picture()
    image.copy = lambda: (_ for _ in ()).throw(OSError("truncated"))
    log.prediction("a", input={"image": image, "fare": 1.5})
    (record,) = records(log, path)
    assert record["input"]["fare"] == 1.5
    assert record["input"]["image"].startswith("<PIL")
    assert log.faults == {"repr": 1}


def test_copies_that_wait_are_bounded(log, path, monkeypatch):
    monkeypatch.setattr(files, "PENDING_BYTES", 10_000)
    for number in range(5):
        log.prediction(str(number), input={"image": picture()})
    found = {int(record["id"]): record["input"]["image"] for record in records(log, path)}
    assert [found[number] is None for number in range(5)] == [False, False, True, True, True]
    assert log.dropped == {"file": 3}
    assert log._flusher._finisher._store.pending == 0
    log.prediction("later", input={"image": picture()})
    assert records(log, path)[-1]["input"]["image"]


@pytest.mark.parametrize("profile", [None, Looker()], ids=["alone", "profile"])
def test_images_that_are_not_logged_after_all_leave_room_for_others(path, monkeypatch, profile):
    monkeypatch.setattr(files, "PENDING_BYTES", 10_000)
    with PredictionLog(path, profile=profile, flush_seconds=NEVER) as log:
        for number in range(5):
            log.trace(number, input=picture())  # never closed
            log.trace(number, input=picture()).discard()
            log.actual(number, {"mask": picture(), "text": "x" * 2_000_000})  # too long
        log.prediction("a", input={"image": picture()})
        assert records(log, path)[-1]["input"]["image"] == "images/a-image.png"
    assert log.dropped == {"failed": 5}


def test_the_oldest_files_make_room_for_new_ones(path, monkeypatch):
    monkeypatch.setattr(files, "TIDY_SECONDS", 0)
    with PredictionLog(path, image_bytes=50_000, flush_seconds=NEVER) as log:
        for number in range(10):
            log.prediction(str(number), input=photo(number))
            log.flush()
            time.sleep(0.002)
            total = sum(file.stat().st_size for file in (path.parent / "images").iterdir())
            assert min(number, 2) * 14_000 < total <= 50_000
    left = sorted((path.parent / "images").iterdir(), key=lambda file: file.stat().st_mtime_ns)
    assert 0 < sum(file.stat().st_size for file in left) <= 50_000
    assert [file.name for file in left] == [f"{number}-input.png" for number in range(10 - len(left), 10)]


def test_images_of_what_is_not_sampled_are_not_even_copied(path):
    image = picture()
    image.copy = lambda: pytest.fail("copied")
    with PredictionLog(path, sample=0) as log:
        with log.trace("a", input=image) as trace:
            trace.log("resized", image)
            trace.output = image
        log.prediction("b", input=image)
    assert not path.exists()


@pytest.mark.parametrize("durable", [False, True])
def test_a_profile_sees_the_image_itself(path, durable):
    seen = []

    class Profile:
        def validate_input(self, datum):
            seen.extend(image.getpixel((0, 0)) for image in (datum["image"], *datum["pages"]))
            return [{"name": "sharpness", "value": 0.0, "type": "profile-input"}]

    with PredictionLog(path, profile=Profile(), durable=durable) as log:
        log.prediction("a", input={"image": picture(colour=RED), "pages": [picture(colour=RED)]})
    record = json.loads(path.read_bytes())
    assert seen == [RED, RED]
    assert record["input"] == {"image": "images/a-image.png", "pages": ["images/a-pages-0.png"]}
    assert record["values"] == {"input": {"sharpness": 0.0}}


def test_a_storm_of_images_loses_none_within_the_limit(path):
    with PredictionLog(path, flush_seconds=NEVER) as log:
        for number in range(600):
            log.prediction(str(number), input={"image": picture(size=(2, 2))})
    found = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert len(found) == 600
    assert all((path.parent / record["input"]["image"]).exists() for record in found)
    assert not log.dropped


def test_an_image_in_a_storm_of_records_is_written_before_its_line_too(path, monkeypatch):
    encoded, lines = files.encoded, []

    def look(content):
        lines.append(path.read_bytes().count(b"images/"))
        return encoded(content)

    monkeypatch.setattr(files, "encoded", look)
    with PredictionLog(path, flush_seconds=NEVER) as log:
        for number in range(600):
            log.prediction(str(number), input={"fare": 1.5})
        log.prediction("a", input={"image": picture()})
    assert lines == [0]
    assert json.loads(path.read_bytes().splitlines()[-1])["input"] == {"image": "images/a-image.png"}
    assert (path.parent / "images" / "a-image.png").exists()
