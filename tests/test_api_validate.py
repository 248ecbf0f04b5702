"""Judging data in a model server: nothing is raised, batches agree with single data, and both with the exporter."""

import json
import math
from collections import OrderedDict
from collections.abc import Mapping

import msgspec
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter import (
    AbsoluteRegressionError,
    ActualComponent,
    ClassificationErrorType,
    Correct,
    DataType,
    ElementExtractor,
    EvalComponent,
    InputComponent,
    ModelProfile,
    OutputComponent,
    ProfileError,
    TextLength,
    filter_errors,
    flatten_jcr,
)
from exporter.api.tags import points
from exporter.batch import Fault, absent
from exporter.client.profile import judged
from exporter.decoders.native import NativeDecoder
from exporter.extractors import PLUGINS
from exporter.plan import plan
from exporter.summaries.presence import REASONS

law = settings(derandomize=True, deadline=None, max_examples=100)
ROWS = 300


def reference():
    random = np.random.default_rng(0)
    return [
        {
            "fare": float(fare),
            "age": int(age),
            "sex": str(sex),
            "vip": bool(vip),
            "who": {"tags": [str(tag), "x"]},
            "note": "a" * int(length),
        }
        for fare, age, sex, vip, tag, length in zip(
            random.exponential(10, ROWS),
            random.integers(18, 80, ROWS),
            random.choice(["m", "f", "3"], ROWS),
            random.random(ROWS) < 0.3,
            random.choice(["a", "b"], ROWS),
            random.integers(1, 9, ROWS),
            strict=True,
        )
    ]


def declared():
    return [
        InputComponent("fare", ElementExtractor("fare"), DataType.FLOAT),
        InputComponent("age", ElementExtractor("age"), DataType.INT, domain=(18, 80)),
        InputComponent("sex", ElementExtractor("sex"), DataType.CAT),
        InputComponent("vip", ElementExtractor("vip"), DataType.BOOL),
        InputComponent("tag", ElementExtractor("who.tags.0"), DataType.CAT),
        InputComponent("length", TextLength(), element="note"),
        InputComponent("last", ElementExtractor(("who", "tags", -1)), DataType.CAT),
        OutputComponent("price", ElementExtractor(0), DataType.INT),
        ActualComponent("price", ElementExtractor(0), DataType.INT),
        EvalComponent("error", AbsoluteRegressionError()),
        EvalComponent("type", ClassificationErrorType(positive=0)),
    ]


def made():
    profile = ModelProfile("shop", "1", declared())
    prices = np.random.default_rng(1).integers(0, 10, ROWS)
    profile.build(input=reference(), output=prices, actual=np.where(prices > 7, 0, prices))
    return profile


PROFILE = made()
FIRST = reference()[0]


def judgement(datum, profile=PROFILE):
    """Return the values and the reasons of an input by component."""
    return judged(profile.validate_input(datum))


# -- one datum


def test_the_tags_of_a_valid_datum_are_its_values_in_the_order_of_the_components():
    assert PROFILE.validate_input(FIRST) == [
        {"type": "profile-input", "name": name, "value": value, "group": "shop@1"}
        for name, value in {
            "fare": FIRST["fare"],
            "age": FIRST["age"],
            "sex": FIRST["sex"],
            "vip": str(FIRST["vip"]).lower(),
            "tag": FIRST["who"]["tags"][0],
            "length": len(FIRST["note"]),
            "last": "x",
        }.items()
    ]


@pytest.mark.parametrize(
    ("changes", "name", "value", "reason"),
    [
        ({"fare": None}, "fare", None, "missing"),
        ({"fare": math.nan}, "fare", None, "missing"),
        ({"fare": np.float32("nan")}, "fare", None, "missing"),
        ({"fare": pd.NA}, "fare", None, "missing"),
        ({"fare": pd.NaT}, "fare", None, "missing"),
        ({"fare": "12"}, "fare", None, "type"),
        ({"fare": True}, "fare", None, "type"),
        ({"fare": [1.0]}, "fare", None, "type"),
        ({"fare": 1j}, "fare", None, "type"),
        ({"fare": -1.0}, "fare", -1.0, "below"),
        ({"fare": math.inf}, "fare", math.inf, "above"),
        ({"fare": -(10**400)}, "fare", -math.inf, "below"),
        ({"fare": np.float64(1e9)}, "fare", 1e9, "above"),
        ({"age": 17}, "age", 17, "below"),
        ({"age": np.uint8(81)}, "age", 81, "above"),
        ({"age": 80.5}, "age", 80.5, "above"),
        ({"sex": "q"}, "sex", "q", "unseen"),
        ({"sex": 3.5}, "sex", "3.5", "unseen"),
        ({"sex": 10**5000}, "sex", "inf", "unseen"),
        ({"sex": {}}, "sex", None, "type"),
        ({"sex": math.nan}, "sex", None, "missing"),
        ({"vip": "maybe"}, "vip", "maybe", "unseen"),
        ({"vip": 2}, "vip", None, "type"),
        ({"who": None}, "tag", None, "missing"),
        ({"who": {"tags": []}}, "tag", None, "missing"),
        ({"who": {"tags": 3.5}}, "tag", "3.5", "unseen"),
        ({"who": "x"}, "tag", None, "type"),
        ({"note": None}, "length", None, "missing"),
        ({"note": 3}, "length", None, "extractor"),
        ({"note": "b" * 1000}, "length", 1000, "above"),
        ({"who": {"tags": ["a", ["x"]]}}, "last", None, "extractor"),
    ],
)
def test_what_is_wrong_with_a_value_is_an_error_tag_beside_the_value_where_there_is_one(changes, name, value, reason):
    values, invalid = judgement(FIRST | changes)
    assert values.get(name) == value
    assert invalid[name] == reason
    assert list(invalid) == [name] or "who" in changes


@pytest.mark.parametrize(
    ("changes", "name", "value"),
    [
        ({"age": 18.0}, "age", 18),
        ({"age": np.int64(80)}, "age", 80),
        ({"fare": 7}, "fare", 7.0),
        ({"sex": 3}, "sex", "3"),
        ({"sex": np.float64(3.0)}, "sex", "3"),
        ({"sex": np.str_("m")}, "sex", "m"),
        ({"vip": 1}, "vip", "true"),
        ({"vip": np.bool_(False)}, "vip", "false"),
        ({"vip": "true"}, "vip", "true"),
        ({"who": {"tags": ("b", "x")}}, "tag", "b"),
        ({"who": {"tags": np.array(["b", "x"])}}, "tag", "b"),
        ({"who": {"tags": {0: "b", "-1": "x"}}}, "tag", "b"),
        ({"who": {"tags": "a"}}, "tag", "a"),
    ],
)
def test_a_value_is_read_whichever_type_it_is_of(changes, name, value):
    values, invalid = judgement(FIRST | changes)
    assert values[name] == value
    assert type(values[name]) is type(value)
    assert name not in invalid


class View(Mapping):
    """A mapping that is no dict."""

    def __init__(self, found):
        self._found = found

    def __getitem__(self, key):
        return self._found[key]

    def __iter__(self):
        return iter(self._found)

    def __len__(self):
        return len(self._found)


@pytest.mark.parametrize(
    "form", [OrderedDict, View, pd.Series, lambda d: pd.DataFrame([d]), lambda d: {**d, "who": View(d["who"])}]
)
def test_a_datum_is_a_mapping_of_any_kind_or_a_row_of_a_table(form):
    assert PROFILE.validate_input(form(FIRST)) == PROFILE.validate_input(FIRST)


def test_outputs_and_actuals_are_lists_arrays_or_the_number_alone():
    for one in ([3], (3,), np.array([3]), np.array([[3]]), pd.Series([3]), 3, np.int8(3), {"0": 3}, {0: 3}):
        assert flatten_jcr(PROFILE.validate_output(one)) == {"price": 3}
        assert flatten_jcr(PROFILE.validate_actual(actual=one)) == {"price": 3}
        assert flatten_jcr(PROFILE.validate_eval(output=one, actual=[0])) == {"error": 3.0, "type": "FN"}


def test_each_role_is_judged_by_itself_and_those_that_are_given_together():
    one, two, three = PROFILE.validate_input(FIRST), PROFILE.validate_output([2]), PROFILE.validate_actual([1])
    both = PROFILE.validate_eval([2], [1])
    assert PROFILE.validate_all(input=FIRST) == one
    assert PROFILE.validate_all(output=[2]) == two
    assert PROFILE.validate_all(input=FIRST, actual=[1]) == [*one, *three]
    assert PROFILE.validate_all(FIRST, [2], [1]) == [*one, *two, *three, *both]
    assert [tag["type"] for tag in PROFILE.validate_all(None, None, None)] == [
        *["profile-input-error"] * 7,
        *["profile-output-error", "profile-actual-error", "profile-eval-error", "profile-eval-error"],
    ]


def test_what_is_unusual_is_a_warning_beside_the_value_and_no_error():
    profile = ModelProfile(
        "m",
        "1",
        [
            InputComponent("a", ElementExtractor("a"), domain=(0, 1000), soft_domain=(1, None)),
            InputComponent("b", ElementExtractor("b"), domain=(0, 1000)),
        ],
    )
    profile.build(input={"a": np.arange(100.0), "b": np.arange(100.0)})
    assert profile.validate_input({"a": 0.5, "b": 200})[1::2] == [
        {"type": "profile-input-warning", "name": "a-warning", "value": "below", "group": "m@1"},
        {"type": "profile-input-warning", "name": "b-warning", "value": "above", "group": "m@1"},
    ]
    assert filter_errors(profile.validate_input({"a": 0.5, "b": 200})) == []
    assert judged(profile.validate_input({"a": 0.5, "b": 200})) == ({"a": 0.5, "b": 200.0}, {})
    rows = [{"a": a, "b": b} for a in (-1, 0.5, 5, 1000, 1001, None) for b in (50, 108.9, 109, "x")]
    batch = profile.validate_inputs(rows)
    assert list(batch) == [profile.validate_input(row) for row in rows]
    assert batch.warned.tolist() == [any("warning" in tag["type"] for tag in tags) for tags in batch]
    assert batch.warned.reshape(6, 4).tolist() == [
        [False, False, True, False],
        [True] * 4,
        *[[False, False, True, False]] * 4,
    ]
    marked = points(profile.validate_input({"a": 0.5, "b": 200}), profile.profile)
    assert marked == {("input", "a"): 0.5, ("input", "b"): 200.0}


def test_tags_may_be_asked_for_as_values_by_name():
    simple = PROFILE.validate_all(FIRST, [2], [None], tag_format="simple")
    assert simple == flatten_jcr(PROFILE.validate_all(FIRST, [2], [None]))
    assert (simple["age"], simple["price"], simple["price-error"]) == (FIRST["age"], 2, "missing")
    assert PROFILE.validate_input(FIRST, tag_format="simple")["vip"] == str(FIRST["vip"]).lower()
    assert PROFILE.validate_output([2], "simple") == PROFILE.validate_actual([2], "simple") == {"price": 2}
    assert PROFILE.validate_eval([2], [2], "simple") == {"error": 0.0, "type": "TN"}
    assert PROFILE.validate_output([2], tag_format="tag") == PROFILE.validate_output([2])
    assert ModelProfile("m", "1", declared()).validate_output(3, "simple") == {"price-error": "unbuilt"}


def test_an_evaluation_of_what_is_invalid_is_invalid():
    assert flatten_jcr(PROFILE.validate_eval([None], [1])) == {"error-error": "missing", "type-error": "missing"}
    assert flatten_jcr(PROFILE.validate_eval(["x"], [1])) == {"error-error": "type", "type-error": "missing"}
    assert flatten_jcr(PROFILE.validate_eval([90], [1])) == {"error": 89.0, "error-error": "above", "type": "TN"}


def test_what_is_not_built_says_so_in_tags():
    profile = ModelProfile("shop", "1", declared())
    assert profile.validate_output(3) == [
        {"type": "profile-output-error", "name": "price-error", "value": "unbuilt", "group": "shop@1"}
    ]
    assert len(profile.validate_all(FIRST, 3, 3)) == len(declared())
    assert set(flatten_jcr(profile.validate_eval(3, 3)).values()) == {"unbuilt"}
    with pytest.raises(ProfileError, match="not been built"):
        profile.validate_inputs([FIRST])


def test_a_profile_of_one_role_judges_that_role():
    profile = ModelProfile("m", "1", [InputComponent("x")])
    profile.build(input=np.arange(50.0))
    assert flatten_jcr(profile.validate_input(3)) == {"x": 3.0}
    assert profile.validate_output(1) == profile.validate_actual(1) == profile.validate_eval(1, 1) == []


# -- nothing is raised


class Hostile:
    """Raises whatever is asked of it."""

    def __getattr__(self, name):
        raise RuntimeError(name)

    def __getitem__(self, key):
        raise RuntimeError(key)


class HostileMapping(View):
    def items(self):
        raise RuntimeError

    def get(self, *_):
        raise RuntimeError


class HostileText(str):
    __slots__ = ()

    def __hash__(self):
        raise RuntimeError


class HostileFloat(float):
    def __float__(self):
        raise RuntimeError


HOSTILE = [
    *(None, 0, 1.5, math.nan, "", "x", b"\xff", [], [[]], (), {}, {1: 2}, set(), object(), Hostile(), int, lambda: 3),
    *(np.array(3), np.zeros(0), np.zeros((0, 3)), np.zeros((2, 2, 2)), pd.Series([], dtype=float), pd.DataFrame()),
    *(HostileMapping({}), HostileText("m"), HostileFloat(3), iter([]), pd.NA, np.datetime64("NaT"), range(3), 1j),
]


@pytest.mark.parametrize("datum", HOSTILE, ids=lambda datum: type(datum).__name__)
def test_no_datum_raises_and_each_component_says_something(datum):
    for wrong in (datum, *(FIRST | {name: datum} for name in (*FIRST, "other"))):
        tags = PROFILE.validate_input(wrong)
        names = [tag["name"].removesuffix("-error") for tag in tags]
        assert list(dict.fromkeys(names)) == ["fare", "age", "sex", "vip", "tag", "length", "last"]
        assert {tag["value"] for tag in filter_errors(tags)} <= set(REASONS)
        batch = PROFILE.validate_inputs([FIRST, wrong])
        assert batch[1] == tags
        assert batch.invalid.tolist() == [False, bool(filter_errors(tags))]
    for tags in (
        PROFILE.validate_output(datum),
        PROFILE.validate_actual([datum]),
        PROFILE.validate_eval(datum, [datum]),
    ):
        assert {tag["value"] for tag in filter_errors(tags)} <= set(REASONS)
        assert tags


class Failing(msgspec.Struct, frozen=True):
    """An extractor whose failure is not foreseen."""

    def levels(self):
        return None

    def extract(self, datum):
        if datum == "boom":
            raise MemoryError("a large one")
        return float(datum)


def test_an_extractor_that_fails_costs_its_own_component(monkeypatch):
    monkeypatch.setitem(PLUGINS._builtin, "failing", Failing)
    profile = ModelProfile(
        "m", "1", [InputComponent("bad", Failing(), element="x"), InputComponent("y", element="y", dtype="float")]
    )
    profile.build(input={"x": np.arange(50.0), "y": np.arange(50.0)})
    assert flatten_jcr(profile.validate_input({"x": "boom", "y": 3})) == {"bad-error": "extractor", "y": 3.0}


# -- a batch


JSON = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-5, 90),
        st.floats(-1, 100, allow_nan=False),
        st.sampled_from(["m", "f", "3", "a", "b", "x", "q", "true", "false", 10**30, 3.0, 1e300]),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=2), st.dictionaries(st.sampled_from(["tags", "0"]), inner, max_size=2)
    ),
    max_leaves=4,
)
INPUTS = st.dictionaries(st.sampled_from([*FIRST, "other"]), JSON, max_size=6)


@law
@given(st.lists(st.one_of(INPUTS, INPUTS, st.just(FIRST), JSON), min_size=1, max_size=20))
def test_the_tags_of_a_batch_are_those_of_each_datum(data):
    batch = PROFILE.validate_inputs(data)
    assert len(batch) == len(data)
    assert list(batch) == [PROFILE.validate_input(datum) for datum in data]
    assert batch.invalid.tolist() == [bool(filter_errors(tags)) for tags in batch]
    assert batch.warned.tolist() == [any(tag["type"].endswith("-warning") for tag in tags) for tags in batch]
    for name, reasons in batch.reasons().items():
        said = [judged(tags)[1].get(name) for tags in batch]
        assert [(reason and REASONS[reason - 1]) or None for reason in reasons.tolist()] == said


FORMS = {
    "DataFrame": pd.DataFrame,
    "categories": lambda c: pd.DataFrame(c).astype({"sex": "category"}),
    "nullable": lambda c: pd.DataFrame(c).convert_dtypes(),
    "Arrow": pa.table,
    "columns": lambda c: c,
    "arrays": lambda c: {name: np.array(column, object) for name, column in c.items()},
}


@pytest.mark.parametrize("form", FORMS)
def test_the_tags_of_a_table_are_those_of_each_row(form):
    random = np.random.default_rng(6)
    columns = {
        "fare": [None if fare > 20 else fare for fare in random.normal(10, 10, 200).tolist()],
        "age": random.integers(10, 90, 200).tolist(),
        "sex": random.choice(["m", "f", "q"], 200).tolist(),
        "vip": random.choice([True, False, None], 200).tolist(),
    }
    rows = [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]
    profile = ModelProfile("m", "1", declared()[:4])
    profile.build(input=reference())
    batch = profile.validate_inputs(FORMS[form](columns))
    assert list(batch) == [profile.validate_input(row) for row in rows]
    assert set(np.concatenate([*batch.reasons().values()])) == {0, 1, 4, 5, 6}


def test_a_batch_is_a_sequence_of_tags_and_may_be_of_outputs_and_actuals():
    batch = PROFILE.validate_outputs([[1], [99], [None]])
    assert [flatten_jcr(tags) for tags in batch] == [
        {"price": 1},
        {"price": 99, "price-error": "above"},
        {"price-error": "missing"},
    ]
    assert (batch[-1], batch[1:]) == (batch[2], [batch[1], batch[2]])
    with pytest.raises(IndexError):
        batch[3]
    assert PROFILE.validate_actuals(np.array([3, 99])).invalid.tolist() == [False, True]
    assert len(PROFILE.validate_inputs([])) == 0
    with pytest.raises(ProfileError, match="a sequence, a table or columns"):
        PROFILE.validate_inputs(3)


# -- the exporter


@law
@given(st.lists(st.one_of(INPUTS, st.just(FIRST)), min_size=1, max_size=20))
def test_the_exporter_finds_in_a_log_what_is_found_here(data):
    records = [{"id": str(i), "input": datum, "output": [1]} for i, datum in enumerate(data)]
    planned = plan(PROFILE.profile, ())
    decoder = NativeDecoder([planned.schema])
    log = b"".join(json.dumps(record).encode() + b"\n" for record in records)
    batches = [batch for _, batch in [*decoder.feed(log), *decoder.flush()]]
    assert sum(batch.rows for batch in batches) == len(data)
    here = PROFILE.validate_inputs(data)
    for place, (name, reasons) in enumerate(here.reasons().items()):
        component = planned.prediction_components[place]
        assert component.name == name
        found = component.measure.of(np.concatenate([batch.columns[place] for batch in batches])).presence
        assert list(found.reasons().values()) == [int((reasons == code).sum()) for code in range(1, 7)]


def test_missing_is_told_from_failed_in_numbers_and_categories():
    numbers = np.array([absent(fault) for fault in (Fault.MISSING, Fault.TYPE, Fault.EXTRACTOR)])
    checkers = PROFILE.validate_inputs([FIRST]).checkers
    assert checkers[0].reasons(numbers).tolist() == [1, 2, 3]
    assert checkers[2].reasons(np.array([-1, -2, -3, 0, 3], np.int32)).tolist() == [1, 2, 3, 0, 6]


# -- how often clean data are called invalid


def sixty(random, rows):
    """Return 60 columns of six kinds."""
    draw = {
        "normal": lambda: random.normal(size=rows),
        "lognormal": lambda: random.lognormal(size=rows),
        "exponential": lambda: random.exponential(size=rows),
        "t3": lambda: random.standard_t(3, rows),
        "uniform": lambda: random.uniform(-1, 1, rows),
        "category": lambda: random.choice(list("abcdefghij"), rows, p=np.arange(1, 11) / 55),
    }
    return {f"{kind} {number}": make() for kind, make in draw.items() for number in range(10)}


def test_of_clean_data_of_sixty_components_hardly_any_are_called_invalid_and_all_of_foreign_ones():
    random = np.random.default_rng(0)
    columns = sixty(random, 10_000)
    profile = ModelProfile("m", "1", [InputComponent(name, ElementExtractor(name)) for name in columns])
    profile.build(input=columns)
    clean = profile.validate_inputs(sixty(random, 50_000))
    assert clean.invalid.mean() < 0.003
    assert 0.001 < clean.warned.mean() < 0.05
    foreign = {
        name: np.sign(column) * 1e6 if column.dtype == float else ["?"] * len(column)
        for name, column in sixty(random, 1000).items()
    }
    assert all(found.all() for found in profile.validate_inputs(foreign).reasons().values())


@pytest.mark.parametrize("rows", [2, 20, 200, 2000])
def test_a_learned_domain_holds_its_reference_and_does_not_cross_zero(rows):
    random = np.random.default_rng(rows)
    for draw in (random.normal, random.exponential, random.standard_cauchy, lambda size: -random.lognormal(size=size)):
        values = draw(size=rows)
        profile = ModelProfile("m", "1", [InputComponent("x", dtype="float")])
        profile.build(input=values)
        domain = profile.profile.components[0].measure.domain
        assert domain.low <= values.min() <= values.max() <= domain.high
        assert domain.low >= 0 or values.min() < 0
        assert domain.high <= 0 or values.max() > 0
        assert not profile.validate_inputs(values).invalid.any()
        soft = profile.profile.components[0].soft
        assert domain.low <= soft.low <= soft.high <= domain.high
        assert profile.validate_inputs(values).warned.mean() <= 0.002


def test_a_category_component_of_more_categories_than_are_counted_has_none_that_is_unseen():
    names = [f"c{i}" for i in range(80)]
    profile = ModelProfile("m", "1", [InputComponent("x", dtype="category")])
    profile.build(input=names * 3)
    assert flatten_jcr(profile.validate_input("c99")) == {"x": "c99"}
    declared_all = ModelProfile("m", "1", [InputComponent("x", dtype="category", domain=names)])
    declared_all.build(input=names * 3)
    assert flatten_jcr(declared_all.validate_input("c99")) == {"x": "c99", "x-error": "unseen"}


def test_right_and_wrong_are_told_where_categories_are_compared():
    sides = [OutputComponent("y", ElementExtractor(0)), ActualComponent("y", ElementExtractor(0))]
    profile = ModelProfile("m", "1", [*sides, EvalComponent("right", Correct())])
    profile.build(output=["a", "b"] * 20, actual=["a", "b"] * 20)
    assert flatten_jcr(profile.validate_eval(["a"], ["b"])) == {"right": "false"}
    assert flatten_jcr(profile.validate_eval(["?"], ["?"])) == {"right-error": "missing"}
