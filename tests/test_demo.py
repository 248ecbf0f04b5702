"""The demo: its data, its fault, its schedule, its log, and the whole of it from one command."""

import io
import json
import os
import re
import signal
import subprocess
import sys
from contextlib import redirect_stderr
from math import nan
from threading import Event
from time import monotonic, sleep, time

import numpy as np
import psutil
import pytest
from scipy.stats import ks_2samp

from exporter import demo
from exporter.batch import Schema
from exporter.config import load
from exporter.decoders.native import NativeDecoder
from exporter.demo import data, digits
from exporter.demo.records import FAILURES, SEED, request
from exporter.demo.server import ModelServer, log_of, serve, set_aside, started
from exporter.demo.story import HEALTHY, OUT_OF_FOCUS, Phase, scheduled
from exporter.demo.verdict import Diary
from exporter.demo.watch import Fact, facts, labels, samples
from exporter.profile import load as load_profile

FOGGED = dict.fromkeys("1234", OUT_OF_FOCUS["2"])


@pytest.fixture(scope="module")
def models():
    return data.trained(np.random.default_rng(SEED))


@pytest.fixture(scope="module")
def directory(models, tmp_path_factory):
    place = tmp_path_factory.mktemp("demo")
    data.write(place, models, np.random.default_rng(SEED), time())
    return place


def answered(model, number, blurs=HEALTHY, seed=1):
    rng = np.random.default_rng(seed)
    pairs = (request(model, int(rng.integers(model.size)), rng, blurs) for _ in range(number))
    return [{**prediction, "actual": actual} for prediction, actual in pairs if actual is not None]


def column(records, name):
    return np.array([record["input"][name] for record in records], float)


def accuracy(records):
    return np.mean([record["output"]["label"] == record["actual"]["label"] for record in records])


def test_each_blur_of_an_image_takes_sharpness_and_leaves_the_amount_of_ink():
    image = digits.photographed(np.random.default_rng(1).random((1, 8, 8)), np.random.default_rng(2))
    blurs = [digits.blurred(image, passes)[0] for passes in range(5)]
    focus = [digits.sharpness(blur) for blur in blurs]
    assert focus == sorted(focus, reverse=True)
    assert focus[4] < focus[0] / 10
    assert blurs[4].mean() == pytest.approx(image.mean(), abs=0.05)
    assert np.array_equal(blurs[0], image[0])


def test_the_classifier_is_good_until_the_camera_is_out_of_focus(models):
    assert accuracy(answered(models[0], 1000)) >= 0.93
    assert 0.2 <= accuracy(answered(models[0], 1000, FOGGED)) <= 0.5


def test_a_machine_out_of_focus_touches_no_other_machine(models):
    healthy, faulty = (answered(models[0], 400, blurs, seed=3) for blurs in (HEALTHY, OUT_OF_FOCUS))
    for before, after in zip(healthy, faulty, strict=True):
        same = before["input"] == after["input"]
        assert same is (before["tags"]["machine"] != "2")
        assert before["actual"] == after["actual"]


def test_what_is_served_is_distributed_like_the_reference(models, directory):
    for model in models:
        reference = [
            json.loads(line) for line in (directory / f"reference-{model.name}.jsonl").read_text().splitlines()
        ]
        served = answered(model, data.REFERENCE_RECORDS, seed=5)
        assert len(reference) >= data.REFERENCE_RECORDS
        for name in served[0]["input"]:
            # 5 % of pairs of random samples exceed 1.36 * sqrt(2 / 2000) = 0.043; a reference that has all images
            # equally often is closer. The fault moves sharpness by 1.
            assert ks_2samp(column(reference, name), column(served, name)).statistic < 0.04, name


def test_the_fault_moves_every_picture_of_its_machine_out_of_the_reference(models, directory):
    profile = load_profile((directory / "profiles/digits@3.0.0.json").read_bytes())
    domain = next(component.measure.domain for component in profile.components if component.name == "sharpness")
    assert (column(answered(models[0], 500, FOGGED), "sharpness") < domain.low).all()
    healthy = column(answered(models[0], 5000), "sharpness")
    assert np.mean((healthy < domain.low) | (healthy > domain.high)) < 0.005


def test_requests_are_reproducible_but_for_the_time_they_take(models):
    for model in models:
        first, second = (answered(model, 50) for _ in range(2))
        for record in first + second:
            assert record.pop("latency_seconds") > 0
        assert first == second


def test_a_small_share_of_requests_fails(models):
    rng = np.random.default_rng(4)
    failed = [
        record for record, actual in (request(models[1], 0, rng, HEALTHY) for _ in range(10_000)) if actual is None
    ]
    assert FAILURES / 2 < len(failed) / 10_000 < FAILURES * 2
    assert all(record["error"] and "output" not in record for record in failed)


def test_every_line_of_the_log_is_a_native_record(models, directory):
    profiles = [load_profile(path.read_bytes()) for path in sorted((directory / "profiles").iterdir())]
    schemas = [
        Schema(p.name, p.version, tuple(c.field for c in p.components if c.field.element), ids=True) for p in profiles
    ]
    lines = log_of_a_run(models, directory, seconds=0.5, speed=40)
    decoder = NativeDecoder(schemas)
    batches = [*decoder.feed(b"".join(lines)), *decoder.flush()]
    assert decoder.lines == len(lines) > 300
    assert not decoder.rejects
    assert sum(batch.rows for _, batch in batches) == len(lines)


def test_actuals_follow_their_predictions_in_the_log(models, directory):
    records = [json.loads(line) for line in log_of_a_run(models, directory, seconds=1.0, speed=40)]
    predicted = {record["id"]: place for place, record in enumerate(records) if "latency_seconds" in record}
    actuals = {record["id"]: place for place, record in enumerate(records) if "actual" in record}
    assert len(predicted) + len(actuals) == len(records)
    assert len(actuals) > 100
    assert all(predicted[identifier] < place for identifier, place in actuals.items())
    delays = [records[place]["time"] - records[predicted[identifier]]["time"] for identifier, place in actuals.items()]
    assert min(delays) >= 0.37


def log_of_a_run(models, directory, seconds, speed):
    path = directory / "logs" / "run.jsonl"
    set_aside(path)
    served = [(model, log_of(model, path)) for model in models]
    server = ModelServer(
        served, scheduled(time(), seconds), speed=speed, rng=np.random.default_rng(1), say=lambda _: None
    )
    server.run(Event())
    for _, log in served:
        log.close()
    return path.read_bytes().splitlines(keepends=True)


def test_the_log_of_an_earlier_run_is_set_aside(tmp_path):
    log = tmp_path / "x.jsonl"
    set_aside(log)
    for number in range(3):
        log.write_text(str(number))
        set_aside(log)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("x.jsonl.1", "2")]


def test_the_fault_is_in_the_middle_of_a_run():
    schedule = scheduled(1000.0, 100.0)
    phases = {second: schedule.phase(1000.0 + second) for second in (0, 39.9, 40, 79.9, 80, 99)}
    assert list(phases.values()) == [Phase.BEFORE] * 2 + [Phase.DURING] * 2 + [Phase.AFTER] * 2
    assert [schedule.blurs(1000.0 + second) for second in (10, 50, 90)] == [HEALTHY, OUT_OF_FOCUS, HEALTHY]
    assert [schedule.over(1000.0 + second) for second in (99.9, 100)] == [False, True]
    assert [schedule.next_turn(1000.0 + second) for second in (0, 40, 80)] == [1040.0, 1080.0, 1100.0]


@pytest.mark.parametrize("duration", [None, 0.0])
def test_without_a_duration_the_fault_comes_back_in_every_cycle(duration):
    schedule = scheduled(1000.0, duration)
    faulty = [schedule.phase(1000.0 + second) is Phase.DURING for second in range(3600)]
    assert sum(faulty) == 3 * 180
    assert faulty[:1200] == faulty[1200:2400] == faulty[2400:]
    assert not schedule.over(1e9)
    assert schedule.next_turn(1000.0 + 1200 + 250) == 1000.0 + 1200 + 420


@pytest.mark.parametrize("duration", [None, 0.3, 7.7])
def test_at_the_very_moment_of_a_turn_the_next_phase_has_begun(duration):
    for start in np.random.default_rng(1).uniform(1.7e9, 1.9e9, 200):
        schedule, now, phases = scheduled(float(start), duration), float(start), []
        for _ in range(3):
            phases.append(schedule.phase(now))
            now = schedule.next_turn(now)
        assert phases == list(Phase)
        assert schedule.over(now) is (duration is not None)
        assert duration is not None or schedule.phase(now) is Phase.BEFORE


def test_the_configuration_is_one_that_the_exporter_takes(models, directory):
    data.replace(directory / data.CONFIG, data.configuration(models, 300.0, 1.0).encode())
    config = load(str(directory / data.CONFIG))
    assert [[window.label for window in model.windows] for model in config.models] == [["45s", "500 rows"]] * 2
    assert [model.profile.is_file() for model in config.models] == [True, True]


def test_windows_grow_with_the_traffic():
    assert [data.window_rows(*run) for run in [(30, 10), (60, 10), (300, 10), (600, 1)]] == [500, 1000, 3000, 1000]


def test_a_run_of_too_few_predictions_is_sped_up_and_says_so(capsys):
    assert demo.enough(1.0, 60.0) == 3.0
    assert "the speed is 3" in capsys.readouterr().out
    assert [demo.enough(*run) for run in [(10.0, 60.0), (1.0, 300.0), (0.1, 0.0)]] == [10.0, 1.0, 0.1]
    assert capsys.readouterr().out == ""


def test_the_model_server_replaces_what_an_earlier_run_left(tmp_path):
    stop = Event()
    (tmp_path / "profiles").mkdir()
    for stale in (data.CONFIG, "profiles/digits@3.0.0.json", data.PID_FILE):
        (tmp_path / stale).write_text("stale")
    seen = []
    serve(tmp_path, 40, 0.3, stop=stop, say=lambda text: seen.append((text, (tmp_path / data.PID_FILE).read_text())))
    assert load(str(tmp_path / data.CONFIG))
    assert time() - 30 < started(tmp_path) < time()
    assert [pid for _, pid in seen] == [f"{os.getpid()}\n"] * 3
    assert "out of focus" in seen[1][0]
    assert not (tmp_path / data.PID_FILE).exists()
    assert not list(tmp_path.rglob(".*.part"))


EXPOSITION = """\
# TYPE model_score gauge
model_score{model="digits",version="3.0.0",score="accuracy",window="500 rows"} 0.95
model_score{model="digits",version="3.0.0",score="accuracy",window="45s"} 0.5
model_score_samples{model="digits",version="3.0.0",score="accuracy",window="500 rows"} 490
model_score_threshold{model="digits",version="3.0.0",score="accuracy"} 0.9
model_estimated_score{model="digits",version="3.0.0",score="accuracy",window="500 rows"} 0.84
model_window_samples{model="digits",version="3.0.0",component="label",role="output",window="500 rows"} 490
model_predictions_total{model="digits",version="3.0.0"} 400
model_predictions_pending{model="digits",version="3.0.0"} 30
model_actual_delay_seconds_sum{model="digits",version="3.0.0"} 740
model_actual_delay_seconds_count{model="digits",version="3.0.0"} 370
model_drift_evidence{model="digits",version="3.0.0",component="sharpness",role="input"} 2.5
model_drift_alarm{model="diabetes",version="1.2.0",component="bmi",role="input"} 0
model_drift_alarm{model="diabetes",version="1.2.0",component="bp",role="input"} 1
model_component_observations_total{model="digits",version="3.0.0",component="sharpness",role="input"} 400
model_component_invalid_total{model="digits",version="3.0.0",component="sharpness",role="input",reason="below"} 30
model_component_invalid_total{model="digits",version="3.0.0",component="sharpness",role="input",reason="above"} 10
"""


def test_facts_are_read_from_the_exposition():
    earlier = samples(EXPOSITION.replace("} 400", "} 200").replace("} 30", "} 0"))
    found = {fact.what: fact for fact in facts(samples(EXPOSITION), earlier, "500 rows")}
    assert found["accuracy"].value == 0.95
    assert (found["accuracy expected"].value, found["accuracy expected"].bad) == (0.84, True)
    assert not found["accuracy"].bad
    assert found["sharpness invalid"].value == 0.15
    assert found["sharpness invalid"].bad
    assert not found["sharpness drift"].known
    assert (found["sharpness evidence"].value, found["sharpness evidence"].bad) == (2.5, True)
    assert (found["diabetes alarms"].value, found["diabetes alarms"].bad) == (1, True)


def test_it_is_said_how_late_actuals_are():
    said = "actuals after 2.0 s, 7.5% of the predictions wait for theirs"
    assert labels(samples(EXPOSITION)) == said
    assert labels(samples("")) == "no actual has come yet"


def test_a_score_of_too_few_records_is_no_fact():
    found = facts(samples(EXPOSITION.replace("} 490", "} 49")), (), "500 rows")
    assert {fact.what for fact in found if fact.known} == {"sharpness evidence", "diabetes alarms"}


def diary(values, touched=True):
    course = Diary()
    for phase, value in values:
        course.add(phase, [Fact("accuracy", value, 0.9, sign=-1, touched=touched)], 12.0)
    return course


GOOD = [(Phase.BEFORE, nan), (Phase.BEFORE, 0.95), (Phase.DURING, 0.95), (Phase.DURING, 0.7), (Phase.AFTER, 0.8)]


def test_the_verdict_is_good_when_the_fact_was_bad_during_the_fault_alone():
    assert diary([*GOOD, (Phase.AFTER, 0.96)]).promised
    assert "0.700" in diary([*GOOD, (Phase.AFTER, 0.96)]).table()
    assert "12 s" in diary([*GOOD, (Phase.AFTER, 0.96)]).table()


@pytest.mark.parametrize(
    "values",
    [
        GOOD,  # not recovered
        [*GOOD[2:], (Phase.AFTER, 0.96)],  # never seen healthy
        [(Phase.BEFORE, 0.85), *GOOD, (Phase.AFTER, 0.96)],  # bad before the fault
        [*GOOD[:3], (Phase.AFTER, 0.96)],  # the fault did not show
        [],
    ],
)
def test_the_verdict_is_bad_when_anything_went_otherwise(values):
    assert not diary(values).promised


def test_a_fact_that_the_fault_should_not_touch_must_stay_good():
    assert not diary([*GOOD, (Phase.AFTER, 0.96)], touched=False).promised
    assert diary([(phase, 0.95) for phase in Phase], touched=False).promised


def test_without_scikit_learn_the_demo_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(demo, "find_spec", lambda _: None)
    with redirect_stderr(io.StringIO()) as said:
        assert demo.main(["127.0.0.1:0"]) == 1
    assert "pip install 'prediction-exporter[demo]'" in said.getvalue()


@pytest.mark.slow
def test_the_demo_shows_its_diagnosis_from_one_command(tmp_path):
    """The whole story in three quarters of a minute: exit code 0 says that drift and accuracy went as promised."""
    command = [sys.executable, "-m", "exporter", "demo", "--duration", "45s", "--speed", "10"]
    command += ["--web.listen-address", "127.0.0.1:0", "--directory", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stderr == ""
    assert re.search(r"http://127\.0\.0\.1:\d+/metrics", done.stdout)
    assert done.stdout.index("is out of focus now") < done.stdout.index("BAD") < done.stdout.index("is repaired:")
    assert "as promised." in done.stdout
    assert sum(file.stat().st_size for file in (tmp_path / "logs").iterdir()) < 24e6
    assert not (tmp_path / data.PID_FILE).exists()


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_the_demo_ends_cleanly_when_it_is_told_to(tmp_path, number):
    command = [sys.executable, "-m", "exporter", "demo", "--web.listen-address", "127.0.0.1:0"]
    command += ["--directory", str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        for line in process.stdout:
            if "all is well" in line:
                break
        model = psutil.Process(int((tmp_path / data.PID_FILE).read_text()))
        process.send_signal(number)
        said, complained = process.communicate(timeout=30)
    assert (process.returncode, complained) == (0, "")
    assert "no verdict" in said
    assert not model.is_running()


@pytest.mark.slow
def test_the_model_server_alone_writes_what_other_users_can_read(tmp_path):
    command = [sys.executable, "-m", "exporter", "demo", "--only", "model", "--directory", str(tmp_path / "new")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, umask=0o077) as process:
        assert "healthy" in process.stdout.readline()
        deadline = monotonic() + 10
        while not (tmp_path / "new" / data.LOG).exists():
            assert monotonic() < deadline
            sleep(0.01)
        files = [*(tmp_path / "new").rglob("*")]
        process.terminate()
        said, complained = process.communicate(timeout=30)
    assert (process.returncode, said, complained) == (0, "", "")
    assert {path.name for path in files} >= {data.CONFIG, data.PID_FILE, "predictions.jsonl", "digits@3.0.0.json"}
    assert all(path.stat().st_mode & 0o004 for path in (tmp_path / "new").rglob("*"))
    assert (tmp_path / "new").stat().st_mode & 0o005 == 0o005
