"""Slices that nobody has named: those that are worse are found and written as a segment, and chance finds none."""

import json
import random
import re

import numpy as np
import pytest
import shop
from shop import value

from exporter import app, config
from exporter.cli import main
from exporter.profile import columns_by, columns_of
from exporter.profile.infer import SAMPLE
from exporter.search import Feature, Loss, Value, features, losses, search, tag_specs

SITES = {"1": "north", "2": "north", "3": "south", "4": "south"}


def traffic(count, seed=1):
    """Sound records with tags: machines stand at sites, and each request has a name of its own."""
    chance = random.Random(seed)
    for record in shop.records(count, seed):
        machine = chance.choice(list(SITES))
        yield record | {"tags": {"machine": int(machine), "at": {"site": SITES[machine]}, "request": record["id"] * 2}}


def spoilt(records, where, seed=2):
    """Of the records where a function says so, the price is off by 3 more and half of the labels are wrong."""
    chance = random.Random(seed)
    for record in records:
        if where(record):
            actual = record["actual"]
            actual["price"] += 3 * chance.choice((-1, 1))
            actual["sold"] = chance.choice(("yes", "no"))
        yield record


def found_in(records):
    """What the search says of each loss, by its name."""
    profile, log = shop.profile(), list(records)
    tags = tag_specs(log[:SAMPLE])
    spec = shop.SPEC.__class__("shop", "1.0.0", [*shop.SPEC.components, *tags])
    read = columns_of(spec, shop.lines(log).splitlines())
    columns = columns_by(profile, read)
    cut = features(profile, columns, {tag.key: read.values[tag.key] for tag in tags})
    return {loss.name: search(cut, loss) for loss in losses(profile, columns)}


PLANTED = {
    "tags.machine is 3": lambda r: r["tags"]["machine"] == 3,
    "tags.at.site is south": lambda r: r["tags"]["at"]["site"] == "south",
    "input.colour is blue": lambda r: r["input"]["colour"] == "blue",
    "input.open is false": lambda r: not r["input"]["open"],
    "output.sold is yes": lambda r: r["output"]["sold"] == "yes",
    "input.size is missing": lambda r: "size" not in r["input"],
    "input.change is above 5": lambda r: r["input"]["change"] > 5,
    "input.colour is new": lambda r: r["input"]["colour"] == "purple",
    "tags.machine is 3 and input.colour is green": lambda r: (
        (r["tags"]["machine"], r["input"]["colour"]) == (3, "green")
    ),
}


def odd(records, chance):
    """Some records with values that the reference does not have."""
    for record in records:
        inputs, kind = record["input"], chance.random()
        if kind < 0.05:
            del inputs["size"]
        elif kind < 0.1:
            inputs["change"] = 7.5
        elif kind < 0.15:
            inputs["colour"] = "purple"
        yield record


@pytest.mark.parametrize("planted", PLANTED)
def test_the_slice_that_is_worse_is_found_and_nothing_else(planted):
    where = PLANTED[planted]
    log = list(spoilt(odd(traffic(20_000), random.Random(5)), where))
    found = found_in(log)
    assert list(found) == ["mean error", "share wrong by right"]
    for loss, mean in (("mean error", 3.04 - 0.80), ("share wrong by right", 0.5 - 0.1)):
        (only,) = found[loss].suggestions
        assert set(only.text.split(" and ")) == set(planted.split(" and "))
        assert only.lower < mean < only.upper
        assert only.share == pytest.approx(sum(map(where, log)) / len(log), abs=0.02)


@pytest.mark.parametrize("planted", [text for text in PLANTED if not re.search("missing|new", text)])
def test_what_is_suggested_can_be_written_as_a_segment_and_cuts_the_same_rows(tmp_path, planted):
    log = list(spoilt(odd(traffic(10_000), random.Random(5)), PLANTED[planted]))
    (only,) = found_in(log)["mean error"].suggestions
    (tmp_path / "shop@1.0.0.json").write_bytes(shop.dumped())
    (tmp_path / "log.jsonl").write_bytes(shop.lines(log))
    segment = json.dumps({"name": "found", "where": only.condition})
    text = f"models: [{{profile: shop@1.0.0.json, windows: [1h], segments: [{segment}]}}]\n"
    (tmp_path / "exporter.yml").write_text(text + "sources: [{file: {path: log.jsonl}}]\n")
    metrics = shop.read(app.replay(config.load(str(tmp_path / "exporter.yml")), [str(tmp_path / "log.jsonl")]))
    cut = value(metrics, "model_segment_predictions_total", segment="found", value="true")
    assert cut == sum(map(PLANTED[planted], log))


def test_two_slices_are_found_each_by_its_own():
    planted = ("tags.machine is 3", "input.colour is blue")
    log = spoilt(traffic(20_000), lambda r: any(PLANTED[one](r) for one in planted))
    assert {one.text for one in found_in(log)["mean error"].suggestions} == set(planted)


def cuts(random_, rows, count=12):
    return [
        Feature(random_.integers(0, 6, rows), tuple(Value(f"{place} is {code}") for code in range(5)))
        for place in range(count)
    ]


@pytest.mark.parametrize("law", ["normal", "wrong", "heavy", "rare"])
def test_chance_is_suggested_in_at_most_one_search_of_forty(law):
    """Of 100 searches of nothing 2.5 %; more than 7 would be chance less than once in a hundred times."""
    random_, rows, hits = np.random.default_rng(3), 4000, 0
    for seed in range(100):
        draw = {
            "normal": lambda: random_.normal(size=rows),
            "wrong": lambda: (random_.random(rows) < 0.1) * 1.0,
            "heavy": lambda: random_.lognormal(0, 2, rows),
            "rare": lambda: (random_.random(rows) < 0.002) * 1.0,
        }
        hits += bool(search(cuts(random_, rows), Loss("x", draw[law]()), seed).suggestions)
    assert hits <= 7


def test_the_gap_is_not_flattered_by_the_search():
    """Of slices that were chosen as the worst of many, the interval holds the truth as often as it says."""
    random_, held, found = np.random.default_rng(5), 0, 0
    for seed in range(150):
        features_ = cuts(random_, 3000)
        loss = random_.normal(size=3000) + 0.35 * (features_[0].codes == 2)
        for one in search(features_, Loss("x", loss), seed).suggestions:
            truth = 0.35 if one.text == "0 is 2" else 0.0
            if len(one.values) == 1:
                found, held = found + 1, held + (one.lower <= truth <= one.upper)
    assert found > 75
    assert held / found > 0.93


@pytest.mark.parametrize("rows", [0, 1, 60])
def test_of_few_rows_nothing_is_said(rows):
    random_ = np.random.default_rng(1)
    assert search(cuts(random_, rows), Loss("x", random_.normal(size=rows))).suggestions == ()
    assert search([], Loss("x", random_.normal(size=rows))).suggestions == ()


def test_a_slice_that_is_always_wrong_beside_one_that_never_is_is_found():
    codes = np.arange(1000) % 5
    one = Feature(codes, tuple(Value(str(code)) for code in range(5)))
    (found,) = search([one], Loss("x", (codes == 4) * 1.0)).suggestions
    assert (found.text, found.mean, found.rest) == ("4", 1.0, 0.0)
    assert found.lower < 1 < found.upper


def test_of_very_many_features_those_are_searched_that_tell_most():
    random_ = np.random.default_rng(1)
    many = cuts(random_, 5000, 120)
    loss = random_.normal(size=5000) + 2 * (many[77].codes == 1)
    assert [one.text for one in search(many, Loss("x", loss)).suggestions] == ["77 is 1"]


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "shop.json").write_bytes(shop.dumped())
    return tmp_path


def test_the_command_names_slices_in_words_and_as_lines_of_the_configuration(place, capsys):
    (place / "log.jsonl").write_bytes(shop.lines(spoilt(traffic(8000), PLANTED["tags.machine is 3"])))
    assert main(["slices", "shop.json", "log.jsonl"]) == 1
    said = capsys.readouterr().out
    assert re.search(
        r"(?m)^mean error: [\d.]+ of 8,000 predictions; \d+ slices tried\n  WORSE where tags.machine is 3$", said
    )
    assert said.count("""        - {name: "tags.machine is 3", where: "tags.machine == '3'"}\n""") == 2


def test_the_command_says_that_nothing_is_worse(place, capsys):
    (place / "log.jsonl").write_bytes(shop.lines(traffic(4000)))
    assert main(["slices", "shop.json", "log.jsonl"]) == 0
    assert capsys.readouterr().out.count("  no slice is worse than the rest by more than chance explains\n") == 2


def test_hostile_tags_are_searched_like_others(place, capsys):
    names = ["a'b", 'c"d', "e'\"f", "new\nline", "x" * 10_000, "", "é☃", "{y: z}"]
    log = list(traffic(8000))
    for number, record in enumerate(log):
        record["tags"] = {
            "who": names[number % len(names)],
            "a.b": "c",
            "": "d",
            "deep": {"er": {"est": [1]}},
            "n": None,
        }
    (place / "log.jsonl").write_bytes(shop.lines(spoilt(log, lambda r: r["tags"]["who"] == "e'\"f")))
    assert main(["slices", "shop.json", "log.jsonl"]) == 1
    said = capsys.readouterr().out
    assert "WORSE where tags.who is e'\"f\n" in said
    assert "where:" not in said


def test_a_log_without_predictions_and_a_profile_without_losses_are_errors(place, capsys):
    (place / "log.jsonl").write_text("{}\n")
    assert main(["slices", "shop.json", "log.jsonl"]) == 1
    assert "the reference holds no prediction of shop" in capsys.readouterr().err
