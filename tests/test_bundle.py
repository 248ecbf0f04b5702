"""Dashboards, Alertmanager and the stack: that their files are right, and fit each other and the exporter."""

import re

import pytest
from bundle import (
    ROOT,
    load,
)

DEMO, OWN = load("docker-compose.yml"), load("docker-compose.own.yml")


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
