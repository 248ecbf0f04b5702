"""Eight processes write one rotating log while four of them are killed."""

import crash
import pytest

RECORDS = 20_000


@pytest.mark.slow
def test_killed_processes_lose_what_they_had_not_flushed_and_the_others_nothing():
    outcome = crash.crash(RECORDS, durable=False)
    assert (outcome.torn, outcome.repeated, outcome.lost_by_survivors, outcome.gaps) == (0, 0, 0, 0)
    assert outcome.lost_older == 0
    assert outcome.files > 10


@pytest.mark.slow
def test_killed_processes_lose_nothing_where_the_log_is_durable():
    outcome = crash.crash(RECORDS, durable=True)
    assert (outcome.torn, outcome.repeated, outcome.lost_by_survivors, outcome.gaps) == (0, 0, 0, 0)
    assert outcome.lost_by_killed == 0
    assert outcome.files > 10
