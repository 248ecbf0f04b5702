"""The choice of format and encoding, as Prometheus and other clients ask for it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter.exposition.negotiate import Format, accepts_gzip, content_type, negotiate

TEXT, OPENMETRICS = Format.TEXT, Format.OPENMETRICS

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,"
    "application/openmetrics-text;version=0.0.1;q=0.5,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,"
    "text/plain;version=0.0.4;q=0.3,*/*;q=0.2"
)
PROMETHEUS_3_NATIVE_HISTOGRAMS = (
    "application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;q=0.7," + PROMETHEUS_3
)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        (PROMETHEUS_2, OPENMETRICS),
        (PROMETHEUS_3, OPENMETRICS),
        (PROMETHEUS_3_NATIVE_HISTOGRAMS, OPENMETRICS),
        ("text/plain;version=0.0.4;q=0.3,*/*;q=0.2", TEXT),
        # nothing said, or nothing that can be understood
        (None, TEXT),
        ("", TEXT),
        (",;,=;;q", TEXT),
        ("*/*", TEXT),
        ("text/*", TEXT),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", TEXT),
        ("application/json", TEXT),
        # versions
        ("application/openmetrics-text", OPENMETRICS),
        ("application/openmetrics-text; version=1.0.0; charset=utf-8", OPENMETRICS),
        ('application/openmetrics-text; version="1.0.0"', OPENMETRICS),
        ("Application/OpenMetrics-Text;Version=1.0.0", OPENMETRICS),
        ("application/openmetrics-text;version=0.0.1", TEXT),
        ("application/openmetrics-text;version=2.0.0", TEXT),
        ("application/openmetrics-text;version=2.0.0,application/openmetrics-text;version=1.0.0;q=0.1", OPENMETRICS),
        ("text/plain;version=1.0.0,application/openmetrics-text;q=0.1", OPENMETRICS),
        # qualities
        ("text/plain;q=0.4,application/openmetrics-text;q=0.5", OPENMETRICS),
        ("application/openmetrics-text;q=0.4,text/plain;q=0.5", TEXT),
        ("application/openmetrics-text;q=0.1,*/*;q=0.9", TEXT),
        ("application/openmetrics-text;q=0,text/plain;q=0.1", TEXT),
        ("application/openmetrics-text;q=0", TEXT),
        ("text/plain;q=0,*/*", OPENMETRICS),
        ("text/plain;q=0,application/openmetrics-text;q=0", TEXT),
        ("application/openmetrics-text;q=high,text/plain;q=0.1", TEXT),
        ("application/openmetrics-text;q=1.5,text/plain;q=0.1", TEXT),
        ("application/openmetrics-text;q=nan,text/plain;q=0.1", TEXT),
        # ties
        ("application/openmetrics-text,text/plain", OPENMETRICS),
        ("text/plain,application/openmetrics-text", TEXT),
        ("*/*,application/openmetrics-text", OPENMETRICS),
        ("application/*", OPENMETRICS),
        ("application/*;q=0.5,text/*;q=0.5", OPENMETRICS),
    ],
)
def test_a_client_gets_the_format_that_it_likes_best(accept, expected):
    assert negotiate(accept) is expected


@given(st.text())
def test_any_header_at_all_gets_an_answer(header):
    assert negotiate(header) in Format
    assert content_type(negotiate(header), header).startswith(("text/plain; version=0.0.4;", "application/openmetrics"))
    assert accepts_gzip(header) in (True, False)


def test_the_content_types_are_those_of_the_two_formats():
    assert TEXT.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert OPENMETRICS.content_type == "application/openmetrics-text; version=1.0.0; charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "suffix"),
    [
        (PROMETHEUS_3, "; escaping=allow-utf-8"),
        ("application/openmetrics-text;escaping=underscores", "; escaping=underscores"),
        ("application/openmetrics-text;escaping=values", "; escaping=values"),
        ("application/openmetrics-text;escaping=dots", ""),
        ("application/openmetrics-text;escaping=x\r\nSet-Cookie: a=b", ""),
        ("application/openmetrics-text;version=2.0.0;escaping=underscores", ""),
        (PROMETHEUS_2, ""),
        (None, ""),
    ],
)
def test_an_escaping_scheme_is_claimed_only_where_it_leaves_our_names_alone(accept, suffix):
    assert content_type(OPENMETRICS, accept) == OPENMETRICS.content_type + suffix


def test_text_0_0_4_has_no_escaping_scheme():
    assert content_type(TEXT, "text/plain;version=0.0.4;escaping=allow-utf-8") == TEXT.content_type


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        (None, False),
        ("", False),
        ("identity", False),
        ("gzip", True),
        ("GZIP", True),
        ("x-gzip", True),
        ("br, gzip;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0.000", False),
        ("*", True),
        ("*;q=0", False),
        ("gzip;q=0, *", False),
        ("*;q=0, gzip", True),
        ("deflate, *;q=0.1", True),
        ("gzippy", False),
    ],
)
def test_gzip_is_used_only_for_a_client_that_takes_it(accept_encoding, expected):
    assert accepts_gzip(accept_encoding) is expected
