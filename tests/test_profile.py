"""Profiles: built from a reference, written, read back, and never read wrong."""

import hashlib
import json
import math
import re
import struct
import time
from collections import Counter

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.batch import Kind, Schema
from exporter.decoders.native import NativeDecoder
from exporter.drift import BUILTIN as STATISTICS
from exporter.plan import plan
from exporter.profile import (
    Columns,
    ComponentSpec,
    ProfileError,
    ProfileSpec,
    ScoreSpec,
    build,
    columns_of,
    dump,
    load,
    model,
    observe,
    problems,
)
from exporter.profile.values import Coded
from exporter.summaries import Domain
from exporter.summaries.categories import OTHER

law = settings(derandomize=True, deadline=None, max_examples=60)

BUILT = 1795176000.25
ERROR_TYPE = {"output": "label", "actual": "label", "positive": "8"}
COMPONENTS = [
    ComponentSpec("fare", "input.fare", dtype="float", thresholds={"psi": 0.3}),
    ComponentSpec("age", "input.who.age", dtype="int", domain=[0, None]),
    ComponentSpec("member", "input.who.member", dtype="bool"),
    ComponentSpec("region", "input.region", dtype="category"),
    ComponentSpec("chance", "output.probability.0", dtype="float"),
    ComponentSpec("label", "output.label", dtype="category"),
    ComponentSpec("price", "output.price", dtype="float"),
    ComponentSpec("label", "actual.label", dtype="category"),
    ComponentSpec("price", "actual.price", dtype="float"),
    ComponentSpec("error", role="eval", extractor={"absolute_error": {"output": "price", "actual": "price"}}),
    ComponentSpec("correct", role="eval", extractor={"correct": {"output": "label", "actual": "label"}}),
    ComponentSpec("is_eight", role="eval", extractor={"classification_error_type": ERROR_TYPE}),
]
SCORES = [
    ScoreSpec("mae", "error", "mean_absolute_error"),
    ScoreSpec("accuracy", "correct", threshold=0.5),
    ScoreSpec("precision", "is_eight"),
    ScoreSpec("recall", "is_eight", preference="high"),
]
SPEC = ProfileSpec("digits", "3.0.0", COMPONENTS, SCORES)
RANDOM = np.random.default_rng(5)


def record(i):
    out = {
        "label": int(RANDOM.integers(7, 10)),
        "price": round(RANDOM.normal(10, 2), 3),
        "probability": [0.5 + i / 1e4],
    }
    who = {"age": int(RANDOM.integers(18, 80)), "member": bool(i % 3)}
    fare = [round(float(RANDOM.exponential(10)), 3), 0.0, None, "?"][0 if i % 7 else i // 7 % 4]
    found = {"id": str(i), "input": {"fare": fare, "who": who, "region": ["north", "south", 5][i % 3]}, "output": out}
    if i % 2:
        found["actual"] = {"label": [out["label"], 8][i % 4 // 2], "price": round(out["price"] + RANDOM.normal(), 3)}
    return found


RECORDS = [record(i) for i in range(400)]


def lines(records):
    return [json.dumps(entry).encode() for entry in records]


def built(spec=SPEC, records=RECORDS, **options):
    return build(spec, columns_of(spec, lines(records)), BUILT, **options)


PROFILE = built()
FILE = dump(PROFILE)


def part(profile, role, name):
    return next(c for c in profile.components if (c.role, c.name) == (role, name))


def one(dtype, values, limit=50, **options):
    """Return the component of a profile of one column."""
    spec = ProfileSpec("m", "1", [ComponentSpec("x", "input.x", dtype=dtype, **options)])
    profile = build(spec, Columns({("input", "x"): values}), BUILT, limit)
    assert dump(load(dump(profile))) == dump(profile)
    return profile.components[0]


def numbers(*values):
    return np.array(values, np.float64)


def facts(summary):
    moments = summary.moments and (summary.moments.n, summary.moments.low, summary.moments.high)
    counts = summary.histogram.counts if summary.histogram else summary.categories.counts
    return summary.presence, moments, counts.tolist()


# -- built, written and read back


def test_a_profile_that_is_written_and_read_is_the_same_and_is_written_the_same():
    again = load(FILE)
    assert dump(again) == FILE
    assert dump(load(dump(again))) == FILE
    for one_, other in zip(PROFILE.components, again.components, strict=True):
        assert (one_.spec, one_.field) == (other.spec, other.field)
        assert facts(one_.reference) == facts(other.reference)
        assert one_.reference.moments == other.reference.moments
        assert one_.measure.domain == other.measure.domain
        assert (one_.measure.levels, one_.measure.complete) == (other.measure.levels, other.measure.complete)
        if one_.measure.grid is not None:
            for name in ("edges", "outer", "atoms"):
                assert np.array_equal(getattr(one_.measure.grid, name), getattr(other.measure.grid, name))
    assert again.scores == PROFILE.scores
    assert (again.name, again.version, again.built) == ("digits", "3.0.0", BUILT)


def test_the_same_reference_gives_the_same_bytes():
    assert dump(built()) == FILE


def test_a_profile_carries_the_checksum_of_its_file():
    assert re.fullmatch("[0-9a-f]{64}", load(FILE).sha256)
    assert load(FILE).sha256 != load(dump(built(records=RECORDS[1:]))).sha256
    assert f'"{load(FILE).sha256}"'.encode() in FILE


def test_layout_and_order_of_keys_are_no_part_of_the_checksum():
    compact = json.dumps(json.loads(FILE), sort_keys=True, separators=(",", ":")).encode()
    assert load(compact).sha256 == load(FILE).sha256


def test_what_matters_most_is_in_the_file_and_what_is_left_out_of_the_spec_is_not():
    component = one("float", numbers(1, 2), main=True, importance=3)
    assert (component.spec.main, component.spec.importance) == (True, 3.0)
    assert (PROFILE.components[0].spec.main, PROFILE.components[0].spec.importance) == (False, 1.0)
    written = json.loads(FILE)["components"][0]["spec"]
    assert written == {"name": "fare", "element": "input.fare", "dtype": "float", "thresholds": {"psi": 0.3}}


def test_a_spec_of_whole_numbers_is_read_back_though_they_are_fractions_in_the_file():
    spec = ComponentSpec("x", "input.x", dtype="float", domain=[0, 5], thresholds={"psi": 1})
    profile = build(ProfileSpec("m", "1", [spec]), Columns({("input", "x"): numbers(1, 2)}), 7)
    assert dump(load(dump(profile))) == dump(profile)


def test_a_profile_holds_no_code_and_no_import_path():
    assert b"exporter." not in FILE.replace(b"prediction-exporter/", b"")
    assert json.loads(FILE)["format"] == "prediction-exporter/profile/1"


def test_the_reference_that_is_replayed_is_the_reference():
    columns = columns_of(SPEC, lines(RECORDS))
    assert len(columns.values["input", "fare"]) == len(RECORDS)
    replayed(PROFILE, RECORDS)


def replayed(profile, records):
    """Decode a log, and check that each logged component's summary is the profile's reference."""
    logged = [c for c in profile.components if c.role != "eval"]
    decoder = NativeDecoder([Schema(profile.name, profile.version, tuple(c.field for c in logged), ids=True)])
    batches = [batch for _, batch in [*decoder.feed(b"\n".join(lines(records))), *decoder.flush()]]
    columns = {c.spec.key: np.concatenate([b.columns[i] for b in batches]) for i, c in enumerate(logged)}
    kinds = np.concatenate([batch.kinds for batch in batches])
    predicted = (kinds & (Kind.PREDICTION | Kind.FAILED)) == Kind.PREDICTION
    actuals = [columns[c.spec.key] for c in logged if c.role == "actual"]
    some = [~np.isnan(a) if a.dtype == np.float64 else a >= 0 for a in actuals]
    labelled = predicted & np.any(some, axis=0) if some else predicted & False
    for component in profile.components:
        rows = labelled if component.role in ("actual", "eval") else predicted
        column = columns.get(component.spec.key)
        if column is None:
            extractor = component.spec.eval_extractor()
            keys = ("output", extractor.output), ("actual", extractor.actual)
            extract = extractor.bind(*(part(profile, *key).field for key in keys))
            column = extract(*(columns[key] for key in keys))
        again = component.measure.of(column[rows])
        assert facts(again) == facts(component.reference)
        assert again.moments is None or again.moments.total == pytest.approx(component.reference.moments.total)


JSON_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 5),
    st.sampled_from(
        [10**22, 2**60, 1e22, 1e300, -0.0, 0.1, math.nan, math.inf, "3", "x", "", "true", OTHER, [], [1], {}]
    ),
    st.floats(),
)
HOSTILE_SPEC = ProfileSpec(
    "m",
    "1",
    [
        ComponentSpec("a", "input.a", dtype="float"),
        ComponentSpec("b", "input.b.c", dtype="category"),
        ComponentSpec("flag", "input.flag", dtype="bool"),
        ComponentSpec("list", "output.list.0", dtype="category"),
        ComponentSpec("label", "output.label", dtype="category"),
        ComponentSpec("label", "actual.label", dtype="category"),
        ComponentSpec("right", role="eval", extractor={"correct": {"output": "label", "actual": "label"}}),
    ],
)


def pairs(*names):
    return st.fixed_dictionaries({}, optional=dict.fromkeys(names, JSON_VALUES))


HOSTILE = st.fixed_dictionaries(
    {},
    optional={
        "input": st.one_of(pairs("a", "flag", "b"), JSON_VALUES, st.builds(lambda c: {"b": c}, pairs("c"))),
        "output": st.one_of(pairs("list", "label"), JSON_VALUES, st.builds(lambda v: {"list": [v]}, JSON_VALUES)),
        "actual": st.one_of(pairs("label"), JSON_VALUES),
        "error": st.sampled_from([None, "", "broken"]),
    },
)
SOUND = {"input": {"a": 1, "b": {"c": 1}, "flag": 1}, "output": {"list": ["x"], "label": 3}, "actual": {"label": "3"}}


@law
@given(st.lists(HOSTILE, max_size=8))
def test_any_reference_that_is_replayed_is_the_reference(records):
    records = [*records, SOUND, {**SOUND, "output": {"label": "x"}}]
    replayed(load(dump(build(HOSTILE_SPEC, columns_of(HOSTILE_SPEC, lines(records)), BUILT))), records)


@law
@given(
    st.sampled_from(["float", "int", "bool", "category"]),
    st.lists(JSON_VALUES.filter(lambda value: not isinstance(value, list | dict)), min_size=1, max_size=12),
)
def test_whatever_can_be_built_can_be_written_and_read(dtype, values):
    spec = ProfileSpec("m", "1", [ComponentSpec("x", "input.x", dtype=dtype)])
    records = [{"input": {"x": value}} for value in values]
    try:
        profile = build(spec, columns_of(spec, lines(records)), BUILT)
    except ProfileError as error:
        assert "input x: the reference has no valid" in str(error)  # noqa: PT017 - either answer is one
        return
    assert dump(load(dump(profile))) == dump(profile)


@pytest.mark.parametrize(
    "values",
    [
        numbers(7),
        numbers(1e300, -1e300, 0),
        np.full(9, -np.finfo(float).max),
        numbers(5e-324, 0),
        RANDOM.normal(0, 1, 9),
    ],
)
def test_hard_numbers_are_read_back(values):
    component = one("float", values)
    assert component.reference.n == len(values)
    assert component.reference.presence.invalid == 0


def test_missing_values_of_a_reference_are_counted_by_reason():
    fare = part(PROFILE, "input", "fare").reference.presence
    logged = [entry["input"]["fare"] for entry in RECORDS]
    assert (fare.rows, fare.missing, fare.type) == (400, logged.count(None), logged.count("?"))
    assert fare.missing > 5 < fare.type


def test_what_was_observed_at_its_worst_is_written_and_read_and_is_no_reference():
    nothing = Columns({component.spec.key: [None] * 40 for component in PROFILE.components if component.role != "eval"})
    worst = load(dump(observe(PROFILE, nothing, BUILT)))
    found = {(component.reference.n, component.reference.presence.missing) for component in worst.components}
    assert found == {(0, 40), (0, 0)}  # no row has an actual
    with pytest.raises(ValueError, match="the reference has no value of input fare, input age, "):
        plan(worst, ())


# -- domains and categories


@pytest.mark.parametrize(
    ("values", "low", "high"),
    [
        (range(100, 301), 100 * 100 / 120, 300 * 300 / 280),
        (range(-300, -99), -300 * 300 / 280, -100 * 100 / 120),
        (range(201), 0, 200 * 200 / 180),
        (range(-200, 1), -200 * 200 / 180, 0),
        (range(-100, 101), -125, 125),
        (range(-10, 191), -10 - 20, 190 * 190 / 170),
        ((0, 100), 0, 200),
        ((1, 101), 1 / 101, 201),
        ((-50, 50), -150, 150),
        ((*range(10, 29), 1000), 10 * 10 / 12, 1990),
        ((3, 3), 3, 3),
        ((1, math.nan, math.inf, -math.inf, 101), 1 / 101, 201),
    ],
)
def test_a_domain_is_learned_with_a_margin_that_does_not_cross_zero(values, low, high):
    assert one("float", numbers(*values)).measure.domain == Domain(pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(
    ("declared", "low", "high"),
    [([0, 5], 0, 5), ([None, 5], -math.inf, 5), ([0.5, None], 0.5, math.inf), ([None, None], -math.inf, math.inf)],
)
def test_a_declared_domain_is_taken_as_it_is_even_where_the_reference_is_outside(declared, low, high):
    component = one("float", numbers(-1, 3, 9), domain=declared)
    assert component.measure.domain == Domain(low, high)
    assert component.reference.presence.below == (low > -1)
    assert component.reference.presence.above == (high < 9)


@pytest.mark.parametrize(
    ("values", "options", "low", "high"),
    [
        ([-1e9, *range(1, 1000), 1e9], {}, 1 - 99.8, 999 + 99.8),
        ([*range(1000), 1e9], {}, 0, 999 + 99.8),
        ([*range(1000), 1e9], {"domain": [10, 900]}, 10, 900),
        (range(100), {"domain": [None, 98.5]}, -9.8, 98.5),
        (range(100), {"domain": [200, 300]}, 200, 300),
        (range(100), {"soft_domain": [None, 7]}, -math.inf, 7),
        ([3, 3, 3], {}, 3, 3),
    ],
)
def test_a_soft_domain_is_learned_within_the_domain_from_all_but_the_ends_or_declared(values, options, low, high):
    component = one("float", numbers(*values), **options)
    assert component.soft == Domain(pytest.approx(low), pytest.approx(high))
    moments = component.reference.moments
    assert (moments.low, moments.high) == (min(values), max(values))


def test_categories_are_ranked_by_how_often_they_occur_and_then_by_name():
    component = one("category", ["b", "a", "c", "c", 3, 3.0, "3", True, None])
    assert component.measure.levels == ("3", "c", "a", "b", "true")
    assert component.measure.complete
    assert component.reference.categories.counts.tolist() == [3, 2, 1, 1, 1, 0]
    assert component.reference.presence.missing == 1


def test_more_categories_than_the_limit_are_counted_together_and_none_is_called_unseen():
    component = one("category", [f"c{i % 60:02}" for i in range(120)])
    assert len(component.measure.levels) == 50
    assert not component.measure.complete
    assert component.reference.categories[OTHER] == 20
    assert component.reference.presence.unseen == 0
    assert component.measure.of(np.array([50], np.int32)).presence.unseen == 0


@pytest.mark.parametrize(("limit", "complete"), [(2, False), (3, True)])
def test_categories_are_complete_where_the_limit_holds_them_all(limit, complete):
    component = one("category", ["a", "b", "c"], limit)
    assert component.measure.complete is complete
    assert len(component.measure.levels) == limit


def test_a_category_that_is_named_like_the_rest_is_counted_with_the_rest():
    component = one("category", ["a", "a", OTHER])
    assert component.measure.levels == ("a",)
    assert component.reference.categories.labels == ("a", OTHER)
    assert component.reference.categories.counts.tolist() == [2, 1]
    assert not component.measure.complete


def test_declared_categories_are_the_levels_and_what_is_none_of_them_is_unseen():
    component = one("category", ["a", "b", 3], domain=["b", 3.0, True])
    assert component.measure.levels == ("b", "3", "true")
    assert component.reference.presence.unseen == 1
    assert component.reference.categories.counts.tolist() == [1, 1, 0, 1]


def test_a_boolean_is_false_or_true_whichever_occurs():
    component = one("bool", [1, True, None, 0.0, "true", 2])
    assert component.measure.levels == ("false", "true")
    assert component.reference.categories.counts.tolist() == [1, 3, 0]
    assert component.reference.presence.type == 1


def test_what_an_extractor_gives_is_of_learned_categories_where_the_dtype_says_so():
    last, most = {"element": {"element": [-1]}}, {"max_score_element": {}}
    component = one("category", [[0, "a"], ["b"], [3], [3.0], [True], [], ["a", [1]]], extractor=last)
    assert component.measure.levels == ("3", "a", "b", "true")
    assert (component.reference.presence.missing, component.reference.presence.extractor) == (1, 1)
    component = one("category", [{"cat": 0.7, "dog": 0.3}, {"cat": 0.1, "dog": 0.9}, {}], extractor=most)
    assert component.measure.levels == ("cat", "dog")
    assert component.reference.presence.extractor == 1
    component = one("bool", [[True], [0], ["true"]], extractor=last)
    assert component.reference.categories.counts.tolist() == [1, 2, 0]


def test_a_component_of_one_value_and_one_of_none():
    assert one("float", numbers(math.nan, 4)).reference.n == 1
    with pytest.raises(ProfileError, match=r"^input x: the reference has no valid number of it$"):
        one("float", numbers(math.nan, math.inf))
    with pytest.raises(ProfileError, match=r"^input x: the reference has no valid value of it$"):
        one("category", [None, None])


# -- scores of the reference


def test_scores_of_the_reference_have_its_values_and_thresholds_that_are_a_tenth_worse():
    pair = [(r["output"], r["actual"]) for r in RECORDS if "actual" in r]
    errors = [abs(out["price"] - act["price"]) for out, act in pair]
    right = [out["label"] == act["label"] for out, act in pair]
    mae, accuracy, precision, recall = PROFILE.scores
    assert mae.reference == pytest.approx(np.mean(errors))
    assert mae.threshold == pytest.approx(1.1 * np.mean(errors))
    assert (mae.samples, mae.preference) == (len(pair), "low")
    assert accuracy.reference == pytest.approx(np.mean(right))
    assert (accuracy.threshold, accuracy.samples, accuracy.preference) == (0.5, len(pair), "high")
    claimed = [act["label"] == 8 for out, act in pair if out["label"] == 8]
    assert precision.reference == pytest.approx(np.mean(claimed))
    assert precision.threshold == pytest.approx(0.9 * np.mean(claimed))
    assert recall.samples == sum(act["label"] == 8 for _, act in pair)


def test_a_score_that_is_undefined_on_the_reference_has_no_threshold_and_is_read_back_so():
    records = [entry for entry in RECORDS if entry["output"]["label"] != 8]
    records.append({**RECORDS[1], "output": {**RECORDS[1]["output"], "label": 8}, "actual": {"price": 1}})
    profile = load(dump(built(records=records)))
    precision = next(score for score in profile.scores if score.spec.name == "precision")
    assert math.isnan(precision.reference)
    assert math.isnan(precision.threshold)
    assert precision.samples == 0


# -- what a build says of a reference


def test_a_build_names_every_component_that_fails_and_why():
    spec = msgspec.structs.replace(
        SPEC,
        components=[
            ComponentSpec("a", "input.a", dtype="float"),
            ComponentSpec("label", "output.label", dtype="float"),
            *SPEC.components[7:8],
            ComponentSpec("right", role="eval", extractor={"correct": {"output": "label", "actual": "label"}}),
            ComponentSpec("gap", role="eval", extractor={"absolute_error": {"output": "label", "actual": "label"}}),
        ],
        scores=[],
    )
    with pytest.raises(ProfileError) as caught:
        built(spec)
    assert str(caught.value).split("; ") == [
        "input a: the reference has no valid number of it",
        "eval right: correct needs categories, and output label is a number",
        "eval gap: absolute_error needs numbers, and actual label is a category",
    ]


def test_what_is_computed_from_a_component_that_fails_says_so():
    components = [
        ComponentSpec("label", "output.nothing", dtype="category"),
        *SPEC.components[7:8],
        ComponentSpec("right", role="eval", extractor={"correct": {"output": "label", "actual": "label"}}),
    ]
    with pytest.raises(ProfileError, match="eval right: output label could not be built"):
        built(ProfileSpec("digits", "1", components))


def test_a_positive_category_that_does_not_occur_is_named_with_those_that_do():
    options = {"output": "label", "actual": "label", "positive": "nine"}
    components = [
        *SPEC.components[5:8:2],
        ComponentSpec("is", role="eval", extractor={"classification_error_type": options}),
    ]
    with pytest.raises(ProfileError, match=r"eval is: .*'nine' is not one of output label: (\d, )+\d"):
        built(ProfileSpec("digits", "1", components))


def test_a_reference_without_any_actual_cannot_be_scored():
    unlabelled = [{key: value for key, value in entry.items() if key != "actual"} for entry in RECORDS]
    with pytest.raises(ProfileError, match="actual label: the reference has no valid value"):
        built(records=unlabelled)


def test_columns_that_are_missing_or_differ_in_length_are_named_together_with_the_mistakes_of_the_spec():
    spec = ProfileSpec(
        "", "1", [ComponentSpec("x", "input.x", dtype="float"), ComponentSpec("y", "input.y", dtype="int")]
    )
    with pytest.raises(ProfileError) as caught:
        build(spec, Columns({("input", "x"): numbers(1), ("input", "z"): numbers(1, 2)}), BUILT)
    for text in ("name: a model's name", "differ in length: [1, 2]", "input y has no column"):
        assert text in str(caught.value)


# -- the reference log

LABELLED = ProfileSpec(
    "m",
    "1",
    [
        ComponentSpec("x", "input.x", dtype="float"),
        ComponentSpec("out", "output", dtype="category"),
        ComponentSpec("act", "actual.a", dtype="category"),
        ComponentSpec("more", "actual.b", dtype="float"),
    ],
)


def read(*records):
    columns = columns_of(LABELLED, lines(records)).values
    return [[c.values[place] for place in c.places] if isinstance(c, Coded) else list(c) for c in columns.values()]


def nan_free(column):
    return [None if isinstance(value, float) and math.isnan(value) else value for value in column]


def test_actuals_find_their_prediction_by_id_before_and_after_it():
    x, out, act, _ = read(
        {"id": 2, "actual": {"a": "early"}},
        {"id": "1", "input": {"x": 1}, "output": "p"},
        {"id": "2", "input": {"x": 2}, "output": "q"},
        {"id": 1, "actual": {"a": "late"}},
        {"id": "9", "actual": {"a": "nobody's"}},
        {"actual": {"a": "without id"}},
    )
    assert (x, out, act) == ([1, 2], ["p", "q"], ["late", "early"])


def test_of_several_predictions_or_actuals_with_one_id_the_first_counts():
    x, _, act, _ = read(
        {"id": "1", "input": {"x": 1}},
        {"id": "1", "input": {"x": 2}},
        {"id": "1", "actual": {"a": "first"}},
        {"id": "1", "actual": {"a": "second"}},
        {"id": "2", "input": {"x": 3}, "actual": {"a": "at once"}},
        {"id": "2", "actual": {"a": "again"}},
        {"input": {"x": 4}},
        {"input": {"x": 4}},
    )
    assert x == [1, 3, 4, 4]
    assert act == ["first", "at once", None, None]


def test_failed_predictions_other_models_and_lines_that_are_no_record_are_left_out():
    text = [
        b'{"id":"1","input":{"x":1},"error":"out of memory"}',
        b'{"model":"other","input":{"x":2}}',
        b'{"model":"m","input":{"x":3}}',
        b'\xef\xbb\xbf{"model":null,"input":{"x":4},"error":null}\r\n',
        b'{"input":null,"output":null,"actual":{"a":"x"}}',
        b"{",
        b"[]",
        b"",
    ]
    assert columns_of(LABELLED, text).values["input", "x"].tolist() == [3, 4]


@pytest.mark.parametrize("text", [[], [b"{}"], [b'{"id":"1","actual":{"a":1}}'], [b'{"model":"other","input":{}}']])
def test_a_reference_without_a_prediction_is_an_error_that_says_so(text):
    with pytest.raises(ProfileError, match="no prediction of m"):
        columns_of(LABELLED, text)


def test_an_actual_component_is_missing_in_each_row_that_has_another_actual_whatever_their_order():
    rows = [{"input": {"x": 1}, "output": "p", "actual": {"a": "q"}}, {"input": {"x": 1}, "output": "p"}]
    rows += [{"input": {"x": 1}, "output": "p", "actual": {"b": 1}}] * 3
    for components in (LABELLED.components, LABELLED.components[::-1]):
        spec = msgspec.structs.replace(LABELLED, components=components)
        profile = built(spec, rows)
        act, more = part(profile, "actual", "act").reference, part(profile, "actual", "more").reference
        assert (act.presence.rows, act.presence.missing) == (4, 3)
        assert (more.presence.rows, more.presence.missing) == (4, 1)
        assert part(profile, "input", "x").reference.presence.rows == 5


# -- a file that is damaged, edited or made up


def places(document, path=()):
    """Yield the path of every number, text and truth in a document."""
    if isinstance(document, dict | list):
        items = document.items() if isinstance(document, dict) else enumerate(document)
        for key, value in items:
            yield from places(value, (*path, key))
    else:
        yield path, document


SMALL = dump(
    build(
        ProfileSpec("m", "1", [COMPONENTS[0], COMPONENTS[3], *COMPONENTS[5:8:2], *COMPONENTS[10:11]], [SCORES[1]]),
        columns_of(SPEC, lines(RECORDS[:15])),
        BUILT,
    )
)
PLACES = list(places(json.loads(SMALL)))


def changed(path, value):
    document = json.loads(SMALL)
    inner = document
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return document


def neighbour(number):
    """Return the next number, which is the smallest change there is."""
    if isinstance(number, int):
        return number + 1
    return struct.unpack("<d", struct.pack("<q", struct.unpack("<q", struct.pack("<d", number))[0] + 1))[0]


def test_any_number_text_or_truth_that_is_changed_is_found_out():
    kinds = Counter()
    for path, value in PLACES:
        other = not value if isinstance(value, bool) else value + "x" if isinstance(value, str) else value
        other = neighbour(value) if type(value) in (int, float) else 0.5 if value is None else other
        kinds[type(value)] += 1
        with pytest.raises(ProfileError, match=r"checksum|format|not a profile"):
            load(json.dumps(changed(path, other)).encode())
    assert kinds.keys() >= {int, float, str, bool}
    assert kinds[float] > 20


def signed(document):
    """Return a document's file with the checksum that fits what is in it; None where no profile has its shape."""
    try:
        file = msgspec.json.decode(json.dumps(document).encode(), type=model._File)
    except (msgspec.MsgspecError, ValueError):
        return None
    canonical = msgspec.json.encode(msgspec.structs.replace(file, sha256=""), order="sorted")
    return json.dumps(document | {"sha256": hashlib.sha256(canonical).hexdigest()}).encode()


def used(profile):
    """Do all that a running exporter does with a profile."""
    assert dump(load(dump(profile))) == dump(profile)
    for component in profile.components:
        columns = (
            numbers(-1, 0.5, 1e300, math.nan, math.inf),
            np.array([0, 1, -1, len(component.measure.levels)], np.int32),
        )
        summary = component.measure.of(columns[component.measure.grid is None])
        added = component.reference + summary
        assert len(added.bins()) == len(component.reference.bins())
        if component.measure.grid is not None:
            assert len(added.histogram.quantiles(np.array([0.05, 0.5]))) == 2
            assert len(component.measure.grid.outer_edges) <= 20
        kind = "category" if component.measure.grid is None else "numeric"
        for statistic in STATISTICS.values():
            if kind in statistic.kinds:
                assert isinstance(statistic.of(component.reference, summary), float)


WRONG = [None, True, "x", "", -1, 0, 1, 1.5, 300, 2**53, 10**30, 1e308, -1e308, [], [0], [-1], [10**30], {}, {"a": 1}]


@pytest.mark.parametrize("wrong", WRONG, ids=lambda value: json.dumps(value)[:20])
def test_a_file_with_a_wrong_value_and_a_right_checksum_is_refused_or_can_be_used(wrong):
    outcomes = Counter()
    whole = [
        (("components", i, kind), None) for i in range(5) for kind in ("numbers", "categories", "presence", "spec")
    ]
    lists = [(path[:-1], None) for path, _ in PLACES if isinstance(path[-1], int)]
    for path, _ in [*dict(PLACES + whole + lists).items()]:
        try:
            data = signed(changed(path, wrong))
        except (KeyError, TypeError):
            continue
        outcomes[data is not None] += 1
        try:
            profile = load(data or json.dumps(changed(path, wrong)).encode())
        except ProfileError:
            continue
        used(profile)
    assert outcomes[False] > 10


def edited(**changes):
    """Return the file of a numeric component with some of its lists and numbers replaced, signed."""
    document = json.loads(SMALL)
    document["components"][0]["numbers"].update(changes)
    data = signed(document)
    assert data is not None
    return data


EDGES = json.loads(SMALL)["components"][0]["numbers"]["edges"]
COUNTS = json.loads(SMALL)["components"][0]["numbers"]["counts"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"counts": COUNTS[1:]}, "counts do not fit"),
        ({"counts": [*COUNTS, 0]}, "counts do not fit"),
        ({"counts": [0] * len(COUNTS)}, "counts do not fit"),
        ({"counts": [-1, *COUNTS[1:]]}, "counts do not fit"),
        ({"counts": [2**53, *COUNTS[1:]]}, "counts do not fit"),
        ({"edges": EDGES[::-1]}, "ascending"),
        ({"edges": [EDGES[0], *EDGES[:-1]]}, "ascending"),
        ({"edges": [], "counts": [1]}, "ascending"),
        ({"edges": list(range(256)), "counts": [1] * 257}, "255"),
        ({"edges": list(range(100_000)), "counts": [1] * 100_001}, "255"),
        ({"outer": []}, "outer edges"),
        ({"outer": [0, 0]}, "outer edges"),
        ({"outer": [2, 1]}, "outer edges"),
        ({"outer": [-1, 1]}, "outer edges"),
        ({"outer": [len(EDGES)]}, "outer edges"),
        ({"edges": list(range(30)), "counts": [1] * 31, "outer": list(range(21)), "atoms": []}, "outer edges"),
        ({"outer": [10**30]}, "not a profile"),
        ({"atoms": [0]}, "point masses"),
        ({"atoms": [-1]}, "point masses"),
        ({"atoms": [len(EDGES)]}, "point masses"),
        ({"atoms": [10**30]}, "point masses"),
        ({"n": 0}, "count, spread and extremes"),
        ({"n": -5}, "count, spread and extremes"),
        ({"n": 10**400}, "count, spread and extremes"),
        ({"m2": -1.0}, "count, spread and extremes"),
        ({"minimum": 5.0, "maximum": 4.0}, "count, spread and extremes"),
    ],
)
def test_numbers_that_no_reference_has_are_refused_by_what_is_wrong_with_them(changes, message):
    with pytest.raises(ProfileError, match=message):
        load(edited(**changes))


@pytest.mark.parametrize(
    ("place", "levels"),
    [(1, ["a", "a"]), (1, [OTHER]), (1, [str(i) for i in range(1001)]), (4, ["true", "false"]), (4, ["false"])],
)
def test_categories_that_are_not_different_or_not_those_of_the_extractor_are_refused(place, levels):
    document = json.loads(SMALL)
    document["components"][place]["categories"] |= {"levels": levels, "counts": [1] * (len(levels) + 1)}
    with pytest.raises(ProfileError, match="categories are not"):
        load(signed(document))


def test_a_component_without_a_reference_of_its_dtype_is_refused():
    document = json.loads(SMALL)
    document["components"][0]["categories"] = document["components"][1]["categories"]
    del document["components"][0]["numbers"]
    with pytest.raises(ProfileError, match="fare has no reference of its dtype"):
        load(signed(document))


@law
@given(st.integers(0, len(SMALL) - 1), st.integers(0, 3), st.binary(max_size=3))
def test_a_file_with_bytes_changed_is_refused(place, dropped, put):
    data = SMALL[:place] + put + SMALL[place + dropped :]
    try:
        profile = load(data)
    except ProfileError:
        return
    assert dump(profile) == SMALL


@law
@given(st.binary(max_size=60))
def test_bytes_that_are_no_profile_are_refused(data):
    with pytest.raises(ProfileError):
        load(data)


def test_a_file_that_is_cut_short_is_refused_wherever_it_is_cut():
    for end in range(0, len(SMALL.rstrip()), 97):
        with pytest.raises(ProfileError):
            load(SMALL[:end])


@pytest.mark.parametrize(
    "data", [b"[" * 100_000, b'{"format":' * 50_000, b"\x80\x04pickle", b"null", b"{}", b"\xff" * 9]
)
def test_what_is_no_profile_at_all_is_refused(data):
    with pytest.raises(ProfileError):
        load(data)


def test_a_file_of_another_format_says_what_to_do():
    with pytest.raises(ProfileError, match=r"profile/2.*build the profile anew"):
        load(SMALL.replace(b"exporter/profile/1", b"exporter/profile/2"))


def test_a_file_of_huge_lists_is_refused_in_no_time():
    begun = time.process_time()
    with pytest.raises(ProfileError):
        load(edited(edges=list(range(300_000)), counts=[1] * 300_001, atoms=list(range(300_000))))
    assert time.process_time() - begun < 5


# -- what is wrong with a spec


def altered(place, **changes):
    """Return the spec with one component or score changed, or with other fields."""
    if isinstance(place, int):
        components = list(SPEC.components)
        components[place] = msgspec.structs.replace(components[place], **changes)
        return msgspec.structs.replace(SPEC, components=components)
    if place == "score":
        return msgspec.structs.replace(
            SPEC, scores=[msgspec.structs.replace(SPEC.scores[0], **changes), *SPEC.scores[1:]]
        )
    return msgspec.structs.replace(SPEC, **changes)


MISTAKES = [
    ("", {"name": ""}, "name", "must not be empty"),
    ("", {"name": "a/b"}, "name", "@ or /"),
    ("", {"version": "1@2"}, "version", "@ or /"),
    ("", {"components": [], "scores": []}, "components", "at least one"),
    (0, {"name": ""}, "components[0].name", "must not be empty"),
    (0, {"element": None}, "components[0].element", "dotted path"),
    (0, {"element": "input..x"}, "components[0].element", "not a path"),
    (0, {"element": "id.x", "role": "input"}, "components[0].element", "not a path"),
    (0, {"element": 'a"b.x', "role": "input"}, "components[0].element", "not a path"),
    (0, {"element": "fare"}, "components[0].role", "input, output or actual"),
    (0, {"dtype": None}, "components[0].dtype", "float, int, bool or category"),
    (0, {"domain": [1]}, "components[0].domain", "[low, high]"),
    (0, {"domain": [5, 1]}, "components[0].domain", "[low, high]"),
    (0, {"domain": ["a", "b"]}, "components[0].domain", "[low, high]"),
    (0, {"domain": [True, False]}, "components[0].domain", "[low, high]"),
    (0, {"domain": [math.nan, 1]}, "components[0].domain", "[low, high]"),
    (0, {"domain": [math.inf, math.inf]}, "components[0].domain", "[low, high]"),
    (0, {"thresholds": {"psy": 1}}, "components[0].thresholds.psy", "did you mean psi"),
    (0, {"thresholds": {"chebyshev": 1}}, "components[0].thresholds.chebyshev", "not of a numeric component"),
    (0, {"thresholds": {"psi": math.nan}}, "components[0].thresholds.psi", "finite"),
    *((0, {"importance": x}, "components[0].importance", "positive") for x in (0, -1, math.inf, math.nan)),
    *((0, {"soft_domain": bad}, "components[0].soft_domain", "[low, high]") for bad in ([1], [5, 1])),
    (2, {"soft_domain": [0, 1]}, "components[2].soft_domain", "only numbers"),
    (2, {"domain": [True]}, "components[2].domain", "leave it out"),
    (3, {"domain": []}, "components[3].domain", "list of valid categories"),
    (3, {"domain": ["a", None]}, "components[3].domain", "list of valid categories"),
    (3, {"domain": [3, "3"]}, "components[3].domain", "different"),
    (3, {"domain": ["a", OTHER]}, "components[3].domain", "different"),
    (3, {"domain": [str(i) for i in range(1001)]}, "components[3].domain", "1000"),
    (3, {"thresholds": {"wasserstein": 1}}, "components[3].thresholds.wasserstein", "not of a category component"),
    (9, {"domain": []}, "components[9].domain", "[low, high]"),
    (9, {"dtype": "category"}, "components[9].dtype", "leave it out"),
    (9, {"extractor": {}}, "components[9].extractor", "one extractor"),
    (9, {"extractor": {"absolute_eror": {}}}, "components[9].extractor", "did you mean absolute_error"),
    (9, {"extractor": {"correct": {}, "absolute_error": {}}}, "components[9].extractor", "one extractor"),
    (9, {"extractor": {"absolute_error": {"output": "price"}}}, "components[9].extractor.absolute_error", "actual"),
    (10, {"domain": ["true"]}, "components[10].domain", "leave it out"),
    (10, {"dtype": "float"}, "components[10].dtype", "leave it out"),
    (
        10,
        {"extractor": {"correct": {"output": "lable", "actual": "label"}}},
        "components[10].extractor.correct.output",
        "label?",
    ),
    (
        10,
        {"extractor": {"correct": {"output": "label", "actual": "x"}}},
        "components[10].extractor.correct.actual",
        "actual",
    ),
    ("score", {"score": "accurracy"}, "scores[0].score", "did you mean accuracy"),
    ("score", {"name": "mea", "score": None}, "scores[0].name", "unknown score"),
    ("score", {"name": "recall"}, "scores[3].name", "twice"),
    ("score", {"input": "eror"}, "scores[0].input", "did you mean error"),
    ("score", {"input": "correct"}, "scores[0].input", "cannot read correct"),
    ("score", {"threshold": math.inf}, "scores[0].threshold", "finite"),
]


@pytest.mark.parametrize(("place", "changes", "path", "message"), MISTAKES)
def test_a_mistake_in_a_spec_is_named_by_its_place_with_what_would_be_right(place, changes, path, message):
    found = problems(altered(place, **changes))
    assert [where for where, _ in found if where == path] == [path]
    assert any(message in text for where, text in found if where == path)


def test_a_spec_without_a_mistake_has_no_problem():
    assert problems(SPEC) == []


def test_a_component_that_is_declared_twice_is_named_once():
    spec = msgspec.structs.replace(SPEC, components=[*SPEC.components, SPEC.components[0]])
    assert problems(spec) == [(f"components[{len(SPEC.components)}].name", "input fare is declared twice")]


def test_all_mistakes_are_named_at_once():
    spec = ProfileSpec("", "", [ComponentSpec("", dtype="float"), ComponentSpec("x", "input.x")], [ScoreSpec("a", "b")])
    assert {place for place, _ in problems(spec)} == {
        *("name", "version", "components[0].name", "components[0].element", "components[1].dtype", "scores[0].name"),
    }
