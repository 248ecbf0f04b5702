"""What is said of a drift in words: which component, from what to what, since when and how surely."""

import json
import math
import random
import re

import numpy as np
import pytest
import shop
from running import Site, get, until

from exporter.cli import main
from exporter.engine import Engine
from exporter.evaluate import alarmed, evaluate
from exporter.explain import explain
from exporter.explain.components import moved
from exporter.profile import Columns, ComponentSpec, ProfileSpec, build
from exporter.windows import WindowSpec

HOUR = WindowSpec("1h", 3600.0)
PLAN = shop.planned((HOUR,))
LABELS = (("component", "size"), ("model", "shop"), ("role", "input"), ("version", "1.0.0"))


def records(count, seed=2, **changes):
    """Sound records whose inputs are changed by functions of their value."""
    found = shop.records(count, seed=seed)
    return [
        row | {"input": {k: changes[k](v) if k in changes else v for k, v in row["input"].items()}} for row in found
    ]


def explained(*steps):
    """Findings after several steps of records, a second apart, from 1000 seconds on."""
    engine, evidence = Engine(PLAN), PLAN.bank.start()
    for place, log in enumerate(steps):
        now = 1000.0 + place
        for batch in shop.batches(PLAN.schema, log):
            engine.ingest(batch, now)
        totals = (*engine.state.predictions.total, *engine.state.outcomes.total)
        evidence = PLAN.bank.step(evidence, totals, now)
    now = 1000.0 + len(steps) - 1
    windows = engine.state.predictions.windows(now), engine.state.outcomes.windows(now)
    evaluation = alarmed(PLAN, evaluate(PLAN, *windows), evidence)
    return explain(PLAN, PLAN.windows[0], windows, evaluation)


def named(findings, role, component):
    return next(f for f in findings if (f.role, f.component) == (role, component))


def renumbered(log, first):
    return [row | {"id": str(first + place)} for place, row in enumerate(log)]


def test_without_drift_nothing_alarms_and_everything_is_told():
    found = explained(records(2000))
    assert len(found) == 11
    assert not any(finding.alarm for finding in found)
    assert {finding.severity for finding in found} == {"none"}
    size = named(found, "input", "size")
    assert size.evidence < 0
    assert size.since is None
    assert size.text.startswith("mean ")


def test_a_shift_is_named_first_from_what_to_what_and_since_when():
    sound = [renumbered(records(500, seed=place), 1000 * place) for place in range(3)]
    moved = [renumbered(records(500, seed=place, size=lambda v: v + 6), 1000 * place) for place in range(3, 6)]
    found = explained(*sound, *moved)
    first = found[0]
    assert (first.role, first.component, first.alarm, first.kind, first.severity) == (
        "input",
        "size",
        True,
        "shape",
        "critical",
    )
    assert 1002 <= first.since <= 1003
    assert first.evidence > 0
    assert first.effect > 0.25
    assert "sd higher" in first.text
    assert sum(b.window - b.reference for b in first.bins) != 0
    assert [f.component for f in found if f.alarm] == ["size"]


def test_missing_values_and_new_categories_are_told_as_shares():
    chance = random.Random(5)
    gone = {"change": lambda v: None if chance.random() < 0.3 else v}
    new = {"colour": lambda v: "mauve" if chance.random() < 0.1 else v}
    found = explained(records(3000, **gone, **new))
    change, colour = named(found, "input", "change"), named(found, "input", "colour")
    assert (change.kind, change.severity, colour.kind, colour.severity) == ("missing", "critical", "new", "critical")
    assert change.text.startswith("rows without a value: 0.0% before, ")
    assert colour.text.startswith("categories that the reference does not have: 0.0% before, ")


def test_more_errors_of_the_model_are_an_alarm_and_fewer_are_none():
    log = shop.records(2000, seed=2)
    flip = {"yes": "no", "no": "yes"}
    worse = [row | {"actual": row["actual"] | {"sold": flip[row["actual"]["sold"]]}} for row in log]
    right = named(explained(worse), "eval", "right")
    assert (right.alarm, right.kind, right.severity) == (True, "loss", "critical")
    assert right.text.startswith("errors: ")
    better = [row | {"actual": row["output"]} for row in log]
    assert not named(explained(better), "eval", "right").alarm
    assert not named(explained(better), "eval", "error").alarm


def test_an_empty_window_and_a_component_without_values_say_so():
    found = explained([])
    assert {f.text for f in found} == {"no values in the window"}
    assert {f.evidence for f in found} == {None}
    everything = named(explained(records(300, size=lambda _: None)), "input", "size")
    assert everything.alarm
    assert everything.text == "rows without a value: 0.0% before, 100.0% now"


@pytest.fixture
def live(tmp_path):
    site = Site(tmp_path)
    site.append(records(2000, size=lambda v: v + 6))
    with site.running() as app:
        until(app.addresses[0], lambda found: found.get(("model_drift_alarm", LABELS)) == 1)
        yield app.addresses[0]


def test_the_exporter_answers_in_json_and_the_command_in_words(live, capsys):
    answer = json.loads(get(live, "/api/v1/drift")[1])
    assert answer["status"] == "success"
    assert {one["model"] for one in answer["data"]} == {"shop"}
    first = answer["data"][0]["components"][0]
    assert (first["component"], first["alarm"]) == ("size", True)
    assert main(["explain", "--url", f"http://{live}"]) == 1
    said = capsys.readouterr().out
    assert "ALARM input size since about " in said
    assert "1 of 11 components have left the reference" in said
    assert "10^" in said


@pytest.mark.parametrize("query", ["model=other", "window=2d", "what=1"])
def test_what_is_not_watched_is_a_bad_request(live, query, capsys):
    status, body = get(live, f"/api/v1/drift?{query}")
    assert status == 400
    assert json.loads(body)["status"] == "error"
    if query.startswith("model"):
        assert main(["explain", "--url", f"http://{live}", "--model", "other"]) == 1
        assert "no model has such a name" in capsys.readouterr().err


def test_numbers_are_finite_or_left_out(live):
    def walk(value):
        if isinstance(value, dict):
            return [leaf for part in value.values() for leaf in walk(part)]
        return [leaf for part in value for leaf in walk(part)] if isinstance(value, list) else [value]

    numbers = [leaf for leaf in walk(json.loads(get(live, "/api/v1/drift")[1])) if isinstance(leaf, float)]
    assert numbers
    assert all(math.isfinite(number) for number in numbers)


def test_a_value_that_has_a_bin_of_its_own_is_named_by_it():
    spec = ProfileSpec("m", "1", [ComponentSpec("loss", "input.loss", dtype="float")])
    losses = np.concatenate([np.zeros(900), np.linspace(0.5, 2, 100)])
    (component,) = build(spec, Columns({("input", "loss"): losses}), 0.0).components
    found = list(moved(component.reference, component.measure.of(np.full(500, 1.2))))
    assert [(one.name, one.reference) for one in found if one.reference > 0.5] == [("0", 0.9)]
    assert all(re.fullmatch(r"0|\d[.\d]* to \d[.\d]*|over \d[.\d]*", one.name) for one in found)
