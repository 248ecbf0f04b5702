"""Estimates and scores against NannyML's own, on the data sets of its wheel."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent / "calibration"))

import nannyml_beside
import nannyml_estimates


@pytest.mark.slow
@pytest.mark.parametrize("kind", nannyml_beside.LIMITS)
@pytest.mark.parametrize("name", nannyml_estimates.SETS)
def test_estimates_and_scores_of_every_chunk_are_nannymls(name, kind):
    """The fixture is what NannyML 0.13.1 said, see `tests/calibration/nannyml_estimates.py`."""
    found = nannyml_beside.differences(name, kind)
    assert len(found) >= 10
    assert max(found.values()) <= nannyml_beside.LIMITS[kind], found
