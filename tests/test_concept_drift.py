"""Drift of inputs, outputs, actuals and errors, told apart: from two logs through `replay` to the metrics.

In one the applicants are others, in the other they are the same and the rule by which they repay has changed. The table
of docs/actuals.md is what comes of it.
"""

import json
import math
import random
from pathlib import Path

import pytest
import shop

from exporter.__main__ import main

DOCS = Path(__file__).parents[1] / "docs" / "actuals.md"
START, HALF = 1_780_000_000, 7200
SPEC = """\
name: loans
version: 1.0.0
components:
  - {name: income, element: input.income, dtype: float}
  - {name: debt, element: input.debt, dtype: float}
  - {name: repays, element: output.repays, dtype: category}
  - {name: probability, element: output.probability, dtype: float}
  - {name: repays, element: actual.repays, dtype: category}
  - {name: correct, role: eval, extractor: {correct: {output: repays, actual: repays}}}
scores:
  - {name: accuracy, input: correct, estimate: {"yes": probability}}
"""
CONFIG = """\
models:
  - {profile: profiles/loans@1.0.0.json, windows: [1h]}
sources:
  - file: {path: log.jsonl}
"""
STORIES = {"other applicants, the same rule": (0.4, 0.5), "the same applicants, another rule": (0.0, 1.0)}
FACTS = (("input", "income"), ("input", "debt"), ("output", "repays"), ("actual", "repays"), ("eval", "correct"))


def records(count, seed, start, richer=0.0, bar=0.5):
    """Applicants, and ten minutes later who repays: that depends on `bar`, of which the model knows nothing."""
    chance = random.Random(seed)
    for number in range(count):
        income, debt = chance.lognormvariate(richer, 0.5), chance.expovariate(2)
        sure, real = (1 / (1 + math.exp(-4 * (income - debt - one))) for one in (0.5, bar))
        identity = {"id": f"{seed}-{number}", "time": start + number}
        output = {"repays": "yes" if sure > 0.5 else "no", "probability": sure}
        yield {**identity, "input": {"income": income, "debt": debt}, "output": output}
        actual = {"repays": "yes" if chance.random() < real else "no"}
        yield {**identity, "time": start + number + 600, "actual": actual}


def in_order(*parts):
    rows = sorted((row for part in parts for row in part), key=lambda row: row["time"])
    return "".join(json.dumps(row) + "\n" for row in rows)


@pytest.fixture(scope="module")
def told(tmp_path_factory):
    """The metrics of each story in its last hour."""
    place = tmp_path_factory.mktemp("loans")
    (place / "profile.yml").write_text(SPEC)
    (place / "exporter.yml").write_text(CONFIG)
    (place / "reference.jsonl").write_text(in_order(records(10_000, 1, START - 20_000)))
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        assert not main(
            ["profile", "build", "--spec", "profile.yml", "--reference", "reference.jsonl", "-o", "profiles"]
        )
        for story, change in STORIES.items():
            log = in_order(records(HALF, 2, START), records(HALF, 3, START + HALF, *change))
            (place / "log.jsonl").write_text(log)
            found[story] = replayed(place)
    return found


def replayed(place):
    with (place / "out.txt").open("w") as out, pytest.MonkeyPatch.context() as patch:
        patch.setattr("sys.stdout", out)
        assert not main(["replay", "log.jsonl", "--config.file", "exporter.yml"])
    return shop.read((place / "out.txt").read_bytes())


def alarms(found):
    return {fact: shop.value(found, "model_drift_alarm", role=fact[0], component=fact[1]) for fact in FACTS}


@pytest.mark.slow
def test_a_rule_that_changes_shows_in_actuals_and_errors_and_neither_in_inputs_nor_in_outputs(told):
    found = told["the same applicants, another rule"]
    assert alarms(found) == {fact: float(fact[0] in ("actual", "eval")) for fact in FACTS}
    error = shop.value(found, "model_estimated_score_error", score="accuracy")
    assert error < -0.05  # which the estimate cannot know; its own error says so
    assert shop.value(found, "model_score", score="accuracy") < shop.value(found, "model_score_threshold")


@pytest.mark.slow
def test_inputs_that_change_under_the_same_rule_show_in_inputs_and_the_estimate_follows_the_score(told):
    found = told["other applicants, the same rule"]
    by_role = alarms(found)
    assert [by_role["input", "income"], by_role["input", "debt"], by_role["eval", "correct"]] == [1, 0, 0]
    assert abs(shop.value(found, "model_estimated_score_error", score="accuracy")) < 0.02


@pytest.mark.slow
def test_the_table_in_the_documentation_is_what_the_metrics_say(told):
    for line in table(told):
        assert line in DOCS.read_text(encoding="utf-8").splitlines(), line


def table(told):
    yield "| | " + " | ".join(STORIES) + " |"
    for role, name in FACTS:
        cells = (shop.value(told[s], "model_drift_evidence", role=role, component=name) for s in STORIES)
        yield f"| evidence of drift, {role} `{name}` | " + " | ".join(map("{:.1f}".format, cells)) + " |"
    for text, metric in (("accuracy", "model_score"), ("estimated", "model_estimated_score")):
        cells = (shop.value(told[s], metric, score="accuracy") for s in STORIES)
        yield f"| {text}: `{metric}` | " + " | ".join(map("{:.3f}".format, cells)) + " |"
    cells = (shop.value(told[s], "model_estimated_score_error", score="accuracy") for s in STORIES)
    yield "| `model_estimated_score_error` | " + " | ".join(map("{:+.3f}".format, cells)) + " |"
