"""What Prometheus records of a fleet is what an exporter says: real programs, two replicas beside one that reads all.

An hour of the rules is fifteen seconds here.
"""

import contextlib

import numpy as np
import pytest
import shop
import stack
from bundle import ROOT

SPEED = 240
HOUR = 3600 / SPEED
SPEC = """
name: shop
version: "1"
components:
  - {name: size, element: input.size, dtype: float}
  - {name: colour, element: input.colour, dtype: category}
  - {name: sold, element: output.sold, dtype: category}
  - {name: price, element: output.price, dtype: float}
  - {name: sold, element: actual.sold, dtype: category}
  - {name: price, element: actual.price, dtype: float}
  - {name: error, role: eval, extractor: {absolute_error: {output: price, actual: price}}}
  - {name: cell, role: eval, extractor: {classification_error_type: {output: sold, actual: sold, positive: "yes"}}}
  - name: table
    role: eval
    extractor: {confusion: {output: sold, actual: sold, classes: ["yes", "no"]}}
    dtype: category
scores:
  - {name: mean_absolute_error, input: error}
  - {name: accuracy, input: cell}
  - {name: precision, input: cell}
  - {name: recall, input: cell}
  - {name: f1, input: cell}
"""
CONFIG = """
evaluation_interval: 200ms
models:
  - {profile: shop@1.json, windows: [1h]}
sources:
  - file: {path: log.jsonl, poll_interval: 0.05}
"""
PROMETHEUS = """
global: {{scrape_interval: 500ms, evaluation_interval: 500ms}}
rule_files: [rules/*.yml]
scrape_configs:
  - job_name: replicas
    static_configs: [{{targets: ["{a}", "{b}"]}}]
  - job_name: classic
    static_configs: [{{targets: ["{whole}"]}}]
  - job_name: both
    convert_classic_histograms_to_nhcb: true
    always_scrape_classic_histograms: true
    static_configs: [{{targets: ["{whole}"]}}]
  - job_name: native
    convert_classic_histograms_to_nhcb: true
    static_configs: [{{targets: ["{whole}"]}}]
"""
DISTANCES = ("psi", "jensen_shannon", "total_variation")
OWN_SCORES = {
    "job_model_component:model_component_value:mean_increase1h": ("mean_absolute_error", 'component="error"'),
    "job_model_component:model_confusion:accuracy_increase1h": ("accuracy", 'component="table"'),
    "job_model_component_class:model_confusion:precision_increase1h": ("precision", 'class="yes"'),
    "job_model_component_class:model_confusion:recall_increase1h": ("recall", 'class="yes"'),
    "job_model_component_class:model_confusion:f1_increase1h": ("f1", 'class="yes"'),
}


def records(rng, count, size=10.0, wrong=0.1):
    """Predictions with their actuals."""
    for number, (large, colour, sold, error, off, latency) in enumerate(
        zip(
            rng.normal(size, 3, count).tolist(),
            rng.choice(["red", "green", "blue"], count, p=(0.5, 0.3, 0.2) if size == 10 else (0.3, 0.3, 0.4)).tolist(),
            (rng.random(count) < 0.4).tolist(),
            (rng.random(count) < wrong).tolist(),
            rng.normal(0, 1, count).tolist(),
            rng.lognormal(-1, 1, count).tolist(),
            strict=True,
        )
    ):
        said, right = ("yes" if each else "no" for each in (sold, sold ^ error))
        yield {
            "id": f"{rng.integers(2**40)}-{number}",
            "input": {"size": large, "colour": colour},
            "output": {"sold": said, "price": 2 * large},
            "actual": {"sold": right, "price": 2 * large + off},
            "latency_seconds": latency,
        }


@pytest.fixture
def site(tmp_path):
    """Run exporters and Prometheus for an hour without traffic; gives Prometheus, and what logs and reads."""
    rng = np.random.default_rng(8)
    profile = stack.built_profile(tmp_path, SPEC, list(records(rng, 3000)))
    addresses = dict(zip(("a", "b", "whole", "prometheus"), stack.free_addresses(4), strict=True))
    with contextlib.ExitStack() as running:
        exporters = {}
        for name in ("a", "b", "whole"):
            folder = tmp_path / name
            folder.mkdir()
            (folder / "exporter.yml").write_text(CONFIG)
            (folder / "shop@1.json").write_bytes(profile.read_bytes())
            (folder / "log.jsonl").touch()
            exporters[name] = running.enter_context(stack.exporter(addresses[name], folder))
        rules = [ROOT / "prometheus/rules" / name for name in ("recording.yml", "burn_rates.yml")]
        # Prometheus 3.8 and later need no flag, and take it.
        flag = "--enable-feature=native-histograms"
        prometheus = running.enter_context(
            stack.prometheus(addresses["prometheus"], tmp_path, PROMETHEUS.format(**addresses), rules, SPEED, flag)
        )
        past = f"count(model_predictions_total offset {HOUR:.0f}s) == 5"
        stack.eventually("an hour has passed", lambda: prometheus.value(past), 60)

        def happens():
            some = list(records(rng, 4000, size=11.0, wrong=0.15))
            for name, part in (("a", some[:2500]), ("b", some[2500:]), ("whole", some)):
                stack.write(tmp_path / name / "log.jsonl", part)
            return stack.eventually("all of it is evaluated", lambda: said(exporters["whole"], len(some)))

        yield prometheus, happens


def said(exporter, count):
    """What an exporter exposes, once it has evaluated so many outcomes; nothing before."""
    found = shop.read(exporter.get("/metrics").content)
    key = ("model_score_samples", labelled(score="accuracy", window="1h"))
    return found if found.get(key) == count else None


def labelled(**labels):
    """The labels of a series of the model, as they are read."""
    return tuple(sorted((labels | {"model": "shop", "version": "1"}).items()))


@pytest.mark.slow
def test_what_is_recorded_of_a_fleet_is_what_one_exporter_says_of_all_by_classic_and_by_native_histograms(site):
    prometheus, happens = site
    found = happens()
    expected = {
        (
            f"job_model_component:model_drift_score:{statistic}_increase1h",
            f'component="{labels["component"]}",role="{labels["role"]}"',
        ): value
        for (name, items), value in found.items()
        if name == "model_drift_score" and (labels := dict(items))["role"] in ("input", "output")
        for statistic in DISTANCES
        if labels["statistic"] == statistic
    }
    assert len(expected) == 2 * len(DISTANCES) * 2 - 2  # total variation is of categories alone
    for name, (score, labels) in OWN_SCORES.items():
        expected[name, labels] = found["model_score", labelled(score=score, window="1h")]

    def differences(job):
        """What has another value; rates of replicas add up but for what the scrapes of each extrapolate."""
        values = {place: prometheus.value(f'{place[0]}{{job="{job}",{place[1]}}}') for place in expected}
        near = {place: 0.01 if place[0] in OWN_SCORES and job == "replicas" else 1e-9 for place in expected}
        return [place for place in expected if values[place] != pytest.approx(expected[place], rel=near[place])]

    for job in ("replicas", "classic", "both"):
        stack.eventually(f"{job} has the same numbers", lambda job=job: not differences(job), HOUR)
    for job in ("replicas", "both"):
        farthest = prometheus.value(
            f'job_model_component:model_drift_score:kolmogorov_smirnov_increase1h{{job="{job}",component="size"}}'
        )
        exact = found[
            "model_drift_score",
            labelled(component="size", role="input", statistic="kolmogorov_smirnov", window="1h"),
        ]
        assert 0.8 * exact < farthest <= exact + 1e-9
    assert (
        prometheus.values('{__name__=~"job_model_component:model_drift_score:.+",job="native",component="size"}') == []
    )
    slow = {job: f'job_model:model_predictions:slow_ratio_increase1h{{job="{job}"}}' for job in ("classic", "native")}
    both = f"abs({slow['native']} - on (model) {slow['classic']}) < 1e-9 and on (model) {slow['classic']} > 0.1"
    stack.eventually("native histograms have the same share of slow predictions", lambda: prometheus.values(both))
    late = "max_over_time(job_model:model_prediction_latency_seconds:p95_rate10m[1m])"
    every = {"replicas", "classic", "both", "native"}
    stack.eventually(
        "all of them say how long one in twenty predictions takes at least",
        lambda: {labels["job"] for labels, value in prometheus.values(late) if 1 < value < 2.5} == every,
    )
    assert prometheus.values('model_prediction_latency_seconds_bucket{job="native"}') == []
