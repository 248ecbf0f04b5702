"""Images and arrays that records name: what is read of them, from the client's log to the metrics."""

import base64
import json
import os
import threading

import msgspec
import numpy as np
import pytest
from hostile import ARRAYS, HOSTILE, LIMIT, SNAPPED, bomb, furnish, hurry, noise, npy, png
from pictures import pictures
from PIL import Image
from running import Site, until
from shop import read, value

from exporter import config
from exporter.app import App, replay
from exporter.cli import main
from exporter.client import PredictionLog
from exporter.decoders.files import Later, is_path
from exporter.extractors import DATA
from exporter.sources import FileConfig, images
from exporter.sources.beneath import FileError, content
from exporter.sources.images import Images


@pytest.fixture
def root(tmp_path):
    return furnish(tmp_path)


# -- what a text is


@pytest.mark.parametrize(
    ("text", "path"),
    [
        ("images/7f3a-image.png", True),
        ("a.npy", True),
        ("/data/a.jpg", True),
        (base64.b64encode(b"x" * 999).decode(), False),
        ("data:image/vnd.microsoft.icon;base64,AAAA", False),
        ("", False),
        ("x" * 5000 + ".png", False),
    ],
)
def test_a_path_is_told_from_an_image_in_base64(text, path):
    assert is_path(text) is path


# -- what is read


def test_an_image_is_read_decoded_and_an_array_as_it_is(root):
    (root / "images" / "c.png").write_bytes(png(noise()))
    (root / "d.npy").write_bytes(npy(np.arange(6.0).reshape(2, 3)))
    (root / "e.wav").write_bytes(b"RIFF....WAVE")
    files = Images(root)
    assert np.array_equal(np.asarray(files.read("images/c.png")), np.asarray(noise()))
    assert np.array_equal(files.read("d.npy"), np.arange(6.0).reshape(2, 3))
    assert files.read("e.wav") == b"RIFF....WAVE"
    assert np.array_equal(np.asarray(files.read(base64.b64encode(png(noise())).decode())), np.asarray(noise()))
    assert files.read("no image at all") == "no image at all"
    for datum in (None, 3, 2.5, [1.0, 2.0], {"a": 1}):
        assert files.read(datum) is datum
    assert files.take_refused() == {}


def test_a_file_is_read_once_for_all_extractors_of_a_record(root, monkeypatch):
    reads = []

    def counting(start, path, limit):
        reads.append(path)
        return content(start, path, limit)

    monkeypatch.setattr(images.beneath, "content", counting)
    (root / "c.png").write_bytes(png(noise()))
    files = Images(root)
    for _ in range(3):
        files.enter("")
        assert files.read("c.png") is files.read("c.png")
        for _ in range(3):
            files.read("c.png")
            with pytest.raises(FileError):
                files.read("gone.png")
    assert reads == ["c.png", "gone.png"] * 3


def test_a_file_that_cannot_be_read_is_counted_once_a_record_and_logged_once_a_reason(root, caplog):
    files = Images(root, LIMIT)
    for _ in range(3):
        files.enter("")
        for path in ("gone.png", "gone.png", "/etc/passwd.png", "fuller.png", "link.png"):
            with pytest.raises(FileError):
                files.read(path)
    assert files.take_refused() == {"missing": 3, "outside": 3, "too_large": 3, "not_a_file": 3}
    assert files.take_refused() == {}
    told = [record.message for record in caplog.records]
    assert sorted(told) == sorted(
        [
            "cannot read 'gone.png': No such file or directory",
            f"cannot read '/etc/passwd.png': it does not lead below {root}",
            "cannot read 'fuller.png': it has more than 1,000 bytes",
            "cannot read 'link.png': it is no regular file",
        ]
    )


def test_a_path_is_logged_short_and_without_what_a_terminal_would_obey(root, caplog):
    with pytest.raises(FileError):
        Images(root).read("\x1b[2J\n.png" + "x" * 4000)
    (record,) = caplog.records
    assert record.message.startswith(r"cannot read '\x1b[2J\n.pngxxx")
    assert len(record.message) < 300


def test_paths_start_at_the_root_or_else_at_the_directory_of_the_log(root, tmp_path):
    own = Images()
    with pytest.raises(FileError) as caught:
        own.read("images/a.png")
    assert caught.value.reason == "no_root"
    own.enter(str(root))
    assert own.read("images/a.png") == b"an image"
    own.enter(str(root / "images"))
    assert own.read("deep/b.png") == b"another"
    own.enter("")
    with pytest.raises(FileError):
        own.read("deep/b.png")
    given_one = Images(root)
    given_one.enter(str(tmp_path))
    assert given_one.read("images/a.png") == b"an image"


def test_what_is_read_later_starts_where_its_record_was(root):
    files = Images()
    files.enter(str(root))
    later = files.later("images/a.png")
    text = base64.b64encode(png(noise())).decode()
    assert files.later(text) is text
    files.enter("/")
    assert isinstance(later, Later)
    assert later.read() == b"an image"


# -- each extractor of images sees the same in a file as in memory

IMAGES = {
    "grey": noise(),
    "colour": Image.merge("RGB", [noise(1), noise(2), noise(3)]),
    "transparent": Image.merge("RGBA", [noise(1), noise(2), noise(3), noise(4)]),
    "palette": Image.merge("RGB", [noise(1), noise(2), noise(3)]).quantize(16),
    "bits": noise().convert("1"),
    "sixteen bits": Image.fromarray(np.arange(1200, dtype=np.uint16).reshape(30, 40) * 50),
}


def turned(image):
    exif = Image.Exif()
    exif[0x0112] = 6
    return png(image, exif=exif)


OF_IMAGES = ["sharpness", "avg_intensity", "contrast", "clipping", "colour_cast", "resolution", "frozen_frame"]


@pytest.mark.parametrize("name", OF_IMAGES)
def test_an_extractor_gives_the_same_of_a_file_as_of_its_bytes(root, name):
    extractor = msgspec.convert({"of": "width"} if name == "resolution" else {}, DATA[name])
    for place, (kind, image) in enumerate(IMAGES.items()):
        for data in (png(image), turned(image)):
            (root / f"{place}.png").write_bytes(data)
            files = Images(root)
            files.enter("")
            assert extractor.extract(files.read(f"{place}.png")) == extractor.extract(data), kind


def test_all_extractors_of_images_and_vectors_read_files_and_those_of_text_and_pairs_do_not():
    reading = {name for name, extractor in DATA.items() if getattr(extractor, "reads_files", False)}
    assert set(DATA) - reading == {
        "element",
        "text_length",
        "word_count",
        "oov_ratio",
        "non_letter_ratio",
        "correlation",
        "ranking",
        "relevance",
    }


# -- from the client's log to the metrics

SPEC = """\
name: discs
version: "1"
components:
  - {name: sharpness, element: input.image, extractor: {sharpness: {}}}
  - {name: intensity, element: input.image, extractor: {avg_intensity: {}}}
  - {name: outlier, element: input.image, extractor: {dn2_outlier_score: {k: 3}}}
  - {name: margin, element: output.scores, extractor: {class_margin: {scale: weights}}}
  - {name: label, element: output.label, dtype: category}
"""
CONFIG = """\
evaluation_interval: 100ms
models: [{{profile: discs@1.json, windows: [1000 rows]}}]
sources: [{source}]
limits: {{image_bytes: 1_000_000}}
"""
MODEL = {"model": "discs", "version": "1"}


def weights(seed):
    return np.random.default_rng(seed).random(2000)


def write(directory, number=60, seed=1):
    """Log pictures and arrays by the client; returns them."""
    shown, output, _ = pictures(number, seed)
    scores = [weights(seed * 1000 + row) for row in range(number)]
    with PredictionLog(directory / "predictions.jsonl", **MODEL) as log:
        for row, (image, (label,), vector) in enumerate(zip(shown, output, scores, strict=True)):
            with log.trace(f"{seed}-{row}", input={"image": image}) as trace:
                trace.output = {"label": str(label), "scores": vector}
    return shown, scores


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A directory with a reference log and a profile that was built of it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reference").mkdir()
    write(tmp_path / "reference")
    (tmp_path / "profile.yml").write_text(SPEC)
    assert main(["profile", "build", "--reference", "reference/predictions.jsonl", "-o", "."]) == 0
    return tmp_path


def configured(place, source="file: {path: logs/*.jsonl, name: log, poll_interval: 0.01}"):
    (place / "exporter.yml").write_text(CONFIG.format(source=source))
    return config.load("exporter.yml")


def buckets(found, component):
    """The cumulative counts of a component by upper edge."""
    return {
        float(dict(labels)["le"]): count
        for (name, labels), count in found.items()
        if name == "model_component_value_bucket" and dict(labels)["component"] == component
    }


def counted(found, component, values):
    edges = buckets(found, component)
    assert len(edges) > 3
    return edges, {edge: float(sum(number <= edge for number in values)) for edge in edges}


def refused(found):
    return {
        dict(labels)["reason"]: int(count)
        for (name, labels), count in found.items()
        if name == "prediction_exporter_files_refused_total" and count
    }


def directly(name, data, **options):
    extractor = msgspec.convert(options, DATA[name])
    return [extractor.extract(datum) for datum in data]


def test_a_replay_of_what_the_client_wrote_gives_what_direct_extraction_gives(place):
    (place / "logs").mkdir()
    shown, scores = write(place / "logs", 40, seed=2)
    found = read(replay(configured(place), ["logs/predictions.jsonl"]))
    for component, values in (
        ("sharpness", directly("sharpness", shown)),
        ("intensity", directly("avg_intensity", shown)),
        ("margin", directly("class_margin", scores, scale="weights")),
    ):
        edges, expected = counted(found, component, values)
        assert edges == expected
        assert value(found, "model_component_value_sum", component=component) == pytest.approx(sum(values))
    assert value(found, "model_component_value_count", component="outlier") == 40
    assert refused(found) == {}


def test_the_profile_of_files_is_that_of_the_same_data_in_the_log(place, tmp_path):
    inline = tmp_path / "inline.jsonl"
    with inline.open("w") as log:
        for line in (place / "reference" / "predictions.jsonl").read_text().splitlines():
            record = json.loads(line)
            image = (place / "reference" / record["input"]["image"]).read_bytes()
            record["input"]["image"] = base64.b64encode(image).decode()
            record["output"]["scores"] = np.load(place / "reference" / record["output"]["scores"]).tolist()
            log.write(json.dumps(record) + "\n")
    by_path = json.loads((place / "discs@1.json").read_text())
    assert main(["profile", "build", "--reference", str(inline), "-o", "."]) == 0
    by_value = json.loads((place / "discs@1.json").read_text())
    assert by_path["components"] == by_value["components"]


def test_a_running_exporter_reads_the_images_beside_each_log(place):
    for machine in ("one", "two"):
        (place / "logs" / machine).mkdir(parents=True)
    configuration = configured(place, "file: {path: logs/*/*.jsonl, name: log, poll_interval: 0.01}")
    app = App(configuration, "exporter.yml", ["127.0.0.1:0"])
    app.start()
    try:
        shown = [*write(place / "logs" / "one", 20, seed=3)[0], *write(place / "logs" / "two", 20, seed=4)[0]]
        found = until(app.addresses[0], lambda found: value(found, "model_predictions_total") == 40)
    finally:
        app.stop()
    edges, expected = counted(found, "sharpness", directly("sharpness", shown))
    assert edges == expected
    assert refused(found) == {}


def test_images_may_lie_below_another_root(place, capsysbinary):
    (place / "logs").mkdir()
    shown, _ = write(place / "logs", 20, seed=5)
    (place / "logs" / "images").rename(place / "images")
    source = "file: {path: logs/*.jsonl, images: .}"
    assert refused(read(replay(configured(place), ["logs/predictions.jsonl"]))) == {"missing": 40}
    for options, text in (([], source), (["--images", "."], "file: {path: logs/*.jsonl}")):
        configured(place, text)
        capsysbinary.readouterr()
        assert main(["replay", "logs/predictions.jsonl", *options]) == 0
        found = read(capsysbinary.readouterr().out)
        edges, expected = counted(found, "sharpness", directly("sharpness", shown))
        assert edges == expected
        assert refused(found) == {}


def test_a_profile_is_built_of_images_below_another_root(place, capsys):
    before = json.loads((place / "discs@1.json").read_text())["components"]
    (place / "reference" / "images").rename(place / "images")
    (place / "discs@1.json").unlink()
    assert main(["profile", "build", "--reference", "reference/predictions.jsonl", "-o", "."]) == 1
    assert "failed reads of images and arrays: missing 150" in capsys.readouterr().err
    assert main(["profile", "build", "--images", ".", "--reference", "reference/predictions.jsonl", "-o", "."]) == 0
    assert json.loads((place / "discs@1.json").read_text())["components"] == before
    assert "failed reads" not in capsys.readouterr().err


def test_some_images_that_are_missing_from_the_reference_cost_only_themselves(place, capsys):
    for image in sorted((place / "reference" / "images").glob("*.png"))[:10]:
        image.unlink()
    assert main(["profile", "build", "--reference", "reference/predictions.jsonl", "-o", "."]) == 0
    assert "failed reads of images and arrays: missing " in capsys.readouterr().err
    components = {c["spec"]["name"]: c for c in json.loads((place / "discs@1.json").read_text())["components"]}
    assert components["sharpness"]["presence"]["extractor"] == 10
    assert components["margin"]["presence"].get("extractor", 0) == 0


def hostile_lines(root):
    paths = [path.replace("{root}", str(root)) for path in HOSTILE if "." in path and len(path) < 400]
    return [{"id": str(n), **MODEL, "input": {"image": path}, "output": {"label": "1"}} for n, path in enumerate(paths)]


def test_hostile_paths_in_a_log_are_counted_and_cost_only_themselves(place, tmp_path):
    (tmp_path / "there").mkdir()
    root = furnish(tmp_path / "there")
    (root / "bomb.png").write_bytes(bomb(60_000, 60_000))
    (root / "long.png").write_bytes(bomb(4000, 4000))
    (root / "pickled.npy").write_bytes(ARRAYS["pickled"])
    (root / "good.png").write_bytes(png(noise()))
    lines = hostile_lines(root)
    more = ["bomb.png", "long.png", "pickled.npy", "good.png"]
    lines += [{"id": name, **MODEL, "input": {"image": name}, "output": {"label": "1"}} for name in more]
    (root / "log.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    with hurry(60):
        found = read(replay(configured(place), [str(root / "log.jsonl")]))
    assert value(found, "model_predictions_total") == len(lines)
    assert value(found, "model_component_value_count", component="sharpness") == 1
    assert value(found, "model_component_invalid_total", component="sharpness", reason="extractor") == len(lines) - 1
    reasons = refused(found)
    assert set(reasons) == {"outside", "not_a_file", "missing", "too_large", "unreadable"}
    assert sum(reasons.values()) == len(hostile_lines(root)) - 2  # two lead to files that are no images
    assert not SNAPPED.exists()


def test_of_standard_input_images_are_read_only_where_their_root_is_said(place, monkeypatch):
    (place / "logs").mkdir()
    write(place / "logs", 10, seed=6)
    log = (place / "logs" / "predictions.jsonl").read_bytes()

    def run(source):
        reader, writer = os.pipe()
        os.write(writer, log)
        os.close(writer)
        with os.fdopen(reader) as pipe:
            monkeypatch.setattr("sys.stdin", pipe)
            app = App(configured(place, source), "exporter.yml", ["127.0.0.1:0"])
            app.start()
            try:
                return until(app.addresses[0], lambda found: value(found, "model_predictions_total") == 10)
            finally:
                app.stop()

    assert refused(run("stdin: {}")) == {"no_root": 20}
    found = run("stdin: {images: logs}")
    assert refused(found) == {}
    assert value(found, "model_component_value_count", component="sharpness") == 10


def test_an_image_over_the_limit_of_the_configuration_is_refused(place):
    (place / "logs").mkdir()
    write(place / "logs", 3, seed=7)
    configured(place)
    text = (place / "exporter.yml").read_text().replace("1_000_000", "1024")
    (place / "exporter.yml").write_text(text)
    assert refused(read(replay(config.load("exporter.yml"), ["logs/predictions.jsonl"]))) == {"too_large": 6}


def test_the_counters_of_refused_files_are_there_before_the_first_file(tmp_path):
    site = Site(tmp_path)
    with site.running() as app:
        found = until(app.addresses[0], lambda _: True)
    reasons = {dict(labels)["reason"] for name, labels in found if name == "prediction_exporter_files_refused_total"}
    assert reasons == set(images.REASONS)


def test_a_chunk_says_in_which_directory_its_file_was_first(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    (tmp_path / "a" / "x.log").write_text("{}\n")
    (tmp_path / "b" / "x.log").write_text("{}\n")
    source = FileConfig(path=tmp_path / "*" / "x.log").open(1024, follow=False)
    found = {chunk.directory for chunk in source.chunks(threading.Event()) if chunk.data}
    assert found == {str(tmp_path / "a"), str(tmp_path / "b")}
