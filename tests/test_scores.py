"""Scores against a brute-force count of single predictions."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.batch import Fault, absent
from exporter.scores import BUILTIN
from exporter.scores.score import CELLS, TRUTH
from exporter.summaries import Grid, Measure

law = settings(derandomize=True, deadline=None, max_examples=80)
TRUTHS = {"TP": (True, True), "FP": (True, False), "FN": (False, True), "TN": (False, False)}
outcomes = st.lists(st.sampled_from([*CELLS, None]), max_size=50)


def measured(name, values, levels):
    codes = [-Fault.MISSING if value is None else levels.index(value) for value in values]
    return pair(name, Measure(levels=levels).of(np.array(codes, np.int32)))


def pair(name, summary):
    found = BUILTIN[name].measure(summary)
    return found.value, found.samples


def share(good, all_of_them):
    return (sum(good) / len(all_of_them) if all_of_them else math.nan), len(all_of_them)


@law
@given(outcomes)
def test_accuracy_precision_and_recall_are_those_of_a_count_of_predictions(cells):
    known = [TRUTHS[cell] for cell in cells if cell is not None]
    claimed = [real for positive, real in known if positive]
    real = [positive for positive, actual in known if actual]
    expected = {"accuracy": share([p == r for p, r in known], known), "precision": share(claimed, claimed)}
    expected["recall"] = share(real, real)
    for name, (value, samples) in expected.items():
        assert measured(name, cells, CELLS) == (pytest.approx(value, nan_ok=True), samples)


@law
@given(st.lists(st.sampled_from([*TRUTH, None]), max_size=50))
def test_accuracy_reads_right_and_wrong_too(values):
    known = [value == "true" for value in values if value is not None]
    value, samples = share(known, known)
    assert measured("accuracy", values, TRUTH) == (pytest.approx(value, nan_ok=True), samples)


@law
@given(st.lists(st.one_of(st.floats(0, 1e9), st.sampled_from([absent(Fault.TYPE), math.inf])), max_size=50))
def test_the_mean_absolute_error_is_the_mean_of_the_finite_errors(errors):
    column = np.array(errors, np.float64)
    finite = column[np.isfinite(column)]
    value, samples = pair("mean_absolute_error", Measure(Grid.of(np.arange(3.0))).of(column))
    assert samples == len(finite)
    assert math.isnan(value) if not samples else value == pytest.approx(finite.mean())


@pytest.mark.parametrize(
    ("name", "cells"), [("f1", ["TN"]), ("precision", ["FN", "TN"]), ("recall", ["FP", "TN"]), ("accuracy", [])]
)
def test_a_score_whose_denominator_is_nothing_is_undefined_and_not_0(name, cells):
    value, samples = measured(name, cells, CELLS)
    assert math.isnan(value)
    assert samples == 0


@law
@given(outcomes)
def test_f1_is_the_harmonic_mean_of_precision_and_recall(cells):
    (precision, _), (recall, _), (f1, samples) = (
        measured(name, cells, CELLS) for name in ("precision", "recall", "f1")
    )
    assert samples == sum(cell in ("TP", "FP", "FN") for cell in cells)
    if precision and recall and samples:
        assert f1 == pytest.approx(2 / (1 / precision + 1 / recall), nan_ok=True)
    elif samples:
        assert f1 == 0


@law
@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=50))
def test_the_root_mean_squared_error_is_that_of_numpy_for_signed_and_absolute_errors(errors):
    column = np.array(errors, np.float64)
    expected = pytest.approx(np.sqrt((column**2).mean()), rel=1e-9)
    for values in (column, np.abs(column)):
        summary = Measure(Grid.of(np.arange(3.0))).of(values)
        assert pair("root_mean_squared_error", summary) == (expected, len(errors))


@law
@given(st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=50))
def test_the_mean_is_that_of_numpy(values):
    summary = Measure(Grid.of(np.arange(3.0))).of(np.array(values))
    assert pair("mean", summary) == (pytest.approx(np.mean(values), abs=1e-3), len(values))


@pytest.mark.parametrize("name", ["accuracy", "precision", "recall", "f1"])
def test_a_score_of_categories_refuses_numbers(name):
    with pytest.raises(ValueError, match="needs categories"):
        BUILTIN[name].measure(Measure(Grid.of(np.arange(3.0))).empty())


@pytest.mark.parametrize("name", ["mean", "mean_absolute_error", "root_mean_squared_error"])
def test_a_score_of_numbers_refuses_categories(name):
    with pytest.raises(ValueError, match="needs numbers"):
        BUILTIN[name].measure(Measure(levels=TRUTH).empty())


def test_an_error_is_better_low_and_a_share_of_right_predictions_high():
    low = {name for name, score in BUILTIN.items() if score.preference == "low"}
    assert low >= {"mean_absolute_error", "root_mean_squared_error"}
    assert not low & {"accuracy", "precision", "recall", "f1"}
