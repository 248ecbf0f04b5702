"""The files of the demo: reference logs, profile specs and profiles, and a configuration that people can copy."""

from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np

from exporter import profile
from exporter.config import load_spec
from exporter.demo import diabetes, digits
from exporter.demo.records import Model, request
from exporter.demo.story import HEALTHY

REFERENCE_RECORDS = 2000  # at least
CONFIG = "exporter.yml"
PID_FILE = "model-server.pid"
LOG = "logs/predictions.jsonl"
ROWS = 500, 3000  # fewer are too few for drift statistics of 20 bins, more are slow to show anything

SPECS = {
    "digits": """\
# What the exporter watches of the digits model. Build the profile again with
#   prediction-exporter profile build --spec profile-digits.yml --reference reference-digits.jsonl -o profiles/
name: digits
version: 3.0.0
components:
  - {name: sharpness, element: input.sharpness, dtype: float}
  - {name: intensity, element: input.intensity, dtype: float}
  - {name: contrast, element: input.contrast, dtype: float}
  - {name: ink, element: input.ink, dtype: float}
  - {name: label, element: output.label, dtype: category}
  - {name: confidence, element: output.confidence, dtype: float}
  - {name: label, element: actual.label, dtype: category}
  - {name: correct, role: eval, extractor: {correct: {output: label, actual: label}}, dtype: category}
  - name: is_four
    role: eval
    extractor: {classification_error_type: {output: label, actual: label, positive: "4"}}
    dtype: category
scores:
  - {name: accuracy, score: accuracy, input: correct, preference: high, threshold: 0.9, estimate: confidence}
  - {name: precision_of_four, score: precision, input: is_four, preference: high, threshold: 0.75}
  - {name: recall_of_four, score: recall, input: is_four, preference: high, threshold: 0.75}
""",
    "diabetes": """\
# What the exporter watches of the diabetes model. Build the profile again with
#   prediction-exporter profile build --spec profile-diabetes.yml --reference reference-diabetes.jsonl -o profiles/
name: diabetes
version: 1.2.0
components:
  - {name: age, element: input.age, dtype: int}
  - {name: sex, element: input.sex, dtype: category}
  - {name: bmi, element: input.bmi, dtype: float}
  - {name: bp, element: input.bp, dtype: float}
  - {name: s1, element: input.s1, dtype: float}
  - {name: s2, element: input.s2, dtype: float}
  - {name: s3, element: input.s3, dtype: float}
  - {name: s4, element: input.s4, dtype: float}
  - {name: s5, element: input.s5, dtype: float}
  - {name: s6, element: input.s6, dtype: float}
  - {name: progression, element: output.value, dtype: float}
  - {name: progression, element: actual.value, dtype: float}
  - name: absolute_error
    role: eval
    extractor: {absolute_error: {output: progression, actual: progression}}
    dtype: float
scores:
  - {name: mean_absolute_error, input: absolute_error, preference: low, threshold: 60, estimate: true}
""",
}


CONFIG_TEXT = """\
# The demo's configuration; one for models of your own looks just like it.
evaluation_interval: {interval}s
models:
{models}sources:
  - file: {{path: logs/*.jsonl, decoder: native}}
"""
MODEL_TEXT = """\
  - profile: profiles/{name}@{version}.json
    windows: [{seconds}s, {rows} rows]
    process: {{pid_file: {pid_file}}}
{segments}"""
SEGMENTS = {"digits": "    segments: [tags.machine]\n"}  # a patient is at one machine today and at another tomorrow


def trained(rng: np.random.Generator) -> tuple[Model, ...]:
    """Train the models of the demo."""
    return digits.trained(rng), diabetes.fitted(rng)


def reference(model: Model, rng: np.random.Generator) -> bytes:
    """Return a log of healthy predictions with their actuals: as many of each image (patient) as of any other.

    Those that are served are drawn from the same images at random, and every one is a new shot with its own noise: the
    served distribution *is* the reference's until something breaks.
    """
    rounds = -(-REFERENCE_RECORDS // model.size)
    answered = (request(model, index, rng, HEALTHY) for _ in range(rounds) for index in range(model.size))
    head = {"model": model.name, "version": model.version}
    return b"".join(
        msgspec.json.encode(head | {"id": f"reference-{number}", **prediction, "actual": actual}) + b"\n"
        for number, (prediction, actual) in enumerate(answered, 1)
        if actual is not None
    )


def window_rows(length: float, speed: float) -> int:
    """Return the rows of the demo's windows: a twelfth of a run, but neither few nor many."""
    rows = round(digits.RATE * speed * length / 12, -2)
    return int(min(max(rows, ROWS[0]), ROWS[1]))


def configuration(models: Sequence[Model], length: float, speed: float) -> str:
    """Return an exporter.yml for a run (or cycle) of so many seconds."""
    rows, seconds = window_rows(length, speed), max(1, round(length * 0.15))
    common = {"seconds": seconds, "rows": rows, "pid_file": PID_FILE}
    parts = (
        MODEL_TEXT.format(name=m.name, version=m.version, segments=SEGMENTS.get(m.name, ""), **common) for m in models
    )
    return CONFIG_TEXT.format(interval=max(1, round(length / 60)), models="".join(parts))


def write(directory: Path, models: Sequence[Model], rng: np.random.Generator, built: float) -> None:
    """Write what a user would have prepared: reference logs, specs, and the profiles built from them."""
    for name in ("logs", "profiles"):
        (directory / name).mkdir(parents=True, exist_ok=True)
    for model in models:
        log, spec = reference(model, rng), directory / f"profile-{model.name}.yml"
        replace(directory / f"reference-{model.name}.jsonl", log)
        replace(spec, SPECS[model.name].encode())
        replace(directory / "profiles" / f"{model.name}@{model.version}.json", _profile(spec, log, built))


def _profile(path: Path, log: bytes, built: float) -> bytes:
    spec = load_spec(str(path))
    return profile.dump(profile.build(spec, profile.columns_of(spec, log.splitlines()), built))


def replace(path: Path, content: bytes) -> None:
    """Write a file in one step: who reads it finds the old content or the new, nothing between."""
    part = path.with_name(f".{path.name}.part")
    part.write_bytes(content)
    part.replace(path)
