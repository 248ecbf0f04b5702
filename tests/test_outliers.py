"""Scores of outliers: the distance against independent ones, the stated rate, reasons, restarts, hostile data."""

import json
import math
from itertools import pairwise

import msgspec
import numpy as np
import pytest
import shop
from hypothesis import given, settings
from hypothesis import strategies as st
from running import Site, get, until
from scipy import linalg
from scipy.spatial import distance
from sklearn.covariance import ledoit_wolf

from exporter import config
from exporter.batch import Fault, absent
from exporter.config import ConfigError
from exporter.engine import Engine
from exporter.exposition.families import ModelLines
from exporter.plan import Shown, plan
from exporter.profile import LEVELS, ComponentSpec, ProfileError, ProfileSpec, build, columns_of, dump, load, model
from exporter.profile.detecting import detectors_of, shrunk
from exporter.profile.reference import Columns
from exporter.quality.outliers import Outliers, step_of
from exporter.state import Checkpoint, Store, Watch
from exporter.windows import WindowSpec

HOUR = (WindowSpec("1h", 3600.0),)
law = settings(derandomize=True, deadline=None, max_examples=25)


def related(rows, seed=0, width=4):
    """Rows of numbers that go together, of different units."""
    chance = np.random.default_rng(seed)
    mixed = chance.normal(size=(rows, width)) @ np.tril(np.ones((width, width)))
    return mixed * 10.0 ** np.arange(width) + 5.0


def detectors(rows, **more):
    """The detectors of a table of numbers, as a profile of it would have them."""
    names = [f"x{place}" for place in range(rows.shape[1])]
    specs = [ComponentSpec(name, f"input.{name}", dtype="float", **more) for name in names]
    columns = {spec.key: column for spec, column in zip(specs, rows.T, strict=True)}
    return detectors_of(specs, columns, np.zeros(len(rows), np.bool_))


# -- the distance


@law
@given(seed=st.integers(0, 1000), rows=st.integers(3, 200), width=st.integers(1, 8))
def test_the_covariance_is_shrunk_as_scikit_learn_does(seed, rows, width):
    drawn = np.random.default_rng(seed).normal(size=(rows, width)) * np.arange(1, width + 1)
    expected, _ = ledoit_wolf(drawn, assume_centered=True)
    np.testing.assert_allclose(shrunk(drawn), expected, rtol=1e-9, atol=1e-12)


@law
@given(seed=st.integers(0, 1000), hidden=st.sets(st.integers(0, 3), max_size=3))
def test_a_score_is_the_mahalanobis_distance_of_the_numbers_that_are_there(seed, hidden):
    (detector,) = detectors(related(500, seed))
    space, rows = detector.space, related(20, seed + 1)
    rows[:, sorted(hidden)] = math.nan
    there = sorted(set(range(4)) - hidden)
    covariance = np.linalg.inv(space.matrix @ space.matrix) * np.outer(space.scale, space.scale)
    inverse = np.linalg.inv(covariance[np.ix_(there, there)])
    expected = [distance.mahalanobis(row[there], space.centre[there], inverse) for row in rows]
    np.testing.assert_allclose(detector.scores(tuple(rows.T)), expected, rtol=1e-6)


def test_a_distance_is_about_that_of_the_true_distribution():
    (detector,) = detectors(related(5000))
    rows = related(200, 1)
    mixing = np.tril(np.ones((4, 4))) * 10.0 ** np.arange(4)
    true = [distance.mahalanobis(row, np.full(4, 5.0), np.linalg.inv(mixing.T @ mixing)) for row in rows]
    np.testing.assert_allclose(detector.scores(tuple(rows.T)), true, rtol=0.1, atol=0.1)


def test_rows_of_missing_numbers_have_the_score_of_each_alone_however_they_are_mixed():
    (detector,) = detectors(related(500))
    chance, rows = np.random.default_rng(3), related(300, 1)
    rows[chance.random(rows.shape) < 0.2] = absent(Fault.MISSING)
    alone = np.concatenate([detector.scores(tuple(row[:, None])) for row in rows])
    np.testing.assert_allclose(detector.scores(tuple(rows.T)), alone, rtol=1e-9)
    assert np.isnan(alone).tolist() == np.isnan(rows).all(axis=1).tolist()


def test_wild_rows_of_the_reference_hide_no_outlier():
    reference, odd = related(3000), np.array([[5.0, 35.0, -295.0, 5.0]])
    spoiled = reference.copy()
    spoiled[::100] *= 1e3
    (clean,), (robust,) = detectors(reference), detectors(spoiled)
    ordinary = np.median(robust.scores(tuple(related(300, 5).T)))
    assert clean.scores(tuple(odd.T))[0] > 3 * ordinary
    assert robust.scores(tuple(odd.T))[0] > 3 * ordinary


def test_the_shares_of_a_score_are_those_of_garthwaite_and_koch():
    (detector,) = detectors(related(2000))
    rows, space = related(50, 1), detector.space
    shares = detector.shares(tuple(rows.T)).T
    correlations = np.linalg.inv(space.matrix @ space.matrix)
    parts = ((rows - space.centre) / space.scale) @ linalg.fractional_matrix_power(correlations, -0.5)
    np.testing.assert_allclose(shares, parts**2 / (parts**2).sum(axis=1, keepdims=True), rtol=1e-6)
    np.testing.assert_allclose(shares.sum(axis=1), 1.0)


# -- the stated rate

DRAWS = {
    "normal": lambda chance, rows: chance.normal(size=(rows, 3)),
    "heavy": lambda chance, rows: chance.standard_t(3, size=(rows, 3)),
    "lognormal": lambda chance, rows: np.exp(chance.normal(size=(rows, 3))),
    "mostly zero": lambda chance, rows: chance.normal(size=(rows, 3)) * (chance.random((rows, 3)) < 0.1),
    "two clusters": lambda chance, rows: chance.normal(size=(rows, 3)) + 9.0 * (chance.random((rows, 1)) < 0.3),
}


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize(("rows", "level", "times"), [(150, 0.999, 40), (150, 0.9, 20), (4000, 0.999, 5)])
def test_of_sound_data_as_many_are_flagged_as_is_said(draw, rows, level, times):
    rates, said = [], []
    for seed in range(times):
        chance = np.random.default_rng(seed)
        (detector,) = detectors(DRAWS[draw](chance, rows))
        scores = detector.scores(tuple(DRAWS[draw](chance, 5000).T))
        rates.append(float((scores > detector.quantile(level)).mean()))
        said.append(detector.expected(level))
    assert set(said) == {said[0]}
    error = float(np.std(rates)) / math.sqrt(times)
    assert np.mean(rates) <= said[0] + 3 * error
    assert np.mean(rates) >= 0.6 * said[0] - 3 * error


# -- what has one


def test_a_reference_that_says_too_little_has_no_score():
    rows = related(500)
    assert detectors(rows[:99]) == ()
    assert detectors(np.full((500, 2), 7.0)) == ()
    assert detectors(np.full((500, 2), math.nan)) == ()
    assert detectors(np.where(np.arange(1000).reshape(500, 2) % 3 == 0, -1e308, 1e308)) == ()


def test_a_component_that_is_mostly_missing_or_never_moves_is_left_out():
    rows = related(1000)
    rows[:700, 1], rows[:, 2] = math.nan, 3.0
    (detector,) = detectors(rows)
    assert detector.components == ("x0", "x3")


def test_outlier_extractors_are_scores_by_themselves():
    chance = np.random.default_rng(4)
    vectors = [row.tolist() for row in chance.normal(size=(600, 3))]
    specs = [
        ComponentSpec("novelty", "input.v", extractor={"knn_outlier_score": {"k": 2}}),
        ComponentSpec("size", "input.size", dtype="float"),
    ]
    columns = Columns({("input", "novelty"): vectors, ("input", "size"): chance.normal(size=600)})
    profile = load(dump(build(ProfileSpec("m", "1", specs), columns, 1.0)))
    (detector,) = profile.detectors
    assert (detector.name, detector.components, detector.samples) == ("novelty", ("novelty",), 300)
    assert detector.quantile(0.999) == profile.components[0].reference.moments.high


def test_infinite_and_absent_numbers_are_far_or_not_scored_but_never_an_error():
    (detector,) = detectors(related(500))
    odd = np.array([[math.inf, 1, 1, 1], [-math.inf, math.inf, 1, 1], [1e308, -1e308, 1, 1], [math.nan] * 4])
    with np.errstate(all="ignore"):
        scores = detector.scores(tuple(odd.T))
    assert (scores[:3] > 1e6).all()
    assert np.isnan(scores[3])


# -- in a profile's file


def test_a_profile_has_its_scores_back_from_its_file():
    saved = load(dump(shop.profile()))
    (before,), (after,) = shop.profile().detectors, saved.detectors
    columns = (np.array([10.0, 99.0]), np.array([0.0, math.nan]))
    assert before.scores(columns).tolist() == after.scores(columns).tolist()
    assert (before.components, before.quantiles) == (after.components, after.quantiles)
    assert dump(saved) == shop.dumped()


@pytest.mark.parametrize(
    "damage",
    [
        {"components": ["size", "nothing"]},
        {"components": ["size", "colour"]},
        {"components": ["size", "size"]},
        {"components": []},
        {"quantiles": [1.0]},
        {"quantiles": [2.0] * 10 + [1.0]},
        {"samples": 0},
        {"space": None},
        {"space": {"centre": [0.0], "scale": [1.0, 1.0], "matrix": [[1.0, 0.0], [0.0, 1.0]]}},
        {"space": {"centre": [0.0, 0.0], "scale": [1.0, 0.0], "matrix": [[1.0, 0.0], [0.0, 1.0]]}},
        {"space": {"centre": [0.0, 0.0], "scale": [1.0, 1.0], "matrix": [[1.0, 0.0], [0.0]]}},
        {"space": {"centre": [0.0, 0.0], "scale": [1.0, 1.0], "matrix": []}},
    ],
)
def test_a_score_that_cannot_be_is_refused(damage):
    with pytest.raises(ProfileError, match="outlier score mahalanobis"):
        load(damaged(damage))


def damaged(damage):
    """A profile's file with a score that a person has edited, and its checksum made good again."""
    file = json.loads(shop.dumped())
    file["outliers"][0] |= damage
    whole = msgspec.convert(file, model._File)
    return msgspec.json.encode(msgspec.structs.replace(whole, sha256=model._checksum(whole)))


# -- in the engine


def odd_one(record, **more):
    return (
        record | {"input": record["input"] | {"size": 40.0, "change": 4.0}, "tags": {"machine": "2", "x": [1]}} | more
    )


def test_an_outlier_is_counted_and_kept_with_its_reason_id_and_tags():
    rows = shop.records(1000)
    rows[400] = odd_one(rows[400])
    engine = shop.engine(rows, now=7.0, shown=Shown(("tags.machine", "tags.x")))
    (flag,) = [flag for flag in engine.state.quality.flagged if flag.id == "400"]
    assert flag.reasons["input size"] == "outlier"
    assert flag.tags == {"tags.machine": "2"}
    assert flag.scores["mahalanobis"] > 9
    assert next(iter(flag.shares)) == "input size"
    assert flag.shares["input size"] > 0.9
    assert flag.values == {}
    assert b"40.0" not in msgspec.json.encode(flag)
    (tally,) = engine.state.quality.outliers
    assert (tally.scores.n, tally.outliers >= 1) == (1000, True)


def test_values_are_shown_where_they_may_be_and_only_those_of_the_reasons():
    rows = shop.records(300)
    rows[250] = odd_one(rows[250])
    rows[260]["input"] |= {"change": 7.0, "colour": "mauve", "open": None}
    engine = shop.engine(rows, shown=Shown(values=True))
    by_id = {flag.id: flag for flag in engine.state.quality.flagged}
    assert by_id["250"].values == {"input size": 40.0}
    assert by_id["260"].values["input change"] == 7.0
    assert by_id["260"].values.keys() <= {"input change", "input size"}


@law
@given(places=st.lists(st.integers(0, 400), max_size=4))
def test_scores_do_not_depend_on_how_the_rows_were_cut(places):
    profile = shop.profile()
    names = ["size", "change"]
    (detector,) = profile.detectors
    rows = np.random.default_rng(2).normal((10, 0), (6, 3), size=(400, 2))
    whole, cut = (Outliers([step_of(detector, names, 0.99)]) for _ in range(2))
    expected = whole.add(tuple(rows.T))
    for start, end in pairwise([0, *sorted(places), 400]):
        cut.add(tuple(rows[start:end].T))
    (one,), (other,) = whole.tallies, cut.tallies
    assert one.outliers == other.outliers >= len(expected) > 0
    assert one.scores.histogram.counts.tolist() == other.scores.histogram.counts.tolist()
    assert one.outliers == int((detector.scores(tuple(rows.T)) > detector.quantile(0.99)).sum())


def test_the_buckets_of_the_scores_are_the_quantiles_of_the_reference():
    engine = shop.engine(shop.records(2000))
    body = "".join(f.body for f in ModelLines(engine.plan).families(engine.state, None)).encode()
    found = shop.read(body)
    for level, edge in zip(LEVELS, engine.plan.profile.detectors[0].quantiles, strict=True):
        count = shop.value(found, "model_outlier_score_bucket", le=repr(edge)) if level < 0.999 else None
        assert count is None or count / 2000 == pytest.approx(level, abs=0.05)
    assert shop.value(found, "model_outlier_threshold", detector="mahalanobis") == engine.plan.detectors[0].threshold
    assert shop.value(found, "model_outlier_expected_ratio") == pytest.approx(0.001, rel=0.01)


def test_counts_go_on_after_a_restart_but_not_those_of_another_space(tmp_path):
    batches = list(shop.batches(shop.planned(HOUR).schema, shop.records(300), shop.records(600)[300:]))
    other = build(shop.SPEC, columns_of(shop.SPEC, shop.lines(shop.records(900, 5)).splitlines()), 1.0)
    batches += shop.batches(shop.planned(HOUR).schema, shop.records(900)[600:])
    engines = [Engine(shop.planned(HOUR)), Engine(shop.planned(HOUR)), Engine(plan(other, HOUR))]
    found = []
    for engine, part in zip(engines, batches, strict=True):
        store = Store(tmp_path / "state.db")
        checkpoint = Checkpoint(store)
        watch = Watch(engine, engine.plan.bank.start())
        checkpoint.resume(watch)
        engine.ingest(part, 5.0)
        checkpoint.commit([watch], {}, [])
        store.close()
        (tally,) = engine.state.quality.outliers
        found.append((tally.scores.n, tally.outliers))
    (whole,) = shop.engine(shop.records(600), windows=HOUR).state.quality.outliers
    assert found[1] == (600, whole.outliers)
    assert found[2][0] == 300


def test_a_threshold_is_one_of_the_quantiles_that_a_profile_has(tmp_path):
    (tmp_path / "shop.json").write_bytes(shop.dumped())
    path = tmp_path / "exporter.yml"
    wrong = "outliers: {quantile: 0.98}\n    flagged: {tags: [machine]}"
    path.write_text(f"models:\n  - profile: shop.json\n    {wrong}\nsources: [stdin: {{}}]\n")
    with pytest.raises(ConfigError) as raised:
        config.load(str(path))
    assert "exporter.yml:3: models[0].outliers.quantile: write one of 0.9, 0.95, 0.99" in str(raised.value)
    assert "exporter.yml:4: models[0].flagged.tags[0]" in str(raised.value)
    assert "is not a path" in str(raised.value)


def test_a_model_without_actuals_reads_ids_where_it_is_told_to():
    spec = ProfileSpec("shop", "1.0.0", [c for c in shop.SPEC.components if c.resolved_role in ("input", "output")])
    profile = shop.built(spec)
    rows = [odd_one(row) for row in shop.records(5)]
    for shown, expected in ((Shown(), None), (Shown(ids=True), "4")):
        planned = plan(profile, HOUR, shown=shown)
        engine = Engine(planned)
        for batch in shop.batches(planned.schema, rows, rows):
            engine.ingest(batch, 1.0)
        assert engine.state.quality.flagged[0].id == expected
        assert engine.state.count == 10


@pytest.mark.slow
def test_a_running_exporter_says_which_prediction_is_odd_and_why(tmp_path):
    site = Site(tmp_path)
    rows = shop.records(300)
    rows[123] = odd_one(rows[123])
    site.append(rows)
    with site.running() as app:
        address = app.addresses[0]
        found = until(address, lambda found: shop.value(found, "model_outlier_score_count") >= 300)
        answer = json.loads(get(address, "/api/v1/flagged?model=shop")[1])
    assert shop.value(found, "model_outliers_total", detector="mahalanobis") >= 1
    (flag,) = [record for record in answer["data"][0]["records"] if record["id"] == "123"]
    assert flag["reasons"] == {"input size": "above"}
    assert flag["scores"]["mahalanobis"] > 9
    assert list(flag["shares"]) == ["input size"]
    assert flag["values"] == {}
