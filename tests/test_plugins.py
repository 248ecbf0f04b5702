"""Plug-ins of other packages through the whole program: specs, profiles, logs, Python, and what one failure costs."""

import json
import logging
import random
import re
import sys

import msgspec
import pytest
from running import Site, until
from shop import read, value

from exporter import InputComponent, ModelProfile, OutputComponent, ProfileError, flatten_jcr
from exporter.app.plugins import TABLES
from exporter.cli import main
from exporter.profile import dump, load, model

WORDS = ("red", "green", "blue", "yellow", "ultramarine")

VOWELS = """
import msgspec
class Vowels(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    letters: str = "aeiou"
    def __post_init__(self):
        if not self.letters:
            raise ValueError("write at least one letter")
    def levels(self):
        return None
    def extract(self, datum):
        if datum == "boom":
            raise RuntimeError("boom")
        return sum(datum.count(letter) for letter in self.letters)
"""
RARITY = """
import msgspec
class Rarity(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    fitted: dict[str, float] | None = None
    def levels(self):
        return None
    def fit(self, data, seed):
        data = list(data)
        return Rarity({word: data.count(word) / len(data) for word in set(data)})
    def extract(self, datum):
        return 1 - self.fitted.get(datum, 0.0)
"""
OVERSHOT = """
from typing import ClassVar
import msgspec
import numpy as np
class Overshot(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    harm: ClassVar[tuple[str, ...]] = ("high",)
    output: str
    actual: str
    def levels(self):
        return None
    def bind(self, output, actual):
        return lambda o, a: np.maximum(o - a, 0.0)
"""
WORST = """
from exporter.scores import Measurement, Reads, Score
def worst(summary):
    return Measurement(summary.moments.high, summary.n)
WORST = Score(worst, "low", (Reads(),))
"""
GAP = """
import numpy as np
from exporter.drift import Statistic
def gap(reference, window):
    return np.abs(window.mean - reference.mean)
GAP = Statistic(gap, frozenset({"numeric"}), 0.5, lambda bins: np.full(np.shape(bins), 10.0))
BROKEN = Statistic(lambda reference, window: 1 / 0, frozenset({"numeric"}), 0.5, GAP.needs)
"""
DECODER = """
from exporter.decoders.native import NativeDecoder
class Reversed:
    def __init__(self, schemas, *, event_time=False):
        self._native = NativeDecoder(schemas, event_time=event_time)
        self.rejects = self._native.rejects
    @property
    def lines(self):
        return self._native.lines
    @lines.setter
    def lines(self, count):
        self._native.lines = count
    def feed(self, data):
        return self._native.feed(b"".join(line[::-1] + b"\\n" for line in data.splitlines()))
    def flush(self):
        return self._native.flush()
"""
SPEC = """\
name: words
version: "1"
components:
  - {name: vowels, element: input.word, extractor: {vowels: {letters: aeiouy}}}
  - {name: rarity, element: input.word, extractor: {rarity: {}}}
  - {name: length, element: output.length, dtype: float, thresholds: {gap: 0.1}}
  - {name: length, element: actual.length, dtype: float}
  - {name: overshot, role: eval, extractor: {overshot: {output: length, actual: length}}}
scores:
  - {name: worst, input: overshot}
"""
PACKAGES = {
    "vowels": ("extractors", "vowels = vowels_plugin:Vowels", VOWELS),
    "rarity": ("extractors", "rarity = rarity_plugin:Rarity", RARITY),
    "overshot": ("extractors", "overshot = overshot_plugin:Overshot", OVERSHOT),
    "worst": ("scores", "worst = worst_plugin:WORST", WORST),
    "gap": ("drift", "gap = gap_plugin:GAP\nbroken_gap = gap_plugin:BROKEN", GAP),
    "reversed": ("decoders", "reversed = reversed_plugin:Reversed", DECODER),
}
CONFIG = """\
models: [{profile: words@1.json, windows: [1000 rows]}]
sources: [file: {path: "*.log", decoder: DECODER}]
"""


def record(number, chance):
    word = chance.choice(WORDS)
    guess = len(word) + chance.randrange(-1, 3)
    return {"id": str(number), "input": {"word": word}, "output": {"length": guess}, "actual": {"length": len(word)}}


RECORDS = [record(number, random.Random(number)) for number in range(300)]
LINES = [json.dumps(one) for one in RECORDS]


@pytest.fixture
def place(tmp_path, monkeypatch, package):
    """A directory with a log and a spec, where all plug-ins are installed."""
    for name, (group, entries, code) in PACKAGES.items():
        package(f"{name}_plugin", group, entries, code)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ref.jsonl").write_text("\n".join(LINES) + "\n")
    (tmp_path / "profile.yml").write_text(SPEC)
    (tmp_path / "exporter.yml").write_text(CONFIG.replace("DECODER", "native"))
    return tmp_path


def build():
    assert main(["profile", "build", "--reference", "ref.jsonl", "-o", "."]) == 0


def replayed(capsysbinary, log="ref.jsonl"):
    capsysbinary.readouterr()
    assert main(["replay", log]) == 0
    return read(capsysbinary.readouterr().out)


def vowels(word):
    return sum(map(word.count, "aeiouy"))


@pytest.mark.usefixtures("place")
def test_a_profile_is_built_with_plug_ins_of_other_packages_and_a_log_is_judged_by_it(capsysbinary):
    build()
    found = replayed(capsysbinary)
    counts = [vowels(one["input"]["word"]) for one in RECORDS]
    assert value(found, "model_component_value_sum", component="vowels") == sum(counts)
    assert value(found, "model_component_value_count", component="rarity") == 300
    over = [max(one["output"]["length"] - one["actual"]["length"], 0) for one in RECORDS]
    assert value(found, "model_component_value_sum", component="overshot") == sum(over)
    assert value(found, "model_score", score="worst") == max(over) == value(found, "model_score_reference")
    assert value(found, "model_drift_score", component="length", role="output", statistic="gap") == pytest.approx(0)


@pytest.mark.usefixtures("place")
def test_a_statistic_of_another_package_is_computed_where_its_threshold_is_named_and_only_there(capsysbinary):
    build()
    found = replayed(capsysbinary)
    thresholds = {key[1]: number for key, number in found.items() if key[0] == "model_drift_threshold"}
    named = {dict(labels)["component"]: n for labels, n in thresholds.items() if dict(labels)["statistic"] == "gap"}
    assert named == {"length": 0.1}
    assert not [labels for labels in thresholds if dict(labels)["statistic"] == "broken_gap"]
    assert len({dict(labels)["statistic"] for labels in thresholds}) > 3


def test_a_statistic_of_another_package_that_fails_is_counted_and_costs_only_itself(place, capsysbinary):
    (place / "profile.yml").write_text(SPEC.replace("gap: 0.1", "broken_gap: 0.1, gap: 0.1"))
    build()
    found = replayed(capsysbinary)
    failures = {key[1]: n for key, n in found.items() if key[0] == "prediction_exporter_evaluation_failures_total"}
    assert {dict(labels)["name"]: n for labels, n in failures.items() if n} == {"broken_gap": 1}
    assert value(found, "model_drift_score", component="length", statistic="gap") == pytest.approx(0)


def test_profiles_are_compared_by_a_statistic_of_another_package_even_where_another_one_fails(place, capsys):
    (place / "profile.yml").write_text(SPEC.replace("gap: 0.1", "broken_gap: 0.1, gap: 0.1"))
    build()
    assert main(["profile", "diff", "words@1.json", "words@1.json", "--html", "diff.html"]) == 0
    page = (place / "diff.html").read_text()
    assert re.search(r"broken_gap\b", page)
    assert "Traceback" not in capsys.readouterr().err


def test_a_value_that_an_extractor_of_another_package_refuses_is_counted_and_costs_only_itself(place, capsysbinary):
    build()
    (place / "new.jsonl").write_text(f"{LINES[0]}\n{json.dumps(RECORDS[1] | {'input': {'word': 'boom'}})}\n")
    found = replayed(capsysbinary, "new.jsonl")
    assert value(found, "model_predictions_total") == 2
    assert value(found, "model_component_invalid_total", component="vowels", reason="extractor") == 1
    assert value(found, "model_component_invalid_total", component="rarity", reason="extractor") == 0


def test_a_decoder_of_another_package_reads_a_log(place, capsysbinary):
    build()
    (place / "exporter.yml").write_text(CONFIG.replace("DECODER", "reversed"))
    (place / "turned.jsonl").write_text("\n".join(line[::-1] for line in LINES) + "\n")
    assert value(replayed(capsysbinary, "turned.jsonl"), "model_predictions_total") == 300


@pytest.mark.usefixtures("place")
def test_python_takes_an_extractor_of_another_package_by_name_and_as_it_is():
    from vowels_plugin import Vowels  # noqa: PLC0415 - it is installed for this test

    words = [{"word": one["input"]["word"]} for one in RECORDS]
    named = ModelProfile("words", "1", [InputComponent("vowels", "vowels", element="word", dtype="float")])
    named.build(input=words)
    made = ModelProfile("words", "1", [InputComponent("vowels", Vowels("aeiouy"), element="word", dtype="float")])
    made.build(input=words)
    assert flatten_jcr(named.validate_input({"word": "yellow"})) == {"vowels": 2.0}
    assert flatten_jcr(made.validate_input({"word": "yellow"})) == {"vowels": 3.0}
    assert flatten_jcr(made.validate_input({"word": "boom"})) == {"vowels-error": "extractor"}


@pytest.mark.usefixtures("place")
def test_python_saves_and_loads_a_profile_with_what_an_extractor_of_another_package_has_learned(tmp_path):
    words = [{"word": one["input"]["word"]} for one in RECORDS]
    profile = ModelProfile("words", "1", [InputComponent("rarity", "rarity", element="word", dtype="float")])
    profile.build(input=words)
    profile.save(tmp_path)
    again = ModelProfile.load(tmp_path / "words@1.json")
    assert flatten_jcr(again.validate_input({"word": "red"})) == flatten_jcr(profile.validate_input({"word": "red"}))
    assert flatten_jcr(again.validate_input({"word": "red"}))["rarity"] < 1


def test_an_extractor_that_no_package_gives_is_refused_in_python():
    profile = ModelProfile("m", "1", [InputComponent("x", "vowel", element="x"), OutputComponent("y", dtype="float")])
    with pytest.raises(ProfileError, match="input x: extractor: unknown extractor 'vowel'; there is element"):
        profile.build(input=[{"x": "a"}] * 3, output=[1.0, 2.0, 3.0])


BROKEN = {
    "extractor": ("vowels", r"components\[0\]\.extractor"),
    "eval extractor": ("overshot", r"components\[4\]\.extractor"),
    "statistic": ("gap", r"components\[2\]\.thresholds\.gap"),
    "score": ("worst", r"scores\[0\]\.name"),
}


@pytest.mark.parametrize("kind", BROKEN)
def test_a_plug_in_that_is_broken_is_named_where_a_spec_or_a_profile_uses_it(place, capsys, kind, tmp_path):
    name, key = BROKEN[kind]
    build()
    profile = (place / "words@1.json").read_bytes()
    (tmp_path / "site-packages" / f"{name}_plugin.py").write_text("raise RuntimeError('no licence')")
    reason = re.escape(f"plug-in '{name}' ({name}_plugin:") + r"\w+\): RuntimeError: no licence"
    forget(name)
    with pytest.raises(ProfileError, match=f"{key}: {reason}"):
        load(profile)
    capsys.readouterr()
    assert main(["profile", "build", "--reference", "ref.jsonl", "-o", "."]) == 1
    assert re.search(rf"profile\.yml:\d+: {key}: {reason}", capsys.readouterr().err)


def forget(name):
    """Forget an import, as a program that starts anew."""
    sys.modules.pop(f"{name}_plugin", None)
    for table in TABLES.values():
        table._installed = None


FAILING = {
    "levels": VOWELS.replace("return None", "raise RuntimeError('no licence')"),
    "init": VOWELS.replace("if not self.letters:", "if True:").replace('"write at least one letter"', '"no licence"'),
    "bind": OVERSHOT.replace("return lambda", "raise RuntimeError('no licence')\n        return lambda"),
    "compute": OVERSHOT.replace("np.maximum(o - a, 0.0)", "np.no_licence"),
    "measure": WORST.replace("return Measurement", "raise RuntimeError('no licence')\n    return Measurement"),
    "fit": RARITY.replace("data = list(data)", "raise RuntimeError('no licence')"),
}


@pytest.mark.parametrize("part", FAILING)
def test_a_plug_in_that_fails_while_a_profile_is_built_is_named_without_a_traceback(place, capsys, part, tmp_path):
    name = {"levels": "vowels", "init": "vowels", "measure": "worst", "fit": "rarity"}.get(part, "overshot")
    (tmp_path / "site-packages" / f"{name}_plugin.py").write_text(FAILING[part])
    assert main(["profile", "build", "--reference", "ref.jsonl", "-o", "."]) == 1
    complaint = capsys.readouterr().err
    assert re.search(rf"{name}.*no.licence", complaint)
    assert "Traceback" not in complaint
    assert not (place / "words@1.json").exists()


@pytest.mark.usefixtures("place")
def test_an_extractor_is_refused_in_the_role_that_it_is_not_of(tmp_path, capsys):
    text = SPEC.replace("{vowels: {letters: aeiouy}}", "{overshot: {output: length, actual: length}}")
    text = text.replace(
        "role: eval, extractor: {overshot: {output: length, actual: length}}", "role: eval, extractor: {vowels: {}}"
    )
    (tmp_path / "profile.yml").write_text(text)
    assert main(["profile", "build", "--reference", "ref.jsonl", "-o", "."]) == 1
    complaint = capsys.readouterr().err
    assert "components[0].extractor: overshot is of role eval: it reads output and actual" in complaint
    assert "components[4].extractor: vowels is of a logged datum, not of role eval" in complaint


@pytest.mark.usefixtures("place")
@pytest.mark.parametrize("name", ["vowels_plugin:Vowels", "reversed_plugin", "os:system", "reversed"])
def test_a_profile_imports_nothing_but_the_entry_points_that_it_names(name):
    profile = ModelProfile("words", "1", [InputComponent("length", "text_length", element="word", dtype="float")])
    profile.build(input=[{"word": "a" * (row + 1)} for row in range(50)])
    data = dump(profile._profile).replace(b'"text_length"', json.dumps(name).encode())
    checksum = re.search(rb'"sha256": "(\w+)"', data)[1]
    with pytest.raises(ProfileError, match="checksum"):
        load(data)
    data = resealed(data, checksum)
    with pytest.raises(ProfileError, match=re.escape(f"unknown extractor {name!r}")):
        load(data)
    assert not [name for name in PACKAGES if f"{name}_plugin" in sys.modules]


def resealed(data, checksum):
    """Return a profile that was edited with the checksum that fits."""
    file = msgspec.json.decode(data, type=model._File)
    return data.replace(checksum, model._checksum(file).encode())


def test_the_exporter_says_once_which_plug_ins_it_leaves_out(package, tmp_path, caplog):
    package("greedy_plugin", "drift", "psi = greedy_plugin:PSI", "raise RuntimeError('never imported')")
    site = Site(tmp_path)
    with caplog.at_level(logging.WARNING), site.running() as app:
        until(app.addresses[0], lambda _: [r for r in caplog.records if r.message.startswith("left out")])
        until(app.addresses[0], lambda found: value(found, "prediction_exporter_evaluation_timestamp_seconds") > 0)
    told = [r.message for r in caplog.records if r.message.startswith("left out")]
    assert told == ["left out: plug-in 'psi' (greedy_plugin:PSI): the name is taken by a built-in plug-in"]


def test_check_names_the_plug_ins_of_other_packages_and_those_that_are_left_out(place, package, capsys):
    package("lost_plugin", "sources", "lost = lost_plugin:Lost", "import not_installed")
    build()
    capsys.readouterr()
    assert main(["check"]) == 0
    captured = capsys.readouterr()
    assert captured.out.splitlines()[-1] == (
        "plug-ins of other packages: decoder reversed, extractor overshot, extractor rarity, extractor vowels, "
        "drift statistic broken_gap, drift statistic gap, score worst"
    )
    assert captured.err == (
        "left out: plug-in 'lost' (lost_plugin:Lost): ModuleNotFoundError: No module named 'not_installed'\n"
    )
    assert (place / "words@1.json").exists()
