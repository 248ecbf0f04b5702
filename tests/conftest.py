"""Options of the tests, and what many of them use."""

import logging

import packages
import pytest
from hypothesis import settings

settings.register_profile("project", deadline=None, derandomize=True)
settings.load_profile("project")


def pytest_addoption(parser):
    parser.addoption("--update-golden", action="store_true", help="rewrite the golden files with what is rendered now")


@pytest.fixture(autouse=True)
def _logging():
    """Leave the log as it was: commands send it to the standard error of the moment."""
    root = logging.getLogger()
    handlers, level = root.handlers[:], root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.captureWarnings(capture=False)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """Install packages of other people, for one test: `package(name, group, entry points, code)`."""
    directory = tmp_path / "site-packages"
    directory.mkdir()
    monkeypatch.syspath_prepend(directory)
    yield lambda *arguments: packages.install(directory, *arguments)
    packages.forget(directory)
