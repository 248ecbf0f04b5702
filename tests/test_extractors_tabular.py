import base64
import json
import sys
import time
from contextlib import suppress

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist, mahalanobis
from sklearn.cluster import KMeans
from sklearn.ensemble import IsolationForest
from sklearn.neighbors import NearestNeighbors

from exporter.extractors import DATA, LearningExtractor, vectors
from exporter.extractors.isolation_forest_score import IsolationForestScore
from exporter.extractors.kmeans_outlier_score import KmeansOutlierScore
from exporter.extractors.knn_outlier_score import KnnOutlierScore
from exporter.extractors.mahalanobis import Mahalanobis
from exporter.extractors.packed import Packed, packed

TABULAR = (KnnOutlierScore(), KmeansOutlierScore(clusters=4), Mahalanobis(), IsolationForestScore(trees=20))
NAMES = ["knn_outlier_score", "kmeans_outlier_score", "mahalanobis", "isolation_forest_score"]

every_one = pytest.mark.parametrize("extractor", TABULAR, ids=NAMES)


def rows(n=300, width=5, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, width)) @ rng.normal(size=(width, width)) + rng.normal(size=width) * 10


def standardised(matrix, reference):
    return (matrix - reference.mean(axis=0)) / reference.std(axis=0)


def by_value(matrix):
    return matrix[np.lexsort(matrix.T[::-1])]


def reloaded(extractor):
    return msgspec.json.decode(msgspec.json.encode(extractor), type=type(extractor))


@pytest.fixture(scope="module")
def learned():
    return tuple(extractor.fit(rows().tolist(), 3) for extractor in TABULAR)


# Peers


@pytest.mark.parametrize("k", [1, 5, 40])
def test_the_knn_score_is_the_mean_distance_that_scikit_learn_finds(k):
    reference, new = rows(), rows(50, seed=0) * 1.5
    extractor = KnnOutlierScore(k=k).fit(reference.tolist(), 0)
    kept = standardised(by_value(reference), reference).astype(np.float32)
    peer = NearestNeighbors(n_neighbors=k, algorithm="brute").fit(kept.astype(np.float64))
    wanted = peer.kneighbors(standardised(new, reference))[0].mean(axis=1)
    assert [extractor.extract(row) for row in new.tolist()] == pytest.approx(wanted, rel=1e-9, abs=1e-12)


def test_the_mahalanobis_distance_is_scipys():
    reference, new = rows(), rows(50, seed=1)
    inverse, mean = np.linalg.inv(np.cov(reference.T)), reference.mean(axis=0)
    extractor = Mahalanobis().fit(reference.tolist(), 0)
    wanted = [mahalanobis(row, mean, inverse) for row in new]
    assert [extractor.extract(row) for row in new.tolist()] == pytest.approx(wanted, rel=1e-9)


def test_the_kmeans_score_is_the_mean_distance_to_the_nearest_centroids():
    reference, new = rows(), rows(20, seed=1)
    extractor = KmeansOutlierScore(clusters=8, nearest=2).fit(reference.tolist(), 0)
    distances = np.sort(cdist(standardised(new, reference), extractor.fitted.centroids.array), axis=1)
    assert [extractor.extract(row) for row in new.tolist()] == pytest.approx(distances[:, :2].mean(axis=1), rel=1e-9)


def test_the_clusters_are_as_tight_as_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    blobs = np.concatenate([rng.normal(centre, 0.3, (100, 3)) for centre in rng.uniform(-9, 9, (6, 3))])
    extractor = KmeansOutlierScore(clusters=12).fit(blobs.tolist(), 0)
    ours = sum(extractor.extract(row) ** 2 for row in blobs.tolist())
    peer = KMeans(12, n_init=1, random_state=0).fit(standardised(blobs, blobs))
    assert ours < 1.15 * peer.inertia_


@pytest.mark.parametrize(("trees", "samples", "n"), [(100, 256, 300), (30, 1024, 2000), (10, 2, 50), (50, 256, 2)])
def test_the_isolation_forests_score_is_the_negative_of_scikit_learns(trees, samples, n):
    reference, new = rows(n), np.concatenate([rows(60, seed=1), rows(5) * 50])
    extractor = IsolationForestScore(trees=trees, samples=samples).fit(reference.tolist(), 7)
    peer = IsolationForest(n_estimators=trees, max_samples=min(samples, n), random_state=7)
    peer.fit(standardised(by_value(reference), reference))
    wanted = -peer.score_samples(standardised(new, reference))
    assert [extractor.extract(row) for row in new.tolist()] == pytest.approx(wanted, abs=1e-9)


def test_a_number_on_the_edge_of_a_split_goes_the_way_that_scikit_learn_sends_it():
    reference = by_value(rows(300, 1))
    extractor = IsolationForestScore(trees=30).fit(reference.tolist(), 7)
    peer = IsolationForest(n_estimators=30, max_samples=256, random_state=7).fit(standardised(reference, reference))
    space, edges = extractor.fitted.space, extractor.fitted.values.array[extractor.fitted.features.array == 0]
    new = edges * space.scale.array + space.mean.array
    wanted = -peer.score_samples(((new - space.mean.array) / space.scale.array)[:, None])
    assert [extractor.extract([value]) for value in new.tolist()] == pytest.approx(wanted, abs=1e-9)


def test_a_forest_grown_on_raw_features_gives_nearly_the_same_scores():
    reference = by_value(rows())
    extractor = IsolationForestScore().fit(reference.tolist(), 7)
    peer = IsolationForest(max_samples=256, random_state=7).fit(reference)
    ours = [extractor.extract(row) for row in reference.tolist()]
    assert np.corrcoef(ours, -peer.score_samples(reference))[0, 1] > 0.999


def test_features_such_as_timestamps_are_told_apart_to_the_second():
    seconds = 1.7e9 + np.arange(60)
    extractor = IsolationForestScore().fit([[second, 0.0] for second in seconds], 0)
    assert len({extractor.extract([second, 0.0]) for second in seconds}) > 10


# What holds of all


@every_one
def test_an_outlier_scores_above_everything_in_the_reference(extractor):
    reference = rows().tolist()
    fitted = extractor.fit(reference, 0)
    usual = [fitted.extract(row) for row in reference]
    assert fitted.extract((np.mean(reference, axis=0) + 100).tolist()) > max(usual)
    assert min(usual) >= 0


@every_one
def test_units_of_the_features_change_no_score(extractor):
    reference, new = rows(), rows(20, seed=1)
    scale, shift = np.array([1000, 0.001, -1, 5, 1]), np.array([0, 3, -70, 0.1, 0])
    scores = [extractor.fit(reference.tolist(), 0).extract(row) for row in new.tolist()]
    fitted = extractor.fit((reference * np.abs(scale) + shift).tolist(), 0)
    assert [fitted.extract(row) for row in (new * np.abs(scale) + shift).tolist()] == pytest.approx(scores, rel=1e-5)


@every_one
def test_what_is_learned_depends_on_the_seed_and_not_on_the_order_of_the_data(extractor):
    data = rows(2500, 2).tolist()
    fitted = extractor.fit(data, 5)
    assert extractor.fit(data[::-1], 5) == fitted
    if not isinstance(extractor, Mahalanobis):  # which draws nothing
        assert extractor.fit(data, 6) != fitted


def test_a_profile_gives_back_the_same_scores(learned):
    new = rows(50, seed=9).tolist()
    for extractor in learned:
        again = reloaded(extractor)
        assert again == extractor
        assert [again.extract(row) for row in new] == [extractor.extract(row) for row in new]
        spec = json.loads(json.dumps(msgspec.to_builtins(extractor)))
        assert msgspec.convert(spec, type(extractor)) == extractor


def test_the_order_of_the_data_changes_no_score(learned):
    new = rows(20, seed=9).tolist()
    for extractor in learned:
        assert [extractor.extract(row) for row in new] == [extractor.extract(row) for row in new[::-1]][::-1]


@every_one
def test_mappings_lists_arrays_and_rows_of_tables_are_the_same_vectors(extractor):
    names = ["b", "a", "d", "c", "e"]
    places = np.argsort(names)
    mappings = [dict(zip(names, row, strict=True)) for row in rows().tolist()]
    by_name = extractor.fit(mappings, 1)
    by_place = extractor.fit(rows()[:, places].tolist(), 1)
    for row, mapping in zip(rows()[:, places], mappings[:10], strict=False):
        wanted = by_place.extract(row.tolist())
        assert by_name.extract({**mapping, "else": "ignored"}) == wanted
        assert by_place.extract(row) == by_place.extract(tuple(row)) == by_place.extract(row[None]) == wanted


@every_one
def test_features_name_what_is_read_of_a_mapping(extractor):
    mappings = [{"x": row[0], "y": row[1], "id": "7f3a"} for row in rows().tolist()]
    with pytest.raises(ValueError, match=r"holds numbers, and this one '7f3a': choose those to read, in `features`"):
        extractor.fit(mappings, 0)
    fitted = msgspec.structs.replace(extractor, features=("y", "x")).fit(mappings, 0)
    assert fitted.fitted.space.names == ("y", "x")
    assert fitted.extract(mappings[0]) == fitted.extract({"x": mappings[0]["x"], "y": mappings[0]["y"]})


@pytest.mark.parametrize("hole", [None, float("nan"), np.nan])
def test_a_vector_with_a_missing_number_is_missing(learned, hole):
    for extractor in learned:
        assert extractor.extract([1.0, 2.0, hole, 4.0, 5.0]) is None
        assert extractor.extract(None) is None


@every_one
def test_a_mapping_without_one_of_the_features_is_missing(extractor):
    fitted = extractor.fit([{"x": row[0], "y": row[1]} for row in rows().tolist()], 0)
    assert fitted.extract({"x": 1.0}) is None
    assert fitted.extract({}) is None


@pytest.mark.parametrize(
    ("datum", "message"),
    [
        ([1, 2, 3, 4], "has 4 numbers, the reference has 5"),
        ([], "has 0 numbers"),
        ([1, 2, 3, 4, float("inf")], "infinite"),
        ([1, 2, 3, 4, "5"], "holds numbers, and this one"),
        (["1"] * 5, "holds numbers, and this one '1'"),
        ([1, 2, 3, 4, 10**400], "308 digits"),
        ([[1], [2]], "list of numbers"),
        ([[1, 2], [3]], "inhomogeneous"),
        ("12345", "list of numbers, and this is a str"),
        (7, "list of numbers"),
        (np.zeros((2, 5)), "shape"),
        (np.zeros(5, "M8[s]"), "holds numbers"),
        (np.zeros(5, complex), "holds numbers"),
        ({"a": 1}, "has 1 numbers"),
        ({1, 2, 3}, "list of numbers"),
    ],
    ids=repr,
)
def test_what_is_no_vector_of_the_references_is_refused_with_its_reason(learned, datum, message):
    for extractor in learned:
        with pytest.raises(ValueError, match=message):
            extractor.extract(datum)


def test_a_list_where_the_reference_has_names_is_refused():
    fitted = Mahalanobis().fit([{"x": row[0], "y": row[1]} for row in rows().tolist()], 0)
    with pytest.raises(ValueError, match="have names, such as 'x'"):
        fitted.extract([1.0, 2.0])


@pytest.mark.parametrize("far", [1e20, 1e300, 1.7e308, -1.7e308, 10**300])
def test_numbers_near_the_end_of_floats_give_a_finite_score(learned, far):
    for extractor in learned:
        score = extractor.extract([far] * 5)
        assert np.isfinite(score)
        assert score > extractor.extract(rows().mean(axis=0).tolist())


@every_one
def test_an_extractor_that_has_learned_nothing_says_so(extractor):
    assert isinstance(extractor, LearningExtractor)
    with pytest.raises(ValueError, match="has not been fitted"):
        extractor.extract([1.0])


# Awkward references


@every_one
def test_constant_and_repeated_features_are_no_obstacle(extractor):
    reference = rows(200, 3)
    awkward = np.column_stack([reference, reference[:, 0] * 2, np.full(200, 0.1), np.zeros(200)])
    fitted = extractor.fit(awkward.tolist(), 0)
    scores = [fitted.extract(row) for row in awkward.tolist()]
    assert np.isfinite(scores).all()
    assert max(scores) < 20
    assert fitted.extract([0.0] * 6) > 0


@every_one
def test_a_reference_of_equal_rows_scores_them_lowest(extractor):
    fitted = extractor.fit([[0.1, 7.0]] * 40, 0)
    assert fitted.extract([0.1, 7.0]) <= fitted.extract([0.2, 7.0])
    if not isinstance(extractor, IsolationForestScore):  # trees of equal rows have nothing to split
        assert fitted.extract([0.1, 7.0]) == pytest.approx(0, abs=1e-9)
        assert fitted.extract([1.1, 7.0]) >= 1


def test_leaving_a_line_on_which_the_reference_lies_is_far():
    line = [[x, 2 * x] for x in np.linspace(0, 1, 50)]
    fitted = Mahalanobis().fit(line, 0)
    assert fitted.extract([0.5, 1.0]) < 1e-3
    # Half of the 0.2 standardised is off the line, over the root of two, and counts a thousandfold.
    assert fitted.extract([0.5, 1.2]) == pytest.approx(1000 * 0.2 / np.std(line, axis=0)[1] / np.sqrt(2), rel=1e-3)


def test_a_constant_feature_counts_in_its_own_unit_whatever_its_mean_is_rounded_to():
    for n in range(6, 60):
        fitted = KnnOutlierScore(k=1).fit([[0.1]] * n, 0)
        assert fitted.extract([0.1]) == 0
        assert fitted.extract([0.6]) == pytest.approx(0.5)


def test_fewer_different_rows_than_clusters_give_fewer_clusters():
    fitted = KmeansOutlierScore(clusters=9).fit([[0.0, 0.0], [1.0, 5.0], [9.0, 1.0]] * 10, 0)
    assert fitted.fitted.centroids.shape == (3, 2)


@every_one
@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "0 usable data and"),
        ([None, [float("nan")]] * 5, "0 usable data and"),
        ([[1.0, "a"]] * 9, "of 9 refused the first: a vector holds numbers"),
        ([[1.0]] * 9 + [[1.0, 2.0]] * 9, "differ in length"),
        ([[]] * 9, "have 0 numbers"),
        ([[1.0] * 4097] * 9, "have 4097 numbers; 1 to"),
        ([{str(i): 1.0 for i in range(5000)}] * 9, "name those to read"),
        ([[1e308], [-1e308]] * 9, "not finite"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "data",
)
def test_a_reference_that_nothing_can_be_learned_from_is_refused_with_its_reason(extractor, data, message):
    with pytest.raises(ValueError, match=message):
        extractor.fit(data, 0)


@every_one
def test_broken_data_of_the_reference_are_left_out(extractor):
    data = rows().tolist()
    assert extractor.fit([None, "x", *data, [float("inf")] * 5, [None] * 5], 2) == extractor.fit(data, 2)


@every_one
def test_what_is_kept_of_a_large_reference_is_bounded(extractor):
    fitted = extractor.fit(np.random.default_rng(0).normal(size=(25_000, 4)), 0)
    assert len(msgspec.json.encode(fitted)) < 100_000
    if isinstance(extractor, KnnOutlierScore):
        assert fitted.fitted.references.shape == (2000, 4)


@pytest.mark.parametrize("width", [384, 768, 4096])
def test_embeddings_are_compared_with_fewer_references_the_longer_they_are(width):
    embeddings = np.random.default_rng(0).normal(size=(2 * 2**20 // width, width)).astype(np.float32)
    fitted = KnnOutlierScore().fit(embeddings, 0)
    assert fitted.fitted.references.shape == (min(2000, 2**20 // width), width)
    assert len(msgspec.json.encode(fitted)) < 6_500_000
    assert fitted.extract((embeddings[0] * 3).tolist()) > fitted.extract(embeddings[0].tolist()) >= 0
    assert KmeansOutlierScore().fit(embeddings[:40], 0).extract(embeddings[50]) > 0


def test_of_long_vectors_fewer_are_read_so_that_memory_is_bounded(monkeypatch):
    monkeypatch.setattr(vectors, "CELLS", 4 * 300)
    data = rows(1000, 4)
    space, matrix = vectors.learn(data.tolist(), (), 0, 1)
    assert matrix.shape == (300, 4)
    assert space.mean.array == pytest.approx(data.mean(axis=0), abs=0.3 * data.std())


def test_without_scikit_learn_the_error_says_what_to_install_and_scores_go_on(monkeypatch, learned):
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(ValueError, match=r"pip install 'prediction-exporter\[sklearn\]'"):
        IsolationForestScore().fit(rows().tolist(), 0)
    assert 0 < reloaded(learned[3]).extract([0.0] * 5) < 1


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("knn_outlier_score", {"k": 0}),
        ("knn_outlier_score", {"k": 30, "references": 20}),
        ("knn_outlier_score", {"references": 2001}),
        ("kmeans_outlier_score", {"clusters": 257}),
        ("kmeans_outlier_score", {"clusters": 2, "nearest": 3}),
        ("isolation_forest_score", {"trees": 0}),
        ("isolation_forest_score", {"trees": 501}),
        ("isolation_forest_score", {"samples": 1}),
        ("isolation_forest_score", {"samples": 2000}),
    ],
)
def test_options_out_of_range_are_refused_from_files_and_from_python(name, options):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(options, DATA[name])
    with pytest.raises(ValueError, match="write"):
        DATA[name](**options)


# Fuzzing

numbers = st.floats(width=64) | st.integers() | st.none() | st.booleans()
anything = st.recursive(
    numbers | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=3), inner, max_size=6),
    max_leaves=15,
)


@given(datum=st.lists(numbers, min_size=5, max_size=5) | anything)
@settings(max_examples=200, deadline=5000)
def test_any_datum_gives_a_finite_score_nothing_or_a_reason(learned, datum):
    for extractor in learned:
        with suppress(ValueError):
            score = extractor.extract(datum)
            assert score is None or (np.isfinite(score) and score >= 0)


@given(data=st.lists(st.lists(numbers, min_size=3, max_size=3) | anything, max_size=30), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=60, deadline=5000)
def test_any_reference_is_learned_or_refused(data, seed):
    for extractor in TABULAR[:3]:
        with suppress(ValueError):
            fitted = extractor.fit(data, seed)
            assert reloaded(fitted) == fitted


def paths(value, at=()):
    yield at
    children = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, child in children:
        yield from paths(child, (*at, key))


def damaged(spec, path, value):
    if not path:
        return value
    copy = dict(spec) if isinstance(spec, dict) else list(spec)
    copy[path[0]] = damaged(spec[path[0]], path[1:], value)
    return copy


@given(pick=st.data(), which=st.integers(0, 3))
@settings(max_examples=300, deadline=5000)
def test_a_damaged_profile_is_refused_or_scores_in_finite_time(learned, pick, which):
    extractor = learned[which]
    spec = msgspec.to_builtins(extractor)
    path = pick.draw(st.sampled_from(sorted(paths(spec["fitted"]), key=repr)))
    size = pick.draw(st.sampled_from([8, 16, 32, 40, 80, 160]))
    raw = st.binary(min_size=size, max_size=size).map(lambda data: base64.b64encode(data).decode())
    value = pick.draw(
        raw | st.sampled_from(["f2", "f8", "i2", [], [1], [5], [4, 5], [-1], [2**40], 0, -1, 1e308, None])
    )
    started = time.monotonic()
    with suppress(ValueError):
        loaded = msgspec.convert(damaged(spec, ("fitted", *path), value), type(extractor))
        loaded.extract([1.0, 2.0, 3.0, 4.0, 5.0])
    assert time.monotonic() - started < 1


@given(
    steps=st.lists(st.integers(-2, 6), min_size=5, max_size=5),
    features=st.lists(st.integers(-2, 2), min_size=5, max_size=5),
)
@settings(max_examples=300, deadline=5000)
def test_the_nodes_of_a_hostile_forest_lead_out_of_it_or_it_is_refused(learned, steps, features):
    parts = msgspec.to_builtins(learned[3])
    parts["fitted"] |= {
        "sizes": msgspec.to_builtins(packed([5], "i2")),
        "features": msgspec.to_builtins(packed(features, "i2")),
        "values": msgspec.to_builtins(packed([0.5] * 5)),
        "rights": msgspec.to_builtins(packed(steps, "i2")),
    }
    with suppress(msgspec.ValidationError):
        assert 0 <= msgspec.convert(parts, IsolationForestScore).extract([1.0] * 5) <= 1


def test_a_forest_deeper_than_any_that_is_grown_is_refused_when_it_is_used():
    fitted = IsolationForestScore(trees=1).fit([[0.0], [2.0]], 0)
    deep = msgspec.structs.replace(
        fitted.fitted,
        sizes=packed([41], "i2"),
        features=packed([0] * 20 + [-1] * 21, "i2"),
        values=packed([-9.0] * 41),
        rights=packed([1] * 20 + [0] * 21, "i2"),
    )
    with pytest.raises(ValueError, match="deeper than 10 splits"):
        msgspec.structs.replace(fitted, fitted=deep).extract([1.0])


@pytest.mark.parametrize("shape", [(), (0,), (3,), (-1, -2), (2**40, 2**40), (2, 2)])
def test_an_array_whose_bytes_do_not_fit_is_refused(shape):
    with pytest.raises(ValueError, match="16 bytes are not"):
        Packed("f8", shape, b"\0" * 16)


def test_an_array_that_is_not_finite_is_refused():
    for value in (float("nan"), float("inf")):
        with pytest.raises(ValueError, match="not finite"):
            packed([value])
    with pytest.raises(ValueError, match="not finite"):
        packed([1e6], "f2")
