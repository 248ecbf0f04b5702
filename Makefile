# The one runner that people, hooks and CI share: `make help` says what there is.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV_VERSION := 0.13.8
STAMP := $(VENV)/.synced
export PATH := $(CURDIR)/.tools/bin:$(PATH)
SPEED ?= 1
DURATION ?= 5m

.PHONY: help install tools demo test unit slow check format lock docs bench stack clean

help: ## this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-11s %s\n", $$1, $$2}'

$(BIN)/uv:
	@$(PYTHON) -m venv $(VENV) 2>/dev/null || { apt-get -qq update && apt-get -qq -y install python3-venv && $(PYTHON) -m venv --clear $(VENV); }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

$(STAMP): pyproject.toml uv.lock | $(BIN)/uv
	@$(BIN)/uv sync --quiet --locked --inexact --all-extras
	@touch $@

install: $(STAMP) ## the virtual environment with everything that is locked

tools: ## the real Prometheus, promtool, Alertmanager and amtool, where they are missing
	@scripts/install-tools

demo: $(STAMP) ## real models, a drift on schedule, metrics on http://127.0.0.1:8770/metrics (SPEED=10 DURATION=60s)
	@$(BIN)/prediction-exporter demo --speed $(SPEED) --duration $(DURATION)

test: check tools unit ## all tests: lint, types, floors, fast, slow (real Prometheus, Alertmanager and browser)
	$(BIN)/python -m pytest -q -m slow

unit: $(STAMP) ## the fast tests alone, in two or three minutes
	$(BIN)/python -m pytest -q -n 2 -m "not slow"

check: $(STAMP) ## lint, format, types and floors
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

format: $(STAMP) ## rewrite files in the project's format
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(STAMP) ## regenerate what is generated: docs/metrics.md, docs/configuration.md, docs/statistics.md, docs/scores.md, grafana/dashboards/, burn rates
	$(BIN)/prediction-exporter metrics --format markdown > docs/metrics.md
	$(BIN)/python scripts/configuration_page.py
	$(BIN)/python tests/calibration/scores.py > docs/scores.md
	$(BIN)/python grafana/generate.py
	$(BIN)/python prometheus/burn_rates.py
	$(BIN)/python tests/calibration/statistic_table.py

bench: $(STAMP) ## benchmarks, each beside its peer or the limit in the same run
	$(BIN)/python tests/bench/run.py
	$(BIN)/python tests/bench/bench_dashboards.py

calibration: $(STAMP) ## false alarms and delays of the drift alarm beside other rules, estimates, and the noise of alerts, into docs/calibration.md, realdata.md, estimates.md and alerts.md
	$(BIN)/python tests/calibration/drift.py --write
	$(BIN)/python tests/calibration/realdata.py --write
	$(BIN)/python tests/calibration/estimates.py --write
	$(BIN)/python tests/calibration/alerts.py --write

stack: ## the whole stack with the demo: docker compose up
	docker compose up --build

lock: $(BIN)/uv ## lock the newest versions that pyproject.toml allows
	$(BIN)/uv lock --upgrade

clean: ## remove what was built and installed here
	rm -rf $(VENV) .tools build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis
