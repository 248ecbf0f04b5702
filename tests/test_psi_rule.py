"""The PSI that our recording rules compute from exported counts, beside the exporter's own, on a real Prometheus.

Time passes 180 times as fast as in production: the rules' window of an hour is 20 seconds. The exporters start with an
empty log, so the counters' values of a window ago are known to be zero; the records arrive all at once, and the rules
are asked what they said just before the records leave their window. The exporters' windows hold all records then, too.
"""

import time

import numpy as np
import pytest
import stack

SPEED = 180
HOUR = 3600 / SPEED
SPEC = """
name: fares
version: "1"
components:
  - {name: offset, element: input.offset, dtype: float}
  - {name: amount, element: input.amount, dtype: float, domain: [0, 100000000]}
  - {name: rides, element: input.rides, dtype: int}
  - {name: colour, element: input.colour, dtype: category}
  - {name: member, element: input.member, dtype: bool}
  - {name: fare, element: output.fare, dtype: float}
  - {name: fare, element: actual.fare, dtype: float}
  - {name: error, role: eval, extractor: {absolute_error: {output: fare, actual: fare}}, dtype: float}
"""
COMPONENTS = {
    ("offset", "input"),
    ("amount", "input"),
    ("rides", "input"),
    ("colour", "input"),
    ("member", "input"),
    ("fare", "output"),
    ("fare", "actual"),
    ("error", "eval"),
}
CATEGORIES = {("colour", "input"), ("member", "input")}
CONFIG = """
evaluation_interval: 200ms
models:
  - {{profile: profiles/fares@1.json, windows: [24h]}}
sources:
  - file: {{path: {log}}}
"""
PROMETHEUS = """
global: {{scrape_interval: 100ms, evaluation_interval: 500ms}}
rule_files: [rules/*.yml]
scrape_configs:
  - job_name: whole
    static_configs: [{{targets: ["{whole}"]}}]
  - job_name: replicas
    static_configs: [{{targets: ["{left}", "{right}"]}}]
  - job_name: both
    convert_classic_histograms_to_nhcb: true
    always_scrape_classic_histograms: true
    static_configs: [{{targets: ["{whole}"]}}]
  - job_name: native
    convert_classic_histograms_to_nhcb: true
    static_configs: [{{targets: ["{whole}"]}}]
"""
RULE = '{__name__=~"job_model_component:model_drift_score:.*_increase1h"}'
LATENCY = "job_model:model_prediction_latency_seconds:p95_rate10m"


def records(rng, count, shift):
    """Rides: negative numbers, numbers over a million, counts, missing values and categories; `shift` moves all."""
    colours = ["red", "green", "blue", "none" if shift else "red"]
    return [
        {
            "id": rng.bytes(8).hex(),
            "input": {
                "offset": rng.normal(-2 + shift, 2),
                "amount": float(rng.lognormal(12 + shift, 2)),
                "rides": int(rng.poisson(1 + shift)),
                "colour": str(rng.choice(colours)),
                "member": None if rng.random() < 0.02 else bool(rng.random() < 0.4 + shift / 4),
            },
            "output": {"fare": (fare := rng.gamma(3, 5))},
            "actual": {"fare": fare + rng.normal(0, 1 + shift)},
            "latency_seconds": rng.gamma(2, 0.05),
        }
        for _ in range(count)
    ]


def by_component(found, **wanted):
    """Values by (component, role) of the series with these labels."""
    return {(labels["component"], labels["role"]): value for labels, value in found if wanted.items() <= labels.items()}


@pytest.fixture(scope="module")
def readings(tmp_path_factory):
    """The rule's values and the exporters' own scores, as (labels, value) of one moment."""
    tmp_path, rng = tmp_path_factory.mktemp("stack"), np.random.default_rng(7)
    stack.built_profile(tmp_path, SPEC, records(rng, 4000, shift=0))
    names = ("whole", "left", "right")
    for name in names:
        (tmp_path / f"{name}.yml").write_text(CONFIG.format(log=f"{name}.jsonl"))
        (tmp_path / f"{name}.jsonl").touch()
    *addresses, prometheus = stack.free_addresses(4)
    whole, left, right = addresses
    config = PROMETHEUS.format(whole=whole, left=left, right=right)
    rules = [stack.ROOT / "prometheus" / "rules" / "recording.yml"]
    with (
        stack.exporter(whole, tmp_path, "whole.yml"),
        stack.exporter(left, tmp_path, "left.yml"),
        stack.exporter(right, tmp_path, "right.yml"),
        stack.prometheus(prometheus, tmp_path, config, rules, SPEED, "--enable-feature=native-histograms") as scraping,
    ):
        empty = "count(model_component_observations_total == 0)"
        stack.eventually("all are scraped, empty", lambda: scraping.value(empty) == 5 * len(COMPONENTS))
        time.sleep(2)
        written = time.time()
        live = records(rng, 3000, shift=0.5)
        for name, share in zip(names, (live, live[::2], live[1::2]), strict=True):
            stack.write(tmp_path / f"{name}.jsonl", share)
        last = written + HOUR - 1
        stack.eventually("the window is over", lambda: time.time() > last + 1)
        assert scraping.value("min(model_predictions_total)", at=last) == 1500
        latency = {
            labels["job"]: value for labels, value in scraping.values(f"max_over_time({LATENCY}[{HOUR:.0f}s])", at=last)
        }
        return scraping.values(RULE, at=last), scraping.values("model_drift_score", at=last), latency


def of(rule, statistic, job):
    """What the rules say of a statistic."""
    return by_component(rule, __name__=f"job_model_component:model_drift_score:{statistic}_increase1h", job=job)


@pytest.mark.slow
@pytest.mark.parametrize("job", ["whole", "replicas", "both"])
@pytest.mark.parametrize("statistic", ["psi", "jensen_shannon", "total_variation"])
def test_a_distance_of_the_rules_is_that_of_one_exporter_that_has_read_everything(readings, statistic, job):
    rule, scores, _ = readings
    own = by_component(scores, job="whole", statistic=statistic)
    assert own.keys() == (COMPONENTS if statistic != "total_variation" else CATEGORIES)
    assert min(own.values()) > 0.001
    assert of(rule, statistic, job) == pytest.approx(own, rel=0, abs=1e-6)


@pytest.mark.slow
def test_at_the_exposed_edges_the_largest_difference_is_next_to_that_of_the_fine_grid(readings):
    rule, scores, _ = readings
    own = by_component(scores, job="whole", statistic="kolmogorov_smirnov")
    found = of(rule, "kolmogorov_smirnov", "replicas")
    assert found.keys() == own.keys() == COMPONENTS - CATEGORIES
    for component, value in found.items():
        assert own[component] - 0.1 < value <= own[component] + 1e-6


@pytest.mark.slow
def test_of_native_histograms_alone_the_latency_is_known_and_the_distances_of_a_fleet_are_absent(readings):
    rule, _, latency = readings
    assert latency.keys() == {"whole", "replicas", "both", "native"}
    assert latency["native"] == pytest.approx(latency["whole"], rel=0.05)
    assert of(rule, "psi", "native").keys() == CATEGORIES
    assert of(rule, "kolmogorov_smirnov", "native") == {}
