"""The catalogue: names as Prometheus wants them, all of it exposed, and its page of the documentation."""

import os
import re
from collections import defaultdict
from pathlib import Path

import pytest
import running
import shop
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter import catalog
from exporter.app import replay
from exporter.catalog import METRICS, Metric
from exporter.cli import main
from exporter.exposition.negotiate import Format

PAGE = Path(__file__).parents[1] / "docs" / "metrics.md"
CLASHING = {"job", "instance", "region", "zone", "cluster", "az", "datacenter", "dc", "owner", "customer", "stage"}
CLASHING |= {"service", "environment", "env", "type", "le", "quantile"}
ABBREVIATED = {"s", "ms", "us", "ns", "sec", "b", "kb", "mb", "gb", "tb", "pb", "m", "h", "d"}
ABBREVIATED |= {"minutes", "hours", "days", "bits", "percent", "milliseconds"}


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_name_is_one_that_prometheus_would_choose(metric):
    words = metric.name.split("_")
    assert re.fullmatch(r"(model|prediction_exporter)(_[a-z]+)+", metric.name)
    assert not ABBREVIATED & set(words)
    assert not {"counter", "gauge", "histogram", "summary", "bucket", "count", "sum"} & {words[-1]}
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert not CLASHING & set(metric.labels)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", label) for label in metric.labels)
    assert len(set(metric.labels)) == len(metric.labels)


@pytest.mark.parametrize("metric", METRICS, ids=lambda metric: metric.name)
def test_a_help_is_one_line_of_plain_words_that_ends_with_a_full_stop(metric):
    assert re.fullmatch(r"[A-Z0-9][^\n\\\"]+\.", metric.help)


def test_what_is_of_a_model_carries_its_name_and_version_and_what_is_the_exporters_own_does_not():
    for metric in METRICS:
        assert (metric.labels[:2] == ("model", "version")) == metric.name.startswith("model_")
        assert "model" not in metric.labels[2:]


def test_every_declared_metric_is_in_the_catalogue_once():
    declared = [value for value in vars(catalog).values() if isinstance(value, Metric)]
    assert tuple(declared) == METRICS
    assert len({metric.name for metric in METRICS}) == len(METRICS)


TESTED = """\
    statistics: [chi_square]
    segments: [{by: input.colour, fairness: {}}]
    expect: [{name: sized, that: "input.size > 0"}, {name: counted, sequence: input.number}]
"""
PROXY = {"model_association", "model_association_reference"}  # where no attributions are logged
EVENTS = {"model_component_scale_slip", "model_schema_field_changes_total"}  # that are there once they have happened


@pytest.fixture(scope="module")
def scrapes(tmp_path_factory):
    """Two scrapes of an exporter that watches this very process: at its start, and after a log with all in it."""
    site = running.Site(tmp_path_factory.mktemp("catalog"), f"{TESTED}    process: {{pid: {os.getpid()}}}", shop.wide())
    site.config.write_text(site.config.read_text() + "state: state.db\n")
    records = [row | {"time": 1_700_000_000} for row in shop.explained(shop.records(600))]
    with site.running() as app:
        address = app.addresses[0]
        start = running.get(address)[1]
        site.append(b"nonsense\n" + shop.lines(records))
        kept = "prediction_exporter_checkpoint_timestamp_seconds"
        running.until(address, lambda found: {"model_score", kept} <= {name for name, _ in found})
        end = running.get(address)[1]
    return start, end


def test_every_metric_of_the_catalogue_is_exposed_by_an_exporter_at_work_and_no_other(scrapes):
    exposed = {name for body in scrapes for name in re.findall(r"(?m)^# TYPE (\w+) ", body.decode())}
    assert exposed == {metric.name for metric in METRICS if "_responder_" not in metric.name} - EVENTS - PROXY


@pytest.mark.parametrize("moment", [0, 1])
def test_every_series_has_the_labels_and_the_type_that_the_catalogue_says(scrapes, moment):
    kinds, labels = {}, defaultdict(set)
    for family in parse_text(scrapes[moment].decode()):
        for sample in family.samples:
            parts = family.type in ("histogram", "summary")
            name = re.sub(r"_(bucket|sum|count)$", "", sample.name) if parts else sample.name
            kinds[name] = family.type
            labels[name].add(frozenset(sample.labels) - {"le"})
    known = {metric.name: metric for metric in METRICS}
    assert kinds == {name: known[name].kind for name in kinds}
    assert labels == {name: {frozenset(known[name].labels)} for name in labels}
    assert len(kinds) > 25


def test_the_number_of_series_that_is_said_is_the_number_of_series(scrapes):
    for body in scrapes:
        lines = [line for line in body.decode().splitlines() if not line.startswith("#")]
        assert lines[-1] == f"prediction_exporter_series {len(lines)}"


def test_a_replay_exposes_what_an_exporter_does_but_for_sources_queue_process_clock_and_what_is_kept(scrapes, tmp_path):
    site = running.Site(tmp_path, TESTED, shop.wide())
    site.append(list(shop.explained(shop.records(600))))
    text = replay(site.load(), [str(site.log)], Format.TEXT).decode()
    live = set(re.findall(r"(?m)^# TYPE (\w+) ", scrapes[1].decode()))
    assert live - set(re.findall(r"(?m)^# TYPE (\w+) ", text)) == {
        metric.name
        for metric in METRICS
        if re.search("process|source_up|source_lag|queue|checkpoint|state|clock", metric.name)
    }


def test_the_page_of_the_documentation_is_what_the_program_prints(capsys):
    """`make docs` writes it."""
    assert main(["metrics", "--format", "markdown"]) == 0
    assert PAGE.read_text(encoding="utf-8") == capsys.readouterr().out


def test_the_program_prints_every_metric_with_its_labels_and_its_help(capsys):
    assert main(["metrics"]) == 0
    printed = capsys.readouterr().out
    for metric in METRICS:
        labels = f"{{{','.join(metric.labels)}}}" if metric.labels else ""
        assert f"{metric.name}{labels} {metric.kind}\n    {metric.help}\n" in printed
