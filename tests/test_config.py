"""Configuration and profile specs: what is read, and what is said about every mistake."""

import enum
import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from exporter import profile
from exporter.config import ConfigError, load, load_spec, parse_duration, parse_window, read
from exporter.profile import Columns, ComponentSpec, ProfileSpec
from exporter.windows import Earlier

sys.path.insert(0, str(Path(__file__).parents[1] / "scripts"))

import configuration_page

MINIMAL = """\
models:
  - profile: digits.json
sources:
  - stdin: {}
"""


def digits(version="3.0.0", name="digits"):
    spec = ProfileSpec(name, version, [ComponentSpec("sharpness", "input.sharpness", dtype="float")])
    return profile.dump(profile.build(spec, Columns({("input", "sharpness"): np.arange(100.0)}), 0.0))


@pytest.fixture
def write(tmp_path, monkeypatch):
    """Write exporter.yml beside a profile, in the current directory."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "digits.json").write_bytes(digits())

    def write(text, name="exporter.yml"):
        (tmp_path / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return name

    return write


@pytest.fixture
def problems(write):
    """Return what `load` says about a text."""

    def problems(text):
        with pytest.raises(ConfigError) as caught:
            load(write(text))
        return [str(problem) for problem in caught.value.problems]

    return problems


def test_what_is_left_out_has_the_documented_default(write):
    config = load(write(MINIMAL))
    model = config.models[0]
    assert model.profile == Path("digits.json")
    assert [(window.label, window.seconds, window.rows) for window in model.windows] == [
        ("1h", 3600.0, None),
        ("24h", 86_400.0, None),
    ]
    assert model.latency_buckets == [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]
    assert (model.actuals.wait, model.actuals.pending) == (604_800.0, 1_000_000)
    assert model.name is None
    assert model.process is None
    limits = config.limits
    assert (limits.series, limits.categories, limits.line_bytes) == (50_000, 50, 1_048_576)
    assert limits.image_bytes == 67_108_864
    assert config.evaluation_interval == 15
    assert config.sources[0].decoder == "native"


def test_everything_that_can_be_written_is_read(write):
    config = load(
        write("""\
evaluation_interval: 500ms
models:
  - name: digits
    profile: digits.json
    windows: [90s, 1h30m, 3_000 rows]
    latency_buckets: [0.1, 1e0, 2]
    actuals: {wait: 2w, pending: 10_000_000}
    process: {pid_file: run/model.pid}
sources:
  - file: {path: logs/*.jsonl, decoder: native}
  - stdin:
limits: {series: 100, categories: 5, line_bytes: 2048}
""")
    )
    model = config.models[0]
    assert [(window.label, window.seconds, window.rows) for window in model.windows] == [
        ("90s", 90.0, None),
        ("1h30m", 5400.0, None),
        ("3000 rows", None, 3000),
    ]
    assert model.latency_buckets == [0.1, 1, 2]
    assert (model.actuals.wait, model.actuals.pending) == (1_209_600.0, 10_000_000)
    assert model.process.pid_file == Path("run/model.pid")
    assert config.evaluation_interval == 0.5
    assert len(config.sources) == 2
    assert (config.limits.series, config.limits.categories, config.limits.line_bytes) == (100, 5, 2048)


@pytest.mark.parametrize(
    ("text", "label", "earlier"),
    [
        ("1h vs previous", "1h vs previous", Earlier()),
        ("1h vs 7d", "1h vs 7d", Earlier(seconds=604_800.0)),
        ("2h vs 5h", "2h vs 5h", Earlier(seconds=18_000.0)),
        ("1h  vs  first 10_000 rows", "1h vs first 10000 rows", Earlier(rows=10_000)),
        ("3_000 rows vs previous", "3000 rows vs previous", Earlier()),
    ],
)
def test_a_window_may_be_compared_with_an_earlier_one(text, label, earlier):
    window = parse_window(text)
    assert (window.label, window.earlier, window.base) == (label, earlier, label.partition(" vs ")[0])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1h vs yesterday", "'yesterday' is no earlier window; write vs previous, vs 7d (so long ago) or vs first"),
        ("1h vs first 0 rows", "'first 0 rows' is no earlier window"),
        ("1h vs 1h", "'1h' is out of range; write 2 to 1000 times 1h, or half steps"),
        ("1h vs 130m", "'130m' is out of range"),
        ("1m vs 7d", "'7d' is out of range"),
        ("20 rows vs 7d", "20 rows has no time; write vs previous or vs first 10000 rows"),
        ("soon vs 7d", "'soon' is not a window"),
    ],
)
def test_an_earlier_window_that_cannot_be_says_what_can(text, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_window(text)


def test_a_statistic_that_does_not_exist_is_named_with_what_was_meant(problems):
    text = MINIMAL.replace("digits.json\n", "digits.json\n    statistics: [wasserstien]\n")
    (problem,) = problems(text)
    assert "statistics" in problem
    assert "wasserstein" in problem


def test_paths_start_at_the_directory_of_the_file(write, tmp_path):
    (tmp_path / "etc").mkdir()
    write(digits(), "etc/digits.json")
    text = MINIMAL + "  - file: {path: logs/*.jsonl, images: shots}\n  - file: {path: /var/log/model.jsonl}\n"
    config = load(write(text, "etc/exporter.yml"))
    assert config.models[0].profile == Path("etc/digits.json")
    assert [str(source.path) for source in config.sources[1:]] == ["etc/logs/*.jsonl", "/var/log/model.jsonl"]
    assert [source.images for source in config.sources] == [None, Path("etc/shots"), None]


def test_every_problem_is_reported_at_once_with_file_line_key_and_what_would_be_right(problems):
    assert problems("""\
evaluation_interval: 15
models:
  - profile: missing.json
    windos: [1h]
  - profile: digits.json
    name: digit
    windows:
      - 1h
      - 1x
    latency_buckets: [1, 0.5]
    process: {pid: one, port: 80}
  - windows: []
sources:
  - fil: {path: a}
  - file: {decoder: native}
  - file: {path: b, decoder: nativ}
limits:
  series: 0
  categories: lots
  series: 3
extra: 1
""") == [
        (
            "exporter.yml:1: evaluation_interval: '15' is not a duration; "
            "write a number and a unit (ms s m h d w) such as 15s or 1h30m"
        ),
        "exporter.yml:3: models[0].profile: missing.json cannot be read: No such file or directory",
        "exporter.yml:4: models[0].windos: unknown key; did you mean 'windows'?",
        "exporter.yml:6: models[1].name: the profile is that of 'digits'; write that or leave it out",
        (
            "exporter.yml:9: models[1].windows[1]: '1x' is not a window; "
            "write a duration such as 1h or a number of rows such as 3000 rows"
        ),
        (
            "exporter.yml:10: models[1].latency_buckets: must be positive, finite and ascending, in seconds, "
            "such as [0.1, 0.5, 1]"
        ),
        "exporter.yml:11: models[1].process.pid: 'one' is not a whole number",
        "exporter.yml:12: models[2].profile: is missing",
        "exporter.yml:12: models[2].windows: is empty",
        "exporter.yml:14: sources[0]: no source is called 'fil'; known: file, stdin",
        "exporter.yml:15: sources[1].file.path: is missing",
        "exporter.yml:16: sources[2].file.decoder: no decoder is called 'nativ'; did you mean 'native'?",
        "exporter.yml:18: limits.series: 0 is out of range; it must be at least 1",
        "exporter.yml:19: limits.categories: 'lots' is not a whole number",
        "exporter.yml:20: limits.series: stands twice; first in line 18",
        "exporter.yml:21: extra: unknown key; known: models, sources, state, limits, evaluation_interval",
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "exporter.yml:1: the file is empty"),
        ("# nothing\n", "exporter.yml:1: the file is empty"),
        ("just text", "exporter.yml:1: must be a mapping of keys and values, not 'just text'"),
        ("models:\n\t- profile: a", "exporter.yml:2: a tab cannot indent YAML; use spaces"),
        (
            "models: [1, 2\nsources: 3",
            (
                "exporter.yml:2: not valid YAML: expected ',' or ']', but got ':' "
                "(while parsing a flow sequence from line 1)"
            ),
        ),
        ("a: 1\n---\nb: 2", "exporter.yml:2: the file holds several documents; write one"),
        ("models: *digits", "exporter.yml:1: not valid YAML: found undefined alias 'digits'"),
        ("models: &a [*a]", "exporter.yml:1: an alias stands inside its own anchor"),
        (b"models:\n  - \xff", "exporter.yml:2: the file is not text in UTF-8"),
        ("#\u00fc\n#\u00fc\nmodels: \x00", "exporter.yml:3: the file is not text in UTF-8"),
        ("[" * 5000, "exporter.yml:1: the file is nested too deeply"),
        (" " * (1 << 20) + " ", "exporter.yml:1: the file has 1,048,577 bytes; at most 1,048,576 are read"),
    ],
)
def test_a_file_that_is_no_configuration_at_all_is_one_problem(problems, text, expected):
    assert problems(text) == [expected]


def test_a_file_that_does_not_exist_is_a_problem_without_a_line(tmp_path):
    with pytest.raises(ConfigError, match=r"^nowhere\.yml: cannot be read: No such file or directory$"):
        load("nowhere.yml")
    with pytest.raises(ConfigError, match=r"cannot be read: Is a directory$"):
        load(str(tmp_path))


def test_a_few_lines_of_aliases_that_stand_for_billions_of_values_are_refused(problems):
    levels = [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 20)]
    (problem,) = problems("a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(levels))
    assert problem.endswith("values once its aliases are written out; at most 200,000")


def test_an_object_tag_creates_nothing(problems):
    (problem,) = problems("models: !!python/object/apply:os.system [exit]\nsources: [stdin: ]\n")
    assert "models[0]: must be a mapping" in problem


def test_anchors_and_merges_are_written_out_and_what_is_written_wins(write):
    write(digits("3.1.0"), "next.json")
    config = load(
        write("""\
models:
  - &first
    profile: digits.json
    windows: &windows [10m, 20 rows]
    actuals: {wait: 1h}
  - <<: *first
    profile: next.json
    actuals: {wait: 2h}
sources: [stdin: {}]
""")
    )
    first, second = config.models
    assert second.windows == first.windows
    assert second.profile == Path("next.json")
    assert (first.actuals.wait, second.actuals.wait) == (3600.0, 7200.0)


def test_a_merge_of_several_mappings_takes_the_first_that_has_the_key(write):
    class Three(msgspec.Struct):
        a: str
        b: str
        c: str

    class All(msgspec.Struct):
        one: dict[str, str]
        two: dict[str, str]
        three: Three

    path = write("one: &one {a: '1', b: '1'}\ntwo: &two {b: '2', c: '2'}\nthree: {<<: [*one, *two], a: '3'}\n")
    value, found = read(path, All)
    assert found == []
    assert value.three == Three("3", "1", "2")


def test_a_merge_of_what_is_no_mapping_is_a_problem(problems):
    assert problems("models: [{<<: 3}]\nsources: [stdin: {}]") == [
        "exporter.yml:1: models[0]: '<<' merges a mapping or a list of mappings"
    ]


def test_the_same_model_and_version_twice_is_refused(problems, write):
    write(digits("3.0.1"), "other.json")
    assert problems("""\
models:
  - profile: digits.json
  - profile: other.json
  - profile: digits.json
sources: [stdin: {}]
""") == ["exporter.yml:4: models[2].profile: digits 3.0.0 is already models[0]"]


def test_a_file_that_is_no_profile_is_reported_at_the_line_that_names_it(problems, write):
    write(json.dumps({"format": "x"}), "x.json")
    (problem,) = problems("models:\n  - windows: [1h]\n    profile: x.json\nsources: [stdin: {}]")
    assert problem.startswith("exporter.yml:3: models[0].profile: x.json: its format is 'x'")


def test_two_sources_of_one_name_are_refused_because_their_series_would_be_one(problems):
    assert problems(MINIMAL + "  - stdin: {}\n") == [
        "exporter.yml:5: sources[1].stdin: 'stdin' is already the name of sources[0].stdin"
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[]", "sources: is empty"),
        ("", "sources: is empty"),
        ("file", "sources: must be a list, not 'file'"),
        ("[stdin]", "sources[0]: must be a mapping of keys and values, not 'stdin'"),
        ("[{stdin: {}, file: {}}]", "sources[0]: must be one key that names the source; known: file, stdin"),
        ("[{stdin: 3}]", "sources[0].stdin: must be a mapping of keys and values, not '3'"),
    ],
)
def test_sources_that_are_none(problems, text, expected):
    assert problems(f"models: [{{profile: digits.json}}]\nsources: {text}") == [f"exporter.yml:2: {expected}"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", "give exactly one of pid, pid_file, name and port"),
        ("{pid: 1, port: 2}", "give exactly one of pid, pid_file, name and port"),
    ],
)
def test_a_process_is_watched_in_exactly_one_way(problems, text, expected):
    text = MINIMAL.replace("digits.json\n", f"digits.json\n    process: {text}\n")
    assert problems(text) == [f"exporter.yml:3: models[0].process: {expected}"]


def test_windows_of_the_same_length_are_refused(problems):
    text = MINIMAL.replace("digits.json\n", "digits.json\n    windows: [1h, 20 rows, 60m]\n")
    assert problems(text) == ["exporter.yml:3: models[0].windows: '1h' and '60m' are the same window"]


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("250ms", 0.25),
        ("15s", 15),
        ("90m", 5400),
        ("24h", 86_400),
        ("7d", 604_800),
        ("2w", 1_209_600),
        ("1h30m", 5400),
        ("1m500ms", 60.5),
        ("1.5h", 5400),
        ("1w1d1h1m1s1ms", 694_861.001),
    ],
)
def test_durations_in_all_units(text, seconds):
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize(
    "text", ["", "1", "s", "1x", "-1s", "1h-1m", "30m1h", "1h1h", "1 h", "1.2.3s", ".s", "one hour", "1H", "\u0661s"]
)
def test_what_is_no_duration_is_refused(text):
    with pytest.raises(ValueError, match="is not a duration; write a number and a unit"):
        parse_duration(text)
    with pytest.raises(ValueError, match="is not a window; write a duration such as 1h"):
        parse_window(text)


@pytest.mark.parametrize("text", ["0s", "0h0m", "101w1000000d", "9" * 400 + "s"])
def test_a_duration_has_bounds(text):
    with pytest.raises(ValueError, match="is out of range"):
        parse_duration(text)


@pytest.mark.parametrize("text", ["0 rows", "-5 rows", "1.5 rows", "rows", "1e3 rows", "100ms"])
def test_what_is_no_window_is_refused(text):
    with pytest.raises(ValueError, match="is not a window"):
        parse_window(text)


@pytest.mark.parametrize("text", ["3000 rows", "3_000 rows", "3000rows", "3000 row"])
def test_rows_in_all_spellings_are_one_window_with_one_label(text):
    window = parse_window(text)
    assert (window.label, window.seconds, window.rows) == ("3000 rows", None, 3000)


@given(st.text(max_size=20))
def test_any_text_is_a_duration_or_a_value_error(text):
    try:
        assert parse_duration(text) > 0
    except ValueError as error:
        assert len(str(error)) < 300  # noqa: PT017 - either outcome is right


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Leaf(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    size: int = 1


class Kinds(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One field of every kind that the walker knows."""

    text: str = ""
    whole: int = 0
    real: float = 0.0
    flag: bool = False
    choice: Literal["one", "two"] = "one"
    colour: Colour = Colour.RED
    any: Any = None
    maybe: int | None = 5
    mixed: float | str | bool | None = None
    either: list[int] | int | Leaf = 0
    table: Mapping[str, list[float]] = msgspec.field(default_factory=dict)
    pair: tuple[int, str] = (0, "")
    many: tuple[int, ...] = ()
    leaf: Leaf = Leaf()
    path: Path = Path()
    renamed_field: int = msgspec.field(default=0, name="renamed-field")
    bounded: Annotated[float, msgspec.Meta(gt=0, lt=1)] = 0.5


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("text: abc", "abc"),
        ("text: '3.0'", "3.0"),
        ("whole: 50_000", 50_000),
        ("whole: -3", -3),
        ("real: 1e-3", 0.001),
        ("real: 7", 7.0),
        ("real: -.inf", float("-inf")),
        ("real: .5", 0.5),
        ("flag: yes", True),
        ("flag: false", False),
        ("choice: two", "two"),
        ("colour: blue", Colour.BLUE),
        ("any: {a: [1, 2.5, x, null, true]}", {"a": [1, 2.5, "x", None, True]}),
        ("maybe: null", None),
        ("maybe:", None),
        ("maybe: 3", 3),
        ("mixed: 3", 3.0),
        ("mixed: x", "x"),
        ("mixed: true", True),
        ("mixed: '3'", "3"),
        ("either: [1]", [1]),
        ("either: 2", 2),
        ("either: {size: 3}", Leaf(3)),
        ("table: {a: [1, 2]}", {"a": [1.0, 2.0]}),
        ("pair: [1, a]", (1, "a")),
        ("many: [1, 2, 3]", (1, 2, 3)),
        ("leaf:", Leaf()),
        ("path: a/b", Path("a/b")),
        ("renamed-field: 3", 3),
        ("bounded: 0.3", 0.3),
    ],
)
def test_values_of_every_kind_are_read(write, text, expected):
    value, found = read(write(text), Kinds)
    assert found == []
    read_value = getattr(value, text.partition(":")[0].replace("-", "_"))
    assert read_value == expected
    assert type(read_value) is type(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("text: 3.0", 'YAML reads 3.0 as a number; put it in quotes: "3.0"'),
        ("text: no", 'YAML reads no as yes or no; put it in quotes: "no"'),
        ("text: 2026-11-20", 'YAML reads 2026-11-20 as a date; put it in quotes: "2026-11-20"'),
        ("text: [a]", "must be a single value, not a list"),
        ("whole: 1.5", "'1.5' is not a whole number"),
        ("whole: '15'", "'15' is not a whole number"),
        ("whole: 010", "'010' is not a whole number"),
        ("whole: 1:30", "'1:30' is not a whole number"),
        ("whole: {a: b}", "must be a single value, not a mapping"),
        (f"whole: {'9' * 70}", f"'{'9' * 57}...' is not a whole number"),
        ("real: x", "'x' is not a number"),
        ("real: .nan", "'.nan' is not a number"),
        ("flag: maybe", "'maybe' is neither true nor false"),
        ("flag: 'true'", "'true' is neither true nor false"),
        ("choice: three", "'three' is unknown; known: one, two"),
        ("colour: green", "'green' is unknown; known: red, blue"),
        ("maybe: x", "'x' is not a whole number"),
        ("pair: [1]", "must be a list of 2 values, not 1"),
        ("many: 1", "must be a list, not '1'"),
        ("leaf: 1", "must be a mapping of keys and values, not '1'"),
        ("bounded: 0", "0.0 is out of range; it must be greater than 0"),
        ("bounded: 1", "1.0 is out of range; it must be less than 1"),
        ("table: {a: [x]}", "'x' is not a number"),
        ("renamed_field: 3", "unknown key; did you mean 'renamed-field'?"),
        ("leaf: {[1]: 2}", "a key must be text, not a list"),
    ],
)
def test_values_of_the_wrong_kind_are_refused(write, text, message):
    value, found = read(write(text), Kinds)
    assert value is None
    assert [problem.message for problem in found] == [message]


def test_a_new_option_is_one_field(write):
    class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
        novel: list[Leaf]

    value, found = read(write("novel: [{size: 3}, {}]"), Options)
    assert found == []
    assert value == Options([Leaf(3), Leaf()])


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("import kafka", "ModuleNotFoundError: No module named 'kafka'"),
        ("KafkaConfig = len", "it is no msgspec Struct"),
        ("KafkaConfig = 3", "it is no msgspec Struct"),
        (
            "import msgspec\nclass KafkaConfig(msgspec.Struct):\n    name: str = ''",
            "it lacks decoder, open",
        ),
    ],
)
def test_a_source_of_another_package_that_cannot_be_used_is_named_with_the_reason(problems, package, code, reason):
    package("kafka_source", "sources", "kafka = kafka_source:KafkaConfig", code)
    assert problems("models: [{profile: digits.json}]\nsources: [kafka: {}]") == [
        f"exporter.yml:2: sources[0]: no source is called 'kafka'; plug-in 'kafka' (kafka_source:KafkaConfig): {reason}"
    ]


def test_what_is_wrong_with_a_plug_in_is_said_only_where_it_is_used(write, package):
    package("kafka_source", "sources", "kafka = kafka_source:KafkaConfig", "raise RuntimeError('no licence')")
    package("slow_decoder", "decoders", "slow = slow_decoder:Decoder", "raise RuntimeError('no licence')")
    assert [source.name for source in load(write(MINIMAL)).sources] == ["stdin"]
    assert not {"kafka_source", "slow_decoder"} & set(sys.modules)


def test_a_decoder_of_another_package_that_cannot_be_used_is_named_with_the_reason(problems, package):
    package("slow_decoder", "decoders", "slow = slow_decoder:Decoder", "raise RuntimeError('no licence')")
    assert problems("models: [{profile: digits.json}]\nsources: [stdin: {decoder: slow}]") == [
        (
            "exporter.yml:2: sources[0].stdin.decoder: no decoder is called 'slow'; "
            "plug-in 'slow' (slow_decoder:Decoder): RuntimeError: no licence"
        )
    ]


SPEC = """\
name: digits
version: "3.0.0"
components:
  - {name: sharpness, element: input.sharpness, dtype: float, domain: [0, null], thresholds: {psi: 0.3}}
  - {name: label, element: output.label, dtype: category, domain: [1, 2, x]}
  - {name: label, element: actual.label, dtype: category}
  - name: correct
    role: eval
    extractor: {correct: {output: label, actual: label}}
scores:
  - {name: accuracy, input: correct, preference: high, threshold: 0.9}
"""


def test_a_profile_spec_is_read(write):
    spec = load_spec(write(SPEC, "profile.yml"))
    assert (spec.name, spec.version) == ("digits", "3.0.0")
    assert spec.components[0].domain == [0.0, None]
    assert spec.components[3].extractor == {"correct": {"output": "label", "actual": "label"}}
    assert spec.scores[0].threshold == 0.9


def test_a_profile_spec_has_all_of_its_problems_reported_with_their_lines(write):
    text = SPEC.replace("output: label, a", "output: lable, a").replace("psi", "psy")
    text = text.replace("input.sharpness", "sharpness")
    with pytest.raises(ConfigError) as caught:
        load_spec(write(text, "profile.yml"))
    places = [(problem.line, problem.key) for problem in caught.value.problems]
    assert places == [
        (4, "components[0].role"),
        (4, "components[0].thresholds.psy"),
        (9, "components[3].extractor.correct.output"),
    ]


def test_a_profile_spec_of_the_wrong_types_is_refused_like_any_configuration(write):
    text = SPEC.replace('"3.0.0"', "3.0").replace("dtype: float", "dtype: number")
    with pytest.raises(ConfigError) as caught:
        load_spec(write(text, "profile.yml"))
    assert [str(problem) for problem in caught.value.problems] == [
        'profile.yml:2: version: YAML reads 3.0 as a number; put it in quotes: "3.0"',
        "profile.yml:4: components[0].dtype: 'number' is unknown; known: float, int, bool, category",
    ]


@given(st.binary(max_size=200))
def test_any_bytes_are_a_value_or_problems(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("any") / "any.yml"
    path.write_bytes(data)
    value, found = read(str(path), Kinds)
    assert (value is None) == bool(found)


def test_the_page_lists_every_key_and_flag_as_the_code_has_them():
    page = configuration_page.PAGE.read_text(encoding="utf-8")
    assert configuration_page.page() == page, "make docs"
    assert "| `evaluation_interval` | duration" in page
    assert "| `wait` | duration, such as `15s` or `7d` | `7d` |" in page
