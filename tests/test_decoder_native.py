"""The native decoder against a naive one that reads the documented rules line by line."""

import json
import math
from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exporter.batch import Fault, Field, Kind, Schema, fault_counts
from exporter.decoders import BUILTIN
from exporter.decoders.columns import Coding, epoch, label
from exporter.decoders.native import PIECE, ROWS, NativeDecoder, parse, rows_of

law = settings(derandomize=True, deadline=None, max_examples=100)


def number(name, element, role=None):
    return Field(name, role or element.split(".")[0], element)


def levels(name, element, *names):
    return Field(name, element.split(".")[0], element, names)


def schema(*fields, ids=True, model="m", version="1"):
    return Schema(model, version, fields, ids)


MIXED = ("3", "x", "3.5", "true", "", "é", "10000000000000000000000", "-7", "3.0")
BOOL = ("false", "true")
SCHEMAS = {
    "plain": schema(
        number("a", "input.a"),
        number("deep", "input.b.c"),
        levels("kind", "input.kind", *MIXED),
        levels("deeper", "input.b.d", *MIXED),
        levels("flag", "input.flag", *BOOL),
        levels("label", "output.label", *MIXED),
        number("actual", "actual.value"),
        levels("truth", "actual.label", *MIXED),
        number("tag", "tags.machine", "input"),
    ),
    "lists and strange keys": schema(
        number("chance", "output.chances.0"),
        levels("second", "output.chances.1", *MIXED),
        number("quoted", 'input.we"ird'),
        number("spaced", "input.my feature"),
        levels("accented", "input.é", *MIXED),
        number("squared", "input.²"),
        levels("escaped", "input.a\\b", *BOOL),
        number("far", "input.z.9.y"),
        levels("truth", "actual.label", *BOOL),
    ),
    "scalars": schema(number("out", "output"), levels("act", "actual", *MIXED), levels("in", "input", *BOOL)),
    "paths in each other": schema(
        number("a", "input.a"),
        levels("same", "input.a", *MIXED),
        number("below", "input.a.b"),
        levels("whole", "output", *MIXED),
        number("part", "output.label"),
    ),
    "nothing of output and actual": schema(number("a", "input.a"), ids=False),
    "nothing": schema(),
}
each_schema = pytest.mark.parametrize("columns", SCHEMAS.values(), ids=SCHEMAS)

# -- the naive decoder: the documented rules, one line and one value at a time

MISFIT = object()
FAULTS = {Fault.MISSING, Fault.TYPE}


def at(record, element):
    value = record
    for word in element.split("."):
        if value is None:
            return None
        if isinstance(value, dict):
            value = value.get(word)
        elif isinstance(value, list) and word.isdecimal():
            value = value[int(word)] if int(word) < len(value) else None
        elif word != "0" or isinstance(value, list):
            return MISFIT
    return value


def naive_number(value):
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return Fault.MISSING
    if isinstance(value, bool) or not isinstance(value, int | float):
        return Fault.TYPE
    try:
        return float(value)
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def naive_category(value, names):
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return Fault.MISSING
    if isinstance(value, list | dict) or value is MISFIT:
        return Fault.TYPE
    if isinstance(value, bool):
        value = "true" if value else "false"
    if names == BOOL and not isinstance(value, str):
        if value not in (0, 1):
            return Fault.TYPE
        value = BOOL[int(value)]
    if isinstance(value, str):
        return names.index(value) if value in names else len(names)
    written = [str(value)] if isinstance(value, int) else [repr(value)]
    if abs(value) < 1e300 and value == int(value):
        written = [str(int(value)), repr(float(value))]
    return next((names.index(text) for text in written if text in names), len(names))


def naive_rows(columns, data):
    """Return (kind, id, latency, values) of each row, and the rejects; for lines of one record at most."""
    rows, rejects = [], {}
    for line in data.split(b"\n"):
        clean = line.strip(b"\x00\xef\xbb\xbf \t\r")
        if not clean:
            continue
        try:
            record = json.loads(
                clean.decode(errors="replace"), parse_int=lambda t: int(t) if len(t) < 4000 else float(t)
            )
        except (ValueError, RecursionError):
            reason = "not_json"
        else:
            row = naive_row(columns, record) if isinstance(record, dict) else None
            if row:
                rows.append(row)
                continue
            reason = "not_object" if not isinstance(record, dict) else "empty_record"
        rejects[reason] = rejects.get(reason, 0) + 1
    return rows, rejects


def naive_row(columns, record):
    kind = 4 if record.get("error") else 0
    if kind or record.get("input") is not None or record.get("output") is not None:
        kind |= Kind.PREDICTION
    if record.get("actual") is not None:
        kind |= Kind.ACTUAL
    if not kind:
        return None
    key = record.get("id")
    key = str(key) if isinstance(key, str | int) and not isinstance(key, bool) else None
    values = []
    for field in columns.fields:
        value = at(record, field.element)
        values.append(naive_number(value) if field.levels is None else naive_category(value, field.levels))
    return int(kind), key, naive_number(record.get("latency_seconds")), values


def cell(column, row):
    """Return a column's value in a row, or its fault."""
    found = fault_counts(column[row : row + 1])
    if any(found):
        return [*Fault][found.index(1)]
    return column[row].item()


def fed(columns, *pieces, **options):
    """Decode pieces; returns the decoder, and the batches joined to rows as `naive_rows` gives them."""
    decoder = NativeDecoder([columns], **options)
    batches = [pair for piece in pieces for pair in decoder.feed(piece)] + list(decoder.flush())
    rows = []
    for index, batch in batches:
        assert index == 0
        assert batch.rows
        assert all(len(column) == batch.rows for column in (*batch.columns, batch.latency))
        ids = batch.ids if columns.ids else [None] * batch.rows
        for i in range(batch.rows):
            values = [cell(column, i) for column in batch.columns]
            rows.append((int(batch.kinds[i]), ids[i], cell(batch.latency, i), values))
    return decoder, rows


def without_ids(columns, rows):
    return rows if columns.ids else [(kind, None, latency, values) for kind, _, latency, values in rows]


# -- records as text, for a JSON library would not write most of what logs hold

WRITTEN = """null true false 0 1 2 3 3.0 3.50 30e-1 -7 -0 -0.0 0.1 1e400 -1e400 1e22 10000000000000000000000
    1e-320 12345678901234567890123 "3" "3.0" "\\u0033" "x" "" "true" "false" "é" "\\u00e9" "\\ud83d\\ude00" "\\ud800"
    "a\\"b" NaN Infinity -Infinity 1797693134862315807937e287"""
SCALARS = st.sampled_from(WRITTEN.split())
HUGE = st.sampled_from(["1" + "0" * 400, "-1" + "0" * 400, "9" * 5000])
VALUES = st.recursive(
    st.one_of(SCALARS, SCALARS, SCALARS, HUGE),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda parts: f"[{', '.join(parts)}]"),
        st.lists(st.tuples(st.sampled_from(["c", "d", "b", "0", "label"]), inner), max_size=3).map(
            lambda parts: "{" + ",".join(f'"{key}":{value}' for key, value in parts) + "}"
        ),
    ),
    max_leaves=4,
)


def objects(*keys, likely=VALUES):
    """Draw the text of an object, its keys perhaps missing, repeated or out of order."""
    pairs = st.lists(st.tuples(st.sampled_from([json.dumps(key) for key in keys]), likely), max_size=len(keys) + 1)
    return pairs.map(lambda parts: "{" + ", ".join(f"{key} : {value}" for key, value in parts) + "}")


INPUTS = objects("a", "b", "kind", "flag", 'we"ird', "my feature", "é", "²", "a\\b", "z", "other")
OUTPUTS = objects("label", "chances", "b")
ACTUALS = objects("label", "value")
RECORDS = st.lists(
    st.one_of(
        st.tuples(st.just("input"), st.one_of(INPUTS, INPUTS, INPUTS, VALUES)),
        st.tuples(st.just("output"), st.one_of(OUTPUTS, OUTPUTS, VALUES)),
        st.tuples(st.just("actual"), st.one_of(ACTUALS, ACTUALS, VALUES)),
        st.tuples(st.just("tags"), st.one_of(objects("machine"), VALUES)),
        st.tuples(st.sampled_from(["id", "time", "latency_seconds", "error", "more"]), VALUES),
        st.tuples(st.sampled_from(["model", "version"]), st.just("null")),
    ),
    max_size=7,
).map(lambda parts: "{" + ",".join(f'"{key}":{value}' for key, value in parts) + "}")


def is_ambiguous(columns, record):
    """Tell whether a whole role is a NaN: as a category it is nothing, as a part of the record it is something."""
    return any(
        isinstance(record.get(role), float) and math.isnan(record[role]) for role in ("input", "output", "actual")
    ) and any(field.element in ("input", "output", "actual") for field in columns.fields)


@each_schema
@law
@given(st.lists(RECORDS, min_size=1, max_size=6))
def test_records_decode_as_the_documented_rules_say_typed_or_not_together_or_alone(columns, records):
    kept = [line for line in records if not is_ambiguous(columns, dict(parsed(line)))]
    data = "".join(f"{line}\n" for line in kept).encode(errors="surrogatepass")
    rows, rejects = naive_rows(columns, data)
    expected = [tidy(row) for row in without_ids(columns, rows)]
    decoder, found = fed(columns, data)
    assert [tidy(row) for row in found] == expected
    assert dict(decoder.rejects) == rejects
    assert decoder.lines == len(kept)
    _, alone = fed(columns, *data.splitlines(keepends=True))
    assert [tidy(row) for row in alone] == expected


def parsed(line):
    try:
        return json.loads(line)
    except ValueError:
        return {}


def tidy(row):
    """Replace half a surrogate pair in an id as the decoder does."""
    kind, key, latency, values = row
    return kind, key and key.encode(errors="replace").decode(), latency, values


@each_schema
def test_a_typed_record_decodes_as_the_rules_say(columns):
    lines = [
        b'{"id":"1","input":{"a":1.5,"kind":"x","b":{"c":2,"d":"3"},"flag":true},"output":{"label":3}}',
        b'{"id":2,"input":{"a":1,"kind":3.0,"b":{},"flag":null},"output":{"label":null,"chances":[0.5,"x"]}}',
        b'{"id":null,"actual":{"value":7,"label":"true"},"latency_seconds":0.25,"tags":{"machine":2}}',
        b'{"output":{"chances":[1],"label":"nothing"},"latency_seconds":null}',
        b'{"input":{},"output":{}}',
    ]
    rows, _ = naive_rows(columns, b"\n".join(lines))
    assert fed(columns, b"\n".join(lines))[1] == without_ids(columns, rows)
    assert len(rows) == 5


def test_every_schema_but_the_scalar_ones_is_decoded_typed_by_its_own_records(monkeypatch):
    line = b'{"id":"1","input":{"a":1.5,"my feature":2,"flag":true},"output":{"label":3},"actual":{"label":"x"}}\n'
    monkeypatch.setattr(NativeDecoder, "_untyped_line", lambda *_: pytest.fail("it was decoded the slow way"))
    for name in ("plain", "nothing of output and actual", "nothing"):
        assert len(fed(SCHEMAS[name], line * 3)[1]) == 3


@pytest.mark.parametrize("flag", [b"true", b"0", b"1.0", b"null", b'"false"', b"2"])
@pytest.mark.parametrize("actual", [b"null", b'{"value":null}', b"{}"])
def test_nulls_for_objects_and_numbers_for_booleans_are_decoded_typed_too(monkeypatch, flag, actual):
    line = b'{"input":{"flag":%b},"output":null,"actual":%b,"tags":null,"error":null}\n' % (flag, actual)
    monkeypatch.setattr(NativeDecoder, "_untyped_line", lambda *_: pytest.fail("it was decoded the slow way"))
    assert fed(SCHEMAS["plain"], line)[1] == naive_rows(SCHEMAS["plain"], line)[0]


# -- any bytes

NASTY = [
    b"",
    b"\n\n\r\n \t\n",
    b"null\n",
    b"[1]\n",
    b'"text"\n',
    b"12\n",
    b"{\n",
    b"}\n",
    b'{"input":\n{"a":1}}\n',
    b"\x00" * 500 + b"\n",
    b"\xff\xfe{}\n",
    b"\xef\xbb\xbf{}\n",
    b"[" * 100_000 + b"\n",
    b'{"a":' * 100_000 + b"\n",
    b'{"input":' + b"[" * 5000 + b"]" * 5000 + b"}\n",
    b'{"input":{"a":' + b"9" * 100_000 + b"}}\n",
    b'{"time":' + b"9" * 400 + b',"input":{}}\n',
    b'{"id":"\\ud800","input":{"kind":"\\udfff"}}\n',
    b'{"input":{"a":1}}{"input":{"a":2}}\n',
    b'{"input":{"a":1}} 5\n',
    b'{"input":{"a":NaN}}\r\n',
]


def unjudged(columns, data):
    """Decode any bytes; return the rows and check that each line became one or was counted."""
    decoder, rows = fed(columns, data)
    assert decoder.lines == len(rows) + decoder.rejects.total()
    assert set(decoder.rejects) <= {"not_json", "not_object", "empty_record", "unknown_model"}
    return rows


@each_schema
@law
@given(st.one_of(st.binary(max_size=300), st.lists(st.sampled_from(NASTY), max_size=4).map(b"".join)))
def test_any_bytes_become_rows_or_counted_rejects(columns, data):
    unjudged(columns, data)


SEED = b"".join(
    b'{"id":%d,"input":{"a":%d.5,"kind":"x","b":{"c":1},"flag":true},"output":{"label":3},"time":"2026-11-20"}\n'
    % (i, i)
    for i in range(4)
)


@st.composite
def mutated(draw):
    """Draw valid lines with some bytes changed, left out or doubled."""
    data = bytearray(SEED)
    for _ in range(draw(st.integers(1, 5))):
        place, byte = draw(st.integers(0, len(data) - 1)), draw(st.integers(0, 255))
        data[place : place + draw(st.integers(0, 2))] = bytes([byte]) * draw(st.integers(0, 2))
    return bytes(data)


@law
@given(mutated())
def test_valid_lines_with_bytes_changed_become_rows_or_counted_rejects(data):
    unjudged(SCHEMAS["plain"], data)


@law
@given(mutated().filter(lambda data: data.count(b"\n") <= SEED.count(b"\n")), st.data())
def test_the_rows_do_not_depend_on_where_the_bytes_are_cut(data, source):
    ends = [i + 1 for i, byte in enumerate(data) if byte == ord("\n")]
    cuts = sorted(source.draw(st.sets(st.sampled_from(ends)))) if ends else []
    pieces = [data[i:j] for i, j in zip([0, *cuts], [*cuts, len(data)], strict=True)]
    whole, in_pieces = fed(SCHEMAS["plain"], data), fed(SCHEMAS["plain"], *pieces)
    assert whole[1] == in_pieces[1]
    assert whole[0].rejects == in_pieces[0].rejects
    assert whole[0].lines == in_pieces[0].lines


@pytest.mark.parametrize("bad", [line for line in NASTY if line.strip() and line[:1] != b"\x00"][:-3])
def test_a_bad_line_costs_only_itself(bad):
    good = b'{"id":"%d","input":{"a":1}}\n'
    data = b"".join(good % i + bad for i in range(3)) + good % 9
    decoder, rows = fed(SCHEMAS["plain"], data)
    assert [key for _, key, _, _ in rows if key not in (None, "?")] == ["0", "1", "2", "9"]
    assert decoder.lines == len(rows) + decoder.rejects.total()


@pytest.mark.parametrize("ending", [b"\n", b"\r\n", b" \r\n", b"\n\n", b"\n\r\n"])
@pytest.mark.parametrize("start", [b"", b"\xef\xbb\xbf", b"\x00\x00", b"  "])
def test_line_ends_blank_lines_byte_order_marks_and_padding_lose_nothing(start, ending):
    lines = [b'{"id":"1","input":{"a":1}}', b'{"id":"2","input":{"a":"?"}}']
    decoder, rows = fed(SCHEMAS["plain"], b"".join(start + line + ending for line in lines) + lines[0])
    assert [key for _, key, _, _ in rows] == ["1", "2", "1"]
    assert not decoder.rejects
    assert decoder.lines == 3


def test_two_records_that_were_written_into_one_line_are_both_read():
    decoder, rows = fed(SCHEMAS["plain"], b'{"id":"1","input":{"a":1}}{"id":"2","input":{"a":2}}\n\n')
    assert [key for _, key, _, _ in rows] == ["1", "2"]
    assert decoder.lines == 2


def test_a_record_that_spans_lines_is_rejected_however_the_lines_arrive():
    lines = [b'{"id":"1",\n', b'"input":{"a":1}}\n', b'{"id":"2","input":{"a":1}}\n']
    for pieces in (lines, [b"".join(lines)]):
        decoder, rows = fed(SCHEMAS["plain"], *pieces)
        assert [key for _, key, _, _ in rows] == ["2"]
        assert decoder.rejects == {"not_json": 2}


def test_a_line_longer_than_what_is_decoded_at_once_is_read_whole():
    text = b"x" * (3 * PIECE)
    line = b'{"id":"%b","input":{"a":4,"more":"' + text + b'"}}\n'
    _, rows = fed(SCHEMAS["plain"], line % b"1" + line % b"2" + b'{"id":"3","input":{"a":4}}\n')
    assert [key for _, key, _, _ in rows] == ["1", "2", "3"]
    assert all(values[0] == 4 for _, _, _, values in rows)


def test_rows_come_in_batches_as_they_fill_and_the_rest_when_flushed():
    decoder = NativeDecoder([schema(number("a", "input.a"))])
    data = b"".join(b'{"id":"%d","input":{"a":%d}}\n' % (i, i) for i in range(ROWS + 5000))
    fed_batches, flushed = list(decoder.feed(data)), list(decoder.flush())
    assert fed_batches[0][1].rows >= ROWS
    values = np.concatenate([batch.columns[0] for _, batch in fed_batches + flushed])
    assert values.tolist() == list(range(ROWS + 5000))
    assert [key for _, batch in fed_batches + flushed for key in batch.ids] == [str(i) for i in range(ROWS + 5000)]
    assert not list(decoder.flush())


def test_batches_do_not_change_when_more_is_fed():
    decoder = NativeDecoder([schema(number("a", "input.a"))])
    list(decoder.feed(b'{"id":"1","input":{"a":1}}\n'))
    ((_, batch),) = decoder.flush()
    list(decoder.feed(b'{"id":"2","input":{"a":2}}\n'))
    list(decoder.flush())
    assert (batch.columns[0].tolist(), batch.ids) == ([1.0], ["1"])


# -- models and versions


def routed(schemas, *lines):
    """Return for each schema the ids that it got, and the rejects."""
    decoder = NativeDecoder(schemas)
    got = {index: [] for index in range(len(schemas))}
    data = b"".join(line.encode() + b"\n" for line in lines)
    for index, batch in [*decoder.feed(data), *decoder.flush()]:
        got[index] += batch.ids
    return list(got.values()), dict(decoder.rejects)


def of(model, version, *more):
    return schema(number("a", "input.a"), *more, model=model, version=version)


def test_records_of_several_models_and_versions_in_one_log_each_find_their_own():
    schemas = [of("m", "1"), of("m", "2"), of("other", "1", number("b", "input.a.b"))]
    got, rejects = routed(
        schemas,
        '{"id":"0","model":"m","version":"1","input":{"a":1}}',
        '{"id":"1","model":"m","version":"2","input":{"a":1}}',
        '{"id":"2","model":"other","version":"1","input":{"a":{"b":1}}}',
        '{"id":"3","model":"m","version":"2","input":{"a":1}}',
        '{"id":"4","model":"m","version":"3","input":{"a":1}}',
        '{"id":"5","model":"nobody","version":"1","input":{"a":1}}',
        '{"id":"6","model":"other","input":{"a":1}}',
        '{"id":"7","version":"2","input":{"a":1}}',
        '{"id":"8","model":"m","input":{"a":1}}',
        '{"id":"9","input":{"a":1}}',
        '{"id":"10","model":"m","version":"1","input":{"a":1}}',
    )
    assert got == [["0", "10"], ["1", "3", "7"], ["2", "6"]]
    assert rejects == {"unknown_model": 4}


def test_model_and_version_may_be_left_out_where_there_is_one():
    got, rejects = routed([of("m", "1")], '{"id":"1","input":{}}', '{"id":"2","model":null,"version":null,"input":{}}')
    assert got == [["1", "2"]]
    assert rejects == {}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize("version", ["3", "3.0"])
def test_a_version_that_is_a_number_is_that_number_however_it_is_written_and_whatever_came_before(version, order):
    lines = ['{"id":"1","version":3,"input":{}}', '{"id":"2","version":3.0,"input":{}}']
    lines.append(f'{{"id":"3","version":"{version}","input":{{}}}}')
    for together in (True, False):
        decoder = NativeDecoder([of("m", version)])
        chosen = [(lines[i] + "\n").encode() for i in order]
        batches = [pair for piece in ([b"".join(chosen)] if together else chosen) for pair in decoder.feed(piece)]
        assert sum(batch.rows for _, batch in batches + list(decoder.flush())) == 3


@pytest.mark.parametrize("version", ['"3.00"', '"3.1"', "3.1", "30", '"x"', "NaN", "1e400"])
def test_another_version_is_unknown(version):
    assert routed([of("m", "3")], f'{{"id":"1","version":{version},"input":{{}}}}') == ([[]], {"unknown_model": 1})


def test_more_unknown_models_than_are_remembered_are_all_counted():
    lines = [f'{{"model":"{i}","input":{{}}}}' for i in range(10_050)]
    assert routed([of("m", "3")], *lines, '{"id":"1","model":"m","input":{}}') == ([["1"]], {"unknown_model": 10_050})


def test_the_same_path_may_be_a_number_in_one_model_and_a_category_in_another():
    schemas = [of("m", "1"), schema(levels("a", "input.a", "x", "3"), model="n", version="1")]
    decoder = NativeDecoder(schemas)
    lines = b'{"model":"m","input":{"a":3}}\n{"model":"n","input":{"a":3}}\n{"model":"m","input":{"a":"x"}}\n'
    found = {index: batch.columns[0] for index, batch in [*decoder.feed(lines), *decoder.flush()]}
    assert found[0].tolist()[0] == 3
    assert fault_counts(found[0]) == (0, 1, 0, 0)
    assert found[1].tolist() == [1]


# -- what a record says


@pytest.mark.parametrize(
    ("line", "kind"),
    [
        ('"input":{}', Kind.PREDICTION),
        ('"output":{"label":3}', Kind.PREDICTION),
        ('"output":3', Kind.PREDICTION),
        ('"input":{"a":1},"output":null,"actual":null', Kind.PREDICTION),
        ('"actual":{"label":"x"}', Kind.ACTUAL),
        ('"actual":{"label":"x"},"input":null,"output":null,"error":null', Kind.ACTUAL),
        ('"actual":0', Kind.ACTUAL),
        ('"input":{},"actual":{}', Kind.PREDICTION | Kind.ACTUAL),
        ('"error":"out of memory"', Kind.PREDICTION | Kind.FAILED),
        ('"error":{"code":3},"output":{"label":"x"}', Kind.PREDICTION | Kind.FAILED),
        ('"error":"","output":{"label":"x"}', Kind.PREDICTION),
        ('"error":false,"output":{"label":"x"}', Kind.PREDICTION),
        ('"error":true,"actual":{}', Kind.PREDICTION | Kind.FAILED | Kind.ACTUAL),
    ],
)
@pytest.mark.parametrize("spoil", ["", ',"latency_seconds":"?"'])
@pytest.mark.parametrize("name", ["plain", "lists and strange keys", "nothing of output and actual", "nothing"])
def test_a_record_is_a_prediction_an_actual_both_or_a_failure(line, kind, spoil, name):
    _, rows = fed(SCHEMAS[name], f'{{"id":"1",{line}{spoil}}}\n'.encode())
    assert [row[0] for row in rows] == [kind]


@pytest.mark.parametrize("line", ["", '"id":"1"', '"time":3,"tags":{"machine":1}', '"input":null,"output":null'])
@each_schema
def test_a_record_that_says_nothing_is_rejected(line, columns):
    decoder, rows = fed(columns, f"{{{line}}}\n".encode())
    assert rows == []
    assert decoder.rejects == {"empty_record": 1}


def test_an_empty_record_between_others_takes_no_row_and_no_id():
    _, rows = fed(SCHEMAS["plain"], b'{"id":"1","input":{}}\n{"id":"2"}\n{"id":"3","input":{}}\n')
    assert [key for _, key, _, _ in rows] == ["1", "3"]


@pytest.mark.parametrize(
    ("written", "key"),
    [
        *[('"a"', "a"), ("7", "7"), ("12345678901234567890123", "12345678901234567890123"), ('""', "")],
        *[("null", None), ("true", None), ("1.5", None), ("[1]", None), ('{"a":1}', None), ('"\\ud800"', "?")],
    ],
)
def test_an_id_is_text_or_a_whole_number(written, key):
    _, ((_, found, _, _),) = fed(SCHEMAS["plain"], f'{{"id":{written},"input":{{}}}}\n'.encode())
    assert found == key


def test_ids_are_kept_only_where_they_are_asked_for():
    decoder = NativeDecoder([schema(number("a", "input.a"), ids=False)])
    list(decoder.feed(b'{"id":"1","input":{"a":1}}\n'))
    ((_, batch),) = decoder.flush()
    assert batch.ids is None


# -- times

NOON = datetime(2026, 11, 20, 12, tzinfo=UTC).timestamp()
TIMES = {
    '"2026-11-20T12:00:00Z"': NOON,
    '"2026-11-20t12:00:00z"': NOON,
    '"2026-11-20T12:00:00"': NOON,
    '"2026-11-20 14:30:00+02:30"': NOON,
    '"2026-11-20T12:00:00.250Z"': NOON + 0.25,
    '"2026-11-20T12:00:00.123456789Z"': NOON + 0.123456,
    "1795176000": 1795176000.0,
    "1795176000.5": 1795176000.5,
    "-1": -1.0,
    "0": 0.0,
}
GARBAGE = ['"yesterday"', '""', "null", "true", "[1]", "{}", "NaN", "Infinity", "1e400", "1" + "0" * 400]
GARBAGE += ["1795176000000", '"2026-13-40T00:00:00Z"', '"2026-11-20T12:00:00Zzz"', '"\\ud800"', '"1795176000"']


def timed(*times, **options):
    decoder = NativeDecoder([schema(number("a", "input.a"))], **options)
    list(decoder.feed(b"".join(f'{{"input":{{"a":1}},"time":{time}}}\n'.encode() for time in times)))
    ((_, batch),) = decoder.flush()
    return batch


def test_a_time_is_rfc_3339_or_unix_seconds_and_anything_else_is_no_time():
    batch = timed(*TIMES, *GARBAGE, event_time=True)
    assert batch.times.tolist()[: len(TIMES)] == pytest.approx(list(TIMES.values()), abs=1e-6)
    assert np.isnan(batch.times[len(TIMES) :]).all()
    assert batch.columns[0].tolist() == [1.0] * (len(TIMES) + len(GARBAGE))


@law
@given(st.datetimes(), st.integers(-23 * 60, 23 * 60))
def test_a_time_with_an_offset_is_that_moment(moment, minutes):
    offset = timedelta(minutes=minutes)
    sign, hours = "-" if minutes < 0 else "+", divmod(abs(minutes), 60)
    text = f"{moment.isoformat()}{sign}{hours[0]:02}:{hours[1]:02}"
    expected = (moment.replace(tzinfo=UTC) - datetime(1970, 1, 1, tzinfo=UTC) - offset).total_seconds()
    assert epoch(text) == pytest.approx(expected, abs=1e-4)


@law
@given(st.one_of(st.text(max_size=30), st.floats(), st.integers()))
@example("2026-11-20T12:00:00+99:99")
def test_any_text_or_number_is_a_time_or_none(time):
    seconds = epoch(time)
    assert math.isnan(seconds) or math.isfinite(seconds)


def test_times_are_left_out_where_nobody_asks_for_them():
    assert timed('"2026-11-20T12:00:00Z"').times is None


def test_the_newest_time_is_that_of_the_last_record_that_has_one():
    assert timed('"2026-11-20T12:00:00Z"', "5", "null").newest == 5
    assert math.isnan(timed("null", '"?"').newest)


def test_the_newest_time_does_not_go_back_from_one_feed_to_the_next():
    decoder = NativeDecoder([schema(number("a", "input.a"))])
    for time in (b"9", b"5", b"null"):
        list(decoder.feed(b'{"input":{"a":1},"time":%b}\n' % time))
    ((_, batch),) = decoder.flush()
    assert batch.newest == 9


# -- categories

NUMERALS = st.one_of(
    st.integers(-(10**25), 10**25),
    st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([2**53, 2**53 + 1, float(2**53), 1e22, 10**22, 1e300, -0.0, 0, 5e-324, 0.1]),
)


@law
@given(NUMERALS, NUMERALS)
def test_two_numbers_are_the_same_category_where_they_are_equal(one, other):
    assert (label(one) == label(other)) == (one == other)


@law
@given(st.lists(st.one_of(NUMERALS, st.text(max_size=4), st.booleans()), unique_by=label, max_size=8))
def test_a_value_has_the_code_of_the_level_that_is_its_label(values):
    names = [label(value) for value in values]
    coding = Coding(names)
    for place, value in enumerate(values):
        assert coding[label(value)] == place
        if not isinstance(value, bool):
            assert coding[value] == place
    assert coding["something else"] == len(names)
    assert coding[None] == -Fault.MISSING


@pytest.mark.parametrize("levels_", [("3", "3.0"), ("3.0", "3")])
def test_of_two_levels_that_read_as_one_number_the_number_is_the_one_written_plainly(levels_):
    coding = Coding(levels_)
    assert coding[3] == coding[3.0] == levels_.index("3")
    assert coding["3.0"] == levels_.index("3.0")


def test_a_number_is_a_level_that_is_written_like_it_with_a_point():
    assert Coding(("2.0", "1"))[2] == 0


@pytest.mark.parametrize("name", ["a", "kind", "flag"])
def test_a_nan_is_missing_whatever_the_dtype(name):
    _, ((_, _, _, values),) = fed(SCHEMAS["plain"], f'{{"input":{{"{name}":NaN}}}}\n'.encode())
    assert set(values) == {Fault.MISSING}


# -- lines without a decoder


@pytest.mark.parametrize(
    ("line", "value"),
    [(b'{"a":NaN}', {"a": math.nan}), (b'{"a":"\\ud800b"}', {"a": "?b"}), (b'{"a":"\xff"}', {"a": "�"})],
)
def test_what_many_servers_write_is_read_though_it_is_no_json(line, value):
    assert str(parse(line)) == str(value)


def test_a_whole_surrogate_pair_is_a_character():
    assert parse(b'{"a":"\\ud83d\\ude00","b":NaN}')["a"] == "\N{GRINNING FACE}"


def test_rows_of_leaves_out_lines_without_a_record():
    lines = [b'\xef\xbb\xbf{"a":1}\r\n', b"\n", b"[1]", b"{", b'{"b":NaN}', b"\x00\x00"]
    assert [list(record) for record in rows_of(lines)] == [["a"], ["b"]]


@pytest.mark.parametrize("name", BUILTIN)
@law
@given(data=st.one_of(st.binary(max_size=200), st.sampled_from([SEED, *NASTY])))
def test_every_decoder_turns_any_bytes_into_rows_or_counted_rejects(name, data):
    decoder = BUILTIN[name]([SCHEMAS["plain"], of("n", "1")], event_time=True)
    batches = [*decoder.feed(data), *decoder.flush()]
    assert decoder.lines == sum(batch.rows for _, batch in batches) + decoder.rejects.total()
    assert {index for index, _ in batches} <= {0, 1}
