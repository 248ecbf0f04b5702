"""What the tests of rules, dashboards and stack share: the files as data, the real tools, and the names in PromQL."""

import json
import re
import subprocess
from functools import cache
from pathlib import Path

import yaml

from exporter.catalog import METRICS

ROOT = Path(__file__).parents[1]
RULES = sorted((ROOT / "prometheus/rules").glob("*.yml"))
RULE_TESTS = sorted((ROOT / "prometheus/tests").glob("*.yml"))
DASHBOARDS = sorted((ROOT / "grafana/dashboards").glob("*.json"))

TARGET = {"job", "instance"}
COMPONENT = {"job", "model", "version", "component", "role"}
LEVELS = {
    "job_model": {"job", "model", "version"},
    "job_model_component": COMPONENT,
    "job_model_component_class": {"job", "model", "version", "component", "class"},
    "job_model_component_bin": COMPONENT | {"bin"},
    "job_model_component_bucket": COMPONENT | {"lower", "le"},
    "job_model_component_category": COMPONENT | {"category"},
}


def load(path):
    return yaml.safe_load((ROOT / path).read_text())


def rules(paths=RULES):
    return [rule for path in paths for group in load(path)["groups"] for rule in group["rules"]]


def alerts(paths=RULES):
    return [rule for rule in rules(paths) if "alert" in rule]


def records():
    return [rule for rule in rules() if "record" in rule]


def dashboards():
    return [json.loads(path.read_text()) for path in DASHBOARDS]


def panels():
    return [panel for board in dashboards() for panel in board["panels"] if "targets" in panel]


@cache
def tool(name, *options):
    """The path of a real prometheus, promtool, alertmanager or amtool; it is made available where it is missing.

    With `--oldest` it is the prometheus or promtool of the oldest version that our rules are for.
    """
    done = subprocess.run([ROOT / "scripts/install-tools", *options], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return Path(done.stdout.strip()) / name


def run(program, *arguments):
    """What a real tool prints, by its name or path; it must succeed."""
    path = tool(program) if isinstance(program, str) else program
    done = subprocess.run([path, *arguments], capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout + done.stderr


@cache
def exposed():
    """The labels of each series that Prometheus has of the exporter, by name."""
    alert = {"alertname", "severity", "model", "version", "component", "role", "score", *TARGET}
    known = {"up": TARGET, "scrape_duration_seconds": TARGET}
    known |= {"ALERTS": alert | {"alertstate"}, "ALERTS_FOR_STATE": alert}
    for metric in METRICS:
        labels = {*metric.labels, *TARGET}
        if metric.kind in {"histogram", "summary"}:
            known |= {f"{metric.name}_sum": labels, f"{metric.name}_count": labels}
        if metric.kind == "histogram":
            known[f"{metric.name}_bucket"] = labels | {"le"}
        if metric.kind != "summary":  # a histogram has its own name where Prometheus stores it as a native one
            known[metric.name] = labels
    return known


@cache
def recorded():
    return {rule["record"]: LEVELS[rule["record"].split(":")[0]] for rule in records()}


def selectors(expression):
    """The (name, matched labels) of every series that an expression, a template or a variable's query selects."""
    name = r"(?<![\w.$])((?:model|prediction_exporter)_\w+|\w+:\w[\w:]*|up|scrape_\w+|ALERTS(?:_FOR_STATE)?)\b"
    matchers = r"(?:\{((?:\"(?:[^\"\\]|\\.)*\"|[^{}\"])*)\})?"
    found = re.findall(name + matchers, re.sub(r"https?://\S+|/d/\S+|\[[\w$:]*\]", "", expression))
    return [
        (name, set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", re.sub(r'"[^"]*"', "", inside)))) for name, inside in found
    ]


def strangers(expression):
    """What an expression selects that neither the exporter exposes nor a rule records, by name or by label."""
    known = exposed() | recorded()
    unknown = [(name, labels - known.get(name, set())) for name, labels in selectors(expression)]
    return [(name, labels) for name, labels in unknown if labels or name not in known]


def groupings(expression):
    """The labels that an expression aggregates by, matches on or brings along."""
    lists = re.findall(r"\b(?:by|on|ignoring|without|group_left|group_right)\s*\(([^)]*)\)", expression)
    return {label.strip() for inside in lists for label in inside.split(",") if label.strip()}
