"""The goals of the alarm, on a small part of what `make calibration` measures."""

import sys
from pathlib import Path

import numpy as np
import pytest

sys.path.insert(0, str(Path(__file__).parent / "calibration"))

import drift
import statistic_table

GRID = [
    (name, n)
    for name in ("mean by 0.25 sd", "mean by 0.5 sd", "sd by 1.2", "category by 10 points")
    for n in drift.CAPS
]


@pytest.mark.slow
def test_nothing_is_found_where_nothing_has_changed():
    """Of 600 windows of 20 columns; at the stated rate there would be 0.06 alarms."""
    rng, alarms = np.random.default_rng(3), 0
    for _ in range(4):
        watch = drift.Watch(rng, drift.COLUMNS, 10_000)
        for _ in range(150):
            drawn = [drift.capped(column, column.draw(rng, 500)) for column in drift.COLUMNS]
            alarms += int(watch.step(drawn).any())
    assert alarms == 0


@pytest.mark.slow
@pytest.mark.parametrize(("name", "n"), GRID)
def test_a_change_is_found_in_time_and_its_alarm_ends_in_time(name, n):
    column, changed, goals = drift.CHANGES[name]
    found, ended = drift._delay(np.random.default_rng(n), column, changed, n)
    assert None not in found
    assert np.mean(found) <= 1.2 * goals[list(drift.CAPS).index(n)] + 0.5
    assert np.median(ended) <= 3


def test_the_page_of_the_statistics_is_what_their_table_says():
    """`make docs` writes it."""
    assert statistic_table.PAGE.read_text(encoding="utf-8") == statistic_table.page()
