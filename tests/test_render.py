"""Sample lines and whole bodies, judged by exact text, by two independent parsers and by promtool."""

import math
import shutil
import subprocess

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from exporter.catalog import Metric
from exporter.exposition.negotiate import Format
from exporter.exposition.render import (
    Family,
    HistogramLines,
    SeriesLines,
    edge_text,
    label_text,
    line,
    number,
    render,
)

TEXT, OPENMETRICS = Format.TEXT, Format.OPENMETRICS
PARSERS = ((TEXT, parse_text), (OPENMETRICS, parse_openmetrics))

REQUESTS = Metric("shop_requests_total", "counter", "Requests.", ("shop",))
HEAT = Metric("shop_heat_celsius", "gauge", "Heat.", ("shop", "room"))
DELAY = Metric("shop_delay_seconds", "histogram", "Delay.", ("shop",))

any_text = st.text(st.characters(exclude_categories=()), max_size=40)  # lone surrogates and NUL included


def samples(parse, body):
    return [sample for family in parse(body.decode()) for sample in family.samples]


def readable(value):
    """What a reader should find for a label value: cut, and with a replacement for half a surrogate pair."""
    return value[:256].encode("utf-16", "surrogatepass").decode("utf-16", "replace")


# -- labels and numbers


def test_labels_are_escaped():
    assert label_text(("a", "b"), ('q"', "back\\slash\nline")) == r'{a="q\"",b="back\\slash\nline"}'


def test_no_labels_are_no_braces():
    assert label_text((), ()) == ""


def test_a_missing_label_value_is_an_error():
    with pytest.raises(ValueError, match="shorter"):
        label_text(("a", "b"), ("1",))


def test_a_label_value_is_cut_at_256_characters_before_it_is_escaped():
    assert label_text(("a",), ("é" * 300,)) == '{a="' + "é" * 256 + '"}'
    assert label_text(("a",), ("\n" * 300,)) == '{a="' + r"\n" * 256 + '"}'


def test_half_a_surrogate_pair_is_replaced_and_a_whole_one_is_its_character():
    assert label_text(("a",), ("x\ud83dy",)) == '{a="x\ufffdy"}'
    assert label_text(("a",), ("x\ud83d\ude00y",)) == '{a="x\U0001f600y"}'


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (3.0, "3"),
        (3, "3"),
        (True, "1"),
        (0.25, "0.25"),
        (-0.0, "0"),
        (-1.5, "-1.5"),
        (1763679600.123456, "1763679600.123456"),
        (1e15, "1000000000000000"),
        (1e16, "1e+16"),
        (1e-07, "1e-07"),
        (math.inf, "+Inf"),
        (-math.inf, "-Inf"),
        (math.nan, "NaN"),
        (10**400, "+Inf"),
        (-(10**400), "-Inf"),
        (np.float64(0.1), "0.1"),
        (np.float32(0.5), "0.5"),
        (np.int64(7), "7"),
    ],
)
def test_a_number_is_short_and_exact(value, text):
    assert number(value) == text


@given(st.floats(allow_nan=False))
def test_a_number_reads_back_as_the_same_float(value):
    assert float(number(value)) == value


@pytest.mark.parametrize(
    ("edge", "text"),
    [
        (1, "1.0"),
        (-0.0, "0.0"),
        (0.5, "0.5"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (999_999.5, "999999.5"),
        (1_000_000, "1e+06"),
        (-2_000_000, "-2e+06"),
        (1_234_567.5, "1.2345675e+06"),
        (1e21, "1e+21"),
        (math.inf, "+Inf"),
        (np.float64(2), "2.0"),
    ],
)
def test_an_edge_has_the_form_that_prometheus_3_stores(edge, text):
    assert edge_text(edge) == text


@given(st.floats(allow_nan=False))
def test_an_edge_reads_back_as_the_same_float(edge):
    assert float(edge_text(edge)) == edge


# -- lines


def test_a_line_has_name_labels_and_value():
    assert line(HEAT, ("north", "oven %d"), 0.5) == 'shop_heat_celsius{shop="north",room="oven %d"} 0.5\n'
    assert line(Metric("shop_open", "gauge", "Open."), [], 1) == "shop_open 1\n"


def test_nan_is_an_absent_series():
    assert line(HEAT, ("north", "oven"), math.nan) == ""
    lines = SeriesLines(HEAT, [("north", "oven"), ("north", "hall")])
    assert lines.text([math.nan, 20.5]) == 'shop_heat_celsius{shop="north",room="hall"} 20.5\n'


@pytest.mark.parametrize("kind", [list, np.array])
def test_many_series_at_once_are_the_lines_of_each(kind):
    children = [("north", "oven"), ("south", 'a"b'), ("south", "%s")]
    values = [1.0, math.inf, 0.1]
    expected = "".join(line(HEAT, child, value) for child, value in zip(children, values, strict=True))
    assert SeriesLines(HEAT, children).text(kind(values)) == expected


def test_a_value_too_few_is_an_error():
    with pytest.raises(ValueError, match="shorter"):
        SeriesLines(HEAT, [("north", "oven"), ("north", "hall")]).text([1.0])


@pytest.mark.parametrize("counts", [[1, 3, 4], (1.0, 3.0, 4.0), np.array([1, 3, 4])])
def test_a_histogram_has_buckets_sum_and_count(counts):
    assert HistogramLines(DELAY, ("50% off",), [0.5, 1]).text(counts, 2.25) == (
        'shop_delay_seconds_bucket{shop="50% off",le="0.5"} 1\n'
        'shop_delay_seconds_bucket{shop="50% off",le="1.0"} 3\n'
        'shop_delay_seconds_bucket{shop="50% off",le="+Inf"} 4\n'
        'shop_delay_seconds_sum{shop="50% off"} 2.25\n'
        'shop_delay_seconds_count{shop="50% off"} 4\n'
    )


def test_a_histogram_without_labels_has_the_edge_alone():
    lines = HistogramLines(Metric("delay", "histogram", "Delay."), (), [1]).text([0, 0], 0)
    assert lines == 'delay_bucket{le="1.0"} 0\ndelay_bucket{le="+Inf"} 0\ndelay_sum 0\ndelay_count 0\n'


@pytest.mark.parametrize("total", [math.nan, math.inf, -math.inf])
def test_a_total_that_is_no_number_is_left_out_and_the_count_stays(total):
    text = HistogramLines(DELAY, ("north",), [1]).text([1, 2], total)
    assert "_sum" not in text
    assert text.endswith('shop_delay_seconds_count{shop="north"} 2\n')


def test_counts_that_do_not_fit_the_edges_are_an_error():
    with pytest.raises(TypeError):
        HistogramLines(DELAY, ("north",), [1, 2]).text([1, 2], 0)


# -- whole bodies


def families():
    delay = HistogramLines(DELAY, ("north",), [0.5, 1]).text([1, 3, 4], 2.25)
    return [
        Family(REQUESTS, line(REQUESTS, ("north",), 5)),
        Family(HEAT, ""),
        Family(DELAY, delay),
        Family(REQUESTS, line(REQUESTS, ("south",), 6)),
    ]


def test_text_0_0_4_in_full():
    assert render(families(), TEXT).decode() == (
        "# HELP shop_requests_total Requests.\n"
        "# TYPE shop_requests_total counter\n"
        'shop_requests_total{shop="north"} 5\n'
        'shop_requests_total{shop="south"} 6\n'
        "# HELP shop_delay_seconds Delay.\n"
        "# TYPE shop_delay_seconds histogram\n"
        'shop_delay_seconds_bucket{shop="north",le="0.5"} 1\n'
        'shop_delay_seconds_bucket{shop="north",le="1.0"} 3\n'
        'shop_delay_seconds_bucket{shop="north",le="+Inf"} 4\n'
        'shop_delay_seconds_sum{shop="north"} 2.25\n'
        'shop_delay_seconds_count{shop="north"} 4\n'
    )


def test_openmetrics_differs_in_the_names_of_counter_families_and_the_end_alone():
    text = render(families(), TEXT).decode()
    expected = text.replace("# HELP shop_requests_total", "# HELP shop_requests")
    expected = expected.replace("# TYPE shop_requests_total", "# TYPE shop_requests") + "# EOF\n"
    assert render(families(), OPENMETRICS).decode() == expected


def test_nothing_to_say_is_a_valid_body():
    assert render([], TEXT) == b""
    assert render([Family(HEAT, "")], OPENMETRICS) == b"# EOF\n"


def test_help_is_escaped_as_each_format_wants_it():
    metric = Metric("m", "gauge", 'a "quoted" back\\slash\nand a line')
    family = Family(metric, line(metric, (), 1))
    assert render([family], TEXT).startswith(b'# HELP m a "quoted" back\\\\slash\\nand a line\n')
    assert render([family], OPENMETRICS).startswith(b'# HELP m a \\"quoted\\" back\\\\slash\\nand a line\n')
    for fmt, parse in PARSERS:
        assert [found.documentation for found in parse(render([family], fmt).decode())] == [metric.help]


def test_a_body_that_has_no_utf_8_is_rendered_all_the_same():
    assert render([Family(HEAT, 'shop_heat_celsius{shop="\ud800"} 1\n')], TEXT).endswith(b'"?"} 1\n')


@pytest.mark.parametrize(("fmt", "parse"), PARSERS)
@given(values=st.tuples(any_text, any_text), value=st.floats(allow_nan=False))
def test_what_is_rendered_is_what_a_parser_reads(fmt, parse, values, value):
    (sample,) = samples(parse, render([Family(HEAT, line(HEAT, values, value))], fmt))
    assert (sample.name, sample.value) == ("shop_heat_celsius", value)
    assert sample.labels == dict(zip(HEAT.labels, map(readable, values), strict=True))


@pytest.mark.parametrize(("fmt", "parse"), PARSERS)
@given(
    shop=any_text,
    counts=st.dictionaries(st.floats(0, allow_nan=False, allow_infinity=False), st.integers(0, 10**12), min_size=1),
    total=st.floats(0, allow_nan=False, allow_infinity=False),
)
def test_a_histogram_is_what_a_parser_reads(fmt, parse, shop, counts, total):
    edges, cumulative = sorted(counts), np.cumsum([*counts.values(), 5])
    text = HistogramLines(DELAY, (shop,), edges).text(cumulative, total)
    found = samples(parse, render([Family(DELAY, text)], fmt))
    assert [sample.value for sample in found] == [*cumulative, total, cumulative[-1]]
    assert [float(sample.labels["le"]) for sample in found[:-2]] == [*edges, math.inf]
    assert {sample.labels["shop"] for sample in found} == {readable(shop)}


@pytest.mark.parametrize("fmt", Format)
def test_negative_edges_keep_sum_and_count(fmt):
    body = render([Family(DELAY, HistogramLines(DELAY, ("north",), [-2, 0]).text([1, 3, 4], -2.5))], fmt)
    assert {(sample.name, sample.value) for sample in samples(parse_text, body)} >= {
        ("shop_delay_seconds_sum", -2.5),
        ("shop_delay_seconds_count", 4),
    }


def test_the_sum_beside_negative_edges_is_all_that_a_strict_openmetrics_parser_minds():
    body = render([Family(DELAY, HistogramLines(DELAY, ("north",), [-2, 0]).text([1, 3, 4], 2.5))], OPENMETRICS)
    with pytest.raises(ValueError, match="Cannot have _sum with negative buckets"):
        samples(parse_openmetrics, body)
    kept = [text for text in body.splitlines(keepends=True) if b"_sum" not in text and b"_count" not in text]
    assert [sample.value for sample in samples(parse_openmetrics, b"".join(kept))] == [1, 3, 4]


@pytest.mark.slow
def test_promtool_finds_nothing_to_say_about_the_text_format():
    promtool = shutil.which("promtool")
    assert promtool, "promtool is not on PATH"
    hostile = 'a"b\\c\nd\0e\rf\ud800\u2028' * 40
    body = render(
        [
            Family(REQUESTS, line(REQUESTS, (hostile,), 1)),
            Family(HEAT, line(HEAT, ("north", hostile), math.inf)),
            Family(DELAY, HistogramLines(DELAY, (hostile,), [-2e6, 0, 1e-5, 1e6]).text([1, 2, 3, 4, 5], -1.5)),
        ],
        TEXT,
    )
    done = subprocess.run([promtool, "check", "metrics"], input=body, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
