"""The board Exporter: whether what the others say can be trusted, and what it costs."""

from board import board, choice, row
from grafana_foundation_sdk.models.dashboard import Panel
from palette import GOOD, LIMIT, OTHER
from panels import Line, lines, tiles
from promql import age, rate, total

INSTANCE = 'instance=~"$instance"'
TARGET = f'job="prediction-exporter",{INSTANCE}'
EACH = "instance"
NAME = "{{instance}}"
SOURCE = "{{source}} at {{instance}}"
SILENT = "No exporter answers."
UNKEPT = "No state file: set `state` in exporter.yml, or nothing survives a restart."
UNANSWERED = "No responder is scraped: see docs/responses.md."


def made() -> str:
    """Return the JSON."""
    return board(
        "exporter",
        "Exporter",
        "Whether the exporters keep up and can be trusted, and what they cost.",
        [choice("instance", "Exporter", 'up{job="prediction-exporter"}', many=True)],
        row("Exporter health", 4, *((tile, 4) for tile in _verdict())),
        row("Reading", 8, *((panel, 8) for panel in _reading())),
        row("Evaluating and keeping", 8, *((panel, 6) for panel in _evaluating())),
        row("What it costs", 8, *((panel, 8) for panel in _cost())),
        row("Responding", 8, *((panel, 8) for panel in _responding())),
    )


def _verdict() -> list[Panel]:
    return [
        tiles(
            "Exporters",
            "Whether Prometheus can scrape each exporter. While one is down, nothing is known of the models that it "
            "watches.",
            Line(f"up{{{TARGET}}}", NAME),
            unit="none",
            words=_states("up", "down"),
            empty="Prometheus has no target in the job prediction-exporter.",
        ),
        tiles(
            "Configuration",
            "Whether the last load succeeded. If not, the one before is in use, and the exporter's log says why.",
            Line(f"prediction_exporter_config_last_reload_successful{{{INSTANCE}}}", NAME),
            unit="none",
            words=_states("loaded", "not loaded"),
            empty=SILENT,
        ),
        tiles(
            "Sources",
            "Whether each source can be read. If not, look at its path and permissions.",
            Line(f"prediction_exporter_source_up{{{INSTANCE}}}", "{{source}}"),
            unit="none",
            words=_states("readable", "unreadable"),
            empty="No source is configured.",
        ),
        tiles(
            "Behind by",
            "Age of the newest record when it was read, by its own time, of the source that is furthest behind. It is "
            "the age of everything on the other boards.",
            Line(f"max(prediction_exporter_source_lag_seconds{{{INSTANCE}}})", ""),
            unit="s",
            decimals=0,
            limit=300,
            empty="Nothing has been read.",
        ),
        tiles(
            "Last evaluation",
            "Age of the oldest last evaluation of drift and scores. Older than a few evaluation intervals: it hangs.",
            Line(f"max({age('prediction_exporter_evaluation_timestamp_seconds', INSTANCE, EACH)})", ""),
            unit="s",
            decimals=0,
            limit=300,
            empty="Nothing has been evaluated.",
        ),
        tiles(
            "State kept",
            "Age of the oldest state file. Older than a minute: a crash would lose what has been read since.",
            Line(f"max({age('prediction_exporter_checkpoint_timestamp_seconds', INSTANCE, EACH)})", ""),
            unit="s",
            decimals=0,
            limit=60,
            empty="No state file.",
        ),
    ]


def _states(good: str, bad: str) -> dict[str, tuple[str, str]]:
    return {"0": (bad, LIMIT), "1": (good, GOOD)}


def _reading() -> list[Panel]:
    rejected = rate("prediction_exporter_records_rejected_total", INSTANCE, "source, reason")
    refused = rate("prediction_exporter_files_refused_total", INSTANCE, "source, reason")
    jumps = rate("prediction_exporter_clock_jumps_total", INSTANCE, EACH)
    events = rate("prediction_exporter_source_events_total", INSTANCE, "source, event")
    return [
        lines(
            "Records",
            "Lines read a second by source, rejected ones included. A sudden end: the model, its log or its path.",
            Line(rate("prediction_exporter_records_total", INSTANCE, "source, instance"), SOURCE, None),
            unit="ops",
            empty="Nothing has been read.",
        ),
        lines(
            "Rejected records",
            "Lines a second that are no record, by reason, where there are any. duplicate_id after a restart of the "
            "model server is its ids beginning anew; the others are what the server writes.",
            Line(f"{rejected} > 0", "{{reason}}, {{source}}", None),
            Line(f"{refused} > 0", "file {{reason}}, {{source}}", OTHER, dashed=True),
            unit="ops",
            empty="No line was rejected.",
        ),
        lines(
            "Unread bytes of sources",
            "What is written but not yet read. It should fall back to 0 after each burst; if it only grows, one core "
            "is not enough, or the disk is slow.",
            Line(f"prediction_exporter_source_lag_bytes{{{INSTANCE}}}", SOURCE, None),
            unit="bytes",
            empty="No source is configured.",
        ),
        lines(
            "Age of records when read",
            "How old the newest record was when it was read. Labels and batches that come late show here too.",
            Line(f"prediction_exporter_source_lag_seconds{{{INSTANCE}}}", SOURCE, None),
            unit="s",
            empty="Nothing has been read.",
        ),
        lines(
            "Decoded batches that wait",
            "Batches between reader and writer. Always full: the writer is what limits; fewer windows or segments "
            "help.",
            Line(total("prediction_exporter_queue_batches", INSTANCE, EACH), NAME, None),
            unit="locale",
            empty=SILENT,
        ),
        lines(
            "Events of sources",
            "Rotations, truncations, read errors, restarts and jumps of the clock a second, where there are any. "
            "Rotations are normal; a truncation may have lost what was not read.",
            Line(f"{events} > 0", "{{event}}, {{source}}", None),
            Line(f"{jumps} > 0", "clock set, {{instance}}", OTHER),
            unit="ops",
            empty="Nothing has happened to a source.",
            rare=True,
        ),
    ]


def _evaluating() -> list[Panel]:
    failures = rate("prediction_exporter_evaluation_failures_total", INSTANCE, "kind, name")
    lost = rate("prediction_exporter_checkpoint_failures_total", INSTANCE, EACH)
    return [
        lines(
            "Evaluation of all models",
            "How long the last computation of drift and scores took. It must stay well below the evaluation interval.",
            Line(f"prediction_exporter_evaluation_duration_seconds{{{INSTANCE}}}", NAME, None),
            unit="s",
            empty="Nothing has been evaluated.",
        ),
        lines(
            "Failures of plug-ins",
            "Failures a second of a statistic, score or extractor, where there are any. Each costs only itself; the "
            "exporter's log has the reason.",
            Line(f"{failures} > 0", "{{kind}} {{name}}", None),
            unit="ops",
            empty="Nothing has failed.",
        ),
        lines(
            "Size of the state",
            "Bytes of the state file. It grows with predictions that wait for their actual, and then stays.",
            Line(f"prediction_exporter_state_bytes{{{INSTANCE}}}", NAME, None),
            unit="bytes",
            empty=UNKEPT,
        ),
        lines(
            "State that could not be kept",
            "Failed writes of the state file a second. The disk is full or not writable: look at the exporter's log.",
            Line(lost, NAME, None),
            unit="ops",
            empty=UNKEPT,
        ),
    ]


def _cost() -> list[Panel]:
    overflow = rate("prediction_exporter_label_overflow_total", INSTANCE, "label")
    return [
        lines(
            "Series",
            "Series that each exporter exposes: what it costs Prometheus. Growth without new models is a label with "
            "too many values.",
            Line(f"prediction_exporter_series{{{INSTANCE}}}", NAME, None),
            unit="locale",
            empty=SILENT,
        ),
        lines(
            "Scrape",
            "How long Prometheus took for a scrape. It must stay below the scrape timeout, 10 seconds unless "
            "configured.",
            Line(f"scrape_duration_seconds{{{TARGET}}}", NAME, None),
            unit="s",
            empty="Prometheus has no target in the job prediction-exporter.",
        ),
        lines(
            "Values without a series",
            "Values a second that were counted under __other__, because a label has reached its cap. More than a "
            "trickle: raise limits.categories, or log fewer kinds.",
            Line(overflow, "{{label}}", None),
            unit="ops",
            empty=SILENT,
        ),
    ]


def _responding() -> list[Panel]:
    alerts = rate("prediction_exporter_responder_alerts_total", "", "response, decision")
    actions = rate("prediction_exporter_responder_actions_total", "", "response, outcome")
    attempts = rate("prediction_exporter_responder_attempts_total", "", "response")
    return [
        lines(
            "Alerts by decision",
            "Alerts a second that matched a response: queued, or left out as a repetition, in cooldown, over the "
            "limit, or in a dry run.",
            Line(f"{alerts} > 0", "{{decision}}, {{response}}", None),
            unit="ops",
            empty=UNANSWERED,
        ),
        lines(
            "Actions by outcome",
            "Actions a second that are over, and attempts. More attempts than actions: the other side refuses or is "
            "slow. Failed or given up: the audit log says what it answered.",
            Line(f"{actions} > 0", "{{outcome}}, {{response}}", None),
            Line(f"{attempts} > 0", "attempts, {{response}}", OTHER, dashed=True),
            unit="ops",
            empty=UNANSWERED,
        ),
        lines(
            "Actions under way",
            "Actions that wait or are tried. What only grows: the other side does not answer.",
            Line(total("prediction_exporter_responder_unfinished_actions", "", "response"), "{{response}}", None),
            unit="locale",
            empty=UNANSWERED,
        ),
    ]
