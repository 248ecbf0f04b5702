"""Which components have left their reference: the list against one that is made by trying every length."""

import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exporter.alarm import Bank, Watched
from exporter.alarm.discovery import discovered
from exporter.summaries import Grid, Measure

law = settings(derandomize=True, deadline=None, max_examples=60)
RANDOM = np.random.default_rng(8)
STEPS = 1000.0


def banked(weights):
    measure = Measure(Grid.of(RANDOM.normal(size=5000)))
    reference = measure.of(RANDOM.normal(size=5000))
    return Bank.of([Watched(reference, weight=weight) for weight in weights], 0.01, STEPS), measure


def showing(bank, evidence, firing=()):
    """The state in which each component has this evidence M in its shape and none in its missing values."""
    shapes, shares = bank.start()
    level = np.array([math.log(m) if m else -math.inf for m in evidence])
    on = np.isin(np.arange(len(evidence)), firing)
    return replace(shapes, log_m=level, firing=on), shares


def slow(evidence, weights):
    """Every length of the list is tried, the longest first."""
    parts = [0.8 * weight / sum(weights) * m / STEPS for weight, m in zip(weights, evidence, strict=True)]
    ranked = sorted(range(len(parts)), key=lambda place: -parts[place])
    for length in range(len(parts), 0, -1):
        if parts[ranked[length - 1]] >= 1 / length:
            return {*ranked[:length]}
    return set()


@law
@given(st.lists(st.tuples(st.floats(0, 1e5), st.sampled_from([1.0, 3.0, 5.0])), min_size=1, max_size=12))
def test_the_list_is_the_longest_of_which_every_member_has_its_share_of_the_evidence(some):
    evidence, weights = zip(*some, strict=True)
    bank, _ = banked(weights)
    found = discovered(bank, showing(bank, evidence))
    assert {place for place, one in enumerate(found) if one} == slow(evidence, weights)


def test_several_together_need_less_evidence_each_than_one_alone():
    bank, _ = banked([1.0] * 4)
    line = STEPS * 4 / 0.8
    assert discovered(bank, showing(bank, [line, 0, 0, 0])) == [True, False, False, False]
    assert discovered(bank, showing(bank, [line * 0.99, 0, 0, 0])) == [False] * 4
    assert discovered(bank, showing(bank, [line * 0.34, line * 0.34, line * 0.34, 0])) == [True, True, True, False]


def test_a_component_is_listed_while_its_alarm_lasts_and_lets_others_in():
    bank, _ = banked([1.0] * 3)
    line = STEPS * 3 / 0.8
    assert discovered(bank, showing(bank, [0, line * 0.6, 0])) == [False] * 3
    assert discovered(bank, showing(bank, [0, line * 0.6, 0], firing=[0])) == [True, True, False]


def test_the_streams_of_one_component_count_together():
    bank, _ = banked([1.0, 1.0])
    shapes, shares = showing(bank, [STEPS * 2 / 0.8 * 0.6, 0])
    assert discovered(bank, (shapes, shares)) == [False, False]
    together = replace(shares, log_m=np.log([STEPS * 2 / 0.2 * 0.6, 1.0]))
    assert discovered(bank, (shapes, together)) == [True, False]


def test_before_the_first_row_nothing_is_discovered():
    bank, _ = banked([1.0, 2.0])
    assert discovered(bank, bank.start()) == [False, False]


def test_evidence_that_is_far_beyond_the_line_is_no_obstacle():
    bank, _ = banked([1.0])
    shapes, shares = bank.start()
    assert discovered(bank, (replace(shapes, log_m=np.array([300.0])), shares)) == [True]


@pytest.mark.parametrize("mean", [0.0, 0.25])
def test_those_that_have_moved_are_listed_and_those_that_have_not_are_not(mean):
    bank, measure = banked([1.0] * 8)
    evidence, totals, listed = bank.start(), [measure.empty()] * 8, []
    for step in range(12):
        columns = [RANDOM.normal(mean if place < 5 else 0.0, 1, 500) for place in range(8)]
        totals = [total + measure.of(column) for total, column in zip(totals, columns, strict=True)]
        evidence = bank.step(evidence, totals, float(step))
        listed.append(discovered(bank, evidence))
        alarms = [verdict.firing for verdict in bank.verdicts(evidence)]
        assert all(one or not alarm for one, alarm in zip(listed[-1], alarms, strict=True))
    assert listed[-1] == ([True] * 5 if mean else [False] * 5) + [False] * 3
