"""The example of a camera that goes out of focus: run as a newcomer would, and its words are held to what it logged."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import running
import shop
from PIL import Image

from exporter import ModelProfile
from exporter.cli import main

EXAMPLE = Path(__file__).parent.parent / "examples" / "retinopathy"
MACHINES, WEEKS, A_WEEK = "1234", "12", 100

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """A directory in which the example has run."""
    place = tmp_path_factory.mktemp("retinopathy")
    shutil.copytree(EXAMPLE, place, dirs_exist_ok=True, ignore=shutil.ignore_patterns("run", "__pycache__"))
    program = [sys.executable, "-W", "error", "retinopathy.py"]
    environment = os.environ | {"TMPDIR": str(place)}
    done = subprocess.run(program, check=False, cwd=place, env=environment, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stderr) == (0, "")
    (place / "printed").write_text(done.stdout)
    return place


@pytest.fixture(scope="module")
def paragraphs(place):
    """What was printed, by title."""
    parts = (place / "printed").read_text().strip().split("\n\n")
    return dict(zip(parts[::2], parts[1::2], strict=True))


@pytest.fixture(scope="module")
def logged(place):
    """The predictions by machine and week, each with its actual."""
    lines = [line for path in (place / "run/logs").glob("*.jsonl*") for line in path.read_bytes().splitlines()]
    records = [json.loads(line) for line in lines]
    actuals = {record["id"]: record["actual"] for record in records if "actual" in record}
    found = {(machine, week): [] for machine in MACHINES for week in WEEKS}
    for record in records:
        if "output" in record:
            joined = record | {"actual": actuals.pop(record["id"])}
            found[record["tags"]["machine"], record["tags"]["week"]].append(joined)
    assert not actuals
    return found


def accuracy(records):
    return np.mean([record["output"] == record["actual"] for record in records])


def invalid(records, name):
    return np.mean([name in record.get("invalid", {}).get("input", {}) for record in records])


def brightness(place, records):
    return np.mean([np.asarray(Image.open(place / "run/logs" / r["input"]).convert("L")).mean() for r in records])


def test_the_log_holds_every_prediction_with_its_actual(logged):
    assert {key: len(records) for key, records in logged.items()} == dict.fromkeys(logged, A_WEEK)


def test_the_accuracy_of_one_machine_of_four_falls_from_95_to_20_percent(logged, paragraphs):
    found = {key: accuracy(records) for key, records in logged.items()}
    assert found.pop(("3", "2")) == pytest.approx(0.20, abs=0.05)
    assert np.mean(list(found.values())) == pytest.approx(0.95, abs=0.025)
    assert min(found.values()) > 0.88
    printed = dict(re.findall(r"machine (\d)(.*)", paragraphs["Accuracy of each machine"]))
    exact = {machine: [accuracy(logged[machine, week]) for week in WEEKS] for machine in MACHINES}
    assert {m: [float(text) for text in row.split()] for m, row in printed.items()} == {
        machine: pytest.approx(row, abs=0.006) for machine, row in exact.items()
    }


def test_the_blurred_machine_is_the_first_of_the_slices(paragraphs):
    (slices,) = (text for title, text in paragraphs.items() if title.startswith("Slices of week 2"))
    found = re.findall(r"^\d\. (\w+ \w+): by ([-+][\d.]+) grades$", slices, re.MULTILINE)
    names, rises = [name for name, _ in found], [float(rise) for _, rise in found]
    assert names[0] == "machine 3"
    assert sorted(names) == ["eye left", "eye right", "machine 1", "machine 2", "machine 3", "machine 4"]
    assert rises == sorted(rises, reverse=True)
    assert rises[0] > 1.5
    assert rises[1] < 1
    assert max(abs(rise) for rise in rises[3:]) < 0.1


def test_what_is_wrong_is_the_score_then_sharpness_and_outlier_scores(paragraphs):
    lines = paragraphs["What is wrong with machine 3"].splitlines()
    assert [line.partition(" went from")[0] for line in lines[:4]] == [
        "1. mean_absolute_error",
        "2. precision",
        "3. invalid sharpness",
        "4. invalid outlierscore",
    ]
    found = [re.search(r"from ([\d.]+)% to ([\d.]+)%, mostly (\w+)$", line).groups() for line in lines[2:4]]
    assert [reason for _, _, reason in found] == ["below", "above"]
    for before, now, _ in found:
        assert float(before) < 1
        assert float(now) > 80
    assert "intensity" not in "".join(lines)


def test_the_intensity_stays_within_5_percent(logged, paragraphs, place):
    text = paragraphs["What is not wrong"]
    found = re.fullmatch(r"intensity: ([\d.]+) .* reference, ([\d.]+) now \((.*)%\)", text)
    before, now, change = map(float, found.groups())
    assert abs(change) < 5
    assert now / before - 1 == pytest.approx(change / 100, abs=0.002)
    assert now == pytest.approx(brightness(place, logged["3", "2"]), abs=0.5)


def test_the_model_server_knew_of_each_photograph_before_any_actual(logged):
    others = [record for key, records in logged.items() if key != ("3", "2") for record in records]
    for name in ("sharpness", "outlierscore"):
        assert invalid(logged["3", "2"], name) > 0.8
        assert invalid(others, name) < 0.01
    assert invalid([*others, *logged["3", "2"]], "intensity") < 0.01


def test_the_page_of_the_worst_slice_and_the_profile_are_written(paragraphs, place):
    page = Path(paragraphs["The page of the contrast"])
    assert page == place / "run/contrast.html"
    assert "outlierscore" in page.read_text()
    profile, reference = paragraphs["The reference profile"].splitlines()
    assert ModelProfile.load(profile).group_idfr == "retinopathy@3.0.0"
    assert Path(reference).read_text().startswith("<!DOCTYPE html>")


def test_one_photograph_is_judged_in_words(paragraphs):
    (text,) = (text for title, text in paragraphs.items() if title.startswith("One of its photographs"))
    tags = dict(line.split(": ") for line in text.splitlines())
    assert (tags["sharpness-error"], tags["outlierscore-error"]) == ("below", "above")
    assert tags["model_prediction"] == "0"
    assert "intensity-error" not in tags


PAGE = (EXAMPLE.parents[1] / "docs" / "find-out-what-is-wrong.md").read_text()
BLOCKS = re.findall(r"(?ms)^```(\w*)\n(.*?)^```$", PAGE)


@pytest.fixture(scope="module")
def exporter(place):
    """The address of an exporter that has read the example's log, and its metrics."""
    (config,) = (text for kind, text in BLOCKS if kind == "yaml")
    (place / "exporter.yml").write_text(config)
    with running.serving(place / "exporter.yml") as app:
        address = app.addresses[0]
        running.until(address, lambda found: shop.value(found, "model_actuals_total") == 8 * A_WEEK, 60)
        gap = "model_segment_score_gap"
        yield address, running.until(address, lambda found: any(name == gap for name, _ in found), 60)


def test_the_running_exporter_ranks_the_machine_first_and_the_others_are_not_worse(exporter):
    _, found = exporter

    def of(name, machine, score):
        return shop.value(found, f"model_segment_{name}", segment="machine", value=machine, score=score)

    for score in ("mean_absolute_error", "precision"):
        assert {machine: of("rank", machine, score) for machine in MACHINES}["3"] == 1
        assert of("score_gap_lower", "3", score) > 0.3
        assert max(of("score_gap_lower", machine, score) for machine in "124") < 0


def test_explain_names_the_machine_and_what_is_odd_about_its_photographs(exporter, capsys):
    address, _ = exporter
    assert main(["explain", "--url", f"http://{address}"]) == 1
    said = capsys.readouterr().out
    worse = re.findall(r"(?m)^  WORSE (machine .*?):.*\n((?:        .*\n)*)", said)
    assert {name for name, _ in worse} == {"machine 3"}
    for _, reasons in worse:
        assert re.search(r"input sharpness: 50\.0% invalid, the rest 0\.0%", reasons)
        assert re.search(r"input outlierscore: 50\.0% invalid, the rest 0\.0%", reasons)
        assert "intensity" not in reasons


def test_the_latest_flagged_photographs_are_those_of_the_machine(exporter):
    address, _ = exporter
    status, body = running.get(address, "/api/v1/flagged")[:2]
    assert status == 200
    (model,) = json.loads(body)["data"]
    assert len(model["records"]) == 100
    assert {record["id"].split("-")[1] for record in model["records"]} == {"3"}
    assert {"input sharpness", "input outlierscore"} <= model["records"][0]["reasons"].keys()


def test_the_page_that_finds_out_what_is_wrong_shows_what_there_is_to_see(exporter, place, capsys):
    address, _ = exporter
    logs = sorted(map(str, (place / "run/logs").glob("*.jsonl*")))
    assert main(["slices", str(place / "run/retinopathy@3.0.0.json"), *logs]) == 1
    assert main(["explain", "--url", f"http://{address}"]) == 1
    seen = [capsys.readouterr().out, (place / "run/logs/predictions.jsonl").read_text()]
    seen += [running.get(address, path)[1].decode() for path in ("/metrics", "/api/v1/flagged")]
    there = undated("\n".join(seen))
    shown = [line for kind, text in BLOCKS if kind != "yaml" for line in text.splitlines()]
    shown = [undated(line) for line in shown if line != "..." and not line.startswith("$")]
    assert len(shown) > 20
    assert [line for line in shown if line not in there] == []


def undated(text):
    return re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d UTC", "TIME", text)
