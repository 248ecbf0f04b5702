"""Dashboards, Alertmanager and the stack: that their files are right, and fit each other and the exporter."""

import json
import re
import subprocess
import sys

import pytest
import yaml
from bundle import (
    DASHBOARDS,
    ROOT,
    alerts,
    dashboards,
    exposed,
    groupings,
    load,
    panels,
    recorded,
    run,
    strangers,
)

PALETTE = {"#0072B2", "#E69F00", "#D55E00", "#009E73", "#56B4E9", "#CC79A7", "#F0E442", "text"}
DEMO, OWN = load("docker-compose.yml"), load("docker-compose.own.yml")


# Dashboards


def board(name):
    return json.loads((ROOT / f"grafana/dashboards/{name}.json").read_text())


def named(panel):
    return panel["title"]


def expressions():
    for panel in panels():
        yield from (target["expr"] for target in panel["targets"])
    for each in dashboards():
        yield from (annotation["expr"] for annotation in each["annotations"]["list"])


def plain(expression):
    """An expression as Grafana would send it."""
    return re.sub(r"\$\{?(?!\d)\w+\}?", "a", expression.replace("$__rate_interval", "1m"))


def test_the_dashboards_are_what_their_generators_write():
    program = "import overview; print(overview.rendered(), end='')"
    command = [sys.executable, "-B", "-c", program]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT / "grafana")
    assert done.stdout == (ROOT / "grafana/dashboards/overview.json").read_text()
    assert [path.name for path in DASHBOARDS] == ["overview.json"]


def test_panels_have_ids_of_their_own_and_do_not_overlap():
    for each in dashboards():
        ids = [panel["id"] for panel in each["panels"]]
        assert len(set(ids)) == len(ids)
        cells = set()
        for place in (panel["gridPos"] for panel in each["panels"]):
            assert place["x"] + place["w"] <= 24
            covered = {(place["x"] + i, place["y"] + j) for i in range(place["w"]) for j in range(place["h"])}
            assert not cells & covered
            cells |= covered


def test_dashboards_can_be_provisioned():
    boards = dashboards()
    assert len({each["uid"] for each in boards}) == len({each["title"] for each in boards}) == len(boards)
    for each in boards:
        assert not {"id", "version", "__inputs", "__requires"} & each.keys()
        assert each["schemaVersion"] == 38
        assert each["editable"] is False


@pytest.mark.parametrize("panel", panels(), ids=named)
def test_a_panel_says_what_it_means_in_which_unit_and_what_an_empty_one_means(panel):
    defaults = panel["fieldConfig"]["defaults"]
    assert len(panel["description"].split()) >= 8
    assert panel["description"].endswith(".")
    assert defaults["unit"]
    assert defaults["noValue"].endswith(".")
    assert panel["targets"]
    assert {source["uid"] for source in [panel["datasource"], *(t["datasource"] for t in panel["targets"])]} == {
        "${datasource}"
    }


@pytest.mark.parametrize("panel", panels(), ids=named)
def test_a_panel_has_no_colours_that_some_people_cannot_tell_apart(panel):
    text = json.dumps(panel["fieldConfig"])
    assert set(re.findall(r'"(?:fixedColor|color)": "([^"]+)"', text)) <= PALETTE
    assert set(re.findall(r'"mode": "(palette|continuous)[^"]*"', text)) == set()


def test_a_dashboard_uses_only_series_and_labels_that_exist():
    known = exposed() | recorded()
    for expression in expressions():
        assert strangers(expression) == []
        assert groupings(expression) <= set().union(*known.values()), expression


def test_rates_are_of_counters_over_an_interval_that_fits_the_scrapes_and_counters_are_only_used_as_rates():
    for expression in expressions():
        assert set(re.findall(r"\[([^\]]*)\]", expression)) <= {"$__rate_interval"}
        counters = re.findall(r"\b\w+_(?:total|bucket|count|sum)\b(?=\{)", expression)
        assert len(counters) == len(re.findall(r"\brate\(", expression)), expression


@pytest.mark.slow
def test_prometheus_understands_every_expression_of_the_dashboards(tmp_path):
    group = [{"record": f"expression:{i}", "expr": plain(text)} for i, text in enumerate(expressions())]
    (tmp_path / "rules.yml").write_text(yaml.safe_dump({"groups": [{"name": "dashboards", "rules": group}]}))
    assert len(group) > 30
    run("promtool", "check", "rules", "--lint=none", tmp_path / "rules.yml")


def test_variables_exist_are_used_and_choose_labels_that_exist():
    for each in dashboards():
        variables = {variable["name"]: variable for variable in each["templating"]["list"]}
        assert next(iter(variables)) == "datasource"
        used = set(re.findall(r"\$\{?([a-z]\w*)", json.dumps([each["panels"], each["annotations"]])))
        assert used == variables.keys()
        for variable in list(variables.values())[1:]:
            metric, label = re.fullmatch(r"label_values\((.*), (\w+)\)", variable["definition"]).groups()
            assert label == variable["name"]
            assert strangers(metric) == []
            assert label in exposed()[re.match(r"\w+", metric)[0]]
            assert variable["query"]["query"] == variable["definition"]


def test_lines_where_alerts_begin_are_the_thresholds_of_the_alerts():
    drawn = {
        panel["title"]: panel["fieldConfig"]["defaults"]["thresholds"]["steps"][1]["value"]
        for panel in panels()
        if panel["fieldConfig"]["defaults"].get("custom", {}).get("thresholdsStyle", {}).get("mode") == "dashed"
    }
    beginning = {}
    for rule in alerts():
        beginning.setdefault(rule["alert"], float(re.search(r"> ([\d.]+)|$", rule["expr"])[1] or 0))
    assert drawn == {
        "Failed predictions": beginning["ModelPredictionFailures"],
        "Latency": beginning["ModelLatencyHigh"],
    }


# Provisioning of Grafana


def test_grafana_knows_prometheus_by_one_uid_and_how_often_it_scrapes():
    sources = {
        source["uid"]: source for source in load("grafana/provisioning/datasources/prometheus.yml")["datasources"]
    }
    assert sources.keys() == {"prometheus", "alertmanager"}
    assert (
        sources["prometheus"]["jsonData"]["timeInterval"]
        == load("prometheus/prometheus.yml")["global"]["scrape_interval"]
    )
    assert sources["prometheus"]["jsonData"]["alertmanagerUid"] == "alertmanager"
    assert [source["url"] for source in sources.values()] == ["http://prometheus:9090", "http://alertmanager:9093"]


def test_grafana_finds_the_dashboards_where_the_stack_puts_them():
    (provider,) = load("grafana/provisioning/dashboards/dashboards.yml")["providers"]
    assert provider["allowUiUpdates"] is False
    assert f"./grafana/dashboards:{provider['options']['path']}:ro" in DEMO["services"]["grafana"]["volumes"]


# The stack


@pytest.mark.parametrize(
    "service",
    [*DEMO["services"].items(), ("own exporter", OWN["services"]["exporter"])],
    ids=lambda item: str(item)[:20],
)
def test_a_service_has_only_the_rights_that_it_needs(service):
    _, service = service
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["deploy"]["resources"]["limits"].keys() == {"cpus", "memory"}
    assert all(port.startswith("127.0.0.1:") for port in service.get("ports", []))
    assert "privileged" not in service


def test_images_are_pinned():
    images = [service["image"] for service in DEMO["services"].values() if "build" not in service]
    images += re.findall(r"^FROM (\S+)", (ROOT / "Dockerfile").read_text(), re.MULTILINE)
    assert len(images) == 5
    assert all(re.search(r":v?\d+\.\d+\.\d+", image) for image in images)


def test_the_sidecar_cannot_write_the_log_and_sees_the_process_that_does():
    model, exporter = DEMO["services"]["model"], DEMO["services"]["exporter"]
    assert model["volumes"] == ["data:/data"]
    assert exporter["volumes"] == ["data:/data:ro"]
    assert exporter["pid"] == "service:model"


def test_prometheus_scrapes_and_alerts_services_of_both_stacks():
    config = load("prometheus/prometheus.yml")
    groups = [*config["scrape_configs"], *config["alerting"]["alertmanagers"]]
    hosts = {
        target.split(":")[0] for group in groups for static in group["static_configs"] for target in static["targets"]
    }
    assert hosts - {"localhost"} <= DEMO["services"].keys() & OWN["services"].keys()
    assert config["scrape_configs"][0]["job_name"] == "prediction-exporter"


def test_the_demo_alone_may_be_seen_without_a_password_and_nobody_has_a_known_one():
    demo, own = (stack["services"]["grafana"]["environment"] for stack in (DEMO, OWN))
    assert demo["GF_AUTH_DISABLE_LOGIN_FORM"] == demo["GF_SECURITY_DISABLE_INITIAL_ADMIN_CREATION"] == "true"
    assert demo["GF_AUTH_BASIC_ENABLED"] == "false"
    assert demo["GF_AUTH_ANONYMOUS_ORG_ROLE"] == "Viewer"
    assert own["GF_AUTH_ANONYMOUS_ENABLED"] == "false"
    assert own["GF_SECURITY_ADMIN_PASSWORD"].startswith("${GRAFANA_PASSWORD:?")


def test_the_image_runs_as_a_user_by_number_and_checks_itself():
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    assert "USER 65532:65532" in lines
    assert 'ENTRYPOINT ["prediction-exporter"]' in lines
    assert any(
        line.startswith("HEALTHCHECK") and line.endswith('CMD ["prediction-exporter", "healthcheck"]') for line in lines
    )
