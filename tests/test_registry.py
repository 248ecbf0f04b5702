"""Plug-ins: the built-in table, entry points of installed packages, clashes and failures."""

import subprocess
import sys
from collections.abc import Mapping

import msgspec
import packages
import pytest

from exporter.registry import Plugins, instance_of, struct_with

BUILTIN: Mapping[str, object] = {"native": dict}


@pytest.fixture
def plugins():
    return Plugins("prediction_exporter.tests", BUILTIN, lambda plug_in: "it is three" if plug_in == 3 else None)


@pytest.fixture
def install(package):
    return lambda name, entries, code="": package(name, "tests", entries, code)


def test_without_entry_points_there_is_what_is_built_in(plugins):
    assert plugins.names() == ["native"]
    assert plugins["native"] is dict
    assert "native" in plugins
    assert "upper" not in plugins
    assert plugins.failures() == []
    assert plugins.failure("upper") is None
    with pytest.raises(KeyError):
        plugins["upper"]


def test_a_plug_in_of_another_package_joins_by_its_entry_point(plugins, install):
    install("joining_plugin", "upper = joining_plugin:upper", "upper = str.upper")
    assert plugins.names() == ["native", "upper"]
    assert plugins["upper"] is str.upper
    assert "upper" in plugins
    assert list(plugins.others()) == [("upper", str.upper)]
    assert plugins.failures() == []


def test_an_entry_point_of_another_group_is_none_of_this_one(plugins, package):
    package("strange_plugin", "others", "upper = strange_plugin:upper", "upper = str.upper")
    assert "upper" not in plugins


def test_a_built_in_plug_in_is_never_replaced(plugins, install):
    install("greedy_plugin", "native = greedy_plugin:native", "native = list")
    assert plugins["native"] is dict
    assert plugins.names() == ["native"]
    assert list(plugins.others()) == []
    assert [str(failure) for failure in plugins.failures()] == [
        "plug-in 'native' (greedy_plugin:native): the name is taken by a built-in plug-in"
    ]
    assert "greedy_plugin" not in sys.modules


def test_of_two_packages_with_one_name_neither_is_used(plugins, install):
    install("first_plugin", "same = first_plugin:same", "same = 1")
    install("second_plugin", "same = second_plugin:same", "same = 2")
    assert "same" not in plugins
    assert [str(failure) for failure in plugins.failures()] == [
        "plug-in 'same' (first_plugin:same and second_plugin:same): several installed packages give it"
    ]
    assert plugins.failure("same") == plugins.failures()[0]
    assert not {"first_plugin", "second_plugin"} & set(sys.modules)


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("raise RuntimeError('no licence')", "RuntimeError: no licence"),
        ("import not_installed", "ModuleNotFoundError: No module named 'not_installed'"),
        ("def it(:", "SyntaxError: invalid syntax (broken_plugin.py, line 1)"),
        ("raise SystemExit(3)", "SystemExit: 3"),
        ("", "AttributeError: module 'broken_plugin' has no attribute 'it'"),
        ("it = 3", "it is three"),
    ],
)
def test_a_plug_in_that_cannot_be_used_is_named_and_costs_only_itself(plugins, install, code, message):
    install("broken_plugin", "broken = broken_plugin:it", code)
    install("working_plugin", "works = working_plugin:works", "works = 4")
    assert plugins["works"] == 4
    assert "broken" not in plugins
    assert str(plugins.failure("broken")) == f"plug-in 'broken' (broken_plugin:it): {message}"
    assert plugins.failures() == [plugins.failure("broken")]
    assert list(plugins.others()) == [("works", 4)]


@pytest.mark.parametrize("text", [b"[prediction_exporter.tests]\ngarbage\n", b"\xff\xfe[", b"x\n[a]\nb\n"])
def test_a_package_whose_metadata_are_damaged_is_named_and_hides_no_other(plugins, install, tmp_path, text):
    install("damaged_plugin", "lost = damaged_plugin:it", "it = 1")
    install("working_plugin", "works = working_plugin:works", "works = 4")
    (tmp_path / "site-packages" / "damaged_plugin-1.0.dist-info" / "entry_points.txt").write_bytes(text)
    assert plugins["works"] == 4
    assert "lost" not in plugins
    (failure,) = plugins.failures()
    assert str(failure).startswith("plug-in 'damaged_plugin' (entry_points.txt): ")


def test_of_two_copies_of_a_package_the_first_on_the_path_counts(plugins, install, tmp_path, monkeypatch):
    install("copied_plugin", "copied = copied_plugin:it", "it = 1")
    (tmp_path / "behind").mkdir()
    packages.install(tmp_path / "behind", "copied_plugin", "tests", "copied = copied_plugin:other", "other = 2")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "behind")])
    assert plugins["copied"] == 1
    assert plugins.failures() == []


def test_only_the_plug_in_that_is_asked_for_is_imported(plugins, install):
    install("asked_plugin", "asked = asked_plugin:it", "it = 1")
    install("other_plugin", "other = other_plugin:it", "it = 2")
    assert plugins["asked"] == 1
    assert plugins.names() == ["native", "asked", "other"]
    assert plugins.failures() == []
    assert "asked_plugin" in sys.modules
    assert "other_plugin" not in sys.modules


def test_a_plug_in_is_imported_once(plugins, install):
    install("counting_plugin", "it = counting_plugin:it", "it = []")
    plugins["it"].append(1)
    assert plugins["it"] == [1]


def test_a_plug_in_is_known_by_its_name(plugins, install):
    install("named_plugin", "upper = named_plugin:upper", "upper = str.upper")
    assert plugins.name_of(str.upper) == "upper"
    assert plugins.name_of(dict) == "native"
    assert plugins.name_of(list) is None


@pytest.mark.parametrize(
    "name", ["os:system", "os", "json.decoder:JSONDecoder", "", "../x", "native:dict", "\0", "a" * 9999]
)
def test_a_name_is_never_taken_for_something_to_import(plugins, name):
    before = set(sys.modules)
    assert name not in plugins
    assert plugins.failure(name) is None
    assert set(sys.modules) == before


class Complete(msgspec.Struct):
    size: int

    def open(self):
        return self.size


def test_a_plug_in_is_refused_for_what_it_is_not_or_lacks():
    check = struct_with("size", "open")
    assert check(Complete) is None
    assert check(Complete(3)) == check(dict) == check(len) == "it is no msgspec Struct"
    assert struct_with("size", "close", "open", "name")(Complete) == "it lacks close, name"
    assert instance_of(Complete)(Complete(3)) is None
    assert instance_of(Complete)(Complete) == "it is no Complete"


def test_a_start_with_what_is_built_in_looks_at_no_other_package():
    code = """
import sys
from exporter.cli import run
from exporter import decoders, drift, extractors, scores, sources
used = (decoders, "native"), (drift, "psi"), (extractors, "sharpness"), (scores, "mean"), (sources, "file")
for module, name in used:
    assert name in module.PLUGINS
    assert module.PLUGINS[name] is not None
print([name for name in ("importlib.metadata", "PIL", "exporter.api.model") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
