"""Scores that are estimated without actuals: what is learned, what adds up, and what comes of it."""

import json
import math
import random
import re
import time
from collections import Counter
from dataclasses import replace

import msgspec
import numpy as np
import pytest
import running
import shop
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression

from exporter.batch import Field
from exporter.engine import Engine
from exporter.estimate import BUILDERS, Chances, Expected, calibrate, laid_out
from exporter.estimate.isotonic import isotonic
from exporter.estimate.loss import learn
from exporter.estimate.trees import fit
from exporter.estimation import confused, estimated
from exporter.evaluate import evaluate
from exporter.exposition.negotiate import Format
from exporter.extractors import BUILTIN as EXTRACTORS
from exporter.plan import plan
from exporter.profile import ProfileError, build, columns_of, dump, load, problems
from exporter.scores import BUILTIN
from exporter.summaries import Categories, ComponentSummary, Presence
from exporter.windows import WindowSpec

law = settings(derandomize=True, deadline=None, max_examples=100)
OUTPUT = Field("y", "output", None, ("a", "b", "c"))
ROWS = st.lists(
    st.tuples(st.integers(-1, 3), st.floats(0, 1) | st.just(math.nan), st.floats(0, 1), st.floats(0, 1)), max_size=40
)


# -- what is learned


@law
@given(st.lists(st.tuples(st.integers(0, 12), st.booleans()), min_size=1, max_size=60))
def test_the_regression_is_scikit_learns(rows):
    scores, truths = (np.array(column, np.float64) for column in zip(*rows, strict=True))
    theirs = IsotonicRegression(out_of_bounds="clip").fit(scores, truths)
    asked = np.linspace(-2, 14, 65)
    np.testing.assert_allclose(np.interp(asked, *isotonic(scores, truths)), theirs.predict(asked), atol=1e-12)


def learned(rows=4000, classes=("a", "b")):
    """A calibration of probabilities that say too much, and how probable the classes really are."""
    random = np.random.default_rng(3)
    weights = random.exponential(size=(rows, 3)) ** 2
    truth = weights / weights.sum(axis=1, keepdims=True)
    codes = (random.random((rows, 1)) > truth.cumsum(axis=1)).sum(axis=1).astype(np.int32)
    said = truth**2 / (truth**2).sum(axis=1, keepdims=True)
    outputs = {name: (f"p_{name}", said[:, "abc".index(name)]) for name in classes}
    return calibrate("y", ("a", "b", "c"), codes, outputs), said, truth


def test_chances_come_from_what_has_come_true_whatever_the_probabilities_say():
    calibration, said, truth = learned(40_000)
    found = Chances.of(calibration, OUTPUT.levels).columns(list(said[:, :2].T))
    assert calibration.rest == "c"
    np.testing.assert_allclose(found.sum(axis=1), 1.0)
    assert np.abs(found - truth).mean() < 0.05 < np.abs(said - truth).mean()


def test_chances_of_all_classes_sum_to_1_and_are_missing_where_one_probability_is():
    calibration, _, _ = learned(classes=("a", "b", "c"))
    chances = Chances.of(calibration, OUTPUT.levels)
    found = chances.columns(
        [np.array([0.5, 0.0, math.nan, 1.5]), *np.array([[0.3, 0.0, 0.3, 0.3], [0.2, 0.0, 0.2, 0.2]])]
    )
    np.testing.assert_allclose(found[:2].sum(axis=1), 1.0)
    assert np.isnan(found[2:]).all()
    assert not found[:2, 3].any()


def test_too_few_labels_teach_nothing_and_say_so():
    with pytest.raises(ValueError, match="needs 100 records with actual and probabilities, the reference has 99"):
        calibrate("y", ("a", "b"), np.zeros(99, np.int32), {"a": ("p", np.full(99, 0.5))})
    with pytest.raises(ValueError, match="needs 100 records with an actual, the reference has 99"):
        learn("error", "mean", np.ones(99), [(Field("x", "input", None), np.ones(99))], 0)
    with pytest.raises(ValueError, match="z is no category of actual y: a, b"):
        calibrate("y", ("a", "b"), np.zeros(200, np.int32), {"z": ("p", np.full(200, 0.5))})


def test_trees_learn_what_a_number_depends_on_and_nothing_from_noise():
    random = np.random.default_rng(1)
    columns = random.normal(size=(4, 6000))
    columns[0, ::7] = math.nan
    truth = np.where(np.isnan(columns[0]), 3.0, np.abs(columns[1])) + (columns[2] > 0.5)
    ensemble, unseen = fit(columns, truth + random.normal(0, 0.3, 6000), 0)
    fresh = random.normal(size=(4, 3000))
    wanted = np.abs(fresh[1]) + (fresh[2] > 0.5)
    assert np.mean((ensemble.predict(fresh) - wanted) ** 2) < 0.02 < np.var(wanted) / 20
    assert np.mean((unseen - truth) ** 2) < 0.05
    nothing, _ = fit(columns, random.normal(size=6000), 0)
    assert np.std(nothing.predict(fresh)) < 0.1
    constant, _ = fit(np.ones((1, 200)), truth[:200], 0)
    np.testing.assert_allclose(constant.predict(np.ones((1, 3))), truth[:200].mean())


def test_the_loss_to_be_expected_follows_the_data_where_the_errors_depend_on_them():
    random = np.random.default_rng(2)

    def rows(n, middle):
        x, zone = random.normal(middle, 1, n), random.integers(0, 3, n).astype(np.int32)
        return [x, zone], np.abs(random.normal(0, 1, n)) * (1 + np.abs(x)) * (1 + (zone == 2))

    fields = [Field("x", "input", None), Field("zone", "input", None, ("low", "high", "odd"))]
    columns, losses = rows(20_000, 0.0)
    model = learn("error", "mean", losses, list(zip(fields, columns, strict=True)), 0)
    expected = model.bind({(field.role, field.name): field for field in fields})
    for middle in (0.0, 0.7):
        columns, losses = rows(5_000, middle)
        found = model.score(model.weigh(expected(columns))[0])
        assert found.lower < losses.mean() < found.upper
        assert found.value == pytest.approx(losses.mean(), rel=0.05)
    unseen = expected([np.array([math.nan]), np.array([3], np.int32)])
    assert unseen.shape == (1,)
    assert 0 <= unseen[0] < 5


# -- what adds up


def laid(name, rows):
    """Rows as an extractor's component lays them out, and the estimate of its scores."""
    calibration, _, _ = learned(classes=("a", "b", "c"))
    options = {"classification_error_type": {"positive": "b"}, "confusion": {"classes": ("a", "b")}}.get(name, {})
    output = OUTPUT if name != "class_score" else Field("p_b", "output", None)
    if name == "class_score":
        options = {"positive": "b"}
    extractor = EXTRACTORS[name](output="y", actual="y", **options)
    chances = Chances.of(calibration, OUTPUT.levels)
    outcomes = BUILDERS[type(extractor)](extractor, output, chances)
    predicted, *said = (np.array(column) for column in zip(*rows, strict=True)) if rows else np.empty((4, 0))
    found = chances.columns([column.astype(np.float64) for column in said])
    out = said[1].astype(np.float64) if name == "class_score" else predicted.astype(np.int32)
    return laid_out(outcomes, found, out), Expected(outcomes, calibration.rows), found, out


@pytest.mark.parametrize("extractor", ["classification_error_type", "correct", "confusion", "class_score"])
@law
@given(ROWS)
def test_the_expected_counts_are_the_chances_added_row_by_row_and_add_up(extractor, rows):
    column, expected, chances, out = laid(extractor, rows)
    sums, valid = expected.weigh(column)
    half = len(rows) // 2
    parts = [expected.weigh(column[:half])[0], expected.weigh(column[half:])[0]]
    np.testing.assert_allclose(parts[0] + parts[1], sums, atol=1e-9)
    counts = expected.counts(sums)
    known = [(o, c) for o, c in zip(out.tolist(), chances.tolist(), strict=True) if o >= 0 and not math.isnan(c[0])]
    assert valid == len(known)
    assert counts.sum() == pytest.approx(valid)
    if extractor == "classification_error_type":
        wanted = [sum(c[1] for o, c in known if o == 1), sum(1 - c[1] for o, c in known if o == 1)]
        wanted += [sum(c[1] for o, c in known if o != 1), sum(1 - c[1] for o, c in known if o != 1), 0]
        np.testing.assert_allclose(counts, wanted, atol=1e-9)
    elif extractor == "correct":
        assert counts[1] == pytest.approx(sum(c[o] if o < 3 else 0.0 for o, c in known), abs=1e-9)
    elif extractor == "confusion":
        wanted = np.zeros((3, 3))
        for o, c in known:
            wanted[min(o, 2)] += [c[0], c[1], 1 - c[0] - c[1]]
        np.testing.assert_allclose(counts, wanted.ravel(), atol=1e-9)
    else:
        assert counts[:101].sum() <= counts.sum()
        assert counts[[0, -1]].sum() == 0


def test_the_interval_is_as_wide_as_what_the_chances_leave_open():
    """Of rows that are all as probable, the right ones are binomial."""
    calibration, _, _ = learned(40_000, classes=("a", "b", "c"))
    outcomes = BUILDERS[EXTRACTORS["correct"]](EXTRACTORS["correct"]("y", "y"), OUTPUT, Chances.of(calibration, "abc"))
    expected = Expected(outcomes, 10**12)
    open_rows = np.tile([0.0, 0.8, 0.2], (1000, 1))
    half_certain = np.array([[0.0, 1.0, 0.0], [0.0, 0.6, 0.4]] * 500)
    for rows, variance in ((open_rows, 0.16), (half_certain, 0.12)):
        found = expected.score(BUILTIN["accuracy"].measure, expected.weigh(rows)[0])
        assert found.value == pytest.approx(0.8)
        assert (found.upper - found.lower) / 2 == pytest.approx(1.96 * math.sqrt(variance / 1000), rel=0.01)
    certain = expected.score(BUILTIN["accuracy"].measure, expected.weigh(np.tile([0.0, 1.0, 0.0], (50, 1)))[0])
    assert certain.value == certain.upper == 1.0
    assert expected.score(BUILTIN["accuracy"].measure, np.zeros(expected.width)).samples == 0


@pytest.mark.parametrize("name", [name for name, score in BUILTIN.items() if score.estimate == "counts"])
def test_a_score_does_not_depend_on_counts_being_whole_or_many(name):
    """Estimates rest on it: counts that are expected are no whole numbers."""
    several = [n for n in BUILTIN if n.startswith(("macro_", "weighted_", "business_"))]
    extractors = {"roc_auc": "class_score"} | dict.fromkeys(several, "confusion")
    _, expected, _, _ = laid(extractors.get(name, "classification_error_type"), [(0, 0.1, 0.2, 0.3)])
    counts = np.random.default_rng(5).integers(1, 50, expected.outcomes.size).astype(np.float64)
    counts[[0, -1]] = 0 if name == "roc_auc" else counts[[0, -1]]
    one, third = (BUILTIN[name].measure(expected.outcomes.summary(counts * part)) for part in (1, 1 / 3))
    assert third.value == pytest.approx(one.value, abs=1e-9)
    assert third.upper - third.lower > one.upper - one.lower


# -- what comes of it


WINDOWS = (WindowSpec("1h", 3600.0), WindowSpec("500 rows", rows=500))


def engine(records, windows=WINDOWS):
    made = Engine(plan(shop.wide(), windows))
    for batch in shop.batches(made.plan.schema, records):
        made.ingest(batch, 1000.0)
    return made


def readings(made):
    state = made.state
    found = evaluate(made.plan, state.predictions.windows(1000.0), state.outcomes.windows(1000.0))
    streams = state.estimates.windows(1000.0), state.checks.windows(1000.0)
    return {(e.name, e.window): e for e in estimated(made.plan, streams, found.realised, found.failures)}, found


def value(found, name):
    return next(number for (other, _), number in found.items() if other == name)


def split(records):
    predictions = [{key: part for key, part in record.items() if key != "actual"} for record in records]
    return predictions, [{"id": record["id"], "actual": record["actual"]} for record in records]


def test_there_is_an_estimate_before_there_are_actuals_and_its_error_once_they_come():
    predictions, actuals = split(shop.records(2000, seed=9))
    made = engine(predictions)
    found, evaluation = readings(made)
    assert math.isnan(evaluation.realised["accuracy", "1h"])
    assert {name for name, _ in found} == {"mean_absolute_error", "precision", "accuracy", "macro_f1"}
    assert all(math.isnan(one.error) for one in found.values())
    for batch in shop.batches(made.plan.schema, actuals[:1200]):
        made.ingest(batch, 1000.0)
    late, evaluation = readings(made)
    for key, one in late.items():
        assert one.found == found[key].found
        assert one.found.lower < evaluation.realised[key] < one.found.upper
        assert 0 < abs(one.error) < 0.1
    assert late["accuracy", "1h"].found.value == pytest.approx(0.9, abs=0.02)
    assert late["mean_absolute_error", "1h"].found.value == pytest.approx(0.8, abs=0.04)


def test_it_is_the_same_whether_actuals_come_with_the_prediction_before_it_or_after():
    records = shop.records(900, seed=9)
    predictions, actuals = split(records)
    wanted, _ = readings(engine(records))
    for order in ([*predictions, *actuals], [*actuals, *predictions]):
        found, _ = readings(engine(order))
        for key, one in wanted.items():
            assert found[key].found.value == pytest.approx(one.found.value, abs=1e-9)
            assert found[key].error == pytest.approx(one.error, abs=1e-9)


def test_the_error_is_of_the_very_predictions_that_have_this_actual_however_it_comes():
    """In parts, one part never, one corrected: as if all had come at once, in windows by time and by rows."""
    records = shop.records(900, seed=9)
    predictions, actuals = split(records)
    parts = {
        name: [{"id": row["id"], "actual": {name: row["actual"][name]}} for row in actuals]
        for name in ("price", "sold")
    }
    made = engine([*predictions, *parts["price"]])
    found, _ = readings(made)
    assert {name for (name, _), one in found.items() if not math.isnan(one.error)} == {"mean_absolute_error"}
    wrong = [row | {"actual": {"sold": "no"}} for row in parts["sold"][:200]]
    for rows in (wrong, parts["sold"][200:850], [row | {"revision": 1} for row in parts["sold"][:200]]):
        for batch in shop.batches(made.plan.schema, rows):
            made.ingest(batch, 1000.0)
    whole = [
        record | {"actual": record["actual"] | ({} if at < 850 else {"sold": None})}
        for at, record in enumerate(records)
    ]
    found, wanted = readings(made)[0], readings(engine(whole))[0]
    for key, one in wanted.items():
        assert found[key].error == pytest.approx(one.error, abs=1e-9)
        assert not math.isnan(one.error)


def test_the_expected_confusion_matrix_counts_every_prediction_once():
    made = engine(split(shop.records(800))[0], (WindowSpec("1h", 3600.0),))
    (matrix,) = confused(made.plan, made.state.estimates.windows(1000.0))
    assert sum(matrix.counts.values()) == pytest.approx(800)
    assert matrix.counts["yes", "yes"] > 5 * matrix.counts["yes", "no"] > 0


@pytest.mark.parametrize("dtype", ["category", "float"])
def test_how_sure_the_model_is_tells_its_accuracy_whatever_the_classes(dtype):
    """Of numbers, too; the model is less often right than it says, and in the end less sure."""
    chance = random.Random(4)

    def rows(count, least):
        for number in range(count):
            sure, said = chance.uniform(least, 1), chance.randrange(5)
            real = said if chance.random() < sure**2 else (said + 1) % 5
            yield {"id": f"{least}-{number}", "output": {"y": said, "sure": sure}, "actual": {"y": real}}

    parts = [{"name": "y", "element": f"{role}.y", "dtype": dtype} for role in ("output", "actual")]
    parts += [{"name": "sure", "element": "output.sure", "dtype": "float"}]
    parts += [{"name": "right", "role": "eval", "extractor": {"correct": {"output": "y", "actual": "y"}}}]
    scores = [{"name": "accuracy", "input": "right", "estimate": "sure"}]
    wanted = msgspec.convert({"name": "m", "version": "1", "components": parts, "scores": scores}, type(shop.SPEC))
    profile = build(wanted, columns_of(wanted, shop.lines(rows(8000, 0.5)).splitlines()), 0.0)
    made = Engine(plan(load(dump(profile)), (WindowSpec("1h", 3600.0),)))
    for least, accuracy in ((0.5, 7 / 12), (0.9, 0.903)):
        made = Engine(made.plan)
        for batch in shop.batches(
            made.plan.schema, [{"id": "x", "output": {"y": None, "sure": 0.7}}, *rows(3000, least)]
        ):
            made.ingest(batch, 1000.0)
        found = readings(made)[0]["accuracy", "1h"]
        assert found.found.samples == 3000
        assert found.found.value == pytest.approx(accuracy, abs=0.02)
        assert abs(found.error) < 0.03


def test_below_the_minimum_sample_nothing_is_said():
    found, _ = readings(engine(split(shop.records(29))[0]))
    assert all(math.isnan(one.found.value) for one in found.values())
    assert found["accuracy", "1h"].found.samples == 29
    made = engine(split(shop.records(29))[0])
    matrices = confused(made.plan, made.state.estimates.windows(1000.0))
    assert all(math.isnan(count) for one in matrices for count in one.counts.values())


def test_predictions_without_a_probability_are_not_estimated_and_cost_nothing_else():
    predictions, _ = split(shop.records(300))
    for record in predictions[:100]:
        record["output"].pop("chance")
    for record, odd in zip(predictions[100:], ("much", 7.0, -1.0, None, [1]), strict=False):
        record["output"]["chance"] = odd
    made = engine(predictions)
    found, _ = readings(made)
    assert found["accuracy", "1h"].found.samples == 195
    assert found["mean_absolute_error", "1h"].found.samples == 300
    assert made.state.count == 300


def test_an_estimate_that_fails_costs_itself_and_is_counted():
    made = Engine(plan(shop.wide(), WINDOWS))

    def fails(*_):
        raise RuntimeError

    estimates = made.plan.estimates
    losses = tuple(replace(one, compute=fails) for one in estimates.losses)
    steps = tuple(replace(one, lay_out=fails) if one.trail else one for one in estimates.steps)
    scores = tuple(
        replace(s, score=replace(s.score, measure=fails)) if s.name == "precision" else s for s in made.plan.scores
    )
    made.plan = replace(made.plan, estimates=replace(estimates, losses=losses, steps=steps), scores=scores)
    for batch in shop.batches(made.plan.schema, split(shop.records(100))[0]):
        made.ingest(batch, 1000.0)
    found, evaluation = readings(made)
    assert made.state.count == 100
    assert made.state.extractor_failures["estimate"] >= 2
    assert evaluation.failures["estimate", "precision"] == 1
    assert all(math.isnan(one.found.value) for one in found.values())


def test_estimates_and_their_error_survive_a_restart(tmp_path):
    predictions, actuals = split(shop.records(1500, seed=2))
    site = running.Site(tmp_path, "", shop.wide())
    site.config.write_text(site.config.read_text() + "state: state.db\n")
    series = ("model_estimated_score", "model_estimated_score_upper", "model_estimated_confusion")

    def kept(app):
        app._fleet.evaluate(time.time())
        return {key: value for key, value in shop.read(app._fleet.metrics(Format.TEXT)).items() if key[0] in series}

    site.append(predictions)
    with site.running() as app:
        running.until(app.addresses[0], lambda found: value(found, "model_predictions_total") == 1500)
    before = kept(app)
    site.append(actuals)
    with site.running() as app:
        running.until(app.addresses[0], lambda found: value(found, "model_actuals_total") == 1500)
    assert kept(app) == before
    found = shop.read(app._fleet.metrics(Format.TEXT))
    assert {name for name, _ in found if name.endswith("_score_error")} == {"model_estimated_score_error"}
    assert {key[0] for key in before} == set(series)


# -- what people write and files hold


def spec(**scores):
    """The spec with other estimates, None for none."""
    wide = msgspec.convert(json.loads(msgspec.json.encode(SPEC)), type(shop.SPEC))
    changed = [
        msgspec.structs.replace(one, estimate=scores[one.name]) if one.name in scores else one for one in wide.scores
    ]
    return msgspec.structs.replace(wide, scores=changed)


def _spec():
    profile = shop.wide()
    parts = [component.spec for component in profile.components]
    return msgspec.structs.replace(shop.SPEC, components=parts, scores=[score.spec for score in profile.scores])


SPEC = _spec()


@pytest.mark.parametrize(
    ("estimates", "message"),
    [
        ({"accuracy": True}, "write the output components that hold the probabilities, by class"),
        ({"macro_f1": "chance"}, "write the output components that hold the probabilities, by class"),
        ({"accuracy": {"yes": "prospect"}}, "there is no output component prospect of numbers"),
        ({"precision": "sold"}, "there is no output component sold of numbers"),
        ({"mean_absolute_error": "chance"}, "write true; a loss is told from all inputs and outputs"),
    ],
)
def test_a_declaration_that_cannot_be_is_refused_with_what_to_write(estimates, message):
    found = problems(spec(**estimates))
    place = next(at for at, score in enumerate(SPEC.scores) if score.name in estimates)
    assert [key for key, _ in found] == [f"scores[{place}].estimate"]
    assert message in found[0][1]


def test_scores_that_nothing_can_tell_without_actuals_say_so():
    matrix = msgspec.structs.replace(SPEC.scores[0], name="median_absolute_error", estimate=True)
    found = problems(msgspec.structs.replace(SPEC, scores=[matrix]))
    assert found == [("scores[0].estimate", "leave it out: median_absolute_error cannot be told without actuals")]


def test_a_class_that_does_not_exist_fails_the_build_with_the_name_of_the_score():
    columns = columns_of(spec(accuracy={"maybe": "chance"}), shop.lines(shop.records(300)).splitlines())
    with pytest.raises(ProfileError, match="score accuracy: maybe is no category of actual sold"):
        build(spec(accuracy={"maybe": "chance"}), columns, 0.0)


def test_the_file_holds_what_was_learned():
    profile = shop.wide()
    again = load(dump(profile))
    assert again.estimators == profile.estimators
    assert dump(again) == dump(profile)
    assert len(again.estimators.calibrations) == 1
    assert b"estimators" not in dump(shop.profile())


@law
@given(st.randoms(use_true_random=False))
def test_estimators_with_a_number_changed_are_refused_or_harmless(chance: random.Random):
    """Whatever stands in a file, a plan can be made of what is loaded, and rows go through it."""
    estimators = json.loads(msgspec.json.encode(shop.wide().estimators))
    _spoil(estimators, chance)
    profile = shop.wide()
    try:
        found = msgspec.convert(estimators, type(profile.estimators))
        loaded = load(dump(replace(profile, estimators=found)))
    except (ProfileError, msgspec.ValidationError):
        return
    made = Engine(plan(loaded, WINDOWS))
    for batch in shop.batches(made.plan.schema, shop.records(40)):
        made.ingest(batch, 1000.0)
    assert made.state.count == 40
    assert not made.state.extractor_failures
    readings(made)


def _spoil(value, chance):
    """Replace something within a JSON value."""
    while True:
        key = chance.choice(list(value) if isinstance(value, dict) else range(len(value)))
        below = value[key]
        if not isinstance(below, dict | list) or not below or chance.random() < 0.1:
            value[key] = chance.choice([0, -1, 1.5, 10**9, 1e300, [], "no", None, {}, [0.5], "rest"])
            return
        value = below


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("calibrations", 0, "curves", 0, "scores"), [0.5, 0.2], "its scores are not ascending numbers"),
        (("calibrations", 0, "curves", 0, "scores"), [0.5], "its curve has not 1 to 10000 points"),
        (("calibrations", 0, "curves", 0, "chances"), [0.9, 0.2], "its chances are not ascending from 0 to 1"),
        (("calibrations", 0, "curves", 0, "output"), "gone", "its components are not there"),
        (("calibrations", 0, "rows"), 3, "100 records or more"),
        (("calibrations",), [], "score accuracy: what it is estimated with is not there"),
        (("losses",), [], "score mean_absolute_error: what it is estimated with is not there"),
        (("losses", 0, "features", 0, "name"), "gone", "its components are not there"),
        (("losses", 0, "spread"), -1.0, "ranks and a spread"),
        (("losses", 0, "ensemble", "columns"), [[0, 1, 99]], "its trees"),
        (("losses", 0, "ensemble", "leaves"), [[1.0]], "its trees have not 3 questions and 8 leaves each"),
    ],
)
def test_a_file_with_estimators_that_cannot_be_is_refused_by_what_is_wrong(place, value, message):
    estimators = json.loads(msgspec.json.encode(shop.wide().estimators))
    part = estimators
    for key in place[:-1]:
        part = part[key]
    part[place[-1]] = value
    found = msgspec.convert(estimators, type(shop.wide().estimators))
    with pytest.raises(ProfileError, match=re.escape(message)):
        load(dump(replace(shop.wide(), estimators=found)))


def test_what_is_counted_is_summed_exactly():
    """A summary of counts that are expected stands beside one of counts."""
    counts = Categories(("a",), np.array([1.5, 2.0]))
    assert ComponentSummary(Presence(), categories=counts).categories.n == 3.5
    assert Counter({"a": counts["a"]}) == {"a": 1.5}
