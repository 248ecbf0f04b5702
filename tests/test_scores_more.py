"""Scores against scikit-learn's on the same rows."""

import math
import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from sklearn import metrics

from exporter.batch import Field
from exporter.extractors import BUILTIN as EXTRACTORS
from exporter.profile import ComponentSpec, ProfileSpec, ScoreSpec, problems
from exporter.scores import BUILTIN
from exporter.scores.score import CELLS
from exporter.summaries import Grid, Measure

law = settings(derandomize=True, deadline=None, max_examples=80)
NUMBER, ACTUAL = Field("x", "output", None), Field("x", "actual", None)
YES = Field("y", "actual", None, ("no", "yes"))
PAIRS = st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1, max_size=60)
ROWS = arrays(np.float64, st.tuples(st.integers(2, 60), st.just(2)), elements=st.floats(-1e3, 1e3))


def cells(predicted, actual):
    """Summarise binary predictions as the extractor of their cells does."""
    levels = ("no", "yes")
    extractor = EXTRACTORS["classification_error_type"](output="y", actual="y", positive="yes")
    bound = extractor.bind(Field("y", "output", None, levels), Field("y", "actual", None, levels))
    return Measure(levels=CELLS).of(bound(predicted.astype(np.int32), actual.astype(np.int32)))


def errors(kind, output, actual, **options):
    values = EXTRACTORS[kind](output="x", actual="x", **options).bind(NUMBER, ACTUAL)(output, actual)
    finite = values[np.isfinite(values)]
    return Measure(Grid.of(finite if len(finite) else np.zeros(1))).of(values)


BINARY = {
    "accuracy": metrics.accuracy_score,
    "balanced_accuracy": metrics.balanced_accuracy_score,
    "precision": metrics.precision_score,
    "recall": metrics.recall_score,
    "specificity": lambda y, p: metrics.recall_score(y, p, pos_label=False),
    "f1": metrics.f1_score,
    "matthews_correlation": metrics.matthews_corrcoef,
}


@pytest.mark.parametrize("name", BINARY)
@law
@given(PAIRS)
def test_a_binary_score_is_scikit_learns_where_it_is_defined(name, pairs):
    predicted, actual = np.array(pairs).T
    found = BUILTIN[name].measure(cells(predicted, actual))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        wanted = BINARY[name](actual, predicted)
    assert math.isnan(found.value) or found.value == pytest.approx(wanted, abs=1e-9)
    both = 0 < actual.sum() < len(actual) and 0 < predicted.sum() < len(predicted)
    assert not (both and math.isnan(found.value))


@law
@given(PAIRS, st.floats(0.1, 10))
def test_f_beta_is_scikit_learns(pairs, beta):
    predicted, actual = np.array(pairs).T
    assume((predicted | actual).any())
    found = BUILTIN["f_beta"].bound({"beta": beta}).measure(cells(predicted, actual))
    wanted = metrics.fbeta_score(actual, predicted, beta=beta, zero_division=0)
    assert found.value == pytest.approx(wanted, abs=1e-9)
    assert found.lower <= found.value <= found.upper


def test_f_beta_of_1_is_f1_and_its_interval_nearly_so():
    rows = np.random.default_rng(1).random((500, 2)) < 0.5
    summary = cells(*rows.T)
    f1, f_beta = BUILTIN["f1"].measure(summary), BUILTIN["f_beta"].measure(summary)
    assert f_beta.value == pytest.approx(f1.value, abs=1e-12)
    assert (f_beta.lower, f_beta.upper) == (pytest.approx(f1.lower, abs=3e-3), pytest.approx(f1.upper, abs=3e-3))


REGRESSION = {
    "mean_absolute_error": ("absolute_error", metrics.mean_absolute_error),
    "mean_absolute_percentage_error": ("absolute_percentage_error", metrics.mean_absolute_percentage_error),
    "root_mean_squared_error": ("error", metrics.root_mean_squared_error),
    "mean_error": ("error", lambda y, p: np.mean(p - y)),
}


@pytest.mark.parametrize("name", REGRESSION)
@law
@given(ROWS)
def test_a_score_of_numbers_is_scikit_learns(name, rows):
    output, actual = rows.T
    actual = np.where(np.abs(actual) < 1e-3, 1.0, actual)
    kind, reference = REGRESSION[name]
    found = BUILTIN[name].measure(errors(kind, output, actual))
    assert found.value == pytest.approx(reference(actual, output), rel=1e-9, abs=1e-9)


@law
@given(ROWS, st.floats(0.01, 0.99))
def test_the_quantile_loss_is_scikit_learns(rows, level):
    output, actual = rows.T
    found = BUILTIN["quantile_loss"].measure(errors("quantile_loss", output, actual, level=level))
    assert found.value == pytest.approx(metrics.mean_pinball_loss(actual, output, alpha=level), rel=1e-9, abs=1e-9)


@law
@given(ROWS)
def test_r2_is_scikit_learns(rows):
    output, actual = rows.T
    assume(actual.std() > 1e-3)
    found = BUILTIN["r2"].measure(errors("squared_error", output, actual), Measure(Grid.of(actual)).of(actual))
    assert found.value == pytest.approx(metrics.r2_score(actual, output), rel=1e-9, abs=1e-9)
    assert found.lower <= found.value <= found.upper


def test_r2_is_undefined_where_all_actuals_are_equal():
    same = np.full(50, 3.0)
    found = BUILTIN["r2"].measure(errors("squared_error", np.arange(50.0), same), Measure(Grid.of(same)).of(same))
    assert math.isnan(found.value)


@law
@given(arrays(np.float64, st.integers(1, 200), elements=st.floats(-1e3, 1e3)), st.integers(0, 2**32))
def test_the_median_is_at_most_its_bin_from_scikit_learns(values, seed):
    actual = np.zeros(len(values))
    reference = np.abs(np.random.default_rng(seed).normal(0, 100, 2000))
    summary = Measure(Grid.of(reference)).of(np.abs(values))
    found = BUILTIN["median_absolute_error"].measure(summary)
    wanted = metrics.median_absolute_error(actual, values)
    ends = np.unique([summary.moments.low, *summary.histogram.grid.edges, summary.moments.high])
    middle = np.sort(np.abs(values))[[(len(values) - 1) // 2, len(values) // 2]]  # an even number has two
    first = np.searchsorted(ends, min(middle[0], found.value), side="left")
    last = np.searchsorted(ends, max(middle[1], found.value), side="left")
    assert abs(found.value - wanted) <= ends[last] - ends[max(first - 1, 0)] + 1e-9
    assert found.lower <= found.value <= found.upper


def test_the_median_of_many_is_within_its_bin_though_it_be_beyond_the_reference():
    grid = Grid.of(np.random.default_rng(0).random(5000))
    for scale in (1.0, 30.0):
        values = scale * np.random.default_rng(1).random(4001)
        found = BUILTIN["median_absolute_error"].measure(Measure(grid).of(values))
        assert found.value == pytest.approx(np.median(values), abs=0.01 * scale)


def spec_of(*scores):
    def evaluated(name, kind):
        return ComponentSpec(name, role="eval", extractor={kind: {"output": "price", "actual": "price"}})

    logged = [ComponentSpec("price", f"{role}.price", dtype="float") for role in ("output", "actual")]
    return ProfileSpec("m", "1", [*logged, evaluated("square", "squared_error"), evaluated("e", "error")], list(scores))


def test_a_score_of_several_components_names_them_all():
    assert problems(spec_of(ScoreSpec("r2", inputs=["square", "price"]))) == []
    assert problems(spec_of(ScoreSpec("r2", "square"))) == [
        ("scores[0].input", "write inputs, 2 names of components that r2 reads")
    ]
    assert problems(spec_of(ScoreSpec("r2", inputs=["e", "price"]))) == [
        ("scores[0].inputs[0]", "r2 cannot read e; it needs a component of squared_error")
    ]
    (problem,) = problems(spec_of(ScoreSpec("mean", "e", inputs=["e"])))
    assert problem == ("scores[0].inputs", "write input, the name of the component that mean reads")


def test_the_options_of_a_score_are_checked():
    assert problems(spec_of(ScoreSpec("mean", "e", {"mean": {}}))) == []
    (problem,) = problems(spec_of(ScoreSpec("mean", "e", {"mean": {"beta": 2}})))
    assert problem == ("scores[0].score.mean", "there is no option 'beta'")
    (problem,) = problems(spec_of(ScoreSpec("f", "e", {"f_beta": {"beta": -2}})))
    assert problem[0] == "scores[0].score.f_beta"
    (problem,) = problems(spec_of(ScoreSpec("f", "e", {"f_beta": {}, "mean": {}})))
    assert problem[0] == "scores[0].score"
