import math
import warnings

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import (
    brier_score_loss,
    log_loss,
    mean_absolute_percentage_error,
    mean_squared_error,
)

from exporter.batch import Fault, Field, absent, fault_counts
from exporter.extractors import BUILTIN

NUMBER = Field("price", "output", "output.price")
PROBABILITY = Field("probability", "output", "output.probability")
ACTUAL = Field("price", "actual", "actual.price")
LABEL = Field("label", "actual", "actual.label", ("cat", "8", "true"))
UNSEEN, MISSING = 3, -int(Fault.MISSING)
PLAIN = ("error", "squared_error", "absolute_percentage_error")
CHANCE = ("log_loss", "brier")


def numeric(name):
    return BUILTIN[name](output="price", actual="price").bind(NUMBER, ACTUAL)


def chance(name, positive="8"):
    return BUILTIN[name](output="probability", actual="label", positive=positive).bind(PROBABILITY, LABEL)


def column(*values):
    return np.array(values, np.float64)


def codes(*values):
    return np.array(values, np.int32)


def test_errors_are_what_one_reckons_by_hand():
    output, actual = column(12, 8, -3), column(10, 10, -2)
    assert numeric("error")(output, actual).tolist() == [2, -2, -1]
    assert numeric("squared_error")(output, actual).tolist() == [4, 4, 1]
    assert numeric("absolute_percentage_error")(output, actual).tolist() == [0.2, 0.2, 0.5]


def test_losses_are_what_one_reckons_by_hand():
    output, actual = column(0.75, 0.75, 0.5), codes(1, 0, UNSEEN)
    assert chance("brier")(output, actual).tolist() == [0.0625, 0.5625, 0.25]
    wanted = [math.log(4 / 3), math.log(4), math.log(2)]
    assert chance("log_loss")(output, actual).tolist() == pytest.approx(wanted, rel=1e-12)


@given(pairs=st.lists(st.tuples(st.floats(-1e6, 1e6), st.floats(1e-3, 1e6)), min_size=1))
def test_the_mean_of_the_errors_is_scikit_learns(pairs):
    output, actual = np.array(pairs).T
    assert numeric("squared_error")(output, actual).mean() == pytest.approx(mean_squared_error(actual, output))
    ratio = numeric("absolute_percentage_error")(output, actual).mean()
    assert ratio == pytest.approx(mean_absolute_percentage_error(actual, output))
    assert np.abs(numeric("error")(output, actual)) == pytest.approx(np.sqrt(numeric("squared_error")(output, actual)))


@given(pairs=st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_the_mean_of_the_losses_is_scikit_learns(pairs):
    output, real = column(*(pair[0] for pair in pairs)), np.array([pair[1] for pair in pairs])
    actual = np.where(real, 1, 0).astype(np.int32)
    wanted = log_loss(real, np.column_stack([1 - output, output]), labels=[False, True])
    assert chance("log_loss")(output, actual).mean() == pytest.approx(wanted, rel=1e-9)
    assert chance("brier")(output, actual).mean() == pytest.approx(brier_score_loss(real, output), rel=1e-9)


def test_a_certain_mistake_costs_a_finite_loss_and_a_certain_truth_almost_none():
    losses = chance("log_loss")(column(0, 1, 1, 0), codes(1, 0, 1, 0))
    assert losses[:2] == pytest.approx(-math.log(np.finfo(float).eps))
    assert losses[2:].tolist() == pytest.approx([0, 0], abs=1e-15)
    assert (losses >= 0).all()


@pytest.mark.parametrize("name", PLAIN)
def test_an_error_is_missing_where_output_or_actual_is(name):
    missing = absent(Fault.MISSING)
    values = numeric(name)(column(missing, 1, missing, 1), column(1, missing, missing, 2))
    assert np.isnan(values).tolist() == [True, True, True, False]
    assert fault_counts(values) == (3, 0, 0, 0)


def test_a_relative_error_is_missing_where_the_actual_is_zero():
    values = numeric("absolute_percentage_error")(column(1, 0, 1), column(0, -0.0, 1))
    assert np.isnan(values).tolist() == [True, True, False]
    assert fault_counts(values) == (2, 0, 0, 0)


@pytest.mark.parametrize("name", CHANCE)
def test_a_loss_is_missing_where_probability_or_actual_is(name):
    values = chance(name)(column(absent(Fault.MISSING), 0.5, np.nan, 0.5), codes(1, MISSING, MISSING, 1))
    assert np.isnan(values).tolist() == [True, True, True, False]
    assert fault_counts(values) == (3, 0, 0, 0)


@pytest.mark.parametrize("name", CHANCE)
@pytest.mark.parametrize("outside", [-0.01, 1.01, math.inf, -math.inf, 80.0])
def test_a_number_outside_0_to_1_is_no_probability_but_a_fault(name, outside):
    assert fault_counts(chance(name)(column(outside, 0.5), codes(1, 1))) == (0, 0, 1, 0)
    assert fault_counts(chance(name)(column(outside, 0.5), codes(MISSING, 1))) == (1, 0, 0, 0)


@pytest.mark.parametrize("name", CHANCE)
@pytest.mark.parametrize("positive", ["8", 8, True, "true", "cat"])
def test_the_positive_category_is_found_by_its_text(name, positive):
    places = {"8": 1, "true": 2, "True": 2, "cat": 0}
    values = chance(name, positive)(column(0.9, 0.9, 0.9), codes(0, 1, 2))
    assert values.argmin() == places[str(positive)]


@pytest.mark.parametrize("name", PLAIN)
def test_an_error_of_categories_is_refused(name):
    extractor = BUILTIN[name](output="label", actual="price")
    with pytest.raises(ValueError, match=f"{name} needs numbers, and actual label is a category"):
        extractor.bind(LABEL, ACTUAL)
    with pytest.raises(ValueError, match=f"{name} needs numbers"):
        extractor.bind(NUMBER, LABEL)


@pytest.mark.parametrize("name", CHANCE)
def test_a_loss_of_the_wrong_columns_is_refused(name):
    extractor = BUILTIN[name](output="probability", actual="label", positive="8")
    with pytest.raises(ValueError, match="needs a probability, and actual label is a category"):
        extractor.bind(LABEL, LABEL)
    with pytest.raises(ValueError, match="needs a category, and actual price is a number"):
        extractor.bind(PROBABILITY, ACTUAL)
    with pytest.raises(ValueError, match="'dog' is not one of actual label: cat, 8, true"):
        chance(name, "dog")


@pytest.mark.parametrize("name", [*PLAIN, *CHANCE])
def test_an_eval_extractor_is_numeric_and_refuses_unknown_options(name):
    options = {"output": "a", "actual": "b"} | ({"positive": "8"} if name in CHANCE else {})
    assert msgspec.convert(options, BUILTIN[name]).levels() is None
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert({**options, "weight": 2}, BUILTIN[name])


@given(pairs=st.lists(st.tuples(st.floats(), st.floats(), st.integers(-3, UNSEEN)), max_size=20))
def test_any_columns_give_as_many_values_without_a_warning(pairs):
    output, other = column(*(pair[0] for pair in pairs)), column(*(pair[1] for pair in pairs))
    actual = codes(*(pair[2] for pair in pairs))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        columns = [numeric(name)(output, other) for name in PLAIN] + [chance(name)(output, actual) for name in CHANCE]
    for values in columns:
        assert values.dtype == np.float64
        assert len(values) == len(pairs)
