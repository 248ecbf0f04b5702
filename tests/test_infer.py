"""What a sample of a log or of data in memory suggests: components, scores, and why the rest is left out."""

import json
import math
from datetime import UTC, date, datetime, timedelta

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter import ElementExtractor, InputComponent, ModelProfile, ProfileError
from exporter.config import load_spec
from exporter.profile import build, columns_of, dump, infer, left_out, load, problems
from exporter.summaries.categories import OTHER

law = settings(derandomize=True, deadline=None, max_examples=60)
TIMES = "times are always new; log an hour or an age where it matters"


def built(spec, entries):
    return build(spec, columns_of(spec, [json.dumps(entry).encode() for entry in entries]), 7)


# -- a sample of a log


def sampled(*records, **options):
    return infer(records, **options)


def kinds(spec):
    return {component.element: component.dtype for component in spec.components if component.element}


def test_a_component_is_suggested_for_each_scalar_by_its_path():
    spec = sampled(
        *(
            {
                "model": "digits",
                "version": 3,
                "input": {
                    "fare": 1.5 * i,
                    "who": {"age": i, "name": f"name {i}", "sex": "mf"[i % 2]},
                    "ok": bool(i % 2),
                },
                "output": {"label": i % 3, "all": [1, 2]},
                "tags": {"machine": "1"},
            }
            for i in range(60)
        )
    )
    assert (spec.name, spec.version) == ("digits", "3")
    assert kinds(spec) == {
        "input.fare": "float",
        "input.who.age": "int",
        "input.who.sex": "category",
        "input.ok": "bool",
        "output.label": "category",
    }
    assert [c.name for c in spec.components] == ["fare", "age", "sex", "ok", "label"]
    assert problems(spec) == []


@pytest.mark.parametrize(
    ("values", "dtype"),
    [
        ([1, 2, 3], "category"),
        (range(21), "int"),
        ([0.5], "float"),
        ([1, 2.5], "float"),
        ([math.nan, 1.0], "float"),
        ([True, False], "bool"),
        ([True, 1], None),
        (["a"], "category"),
        (["a", 1], "category"),
        ([f"text {i}" for i in range(30)], None),
        ([f"text {i % 30}" for i in range(90)], "category"),
        ([f"text {i % 101}" for i in range(1000)], None),
        ([None], None),
        ([[1]], None),
    ],
)
def test_the_dtype_is_guessed_from_the_values(values, dtype):
    assert kinds(sampled(*({"input": {"x": value}} for value in values))).get("input.x") == dtype


def test_an_output_and_an_actual_at_the_same_place_are_evaluated_and_scored():
    entries = [
        {
            "id": i,
            "output": {"label": "ab"[i % 2], "price": 1.5 * i, "alone": "x"},
            "actual": {"price": 2.5, "label": "a"},
        }
        for i in range(30)
    ]
    spec = sampled(*entries)
    assert [(c.name, c.extractor) for c in spec.components if c.role == "eval"] == [
        ("price_absolute_error", {"absolute_error": {"output": "price", "actual": "price"}}),
        ("label_correct", {"correct": {"output": "label", "actual": "label"}}),
    ]
    assert [(s.name, s.kind, s.input) for s in spec.scores] == [
        ("mean_absolute_error", "mean_absolute_error", "price_absolute_error"),
        ("accuracy", "accuracy", "label_correct"),
    ]
    assert problems(spec) == []
    assert len(built(spec, entries).scores) == 2


def test_several_scores_of_one_kind_have_names_of_their_own():
    both = {"a": 1.5, "b": {"a": 2.5}, "c": 0.5}
    spec = sampled({"output": both, "actual": both})
    assert [score.name for score in spec.scores] == [
        "mean_absolute_error",
        "b.a_mean_absolute_error",
        "c_mean_absolute_error",
    ]
    assert problems(spec) == []


def test_a_scalar_output_with_a_scalar_actual_is_scored():
    spec = sampled(*({"output": i % 2, "actual": 1} for i in range(5)))
    assert [component.name for component in spec.components] == ["output", "actual", "actual_correct"]
    assert problems(spec) == []


def test_an_output_that_is_a_number_where_the_actual_is_a_category_is_not_scored():
    spec = sampled(*({"output": {"x": 0.5}, "actual": {"x": "yes"}} for _ in range(5)))
    assert spec.scores == []


def test_a_path_that_is_a_value_in_one_record_and_an_object_in_another_is_left_out():
    spec = sampled({"input": {"a": 1}}, {"input": {"a": {"b": 1}}}, {"input": {"input": 2}}, {"input": 5})
    assert set(kinds(spec)) == {"input.a.b", "input.input"}


@pytest.mark.parametrize(
    "value",
    [
        *("2024-01-05", "2024-01-05T10:00", "2024-01-05 10:00:07.25Z", "2024-01-05T10:00:07,5+02:00", "10:00:07"),
        *(datetime(2024, 1, 5, tzinfo=UTC), date(2024, 1, 5), timedelta(1)),
    ],
)
def test_times_are_no_component(value):
    entries = [{"input": {"x": value}}] * 5
    assert kinds(infer(entries)) == {}
    assert left_out(entries, infer(entries)) == {("input", "x"): TIMES}
    assert kinds(infer([*entries, {"input": {"x": "later"}}])) == (
        {"input.x": "category"} if isinstance(value, str) else {}
    )


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([f"text {i}" for i in range(30)], "it hardly repeats"),
        ([True, 1], "it has several types"),
        (["a", 0.5], "it has several types"),
        ([[1, 2]], "a list is for an extractor to read"),
        ([b"x"], "bytes is for an extractor to read"),
        ([{"y.z": 1}], None),
        ([{"": 1}], None),
        ([{"y": 1}, 2], "other records hold more below it"),
    ],
)
def test_what_is_left_out_is_named_with_why(values, reason):
    entries = [{"input": {"x": value, "kept": 0.5}} for value in values]
    found = left_out(entries, infer(entries))
    path, why = next(iter(found.items()))
    assert len(found) == 1
    assert path[:2] == ("input", "x")
    assert why == (reason or "a path cannot lead to a name that is empty or has a dot")


def test_a_list_of_one_value_is_that_value_and_is_scored_beside_one_alone():
    entries = [{"input": {"x10": [i], "x1": i}, "output": [i / 7], "actual": i / 3} for i in range(30)]
    spec = infer(entries)
    assert kinds(spec) == {"input.x10.0": "int", "input.x1": "int", "output.0": "float", "actual": "float"}
    assert [c.name for c in spec.components] == ["x10", "x1", "output", "actual", "actual_absolute_error"]
    assert [score.name for score in spec.scores] == ["mean_absolute_error"]
    assert len(built(spec, entries).scores) == 1


def test_names_are_told_apart_by_the_words_before_them():
    entries = [{"input": {"a": {"x": [0.5]}, "b": {"x": 0.5}, "0": 0.5, "1": 0.5}, "output": [0.5]}]
    assert [c.name for c in infer(entries).components] == ["a.x.0", "b.x", "0", "1", "output"]


def test_only_the_first_ten_thousand_records_are_looked_at():
    entries = iter([{"input": {"x": 0.5}}] * 10_000 + [{"input": {"y": 0.5}}] * 5)
    assert set(kinds(infer(entries))) == {"input.x"}


def test_name_and_version_may_be_given_and_else_are_the_most_frequent():
    entries = [{"model": "rare"}, *[{"model": "m", "version": "2"}] * 2, {"model": {"x": 1}}]
    assert (infer(entries).name, infer(entries).version) == ("m", "1.0.0")
    assert (infer(entries, "n", "9").name, infer(entries, "n", "9").version) == ("n", "9")
    assert (infer([]).name, infer([]).version, infer([]).components) == ("model", "1.0.0", [])


def nested(depth):
    value = 0.5
    for _ in range(depth):
        value = {"a": value}
    return value


@pytest.mark.parametrize(("depth", "found"), [(20, 1), (21, 0), (900, 0), (100_000, 0)])
def test_what_is_nested_deeper_than_anybody_means_is_left_out(depth, found):
    assert len(sampled({"input": nested(depth)}).components) == found


JSON_VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-3, 5),
    st.sampled_from(
        [10**22, 2**60, 1e22, 1e300, -0.0, 0.1, math.nan, math.inf, "3", "x", "", "true", OTHER, [], [1], {}]
    ),
    st.floats(),
)
ANY_JSON = st.recursive(
    JSON_VALUES,
    lambda inner: st.dictionaries(st.sampled_from(["a", "b", "input", "", "a.b", "é", '"', "0"]), inner, max_size=4),
    max_leaves=8,
)
ROLES = dict.fromkeys(["input", "output", "actual", "model", "version", "id"], ANY_JSON)


@law
@given(st.lists(st.fixed_dictionaries({}, optional=ROLES), max_size=6))
def test_a_spec_that_is_suggested_has_no_problem_but_what_the_log_has(records):
    spec = infer(records, "m", "1")
    assert spec.components == [] or problems(spec) == []
    for component in spec.components:
        assert component.name
    try:
        profile = built(spec, records)
    except ProfileError:
        return
    assert dump(load(dump(profile))) == dump(profile)


# -- a sample of data in memory


ROWS = 200


def rides():
    random = np.random.default_rng(0)
    return {
        "km": random.exponential(5, ROWS),
        "zone": random.choice(["north", "centre"], ROWS),
        "shared": random.random(ROWS) < 0.3,
        "seats": random.integers(1, 5, ROWS),
        "driver": [f"driver {i}" for i in range(ROWS)],
        "when": pd.date_range("2024", periods=ROWS, freq="h", tz="UTC"),
        "tip": [None if i % 3 else i / 2 for i in range(ROWS)],
    }


FORMS = {
    "DataFrame": pd.DataFrame,
    "nullable": lambda c: pd.DataFrame(c).convert_dtypes(),
    "Arrow": lambda c: pa.table(pd.DataFrame(c)),
    "columns": lambda c: c,
    "dicts": lambda c: pd.DataFrame(c).to_dict("records"),
    "stream": lambda c: iter(pd.DataFrame(c).to_dict("records")),
    "chunks": lambda c: (pd.DataFrame(c)[i : i + 100] for i in (0, 100)),
}


@pytest.mark.parametrize("form", FORMS)
def test_components_are_inferred_from_every_form_of_data_and_can_be_built(form):
    columns = rides()
    prices = columns["km"] * 2
    profile = ModelProfile.infer(input=FORMS[form](columns), output=prices[:, None], actual=prices + 1, name="taxi")
    assert {c.element: c.dtype for c in profile.components.values()} == {
        "input.km": "float",
        "input.zone": "category",
        "input.shared": "bool",
        "input.seats": "category",
        "input.tip": "float",
        "output.0": "float",
        "actual": "float",
        None: None,
    }
    assert list(profile.scores) == ["mean_absolute_error"]
    assert not profile.is_built()
    profile.build(input=columns, output=prices[:, None], actual=prices + 1)
    assert profile.profile.scores[0].reference == pytest.approx(1)


def test_what_is_inferred_is_written_as_yaml_that_says_what_was_left_out_and_why(tmp_path):
    path = tmp_path / "profile.yml"
    columns = rides() | {"picture": [np.zeros((4, 4))] * ROWS, "nested": [{"a": {"b": i / 7}} for i in range(ROWS)]}
    profile = ModelProfile.infer(input=pd.DataFrame(columns), version="2", path=path)
    text = path.read_text()
    assert "- {name: b, element: input.nested.a.b, dtype: float}  # 200 values: 0, 0.142857, 0.285714, ..." in text
    assert '# left out: input.driver  # 200 values: "driver 0", "driver 1", "driver 2", ... (it hardly repeats)' in text
    assert '# left out: input.when  # 200 values: "2024-01-01 00:00:00+00:00", ' in text
    assert f"({TIMES})\n" in text
    assert '# left out: input.picture  # 200 values: "ndarray" (ndarray is for an extractor to read)' in text
    spec = load_spec(str(path))
    assert (spec.name, spec.version) == ("model", "2")
    assert spec.components == list(profile.components.values())


def test_components_that_are_inferred_can_be_edited():
    guess = ModelProfile.infer(input=rides(), output=rides()["km"])
    components = guess.components
    del components["zone"]
    profile = ModelProfile("taxi", "1", components, guess.scores)
    profile.build(input=rides(), output=rides()["km"])
    assert "zone" in guess.components
    assert [c.name for c in profile.profile.components] == ["km", "shared", "seats", "tip", "output"]


def test_a_matrix_has_a_component_for_each_column_by_its_place():
    profile = ModelProfile.infer(input=np.random.default_rng(0).normal(size=(30, 3)), output=[[0.1, 0.9]] * 30)
    assert {c.name: c.element for c in profile.components.values()} == {str(i): f"input.{i}" for i in range(3)}


@pytest.mark.parametrize("data", [[], {}, [None] * 3, [object()] * 3, pd.DataFrame(), iter([])])
def test_data_that_suggest_nothing_are_an_error(data):
    with pytest.raises(ProfileError, match="no record has a value"):
        ModelProfile.infer(input=data)


def test_what_is_no_data_is_an_error():
    with pytest.raises(ProfileError, match="this is a int"):
        ModelProfile.infer(input=3)


def test_a_component_of_times_is_an_error_that_says_so():
    profile = ModelProfile("m", "1", [InputComponent("when", ElementExtractor("when"))])
    with pytest.raises(ProfileError, match="input when: its values are times"):
        profile.build(input=rides())
