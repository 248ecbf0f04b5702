"""The whole text of a scrape after a small log with everything in it, in both formats, against committed files.

`pytest tests/test_golden.py --update-golden` rewrites them; read the difference before you commit it.
"""

import math
import re
import shutil
import subprocess
from collections import defaultdict
from pathlib import Path

import pytest
import shop
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.app import replay
from exporter.catalog import METRICS
from exporter.config import load
from exporter.exposition.negotiate import Format
from exporter.profile import ComponentSpec, ProfileSpec, ScoreSpec, build, columns_of, dump

FIXTURES = Path(__file__).parent / "fixtures" / "golden"
GOLDEN = {Format.TEXT: FIXTURES / "metrics.txt", Format.OPENMETRICS: FIXTURES / "metrics.openmetrics"}
PARSERS = {Format.TEXT: parse_text, Format.OPENMETRICS: parse_openmetrics}

CONFIG = """
models:
  - {profile: door.json, windows: [30m, 220 rows], actuals: {wait: 20m}}
  - {profile: lift.json, windows: [30m, 220 rows], latency_buckets: [0.5, 1]}
sources:
  - stdin: {}
limits: {categories: 5, line_bytes: 1024}
"""
DOOR = ProfileSpec(
    "door",
    "1.0.0",
    [
        ComponentSpec("offset", "input.offset", dtype="int"),
        ComponentSpec("note", "input.note", dtype="category"),
        ComponentSpec("lit", "input.lit", dtype="bool"),
        ComponentSpec("label", "output.label", dtype="category"),
        ComponentSpec("label", "actual.label", dtype="category"),
        ComponentSpec("right", role="eval", extractor={"correct": {"output": "label", "actual": "label"}}),
        ComponentSpec(
            "opened",
            role="eval",
            extractor={"classification_error_type": {"output": "label", "actual": "label", "positive": "open"}},
        ),
    ],
    [ScoreSpec("accuracy", "right"), ScoreSpec("precision", "opened"), ScoreSpec("recall", "opened", threshold=0.8)],
)
LIFT = ProfileSpec(
    "lift",
    "2",
    [
        ComponentSpec("load", "input.load", dtype="float", domain=[0, None], thresholds={"psi": 0.1}),
        ComponentSpec("seconds", "output.seconds", dtype="float"),
        ComponentSpec("seconds", "actual.seconds", dtype="float"),
        ComponentSpec("error", role="eval", extractor={"absolute_error": {"output": "seconds", "actual": "seconds"}}),
    ],
    [ScoreSpec("mean_absolute_error", "error")],
)
# What differs between two runs or two machines: the clock, the Python, and the last digits that a checksum is made of.
CHANGING = [
    (re.compile(r"^(prediction_exporter_build_info)\{.*\}"), r"\1{...}"),
    (re.compile(r'sha256="[0-9a-f]{64}"'), 'sha256="..."'),
    (re.compile(r"^(prediction_exporter_\w*(?:reload_success_timestamp|evaluation_duration)_seconds) .*"), r"\1 ..."),
]


@pytest.fixture(scope="module")
def replayed(tmp_path_factory):
    """Return a function that replays a log and gives the text of a scrape."""
    directory = tmp_path_factory.mktemp("golden")
    reference = (FIXTURES / "reference.jsonl").read_bytes().splitlines()
    for spec in (DOOR, LIFT):
        own = [line for line in reference if f'"model":"{spec.name}"'.encode() in line]
        (directory / f"{spec.name}.json").write_bytes(dump(build(spec, columns_of(spec, own), 1_700_000_000.0)))
    (directory / "exporter.yml").write_text(CONFIG)
    (directory / "empty.jsonl").write_bytes(b"")
    config = load(str(directory / "exporter.yml"))
    return lambda fmt, name="log.jsonl": replay(
        config, [str((FIXTURES if name == "log.jsonl" else directory) / name)], fmt
    )


def steady(body):
    """Return the lines of a text without what changes from run to run."""
    lines = body.decode().splitlines()
    for pattern, text in CHANGING:
        lines = [pattern.sub(text, line) for line in lines]
    return lines


def split(line):
    """Return what comes before the value of a line, and the value if it is a number."""
    before, _, number = line.rpartition(" ")
    try:
        return before, float(number)
    except ValueError:
        return line, 0.0


@pytest.mark.parametrize("fmt", Format)
def test_the_text_of_a_scrape_is_the_golden_one(request, replayed, fmt):
    lines = steady(replayed(fmt))
    if request.config.getoption("--update-golden"):
        GOLDEN[fmt].write_text("\n".join(lines) + "\n", encoding="utf-8")
    expected = GOLDEN[fmt].read_text(encoding="utf-8").splitlines()
    assert [split(line)[0] for line in lines] == [split(line)[0] for line in expected]
    assert [split(line)[1] for line in lines] == pytest.approx([split(line)[1] for line in expected], rel=1e-9)


@pytest.mark.parametrize("fmt", Format)
def test_an_independent_parser_reads_every_line_of_it(replayed, fmt):
    """The OpenMetrics parser alone minds a sum beside negative edges, so those sums and counts are left out for it."""
    body = replayed(fmt).decode()
    if fmt is Format.OPENMETRICS:
        body = re.sub(r"(?m)^model_component_value_(sum|count)\{.*\n", "", body)
    parsed = [sample for family in PARSERS[fmt](body) for sample in family.samples]
    assert len(parsed) == sum(not line.startswith("#") for line in body.splitlines()) > 300
    assert not [sample for sample in parsed if math.isnan(sample.value) or sample.timestamp is not None]


@pytest.mark.parametrize("fmt", Format)
@pytest.mark.parametrize("log", ["log.jsonl", "empty.jsonl"])
def test_each_family_is_in_one_piece_under_one_help_and_one_type(replayed, fmt, log):
    ending = "" if fmt is Format.TEXT else "_total"
    metrics = {metric.name.removesuffix(ending): metric for metric in METRICS}
    families, here = [], ""
    for line in replayed(fmt, log).decode().splitlines():
        if line.startswith("# HELP "):
            here, text = line.removeprefix("# HELP ").split(" ", 1)
            families.append(here)
            assert text == metrics[here].help
        elif line.startswith("# TYPE "):
            assert line == f"# TYPE {here} {metrics[here].kind}"
        elif line != "# EOF":
            name = re.match(r"\w+", line)[0]
            endings = ("_bucket", "_sum", "_count") if metrics[here].kind == "histogram" else ("",)
            assert name in [metrics[here].name + ending for ending in endings]
    assert len(families) == len(set(families)) > 25
    assert families == sorted(families, key=[*metrics].index)


def test_both_formats_say_the_same(replayed):
    def samples(fmt):
        return [line for line in steady(replayed(fmt)) if not line.startswith("#")]

    assert samples(Format.TEXT) == samples(Format.OPENMETRICS)
    assert replayed(Format.OPENMETRICS).endswith(b"\n# EOF\n")


@pytest.mark.slow
@pytest.mark.parametrize("log", ["log.jsonl", "empty.jsonl"])
def test_promtool_finds_nothing_to_say_about_it(replayed, log):
    promtool = shutil.which("promtool")
    assert promtool, "promtool is not on PATH"
    done = subprocess.run(
        [promtool, "check", "metrics"], input=replayed(Format.TEXT, log), capture_output=True, check=False
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_histograms_are_whole(replayed):
    found = shop.read(replayed(Format.TEXT))
    buckets = defaultdict(list)
    for (name, labels), count in found.items():
        if name.endswith("_bucket"):
            rest = tuple(pair for pair in labels if pair[0] != "le")
            buckets[name.removesuffix("_bucket"), rest].append((float(dict(labels)["le"]), count))
    assert len(buckets) > 6
    for (name, labels), pairs in buckets.items():
        counts = [count for _, count in pairs]
        assert [le for le, _ in pairs] == sorted(le for le, _ in pairs)
        assert counts == sorted(counts)
        assert pairs[-1] == (math.inf, found[f"{name}_count", labels])
    assert min(le for (name, _), pairs in buckets.items() if "value" in name for le, _ in pairs) < -3


def test_the_fixture_has_everything_in_it(replayed):
    """The golden text says little unless the log behind it holds every case."""
    found = shop.read(replayed(Format.TEXT))
    reasons = {dict(labels)["reason"] for (name, labels), n in found.items() if "reason" in dict(labels) and n}
    assert reasons >= {"missing", "type", "below", "above", "unseen"}
    assert reasons >= {"not_json", "not_object", "too_long", "unknown_model", "empty_record", "duplicate_id"}
    categories = {dict(labels)["category"] for (name, labels), n in found.items() if "category" in dict(labels)}
    assert {'say "hi"', "two\nlines", "back\\slash", "żółć 😀", "__other__"} <= categories
    for name in ("actuals_unmatched", "actuals_duplicate", "predictions_unlabelled", "prediction_failures"):
        assert shop.value(found, f"model_{name}_total", model="door") > 0
    assert shop.value(found, "prediction_exporter_label_overflow_total") > 0
    assert shop.value(found, "model_drifted_components_ratio", model="door", window="220 rows") > 0
