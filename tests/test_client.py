"""The client: what is handed over is written as it was, and no call waits, fails or piles up."""

import asyncio
import datetime as dt
import enum
import json
import logging
import math
import subprocess
import sys
import threading
import time
import types
import uuid
from collections import OrderedDict, deque
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from exporter.batch import Field, Schema
from exporter.client import PredictionLog, sampled
from exporter.client.plain import NODES
from exporter.client.record import Codec
from exporter.decoders.native import NativeDecoder

NEVER = 3600.0
IMPORT = """
import sys, time
began = time.process_time()
import exporter.client
taken = time.process_time() - began
loaded = [name for name in sys.modules if name.startswith("exporter.") and not name.startswith("exporter.client")]
heavy = [name for name in ("asyncio", "http", "multiprocessing", "numpy", "PIL", "ssl") if name in sys.modules]
print(taken, loaded + heavy)
"""


@pytest.fixture
def path(tmp_path):
    return tmp_path / "logs" / "predictions.jsonl"


@pytest.fixture
def log(path):
    with PredictionLog(path, model="digits", version="3.0.0") as log:
        yield log


def read(path):
    return [json.loads(line) for line in Path(path).read_bytes().splitlines()]


def written(log, path):
    assert log.flush()
    return read(path)


def practise(log):
    """Hand over so many plain records that dicts of constants are copied from now on, and not encoded at once."""
    for _ in range(10):
        for _ in range(110):
            log.prediction("practice", input={"fare": 1.0})
        assert log.flush()
    assert log._intake.swift is not None


@pytest.fixture(params=["careful", "swift"])
def either(request, path):
    """A log that encodes what it is given at once, and one that copies dicts of constants."""
    with PredictionLog(path, flush_seconds=NEVER) as log:
        if request.param == "swift":
            practise(log)
        yield log


def last(log, path):
    return written(log, path)[-1]


def test_a_prediction_is_one_line_of_the_native_record(log, path):
    before = time.time()
    log.prediction("7f3a", input={"fare": 12.5}, output={"label": 3}, latency_seconds=0.012, tags={"machine": "2"})
    (record,) = written(log, path)
    assert before <= record.pop("time") <= time.time()
    assert record == {
        "id": "7f3a",
        "model": "digits",
        "version": "3.0.0",
        "input": {"fare": 12.5},
        "output": {"label": 3},
        "latency_seconds": 0.012,
        "tags": {"machine": "2"},
    }


def test_the_exporter_reads_what_the_client_writes(log, path):
    log.prediction("a", input={"fare": np.float32(2.5)}, output={"label": 3}, latency_seconds=0.5)
    log.prediction("b", input={"fare": math.nan}, error=ValueError("no"))
    log.actual("a", {"label": 5})
    written(log, path)
    fields = (Field("fare", "input", "input.fare", None), Field("label", "actual", "actual.label", ("3", "5")))
    decoder = NativeDecoder([Schema("digits", "3.0.0", fields)], event_time=True)
    (batch,) = (
        batch for data in (path.read_bytes(),) for feed in (decoder.feed(data), decoder.flush()) for _, batch in feed
    )
    assert not decoder.rejects
    assert batch.rows == 3
    assert batch.columns[0][0] == 2.5
    assert np.isnan(batch.columns[0][1:]).all()


def test_a_trace_records_what_goes_in_what_comes_out_and_how_long_it_takes(either, path):
    with either.trace("7f3a", input={"fare": 1.5}, tags={"machine": "2"}) as trace:
        time.sleep(0.01)
        trace.output = {"label": 3}
        trace.tag(ward="B")
        trace.tag({"shift": "night"})
        trace.log("logits", [0.5, 1.5])
    record = last(either, path)
    assert 0.01 <= record["latency_seconds"] == trace.seconds < 5
    assert record["input"] == {"fare": 1.5}
    assert record["output"] == {"label": 3}
    assert record["tags"] == {"machine": "2", "ward": "B", "shift": "night"}
    assert record["data"] == {"logits": [0.5, 1.5]}
    assert "error" not in record


def test_a_plain_trace_is_all_there(either, path):
    for number in range(3):
        with either.trace(number, input={"fare": 1.5}, tags={"machine": "2"}) as trace:
            trace.output = {"label": number}
    records = [record for record in written(either, path) if record["id"] != "practice"]
    assert [record["output"]["label"] for record in records] == [0, 1, 2]
    assert all((record["input"], record["tags"]) == ({"fare": 1.5}, {"machine": "2"}) for record in records)


def test_an_exception_in_a_trace_is_recorded_and_goes_on(either, path):
    with pytest.raises(RuntimeError, match="CUDA out of memory"), either.trace("a", input={"fare": 1.5}):
        raise RuntimeError("CUDA out of memory")
    record = last(either, path)
    assert record["error"] == "RuntimeError: CUDA out of memory"
    assert record["input"] == {"fare": 1.5}
    assert record["latency_seconds"] > 0


def test_an_error_without_an_exception_can_be_set(log, path):
    with log.trace("a") as trace:
        trace.error = "no face found"
    log.prediction("b", error="no face found")
    log.prediction("c", error=KeyError())
    assert [record["error"] for record in written(log, path)] == ["no face found", "no face found", "KeyError"]


def test_an_error_of_a_megabyte_is_cut(log, path):
    log.prediction("a", error=ValueError("x" * 1_000_000))
    assert len(last(log, path)["error"]) == 1000


def test_a_trace_is_handed_over_once(log, path):
    with log.trace("a") as trace:
        trace.output = 1
        trace.close()
        trace.output = 2
    trace.close()
    assert [record["output"] for record in written(log, path)] == [1]


def test_an_actual_follows_from_another_log_of_the_same_file(log, path):
    log.prediction("a", output={"label": 3})
    with PredictionLog(path, model="digits", version="3.0.0") as feedback:
        feedback.actual("a", actual={"label": 5}, tags={"by": "nurse"})
    (actual,) = [record for record in written(log, path) if "actual" in record]
    assert actual.pop("time") <= time.time()
    assert actual == {
        "id": "a",
        "model": "digits",
        "version": "3.0.0",
        "actual": {"label": 5},
        "tags": {"by": "nurse"},
    }


def test_an_actual_without_an_id_or_a_value_is_dropped_and_counted(log, path):
    log.actual(None, actual={"label": 5})
    log.actual("a", actual=None)
    log.flush()
    assert log.dropped == {"empty": 2}
    assert not path.exists()


@pytest.mark.parametrize(
    "moment",
    [1_700_000_000.25, np.float64(1_700_000_000.25), dt.datetime.fromtimestamp(1_700_000_000.25, dt.UTC)],
    ids=type,
)
def test_history_can_be_logged_with_its_own_time(either, path, moment):
    either.prediction("a", input={"fare": 1.5}, time=moment)
    either.prediction("b", error="no", time=moment)
    either.actual("a", 1, time=moment)
    records = [record for record in written(either, path) if record["id"] != "practice"]
    assert [(record["id"], record["time"]) for record in records] == [
        ("a", 1_700_000_000.25),
        ("b", 1_700_000_000.25),
        ("a", 1_700_000_000.25),
    ]


@pytest.mark.parametrize("moment", [math.nan, math.inf, "yesterday", dt.datetime(2026, 1, 1)], ids=repr)  # noqa: DTZ001 - on purpose
def test_what_is_no_time_costs_the_record_and_is_counted(either, moment):
    either.prediction("a", time=moment)
    either.actual("a", 1, time=moment)
    either.flush()
    assert either.dropped == {"failed": 2}


@pytest.mark.parametrize(
    ("given", "text"),
    [
        ("7f3a", "7f3a"),
        (7, "7"),
        (0, "0"),
        (uuid.UUID(int=5), "00000000-0000-0000-0000-000000000005"),
        (("a", 1), "('a', 1)"),
        ("caf\u00e9", "caf\u00e9"),
        ("\ud800", "?"),
    ],
)
def test_an_id_of_any_type_becomes_text(log, path, given, text):
    log.prediction(given)
    log.actual(given, 1)
    with log.trace(given):
        pass
    assert [record["id"] for record in written(log, path)] == [text] * 3


def test_a_missing_id_is_made_up_and_returned(log, path):
    ids = [log.prediction(), log.prediction(None), log.prediction(""), log.trace().id]
    log.trace(ids[-1]).close()
    assert [record["id"] for record in written(log, path)] == ids
    assert len(set(ids)) == 4
    assert all(len(name) == 32 and int(name, 16) for name in ids)


def test_what_the_caller_changes_afterwards_is_not_what_is_logged(either, path):
    datum, output, tags = {"fare": 1.0}, {"label": 3}, {"machine": "2"}
    nested, array = {"history": [1, {"deep": [2]}]}, np.zeros(3)
    either.prediction("flat", input=datum, output=output, tags=tags)
    either.prediction("nested", input=nested, output=[nested], tags={"all": nested})
    either.prediction("array", input=array, output={"nested": {"array": array}})
    trace = either.trace("trace", input=datum, tags=tags)
    trace.log("nested", nested)
    trace.output = output
    either.actual("actual", actual=nested)
    datum["fare"], output["label"], tags["machine"] = 2.0, 4, "3"
    nested["history"][1]["deep"].append(3)
    array[:] = 7
    trace.close()
    records = {record["id"]: record for record in written(either, path)}
    assert (records["flat"]["input"], records["flat"]["output"]) == ({"fare": 1.0}, {"label": 3})
    assert records["flat"]["tags"] == records["trace"]["tags"] == {"machine": "2"}
    was = {"history": [1, {"deep": [2]}]}
    assert records["nested"]["input"] == records["actual"]["actual"] == records["trace"]["data"]["nested"] == was
    assert records["nested"]["output"] == [was]
    assert records["nested"]["tags"] == {"all": was}
    assert records["array"]["input"] == records["array"]["output"]["nested"]["array"] == [0, 0, 0]
    assert records["trace"]["input"] == {"fare": 1.0}
    assert records["trace"]["output"] == {"label": 4}, "the output is taken down when the trace ends"


def test_an_array_in_a_dict_is_as_it_was_too(path):
    array = np.zeros(2)
    with PredictionLog(path, flush_seconds=NEVER) as log:
        log.prediction("a", input={"vector": array})
        array[:] = 7
        assert last(log, path)["input"] == {"vector": [0, 0]}
        for _ in range(20):  # more than enough records to be trusted, were it not for the array
            for _ in range(100):
                log.prediction("b", input={"fare": 1.0})
            log.flush()
        assert log._intake.swift is None


def test_a_log_that_was_trusted_is_not_any_more_after_an_array(path):
    with PredictionLog(path, flush_seconds=NEVER) as log:
        practise(log)
        log.prediction("a", input={"vector": np.arange(2)})
        assert last(log, path)["input"] == {"vector": [0, 1]}
        assert log._intake.swift is None


class Colour(enum.Enum):
    RED = "red"


@dataclass
class Passenger:
    name: str
    age: int


class Pydantic:
    def model_dump(self):
        return {"fare": 1.5}

    def __repr__(self):
        return "Pydantic"


class Hostile:
    def __repr__(self):
        raise RuntimeError("no")

    def __getattr__(self, name):
        raise RuntimeError(name)


class Unbound:
    """A proxy of a web framework, outside of a request: even its class cannot be asked for."""

    @property
    def __class__(self):
        raise RuntimeError("outside of a request")


@pytest.mark.parametrize("durable", [False, True])
@pytest.mark.parametrize("odd", [Hostile, Unbound])
def test_no_value_in_any_place_makes_a_call_raise(path, odd, durable):
    odd = odd()
    with PredictionLog(path, durable=durable) as log:
        log.prediction(odd, input=odd, output=odd, latency_seconds=odd, tags=odd, error=odd)
        log.prediction("b", input=odd, output={"label": 3}, tags={"machine": odd})
        log.prediction("c", time=odd)
        with log.trace(odd, input=odd, tags=odd) as trace:
            trace.tag(odd)
            trace.tag(machine=odd)
            trace.log(odd, odd)
            trace.output = trace.error = odd
        log.actual(odd, odd, tags=odd)
        log.actual("d", 1, time=odd)
    records = read(path)
    assert len(records) == 4
    assert records[1]["id"] == "b"
    assert isinstance(records[1]["input"], str)
    assert records[1]["output"] == {"label": 3}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float64(1.5), 1.5),
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.bool_(True), True),
        (np.str_("x"), "x"),
        (np.arange(4).reshape(2, 2), [[0, 1], [2, 3]]),
        (np.array(2.5), 2.5),
        (np.array(["a", None], dtype=object), ["a", None]),
        (math.nan, None),
        (np.float64("inf"), None),
        ({"a": {"b": np.float32(1)}}, {"a": {"b": 1}}),
        ({1: "a", None: "b", (1, 2): "c"}, {"1": "a", "None": "b", "(1, 2)": "c"}),
        ((1, {2}), [1, [2]]),
        (deque([1]), [1]),
        (range(3), [0, 1, 2]),
        (OrderedDict(a=1), {"a": 1}),
        (types.MappingProxyType({"a": 1}), {"a": 1}),
        (dt.date(2026, 11, 20), "2026-11-20"),
        (uuid.UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (Colour.RED, "red"),
        (Passenger("Ann", 7), {"name": "Ann", "age": 7}),
        (Pydantic(), {"fare": 1.5}),
        (Path("a/b"), "a/b"),
        (b"\x00\x01", "AAE="),
        ("half a pair \ud83d", "half a pair ?"),
        ({"\ud83d": "\ud83d"}, {"?": "?"}),
        (2**80, 2**80),
        (ValueError("no"), "ValueError: no"),
    ],
    ids=repr,
)
def test_values_are_written_as_json_says_them(either, path, value, expected):
    either.prediction("a", input=value, output={"nested": value})
    record = last(either, path)
    if expected is None:
        assert record["input"] is None
    else:
        assert record["input"] == expected
    assert record["output"]["nested"] == expected
    assert not either.dropped


@pytest.mark.parametrize("value", [object(), object, len, lambda: 1, 1 + 2j, Hostile(), np.array([1 + 2j])], ids=type)
def test_what_json_cannot_say_becomes_its_repr_and_is_counted(either, path, value):
    either.prediction("a", input={"odd": value, "even": 2}, tags={"odd": value})
    record = last(either, path)
    assert record["input"]["even"] == 2
    assert isinstance(record["input"]["odd"], str | list)
    assert either.faults["repr"] >= 1
    assert not either.dropped


def test_a_long_repr_is_cut(log, path):
    value = type("Long", (), {"__repr__": lambda _: "x" * 10_000})()
    log.prediction("a", input=value)
    assert last(log, path)["input"] == "x" * 200


def test_a_value_that_contains_itself_is_cut_somewhere(log, path):
    value = {"fare": 1.5}
    value["self"] = value
    log.prediction("a", input=value)
    assert last(log, path)["input"]["self"]["self"]["fare"] == 1.5
    assert log.faults == {"repr": 1}


@pytest.mark.parametrize("durable", [False, True])
@pytest.mark.parametrize("datum", [{"text": "x" * 2_000_000}, list(range(1_000_000)), [[0] * 300_000] * 2], ids=type)
def test_a_part_that_is_too_long_for_a_line_is_left_out_and_counted(path, durable, datum):
    with PredictionLog(path, durable=durable) as log:
        log.prediction("a", input=datum, output={"label": 3}, latency_seconds=0.5)
        (record,) = written(log, path)
    del record["time"]
    assert record == {"id": "a", "output": {"label": 3}, "latency_seconds": 0.5}
    assert log.dropped == {"part": 1}


def test_notes_that_are_long_together_are_all_there(log, path):
    with log.trace("a", input={"text": "x" * 200_000}) as trace:
        trace.log("first", {"text": "y" * 200_000})
        trace.log("second", {"text": "z" * 200_000})
        trace.output = {"label": {"of": "nested"}}
    record = last(log, path)
    assert [len(part["text"]) for part in (record["input"], *record["data"].values())] == [200_000] * 3
    assert not log.dropped
    assert not log.faults


@pytest.mark.parametrize("durable", [False, True])
def test_a_record_that_is_too_long_for_a_line_loses_its_parts_and_is_counted(path, durable):
    text = "x" * 700_000
    with PredictionLog(path, durable=durable) as log:
        log.prediction("a" * 700_000, input=text, output=text, latency_seconds=0.5, error="no")
        (record,) = written(log, path)
    del record["time"]
    assert record == {"id": "a" * 200, "latency_seconds": 0.5, "error": "no"}
    assert log.dropped == {"part": 1}


@pytest.mark.parametrize("durable", [False, True])
def test_an_actual_that_cannot_be_written_leaves_no_empty_record(path, durable):
    with PredictionLog(path, durable=durable) as log:
        log.actual("a", {"text": "x" * 2_000_000})
        log.actual("b" * 700_000, "x" * 700_000)
        log.actual("c", 1)
    assert [record["id"] for record in read(path)] == ["c"]
    assert sum(log.dropped.values()) == 2


def test_a_durable_log_needs_no_thread(path):
    with PredictionLog(path, durable=True) as log:
        log.prediction("a")
        assert not [thread for thread in threading.enumerate() if thread.name == "prediction-log"]


def test_odd_fields_of_a_record_do_not_cost_the_record(log, path):
    log.prediction("a", input=1, latency_seconds=np.float32(0.5))
    log.prediction("b", input=1, latency_seconds="fast")
    log.prediction("c", input=1, tags=5, error=Hostile())
    with log.trace("d", tags=5) as trace:
        trace.tag(5)
        trace.log(5, object())
    records = {record["id"]: record for record in written(log, path)}
    assert records["a"]["latency_seconds"] == 0.5
    assert records["b"]["input"] == records["c"]["input"] == 1
    assert records["c"]["error"]
    assert "latency_seconds" in records["d"]


@pytest.mark.parametrize("options", [{"durable": True}, {"sample": 0.5}, {"profile": None}], ids=str)
def test_options_hold_however_long_a_log_has_run(path, options):
    if "profile" in options:
        options["profile"] = Judge()
    with PredictionLog(path, flush_seconds=NEVER, **options) as log:
        for _ in range(15):
            for number in range(100):
                log.prediction(number, input={"fare": 12.5})
            log.flush()
        before = path.read_bytes()
        log.prediction("last", input={"fare": 12.5})
        assert (path.read_bytes() != before) == ("durable" in options)
    for record in read(path):
        assert ("sampled" in record) == ("sample" in options)
        assert ("invalid" in record) == ("profile" in options)


def test_what_cannot_be_taken_down_at_all_is_counted(log, path):
    log.trace("a", tags=5).close()
    trace = log.trace("b")
    trace.log(Hostile(), 1)
    trace.close()
    log.prediction("c", input=deep(NODES * 2, Hostile()))
    assert [record["id"] for record in written(log, path)] == ["a", "b", "c"]
    assert log.dropped == {"failed": 1, "part": 1}


def deep(width, last):
    return [*range(width), last]


def test_a_record_that_fails_costs_none_of_the_others(log, path, monkeypatch):
    line = Codec.line

    def failing(self, record, files):
        if record.id == "b":
            raise RuntimeError("no")
        return line(self, record, files)

    monkeypatch.setattr(Codec, "lines", lambda *_: None)
    monkeypatch.setattr(Codec, "line", failing)
    for name in "abc":
        log.prediction(name)
    assert [record["id"] for record in written(log, path)] == ["a", "c"]
    assert log.dropped == {"failed": 1}


def test_an_odd_id_costs_nothing_else_of_its_record(log, path):
    log.prediction("\ud800", input=1, latency_seconds=0.5)
    (record,) = written(log, path)
    assert (record["id"], record["input"], record["latency_seconds"]) == ("?", 1, 0.5)


def test_a_record_is_written_within_the_interval_without_any_further_call(path):
    with PredictionLog(path, flush_seconds=0.01) as log:
        log.prediction("a")
        deadline = time.monotonic() + 5
        while not path.exists() or not path.read_bytes():
            assert time.monotonic() < deadline
            time.sleep(0.005)
    assert [record["id"] for record in read(path)] == ["a"]


def test_a_durable_record_is_in_the_file_when_the_call_returns(path):
    with PredictionLog(path, durable=True, flush_seconds=NEVER) as log:
        log.prediction("a", input={"x": [1]})
        assert [record["id"] for record in read(path)] == ["a"]
        with log.trace("b", input=1) as trace:
            trace.output = 2
        log.actual("b", actual=3)
        assert [record["id"] for record in read(path)] == ["a", "b", "b"]


def test_after_close_records_are_dropped_and_counted(path):
    for durable in (False, True):
        log = PredictionLog(path, durable=durable)
        log.prediction("a")
        log.close()
        log.prediction("b")
        log.actual("b", 1)
        log.close()
        assert log.dropped == {"closed": 2}
    assert [record["id"] for record in read(path)] == ["a", "a"]


@pytest.mark.parametrize("durable", [False, True])
def test_records_of_many_threads_are_all_there(path, durable):
    def serve(thread):
        for number in range(500):
            log.prediction(f"{thread}-{number}", input={"number": number})

    with PredictionLog(path, flush_seconds=0.01, durable=durable) as log:
        threads = [threading.Thread(target=serve, args=(number,)) for number in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not log.dropped
    assert {record["id"] for record in read(path)} == {f"{t}-{n}" for t in range(8) for n in range(500)}


def test_traces_of_concurrent_tasks_do_not_mix(log, path):
    async def serve(number):
        with log.trace(number, input={"number": number}) as trace:
            await asyncio.sleep(0.01 * (number % 3))
            trace.output = {"number": number}

    async def main():
        await asyncio.gather(*(serve(number) for number in range(50)))

    asyncio.run(main())
    records = written(log, path)
    assert len(records) == 50
    assert all(record["id"] == str(record["input"]["number"]) for record in records)
    assert all(record["input"] == record["output"] for record in records)


def test_sampling_keeps_the_share_by_id_and_says_it(path):
    with PredictionLog(path, sample=0.1, flush_seconds=NEVER) as log:
        for number in range(5000):
            log.prediction(f"request-{number}", input={"number": number})
            with log.trace(f"trace-{number}", input={"number": number}):
                pass
    records = read(path)
    assert 850 < len(records) < 1150
    assert all(record["sampled"] == 0.1 and sampled(record["id"], 0.1) for record in records)


def test_errors_are_never_left_out_of_a_sample(path):
    left_out = [name for name in map(str, range(100)) if not sampled(name, 0.01)]
    with PredictionLog(path, sample=0.01) as log:
        for name in left_out:
            log.prediction(name, error="no")
            trace = log.trace(name, input={"image": [1]})
            trace.log("step", 2)
            with pytest.raises(RuntimeError), trace:
                raise RuntimeError
            log.prediction(name)
    records = read(path)
    assert len(records) == 2 * len(left_out) > 100
    assert all("error" in record and "sampled" not in record for record in records)
    assert records[1]["input"] == {"image": [1]}
    assert records[1]["data"] == {"step": 2}


def test_actuals_of_predictions_that_are_not_sampled_are_not_written(path):
    with PredictionLog(path, sample=0.5) as log:
        for number in range(100):
            log.prediction(number)
            log.actual(number, 1)
    ids = [record["id"] for record in read(path)]
    assert 40 < len(ids) < 160
    assert {ids.count(name) for name in ids} == {2}


def test_a_smaller_sample_is_part_of_a_larger_one():
    names = [f"7f{number:x}" for number in range(1000)]
    assert {name for name in names if sampled(name, 0.1)} < {name for name in names if sampled(name, 0.3)}
    assert all(sampled(name, 1.0) and not sampled(name, 0.0) for name in names)


@pytest.mark.parametrize(
    "options",
    [{"sample": 2}, {"sample": -1}, {"sample": math.nan}, {"keep": 0}, {"rotate_bytes": -1}, {"flush_seconds": 0}],
)
def test_options_out_of_range_are_refused_at_the_start(path, options):
    with pytest.raises(ValueError, match=next(iter(options))):
        PredictionLog(path, **options)


class Judge:
    """A profile that finds every second fare too high, and fails for what it does not know."""

    def __init__(self):
        self.threads = set()

    def validate_input(self, datum):
        self.threads.add(threading.current_thread().name)
        fare = datum["fare"]
        tags = [{"name": "fare", "value": np.float64(fare), "type": "profile-input", "group": "taxi@1"}]
        return tags + [{"name": "fare-error", "value": "above", "type": "profile-input-error"}] * (fare > 10)

    def validate_output(self, datum):
        return [{"name": "label", "value": str(datum["label"]), "type": "profile-output"}]

    def validate_actual(self, datum):
        return [{"name": "label", "value": datum["label"], "type": "profile-actual"}]


@pytest.mark.parametrize("durable", [False, True])
def test_a_profile_adds_what_it_finds_to_the_record(path, durable):
    with PredictionLog(path, profile=Judge(), durable=durable) as log:
        log.prediction("a", input={"fare": 12.5}, output={"label": 3})
        log.prediction("b", input={"fare": 2.5})
        log.actual("a", {"label": 5})
    records = read(path)
    assert records[0]["values"] == {"input": {"fare": 12.5}, "output": {"label": "3"}}
    assert records[0]["invalid"] == {"input": {"fare": "above"}}
    assert records[1]["values"] == {"input": {"fare": 2.5}}
    assert "invalid" not in records[1]
    assert records[2]["values"] == {"actual": {"label": 5}}


def test_a_profile_is_asked_by_the_background_thread(path):
    profile = Judge()
    with PredictionLog(path, profile=profile, flush_seconds=0.01) as log:
        log.prediction("a", input={"fare": 12.5})
        deadline = time.monotonic() + 5
        while not profile.threads:
            assert time.monotonic() < deadline
            time.sleep(0.005)
    assert threading.current_thread().name not in profile.threads


def test_a_profile_that_fails_costs_its_findings_and_nothing_else(path):
    with PredictionLog(path, profile=Judge()) as log:
        log.prediction("a", input={"price": 1}, output={"label": 3})
    (record,) = read(path)
    assert record["input"] == {"price": 1}
    assert record["values"] == {"output": {"label": "3"}}
    assert log.faults == {"profile": 1}


def test_what_waits_for_a_profile_is_bounded_and_written_without_its_findings(path):
    with PredictionLog(path, profile=Judge(), buffer_bytes=100_000, flush_seconds=NEVER) as log:
        for number in range(100):
            log.prediction(number, input={"fare": 12.5, "text": "x" * 2000})
        assert sum(task.size for task in log._intake.tasks) <= 100_000
        assert log.flush()
        log.prediction("later", input={"fare": 12.5})
    records = read(path)
    assert 40 < sum("values" in record for record in records) < 60
    assert records[-1]["values"] == {"input": {"fare": 12.5}}
    assert len(records) + log.dropped["full"] == 101
    assert log.faults["busy"] > 0


def test_a_profile_judges_the_datum_as_it_was(path):
    datum = {"fare": 2.5, "stops": [1]}
    with PredictionLog(path, profile=Judge(), flush_seconds=NEVER) as log:
        log.prediction("a", input=datum)
        datum["fare"] = 99
    assert read(path)[0]["values"] == {"input": {"fare": 2.5}}


def test_each_reason_is_said_once_and_counted_on(path, caplog):
    with caplog.at_level(logging.WARNING, "exporter.client"), PredictionLog(path) as log:
        for _ in range(5):
            log.actual(None, 1)
            log.prediction("a", input=object())
    assert (log.dropped, log.faults) == ({"empty": 5}, {"repr": 5})
    assert len(caplog.records) == 2


def test_a_log_handler_that_fails_does_not_fail_a_prediction(path):
    class Broken(logging.Handler):
        def emit(self, record):
            raise RuntimeError(record)

    handler = Broken()
    logging.getLogger("exporter.client").addHandler(handler)
    try:
        with PredictionLog(path) as log:
            log.actual(None, 1)
    finally:
        logging.getLogger("exporter.client").removeHandler(handler)
    assert log.dropped == {"empty": 1}


@pytest.mark.slow
def test_importing_the_client_is_cheap():
    runs = [
        subprocess.run([sys.executable, "-c", IMPORT], check=True, capture_output=True, text=True) for _ in range(5)
    ]
    taken = min(float(run.stdout.split()[0]) for run in runs)
    assert taken < 0.1
    assert runs[0].stdout.split()[1:] == ["[]"]
