"""Intervals of scores against scipy, and how often they hold the truth."""

import math

import numpy as np
import pytest
from scipy import stats

from exporter.scores import BUILTIN, Measurement
from exporter.scores.intervals import average, share, student
from exporter.scores.score import CELLS
from exporter.summaries import Categories, ComponentSummary, Grid, Measure, Moments, Presence


def cells(tp, fp, fn, tn):
    return ComponentSummary(Presence(), categories=Categories(CELLS, np.array([tp, fp, fn, tn, 0])))


@pytest.mark.parametrize(("part", "whole"), [(0, 1), (1, 1), (0, 40), (40, 40), (3, 40), (970, 1000), (1, 10**9)])
def test_the_interval_of_a_share_is_wilsons(part, whole):
    found = share(part, whole)
    wanted = stats.binomtest(part, whole).proportion_ci(method="wilson")
    assert (found.lower, found.upper) == (pytest.approx(wanted.low, abs=1e-15), pytest.approx(wanted.high, rel=1e-12))
    assert 0 <= found.lower <= found.value <= found.upper <= 1


@pytest.mark.parametrize(("name", "part", "whole"), [("accuracy", 90, 100), ("precision", 40, 46), ("recall", 40, 44)])
def test_a_share_has_the_interval_of_its_own_denominator(name, part, whole):
    assert BUILTIN[name].measure(cells(40, 6, 4, 50)) == share(part, whole)


def test_f1_has_the_interval_of_jaccards_ratio():
    jaccard = share(40, 50)
    found = BUILTIN["f1"].measure(cells(40, 6, 4, 50))
    ends = [2 * j / (1 + j) for j in (jaccard.value, jaccard.lower, jaccard.upper)]
    assert [found.value, found.lower, found.upper] == pytest.approx(ends)


@pytest.mark.parametrize("n", [30, 31, 100, 10_000])
def test_the_interval_of_a_mean_is_students(n):
    values = np.random.default_rng(n).normal(100, 3, n)
    found = average(Moments.of(values))
    wanted = stats.t.interval(0.95, n - 1, values.mean(), stats.sem(values))
    assert (found.lower, found.upper) == (pytest.approx(wanted[0], abs=1e-5), pytest.approx(wanted[1], abs=1e-5))
    assert student(n) == pytest.approx(stats.t.ppf(0.975, n - 1), abs=1e-5)


def test_one_value_has_no_interval_and_equal_values_have_none_to_speak_of():
    assert math.isnan(average(Moments.of(np.array([3.0]))).lower)
    assert average(Moments.of(np.full(50, 3.0))) == Measurement(3.0, 50, 3.0, 3.0)


def test_an_error_that_cannot_be_negative_has_no_negative_limit():
    values = np.array([0.0] * 99 + [1e9])
    summary = Measure(Grid.of(values)).of(values)
    assert BUILTIN["mean_absolute_error"].measure(summary).lower == 0.0
    assert BUILTIN["mean"].measure(summary).lower < 0.0


def test_the_interval_of_the_root_mean_squared_error_knows_the_spread_of_the_squares():
    values = np.random.default_rng(3).laplace(size=20_000)
    found = BUILTIN["root_mean_squared_error"].measure(Measure(Grid.of(values)).of(values))
    squares = values**2
    half = 1.96 * squares.std() / (2 * squares.mean() * math.sqrt(len(values)))
    assert math.log(found.upper / found.value) == pytest.approx(half, rel=0.05)
    assert math.log(found.value / found.lower) == pytest.approx(half, rel=0.05)


def test_values_beyond_the_reference_widen_the_interval():
    reference = np.random.default_rng(3).normal(size=1000)
    values = np.append(reference, [100.0] * 10)
    found = BUILTIN["root_mean_squared_error"].measure(Measure(Grid.of(reference)).of(values))
    assert found.upper > 1.05 * found.value


def test_below_the_minimum_sample_neither_score_nor_interval_is_shown():
    few, enough = share(20, 29).shown, share(20, 30).shown
    assert math.isnan(few.value)
    assert math.isnan(few.lower)
    assert math.isnan(few.upper)
    assert few.samples == 29
    assert enough == share(20, 30)
