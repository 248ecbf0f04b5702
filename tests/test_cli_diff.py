"""`profile diff` and the pages that `profile show` and `profile diff` write."""

import random

import numpy as np
import pytest

from exporter import ElementExtractor, InputComponent, ModelProfile
from exporter.cli import main

SPEC = """\
name: fares
version: "1.0"
components:
  - {name: fare, element: input.fare, dtype: float}
  - {name: label, element: output.label, dtype: category}
  - {name: label, element: actual.label, dtype: category}
  - {name: correct, role: eval, extractor: {correct: {output: label, actual: label}}}
scores:
  - {name: accuracy, input: correct, threshold: 0.8}
"""
LINE = '{{"input":{{"fare":{fare}}},"output":{{"label":"{label}"}},"actual":{{"label":"{actual}"}}}}\n'


def log(path, seed, factor=1.0, right=0.95):
    generator = random.Random(seed)
    lines = []
    for _ in range(1000):
        label = generator.choice(["cheap", "dear"])
        actual = label if generator.random() < right else {"cheap": "dear", "dear": "cheap"}[label]
        lines.append(LINE.format(fare=generator.lognormvariate(2, 1) * factor, label=label, actual=actual))
    path.write_text("".join(lines))


@pytest.fixture
def ready(tmp_path, monkeypatch):
    """Three profiles of one spec in the working directory: the reference, another like it, and one of bad times."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "profile.yml").write_text(SPEC)
    for name, seed, options in (("a", 1, {}), ("b", 2, {}), ("bad", 3, {"factor": 4, "right": 0.6})):
        log(tmp_path / f"{name}.jsonl", seed, **options)
        assert main(["profile", "build", "--reference", f"{name}.jsonl", "-o", f"{name}.json"]) == 0
    return tmp_path


def row(text, name):
    """Return the words of a component's or a score's line of the tables."""
    lines = [line.split() for line in text.splitlines() if line[:1].isalpha()]
    return next(words for words in lines if name in words[:2])


@pytest.mark.usefixtures("ready")
def test_two_profiles_of_the_same_kind_of_data_do_not_differ(capsys):
    capsys.readouterr()
    assert main(["profile", "diff", "a.json", "b.json"]) == 0
    text = capsys.readouterr().out
    assert "Nothing is wrong." in text
    assert row(text, "fare")[-1] == "good"
    assert row(text, "accuracy")[-1] == "good"


@pytest.mark.usefixtures("ready")
def test_what_differs_is_said_the_most_important_first_and_by_the_exit_code(capsys):
    capsys.readouterr()
    assert main(["profile", "diff", "a.json", "bad.json"]) == 1
    text = capsys.readouterr().out
    first, second = (next(line for line in text.splitlines() if line.startswith(f"{n}. ")) for n in (1, 2))
    assert first.startswith("1. accuracy went from 0.9")
    assert second.startswith("2. ")
    assert "fare has drifted: psi" in text
    assert "drift" in row(text, "fare")[-2]
    assert row(text, "accuracy")[-1] == "worse"
    assert row(text, "accuracy")[3] == "1,000"
    assert float(row(text, "accuracy")[4]) == pytest.approx(0.8 - float(row(text, "accuracy")[1]), abs=1e-3)
    assert "not compared" not in text


@pytest.mark.usefixtures("ready")
def test_the_difference_and_a_profile_are_written_as_pages(ready, capsys):
    assert main(["profile", "diff", "a.json", "bad.json", "--html", "pages/diff.html"]) == 1
    page = (ready / "pages/diff.html").read_text()
    assert page.startswith("<!DOCTYPE html>")
    assert "accuracy went from" in page
    capsys.readouterr()
    assert main(["profile", "show", "a.json", "--html", "pages/a.html"]) == 0
    assert capsys.readouterr().out == "pages/a.html\n"
    assert "fare" in (ready / "pages/a.html").read_text()


@pytest.mark.usefixtures("ready")
def test_few_values_are_not_judged_and_what_only_one_has_is_named(capsys):
    few = ModelProfile(
        "fares", "2", [InputComponent("fare", ElementExtractor("fare")), InputComponent("x", element="x")]
    )
    few.build(input={"fare": np.arange(1.0, 50), "x": np.arange(1.0, 50)})
    few.save("few.json")
    capsys.readouterr()
    assert main(["profile", "diff", "a.json", "few.json"]) == 0
    text = capsys.readouterr().out
    assert "too few values" in text
    assert "not compared: output label, actual label, eval correct, input x (only one has it" in text


@pytest.mark.usefixtures("ready")
def test_mistakes_are_said_in_a_line(ready, capsys):
    other = ModelProfile("other", "1", [InputComponent("x")])
    other.build(input=np.arange(50.0))
    other.save("other.json")
    assert main(["profile", "diff", "a.json", "other.json"]) == 1
    assert "a.json and other.json have no component in common" in capsys.readouterr().err
    assert main(["profile", "diff", "a.json", "nothing.json"]) == 1
    assert "nothing.json: No such file" in capsys.readouterr().err
    assert main(["profile", "diff", "a.json", "a.jsonl"]) == 1
    assert "a.jsonl: " in capsys.readouterr().err
    (ready / "taken").write_text("")
    assert main(["profile", "diff", "a.json", "b.json", "--html", "taken/page.html"]) == 1
    assert "taken" in capsys.readouterr().err
    assert main(["profile", "show", "a.json", "--html", "taken/page.html"]) == 1
    assert "taken" in capsys.readouterr().err
