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
"""
RULE = "job_model_component:model_drift_score:psi_increase1h"


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
        stack.prometheus(prometheus, tmp_path, config, rules, SPEED) as scraping,
    ):
        empty = "count(model_component_observations_total == 0)"
        stack.eventually("all are scraped, empty", lambda: scraping.value(empty) == 3 * len(COMPONENTS))
        time.sleep(2)
        written = time.time()
        live = records(rng, 3000, shift=0.5)
        for name, share in zip(names, (live, live[::2], live[1::2]), strict=True):
            stack.write(tmp_path / f"{name}.jsonl", share)
        last = written + HOUR - 1
        stack.eventually("the window is over", lambda: time.time() > last + 1)
        assert scraping.value("min(model_predictions_total)", at=last) == 1500
        return scraping.values(RULE, at=last), scraping.values('model_drift_score{statistic="psi"}', at=last)


@pytest.mark.slow
def test_the_rules_population_stability_index_is_the_exporters(readings):
    rule, scores = readings
    own = by_component(scores, job="whole")
    assert own.keys() == COMPONENTS
    assert min(own.values()) > 0.001
    assert by_component(rule, job="whole") == pytest.approx(own, rel=0, abs=1e-6)


@pytest.mark.slow
def test_of_two_replicas_the_rule_makes_the_index_of_one_that_has_read_everything(readings):
    rule, scores = readings
    whole = by_component(scores, job="whole")
    assert whole.keys() == COMPONENTS
    assert by_component(rule, job="replicas") == pytest.approx(whole, rel=0, abs=1e-6)
