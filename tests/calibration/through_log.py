"""The same columns once as columns and once as a log of JSON lines that the exporter replays: the alarm must be equal.

All other figures of docs/calibration.md are measured on columns, as a hundred million values in JSON would test
nothing but the decoder. Here records go in and metrics come out.
"""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
from columns import COLUMNS, capped
from drift import STEPS, TOLERANCE, Watch
from prometheus_client.parser import text_string_to_metric_families

from exporter.app import replay
from exporter.config import load
from exporter.profile import ComponentSpec, ProfileSpec, build, columns_of, dump

INTERVAL = 60
WATCHED = [column for column in COLUMNS if column.levels <= 20]  # of others a profile chooses which it counts
CONFIG = f"""
evaluation_interval: {INTERVAL}s
models:
  - profile: columns.json
    windows: [1h]
    alarm: {{tolerance: {TOLERANCE}, false_alarm_budget: {STEPS * INTERVAL:.0f}s}}
sources:
  - stdin: {{}}
"""


def compared(place: Path, m=10_000, n=500, still=4, moved=4) -> tuple[np.ndarray, np.ndarray]:
    """Return the evidence of each column (log10 over the line of an alarm), and whether it is in alarm, both twice.

    Shape (2, columns): as columns, and through the log. Every second column changes after `still` windows, by more
    from one to the next.
    """
    rng = np.random.default_rng(11)
    watch = Watch(rng, WATCHED, m)
    windows = [[c.draw(rng, n) for c in WATCHED] for _ in range(still + moved)]
    for window in windows[still:]:
        for i in range(1, len(WATCHED), 2):
            window[i] = _changed(rng, WATCHED[i], window[i], 0.02 * i)
    for window in windows:
        firing = watch.step([capped(column, values) for column, values in zip(WATCHED, window, strict=True)])
    direct = np.array([verdict.evidence for verdict in watch.bank.verdicts(watch.evidence)])
    _profile(place, watch.references)
    logs = [_log(place, number, window) for number, window in enumerate(windows)]
    evidence, alarms = _replayed(place, logs)
    return np.array([direct, evidence]), np.array([firing, alarms])


def _changed(rng, column, values, share):
    """Return the values with a share of them greater, or of the next category."""
    more = np.minimum(values + 1, column.levels - 1) if column.levels else 1.5 * np.abs(values) + 1
    return np.where(rng.random(len(values)) < share, more, values).astype(values.dtype)


def _lines(columns, times):
    """Yield a record for each row."""
    named = {
        f"c{i}": [f"level {code}" for code in values.tolist()] if column.levels else values.tolist()
        for i, (column, values) in enumerate(zip(WATCHED, columns, strict=True))
    }
    for time, *row in zip(times, *named.values(), strict=True):
        yield json.dumps({"time": time, "input": dict(zip(named, row, strict=True))}) + "\n"


def _profile(place, references):
    specs = [
        ComponentSpec(f"c{i}", f"input.c{i}", dtype="category" if column.levels else "float")
        for i, column in enumerate(WATCHED)
    ]
    spec = ProfileSpec("columns", "1", specs)
    lines = [line.encode() for line in _lines(references, range(len(references[0])))]
    built = build(spec, columns_of(spec, lines), 0.0)
    calm = tuple(replace(component, unrest=type(component.unrest)()) for component in built.components)
    (place / "columns.json").write_bytes(dump(replace(built, components=calm)))
    (place / "exporter.yml").write_text(CONFIG)


def _log(place, number, columns):
    """Write a window as a log of its own; its last record is of the time when it is evaluated."""
    start = 1_700_000_000 + INTERVAL * number
    path = place / f"{number}.jsonl"
    path.write_text("".join(_lines(columns, [start + 1] * (len(columns[0]) - 1) + [start + INTERVAL])))
    return str(path)


def _replayed(place, logs):
    text = replay(load(str(place / "exporter.yml")), logs).decode()
    found = {
        family.name: {sample.labels["component"]: sample.value for sample in family.samples}
        for family in text_string_to_metric_families(text)
        if family.name in ("model_drift_evidence", "model_drift_alarm")
    }
    names = [f"c{i}" for i in range(len(WATCHED))]
    evidence, alarms = ([found[name][c] for c in names] for name in ("model_drift_evidence", "model_drift_alarm"))
    return evidence, [bool(alarm) for alarm in alarms]
