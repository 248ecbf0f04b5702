"""Contrasts of profiles: what is wrong comes first, whoever built them, and neither of the two is changed."""

import copy
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from exporter import (
    AbsoluteRegressionError,
    ActualComponent,
    ClassificationErrorType,
    ElementExtractor,
    EvalComponent,
    InputComponent,
    KNNOutlierScorer,
    MeanScore,
    ModelProfile,
    OutputComponent,
    ProfileError,
    RecallScore,
)
from exporter.api.align import aligned
from exporter.drift import BUILTIN as STATISTICS
from exporter.profile import dump

law = settings(derandomize=True, deadline=None, max_examples=40)
ROWS = 3000
INPUTS = ("calm", "count", "colour", "speed")


def data(seed, rows=ROWS, **changes):
    """Return the columns of each role; changes are functions of a column."""
    random = np.random.default_rng(seed)
    found = {
        "calm": random.normal(size=rows),
        "count": random.poisson(4, rows),
        "colour": random.choice(["red", "green", "blue"], rows, p=[0.5, 0.3, 0.2]),
        "speed": random.lognormal(3, 0.5, rows),
    }
    actual = random.integers(0, 4, rows)
    output = np.where(random.random(rows) < 0.9, actual, (actual + 1) % 4)
    found |= {"output": output, "actual": actual}
    found |= {name: change(found[name]) for name, change in changes.items()}
    roles = {role: found.pop(role) for role in ("output", "actual")}
    return {"input": found, **roles}


def declared(version="1"):
    components = [
        *(InputComponent(name, ElementExtractor(name)) for name in INPUTS),
        OutputComponent("y", ElementExtractor(0)),
        ActualComponent("y", ElementExtractor(0)),
        EvalComponent("error", AbsoluteRegressionError()),
        EvalComponent("type", ClassificationErrorType(positive=3)),
    ]
    scores = [MeanScore("mae", ["error"]), RecallScore("recall", ["type"]), MeanScore("mean_speed", ["speed"])]
    return ModelProfile("m", version, components, scores)


def built(seed, version="1", **changes):
    profile = declared(version)
    profile.build(**data(seed, **changes))
    return profile


REFERENCE = built(0)


def observed(seed=1, rows=ROWS, **changes):
    return REFERENCE.observe(**data(seed, rows, **changes))


def same_bins(one, other):
    left, right = one.measure, other.measure
    return (
        left.levels == right.levels if left.grid is None else left.grid.same(right.grid) and left.domain == right.domain
    )


def names(report):
    return [(issue.kind, issue.name) for issue in report.issues()]


def test_nothing_is_wrong_with_other_data_of_the_same_kind():
    for other in (observed(), built(1)):
        report = REFERENCE.contrast(other)
        assert names(report) == []
        assert str(report) == "Nothing is wrong."
        assert not report["global_reports"]["multivariate_drift"]["alert"]


SHIFTS = {
    "a shift of one component is its drift": ({"calm": lambda x: x + 1}, [("drift", "calm")]),
    "foreign values come before drift": (
        {"count": lambda x: x + 100, "calm": lambda x: x + 1},
        [("invalid", "count"), ("drift", "count"), ("drift", "calm")],
    ),
    "a new category is invalid": (
        {"colour": lambda x: np.where(np.arange(len(x)) % 10 == 0, "teal", x)},
        [("invalid", "colour")],
    ),
    "one value alone is stuck": (
        {"speed": lambda x: np.full(len(x), 20.0)},
        [("stuck", "speed"), ("drift", "speed")],
    ),
    "missing values are invalid": (
        {"calm": lambda x: np.where(np.arange(len(x)) % 3 == 0, np.nan, x)},
        [("invalid", "calm")],
    ),
    "a model that fails comes first": (
        {"output": lambda x: (x + 2) % 4, "speed": lambda x: x * 3},
        [("score", "mae"), ("score", "recall"), ("score", "mean_speed")],
    ),
}


@pytest.mark.parametrize("shift", SHIFTS)
def test_what_is_wrong_is_named_the_most_important_first(shift):
    changes, first = SHIFTS[shift]
    for other in (observed(**changes), built(1, **changes)):
        found = names(REFERENCE.contrast(other))
        assert found[: len(first)] == first
        known = {name for _, name in first} | {"mae", "recall", "type", "error", "y", "speed", "mean_speed"}
        assert {name for _, name in found} <= known


def test_the_reports_are_those_of_the_contrast_and_json_can_hold_them():
    report = REFERENCE.contrast(observed(calm=lambda x: x + 1, output=lambda x: (x + 2) % 4))
    assert json.loads(json.dumps(report)) == report
    assert list(report) == ["reference", "alternativeA", "component_reports", "global_reports", "skipped"]
    calm = report["component_reports"]["calm"]
    assert calm["drift"] == {
        "drift": pytest.approx(1, abs=0.15),
        "statistic": "psi",
        "threshold": 0.25,
        "alert": True,
        "valid": True,
    }
    assert calm["invalids"] == {"invalids": pytest.approx(0, abs=0.01), "alert": False, "valid": True}
    assert calm["singleton"] == {"is_singleton": False, "singleton_value": None, "alert": False, "valid": True}
    mae = report["global_reports"]["scores"]["mae"]
    assert mae["diff"] == mae["observed"] - mae["reference"]
    assert (mae["alert"], mae["valid"]) == (True, True)
    assert report["global_reports"]["multivariate_drift"]["alert"]
    assert report["health_reports"] is report["component_reports"]
    assert report["score_reports"] is report["global_reports"]["scores"]
    assert set(report["component_reports"]) == {*INPUTS, "output.y", "actual.y", "error", "type"}
    with pytest.raises(KeyError):
        report["nothing"]


def test_too_few_data_are_no_alert_and_not_valid():
    report = REFERENCE.contrast(observed(rows=20, calm=lambda x: x + 1, output=lambda x: (x + 2) % 4))
    assert report["component_reports"]["calm"]["drift"] == {
        "drift": None,
        "statistic": "psi",
        "threshold": 0.25,
        "alert": False,
        "valid": False,
    }
    assert not report["global_reports"]["scores"]["recall"]["valid"]
    assert report["global_reports"]["multivariate_drift"] == {"drift": None, "alert": False, "valid": False}
    assert names(report) == []


def test_thresholds_mute_and_sharpen():
    other = observed(calm=lambda x: x + 1, count=lambda x: np.where(np.arange(len(x)) % 10 == 0, 99, x))
    assert names(REFERENCE.contrast(other)) == [("invalid", "count"), ("drift", "calm"), ("drift", "count")]
    muted = {"components": {"calm": {"drift": 2}, "count": {"invalids": 0.5, "drift": 2}}, "global_drift": 1}
    assert names(REFERENCE.contrast(other, thresholds=muted)) == []
    sharp = REFERENCE.contrast(
        observed(), thresholds={"components": {"calm": {"drift": 0}}, "scores": {"mean_speed": 0}}
    )
    assert ("drift", "calm") in names(sharp)
    both = {"components": {"output.y": {"drift": 9}, "actual.y": {"drift": 9}}}
    assert names(REFERENCE.contrast(observed(), thresholds=both)) == []
    with pytest.raises(ProfileError, match="thresholds are given of y, nothing, which the profile does not have"):
        REFERENCE.contrast(other, thresholds={"components": {"y": {}}, "scores": {"nothing": 1}})


def test_two_alternatives_are_compared_with_each_other_on_the_references_bins():
    before, after = observed(2, calm=lambda x: x + 1), built(3, "2", calm=lambda x: x + 1, speed=lambda x: x * 2)
    report = REFERENCE.contrast_alternatives(before, after)
    assert names(report) == [("score", "mean_speed"), ("drift", "speed")]
    assert [report[key] for key in ("reference", "alternativeA", "alternativeB")] == ["m@1", "m@1", "m@2"]
    for one, reference in zip(report.contrast.components, REFERENCE.profile.components, strict=True):
        assert same_bins(one.reference, reference)
        assert same_bins(one.observed, reference)


def test_the_page_of_two_alternatives_is_that_of_their_report(tmp_path):
    before, after = observed(2), built(3, "2", speed=lambda x: x * 2)
    page = REFERENCE.view_contrast_alternatives(before, after, path=tmp_path / "page.html")
    assert page == tmp_path / "page.html"
    report = REFERENCE.contrast_alternatives(before, after)
    assert page.read_text() == report.view(tmp_path / "other.html").read_text()


def test_a_contrast_changes_neither_profile():
    other = built(1, calm=lambda x: x + 1)
    before = dump(REFERENCE.profile), dump(other.profile)
    REFERENCE.contrast(other)
    REFERENCE.contrast_alternatives(other, copy.deepcopy(other))
    assert (dump(REFERENCE.profile), dump(other.profile)) == before


def test_what_only_one_has_and_what_was_learned_differently_is_skipped_by_name():
    random = np.random.default_rng(4)
    profiles = []
    for seed, extra in enumerate(("one", "two")):
        components = [InputComponent("far", KNNOutlierScorer(k=2)), InputComponent(extra, ElementExtractor("a"))]
        profile = ModelProfile("m", str(seed), components)
        profile.build(input={"a": random.normal(size=300), "b": random.normal(size=300)}, seed=seed)
        profiles.append(profile)
    report = profiles[0].contrast(profiles[1])
    assert report["skipped"] == ["input far", "input one", "input two"]
    assert report["component_reports"] == {}
    same = profiles[0].observe(input={"a": random.normal(size=300), "b": random.normal(size=300)})
    assert list(profiles[0].contrast(same)["component_reports"]) == ["far", "one"]


def test_roles_without_data_are_left_out_of_an_observation():
    report = REFERENCE.contrast(REFERENCE.observe(input=data(1)["input"]))
    assert list(report["component_reports"]) == list(INPUTS)
    assert report["skipped"] == ["output y", "actual y", "eval error", "eval type"]
    assert list(report["score_reports"]) == ["mean_speed"]


def test_data_of_which_all_are_foreign_or_missing_are_reported():
    worst = observed(
        calm=lambda x: x + 1e6, count=lambda x: np.full(len(x), np.nan), colour=lambda x: np.full(len(x), "teal")
    )
    report = REFERENCE.contrast(worst)
    for name in ("calm", "count", "colour"):
        assert report["component_reports"][name]["invalids"]["invalids"] == pytest.approx(1, abs=0.001)
    assert [name for kind, name in names(report) if kind == "invalid"] == ["count", "colour", "calm"] or len(
        names(report)
    ) > 3
    assert json.loads(json.dumps(report)) == report
    again = ModelProfile.from_jcr(worst.to_jcr())
    assert names(REFERENCE.contrast(again)) == names(report)


def test_a_contrast_is_written_as_a_page(tmp_path):
    report = REFERENCE.contrast(observed(calm=lambda x: x + 1))
    assert "calm has drifted" in report.view(tmp_path / "it.html").read_text()
    assert REFERENCE.view_contrast(observed(), path=tmp_path).name == "contrast.html"


# -- profiles that were built by themselves


def parts(profile):
    return {component.spec.key: component for component in profile.components}


def test_a_profile_on_the_references_bins_counts_nearly_what_an_observation_does():
    for changes in ({}, {"calm": lambda x: x * 2 + 1, "speed": lambda x: x**2, "count": lambda x: x + 3}):
        exact = parts(observed(1, **changes).profile)
        found = parts(aligned(built(1, **changes).profile, REFERENCE.profile))
        for key, component in found.items():
            there = exact[key]
            assert component.reference.n == there.reference.n
            mine, other = (np.cumsum(part.reference.bins()) for part in (component, there))
            assert np.abs(mine - other).max() <= ROWS / 125
            gap = component.reference.presence.invalid - there.reference.presence.invalid
            assert abs(gap) <= ROWS / 250
            if component.measure.grid is None:
                assert mine.tolist() == other.tolist()
            assert same_bins(component, there)


def test_drift_of_profiles_that_were_built_by_themselves_is_that_of_scipy():
    random = np.random.default_rng(5)
    one, other = random.normal(size=5000), random.normal(0.3, 1.2, 5000)
    profiles = []
    for values in (one, other):
        profile = ModelProfile("m", "1", [InputComponent("x")])
        profile.build(input=values)
        profiles.append(profile)
    drift = profiles[0].contrast(profiles[1]).contrast.components[0].drift
    assert drift["kolmogorov_smirnov"] == pytest.approx(stats.ks_2samp(one, other).statistic, abs=0.01)
    observation = profiles[0].contrast(profiles[0].observe(input=other)).contrast.components[0].drift
    assert set(drift) == set(observation) <= set(STATISTICS)
    for name, value in drift.items():
        assert value == pytest.approx(observation[name], rel=0.05, abs=0.01)


letters = st.lists(st.sampled_from("abcdef"), min_size=1, max_size=40)
numbers = st.lists(st.one_of(st.floats(-1e6, 1e6), st.integers(-3, 3).map(float)), min_size=1, max_size=60)


@law
@given(numbers, numbers)
def test_counts_on_other_bins_are_of_all_values_and_none_is_called_invalid_that_is_not(mine, other):
    profiles = []
    for values in (mine, other):
        profile = ModelProfile("m", "1", [InputComponent("x", dtype="float")])
        profile.build(input=values)
        profiles.append(profile.profile)
    (found,) = aligned(profiles[1], profiles[0]).components
    counts = found.reference.histogram.counts
    assert counts.sum() == len(other)
    assert (counts >= 0).all()
    domain = profiles[0].components[0].measure.domain
    outside = [value for value in other if not domain.low <= value <= domain.high]
    presence = found.reference.presence
    assert (presence.below + presence.above == 0) or outside
    assert aligned(profiles[0], profiles[0]) == profiles[0]


@law
@given(
    st.lists(st.sampled_from("abcdef"), min_size=1, max_size=40),
    st.lists(st.sampled_from("abcdef"), min_size=1, max_size=40),
)
def test_categories_are_counted_as_an_observation_does(mine, other):
    reference, alternative = (ModelProfile("m", "1", [InputComponent("x", dtype="category")]) for _ in range(2))
    reference.build(input=mine)
    alternative.build(input=other)
    (found,) = aligned(alternative.profile, reference.profile).components
    (exact,) = reference.observe(input=other).profile.components
    assert found.reference.presence == exact.reference.presence
    assert found.reference.categories.counts.tolist() == exact.reference.categories.counts.tolist()


def test_a_profile_whose_component_is_of_another_kind_is_not_compared():
    numeric, category = ModelProfile("m", "1", [InputComponent("x")]), ModelProfile("m", "2", [InputComponent("x")])
    numeric.build(input=np.arange(100.0))
    category.build(input=["a", "b"] * 50)
    assert numeric.contrast(category)["skipped"] == category.contrast(numeric)["skipped"] == ["input x"]
