"""What a model that always says the same would score, against scikit-learn's dummies."""

import json
import math

import numpy as np
import pytest
import shop
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    brier_score_loss,
    f1_score,
    log_loss,
    mean_absolute_error,
    root_mean_squared_error,
)

from exporter.engine import Engine
from exporter.evaluate import evaluate
from exporter.plan import plan
from exporter.profile import ComponentSpec, ProfileSpec, ScoreSpec, build, columns_of, dump, load, observe
from exporter.windows import WindowSpec


def evaluated(name, kind, output, actual, **options):
    return ComponentSpec(name, role="eval", extractor={kind: {"output": output, "actual": actual, **options}})


SPEC = ProfileSpec(
    "m",
    "1",
    [
        ComponentSpec("price", "output.price", dtype="float"),
        ComponentSpec("price", "actual.price", dtype="float"),
        ComponentSpec("label", "output.label", dtype="category"),
        ComponentSpec("chance", "output.chance", dtype="float"),
        ComponentSpec("label", "actual.label", dtype="category"),
        evaluated("error", "absolute_error", "price", "price"),
        evaluated("square", "squared_error", "price", "price"),
        evaluated("right", "correct", "label", "label"),
        evaluated("cell", "classification_error_type", "label", "label", positive="no"),
        evaluated("rare", "classification_error_type", "label", "label", positive="yes"),
        evaluated("matrix", "confusion", "label", "label", classes=["no", "yes"]),
        evaluated("ranked", "class_score", "chance", "label", positive="yes"),
        evaluated("brier", "brier", "chance", "label", positive="yes"),
        evaluated("log_loss", "log_loss", "chance", "label", positive="yes"),
    ],
    [
        ScoreSpec("mean_absolute_error", "error"),
        ScoreSpec("root_mean_squared_error", "error"),
        ScoreSpec("r2", inputs=["square", "price"]),
        ScoreSpec("accuracy", "right"),
        ScoreSpec("f1", "cell"),
        ScoreSpec("balanced_accuracy", "cell"),
        ScoreSpec("precision", "rare"),
        ScoreSpec("macro_f1", "matrix"),
        ScoreSpec("roc_auc", "ranked"),
        ScoreSpec("average_precision", "ranked"),
        ScoreSpec("brier", "brier"),
        ScoreSpec("log_loss", "log_loss"),
        ScoreSpec("mean_chance", "chance", "mean"),
    ],
)


@pytest.fixture(scope="module")
def rows():
    """Rows of which one in eleven has no actual."""
    random = np.random.default_rng(3)
    found = []
    for row in range(660):
        price, yes = random.normal(50, 9), random.random() < 0.3
        said = yes if random.random() < 0.8 else not yes
        output = {"price": price + random.normal(), "label": "yes" if said else "no", "chance": 0.7 if said else 0.2}
        actual = {"price": price, "label": "yes" if yes else "no"}
        found.append({"output": output} | ({"actual": actual} if row % 11 else {}))
    return found


def columns(rows):
    return columns_of(SPEC, [json.dumps(row).encode() for row in rows])


@pytest.fixture(scope="module")
def profile(rows):
    return build(SPEC, columns(rows), 0.0)


def test_a_dummy_scores_what_scikit_learns_does(rows, profile):
    found = {score.spec.name: score.dummy for score in profile.scores}
    price, label = (np.array([r["actual"][key] for r in rows if "actual" in r]) for key in ("price", "label"))
    always = DummyRegressor(strategy="mean").fit(price, price).predict(price)
    said = DummyClassifier(strategy="most_frequent").fit(label, label).predict(label)
    share = np.full(len(label), (label == "yes").mean())
    assert found["mean_absolute_error"] == pytest.approx(mean_absolute_error(price, always))
    assert found["root_mean_squared_error"] == pytest.approx(root_mean_squared_error(price, always))
    assert found["r2"] == pytest.approx(0, abs=1e-12)
    assert found["accuracy"] == pytest.approx(accuracy_score(label, said))
    assert found["f1"] == pytest.approx(f1_score(label, said, pos_label="no"))
    assert found["balanced_accuracy"] == pytest.approx(balanced_accuracy_score(label, said)) == 0.5
    assert found["macro_f1"] == pytest.approx(f1_score(label, said, average="macro"))
    assert found["roc_auc"] == 0.5
    assert found["average_precision"] == pytest.approx(share[0], abs=0.01)
    assert found["brier"] == pytest.approx(brier_score_loss(label == "yes", share))
    assert found["log_loss"] == pytest.approx(log_loss(label == "yes", share))


def test_a_score_has_no_dummy_where_that_is_undefined_or_it_is_of_no_actual(profile):
    found = {score.spec.name: score.dummy for score in profile.scores}
    assert math.isnan(found["precision"])
    assert math.isnan(found["mean_chance"])


def test_the_dummy_is_in_the_profiles_file_and_stays_the_references(rows, profile):
    again = load(dump(profile))
    wanted = [score.dummy for score in profile.scores]
    assert [score.dummy for score in again.scores] == pytest.approx(wanted, nan_ok=True)
    assert b'"dummy"' in dump(profile)
    seen = observe(again, columns(rows[:200]), 1.0)
    assert [score.dummy for score in seen.scores] == pytest.approx(wanted, nan_ok=True)


def test_the_reference_replayed_scores_as_it_did_and_nothing_fails(rows, profile):
    made = Engine(plan(profile, (WindowSpec("1h", 3600.0),)))
    for batch in shop.batches(made.plan.schema, [row | {"id": str(i)} for i, row in enumerate(rows)]):
        made.ingest(batch, 1000.0)
    found = evaluate(made.plan, made.state.predictions.windows(1000.0), made.state.outcomes.windows(1000.0))
    assert not found.failures
    wanted = {score.spec.name: (score.reference, score.samples) for score in profile.scores}
    for score in found.scores:
        value, samples = wanted[score.name]
        assert (score.found.value, score.found.samples) == (pytest.approx(value), samples)
        assert score.found.lower < score.found.value < score.found.upper
