"""`compare`: data with data, data with a profile, what is found of each column, and how often it is wrong."""

import math

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from exporter import ElementExtractor, InputComponent, ModelProfile, OutputComponent, ProfileError, compare
from exporter.drift import BUILTIN
from exporter.drift import DEFAULT as EXPOSED


def rides(rows, seed, slow=1.0):
    rng = np.random.default_rng(seed)
    return {
        "km": rng.lognormal(1, 0.5, rows) * slow,
        "seats": rng.integers(1, 5, rows),
        "zone": rng.choice(["north", "centre", "south"], rows, p=[0.2, 0.5, 0.3]),
        "wet": rng.random(rows) < 0.3,
    }


@pytest.fixture(scope="module")
def profile():
    made = ModelProfile.infer(input=rides(5000, 1))
    made.build(input=rides(5000, 1))
    return made


FORMS = {
    "columns": dict,
    "DataFrame": pd.DataFrame,
    "Arrow": lambda columns: pa.table(pd.DataFrame(columns)),
    "dicts": lambda columns: pd.DataFrame(columns).to_dict("records"),
}


@pytest.mark.parametrize("form", FORMS.values(), ids=FORMS)
def test_what_has_moved_is_found_in_every_form_of_data_and_nothing_else(form):
    found = compare(form(rides(5000, 1)), form(rides(2000, 2, slow=1.3)))
    assert found.drifted == ["km"]
    assert {name: column.drifted for name, column in found.items()} == {
        "km": True,
        "seats": False,
        "zone": False,
        "wet": False,
    }
    assert str(found).startswith("km has drifted: psi 0.")
    assert compare(form(rides(5000, 1)), form(rides(2000, 2))).drifted == []


def test_a_matrix_is_compared_by_its_columns_places():
    rng = np.random.default_rng(4)
    found = compare(rng.normal(size=(5000, 3)), rng.normal([0, 0.5, 0], size=(2000, 3)))
    assert (list(found), found.drifted) == (["0", "1", "2"], ["1"])


def test_a_profile_gives_the_same_as_the_data_it_is_built_from(profile):
    current = rides(2000, 3)
    assert compare(profile, current) == compare(rides(5000, 1), current)


def test_what_is_measured_is_what_the_statistics_say_of_the_two_summaries(profile):
    names = tuple(name for name, statistic in BUILTIN.items() if "numeric" in statistic.kinds)
    found = compare(profile, rides(2000, 3), statistics=names)["km"]
    pair = [p.profile.components[0].reference for p in (profile, profile.observe(input=rides(2000, 3)))]
    assert found.samples == 2000
    assert set(found.statistics) == set(names)
    for name, value in found.statistics.items():
        assert value == pytest.approx(BUILTIN[name].of(*pair), abs=1e-12)
    assert set(found.noise) == {name for name in names if BUILTIN[name].noise}
    assert set(found.p_values) == {name for name in names if BUILTIN[name].p_value}
    assert 0.01 < found.p_values["kolmogorov_smirnov"] <= 1


def test_by_default_there_are_the_statistics_that_are_exposed_and_two_p_values(profile):
    found = compare(profile, rides(2000, 3))
    for name, kind in (("km", "numeric"), ("zone", "category")):
        wanted = {n for n in (*EXPOSED, "chi_square") if kind in BUILTIN[n].kinds}
        assert set(found[name].statistics) == wanted
    assert set(found["km"].p_values) == {"kolmogorov_smirnov", "chi_square"}


def test_too_few_rows_are_not_judged_and_have_no_statistic(profile):
    for rows in (0, 99):
        found = compare(profile, {name: values[:rows] for name, values in rides(2000, 3).items()})
        assert {column.drifted for column in found.values()} == {None}
        assert all(not column.statistics and math.isnan(column.evidence) for column in found.values())
    assert compare(profile, rides(100, 3))["km"].drifted is False


def test_a_column_without_values_or_with_new_categories_has_drifted(profile):
    current = rides(2000, 3) | {"km": np.full(2000, np.nan), "zone": np.array(["moon", "north"] * 1000)}
    found = compare(profile, current)
    assert set(found.drifted) == {"km", "zone"}
    assert found["km"].samples == 0
    del current["km"]
    assert "km" in compare(profile, current).drifted


def test_a_stream_is_compared_with_a_profile_and_is_no_reference(profile):
    frame = pd.DataFrame(rides(2000, 2, slow=1.3))
    assert compare(profile, (frame[i : i + 500] for i in range(0, 2000, 500))).drifted == ["km"]
    with pytest.raises(ProfileError, match="gone through twice"):
        compare(iter(frame.to_dict("records")), frame)


def test_one_that_is_built_anew_is_compared_anew():
    mine = ModelProfile("m", "1", [InputComponent("km", ElementExtractor("km"))])
    mine.build(input=rides(5000, 1))
    assert compare(mine, rides(2000, 2, slow=1.5)).drifted == ["km"]
    mine.build(input=rides(5000, 1, slow=1.5))
    assert compare(mine, rides(2000, 2, slow=1.5)).drifted == []
    assert compare(mine, rides(2000, 2), false_alarms=1e-9, tolerance=100).drifted == []


def test_comparing_leaves_the_data_as_they_were(profile):
    current = rides(2000, 3)
    before = {name: values.copy() for name, values in current.items()}
    compare(profile, current)
    for name, values in current.items():
        np.testing.assert_array_equal(values, before[name])


def test_what_cannot_be_compared_is_an_error_that_says_why(profile):
    outputs = ModelProfile("m", "1", [OutputComponent("score", ElementExtractor("score"))])
    outputs.build(output={"score": np.arange(500.0)})
    with pytest.raises(ProfileError, match="no inputs"):
        compare(outputs, {"score": [1.0]})
    with pytest.raises(ProfileError, match="no record has a value"):
        compare({}, {})
    with pytest.raises(ProfileError, match=r"unknown statistic 'pis'.*psi"):
        compare(profile, rides(500, 1), statistics=["pis"])
    for wrong in ({"false_alarms": 0}, {"false_alarms": 1}, {"tolerance": -1}, {"tolerance": math.nan}):
        with pytest.raises(ValueError, match="a chance between 0 and 1"):
            compare(profile, rides(500, 1), **wrong)
    with pytest.raises(ProfileError, match="has not been built"):
        compare(ModelProfile("m", "1", [InputComponent("km", ElementExtractor("km"))]), rides(500, 1))


def test_of_comparisons_without_drift_fewer_are_wrong_than_was_asked_for():
    rng = np.random.default_rng(9)
    profile = ModelProfile.infer(input=rng.normal(size=(3000, 10)))
    wrong = 0
    for _ in range(4):
        profile.build(input=rng.normal(size=(3000, 10)))
        wrong += sum(bool(compare(profile, rng.normal(size=(500, 10)), false_alarms=0.2).drifted) for _ in range(50))
    assert wrong <= 0.2 * 200
