"""Eval extractors against what can be known of a pair of logged values."""

import itertools
import math

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from exporter.batch import Fault, Field, absent, fault_counts
from exporter.decoders.columns import Coding
from exporter.extractors import BUILTIN
from exporter.extractors.absolute_error import AbsoluteError
from exporter.extractors.classification_error_type import ClassificationErrorType
from exporter.extractors.correct import Correct
from exporter.scores import BUILTIN as SCORES
from exporter.summaries import Grid, Measure

law = settings(derandomize=True, deadline=None, max_examples=100)
VALUES = ["a", "b", "c", "d", "e", None]
NUMBERS = Field("price", "output", "output.price"), Field("price", "actual", "actual.price")


def field(role, levels):
    return Field("label", role, f"{role}.label", tuple(levels))


def coded(values, levels):
    coding = Coding(levels)
    return np.array([coding[value] for value in values], np.int32)


def extracted(extractor, outputs, actuals):
    """Return the categories that an extractor gives for pairs of values and their levels."""
    (out, out_levels), (act, act_levels) = outputs, actuals
    extract = extractor.bind(field("output", out_levels), field("actual", act_levels))
    codes = extract(coded(out, out_levels), coded(act, act_levels))
    return [None if code < 0 else extractor.levels()[code] for code in codes]


def could_be(value, levels):
    """Return what a value may be for one who sees a level, or that it is none of them."""
    return {value} if value in levels else {other for other in VALUES if other not in levels} - {None}


def right(output, out_levels, actual, act_levels):
    """Return whether a prediction is known to be right ("true") or wrong ("false"); None where it is not known."""
    if output is None or actual is None:
        return None
    one, other = could_be(output, out_levels), could_be(actual, act_levels)
    if not one & other:
        return "false"
    return "true" if len(one) == len(other) == 1 and output in out_levels and actual in act_levels else None


LEVELS = [("a", "b"), ("b", "a"), ("a", "b", "c"), ("c", "b"), ("a",), ("d", "c", "b", "a")]


@pytest.mark.parametrize(("out_levels", "act_levels"), list(itertools.product(LEVELS, LEVELS)))
def test_a_prediction_is_right_or_wrong_where_that_is_known_and_missing_where_it_is_not(out_levels, act_levels):
    pairs = list(itertools.product(VALUES, VALUES))
    outputs, actuals = [o for o, _ in pairs], [a for _, a in pairs]
    if not set(out_levels) & set(act_levels):
        with pytest.raises(ValueError, match="no category in common"):
            extracted(Correct("label", "label"), (outputs, out_levels), (actuals, act_levels))
        return
    found = extracted(Correct("label", "label"), (outputs, out_levels), (actuals, act_levels))
    assert found == [right(o, out_levels, a, act_levels) for o, a in pairs]


@pytest.mark.parametrize("positive", ["a", "b"])
@pytest.mark.parametrize(("out_levels", "act_levels"), list(itertools.product(LEVELS[:3], LEVELS[:3])))
def test_the_cell_of_the_confusion_matrix_is_for_one_category_against_all_others(out_levels, act_levels, positive):
    pairs = list(itertools.product(VALUES, VALUES))
    outputs, actuals = [o for o, _ in pairs], [a for _, a in pairs]
    extractor = ClassificationErrorType("label", "label", positive)
    found = extracted(extractor, (outputs, out_levels), (actuals, act_levels))
    cells = {(True, True): "TP", (True, False): "FP", (False, True): "FN", (False, False): "TN"}
    expected = [None if None in pair else cells[pair[0] == positive, pair[1] == positive] for pair in pairs]
    assert found == expected


@pytest.mark.parametrize(("positive", "levels"), [(8, ("1", "8")), ("8", ("1", "8")), (True, ("false", "true"))])
def test_the_positive_category_may_be_written_as_text_number_or_boolean(positive, levels):
    extractor = msgspec.convert(
        {"output": "label", "actual": "label", "positive": positive}, BUILTIN["classification_error_type"]
    )
    assert extracted(extractor, ([levels[1], levels[0]], levels), ([levels[1]] * 2, levels)) == ["TP", "FN"]


@pytest.mark.parametrize("side", ["output", "actual"])
def test_a_positive_category_that_a_side_does_not_list_is_an_error_that_names_it_and_those_that_exist(side):
    levels = {"output": ("a", "b"), "actual": ("a", "b"), side: ("b", "c")}
    extractor = ClassificationErrorType("label", "label", "a")
    with pytest.raises(ValueError, match=f"'a' is not one of {side} label: b, c"):
        extractor.bind(field("output", levels["output"]), field("actual", levels["actual"]))


@law
@given(arrays(np.float64, st.integers(0, 30), elements=st.floats(-1e300, 1e300)), st.integers(0, 30))
def test_the_absolute_error_is_the_distance_and_its_mean_the_score(output, shift):
    actual = np.roll(output, shift)
    errors = AbsoluteError("price", "price").bind(*NUMBERS)(output, actual)
    assert errors.tolist() == [abs(o - a) for o, a in zip(output.tolist(), actual.tolist(), strict=True)]
    if len(errors) and np.isfinite(errors).all():
        found = SCORES["mean_absolute_error"].measure(Measure(Grid.of(errors)).of(errors))
        value, samples = found.value, found.samples
        assert (value, samples) == (pytest.approx(sum(x / len(errors) for x in errors.tolist())), len(errors))


def test_the_distance_of_infinities_is_infinite_or_missing_and_nothing_is_said_on_standard_error():
    output = np.array([math.inf, math.inf, -math.inf, 1.0, 1e308])
    actual = np.array([math.inf, 1.0, math.inf, math.nan, -1e308])
    errors = AbsoluteError("price", "price").bind(*NUMBERS)(output, actual)
    assert np.isnan(errors).tolist() == [True, False, False, True, False]
    assert errors[[1, 2, 4]].tolist() == [math.inf] * 3


def test_an_error_of_a_value_of_the_wrong_type_is_of_the_wrong_type():
    errors = AbsoluteError("price", "price").bind(*NUMBERS)(np.array([absent(Fault.TYPE)]), np.array([1.0]))
    assert fault_counts(errors) == (0, 1, 0, 0)


@law
@given(st.lists(st.tuples(*[st.sampled_from([0.0, 1.0, 2.0, -0.0, math.inf, absent(Fault.TYPE)])] * 2), max_size=20))
def test_classes_that_are_numbers_have_the_cells_of_the_categories_that_are_written_like_them(pairs):
    columns = [np.array(column, np.float64) for column in (zip(*pairs, strict=True) if pairs else ([], []))]
    texts = [[None if math.isnan(x) else f"{x:g}".removeprefix("-") for x in column] for column in columns]
    levels = ("0", "1", "2", "inf")
    for positive in (0, 1, "0", 2):
        extractor = ClassificationErrorType("price", "price", positive)
        codes = extractor.bind(*NUMBERS)(*columns).tolist()
        assert [None if code < 0 else extractor.levels()[code] for code in codes] == extracted(
            extractor, (texts[0], levels), (texts[1], levels)
        )
    codes = Correct("price", "price").bind(*NUMBERS)(*columns).tolist()
    found = [None if code < 0 else ("false", "true")[code] for code in codes]
    assert found == extracted(Correct("price", "price"), (texts[0], levels), (texts[1], levels))


def test_a_positive_class_that_is_no_number_is_refused_where_the_classes_are():
    with pytest.raises(ValueError, match="needs a positive number, not 'sick': output price is a number"):
        ClassificationErrorType("price", "price", "sick").bind(*NUMBERS)


@pytest.mark.parametrize("extractor", [Correct("label", "label"), ClassificationErrorType("label", "label", "a")])
@pytest.mark.parametrize("side", [0, 1])
def test_an_extractor_of_categories_refuses_a_number_by_name(extractor, side):
    fields = [field("output", ("a", "b")), field("actual", ("a", "b"))]
    fields[side] = NUMBERS[side]
    with pytest.raises(ValueError, match=f"needs categories, and {NUMBERS[side].role} price is a number"):
        extractor.bind(*fields)


@pytest.mark.parametrize("side", [0, 1])
def test_the_absolute_error_refuses_a_category_by_name(side):
    fields = list(NUMBERS)
    fields[side] = field(NUMBERS[side].role, ("a",))
    with pytest.raises(ValueError, match=f"needs numbers, and {NUMBERS[side].role} label is a category"):
        AbsoluteError("price", "price").bind(*fields)


@pytest.mark.parametrize("name", BUILTIN)
def test_an_unknown_option_of_an_extractor_is_an_error(name):
    options = {"output": "x", "actual": "x", "positive": "a", "level": 0.9, "classes": ["a", "b"], "k": 3}
    known = {key: options[key] for key in BUILTIN[name].__struct_fields__}
    assert msgspec.convert(known, BUILTIN[name]).output == "x"
    with pytest.raises(msgspec.ValidationError, match="surprise"):
        msgspec.convert(known | {"surprise": 1}, BUILTIN[name])
