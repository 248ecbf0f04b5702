"""The drift alarm on the car loans of NannyML's wheel: nothing where nothing changes, and what changes when it does."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "calibration"))

import realdata

CHANGED = {"car_value", "salary_range", "loan_length", "repaid_loan_on_prev_car", "y_pred_proba"}


@pytest.fixture(scope="module")
def loans():
    return realdata.car_loan()


@pytest.mark.slow
@pytest.mark.parametrize("shuffled", [False, True])
def test_the_second_half_of_a_reference_is_no_drift_from_the_first(loans, shuffled):
    reference = loans.reference.sample(frac=1, random_state=3) if shuffled else loans.reference
    found = realdata.alarms(reference[:25_000], reference[25_000:], 1_000)
    assert len(found) == 9
    assert not np.any(list(found.values()))


@pytest.mark.slow
def test_what_changes_is_found_at_once_and_nothing_else(loans):
    """From row 25,000 on five columns are others: chunk 26 of 50."""
    found = realdata.alarms(loans.reference, loans.later, 1_000)
    assert {name for name, flags in found.items() if any(flags)} == CHANGED
    for name in CHANGED:
        assert not any(found[name][:25])
        assert all(found[name][26:])
