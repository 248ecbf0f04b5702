"""The page of the scores, and how often their intervals hold the truth."""

import importlib.util
import re
from pathlib import Path

import pytest

from exporter.scores import BUILTIN

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs" / "scores.md").read_text(encoding="utf-8")
SPEC = importlib.util.spec_from_file_location("calibration_of_scores", ROOT / "tests" / "calibration" / "scores.py")
simulation = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(simulation)
SHOWN = {row[0]: row[1:] for row in re.findall(r"(?m)^\| `(\w+)` \| ([\d.]+)% \| ([\d.]+)% \| ([\d.]+)% \|$", PAGE)}


def test_the_page_is_what_the_script_writes():
    rows = [line for line in PAGE.splitlines() if re.match(r"\| `\w+` \| [\d.]+%", line)]
    header = PAGE.splitlines()[PAGE.splitlines().index(rows[0]) - 2 :][:2]
    assert simulation.page([*header, *rows]) == PAGE


@pytest.mark.parametrize("name", BUILTIN)
def test_the_interval_of_every_score_holds_the_truth_in_93_to_97_of_100_windows(name):
    assert all(93 <= float(share) <= 97 for share in SHOWN[name])


@pytest.mark.parametrize("name", BUILTIN)
def test_a_smaller_simulation_agrees_with_the_page(name):
    assert simulation.coverage(name, 100, windows=300, seed=1) == pytest.approx(float(SHOWN[name][0]) / 100, abs=0.045)
