"""The rows about models as services and about the exporters that watch them."""
# ruff: noqa: INP001 - a folder of scripts, not a package

from panels import FURTHER, LIMIT, LIVE, Json, Row, now, override, query, row, series, state, table
from selections import ALERTS, MODEL, NAME, WINDOW, most, per_second

# The numbers of the alerts in prometheus/rules/service.yml.
FAILURES = 0.05
LATENCY_SECONDS = 1.0

PREDICTIONS = per_second("model_predictions_total", MODEL)


def fleet() -> Row:
    """Return what there is and what is wrong with it."""
    return row("Fleet", 8, (_models(), 15), (_alerts(), 9))


def _models() -> Json:
    alone = {
        "title": "Show this version alone",
        "url": "/d/model-overview?var-model=${__data.fields.Model}&var-version=${__data.fields.Version}"
        "&${datasource:queryparam}&${__url_time_range}",
    }
    return table(
        "Models",
        "Each version of each model. Begin with those whose alerts fire; click a model to see it alone.",
        now(PREDICTIONS),
        now(most("job_model:model_prediction_failures_per_prediction:ratio_increase10m", MODEL)),
        now(most("job_model:model_prediction_latency_seconds:p95_rate10m", MODEL)),
        now(most("model_drifted_components_ratio", WINDOW)),
        now(f"time() - {most('model_last_prediction_timestamp_seconds', MODEL)}"),
        now(f"count by (model, version) (ALERTS{{{ALERTS}}}) or 0 * {most('model_profile_info', MODEL)}"),
        columns={
            "model": "Model",
            "version": "Version",
            "Value #A": "Predictions",
            "Value #B": "Failed",
            "Value #C": "Slowest 5 %",
            "Value #D": "Drifted components",
            "Value #E": "Last prediction",
            "Value #F": "Alerts",
        },
        overrides=[
            override("Model", links=[alone]),
            override("Predictions", unit="reqps"),
            override("Failed", unit="percentunit"),
            override("Slowest 5 %", unit="s"),
            override("Drifted components", unit="percentunit", decimals=0),
            override("Last prediction", unit="dtdurations", decimals=0),
        ],
        empty="No model is known; the last row says whether Prometheus reaches an exporter.",
    )


def _alerts() -> Json:
    return table(
        "Firing alerts",
        "What fires now. Each alert has a chapter in docs/runbooks.md: what it means, likely causes, what to do.",
        now(f"ALERTS{{{ALERTS}}}"),
        columns={
            "severity": "Severity",
            "alertname": "Alert",
            "model": "Model",
            "version": "Version",
            "component": "Component",
        },
        empty="No alert fires.",
    )


def service() -> Row:
    """Return traffic, errors, latency and the process behind them."""
    return row(
        "Traffic, errors and latency",
        8,
        *((panel, 8) for panel in (_traffic(), _failures(), _latency(), *_process())),
    )


def _traffic() -> Json:
    return series(
        "Predictions",
        "Predictions per second, failed ones included. A sudden end is a model, or its log, that has stopped.",
        query(PREDICTIONS, NAME, LIVE),
        unit="reqps",
        empty="No predictions in the log yet.",
    )


def _failures() -> Json:
    return series(
        "Failed predictions",
        "Share of the predictions that the model server logged with an error. The alert begins at the dashed line.",
        query(f"{per_second('model_prediction_failures_total', MODEL)} / ({PREDICTIONS} > 0)", NAME, LIVE),
        unit="percentunit",
        empty="No predictions, so none that could fail.",
        limit=FAILURES,
    )


def _latency() -> Json:
    buckets = per_second("model_prediction_latency_seconds_bucket", MODEL, "model, version, le")
    shares = zip((50, 95, 99), (FURTHER[0], LIVE, FURTHER[1]), strict=True)
    return series(
        "Latency",
        "Half, 95 % and 99 % of the predictions took at most this long. "
        "The alert begins where the 95 % are over the dashed line.",
        *(query(f"histogram_quantile({n / 100}, {buckets})", f"{n} % {NAME}", color) for n, color in shares),
        unit="s",
        empty="The log carries no latency_seconds.",
        limit=LATENCY_SECONDS,
    )


def _process() -> tuple[Json, Json, Json]:
    up = state(
        "Model server",
        "Whether the watched process of the model server runs. If not, its own log says why.",
        query(f"min by (model, version) (model_process_up{{{MODEL}}})", NAME),
        bad="stopped",
        good="running",
        empty="No process is watched.",
    )
    cpu = series(
        "CPU of the model server",
        "CPU cores in use by the watched process. When it has no more of them, latency grows.",
        query(per_second("model_process_cpu_seconds_total", MODEL), NAME, LIVE),
        unit="none",
        empty="No process is watched.",
    )
    memory = series(
        "Memory of the model server",
        "Resident memory of the watched process. Memory that only grows ends in a restart.",
        query(f"sum by (model, version) (model_process_resident_memory_bytes{{{MODEL}}})", NAME, LIVE),
        unit="bytes",
        empty="No process is watched.",
    )
    return up, cpu, memory


def exporters() -> Row:
    """Return whether the monitoring itself can be trusted."""
    return row("Exporter health", 7, *((tile, 8) for tile in _tiles()), *((graph, 6) for graph in _graphs()))


def _tiles() -> tuple[Json, Json, Json]:
    up = state(
        "Exporters",
        "Whether Prometheus can scrape each exporter. While one is down, nothing above is about now.",
        query('up{job="prediction-exporter"}', "{{instance}}"),
        bad="down",
        good="up",
        empty="Prometheus has no target in the job prediction-exporter.",
    )
    configuration = state(
        "Configuration",
        "Whether the last reload succeeded. If not, the one before is in use, and the exporter's log says why.",
        query("prediction_exporter_config_last_reload_successful", "{{instance}}"),
        bad="not loaded",
        good="loaded",
        empty="No exporter answers.",
    )
    sources = state(
        "Sources",
        "Whether each source can be read. If not, look at its path and permissions.",
        query("prediction_exporter_source_up", "{{source}} at {{instance}}"),
        bad="unreadable",
        good="readable",
        empty="No source is configured.",
    )
    return up, configuration, sources


def _graphs() -> tuple[Json, Json, Json, Json]:
    rejected = per_second("prediction_exporter_records_rejected_total", "", "source, reason")
    records = series(
        "Records",
        "Lines read per second, and those that are no record, by reason.",
        query(per_second("prediction_exporter_records_total", "", "source"), "{{source}}", LIVE),
        query(f"{rejected} > 0", "{{source}}, rejected: {{reason}}", LIMIT),
        unit="ops",
        empty="Nothing has been read.",
    )
    lag = series(
        "Unread bytes of sources",
        "What is written but not yet read. It should fall back to 0 after each burst.",
        query("prediction_exporter_source_lag_bytes", "{{source}} at {{instance}}", LIVE),
        unit="bytes",
        empty="No source is configured.",
    )
    evaluation = series(
        "Evaluation of all models",
        "How long the last computation of drift and scores took. It must stay well below the evaluation interval.",
        query("prediction_exporter_evaluation_duration_seconds", "{{instance}}", LIVE),
        unit="s",
        empty="Nothing has been evaluated.",
    )
    size = series(
        "Series in a scrape",
        "How many series each exporter exposes. Growth without new models is a label with too many values.",
        query("prediction_exporter_series", "{{instance}}", LIVE),
        unit="locale",
        empty="No exporter answers.",
    )
    return records, lag, evaluation, size
