"""The example of a plug-in package: installed as anybody would, used in a build, a replay and in Python."""

import io
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from pictures import pictures
from PIL import Image
from shop import read, value

from exporter.client import PredictionLog

EXAMPLE = Path(__file__).parent.parent / "examples" / "plugin"
CONFIG = """\
models: [{profile: profiles/gate@1.0.0.json, windows: [1000 rows]}]
sources: [file: {path: logs/*.jsonl}]
"""

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A directory into which the package is installed."""
    directory = tmp_path_factory.mktemp("installed")
    source = shutil.copytree(EXAMPLE, tmp_path_factory.mktemp("source") / "plugin")
    uv = [str(Path(sys.executable).parent / "uv"), "pip", "install", "--quiet", "--no-deps", "--python", sys.executable]
    for options in (["--offline"], []):  # what builds packages is in the cache since this project was installed
        command = [*uv, *options, "--target", str(directory), str(source)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if not done.returncode:
            return directory
    raise AssertionError(done.stderr)


@pytest.fixture
def run(tmp_path, installed):
    """Run the program, or Python, where the package is installed (or is not)."""

    def run(*arguments, code=None, there=True):
        path = {"PYTHONPATH": str(installed)} if there else {}
        command = [sys.executable, *(("-c", code) if code else ("-m", "exporter", *arguments))]
        return subprocess.run(
            command, cwd=tmp_path, env=os.environ | path, capture_output=True, text=True, timeout=60, check=False
        )

    return run


def block(language):
    """Return the first block of a language in the example's README."""
    return re.search(rf"```{language}\n(.*?)```", (EXAMPLE / "README.md").read_text(), re.DOTALL)[1]


def squeezed(image, quality):
    """Return an image as JPEG leaves it."""
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(file)


def expected(image):
    pixels = np.asarray(image.convert("L"), np.float64)
    steps = np.abs(pixels[:, 1:] - pixels[:, :-1]).mean(axis=0)
    border = np.isin(np.arange(1, pixels.shape[1]), range(8, pixels.shape[1], 8))
    return (steps[border].mean() + 1) / (steps[~border].mean() + 1)


@pytest.fixture
def place(tmp_path, run):
    """A directory with logs of sharp and of squeezed images, and a profile of the sharp ones."""
    shown, _, _ = pictures(60, seed=1)
    for name, images in (("reference", shown), ("predictions", [squeezed(image, 5) for image in shown[:30]])):
        with PredictionLog(tmp_path / "logs" / f"{name}.jsonl", model="gate", version="1.0.0") as log:
            for row, image in enumerate(images):
                log.prediction(f"{name}-{row}", input={"image": image}, output={"open": "yes"})
    (tmp_path / "profile.yml").write_text(block("yaml"))
    (tmp_path / "exporter.yml").write_text(CONFIG)
    build = re.search(r"\nprediction-exporter (profile build .*)\n", (EXAMPLE / "README.md").read_text())[1]
    done = run(*build.split())
    assert done.returncode == 0, done.stderr
    return tmp_path


def test_a_profile_is_built_with_the_example_and_a_log_is_replayed(place, run):
    profile = json.loads((place / "profiles" / "gate@1.0.0.json").read_text())
    assert profile["components"][0]["spec"]["extractor"] == {"blockiness": {"side": 8}}
    done = run("replay", "logs/predictions.jsonl")
    assert done.returncode == 0, done.stderr
    found = read(done.stdout.encode())
    values = [expected(squeezed(image, 5)) for image in pictures(60, seed=1)[0][:30]]
    assert value(found, "model_component_value_count", component="blockiness") == 30
    assert value(found, "model_component_value_sum", component="blockiness") == pytest.approx(sum(values))
    assert min(values) > 1.5
    above = value(found, "model_component_invalid_total", component="blockiness", reason="above")
    assert above == 30


@pytest.mark.usefixtures("place")
def test_check_names_the_example(run):
    assert "plug-ins of other packages: extractor blockiness" in run("check").stdout


@pytest.mark.usefixtures("place")
def test_the_example_in_python_does_what_its_readme_says(run):
    code = f"""
import sys
sys.path.insert(0, {str(Path(__file__).parent)!r})
from pictures import pictures
images = pictures(60, seed=1)[0]
{block("python")}
print(tags)
profile.save(".")
again = ModelProfile.load("gate@1.0.0.json")
print(again.validate_input(images[0]) == tags, again.validate_input("no image")[0]["value"])
"""
    done = run(code=code)
    assert done.returncode == 0, done.stderr
    tags, rest = done.stdout.splitlines()
    number = float(re.search(r"'name': 'blockiness', 'value': ([\d.]+)", tags)[1])
    assert number == pytest.approx(expected(pictures(60, seed=1)[0][0]))
    assert rest == "True extractor"


@pytest.mark.usefixtures("place")
def test_without_the_package_a_profile_that_needs_it_is_refused_by_its_name(run):
    done = run("check", there=False)
    assert done.returncode == 1
    assert "components[0].extractor: unknown extractor 'blockiness'" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("place")
def test_an_option_out_of_range_is_said_with_the_line_of_the_spec(run, place):
    (place / "profile.yml").write_text(block("yaml").replace("side: 8", "side: 1"))
    done = run("profile", "build", "--reference", "logs/reference.jsonl")
    assert done.returncode == 1
    assert "profile.yml:5: components[0].extractor.blockiness: write a side of 2 to 1024" in done.stderr
