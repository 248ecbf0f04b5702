"""Evaluation: what may be said of a window and what may not, and what a failing plug-in costs."""

import json
import math
from collections import Counter
from dataclasses import replace

import msgspec
import numpy as np
import pytest
import shop

from exporter import plan as plans
from exporter.drift import BUILTIN as STATISTICS
from exporter.drift import DEFAULT
from exporter.engine import Engine
from exporter.evaluate import QUANTILES, alarmed, evaluate
from exporter.plan import ScorePlan, plan
from exporter.profile import ScoreSpec, build, columns_of, problems
from exporter.scores import Score
from exporter.scores.score import MINIMUM_SAMPLES
from exporter.windows import Earlier, WindowSpec

LONG = (WindowSpec("1h", 3600.0), WindowSpec("100000 rows", None, 100_000))
COMPONENTS = 11


def evaluated(log, windows=LONG, now=1000.0, planned=None):
    """What is said of a log that arrived at 1000 seconds."""
    made = Engine(planned or shop.planned(windows))
    for batch in shop.batches(made.plan.schema, log):
        made.ingest(batch, 1000.0)
    state = made.state
    return evaluate(made.plan, state.predictions.windows(now), state.outcomes.windows(now))


def readings(evaluation, window="1h"):
    return {(r.component.role, r.component.name): r for r in evaluation.components if r.window == window}


def known(evaluation):
    """All numbers that would be exposed as drift or score."""
    drift = [value for reading in evaluation.components for value in reading.drift.values()]
    return [value for value in [*drift, *(score.found.value for score in evaluation.scores)] if not math.isnan(value)]


def shifted(log, role="input", **parts):
    return [row | {role: row[role] | parts} for row in log]


def test_every_component_and_score_is_read_in_every_window():
    evaluation = evaluated(shop.records(100))
    keys = {(c.role, c.name) for c in shop.profile().components}
    assert len(keys) == COMPONENTS
    for window in ("1h", "100000 rows"):
        assert set(readings(evaluation, window)) == keys
        assert [s.name for s in evaluation.scores if s.window == window] == [s.spec.name for s in shop.profile().scores]
    assert list(evaluation.drifted) == ["1h", "100000 rows"]
    assert {reading.samples for reading in evaluation.components} == {100}


def test_a_component_has_the_statistics_of_its_kind():
    found = readings(evaluated([]))
    numeric, category = found["input", "size"].drift, found["input", "colour"].drift
    for found, kind in ((numeric, "numeric"), (category, "category")):
        assert list(found) == [name for name in DEFAULT if kind in STATISTICS[name].kinds]


def test_a_component_has_the_statistics_too_that_its_thresholds_name():
    components = [
        replace(c, spec=msgspec.structs.replace(c.spec, thresholds={"hellinger": 0.1, "energy_distance": 0.2}))
        for c in shop.profile().components
    ]
    chosen = plan(replace(shop.profile(), components=tuple(components)), LONG)
    found = readings(evaluated(shop.records(2000, seed=5), planned=chosen))
    assert list(found["input", "size"].drift)[-2:] == ["hellinger", "energy_distance"]
    assert list(found["input", "colour"].drift)[-1] == "hellinger"
    assert math.isfinite(found["input", "size"].drift["energy_distance"])


@pytest.mark.parametrize("name", STATISTICS)
@pytest.mark.parametrize(("role", "component"), [("input", "size"), ("input", "colour"), ("eval", "error")])
def test_a_statistic_is_unknown_one_value_below_its_minimum_sample_and_known_at_it(name, role, component):
    statistic = STATISTICS[name]
    reference = next(c for c in shop.profile().components if (c.role, c.name) == (role, component))
    if name not in plans.statistics(reference):
        assert name not in readings(evaluated([]))[role, component].drift
        return
    needed = int(statistic.needs(np.array(len(reference.reference.bins()))))
    assert needed >= 100
    below, enough = (readings(evaluated(shop.records(n, seed=2)))[role, component] for n in (needed - 1, needed))
    assert math.isnan(below.drift[name])
    assert math.isfinite(enough.drift[name])


def test_values_that_are_missing_do_not_count_towards_the_minimum_sample():
    log = shop.records(500, seed=2)
    reading = readings(evaluated(shifted(log, size=None)))["input", "size"]
    assert (reading.samples, {math.isnan(value) for value in reading.drift.values()}) == (0, {True})
    assert readings(evaluated(shifted(log, size=None)))["input", "change"].samples == 500


def test_a_reference_that_is_too_small_is_never_compared_with():
    small = build(shop.SPEC, columns_of(shop.SPEC, shop.lines(shop.records(90)).splitlines()), 0.0)
    evaluation = evaluated(shop.records(5000, seed=2), planned=plan(small, LONG))
    assert all(math.isnan(value) for reading in evaluation.components for value in reading.drift.values())
    assert all(math.isnan(share) for share in evaluation.drifted.values())


def test_without_traffic_there_is_no_drift_no_score_and_no_share_of_drifted_components():
    for evaluation in (evaluated([]), evaluated(shop.records(5000, seed=2), windows=LONG[:1], now=1000.0 + 3600.0)):
        assert known(evaluation) == []
        assert all(math.isnan(share) for share in evaluation.drifted.values())
        assert {reading.samples for reading in evaluation.components} == {0}
        assert {score.found.samples for score in evaluation.scores} == {0}
        assert all(math.isnan(value) for reading in evaluation.components for value in reading.quantiles)
        assert evaluation.failures == Counter()


def test_failed_predictions_alone_are_no_traffic_to_compare():
    evaluation = evaluated([{"error": "boom", "input": {"size": 1e9}}] * 1000)
    assert known(evaluation) == []


def test_the_reference_replayed_is_no_drift_and_scores_as_it_did():
    evaluation = evaluated(shop.records(2000))
    values = [value for reading in evaluation.components for value in reading.drift.values()]
    assert len(values) == 2 * COMPONENTS * 4
    assert max(values) < 1e-12
    assert evaluation.drifted == {"1h": 0.0, "100000 rows": 0.0}
    for score, reference in zip(evaluation.scores, shop.profile().scores * 2, strict=True):
        assert (score.found.value, score.found.samples) == (pytest.approx(reference.reference), reference.samples)


def test_other_data_of_the_same_kind_is_below_every_threshold():
    evaluation = evaluated(shop.records(2000, seed=5))
    for reading in evaluation.components:
        for name, (_, threshold) in plans.statistics(reading.component).items():
            assert 0 <= reading.drift[name] < threshold
    assert max(known(evaluation)[:20]) > 0.0


def test_the_drifted_share_is_that_of_the_judged_components_over_their_threshold():
    log = shifted(shop.records(2000, seed=2), size=99.0, colour="red", change=None)
    evaluation = evaluated(log)
    found = readings(evaluation)
    assert found["input", "size"].drift["psi"] > 1
    assert found["input", "colour"].drift["psi"] > 0.25
    assert found["input", "change"].samples == 0
    assert evaluation.drifted["1h"] == 2 / (COMPONENTS - 1)


def test_a_threshold_of_the_profile_decides_instead_of_the_default():
    components = [
        replace(
            c,
            spec=type(c.spec)(
                **{f: getattr(c.spec, f) for f in c.spec.__struct_fields__} | {"thresholds": {"psi": -1.0}}
            ),
        )
        for c in shop.profile().components
    ]
    strict = plan(replace(shop.profile(), components=tuple(components)), LONG)
    assert evaluated(shop.records(2000, seed=5), planned=strict).drifted["1h"] == 1.0


@pytest.mark.parametrize("name", STATISTICS)
@pytest.mark.parametrize("part", ["measure", "needs"])
def test_a_statistic_that_raises_costs_only_itself_and_is_counted(monkeypatch, name, part):
    log = shop.records(2000, seed=2)
    sound = evaluated(log)

    def boom(*_):
        raise ZeroDivisionError

    broken = {**STATISTICS, name: replace(STATISTICS[name], **{part: boom})}
    monkeypatch.setattr(plans.model, "STATISTICS", broken)
    planned = plan(shop.profile(), LONG)
    evaluation = evaluated(log, planned=planned)
    concerned = any(name in group.statistics for group in (*planned.prediction_groups, *planned.outcome_groups))
    assert evaluation.failures == Counter({("drift", name): 1} if concerned else {})
    for before, after in zip(sound.components, evaluation.components, strict=True):
        assert {k: v for k, v in before.drift.items() if k != name} == {
            k: v for k, v in after.drift.items() if k != name
        }
        assert math.isnan(after.drift.get(name, math.nan))
    assert evaluation.scores == sound.scores
    assert math.isnan(evaluation.drifted["1h"]) == (name == "psi")


def with_score(measure, name="accuracy"):
    planned = shop.planned(LONG[:1])
    scores = [
        ScorePlan(s.reference, Score(measure, "high", s.score.reads), s.components)
        if s.reference.spec.name == name
        else s
        for s in planned.scores
    ]
    return replace(planned, scores=tuple(scores))


def test_a_score_that_raises_costs_only_itself_and_is_one_counted_failure():
    def boom(_summary):
        raise KeyError("no")

    log = shop.records(100, seed=2)
    sound, evaluation = evaluated(log, LONG[:1]), evaluated(log, planned=with_score(boom))
    assert evaluation.failures == Counter({("score", "accuracy"): 1})
    broken = next(score for score in evaluation.scores if score.name == "accuracy")
    assert (math.isnan(broken.found.value), broken.found.samples) == (True, 0)
    assert [s for s in evaluation.scores if s.name != "accuracy"] == [s for s in sound.scores if s.name != "accuracy"]
    assert evaluation.drifted == sound.drifted


@pytest.mark.parametrize(("samples", "expected"), [(0, True), (MINIMUM_SAMPLES - 1, True), (MINIMUM_SAMPLES, False)])
def test_a_score_is_unknown_below_its_minimum_sample_and_its_sample_size_is_said(samples, expected):
    evaluation = evaluated(shop.records(samples, seed=2), LONG[:1])
    accuracy = next(score for score in evaluation.scores if score.name == "accuracy")
    assert (math.isnan(accuracy.found.value), accuracy.found.samples) == (expected, samples)


def test_a_score_that_is_undefined_is_unknown_however_many_records_there_are():
    log = shifted(shop.records(200, seed=2), "output", sold="no")
    scores = {score.name: score for score in evaluated(log, LONG[:1]).scores}
    assert math.isnan(scores["precision"].found.value)
    assert scores["precision"].found.samples == 0
    assert scores["recall"].found.value == 0.0


def test_a_score_may_be_of_any_component_where_its_name_is_clear():
    scores = [ScoreSpec("mean_size", "size", "mean"), ScoreSpec("mean_error", "error", "mean")]
    spec = msgspec.structs.replace(shop.SPEC, scores=scores)
    reference = [json.dumps(record).encode() for record in shop.records(500, seed=1)]
    profile = build(spec, columns_of(spec, reference), built=0.0)
    log = shifted(shop.records(100, seed=2), size=7.0)
    unlabelled = [{key: part for key, part in record.items() if key != "actual"} for record in log]
    found = {score.name: score for score in evaluated(unlabelled, planned=plan(profile, LONG[:1])).scores}
    assert (found["mean_size"].found.value, found["mean_size"].found.samples) == (7.0, 100)
    assert (math.isnan(found["mean_error"].found.value), found["mean_error"].found.samples) == (True, 0)
    wrong = msgspec.structs.replace(spec, scores=[ScoreSpec("mean", "price"), ScoreSpec("accuracy", "colour")])
    assert problems(wrong) == [
        ("scores[0].input", "price is the name of several: output price, actual price"),
        (
            "scores[1].input",
            "accuracy cannot read colour; it needs a component of classification_error_type or correct or hit_at_k",
        ),
    ]


def test_a_statistic_that_says_nan_is_unknown_and_no_failure():
    """Wasserstein has no unit where the reference is constant."""
    rows = shifted(shop.records(2000), size=3.0)
    constant = build(shop.SPEC, columns_of(shop.SPEC, shop.lines(rows).splitlines()), 0.0)
    evaluation = evaluated(rows, planned=plan(constant, LONG))
    drift = readings(evaluation)["input", "size"].drift
    assert math.isnan(drift["wasserstein"])
    assert drift["psi"] == 0.0
    assert evaluation.failures == Counter()


def test_drift_is_what_the_statistic_measures_between_reference_and_window():
    made = Engine(shop.planned(LONG))
    for batch in shop.batches(made.plan.schema, shop.records(1000, seed=2)):
        made.ingest(batch, 1000.0)
    window = made.state.predictions.windows(1000.0)
    evaluation = evaluate(made.plan, window, made.state.outcomes.windows(1000.0))
    for place, component in enumerate(made.plan.prediction_components):
        reading = readings(evaluation)[component.role, component.name]
        for name, (statistic, _) in plans.statistics(component).items():
            assert reading.drift[name] == pytest.approx(statistic.of(component.reference, window["1h"][place]))


def test_quantiles_are_near_those_of_the_values_and_only_numbers_have_them():
    log = shop.records(3000, seed=2)
    found = readings(evaluated(log))
    values = [row["input"]["size"] for row in log]
    exact = np.quantile(values, QUANTILES)
    assert found["input", "size"].quantiles == pytest.approx(exact, abs=0.2)
    assert list(found["input", "size"].quantiles) == sorted(found["input", "size"].quantiles)
    assert found["input", "colour"].quantiles == ()


def test_windows_are_read_apart_from_each_other():
    evaluation = evaluated(shop.records(5000, seed=2), (WindowSpec("1h", 3600.0), WindowSpec("10 rows", None, 10)))
    assert {reading.samples for reading in readings(evaluation, "1h").values()} == {5000}
    small = readings(evaluation, "10 rows")
    assert {reading.samples for reading in small.values()} == {10}
    assert all(math.isnan(value) for reading in small.values() for value in reading.drift.values())
    assert math.isnan(evaluation.drifted["10 rows"])


def test_numbers_at_the_end_of_the_range_make_no_statistic_fail():
    evaluation = evaluated(shifted(shop.records(1000), size=1.7e308))
    assert evaluation.failures == Counter()
    assert readings(evaluation)["input", "size"].drift["kolmogorov_smirnov"] == 1.0


# -- all components together


def weighed(**importance):
    components = [
        replace(c, spec=msgspec.structs.replace(c.spec, importance=importance.get(c.name, 1.0)))
        for c in shop.profile().components
    ]
    return plan(replace(shop.profile(), components=tuple(components)), LONG)


def test_the_global_drift_is_the_mean_of_what_the_inputs_have_over_their_noise_by_importance():
    log = shifted(shop.records(2000, seed=2), size=99.0)
    found = evaluated(log, planned=weighed(size=3.0, colour=0.5))
    inputs = [r for r in found.components if r.component.role == "input" and r.window == "1h"]
    assert len(inputs) == 4
    effects = {r.component.name: max(r.drift["psi"] - r.noise["psi"], 0.0) for r in inputs}
    weights = {"size": 3.0, "colour": 0.5}
    total = sum(weights.get(name, 1.0) * effect for name, effect in effects.items())
    assert found.overall["1h"] == pytest.approx(total / 5.5)
    assert found.overall["1h"] > 3 / 5.5
    assert evaluated(log).overall["1h"] == pytest.approx(sum(effects.values()) / 4)


def test_without_drift_the_global_drift_is_next_to_nothing_and_what_only_the_output_does_is_not_in_it():
    log = shop.records(2000, seed=5)
    assert evaluated(log).overall["1h"] < 0.005
    assert evaluated(shifted(log, "output", price=1e6)).overall == evaluated(log).overall


def test_an_input_that_is_not_judged_is_not_in_the_global_drift_and_where_none_is_there_is_none():
    log = shop.records(2000, seed=2)
    without = evaluated(shifted(log, size=None), planned=weighed(size=1000.0))
    assert 0 <= without.overall["1h"] < 0.01
    assert all(math.isnan(value) for value in evaluated(log[:50]).overall.values())
    assert all(math.isnan(value) for value in evaluated([]).overall.values())


def test_an_output_weighs_more_in_the_alarm_than_an_input_and_a_main_component_most():
    components = [
        replace(
            c, spec=msgspec.structs.replace(c.spec, main=(c.role, c.name) in (("input", "size"), ("output", "sold")))
        )
        for c in shop.profile().components
    ]
    planned = plan(replace(shop.profile(), components=tuple(components)), LONG)
    order = (*planned.prediction_components, *planned.outcome_components)
    share = {
        (order[place].role, order[place].name): math.exp(-line)
        for part in planned.bank.parts
        for place, kind, line in zip(part.places, part.kinds, part.block.lines.tolist(), strict=True)
        if kind == "shape" and order[place].field.levels is None
    }
    least = share["input", "change"]
    assert share["input", "size"] == pytest.approx(5 * least)
    assert share["output", "price"] == pytest.approx(3 * least)
    assert plans.build._watched(next(c for c in order if (c.role, c.name) == ("output", "sold"))).weight == 5.0
    assert plans.build._watched(next(c for c in order if c.role == "actual")).weight == 1.0


def test_what_has_evidence_is_told_whether_it_has_left_its_reference():
    log = shifted(shop.records(2000, seed=2), size=99.0)
    made = Engine(shop.planned(LONG))
    for batch in shop.batches(made.plan.schema, log):
        made.ingest(batch, 1000.0)
    totals = (*made.state.predictions.total, *made.state.outcomes.total)
    evaluation = evaluated(log)
    assert evaluation.discoveries == alarmed(made.plan, evaluation, made.plan.bank.start()).discoveries == ()
    evidence = made.plan.bank.step(made.plan.bank.start(), totals, 1000.0)
    found = alarmed(made.plan, evaluation, evidence)
    assert [component for component, _ in found.discoveries] == [component for component, _ in found.alarms]
    assert {(c.role, c.name) for c, listed in found.discoveries if listed} == {("input", "size")}


# -- earlier windows, p-values


MOVING = (WindowSpec("1m", 60.0), WindowSpec("1m vs previous", 60.0, earlier=Earlier(), own="1m"))


def test_a_change_shows_against_the_window_before_and_then_no_more():
    made, effects = Engine(shop.planned(MOVING)), []
    log = [shifted(shop.records(3000, seed=part), size=10.0 + 20 * (part > 3)) for part in range(8)]
    for part, batch in enumerate(shop.batches(made.plan.schema, *[[r | {"id": None} for r in rows] for rows in log])):
        now = 1000.0 * 60 + 60 * part + 30
        made.ingest(batch, now)
        state = made.state
        found = evaluate(made.plan, state.predictions.windows(now), state.outcomes.windows(now))
        effects.append(readings(found, "1m vs previous")["input", "size"].drift["kolmogorov_smirnov"])
    assert [round(effect, 6) if not math.isnan(effect) else None for effect in effects][:4] == [None, None, 0.0, 0.0]
    assert max(effects[4:6]) == 1.0
    assert effects[7] == 0.0


def test_a_window_that_is_compared_with_an_earlier_one_has_drift_alone():
    evaluation = evaluated(shop.records(1000), MOVING)
    moving = readings(evaluation, "1m vs previous")
    assert all(reading.quantiles == () for reading in moving.values())
    assert all(math.isnan(value) for reading in moving.values() for value in reading.drift.values())
    assert {score.window for score in evaluation.scores} == {"1m"}


def test_p_values_are_of_the_statistics_that_are_named_and_of_their_kind():
    planned = shop.planned(LONG, more=["chi_square", "kolmogorov_smirnov", "hellinger"])
    found = readings(evaluated(shop.records(3000, seed=2), planned=planned))
    assert found["input", "size"].p_value.keys() == {"chi_square", "kolmogorov_smirnov"}
    assert found["input", "colour"].p_value.keys() == {"chi_square"}
    assert "hellinger" in found["input", "colour"].drift
    assert all(0.0 <= value <= 1.0 for reading in found.values() for value in reading.p_value.values())
    moved = readings(evaluated(shifted(shop.records(3000), size=3.0), planned=planned))
    assert moved["input", "size"].p_value["kolmogorov_smirnov"] < 1e-9
    assert math.isnan(readings(evaluated(shop.records(20), planned=planned))["input", "size"].p_value["chi_square"])
    assert all(reading.p_value == {} for reading in readings(evaluated(shop.records(3000))).values())
