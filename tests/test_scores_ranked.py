"""Scores of ranking and calibration from bins, against scikit-learn's on the single records."""

import json
import math

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from exporter.batch import Fault, Field, fault_counts
from exporter.extractors.class_score import EDGES, ClassScore
from exporter.profile import ComponentSpec, ProfileSpec, ScoreSpec, build, columns_of, dump, load
from exporter.scores import BUILTIN
from exporter.scores.ranked import classes
from exporter.summaries import Grid, Measure

law = settings(derandomize=True, deadline=None, max_examples=150)
EXTRACTOR = ClassScore("p", "y", "yes")
BOUND = EXTRACTOR.bind(Field("p", "output", None), Field("y", "actual", None, ("no", "yes")))
MEASURE = Measure(Grid.fixed(np.array(EXTRACTOR.edges())))
CHANCES = st.one_of(st.floats(0, 1), st.sampled_from([0.0, 1.0, 0.5, 0.1, 0.9999999]), st.floats(0.5, 0.52))
ROWS = st.lists(st.tuples(CHANCES, st.booleans()), min_size=2, max_size=120)


def summary(chances, real):
    return MEASURE.of(BOUND(np.asarray(chances, np.float64), np.asarray(real).astype(np.int32)))


def split(rows):
    chances, real = np.array([row[0] for row in rows]), np.array([row[1] for row in rows])
    assume(0 < real.sum() < len(real))
    return chances, real


@law
@given(ROWS)
def test_the_area_is_scikit_learns_but_for_the_pairs_within_a_bin(rows):
    chances, real = split(rows)
    found = BUILTIN["roc_auc"].measure(summary(chances, real))
    negative, positive = classes(summary(chances, real))
    bound = negative @ positive / (2 * negative.sum() * positive.sum())
    assert abs(found.value - roc_auc_score(real, chances)) <= bound + 1e-9
    assert found.samples == min(real.sum(), (~real).sum())
    assert 0 <= found.lower <= found.value <= found.upper <= 1


@law
@given(ROWS)
def test_the_average_precision_is_scikit_learns_but_for_the_order_within_the_bins(rows):
    chances, real = split(rows)
    found = BUILTIN["average_precision"].measure(summary(chances, real))
    negative, positive = (counts[::-1] for counts in classes(summary(chances, real)))
    hits, false = np.cumsum(positive) - positive, np.cumsum(negative) - negative
    least = most = 0.0
    for some, others, before, wrong in zip(positive, negative, hits, false, strict=True):
        ranks = np.arange(1, some + 1) + before
        least += (ranks / (ranks + wrong + others)).sum()
        most += some * (before + some) / max(before + some + wrong, 1)
    wanted = average_precision_score(real, chances)
    assert least / real.sum() - 1e-9 <= wanted <= most / real.sum() + 1e-9
    assert least / real.sum() - 1e-9 <= found.value <= most / real.sum() + 1e-9
    assert found.samples == real.sum()


@law
@given(ROWS)
def test_the_calibration_error_is_that_of_single_records_but_for_half_a_bin(rows):
    chances, real = split(rows)
    place = np.maximum(np.ceil(chances * 10 - 1e-12).astype(int) - 1, 0)
    wanted = np.abs(np.bincount(place, real - chances, 10)).sum() / len(real)
    found = BUILTIN["expected_calibration_error"].measure(summary(chances, real))
    assert abs(found.value - wanted) <= 0.005 + 1e-9
    assert 0 <= found.lower <= found.value <= found.upper <= 1


def test_of_many_records_the_bins_cost_next_to_nothing():
    random = np.random.default_rng(5)
    real = random.random(200_000) < 0.02
    chances = 1 / (1 + np.exp(-random.normal(np.where(real, -1.0, -4.0), 1.2)))
    found = {name: BUILTIN[name].measure(summary(chances, real)).value for name in ("roc_auc", "average_precision")}
    assert found["roc_auc"] == pytest.approx(roc_auc_score(real, chances), abs=5e-4)
    assert found["average_precision"] == pytest.approx(average_precision_score(real, chances), abs=3e-3)


def test_a_perfect_ranking_is_no_certainty():
    found = BUILTIN["roc_auc"].measure(summary([0.1] * 40 + [0.9] * 40, [0] * 40 + [1] * 40))
    assert found.value == 1.0
    assert found.lower < 0.95


@pytest.mark.parametrize("name", ["roc_auc", "average_precision"])
def test_a_ranking_without_a_positive_record_is_undefined(name):
    found = BUILTIN[name].measure(summary([0.1, 0.9], [0, 0]))
    assert math.isnan(found.value)
    assert found.samples == 0


def test_ten_bins_of_a_probability_end_where_fine_ones_do_and_the_exposed_ones_are_these():
    tenths = [place / 10 for place in range(1, 11)]
    assert set(tenths) < set(EDGES)
    assert MEASURE.grid.outer_edges.tolist() == [*tenths, *(1 + tenth for tenth in tenths)]
    assert len(EXTRACTOR.edges()) <= 255
    assert max(np.diff(EDGES)) == pytest.approx(0.01)


def test_zero_and_one_are_of_the_class_that_came_true():
    negative, positive = classes(summary([0.0, 1.0, 0.0, 1.0], [0, 0, 1, 1]))
    assert (negative[0], negative[-1], positive[0], positive[-1]) == (1, 1, 1, 1)


def test_what_is_no_probability_or_has_no_actual_is_in_no_class():
    values = BOUND(np.array([1.1, -0.1, np.nan, 0.5]), np.array([1, 0, 1, -int(Fault.MISSING)], np.int32))
    assert np.isnan(values).all()
    assert fault_counts(values) == (2, 0, 2, 0)


SPEC = ProfileSpec(
    "m",
    "1",
    [
        ComponentSpec("p", "output.p", dtype="float"),
        ComponentSpec("y", "actual.y", dtype="category"),
        ComponentSpec(
            "ranked", role="eval", extractor={"class_score": {"output": "p", "actual": "y", "positive": "yes"}}
        ),
    ],
    [ScoreSpec(name, "ranked") for name in ("roc_auc", "average_precision", "expected_calibration_error")],
)


def test_a_profile_has_the_fixed_bins_and_survives_its_file():
    random = np.random.default_rng(2)
    rows = [{"output": {"p": float(p)}, "actual": {"y": "yes" if r < p else "no"}} for p, r in random.random((400, 2))]
    profile = build(SPEC, columns_of(SPEC, [json.dumps(row).encode() for row in rows]), 0.0)
    component = profile.components[2]
    assert component.measure.grid.edges.tolist() == list(EXTRACTOR.edges())
    assert (component.measure.domain.low, component.measure.domain.high) == (0.0, 2.0)
    real, chances = [row["actual"]["y"] == "yes" for row in rows], [row["output"]["p"] for row in rows]
    assert profile.scores[0].reference == pytest.approx(roc_auc_score(real, chances), abs=0.005)
    again = load(dump(profile))
    assert dump(again) == dump(profile)
    assert [score.reference for score in again.scores] == [score.reference for score in profile.scores]
