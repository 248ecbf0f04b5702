"""Plug-ins: the built-in table, entry points of installed packages, clashes and failures."""

from collections.abc import Mapping

import pytest

from exporter.registry import discover

GROUP = "prediction_exporter.tests"
BUILTIN: Mapping[str, object] = {"native": dict}


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Install a package that declares entry points, as pip would."""

    def install(name: str, entries: str, code: str = "") -> None:
        (tmp_path / f"{name}.py").write_text(code)
        metadata = tmp_path / f"{name}-1.0.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[{GROUP}]\n{entries}\n")

    monkeypatch.syspath_prepend(tmp_path)
    return install


def test_without_entry_points_the_table_is_the_built_in_one():
    found = discover(GROUP, BUILTIN)
    assert found.table == BUILTIN
    assert found.failures == []


def test_a_plug_in_of_another_package_joins_by_its_entry_point(package):
    package("joining_plugin", "upper = joining_plugin:upper", "upper = str.upper")
    found = discover(GROUP, BUILTIN)
    assert found.table == {"native": dict, "upper": str.upper}
    assert found.failures == []


def test_a_built_in_plug_in_is_never_replaced(package):
    package("greedy_plugin", "native = greedy_plugin:native", "native = list")
    found = discover(GROUP, BUILTIN)
    assert found.table["native"] is dict
    assert [str(failure) for failure in found.failures] == [
        "plug-in 'native' (greedy_plugin:native): the name is taken by a built-in plug-in"
    ]


def test_of_two_packages_with_one_name_neither_is_used(package):
    package("first_plugin", "same = first_plugin:same", "same = 1")
    package("second_plugin", "same = second_plugin:same", "same = 2")
    found = discover(GROUP, BUILTIN)
    assert "same" not in found.table
    assert [failure.target for failure in found.failures] == ["first_plugin:same", "second_plugin:same"]


def test_a_plug_in_that_cannot_be_loaded_is_named_and_costs_only_itself(package):
    package("broken_plugin", "broken = broken_plugin:it", "raise RuntimeError('no licence')")
    package("absent_plugin", "absent = absent_plugin:nothing")
    package("working_plugin", "works = working_plugin:works", "works = 3")
    found = discover(GROUP, BUILTIN)
    assert found.table == {"native": dict, "works": 3}
    assert [failure.name for failure in found.failures] == ["absent", "broken"]
    assert found.failures[1].message == "RuntimeError: no licence"


def test_the_built_in_table_is_not_changed(package):
    package("quiet_plugin", "more = quiet_plugin:more", "more = 1")
    discover(GROUP, BUILTIN)
    assert dict(BUILTIN) == {"native": dict}
