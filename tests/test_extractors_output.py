import math
import re
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from scipy.stats import entropy

from exporter.extractors import BUILTIN, DATA, LearningExtractor
from exporter.extractors.class_entropy import ClassEntropy
from exporter.extractors.class_margin import ClassMargin
from exporter.extractors.detection_confidence import DetectionConfidence
from exporter.extractors.detection_count import DetectionCount
from exporter.extractors.element import Element
from exporter.extractors.max_score_element import MaxScoreElement

numbers = st.floats() | st.integers() | st.none() | st.booleans()
anything = st.recursive(
    numbers | st.text(max_size=5) | st.binary(max_size=5),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=3), inner, max_size=6),
    max_leaves=15,
)

# Element

DATUM = {"boxes": [{"area": 7}, {"area": 2.5}], "label": "cat", "a.b": {"0": True}, "gap": None, "far": float("nan")}


class Row:
    """What pandas' Series is: neither a mapping nor a sequence, but with items."""

    def __getitem__(self, key):
        return {"fare": np.float64(12.5), 0: np.int64(3)}[key]

    def __repr__(self):
        return "Row"


@pytest.mark.parametrize(
    ("element", "value"),
    [
        ("boxes.0.area", 7),
        ("boxes.-1.area", 2.5),
        ("label", "cat"),
        (("a.b", 0), True),
        (("boxes", 1, "area"), 2.5),
        ("gap", None),
        ("far", None),
        ("boxes.2.area", None),
        ("boxes.x", None),
        ("label.0", None),
        ("boxes.0.area.0", None),
        ("nowhere.at.all", None),
    ],
)
def test_an_element_is_what_stands_at_its_path(element, value):
    assert Element(element).extract(DATUM) == value
    assert type(Element(element).extract(DATUM)) is type(value)
    assert Element(element, default="none").extract(DATUM) == ("none" if value is None else value)


@pytest.mark.parametrize(
    ("datum", "element", "value"),
    [
        ([5, 6], 0, 5),
        ((5, 6), "-1", 6),
        (np.array([5, 6]), 1, 6),
        (np.array([[1.0, 2.0]]), "0.1", 2.0),
        ({0: "zero"}, "0", "zero"),
        (Row(), "fare", 12.5),
        (Row(), 0, 3),
        (Row(), "tip", None),
        ({"x": np.array(4)}, "x", 4),
        (None, "x", None),
        (3, 0, None),
        ("text", 0, None),
    ],
    ids=str,
)
def test_an_element_is_found_in_lists_arrays_and_rows_of_tables(datum, element, value):
    found = Element(element).extract(datum)
    assert found == value
    assert not isinstance(found, np.generic | np.ndarray)


@pytest.mark.parametrize("element", ["boxes", "boxes.0", "a.b"])
def test_an_element_that_is_not_one_value_is_refused(element):
    with pytest.raises(ValueError, match=r"is a (list|dict), not one value"):
        Element((element,) if element == "a.b" else element).extract(DATUM)


@given(datum=anything, element=st.text(max_size=6) | st.integers() | st.tuples(st.text(max_size=3), st.integers()))
@settings(max_examples=300)
def test_any_element_of_any_datum_is_a_value_the_default_or_refused(datum, element):
    with suppress(ValueError):
        assert isinstance(Element(element, default=-1).extract(datum), int | float | str)


# Scores of classes


def test_the_class_with_the_largest_score_is_a_place_a_category_or_a_key():
    assert MaxScoreElement().extract([0.1, 0.7, 0.2]) == 1
    assert MaxScoreElement(("a", "b", "c")).extract([0.1, 0.7, 0.2]) == "b"
    assert MaxScoreElement(("a", "b", "c")).extract({"c": 0.9, "a": 0.1}) == "c"
    assert MaxScoreElement().extract({"dog": 0.2, "cat": 0.8}) == "cat"
    assert MaxScoreElement().extract({3: 0.2, 5: 0.8}) == "5"
    assert MaxScoreElement(("a", "b")).levels() == ("a", "b")
    assert MaxScoreElement().levels() is None


def test_of_equal_scores_the_first_counts_whatever_the_order_of_a_mapping():
    assert MaxScoreElement().extract([3, 3, 1]) == 0
    assert MaxScoreElement().extract({"b": 1, "a": 1}) == MaxScoreElement().extract({"a": 1, "b": 1}) == "a"
    assert MaxScoreElement(("b", "a")).extract({"a": 1, "b": 1}) == "b"


@pytest.mark.parametrize(
    ("extractor", "datum", "message"),
    [
        (MaxScoreElement(), [], "0 scores"),
        (MaxScoreElement(("a", "b")), [1, 2, 3], "has 3 scores, and there are 2 categories"),
        (MaxScoreElement(("a", "b")), {"z": 1}, "'z' is not one of the categories"),
        (MaxScoreElement(), ["a"], "holds numbers"),
        (MaxScoreElement(), 3, "list of numbers"),
        (ClassMargin(), [0.5, 0.4], "sum 0.9"),
        (ClassMargin(), [1.2, -0.2], "from -0.2 to 1.2"),
        (ClassMargin(), [1.0], "2 or more classes"),
        (ClassMargin(), 1.5, "no probabilities"),
        (ClassMargin(), 10**400, "308 digits"),
        (ClassMargin("weights"), [3, -1], "no probabilities"),
        (ClassMargin("weights"), [0, 0], "sum to 0"),
        (ClassMargin("weights"), [1e308, 1e308], "sum to inf"),
        (ClassMargin("logits"), [1, float("inf")], "infinite"),
        (ClassEntropy(), {"a": "b"}, "holds numbers"),
    ],
    ids=repr,
)
def test_scores_that_make_no_sense_are_refused_with_their_reason(extractor, datum, message):
    with pytest.raises(ValueError, match=message):
        extractor.extract(datum)


@pytest.mark.parametrize("datum", [None, [0.5, None], [float("nan"), 1.0], {"a": None, "b": 1.0}, float("nan")])
def test_scores_with_one_missing_are_missing(datum):
    assert [extractor.extract(datum) for extractor in (ClassMargin(), ClassEntropy())] == [None, None]
    if not isinstance(datum, float):
        assert MaxScoreElement().extract(datum) is None


@pytest.mark.parametrize(
    ("datum", "margin", "nats"),
    [
        ([0.1, 0.7, 0.2], 0.5, 0.801819),
        ([0.5, 0.5], 0, math.log(2)),
        ([1.0, 0.0, 0.0], 1, 0),
        ({"a": 0.25, "b": 0.75}, 0.5, 0.562335),
        (0.75, 0.5, 0.562335),
        (np.float32(0.25), 0.5, 0.562335),
        ([1 / 7] * 7, 0, math.log(7)),
    ],
    ids=str,
)
def test_margins_and_entropies_are_what_one_reckons_by_hand(datum, margin, nats):
    assert ClassMargin().extract(datum) == pytest.approx(margin, abs=1e-9)
    assert ClassEntropy().extract(datum) == pytest.approx(nats, abs=1e-6)
    classes = len(datum) if hasattr(datum, "__len__") else 2
    assert ClassEntropy(normalised=True).extract(datum) == pytest.approx(nats / math.log(classes), abs=1e-6)


weights = st.lists(st.floats(0, 1e6), min_size=2, max_size=20).filter(lambda values: sum(values) > 1e-3)


@given(values=weights)
def test_margins_and_entropies_are_those_of_numpy_and_scipy(values):
    shares = np.array(values) / np.sum(values)
    top = np.sort(shares)[::-1]
    assert ClassMargin("weights").extract(values) == pytest.approx(top[0] - top[1], abs=1e-12)
    assert ClassEntropy(scale="weights").extract(values) == pytest.approx(entropy(shares), abs=1e-9)
    assert ClassMargin().extract(shares.tolist()) == pytest.approx(ClassMargin("weights").extract(values), abs=1e-9)


@given(logits=st.lists(st.floats(-1e300, 1e300), min_size=2, max_size=20))
def test_logits_go_through_the_softmax(logits):
    with np.errstate(over="ignore"):
        shares = softmax(logits)
    assert ClassEntropy(scale="logits").extract(logits) == pytest.approx(entropy(shares), abs=1e-9)


def test_one_logit_is_that_of_two_classes():
    assert ClassMargin("logits").extract(0.0) == 0
    assert ClassMargin("logits").extract(math.log(3)) == pytest.approx(0.5)


@given(values=weights, normalised=st.booleans())
def test_margins_and_normalised_entropies_lie_between_0_and_1_in_any_order_of_the_classes(values, normalised):
    margin = ClassMargin("weights").extract(values)
    spread = ClassEntropy(normalised, "weights").extract(values)
    assert 0 <= margin <= 1
    assert 0 <= spread <= (1 if normalised else math.log(len(values)) + 1e-12)
    assert ClassMargin("weights").extract(values[::-1]) == pytest.approx(margin, abs=1e-12)
    assert ClassEntropy(normalised, "weights").extract(values[::-1]) == pytest.approx(spread, abs=1e-12)


# Detections

BOXES = [{"box": [0, 0, 2, 2], "confidence": 0.5}, {"box": [1, 1, 3, 3], "score": 0.9, "sure": 0.1}]


@pytest.mark.parametrize(
    "datum",
    [
        BOXES,
        [[0, 0, 2, 2, 0.5], [1, 1, 3, 3, 0.9, 7]],
        np.array([[0, 0, 2, 2, 0.5], [1, 1, 3, 3, 0.9]]),
        [0.5, 0.9],
        np.array([0.5, 0.9]),
        (np.float64(0.5), 0.9),
    ],
    ids=lambda datum: type(datum).__name__,
)
def test_detections_are_mappings_rows_or_plain_confidences(datum):
    assert DetectionCount().extract(datum) == 2
    assert DetectionCount(threshold=0.9).extract(datum) == 1
    assert DetectionCount(threshold=0.91).extract(datum) == 0
    values = [DetectionConfidence(aggregate).extract(datum) for aggregate in ("mean", "min", "max")]
    assert values == [0.7, 0.5, 0.9]


def test_the_confidence_may_have_another_name_or_place():
    assert DetectionConfidence(confidence="sure").extract(BOXES[1:]) == 0.1
    assert DetectionConfidence("max", confidence=-1).extract([[3, 0.25], [0.5]]) == 0.5
    assert DetectionCount(threshold=0.2, confidence="sure").extract(BOXES[1:]) == 0


def test_nothing_found_is_a_count_of_zero_and_no_confidence():
    for nothing in ([], (), np.zeros((0, 5))):
        assert DetectionCount().extract(nothing) == DetectionCount(threshold=0.5).extract(nothing) == 0
        assert DetectionConfidence().extract(nothing) is None


def test_no_detections_logged_is_missing():
    assert DetectionCount().extract(None) is DetectionConfidence().extract(None) is None


@pytest.mark.parametrize(
    "datum",
    [
        "boxes",
        3,
        {"boxes": []},
        [{}],
        [{"confidence": None}],
        [{"confidence": True}],
        [[1, 2, 3, 4]],
        [float("nan")],
        [10**400],
        ["0.5"],
    ],
    ids=repr,
)
def test_detections_without_a_confidence_are_refused(datum):
    with pytest.raises(ValueError, match=r"confidence is a number|list of objects|308 digits"):
        DetectionConfidence().extract(datum)


# Laws over the whole table


def options(name):
    needed = {
        "element": {"element": "x"},
        "fixed_subpatch_similarity": {"patch": [0, 0, 9, 9]},
        "correlation": {"of": ["x", "y"]},
    }
    return needed.get(name, {})


every_one = pytest.mark.parametrize("name", DATA)


@every_one
def test_an_extractor_can_be_written_in_a_file_and_refuses_what_it_does_not_know(name):
    extractor = msgspec.convert(options(name), DATA[name])
    assert msgspec.convert(msgspec.to_builtins(extractor), DATA[name]) == extractor
    with pytest.raises(msgspec.ValidationError, match="unknown field"):
        msgspec.convert({**options(name), "colour": "red"}, DATA[name])
    with pytest.raises(AttributeError, match="immutable"):
        extractor.fitted = None


@every_one
def test_an_extractor_says_what_it_costs(name):
    assert re.search(r"Costs \S+", DATA[name].__doc__), f"{name} does not say what it costs"


@every_one
def test_an_extractor_that_learns_has_learned_nothing_at_first(name):
    extractor = msgspec.convert(options(name), DATA[name])
    assert isinstance(extractor, LearningExtractor) == hasattr(extractor, "fit")
    if isinstance(extractor, LearningExtractor):
        assert extractor.fitted is None


@every_one
@given(datum=anything)
@settings(max_examples=60, deadline=5000)
def test_any_datum_is_a_value_nothing_or_a_value_error(name, datum):
    extractor = msgspec.convert(options(name), DATA[name])
    with suppress(ValueError):
        value = extractor.extract(datum)
        assert value is None or isinstance(value, str | int | float)


def test_the_page_lists_every_extractor():
    page = (Path(__file__).parents[1] / "docs" / "extractors.md").read_text("utf-8")
    of_datum, of_pair, learned = (
        sorted(re.findall(r"^\| `(\w+)` \|", table, re.MULTILINE)) for table in page.split("\n| name |")[1:]
    )
    assert (of_datum, of_pair) == (sorted(DATA), sorted(BUILTIN))
    assert learned == sorted(name for name in DATA if hasattr(DATA[name], "fit"))


def test_the_table_is_imported_without_the_packages_that_only_some_extractors_need():
    heavy = "{'PIL', 'scipy', 'sklearn', 'onnxruntime', 'joblib'}"
    code = f"import sys, exporter.extractors; sys.exit(str({heavy} & {{name.split('.')[0] for name in sys.modules}}))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert ran.stderr.strip() == "set()"
