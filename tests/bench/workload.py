"""What the benchmarks read: a log of predictions, their actuals, a profile, configurations; made once and kept."""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import NormalDist

import numpy as np

PLACE = Path(tempfile.gettempdir()) / "prediction-exporter-bench"
RECORDS = 1_000_000
LABELLED = 300_000  # predictions of the log with actuals; 80 % of them get one
REFERENCE = 20_000
BLOCK = 50_000
SLICES = 20  # of each segment
NUMBERS = tuple(f"feature_{place}" for place in range(10))
CATEGORIES = {
    "region": ("eu-west", "eu-east", "us-east", "us-west", "apac"),
    "device": ("ios", "android", "web"),
    "plan": ("free", "pro", "team", "enterprise"),
}
MADE = "made-3"  # another name where the workload changes: what an older version has made is not used

INPUTS = [{"name": name, "element": f"input.{name}", "dtype": "float"} for name in NUMBERS]
INPUTS += [{"name": name, "element": f"input.{name}", "dtype": "category"} for name in CATEGORIES]
LABELS = [
    {"name": "label", "element": "output.label", "dtype": "category"},
    {"name": "label", "element": "actual.label", "dtype": "category"},
    {"name": "correct", "role": "eval", "extractor": {"correct": {"output": "label", "actual": "label"}}},
]
CONFIG = {
    "sources": [{"file": {"path": "logs/*.jsonl"}}],
    "models": [{"windows": ["1h", "24h", "3000 rows"]}],
}


def prepare():
    """Make the logs, where an earlier run has not left them, and the profiles."""
    PLACE.mkdir(exist_ok=True)
    if not (PLACE / MADE).exists():
        _logs()
        (PLACE / MADE).touch()
    _profile("inputs", INPUTS)
    _profile("labelled", INPUTS + LABELS)
    _profile("kept", INPUTS + LABELS, state="state.db", actuals={"pending": 10_000_000})
    _profile("segments", INPUTS, segments=[_ranges(place) for place in range(2)])


def _logs():
    with (PLACE / "records.jsonl").open("w") as log:
        log.writelines(_predictions(RECORDS, seed=1))
    with (PLACE / "records.jsonl").open() as log, (PLACE / "joined.jsonl").open("w") as both:
        _join([next(log) for _ in range(LABELLED)], both)
    with (PLACE / "joined.jsonl").open() as both:
        lines = both.readlines()
    for name, part in (("predicted", '"input"'), ("actual", '"actual"')):
        (PLACE / f"{name}.jsonl").write_text("".join(line for line in lines if part in line))
    with (PLACE / "reference.jsonl").open("w") as log:
        log.writelines(_predictions(REFERENCE, seed=2, actual=True))


def _predictions(count, seed, *, actual=False):
    """Yield lines of about 430 bytes."""
    rng = np.random.default_rng(seed)
    for start in range(0, count, BLOCK):
        rows = min(BLOCK, count - start)
        columns = [rng.integers(0, 2**63, rows).tolist()]
        columns += [rng.normal(k, 1 + k / 3, rows).round(4).tolist() for k in range(len(NUMBERS))]
        columns += [rng.choice(levels, rows).tolist() for levels in CATEGORIES.values()]
        columns += [rng.choice(["yes", "no"], rows).tolist(), rng.random(rows).round(6).tolist()]
        columns += [rng.exponential(0.01, rows).round(5).tolist(), rng.integers(1, 5, rows).tolist()]
        label = ',"actual":{"label":"yes"}' if actual else ""
        for i, values in enumerate(zip(*columns, strict=True), start):
            yield LINE % (values[0], i // 60_000 % 60, i // 1000 % 60, i % 1000, *values[1:], label)


_inputs = ",".join([f'"{name}":%s' for name in NUMBERS] + [f'"{name}":"%s"' for name in CATEGORIES])
LINE = (
    '{"id":"%016x","time":"2026-01-15T12:%02d:%02d.%03dZ","model":"bench","version":"1.0.0","input":{' + _inputs + "},"
    '"output":{"label":"%s","score":%s},"latency_seconds":%s,"tags":{"machine":"%s"}%s}\n'
)


def _join(lines, both):
    """Write each block of predictions, then, in another order, the actuals of 80 % of it."""
    rng = np.random.default_rng(3)
    for start in range(0, len(lines), BLOCK):
        block = lines[start : start + BLOCK]
        both.writelines(block)
        for place in rng.permutation(len(block))[: len(block) * 4 // 5].tolist():
            identifier, label = block[place][7:23], "yes" if rng.random() < 0.5 else "no"
            both.write(f'{{"id":"{identifier}","model":"bench","version":"1.0.0","actual":{{"label":"{label}"}}}}\n')


def _ranges(place):
    """Return a segment that cuts a number into 20 slices of about as many records."""
    edges = NormalDist(place, 1 + place / 3).quantiles(SLICES)
    return {"by": f"input.{NUMBERS[place]}", "edges": [round(edge, 4) for edge in edges]}


def _profile(name, components, *, state=None, **options):
    """Build a profile and the configuration that uses it, in a directory of its own."""
    home = PLACE / name
    home.mkdir(exist_ok=True)
    spec = {"name": "bench", "version": "1.0.0", "components": components}
    (home / "profile.yml").write_text(json.dumps(spec))
    build = ["profile", "build", "--spec", "profile.yml", "--reference", "../reference.jsonl", "-o", "bench.json"]
    subprocess.run([sys.executable, "-m", "exporter", *build], cwd=home, check=True, stdout=subprocess.DEVNULL)
    model = CONFIG["models"][0] | {"profile": "bench.json"} | options
    config = CONFIG | {"models": [model]} | ({"state": state} if state else {})
    (home / "exporter.yml").write_text(json.dumps(config))
