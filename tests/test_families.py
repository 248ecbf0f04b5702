"""What a scrape says of a model: every number, read back from the lines, against the state it came from."""

import math
from collections import Counter, defaultdict
from dataclasses import replace

import numpy as np
import pytest
import shop
from prometheus_client.parser import text_string_to_metric_families as parse_text
from shop import read

from exporter import catalog
from exporter.catalog import METRICS
from exporter.engine import Engine
from exporter.evaluate import QUANTILES, evaluate
from exporter.exposition.families import ModelLines, ordered, overflow, own_families
from exporter.exposition.negotiate import Format
from exporter.exposition.render import render
from exporter.plan import plan, plug_ins
from exporter.profile import ComponentSpec, ProfileSpec, build, columns_of
from exporter.windows import WindowSpec

WINDOWS = (WindowSpec("1h", 3600.0), WindowSpec("500 rows", None, 500))
PLAN = shop.planned(WINDOWS)
MODEL = {"model": "shop", "version": "1.0.0"}
KINDS = {metric.name: metric.kind for metric in METRICS}


def exposed(engine, evaluation=None):
    """All samples of a model."""
    return read(render(ordered(list(ModelLines(engine.plan).families(engine.state, evaluation))), Format.TEXT))


def value(found, name, /, **labels):
    return found[name, tuple(sorted((MODEL | labels).items()))]


def labelled(found, name, **labels):
    """Samples of a name with these labels, by the labels that are left."""
    wanted = (MODEL | labels).items()
    return {
        tuple(v for k, v in key[1] if (k, v) not in wanted): sample
        for key, sample in found.items()
        if key[0] == name and wanted <= dict(key[1]).items()
    }


def evaluation_of(engine, now=1000.0):
    return evaluate(engine.plan, engine.state.predictions.windows(now), engine.state.outcomes.windows(now))


@pytest.fixture(scope="module")
def engine():
    """An engine after a log with everything in it."""
    log = shop.records(700, seed=4)
    log += [{"error": "boom", "latency_seconds": 3.0}] * 3
    log += [row | {"id": f"bad {row['id']}", "input": {"size": -1, "change": 9, "colour": "x"}} for row in log[:5]]
    log += [{"id": "late", "output": {"price": 1, "sold": "no"}}, {"id": "none", "actual": {}}]
    log += [{"id": "late", "actual": {"price": 3, "sold": "yes"}}] * 2
    return shop.engine(log, windows=WINDOWS)


@pytest.fixture(scope="module")
def found(engine):
    return exposed(engine, evaluation_of(engine))


def test_service_counters_are_those_of_the_state(engine, found):
    assert value(found, "model_predictions_total") == engine.state.count == 709
    assert value(found, "model_prediction_failures_total") == 3
    assert value(found, "model_prediction_latency_seconds_count") == 708
    assert value(found, "model_prediction_latency_seconds_bucket", le="2.5") == 705
    assert value(found, "model_last_prediction_timestamp_seconds") == 1000.0


def test_actuals_are_counted_with_those_that_wait_and_those_that_are_repeated(found):
    assert value(found, "model_actuals_total") == 708
    assert value(found, "model_actuals_duplicate_total") == 1
    assert value(found, "model_actuals_unmatched_total") == 0
    assert value(found, "model_predictions_unlabelled_total") == 0
    assert value(found, "model_predictions_pending") == 0
    assert value(found, "model_actual_delay_seconds_count") == 1


def test_every_component_has_its_counters(engine, found):
    for stream, components in (
        (engine.state.predictions, PLAN.prediction_components),
        (engine.state.outcomes, PLAN.outcome_components),
    ):
        for summary, component in zip(stream.total, components, strict=True):
            here = {"component": component.name, "role": component.role}
            assert value(found, "model_component_observations_total", **here) == summary.presence.rows
            invalid = labelled(found, "model_component_invalid_total", **here)
            assert invalid == {(name,): count for name, count in summary.presence.reasons().items()}
            if summary.categories is not None:
                counts = labelled(found, "model_component_category_total", **here)
                assert counts == {(name,): summary.categories[name] for name in summary.categories.labels}
            else:
                assert value(found, "model_component_value_count", **here) == summary.n
                assert value(found, "model_component_value_sum", **here) == summary.moments.total
                edges = [*summary.histogram.grid.outer_edges, math.inf]
                buckets = labelled(found, "model_component_value_bucket", **here)
                assert [float(le) for (le,) in buckets] == edges
                assert list(buckets.values()) == summary.histogram.outer_cumulative().tolist()


def test_a_confusion_matrix_is_counted_by_both_classes_and_not_as_categories():
    made = Engine(plan(shop.wide(), WINDOWS))
    for batch in shop.batches(made.plan.schema, shop.records(500)):
        made.ingest(batch, 1000.0)
    found = exposed(made, evaluation_of(made))
    cells = labelled(found, "model_confusion_total", component="matrix")
    wanted = Counter((row["actual"]["sold"], row["output"]["sold"]) for row in shop.records(500))
    assert {pair: count for pair, count in cells.items() if count} == wanted
    assert len(cells) == 8
    for name in ("model_component_category_total", "model_reference_category_ratio"):
        assert not labelled(found, name, component="matrix")
    assert value(found, "model_component_observations_total", component="matrix", role="eval") == 500
    missed = cells["no", "yes"] + cells["yes", "no"]
    f1 = [2 * cells[name, name] / (2 * cells[name, name] + missed) for name in ("no", "yes")]
    assert value(found, "model_score", score="macro_f1", window="1h") == pytest.approx(sum(f1) / 2)


def test_invalid_values_are_counted_by_reason(found):
    here = {"component": "size", "role": "input"}
    assert value(found, "model_component_invalid_total", reason="below", **here) == 5
    assert value(found, "model_component_invalid_total", reason="missing", **here) == 1
    assert value(found, "model_component_invalid_total", reason="above", component="change", role="input") == 5
    assert value(found, "model_component_invalid_total", reason="unseen", component="colour", role="input") == 5


def test_the_window_and_reference_shares_of_a_histogram_join_bucket_by_bucket(found):
    """The recording rule that measures drift in PromQL joins `upper` of the one to `le` of the other."""
    here = {"component": "change", "role": "input"}
    reference = labelled(found, "model_reference_bucket_ratio", **here)
    edges = [le for (le,) in labelled(found, "model_component_value_bucket", **here)]
    assert [upper for _, upper in reference] == edges
    assert [lower for lower, _ in reference] == ["-Inf", *edges[:-1]]
    assert list(reference.values())[-1] == 1.0
    assert list(reference.values()) == sorted(reference.values())


def test_reference_shares_of_categories_sum_to_one_and_name_the_same_categories_as_the_counter(found):
    here = {"component": "colour", "role": "input"}
    reference = labelled(found, "model_reference_category_ratio", **here)
    assert sum(reference.values()) == pytest.approx(1)
    assert set(reference) == set(labelled(found, "model_component_category_total", **here))


def test_the_profile_says_what_it_is_and_its_thresholds(found):
    (identity,) = labelled(found, "model_profile_info")
    assert identity == ("shop@1.0.0", "")
    assert value(found, "model_profile_built_timestamp_seconds") == 1_700_000_000.0
    assert value(found, "model_reference_samples", component="size", role="input") == 2000
    assert value(found, "model_drift_threshold", component="size", role="input", statistic="psi") == 0.25
    assert value(found, "model_score_preference", score="mean_absolute_error") == -1
    assert value(found, "model_score_preference", score="accuracy") == 1
    accuracy = shop.profile().scores[1]
    assert value(found, "model_score_reference", score="accuracy") == accuracy.reference
    assert value(found, "model_score_threshold", score="accuracy") == accuracy.threshold


def test_readings_are_exposed_by_window_and_unknown_ones_are_absent(engine, found):
    evaluation = evaluation_of(engine)
    drift = {
        (r.component.name, r.component.role, name, r.window): number
        for r in evaluation.components
        for name, number in r.drift.items()
        if not math.isnan(number)
    }
    assert labelled(found, "model_drift_score") == drift
    assert ("size", "input", "psi", "1h") in drift
    assert len(labelled(found, "model_window_samples")) == len(evaluation.components) == 22
    quantiles = labelled(found, "model_component_quantile", component="size", role="input", window="1h")
    assert [float(share) for (share,) in quantiles] == list(QUANTILES)
    assert labelled(found, "model_score") == {(s.name, s.window): s.found.value for s in evaluation.scores}
    assert labelled(found, "model_score_samples") == {(s.name, s.window): s.found.samples for s in evaluation.scores}
    assert labelled(found, "model_score_lower") == {(s.name, s.window): s.found.lower for s in evaluation.scores}
    assert labelled(found, "model_score_upper") == {(s.name, s.window): s.found.upper for s in evaluation.scores}
    assert labelled(found, "model_drifted_components_ratio") == {(w,): share for w, share in evaluation.drifted.items()}


def test_before_any_record_every_counter_and_histogram_is_there_and_zero(found):
    """A counter that appears with its first event has no increase that a rule could see."""
    start = exposed(Engine(PLAN))
    counted = [key for key in found if KINDS.get(key[0], "histogram") in ("counter", "histogram")]
    assert len(counted) > 200
    assert {key: start.get(key) for key in counted} == dict.fromkeys(counted, 0.0)


def test_before_any_record_no_score_drift_quantile_or_last_prediction_is_invented():
    empty = Engine(PLAN)
    names = {name for name, _ in exposed(empty, evaluation_of(empty))}
    gauges = {name for name in names if KINDS.get(name) == "gauge" and "_reference" not in name}
    assert gauges == {
        "model_drift_false_alarm_budget",
        "model_drift_threshold",
        "model_drift_tolerance",
        "model_outlier_expected_ratio",
        "model_outlier_threshold",
        "model_predictions_pending",
        "model_profile_built_timestamp_seconds",
        "model_profile_info",
        "model_score_dummy",
        "model_score_preference",
        "model_score_samples",
        "model_score_threshold",
        "model_window_samples",
    }


def test_a_model_without_actuals_says_nothing_of_actuals():
    components = tuple(c for c in shop.profile().components if c.role in ("input", "output"))
    made = Engine(plan(replace(shop.profile(), components=components, scores=()), WINDOWS))
    assert not [name for name, _ in exposed(made) if "actual" in name or "pending" in name or "unlabelled" in name]


def test_every_family_is_of_the_catalogue_in_its_order_with_its_labels(engine):
    families = ordered(list(ModelLines(PLAN).families(engine.state, evaluation_of(engine))))
    places = [METRICS.index(family.metric) for family in families]
    assert places == sorted(places)
    labels = defaultdict(set)
    for family in parse_text(render(families, Format.TEXT).decode()):
        for sample in family.samples:
            labels[family.name].add(tuple(sorted(set(sample.labels) - {"le"})))
    for metric in {family.metric for family in families if family.body}:
        assert labels[metric.name.removesuffix("_total")] == {tuple(sorted(metric.labels))}


def test_a_component_with_negative_edges_keeps_its_count_and_its_sum():
    log = [row | {"input": {"change": -3.0}, "id": None} for row in shop.records(10)]
    made = shop.engine(log)
    here = {"component": "change", "role": "input"}
    found = exposed(made)
    assert value(found, "model_component_value_sum", **here) == -30.0
    assert value(found, "model_component_value_count", **here) == 10
    assert value(found, "model_component_value_bucket", le="+Inf", **here) == 10


def test_infinities_are_in_buckets_and_not_in_the_sum():
    made = shop.engine([{"input": {"size": size}, "output": {}} for size in (1.5, math.inf, -math.inf)])
    found, here = exposed(made), {"component": "size", "role": "input"}
    assert value(found, "model_component_value_sum", **here) == 1.5
    assert value(found, "model_component_value_count", **here) == 3
    buckets = list(labelled(found, "model_component_value_bucket", **here).values())
    assert (buckets[0], buckets[-2], buckets[-1]) == (1, 2, 3)


# -- categories that are hard to write down


def with_colours(colours, limit=50, categories=1000):
    """An engine of a model with these categories, each as often as its place, after a log of each once and one more."""
    rows = [{"input": {"colour": colour}} for place, colour in enumerate(colours, 1) for _ in range(place)]
    spec = ProfileSpec("shop", "1.0.0", [ComponentSpec("colour", "input.colour", dtype="category")])
    profile = build(spec, columns_of(spec, shop.lines(rows).splitlines()), 0.0, categories)
    made = Engine(plan(profile, (), categories=limit))
    for batch in shop.batches(made.plan.schema, [{"input": {"colour": c}} for c in [*colours, "never seen"]]):
        made.ingest(batch, 0.0)
    return made


def categories(made, name="model_component_category_total"):
    return {key: sample for (key,), sample in labelled(exposed(made), name, component="colour", role="input").items()}


HOSTILE = ['a"quote', "new\nline", "back\\slash", "tab\tnul\0", "żółć \u2028 😀", "{}=,", "", " ", "__name__", "NaN"]


def test_hostile_categories_are_read_back_as_they_are():
    found = categories(with_colours(HOSTILE))
    assert found == dict.fromkeys(HOSTILE, 1.0) | {"__other__": 1.0}


def test_a_category_that_is_called_as_the_rest_is_becomes_one_series_with_it():
    made = with_colours(["red", "__other__"])
    assert categories(made) == {"red": 1.0, "__other__": 2.0}
    assert categories(made, "model_reference_category_ratio") == {"red": 1 / 3, "__other__": 2 / 3}


def test_categories_that_differ_only_behind_the_cut_are_one_series():
    names = ["x" * 256 + tail for tail in ("a", "b", "")]
    made = with_colours([*names, "y" * 300])
    assert categories(made) == {"x" * 256: 3.0, "y" * 256: 1.0, "__other__": 1.0}
    shares = categories(made, "model_reference_category_ratio")
    assert shares == {"x" * 256: 0.6, "y" * 256: 0.4, "__other__": 0.0}


@pytest.mark.parametrize("capped", [{"limit": 2}, {"categories": 2}])
def test_more_categories_than_the_cap_are_counted_under_other_and_said_to_be(capped):
    made = with_colours(["a", "b", "c", "d"], **capped)
    assert categories(made) == {"d": 1.0, "c": 1.0, "__other__": 3.0}
    assert overflow(made.plan, made.state) == 3
    shares = categories(made, "model_reference_category_ratio")
    assert shares == {"d": 0.4, "c": 0.3, "__other__": pytest.approx(0.3)}
    reasons = labelled(exposed(made), "model_component_invalid_total", component="colour", role="input")
    assert sum(reasons.values()) == 0  # what is beyond the cap may be one of the reference's


def test_an_unseen_category_is_no_overflow_where_all_are_counted():
    made = with_colours(["a", "b"])
    assert overflow(made.plan, made.state) == 0
    reasons = labelled(exposed(made), "model_component_invalid_total", component="colour", role="input")
    assert reasons["unseen",] == 1


def test_a_cap_never_lets_a_component_have_more_series_than_the_cap_and_one():
    made = with_colours([f"colour {number}" for number in range(60)], limit=7)
    assert len(categories(made)) == 8


# -- the exporter's own


def test_own_series_are_in_the_order_of_the_catalogue_with_their_labels_in_the_declared_order():
    families = list(
        own_families(
            {
                (catalog.RECORDS_REJECTED.name, (("reason", "not_json"), ("source", "b"))): 2.0,
                (catalog.RECORDS_REJECTED.name, (("reason", "not_json"), ("source", "a"))): 1.0,
                (catalog.RECORDS.name, (("source", "a"),)): 7.0,
                (catalog.QUEUE.name, ()): 0.0,
                (catalog.SOURCE_LAG_SECONDS.name, (("source", "a"),)): math.nan,
            }
        )
    )
    assert "".join(family.body for family in families).splitlines() == [
        'prediction_exporter_records_total{source="a"} 7',
        'prediction_exporter_records_rejected_total{source="a",reason="not_json"} 1',
        'prediction_exporter_records_rejected_total{source="b",reason="not_json"} 2',
        "prediction_exporter_queue_batches 0",
    ]


def test_the_plug_ins_of_a_plan_are_all_that_can_fail():
    used = Counter(kind for kind, _ in plug_ins(PLAN))
    assert used == {"drift": 6, "score": 4, "extractor": 3}
    assert ("score", "accuracy") in plug_ins(PLAN)
    assert ("extractor", "correct") in plug_ins(PLAN)


def test_rendering_does_not_change_what_it_reads(engine):
    before = [np.copy(s.categories.counts) for s in engine.state.predictions.total if s.categories is not None]
    exposed(engine, evaluation_of(engine))
    after = [s.categories.counts for s in engine.state.predictions.total if s.categories is not None]
    assert all(np.array_equal(a, b) for a, b in zip(before, after, strict=True))
