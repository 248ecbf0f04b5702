"""The rules of Prometheus, judged by the real promtool and by what the exporter exposes."""

import re
import subprocess
import sys
from collections import Counter

import numpy as np
import pytest
import yaml
from bundle import (
    ROOT,
    RULE_TESTS,
    RULES,
    alerts,
    dashboards,
    exposed,
    groupings,
    load,
    panels,
    recorded,
    records,
    rules,
    run,
    strangers,
    tool,
)

RUNBOOKS = "https://github.com/prediction-exporter/prediction-exporter/blob/main/docs/runbooks.md"
PERMANENT = {"Watchdog"}
VERSIONS = pytest.mark.parametrize("options", [(), ("--oldest",)], ids=["newest", "2.42"])
WHO = {"job": "prediction-exporter", "model": "digits", "version": "3.0.0"}


def identity(rule):
    return rule["alert"], rule["labels"]["severity"]


def test_the_rules_of_burn_rates_are_what_their_generator_writes():
    program = "import burn_rates; print(burn_rates.rendered(), end='')"
    command = [sys.executable, "-B", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT / "prometheus")
    assert done.stdout == (ROOT / "prometheus/rules/burn_rates.yml").read_text()


@pytest.mark.slow
@VERSIONS
def test_promtool_finds_no_fault_in_rules_and_configuration(options):
    program = tool("promtool", *options)
    assert run(program, "--version").startswith("promtool, version 2.42" if options else "promtool, version 3")
    run(program, "check", "rules", "--lint=all", "--lint-fatal", *RULES)
    run(program, "check", "config", "--lint=all", "--lint-fatal", "prometheus/prometheus.yml")


@pytest.mark.slow
@VERSIONS
@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.stem)
def test_alerts_fire_and_stay_silent_as_they_should(path, options):
    run(tool("promtool", *options), "test", "rules", path)


@pytest.mark.parametrize("path", RULE_TESTS, ids=lambda path: path.stem)
def test_a_rule_test_reads_the_rules_that_it_tests_and_series_as_the_exporter_exposes_them(path):
    document = load(path)
    read = {found.resolve() for pattern in document["rule_files"] for found in path.parent.glob(pattern)}
    assert read <= set(RULES)
    tested = {case["alertname"] for test in document["tests"] for case in test["alert_rule_test"]}
    assert tested <= {rule["alert"] for rule in alerts(read)}
    known = exposed()
    for test in document["tests"]:
        for series in test.get("input_series", []):
            name, labels = re.fullmatch(r"(\w+)\{(.*)\}", series["series"]).groups()
            assert set(re.findall(r'(\w+)="', labels)) == known[name], series["series"]


def test_every_alert_has_a_case_in_which_it_fires_and_two_in_which_it_is_silent():
    cases = [case for path in RULE_TESTS for test in load(path)["tests"] for case in test.get("alert_rule_test", [])]
    firing = {(case["alertname"], alert["exp_labels"]["severity"]) for case in cases for alert in case["exp_alerts"]}
    silent = Counter(case["alertname"] for case in cases if not case["exp_alerts"])
    assert firing == {identity(rule) for rule in alerts()}
    assert {name for name, count in silent.items() if count > 1} == {rule["alert"] for rule in alerts()} - PERMANENT


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: "-".join(identity(rule)))
def test_an_alert_says_how_bad_it_is_what_it_means_and_where_to_go_on(rule):
    notes = rule["annotations"]
    assert set(notes) == {"summary", "description", "runbook_url", "dashboard_url"}
    assert rule["labels"].keys() == {"severity"}
    assert rule["labels"]["severity"] in {"critical", "warning", "info", "none"}
    # One lost scrape is no recovery; of what lives by scrapes themselves, one that succeeds is.
    assert "keep_firing_for" in rule or rule["alert"] in PERMANENT | {"PredictionExporterDown"}
    assert "{{" not in notes["summary"]
    assert notes["summary"].endswith(".")
    assert rule["alert"] in PERMANENT or re.search(r"\$labels\.\w+", notes["description"])
    assert notes["runbook_url"] == f"{RUNBOOKS}#{rule['alert'].lower()}"
    assert f"\n## {rule['alert']}\n" in (ROOT / "docs/runbooks.md").read_text()


@pytest.mark.parametrize("rule", alerts(), ids=lambda rule: "-".join(identity(rule)))
def test_an_alert_leads_to_a_dashboard_that_exists_with_variables_that_it_has(rule):
    uid, variables = re.match(r"/d/([\w-]+)(?:\?(.*))?$", rule["annotations"]["dashboard_url"]).groups()
    board = next(board for board in dashboards() if board["uid"] == uid)
    assert set(re.findall(r"var-(\w+)=", variables or "")) <= {each["name"] for each in board["templating"]["list"]}


def test_runbooks_have_a_chapter_for_alerts_that_exist_and_for_no_others():
    chapters = re.findall(r"^## (\w+)$", (ROOT / "docs/runbooks.md").read_text(), re.MULTILINE)
    assert sorted(chapters) == sorted({rule["alert"] for rule in alerts()})


def test_the_page_of_alerts_lists_each_with_its_severities():
    listed = re.findall(
        r"(?m)^\| \[(\w+)\]\(runbooks\.md#(\w+)\) \| ([\w, ]+) \|", (ROOT / "docs/alerts.md").read_text()
    )
    assert all(name.lower() == anchor for name, anchor, _ in listed)
    found = {(name, severity) for name, _, severities in listed for severity in severities.split(", ")}
    assert found == {identity(rule) for rule in alerts()}


def test_runbooks_name_rows_and_panels_that_exist():
    titles = {panel["title"] for board in dashboards() for panel in board["panels"]}
    named = set(re.findall(r"\b(?:row|panel)\s+\*([^*]+)\*", (ROOT / "docs/runbooks.md").read_text(), re.IGNORECASE))
    assert len(named) > 10
    assert named <= titles


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: rule.get("alert") or rule["record"])
def test_a_rule_uses_only_series_and_labels_that_exist(rule):
    known = exposed() | recorded()
    for text in [rule["expr"], *rule.get("annotations", {}).values()]:
        assert strangers(text) == []
        assert groupings(text) <= set().union(*known.values())


def test_a_series_or_label_that_does_not_exist_would_be_noticed():
    assert strangers('rate(model_predictons_total{model="a"}[5m])') == [("model_predictons_total", {"model"})]
    assert strangers('model_score{component="a{b}",score=~"$score"}') == [("model_score", {"component"})]
    assert strangers("job_model:model_predictions:increase9m") == [("job_model:model_predictions:increase9m", set())]
    assert strangers('label_replace(model_score{score="x"}, "lower", "$1", "le", "(.+)")') == []


@pytest.mark.parametrize("rule", records(), ids=lambda rule: rule["record"])
def test_a_recording_rule_is_named_by_level_metric_and_operations_and_is_used(rule):
    assert re.fullmatch(r"[a-z_]+:[a-z_]+:[a-z0-9_]+", rule["record"])
    queries = [target["expr"] for panel in panels() for target in panel["targets"]]
    used = [*queries, *(other["expr"] for other in rules() if other is not rule)]
    # What is recorded for the dashboards of others is described.
    assert any(rule["record"] in text for text in [*used, (ROOT / "docs/alerts.md").read_text()])


def test_what_alerts_on_absence_waits_for_two_scrapes():
    config = load("prometheus/prometheus.yml")["global"]
    assert config["scrape_interval"] == config["evaluation_interval"] == "15s"
    assert {rule["for"] for rule in alerts() if "absent(" in rule["expr"]} == {"1m"}


# The drift of a fleet, computed in PromQL, against the formula in NumPy.


def psi(reference, live):
    p, q = ((counts + 0.5) / (counts.sum() + len(counts) / 2) for counts in (np.asarray(reference), np.asarray(live)))
    return float(((q - p) * np.log(q / p)).sum())


def series(name, values, **labels):
    inside = ",".join(f'{key}="{value}"' for key, value in (WHO | labels).items())
    return {"series": f"{name}{{{inside}}}", "values": values}


def reference_of(component, counts, edges, instance):
    who = {"component": component, "role": "input", "instance": instance}
    result = [series("model_reference_samples", f"{sum(counts)}x200", **who)]
    if edges is None:
        shares = {chr(ord("a") + i): count / sum(counts) for i, count in enumerate(counts)}
        return result + [
            series("model_reference_category_ratio", f"{share!r}x200", category=c, **who) for c, share in shares.items()
        ]
    lower = ["-Inf", *edges[:-1]]
    for below, edge, share in zip(lower, edges, np.cumsum(counts) / sum(counts), strict=True):
        result.append(series("model_reference_bucket_ratio", f"{float(share)!r}x200", lower=below, upper=edge, **who))
    return result


def live_of(component, moments, edges, instance):
    """Counters with the counts of each (minute, counts) from that minute on; a fall is a restart."""
    who = {"component": component, "role": "input", "instance": instance}
    ends = [minute for minute, _ in moments[1:]] + [moments[0][0] + 200]

    def values(numbers):
        missing = f"_x{moments[0][0]} " if moments[0][0] else ""
        spans = [f"{number}x{end - start - 1}" for number, (start, _), end in zip(numbers, moments, ends, strict=True)]
        return missing + " ".join(spans)

    tables = [np.asarray(counts) if edges is None else np.cumsum(counts) for _, counts in moments]
    total = values([int(np.sum(counts)) for _, counts in moments])
    result = [series("model_component_observations_total", total, **who)]
    if edges is None:
        rows = [(chr(ord("a") + i), column) for i, column in enumerate(zip(*tables, strict=True))]
        return result + [
            series("model_component_category_total", values(list(column)), category=c, **who) for c, column in rows
        ]
    result.append(series("model_component_value_count", total, **who))
    for edge, column in zip(edges, zip(*tables, strict=True), strict=True):
        result.append(series("model_component_value_bucket", values([int(n) for n in column]), le=edge, **who))
    return result


def judge(tmp_path, inputs, expected, tolerance=1e-9, statistic="psi"):
    """Let promtool evaluate the rules after two hours; `expected` is the distance, or None for no series."""
    name = f"job_model_component:model_drift_score:{statistic}_increase1h"
    labels = f'{{job="{WHO["job"]}",model="digits",version="3.0.0",component="x",role="input"}}'
    close = f"abs({name} - {expected!r}) < bool {tolerance}"
    case = (
        {"expr": name, "exp_samples": []}
        if expected is None
        else {"expr": close, "exp_samples": [{"labels": labels, "value": 1}]}
    )
    promtool(tmp_path, inputs, [case])


EDGES = ["-7.5", "-1.0", "0.0", "0.1", "2.0", "1e+30", "+Inf"]
REFERENCE = [50, 200, 0, 300, 400, 49, 1]
A, B = [7, 30, 4, 60, 11, 2, 0], [3, 50, 5, 90, 80, 3, 1]
BEFORE_A, BEFORE_B = [1000, 5, 0, 70, 200, 3, 9], [1, 2, 3, 4, 5, 6, 7]


def after(before, counts):
    return [old + new for old, new in zip(before, counts, strict=True)]


@pytest.mark.slow
@pytest.mark.parametrize("edges", [EDGES, None], ids=["buckets", "categories"])
def test_the_drift_of_a_fleet_is_the_psi_of_all_its_replicas_together(tmp_path, edges):
    inputs = [
        *reference_of("x", REFERENCE, edges, "a"),
        *reference_of("x", REFERENCE, edges, "b"),
        *live_of("x", [(0, BEFORE_A), (90, after(BEFORE_A, A))], edges, "a"),
        *live_of("x", [(0, BEFORE_B), (70, after(BEFORE_B, B))], edges, "b"),
    ]
    judge(tmp_path, inputs, psi(REFERENCE, after(A, B)))


def jensen_shannon(reference, live):
    p, q = (np.asarray(counts) / sum(counts) for counts in (reference, live))
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.sqrt(sum(np.nansum(each * np.log2(each / middle)) for each in (p, q)) / 2))


def total_variation(reference, live):
    return float(np.abs(np.asarray(reference) / sum(reference) - np.asarray(live) / sum(live)).sum() / 2)


def kolmogorov_smirnov(reference, live):
    p, q = (np.cumsum(counts) / sum(counts) for counts in (reference, live))
    return float(np.abs(p - q).max())


@pytest.mark.slow
@pytest.mark.parametrize(
    ("statistic", "edges"),
    [(jensen_shannon, EDGES), (jensen_shannon, None), (total_variation, None), (kolmogorov_smirnov, EDGES)],
)
def test_other_distances_of_a_fleet_are_those_of_all_its_replicas_together(tmp_path, statistic, edges):
    inputs = [
        *reference_of("x", REFERENCE, edges, "a"),
        *reference_of("x", REFERENCE, edges, "b"),
        *live_of("x", [(0, BEFORE_A), (90, after(BEFORE_A, A))], edges, "a"),
        *live_of("x", [(0, BEFORE_B), (70, after(BEFORE_B, B))], edges, "b"),
    ]
    judge(tmp_path, inputs, statistic(REFERENCE, after(A, B)), statistic=statistic.__name__)


@pytest.mark.slow
def test_precision_recall_f1_accuracy_and_mean_error_of_a_fleet_come_from_its_counters(tmp_path):
    cells = {("cat", "cat"): 30, ("cat", "dog"): 10, ("dog", "dog"): 50, ("dog", "cat"): 5, ("dog", "fox"): 5}
    inputs = []
    for instance, part in (("a", 0.5), ("b", 0.5)):
        for (predicted, actual), count in cells.items():
            who = {"component": "right", "predicted": predicted, "actual": actual, "instance": instance}
            inputs.append(series("model_confusion_total", f"0+{count * part}x200", **who))
        who = {"component": "error", "role": "eval", "instance": instance}
        inputs.append(series("model_component_value_sum", "0+25x200", **who))
        inputs.append(series("model_component_value_count", "0+10x200", **who))
    expected = {
        ("model_confusion:precision", "cat"): 30 / 40,
        ("model_confusion:precision", "dog"): 50 / 60,
        ("model_confusion:recall", "cat"): 30 / 35,
        ("model_confusion:recall", "dog"): 50 / 60,
        ("model_confusion:recall", "fox"): 0,
        ("model_confusion:f1", "cat"): 60 / 75,
    }
    cases = []
    for (name, each), value in expected.items():
        labels = WHO | {"component": "right", "class": each}
        cases.append((f'job_model_component_class:{name}_increase1h{{class="{each}"}}', labels, value))
    cases.append(("job_model_component:model_confusion:accuracy_increase1h", WHO | {"component": "right"}, 0.8))
    error = WHO | {"component": "error", "role": "eval"}
    cases.append(("job_model_component:model_component_value:mean_increase1h", error, 2.5))
    tests = [
        {"expr": f"abs({name} - {value!r}) < bool 1e-9", "exp_samples": [{"labels": selector(labels), "value": 1}]}
        for name, labels, value in cases
    ]
    absent = 'job_model_component_class:model_confusion:precision_increase1h{class="fox"}'
    promtool(tmp_path, inputs, [*tests, {"expr": absent, "exp_samples": []}])


def selector(labels):
    return "{" + ",".join(f'{name}="{value}"' for name, value in labels.items()) + "}"


def promtool(tmp_path, inputs, cases):
    """Let promtool evaluate expressions after two hours."""
    test = {
        "interval": "1m",
        "input_series": inputs,
        "promql_expr_test": [case | {"eval_time": "2h"} for case in cases],
    }
    document = {"rule_files": [str(path) for path in RULES], "evaluation_interval": "1m", "tests": [test]}
    (tmp_path / "test.yml").write_text(yaml.safe_dump(document))
    run("promtool", "test", "rules", tmp_path / "test.yml")


@pytest.mark.slow
@pytest.mark.parametrize("edges", [EDGES, None], ids=["buckets", "categories"])
def test_a_replica_that_was_restarted_counts_from_nought_again(tmp_path, edges):
    counts = [100 * count for count in A]
    inputs = [
        *reference_of("x", REFERENCE, edges, "a"),
        *live_of("x", [(0, BEFORE_A), (80, [0] * 7), (90, counts)], edges, "a"),
    ]
    judge(tmp_path, inputs, psi(REFERENCE, counts), tolerance=0.01)


@pytest.mark.slow
def test_a_replica_that_came_within_the_hour_counts_as_far_as_is_known(tmp_path):
    counts = [100 * count for count in A]
    inputs = [
        *reference_of("x", REFERENCE, EDGES, "a"),
        *live_of("x", [(80, [0] * 7), (90, counts)], EDGES, "a"),
    ]
    judge(tmp_path, inputs, psi(REFERENCE, counts), tolerance=0.01)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("reference", "live"),
    [([200, 200], [45, 54]), ([1000] * 6, [19, 20, 20, 20, 20, 20]), ([45, 54], [200, 200])],
    ids=["99 values", "119 values in 6 bins", "99 in the reference"],
)
def test_below_the_minimum_sample_a_fleet_has_no_drift(tmp_path, reference, live):
    nothing = [0] * len(live)
    inputs = [*reference_of("x", reference, None, "a"), *live_of("x", [(0, nothing), (90, live)], None, "a")]
    judge(tmp_path, inputs, None)
