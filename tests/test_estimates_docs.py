"""The page of the estimates, and how often their intervals hold what the actuals will give."""

import re
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "calibration"))

import estimates
import nannyml_beside

PAGE = (Path(__file__).parents[1] / "docs" / "estimates.md").read_text(encoding="utf-8")
TABLES = re.findall(r"(?m)(?:^\|.*\n)+", PAGE)
SHOWN = {row[0]: row[1:] for row in re.findall(r"(?m)^\| `(\w+)` \| ([\d.]+)% \| ([\d.]+)% \| ([\d.]+)% \|$", PAGE)}


def test_the_page_is_what_the_script_writes():
    assert estimates.page(*(table.splitlines() for table in TABLES)) == PAGE


@pytest.mark.parametrize("name", [*estimates.CELLS, *estimates.SEVERAL, *estimates.LOSSES, "roc_auc"])
def test_the_interval_of_every_estimate_holds_the_realized_score_in_93_to_97_of_100_windows(name):
    assert all(93 <= float(share) <= 97 for share in SHOWN[name])


@pytest.mark.slow
def test_a_smaller_simulation_agrees_with_the_page():
    for name, share in estimates.coverage(100, windows=200, references=1, seed=1).items():
        assert share == pytest.approx(float(SHOWN[name][0]) / 100, abs=0.06), name


@pytest.mark.slow
def test_the_differences_to_nannyml_are_those_on_the_page():
    assert "\n".join(nannyml_beside.table()) + "\n" == TABLES[1]
