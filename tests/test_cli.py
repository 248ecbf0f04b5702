"""The command line: what each command prints, its exit code, and what it says to a mistake."""

import contextlib
import gzip
import io
import json
import logging
import os
import random
import re
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.error import URLError
from urllib.request import urlopen

import pytest
from prometheus_client.openmetrics import parser as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from exporter import __version__, profile
from exporter.catalog import METRICS
from exporter.cli import logs, main
from exporter.cli.parser import build_parser
from exporter.cli.progress import Progress
from exporter.config import load_spec
from exporter.exposition.quality import FIELDS
from exporter.quality import CHANGES

CONFIG = """\
models:
  - profile: profiles/fares@1.0.json
    windows: [1h, 500 rows]
    process: {pid: 1}
sources:
  - file: {path: logs/*.jsonl}
"""


def record(number, generator):
    label = generator.choice(["cheap", "dear"])
    return {
        "id": str(number),
        "model": "fares",
        "version": "1.0",
        "time": 1_790_000_000 + number,
        "input": {"fare": generator.lognormvariate(2, 1), "image": f"images/{number}.png"},
        "output": {"label": label},
        "actual": {"label": label if generator.random() < 0.9 else "cheap"},
        "latency_seconds": 0.01,
    }


@pytest.fixture
def place(tmp_path, monkeypatch):
    """Make a directory with a log the current one; no flag comes from the environment."""
    monkeypatch.chdir(tmp_path)
    for name in os.environ:
        if name.startswith("PREDICTION_EXPORTER_"):
            monkeypatch.delenv(name)
    generator = random.Random(1)
    lines = [json.dumps(record(number, generator)) for number in range(1000)]
    (tmp_path / "log.jsonl").write_text("\n".join(lines) + "\n")
    return tmp_path


@pytest.fixture
def ready(place):
    """Build a profile and write a configuration for it."""
    with contextlib.redirect_stdout(io.StringIO()):
        assert main(["profile", "infer", "log.jsonl", "-o", "profile.yml"]) == 0
        assert main(["profile", "build", "--reference", "log.jsonl"]) == 0
    (place / "exporter.yml").write_text(CONFIG)
    return place


def program(*arguments, **options):
    return subprocess.run(
        [sys.executable, "-m", "exporter", *arguments],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        **options,
    )


def exit_code(arguments):
    try:
        return main(arguments)
    except SystemExit as end:
        return end.code


def refused(capsys, arguments, code):
    """Run a command that must fail without a traceback; return what it says."""
    assert exit_code(arguments) == code
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "Traceback" not in captured.err
    return captured.err


def test_the_version_names_program_and_python(capsys):
    with pytest.raises(SystemExit) as end:
        main(["--version"])
    assert end.value.code == 0
    python = ".".join(map(str, sys.version_info[:3]))
    assert capsys.readouterr().out == f"prediction-exporter {__version__} (Python {python})\n"


def test_the_version_imports_nothing_heavy():
    code = "import sys; from exporter.cli.parser import build_parser; import exporter.__main__; build_parser()"
    code += "; print([name for name in sys.modules if name.split('.')[0] in ('numpy', 'yaml', 'msgspec', 'psutil')])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "[]\n"


@pytest.mark.parametrize(
    "arguments", [[], ["fly"], ["run", "--speed", "1"], ["check", "--config", "x"], ["profile"], ["replay"]]
)
def test_a_wrong_call_says_how_to_call_and_ends_with_2(capsys, arguments):
    assert "usage: prediction-exporter" in refused(capsys, arguments, 2)


def commands():
    root = build_parser()
    waiting = [root]
    while waiting:
        parser = waiting.pop()
        for action in parser._actions:
            if isinstance(action.choices, dict):
                waiting += action.choices.values()
        yield parser


def test_numbers_are_multiplied_in_one_thread_unless_the_environment_says_otherwise(monkeypatch):
    name = "OPENBLAS_NUM_THREADS"
    monkeypatch.setenv(name, "3")
    assert main(["metrics"]) == 0
    assert os.environ[name] == "3"
    monkeypatch.delenv(name)
    assert main(["metrics"]) == 0
    assert os.environ[name] == "1"


def test_every_flag_has_an_environment_twin_that_its_help_names(capsys):
    flags = 0
    for parser in commands():
        for action in parser._actions:
            if not action.option_strings or action.dest == "help" or action.nargs == 0:
                continue
            flag = action.option_strings[-1]
            twin = "PREDICTION_EXPORTER_" + re.sub(r"[.-]", "_", flag.strip("-")).upper()
            assert f"[${twin}]" in action.help, flag
            flags += 1
        parser.print_help()
    assert flags > 15
    assert "usage" in capsys.readouterr().out


def test_a_flag_comes_from_the_environment_unless_it_is_given(monkeypatch):
    monkeypatch.setenv("PREDICTION_EXPORTER_CONFIG_FILE", "environment.yml")
    monkeypatch.setenv("PREDICTION_EXPORTER_WEB_LISTEN_ADDRESS", ":1,[::1]:2")
    given = build_parser().parse_args(["run"])
    assert given.config_file == "environment.yml"
    assert given.web_listen_address == [":1", "[::1]:2"]
    flags = ["--config.file", "flag.yml", "--web.listen-address", ":3", "--web.listen-address", ":4"]
    given = build_parser().parse_args(["run", *flags])
    assert given.config_file == "flag.yml"
    assert given.web_listen_address == [":3", ":4"]


@pytest.mark.usefixtures("place")
def test_without_flags_and_environment_the_defaults_hold():
    given = build_parser().parse_args(["run"])
    assert (given.config_file, given.web_listen_address, given.web_config_file) == ("exporter.yml", [":8770"], None)
    assert (given.log_level, given.log_format) == ("info", "logfmt")


@pytest.mark.parametrize(
    ("twin", "value", "command"),
    [
        ("LOG_LEVEL", "loud", ["run"]),
        ("LOG_FORMAT", "xml", ["run"]),
        ("SPEED", "0", ["demo"]),
        ("SPEED", "nan", ["demo"]),
        ("ONLY", "exporter", ["demo"]),
        ("DURATION", "5", ["demo"]),
    ],
)
def test_a_bad_value_in_the_environment_is_refused_like_one_on_the_command_line(
    capsys, monkeypatch, twin, value, command
):
    monkeypatch.setenv(f"PREDICTION_EXPORTER_{twin}", value)
    said = refused(capsys, command, 2)
    assert value in said
    assert f"--{twin.lower().replace('_', '.')}" in said


def test_the_demo_is_called_with_seconds_a_factor_and_a_path(monkeypatch):
    calls = []
    monkeypatch.setattr("exporter.demo.main", lambda *arguments: calls.append(arguments) or 3)
    assert main(["demo"]) == 3
    assert main(["demo", "--duration", "90s", "--speed", "2.5", "--directory", "d", "--only", "model"]) == 3
    assert main(["demo", "--duration", "0s", "--web.listen-address", "127.0.0.1:0"]) == 3
    assert [(*call[:3], str(call[3]), call[4]) for call in calls] == [
        ([":8770"], 1.0, None, "None", None),
        ([":8770"], 2.5, 90.0, "d", "model"),
        (["127.0.0.1:0"], 1.0, 0.0, "None", None),
    ]


def test_the_catalogue_lists_every_metric_with_type_labels_and_help(capsys):
    assert main(["metrics"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("model_predictions_total{model,version} counter\n    Predictions in the log")
    assert main(["metrics", "--format", "markdown"]) == 0
    table = capsys.readouterr().out.splitlines()
    assert len(table) == len(METRICS) + 2
    for metric, row in zip(METRICS, table[2:], strict=True):
        assert metric.help in text
        assert row.startswith(f"| `{metric.name}` | {metric.kind} | ")


def test_an_inferred_spec_can_be_edited_and_read_back(place, capsys):
    assert main(["profile", "infer", "log.jsonl"]) == 0
    text = capsys.readouterr().out
    assert "element: input.fare, dtype: float}  # 1,000 values: " in text
    assert "# left out: input.image  # 1,000 values: " in text
    (place / "profile.yml").write_text(text)
    spec = load_spec("profile.yml")
    assert (spec.name, spec.version) == ("fares", "1.0")
    assert [component.key for component in spec.components] == [
        ("input", "fare"),
        ("output", "label"),
        ("actual", "label"),
        ("eval", "label_correct"),
    ]


def test_an_inferred_spec_takes_hostile_names_as_they_are(place, capsys):
    hostile = {"input": {"a: b, {c}": 1.5, "# no comment": 2.5, "ü\n": 3.5}, "output": {"y": 0.5}}
    (place / "hostile.jsonl").write_text(json.dumps(hostile) + "\n")
    assert main(["profile", "infer", "hostile.jsonl", "--name", "yes", "--version", "1.0"]) == 0
    (place / "profile.yml").write_text(capsys.readouterr().out)
    spec = load_spec("profile.yml")
    assert (spec.name, spec.version) == ("yes", "1.0")
    assert {component.element for component in spec.components} == {
        "input.a: b, {c}",
        "input.# no comment",
        "input.ü\n",
        "output.y",
    }


def test_a_log_without_records_infers_nothing_and_shows_what_a_line_looks_like(place, capsys):
    (place / "other.jsonl").write_text('text\n[1]\n{"level": "info"}\n')
    said = refused(capsys, ["profile", "infer", "other.jsonl"], 1)
    assert "no record has a value under input, output or actual; a line looks like" in said


def test_logs_are_read_from_gzip_files_and_standard_input(place, capsys, monkeypatch):
    plain = (place / "log.jsonl").read_bytes()
    (place / "log.jsonl.gz").write_bytes(gzip.compress(plain))
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(plain)))
    texts = []
    for path in ("log.jsonl", "log.jsonl.gz", "-"):
        assert main(["profile", "infer", path]) == 0
        texts.append(capsys.readouterr().out)
    assert len(texts[0].splitlines()) > 10
    assert texts[0] == texts[1] == texts[2]


def test_a_gzip_file_that_is_cut_off_is_named(place, capsys):
    (place / "cut.gz").write_bytes(gzip.compress((place / "log.jsonl").read_bytes())[:1000])
    assert "cut.gz: Compressed file ended" in refused(capsys, ["profile", "infer", "cut.gz"], 1)


def test_a_profile_is_built_into_a_directory_or_a_file(ready, capsys):
    arguments = ["profile", "build", "--spec", "profile.yml", "--reference", "log.jsonl"]
    assert main([*arguments, "-o", "here"]) == 0
    assert main([*arguments, "-o", "there/it.json"]) == 0
    assert capsys.readouterr().out == "here/fares@1.0.json\nthere/it.json\n"
    assert [path.name for path in (ready / "here").iterdir()] == ["fares@1.0.json"]
    built = profile.load((ready / "there/it.json").read_bytes())
    assert (built.name, built.version, built.scores[0].samples) == ("fares", "1.0", 1000)
    assert time.time() - 60 < built.built <= time.time()


@pytest.mark.usefixtures("ready")
def test_a_built_profile_is_shown_as_text(capsys):
    assert main(["profile", "show", "profiles/fares@1.0.json"]) == 0
    text = capsys.readouterr().out
    assert text.startswith("fares 1.0, built 20")
    fare = next(line for line in text.splitlines() if " fare " in line)
    assert re.match(
        r"input +fare +float +1,000 +0\.0% +(\[0[\d.]*, [\d.]+] +){2}\d\S* [▁-█ ]{24} [\d.]+  mean [\d.]+", fare
    )
    assert "█" in fare
    label = next(line for line in text.splitlines() if line.startswith("output"))
    assert re.search(r"2 categories +█[▁-█]  (cheap|dear) 5\d%, (cheap|dear) 4\d%$", label)
    assert re.search(r"accuracy +0\.9\d+ +1,000 +0\.8\d+ +higher", text)


@pytest.mark.usefixtures("ready")
def test_what_matters_most_is_marked_where_a_profile_is_shown(place, capsys):
    spec = (place / "profile.yml").read_text()
    (place / "profile.yml").write_text(spec.replace("dtype: float}", "dtype: float, main: true, importance: 2.5}", 1))
    assert main(["profile", "build", "--spec", "profile.yml", "--reference", "log.jsonl", "-o", "."]) == 0
    assert main(["profile", "show", capsys.readouterr().out.strip()]) == 0
    text = capsys.readouterr().out
    assert re.search(r"^input +fare \(main, importance 2\.5\) +float ", text, re.MULTILINE)
    assert re.search(r"^output +label +category ", text, re.MULTILINE)


@pytest.mark.parametrize(
    "arguments",
    [
        ["profile", "infer", "nowhere"],
        ["profile", "build", "--spec", "nowhere", "--reference", "log.jsonl"],
        ["profile", "build", "--reference", "nowhere"],
        ["profile", "show", "nowhere"],
        ["check", "--config.file", "nowhere"],
        ["run", "--config.file", "nowhere"],
        ["replay", "log.jsonl", "--config.file", "nowhere"],
        ["replay", "nowhere"],
        ["run", "--web.config.file", "nowhere"],
    ],
)
@pytest.mark.usefixtures("ready")
def test_a_file_that_does_not_exist_is_named_once_and_the_exit_code_is_1(capsys, arguments):
    said = refused(capsys, arguments, 1)
    assert "nowhere" in said
    assert "o such file" in said


@pytest.mark.usefixtures("place")
def test_a_file_that_is_no_profile_is_named(capsys):
    assert refused(capsys, ["profile", "show", "log.jsonl"], 1).startswith("prediction-exporter: log.jsonl: ")


def test_a_bad_spec_is_refused_with_every_problem(place, capsys):
    (place / "profile.yml").write_text("name: a\nversion: 1.0\ncomponents: [{nam: x}]\n")
    assert refused(capsys, ["profile", "build", "--reference", "log.jsonl"], 1).splitlines() == [
        "prediction-exporter: 3 problems in profile.yml",
        'profile.yml:2: version: YAML reads 1.0 as a number; put it in quotes: "1.0"',
        "profile.yml:3: components[0].nam: unknown key; did you mean 'name'?",
        "profile.yml:3: components[0].name: is missing",
    ]


def test_a_bad_configuration_is_refused_with_every_problem(ready, capsys):
    (ready / "exporter.yml").write_text(CONFIG.replace("1h", "1x").replace("pid", "pit"))
    for command in ("check", "run"):
        assert refused(capsys, [command], 1).splitlines() == [
            "prediction-exporter: 2 problems in exporter.yml",
            (
                "exporter.yml:3: models[0].windows[0]: '1x' is not a window; "
                "write a duration such as 1h or a number of rows such as 3000 rows"
            ),
            "exporter.yml:4: models[0].process.pit: unknown key; did you mean 'pid'?",
        ]


@pytest.mark.usefixtures("ready")
def test_a_good_configuration_is_summed_up(capsys):
    assert main(["check"]) == 0
    captured = capsys.readouterr()
    assert captured.err == ""
    assert captured.out.splitlines()[:5] == [
        "exporter.yml is valid",
        "fares 1.0 (profiles/fares@1.0.json)",
        "  components: 1 input, 1 output, 1 actual, 1 eval",
        "  scores: accuracy",
        "  windows: 1h, 500 rows",
    ]
    assert "sources: logs/*.jsonl (native)" in captured.out


@pytest.mark.parametrize("command", ["check", "run"])
def test_more_series_than_the_limit_are_refused_before_anything_runs(ready, capsys, command):
    (ready / "exporter.yml").write_text(CONFIG + "limits: {series: 10}\n")
    assert main([command, "--config.file", "exporter.yml"]) == 1
    assert re.search(r"limits.series: the models need \d+ series, more than the 10 allowed", capsys.readouterr().err)


def replayed(capsysbinary, *arguments):
    assert main(["replay", *arguments]) == 0
    return capsysbinary.readouterr().out.decode()


@pytest.mark.usefixtures("ready")
def test_a_replay_prints_the_metrics_of_finished_logs(capsysbinary):
    families = {f.name: f for f in text_string_to_metric_families(replayed(capsysbinary, "log.jsonl"))}
    assert families["model_predictions"].samples[0].value == 1000
    accuracy = {s.labels["window"]: s.value for s in families["model_score"].samples}
    assert 0.85 < accuracy["500 rows"] < 1
    text = replayed(capsysbinary, "log.jsonl", "--format", "openmetrics")
    assert text.endswith("# EOF\n")
    assert {family.name for family in openmetrics.text_string_to_metric_families(text)} == set(families)


@pytest.mark.usefixtures("ready")
def test_the_estimate_of_check_is_what_a_full_scrape_shows(capsysbinary):
    assert main(["check"]) == 0
    estimate = int(re.search(r"at most ([\d,]+)", capsysbinary.readouterr().out.decode())[1].replace(",", ""))
    text = replayed(capsysbinary, "log.jsonl")
    shown = [line for line in text.splitlines() if line.startswith("model_")]
    process = 6  # nobody looks at the model server in a replay
    faults = 2 + FIELDS * len(CHANGES)  # two components are in their units, and no field has changed
    associations = 2  # of one input in two windows, which hold too few predictions
    assert estimate == len(shown) + process + faults + associations


def test_progress_is_shown_on_a_terminal_and_cleared():
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal, file = Terminal(), io.StringIO()
    for stream in (terminal, file):
        progress = Progress("reading", 2_000_000, stream)
        progress.add(500_000)
        progress.add(500_000)
        progress.close()
    assert terminal.getvalue() == "\r\033[Kreading: 0.5 of 2.0 MB (25%)\r\033[K"
    assert file.getvalue() == ""


@pytest.fixture
def logged(capsys):
    """Return what a call of the logger writes, line by line."""

    def lines(form, *calls, level="info"):
        logs.set_up(level, form)
        for call in calls:
            call(logging.getLogger("exporter.test"))
        return capsys.readouterr().err.splitlines()

    return lines


def test_a_log_line_has_time_level_message_and_fields(logged):
    (line,) = logged("logfmt", lambda log: log.warning("no %s", "luck", extra={"source": "a b", "n": 3, "e": ""}))
    assert re.fullmatch(
        r'time=\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z level=warning msg="no luck" source="a b" n=3 e=""', line
    )
    (line,) = logged("json", lambda log: log.warning("no %s", "luck", extra={"source": "a b", "n": 3}))
    entry = json.loads(line)
    assert entry.pop("time").endswith("Z")
    assert entry == {"level": "warning", "msg": "no luck", "source": "a b", "n": 3}


def test_a_log_entry_is_one_line_whatever_is_in_it(logged):
    def failing(log):
        try:
            int('two\nlines "quoted" \u2028')
        except ValueError:
            log.exception("bad\nnews = \x1b[31m \u2028")

    for form in ("logfmt", "json"):
        (line,) = logged(form, failing)
        assert "Traceback" in line
        assert line.isprintable()


def test_lines_below_the_level_are_left_out(logged):
    calls = [lambda log: log.debug("a"), lambda log: log.info("b"), lambda log: log.error("c")]
    assert len(logged("logfmt", *calls, level="debug")) == 3
    assert len(logged("logfmt", *calls, level="warning")) == 1


@pytest.fixture
def answering():
    """Serve one status and tell what was asked."""
    servers = []

    def serve(status):
        asked = []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                asked.append((self.path, self.headers["Authorization"]))
                self.send_response(status)
                self.end_headers()
                self.wfile.write(b"some words\nmore")

            def log_message(self, *_):
                pass

        server = HTTPServer(("127.0.0.1", 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return f"127.0.0.1:{server.server_port}", asked

    yield serve
    for server in servers:
        server.shutdown()
        server.server_close()


def test_the_health_check_is_0_for_an_answer_of_200(answering):
    address, asked = answering(200)
    assert main(["healthcheck", "--url", f"http://{address}/-/ready?a=b"]) == 0
    assert main(["healthcheck", "--url", f"http://user:p%40ss@{address}"]) == 0
    assert asked == [("/-/ready?a=b", None), ("/", "Basic dXNlcjpwQHNz")]


def test_the_health_check_is_1_for_any_other_answer_and_for_none(answering, capsys):
    address, _ = answering(503)
    assert "answered 503 some words" in refused(capsys, ["healthcheck", "--url", f"http://{address}/"], 1)
    assert "no answer from 127.0.0.1" in refused(capsys, ["healthcheck", "--url", "http://127.0.0.1:1/"], 1)


@pytest.mark.parametrize("url", ["127.0.0.1:8770", "ftp://127.0.0.1/", "http://", "http://127.0.0.1:x/"])
def test_the_health_check_takes_only_urls(capsys, url):
    assert "is not an http or https URL" in refused(capsys, ["healthcheck", "--url", url], 2)


@pytest.mark.slow
def test_the_version_answers_within_three_tenths_of_a_second():
    spent = []
    for _ in range(5):
        before = os.times()
        assert program("--version").returncode == 0
        after = os.times()
        spent.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(spent) < 0.3


@pytest.mark.slow
def test_a_reader_that_has_had_enough_is_no_error():
    command = f"{sys.executable} -m exporter metrics | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, timeout=60, check=False)
    assert done.stdout.startswith(b"model_predictions_total")
    assert done.stderr == b""
    assert done.returncode == 0


@pytest.mark.slow
def test_run_serves_until_sigterm_and_logs_in_the_form_asked_for(ready):
    (ready / "logs").mkdir()
    (ready / "logs" / "a.jsonl").write_bytes((ready / "log.jsonl").read_bytes())
    command = [sys.executable, "-m", "exporter", "run", "--web.listen-address", "127.0.0.1:0", "--log.format", "json"]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True) as process:
        try:
            entries = (json.loads(line) for line in process.stderr)
            address = next(m[0] for entry in entries if (m := re.search(r"127\.0\.0\.1:\d+", entry["msg"])))
            assert "model_predictions_total{" in eventually(f"http://{address}/metrics", " 1000\n")
            assert main(["healthcheck", "--url", f"http://{address}/-/healthy"]) == 0
        finally:
            process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def eventually(url, wanted):
    deadline = time.monotonic() + 20
    while True:
        try:
            with urlopen(url, timeout=5) as response:
                text = response.read().decode()
        except URLError:
            text = ""
        if wanted in text:
            return text
        assert time.monotonic() < deadline, text
        time.sleep(0.1)


@pytest.mark.usefixtures("ready")
@pytest.mark.slow
def test_an_address_in_use_is_an_error_for_people(answering):
    address, _ = answering(200)
    done = program("run", "--web.listen-address", address)
    assert done.returncode == 1
    assert f"cannot listen on {address}: Address already in use" in done.stderr
    assert "Traceback" not in done.stderr
