"""Scores of several classes against scikit-learn's."""

import math
import warnings

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from sklearn import metrics

from exporter.batch import Fault, Field
from exporter.extractors.confusion import Confusion
from exporter.scores import BUILTIN
from exporter.scores.several import matrix
from exporter.summaries import Measure

law = settings(derandomize=True, deadline=None, max_examples=100)
CLASSES = ("cat", "dog", "8", "true")
EXTRACTOR = Confusion("y", "y", ("cat", "dog", 8, True))
OUTPUT, ACTUAL = Field("y", "output", None, (*CLASSES, "fox")), Field("y", "actual", None, ("fox", *CLASSES[::-1]))
REFERENCES = {
    "precision": metrics.precision_score,
    "recall": metrics.recall_score,
    "f1": metrics.f1_score,
}
NAMES = st.sampled_from([*CLASSES, "fox", "owl"])
ROWS = st.lists(st.tuples(NAMES, NAMES), min_size=1, max_size=60)


def summary(predicted, actual):
    """Summarise; an owl is a category that neither column knows."""
    columns = [
        np.array([field.levels.index(n) if n in field.levels else len(field.levels) for n in names], np.int32)
        for field, names in ((OUTPUT, predicted), (ACTUAL, actual))
    ]
    return Measure(levels=EXTRACTOR.levels()).of(EXTRACTOR.bind(OUTPUT, ACTUAL)(*columns))


def known(name):
    return name if name in CLASSES else "__other__"


@pytest.mark.parametrize("kind", REFERENCES)
@pytest.mark.parametrize("by", ["macro", "weighted"])
@law
@given(rows=ROWS)
def test_an_average_over_classes_is_scikit_learns_over_those_that_occur(by, kind, rows):
    predicted, actual = ([known(row[side]) for row in rows] for side in (0, 1))
    kept = [pair for pair in zip(predicted, actual, strict=True) if set(pair) != {"__other__"}]
    found = BUILTIN[f"{by}_{kind}"].measure(summary(*zip(*rows, strict=True)))
    occurring = sorted({name for pair in kept for name in pair} - {"__other__"})
    assert found.samples == len(kept)
    if not occurring or (by == "weighted" and not {actual for _, actual in kept} - {"__other__"}):
        assert math.isnan(found.value)
        return
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        claimed, real = zip(*kept, strict=True)
        wanted = REFERENCES[kind](real, claimed, labels=occurring, average=by, zero_division=0)
    assert found.value == pytest.approx(wanted, abs=1e-9)
    assert 0 <= found.lower <= found.value <= found.upper <= 1


@law
@given(ROWS)
def test_the_matrix_is_scikit_learns(rows):
    predicted, actual = ([known(row[side]) for row in rows] for side in (0, 1))
    wanted = metrics.confusion_matrix(actual, predicted, labels=[*CLASSES, "__other__"]).T
    wanted[-1, -1] = 0
    assert matrix(summary(*zip(*rows, strict=True))).tolist() == wanted.tolist()


def test_a_pair_is_missing_where_a_half_is_or_both_are_other_classes():
    missing = -int(Fault.MISSING)
    found = EXTRACTOR.bind(OUTPUT, ACTUAL)(np.array([missing, 0, 4], np.int32), np.array([1, missing, 0], np.int32))
    assert found.tolist() == [missing, missing, missing]


def test_all_right_is_no_certainty_where_a_class_is_rare():
    names = ["cat"] * 90 + ["dog"] * 5
    found = BUILTIN["macro_recall"].measure(summary(names, names))
    assert found.value == 1.0
    assert found.lower < 0.85


@pytest.mark.parametrize("classes", [["a"], ["a", "a"], ["a", "b|c"], ["a", "__other__"], [str(i) for i in range(21)]])
def test_classes_that_cannot_be_told_apart_are_refused(classes):
    with pytest.raises(msgspec.ValidationError, match="write"):
        msgspec.convert({"output": "y", "actual": "y", "classes": classes}, Confusion)


def test_classes_that_a_column_does_not_have_are_refused():
    with pytest.raises(ValueError, match="confusion knows none of actual z: x"):
        EXTRACTOR.bind(OUTPUT, Field("z", "actual", None, ("x",)))


VALUES = {"cat": {"cat": 10.0, "dog": -50.0, "__other__": -1.0}, "8": {"8": 2.5}, "__other__": {"cat": -7.0}}


@law
@given(ROWS)
def test_the_business_value_is_that_of_each_record_added(rows):
    worth = [VALUES.get(known(p), {}).get(known(a), 0.0) for p, a in rows if {known(p), known(a)} != {"__other__"}]
    given = summary(*zip(*rows, strict=True))
    found = BUILTIN["business_value"].bound({"values": VALUES}).measure(given)
    assert found.samples == len(worth)
    if not worth:
        assert math.isnan(found.value)
        return
    assert found.value == pytest.approx(np.mean(worth), abs=1e-9)
    if len(worth) > 1:
        half = stats.t.ppf(0.975, len(worth) - 1) * np.std(worth, ddof=1) / math.sqrt(len(worth))
        rough = 0.02 if len(worth) >= 10 else 0.6
        assert found.upper - found.value == pytest.approx(half, rel=rough, abs=1e-9)


def test_without_values_a_right_prediction_is_worth_1():
    given = summary(["cat", "cat", "dog", "fox"], ["cat", "dog", "dog", "dog"])
    assert BUILTIN["business_value"].measure(given).value == 0.5


@pytest.mark.parametrize("values", [{"cow": {"cat": 1.0}}, {"cat": {"cow": 1.0}}])
def test_a_value_of_a_class_that_there_is_not_is_refused(values):
    with pytest.raises(ValueError, match=r"there is no pair of predicted \w+ and actual \w+"):
        BUILTIN["business_value"].bound({"values": values}).measure(summary(["cat"], ["dog"]))


@pytest.mark.parametrize("value", [math.inf, "much", None])
def test_a_value_that_is_no_finite_number_is_refused(value):
    with pytest.raises(msgspec.ValidationError):
        BUILTIN["business_value"].bound({"values": {"cat": {"cat": value}}})
