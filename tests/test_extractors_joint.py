"""Extractors of how numbers go together and of embeddings: against peers, what they see, and what they cannot."""

import msgspec
import numpy as np
import pandas as pd
import pytest
import shop
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cosine, euclidean, pdist
from scipy.stats import kstest
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.metrics.pairwise import rbf_kernel
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from exporter import InputComponent, ModelProfile
from exporter.alarm import Bank, Watched
from exporter.engine import Engine
from exporter.evaluate import alarmed, evaluate
from exporter.extractors import DATA, LearningExtractor, vectors
from exporter.extractors.centroid_distance import CentroidDistance
from exporter.extractors.correlation import Correlation
from exporter.extractors.kernel_similarity import KernelSimilarity, frequencies
from exporter.extractors.knn_outlier_score import KnnOutlierScore
from exporter.extractors.mahalanobis import Mahalanobis
from exporter.extractors.pca_reconstruction_error import PcaReconstructionError
from exporter.plan import plan
from exporter.profile import ComponentSpec, ProfileSpec, build, columns_of, dump, load
from exporter.summaries import Grid, Measure
from exporter.windows import WindowSpec

JOINT = {
    "pca_reconstruction_error": PcaReconstructionError(),
    "kernel_similarity": KernelSimilarity(),
    "centroid_distance": CentroidDistance(),
    "centroid_distance cosine": CentroidDistance("cosine"),
    "correlation": Correlation((0, 1)),
}
OF_VECTORS = [name for name in JOINT if name != "correlation"]
FILLED = ["pca_reconstruction_error", "kernel_similarity"]

every_one = pytest.mark.parametrize("extractor", JOINT.values(), ids=JOINT)
of_vectors = pytest.mark.parametrize("extractor", [JOINT[name] for name in OF_VECTORS], ids=OF_VECTORS)


def rows(n=300, width=5, seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(n, width)) @ rng.normal(size=(width, width)) + rng.normal(size=width) * 10


def with_holes(matrix, share=0.1, seed=3):
    matrix = matrix.copy()
    matrix[np.random.default_rng(seed).random(matrix.shape) < share] = np.nan
    return matrix


def scores(extractor, matrix):
    return [extractor.extract(row) for row in matrix.tolist()]


# -- peers


@pytest.mark.parametrize("options", [{}, {"explained": 0.3}, {"explained": 0.95}, {"components": 3}])
@pytest.mark.parametrize("mend", [with_holes, np.copy])
def test_the_reconstruction_error_is_that_of_scikit_learns_components(options, mend):
    reference, new = mend(rows(400, 8)), mend(rows(50, 8, seed=1))
    fitted = PcaReconstructionError(**options).fit(reference.tolist(), 0)
    count = options.get("components", options.get("explained", 0.65))
    peer = make_pipeline(SimpleImputer(), StandardScaler(), PCA(n_components=count, svd_solver="full")).fit(reference)
    standardised = peer[:2].transform(new)
    wanted = np.linalg.norm(standardised - peer[2].inverse_transform(peer[2].transform(standardised)), axis=1)
    assert fitted.fitted.directions.shape == (peer[2].n_components_, 8)
    assert scores(fitted, new) == pytest.approx(wanted, rel=1e-9)


def whitened(reference, new):
    peer = make_pipeline(SimpleImputer(), StandardScaler(), PCA(whiten=True)).fit(reference)
    return peer.transform(reference), peer.transform(new)


@pytest.mark.parametrize("width", [2, 6])
@pytest.mark.parametrize("bandwidth", [None, 0.7])
def test_the_similarity_is_the_mean_kernel_of_all_pairs(width, bandwidth):
    reference, new = with_holes(rows(400, width)), with_holes(rows(60, width, seed=0) * 1.2)
    new = new[~np.isnan(new).all(axis=1)]
    known, places = whitened(reference[~np.isnan(reference).all(axis=1)], new)
    wide = bandwidth or np.median(pdist(known)) / 2
    wanted = rbf_kernel(places, known, gamma=1 / (2 * wide**2)).mean(axis=1)
    few, many = [], []
    for seed in range(12):
        fitted = KernelSimilarity(1024, bandwidth).fit(reference.tolist(), seed)
        assert fitted.fitted.bandwidth == pytest.approx(wide, rel=1e-5)
        many.append(scores(fitted, new))
        few.append(scores(KernelSimilarity(256, bandwidth).fit(reference.tolist(), seed), new))
    assert np.abs(np.mean(many, axis=0) - wanted).max() < 0.02
    assert np.sqrt(np.square(np.array(few) - wanted).mean()) < 0.05
    assert np.sqrt(np.square(np.array(many) - wanted).mean()) < 0.025


def test_the_median_distance_of_a_large_reference_is_that_of_a_sample_of_it():
    reference = rows(5000, 4)
    found = KernelSimilarity().fit(reference.tolist(), 2).fitted.bandwidth
    assert found == pytest.approx(np.median(pdist(whitened(reference, reference)[0][:1500])) / 2, rel=0.05)


def test_the_frequencies_of_a_seed_are_normal_and_never_change():
    assert frequencies(7, 2, 3).ravel().tolist() == pytest.approx(
        [
            0.15039823515226958,
            -0.14438709403072972,
            0.4993904215846324,
            0.9576440672550305,
            0.4428030662190366,
            -0.5085518313951665,
        ],
        rel=1e-12,
    )
    found = frequencies(1, 300, 101)
    assert found.shape == (300, 101)
    assert kstest(found.ravel(), "norm").pvalue > 0.01
    assert np.abs(np.cov(found.T) - np.eye(101)).max() < 0.35


@pytest.mark.parametrize(("metric", "peer"), [("euclidean", euclidean), ("cosine", cosine)])
def test_the_distance_from_the_centroid_is_scipys(metric, peer):
    reference, new = rows(300, 40), rows(50, 40, seed=1)
    fitted = CentroidDistance(metric).fit(reference.tolist(), 0)
    assert scores(fitted, new) == pytest.approx([peer(row, reference.mean(axis=0)) for row in new], rel=1e-9)


@pytest.mark.parametrize("rho", [-0.9, -0.3, 0.0, 0.5, 0.99])
def test_the_mean_product_over_the_reference_is_pearsons_correlation(rho):
    matrix = np.random.default_rng(1).multivariate_normal([1e3, -5], [[4, 2 * rho], [2 * rho, 1]], 500)
    matrix = matrix[(np.abs(matrix - matrix.mean(axis=0)) < 3.5 * matrix.std(axis=0)).all(axis=1)]
    fitted = Correlation((0, 1)).fit(matrix.tolist(), 0)
    assert np.mean(scores(fitted, matrix)) == pytest.approx(np.corrcoef(matrix.T)[0, 1], rel=1e-9, abs=1e-12)


def test_pairs_in_which_one_is_missing_are_in_neither_the_scales_nor_the_mean():
    matrix = with_holes(rows(400, 2), 0.3)
    whole = matrix[~np.isnan(matrix).any(axis=1)]
    fitted = Correlation((0, 1)).fit(matrix.tolist(), 0)
    assert fitted == Correlation((0, 1)).fit(whole.tolist(), 0)
    found = [score for score in scores(fitted, matrix) if score is not None]
    assert len(found) == len(whole)
    assert np.mean(found) == pytest.approx(np.corrcoef(whole.T)[0, 1], rel=1e-3)


def test_one_outlier_cannot_make_a_correlation():
    fitted = Correlation(("a.x", "b")).fit([{"a": {"x": i % 7}, "b": -(i % 5)} for i in range(100)], 0)
    assert fitted.extract({"a": {"x": 1e300}, "b": 10**300}) == 16
    assert fitted.extract({"a": {"x": -np.inf}, "b": 1e300}) == -16


# -- what they see, and what they cannot


def moved(extractor, reference, new, windows=8):
    """Whether the alarm of a model of twenty components finds the change, in so many windows of 500 rows."""
    half = len(reference) // 2
    fitted = extractor.fit(reference[:half].tolist(), 0)
    values = np.array(scores(fitted, reference[half:]))
    measure = Measure(Grid.of(values))
    bank = Bank.of([Watched(measure.of(values), gaps=False), Watched(measure.of(values), weight=19.0)], 0.01, 10_000)
    evidence, total = bank.start(), measure.empty()
    for window, part in enumerate(np.split(np.array(scores(fitted, new[: 500 * windows])), windows)):
        total = total + measure.of(part)
        evidence = bank.step(evidence, [total, measure.empty()], float(window))
    return bank.verdicts(evidence)[0].firing


def normal(covariance, n, seed=0):
    return np.random.default_rng(seed).multivariate_normal(np.zeros(len(covariance)), covariance, n)


def correlated(width, rho, n, seed=0):
    """Numbers of which the first two go together."""
    covariance = np.eye(width)
    covariance[0, 1] = covariance[1, 0] = rho
    return normal(covariance, n, seed)


def clusters(share, n, seed):
    rng = np.random.default_rng(seed)
    found = rng.normal(size=(n, 3))
    found[rng.random(n) < share, 0] += 6
    return found


SEES = [KernelSimilarity(), PcaReconstructionError(), Mahalanobis(), Correlation((0, 1))]
named = {"ids": lambda value: type(value).__name__}


@pytest.mark.parametrize("extractor", SEES, **named)
@pytest.mark.parametrize("width", [2, 6])
def test_a_correlation_that_turns_is_seen_though_no_number_moves(extractor, width):
    reference, new = correlated(width, 0.8, 6000), correlated(width, 0.8, 2000, seed=1)
    assert not moved(extractor, reference, new, windows=4)
    turned = new * np.array([1, -1, *[1] * (width - 2)])
    assert moved(extractor, reference, turned, windows=4)


def test_a_dependence_that_no_correlation_shows_is_seen_by_the_kernel():
    """y is x squared, then no longer: neither a number nor a correlation has changed."""
    rng = np.random.default_rng(0)
    x, noise = rng.normal(size=(2, 14_000))
    y = x**2 + 0.3 * noise
    reference, same = np.column_stack([x, y])[:8000], np.column_stack([x, y])[8000:]
    apart = np.column_stack([x[8000:], rng.permutation(y[8000:])])
    assert not moved(KernelSimilarity(), reference, same, windows=12)
    assert moved(KernelSimilarity(), reference, apart, windows=12)
    assert not moved(Correlation((0, 1)), reference, same, windows=12)


@pytest.mark.parametrize("extractor", [KernelSimilarity(), Mahalanobis()], **named)
def test_a_new_cluster_of_embeddings_is_seen(extractor):
    rng = np.random.default_rng(0)
    loadings = rng.normal(size=(8, 64))
    reference, new = (rng.normal(size=(n, 8)) @ loadings + 0.5 * rng.normal(size=(n, 64)) for n in (8000, 4000))
    assert not moved(extractor, reference, new)
    new[rng.random(4000) < 0.08] = 2 * rng.normal(size=64)
    assert moved(extractor, reference, new)


def test_blind_of_the_kernel_vectors_between_like_clusters():
    reference, new = clusters(0.5, 8000, 0), clusters(0.3, 4000, 1)
    assert not moved(KernelSimilarity(), reference, new)
    assert moved(
        CentroidDistance(), reference[:, [0]] + 100, np.abs(new[:, [0]] + 100 - 3)
    )  # the number alone shows it


def test_blind_of_the_kernel_numbers_that_go_together_for_the_first_time():
    reference, new = correlated(20, 0.0, 8000), correlated(20, 0.8, 4000, seed=1)
    for extractor in (KernelSimilarity(), PcaReconstructionError(), Mahalanobis()):
        assert not moved(extractor, reference, new)
    assert moved(Correlation((0, 1)), reference, new)


def test_blind_of_the_reconstruction_error_what_moves_along_the_components():
    reference, new = correlated(2, 0.9, 8000), correlated(2, 0.9, 4000, seed=1)
    assert not moved(PcaReconstructionError(), reference, new + 1)
    assert moved(KernelSimilarity(), reference, new + 1)


def test_blind_of_the_centroid_vectors_that_move_around_it():
    reference, turned = (clusters(0.5, n, 0) - [3, 0, 0] for n in (8000, 4000))
    turned = turned[:, [1, 0, 2]]
    assert not moved(CentroidDistance(), reference, turned)
    assert moved(KernelSimilarity(), reference, turned)


def test_embeddings_that_shift_are_seen_by_all_that_read_embeddings():
    rng = np.random.default_rng(0)
    reference, new = rng.normal(size=(1600, 96)) + 1, rng.normal(size=(1000, 96)) + 1
    readers = (CentroidDistance(), CentroidDistance("cosine"), KnnOutlierScore(references=300), KernelSimilarity())
    for extractor in readers:
        assert not moved(extractor, reference, new, windows=2)
        assert moved(extractor, reference, new + 0.7 * rng.normal(size=96), windows=2)


# -- from a log to the alarm


SPEC = ProfileSpec(
    "flat",
    "1",
    [
        ComponentSpec("size", "input.size", dtype="float"),
        ComponentSpec("rent", "input.rent", dtype="float"),
        ComponentSpec("alike", "input", extractor={"kernel_similarity": {"features": ["size", "rent"]}}),
        ComponentSpec("odd", "input", extractor={"pca_reconstruction_error": {"features": ["size", "rent"]}}),
        ComponentSpec("size_rent_correlation", "input", extractor={"correlation": {"of": ["size", "rent"]}}),
        ComponentSpec("centre", "input.vector", extractor={"centroid_distance": {"metric": "cosine"}}),
    ],
)


def logged(pairs):
    return [
        {"input": {"size": size, "rent": rent, "town": "x", "vector": [1, size, 2]}} for size, rent in pairs.tolist()
    ]


def test_a_log_in_which_only_a_correlation_turns_alarms_for_what_reads_both_numbers():
    profile = load(dump(build(SPEC, columns_of(SPEC, shop.lines(logged(correlated(2, 0.8, 4000))).splitlines()), 0.0)))
    made = Engine(plan(profile, (WindowSpec("1h", 3600.0),)))
    evidence = made.plan.bank.start()
    for turn, factor in enumerate((1, 1, -1, -1)):
        for batch in shop.batches(made.plan.schema, logged(correlated(2, 0.8, 800, seed=turn + 5) * [1, factor])):
            made.ingest(batch, 1000.0)
        state = made.state
        evidence = made.plan.bank.step(evidence, (*state.predictions.total, *state.outcomes.total), float(turn))
        evaluation = evaluate(made.plan, state.predictions.windows(1000.0), state.outcomes.windows(1000.0))
        found = {component.name for component, listed in alarmed(made.plan, evaluation, evidence).discoveries if listed}
        assert found == ({"alike", "odd", "size_rent_correlation"} if factor < 0 else set())
    reading = {r.component.name: r for r in evaluation.components}
    assert reading["alike"].effect > 0.1
    assert max(reading["size"].effect, reading["rent"].effect) < 0.02
    correlation = next(c for c in profile.components if c.name == "size_rent_correlation").reference.moments.mean
    assert correlation == pytest.approx(0.8, abs=0.05)


# -- what holds of all


@every_one
def test_what_is_learned_is_the_same_in_any_order_and_after_it_was_saved(extractor):
    data = rows().tolist()
    fitted = extractor.fit(data, 5)
    assert fitted == extractor.fit(data[::-1], 5)
    again = msgspec.json.decode(msgspec.json.encode(fitted), type=type(fitted))
    assert again == fitted
    assert scores(again, rows(20, seed=2)) == scores(fitted, rows(20, seed=2))
    if isinstance(extractor, KernelSimilarity):
        assert extractor.fit(data, 6) != fitted


@pytest.mark.parametrize("name", FILLED)
def test_units_of_the_numbers_change_nothing(name):
    scale, shift = np.array([1000, 0.001, 3, 5, 1]), np.array([0, 3, -70, 0.1, 0])
    before = scores(JOINT[name].fit(rows().tolist(), 0), rows(20, seed=1))
    after = scores(JOINT[name].fit((rows() * scale + shift).tolist(), 0), rows(20, seed=1) * scale + shift)
    assert after == pytest.approx(before, rel=1e-5, abs=1e-5)


@of_vectors
def test_mappings_lists_arrays_and_rows_of_tables_are_the_same_vectors(extractor):
    names = ["b", "a", "d", "c", "e"]
    places = np.argsort(names)
    mappings = [dict(zip(names, row, strict=True)) for row in rows().tolist()]
    by_name, by_place = extractor.fit(mappings, 1), extractor.fit(rows()[:, places].tolist(), 1)
    for row, mapping in zip(rows()[:, places], mappings[:10], strict=False):
        wanted = by_place.extract(row.tolist())
        assert by_name.extract({**mapping, "else": "ignored"}) == wanted
        assert by_place.extract(row) == by_place.extract(tuple(row)) == by_place.extract(row[None]) == wanted
    chosen = msgspec.structs.replace(extractor, features=("d", "a")).fit(mappings, 0)
    assert chosen.extract(mappings[0]) == chosen.extract({"a": mappings[0]["a"], "d": mappings[0]["d"]})


@pytest.mark.parametrize("hole", [None, float("nan")])
def test_a_missing_number_is_the_mean_where_rows_are_read_and_makes_a_vector_missing_where_embeddings_are(hole):
    mean = rows().mean(axis=0).tolist()
    for name, extractor in JOINT.items():
        fitted = extractor.fit(rows().tolist(), 0)
        found = fitted.extract([mean[0], hole, *mean[2:]])
        assert found == (pytest.approx(fitted.extract(mean), abs=1e-9) if name in FILLED else None)
        assert fitted.extract(None) is None
        assert fitted.extract([hole] * 5) is None


@pytest.mark.parametrize(
    ("datum", "message"),
    [
        ([1, 2, 3, 4], "has 4 numbers, the reference has 5"),
        ([None, 2, 3], "has 3 numbers, the reference has 5|^$"),
        ([], "has 0 numbers"),
        ([1, 2, None, 4, float("inf")], "infinite"),
        ([1, 2, 3, 4, "5"], "holds numbers, and this one"),
        ([1, 2, 3, 4, 10**400], "308 digits"),
        ("12345", "list of numbers, and this is a str"),
        (7, "list of numbers"),
        ({"a": 1}, "has 1 numbers"),
    ],
    ids=repr,
)
@pytest.mark.parametrize("name", FILLED)
def test_what_is_no_row_of_the_references_is_refused_with_its_reason(name, datum, message):
    fitted = JOINT[name].fit(rows().tolist(), 0)
    with pytest.raises(ValueError, match=message):
        fitted.extract(datum)


@every_one
def test_an_extractor_that_has_learned_nothing_says_so(extractor):
    assert isinstance(extractor, LearningExtractor)
    with pytest.raises(ValueError, match="has not been fitted"):
        extractor.extract([1.0, 2.0])


@every_one
@pytest.mark.parametrize("far", [1e20, 1.7e308, -1.7e308, 10**300])
def test_numbers_near_the_end_of_floats_give_a_finite_number(extractor, far):
    assert np.isfinite(extractor.fit(rows().tolist(), 0).extract([far] * 5))


@every_one
@pytest.mark.parametrize(
    ("data", "message"),
    [
        ([], "0 usable data and"),
        ([None, [float("nan")] * 2] * 5, "0 usable data and"),
        ([[1.0, "a"]] * 9, "of 9 refused the first"),
        ([[1e308, 2.0], [-1e308, 1.0]] * 9, "not finite|no finite mean"),
    ],
    ids=lambda value: value[:20] if isinstance(value, str) else "data",
)
def test_a_reference_that_nothing_can_be_learned_from_is_refused_with_its_reason(extractor, data, message):
    with pytest.raises(ValueError, match=message):
        extractor.fit(data, 0)


@pytest.mark.parametrize(
    ("extractor", "data", "message"),
    [
        (PcaReconstructionError(), [[1.0], [2.0]], "takes 2"),
        (PcaReconstructionError(), [{"x": 1.0, "y": None}] * 3, "no number of y"),
        (KernelSimilarity(), [[1.0, None]] * 3, "no number of place 1"),
        (KernelSimilarity(), [[1.0] * 4097] * 3, "1 to 4096"),
        (CentroidDistance("cosine"), [[1.0, -1.0], [-1.0, 1.0]], "has no direction"),
        (Correlation((0, "y")), [[1.0, 2.0]] * 3, "0 usable data"),
        (Correlation(("x", "y")), [{"x": 1.0, "y": 3}, {"x": 1.0, "y": 2}], "x is constant"),
        (Correlation(("x", "y")), [{"x": 1.0, "y": "3"}] * 3, "y is '3', and only numbers correlate"),
    ],
    ids=str,
)
def test_what_only_one_of_them_cannot_learn_from_is_refused_too(extractor, data, message):
    with pytest.raises(ValueError, match=message):
        extractor.fit(data, 0)


@of_vectors
def test_constant_and_repeated_numbers_are_no_obstacle(extractor):
    awkward = np.column_stack([rows(200, 3), rows(200, 3)[:, 0] * 2, np.full(200, 0.1), np.zeros(200)])
    fitted = extractor.fit(awkward.tolist(), 0)
    assert np.isfinite(scores(fitted, awkward)).all()
    equal = extractor.fit([[0.1, 7.0]] * 40, 0)
    assert equal.extract([0.1, 7.0]) == pytest.approx(1 if isinstance(extractor, KernelSimilarity) else 0, abs=1e-9)


def test_at_least_one_component_is_left_out():
    independent = normal(np.eye(2), 500)
    fitted = PcaReconstructionError(0.99).fit(independent.tolist(), 0)
    assert fitted.fitted.directions.shape == (1, 2)
    assert min(scores(fitted, independent)) > 0


def test_a_vector_of_zeros_has_no_direction():
    fitted = CentroidDistance("cosine").fit(rows().tolist(), 0)
    assert fitted.extract([0, 0, 0, 0, 0]) is None
    assert fitted.extract((rows().mean(axis=0) * 1e-300).tolist()) == pytest.approx(0, abs=1e-12)
    assert fitted.extract((-rows().mean(axis=0)).tolist()) == pytest.approx(2)


@pytest.mark.parametrize("width", [500, 3072])
def test_embeddings_of_thousands_of_numbers_are_read_and_what_is_kept_of_them_is_bounded(width):
    embeddings = np.random.default_rng(0).normal(size=(60, width)).astype(np.float32)
    for name in ("centroid_distance", "centroid_distance cosine", *(FILLED if width < 1000 else ())):
        fitted = JOINT[name].fit(embeddings, 0)
        assert np.isfinite(fitted.extract(embeddings[0].tolist()))
        assert len(msgspec.json.encode(fitted)) < 1_500_000


def test_what_is_kept_of_a_large_reference_is_no_more_than_of_a_small_one():
    large, small = (np.random.default_rng(0).normal(size=(n, 4)) for n in (25_000, 500))
    for extractor in JOINT.values():
        sizes = [len(msgspec.json.encode(extractor.fit(data, 0))) for data in (large, small)]
        assert max(sizes) < 8_000
        assert sizes[0] == pytest.approx(sizes[1], rel=0.2)


def test_of_very_long_vectors_fewer_are_read(monkeypatch):
    monkeypatch.setattr(vectors, "CELLS", 4 * 300)
    _, matrix = vectors.learn(with_holes(rows(1000, 4)).tolist(), (), 0, 1, fill=True)
    assert matrix.shape == (300, 4)


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("pca_reconstruction_error", {"explained": 0}),
        ("pca_reconstruction_error", {"explained": 1.0}),
        ("pca_reconstruction_error", {"components": 0}),
        ("kernel_similarity", {"frequencies": 0}),
        ("kernel_similarity", {"frequencies": 1025}),
        ("kernel_similarity", {"bandwidth": 0}),
        ("kernel_similarity", {"bandwidth": -1.0}),
        ("centroid_distance", {"metric": "manhattan"}),
        ("correlation", {}),
        ("correlation", {"of": ["a"]}),
        ("correlation", {"of": ["a", "b", "c"]}),
        ("correlation", {"of": ["a", ["b", 0.5]]}),
    ],
)
def test_options_that_make_no_sense_are_refused(name, options):
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert(options, DATA[name])


@pytest.mark.parametrize("name", JOINT)
def test_a_damaged_profile_is_refused_when_it_is_loaded(name):
    fitted = msgspec.to_builtins(JOINT[name].fit(rows().tolist(), 0))
    other = msgspec.to_builtins(JOINT[name].fit(rows(width=4).tolist(), 0))
    kind = DATA[name.split()[0]]
    damaged = {
        "pca_reconstruction_error": {"space": other["fitted"].get("space")},
        "kernel_similarity": {"directions": other["fitted"].get("directions"), "space": fitted["fitted"].get("space")},
        "centroid_distance": {"scale": other["fitted"].get("scale")},
        "correlation": {"deviations": [0.0, 1.0]},
    }[name.split()[0]]
    if name == "kernel_similarity":
        for wrong in ({"bandwidth": 0.0}, {"seed": -1}, {"mean": other["fitted"]["directions"]}):
            with pytest.raises(msgspec.ValidationError, match="do not fit together"):
                msgspec.convert({**fitted, "fitted": {**fitted["fitted"], **wrong}}, kind)
    with pytest.raises(msgspec.ValidationError, match=r"fit|deviation"):
        msgspec.convert({**fitted, "fitted": {**fitted["fitted"], **damaged}}, kind)


ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=6) | st.dictionaries(st.text(max_size=2), inner, max_size=6),
    max_leaves=8,
)


@settings(derandomize=True, deadline=None, max_examples=200)
@given(ANYTHING | st.lists(st.floats(), min_size=5, max_size=5))
def test_any_datum_gives_a_finite_number_nothing_or_a_reason(datum):
    for extractor in FITTED:
        try:
            found = extractor.extract(datum)
        except ValueError:
            continue
        assert found is None or np.isfinite(found)


FITTED = [extractor.fit(rows().tolist(), 0) for extractor in JOINT.values()]


def test_profiles_in_python_read_joint_changes_from_tables():
    pairs = pd.DataFrame(correlated(2, 0.9, 2000), columns=["km", "fare"])
    extractors = {
        "alike": KernelSimilarity(),
        "odd": PcaReconstructionError(features=("km", "fare")),
        "apart": CentroidDistance(),
        "together": Correlation(("km", "fare")),
    }
    profile = ModelProfile("taxi", "1", [InputComponent(name, extractor) for name, extractor in extractors.items()])
    profile.build(input=pairs)
    turned = profile.observe(input=pairs * [1, -1])
    found = {c.reference.name: c.drifted for c in profile.contrast(turned).contrast.components}
    assert found == {"alike": "bad", "odd": "bad", "apart": "good", "together": "bad"}
