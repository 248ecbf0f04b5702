"""The engine on random logs, against the same counted in plain Python, record by record."""

import math
from collections import Counter
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shop
from hypothesis import given
from hypothesis import strategies as st

from exporter.batch import Kind
from exporter.engine import Engine
from exporter.exposition.families import ModelLines
from exporter.joins import Tallies
from exporter.plan import LATENCY_EDGES, plan
from exporter.windows import WindowSpec

LATER = object()
PLAN = shop.planned()


# -- the same in plain Python


def text(value):
    return str(value).lower() if isinstance(value, bool) else value


def invalid(value, component):
    """The reason why a logged value is invalid; None where it is valid."""
    if value is None:
        return "missing"
    spec, measure = component.spec, component.measure
    if not spec.numeric:
        return "type" if isinstance(value, list) else None if text(value) in measure.levels else "unseen"
    if isinstance(value, str | list | bool):
        return "type"
    return "below" if value < measure.domain.low else "above" if value > measure.domain.high else None


class Tally:
    """One component counted value by value."""

    def __init__(self, component):
        self.component = component
        self.rows, self.reasons, self.values = 0, Counter(), []

    def see(self, value):
        reason = invalid(value, self.component)
        self.rows += 1
        self.reasons[reason] += 1
        if reason not in ("missing", "type", "extractor"):
            self.values.append(value)

    def matches(self, summary):
        assert summary.presence.rows == self.rows
        assert summary.presence.reasons() == {name: self.reasons[name] for name in summary.presence.reasons()}
        assert summary.n == len(self.values)
        if summary.categories is not None:
            levels = summary.categories.levels
            found = Counter(text(value) if text(value) in levels else None for value in self.values)
            assert summary.categories.counts.tolist() == [*(found[level] for level in levels), found[None]]
        else:
            edges = self.component.measure.grid.outer_edges.tolist()
            cumulative = [sum(value <= edge for value in self.values) for edge in edges]
            assert summary.histogram.outer_cumulative().tolist() == [*cumulative, len(self.values)]
            finite = [value for value in self.values if math.isfinite(value)]
            assert summary.moments.total == pytest.approx(math.fsum(finite))
            assert summary.moments.n == len(finite)


def error_of(out, act):
    """The absolute error of two logged numbers; where one has no value, the first such, with its fault."""
    for value in (out, act):
        if invalid(value, PLAN.evals[0].component) in ("missing", "type"):
            return value
    return None if out == act == math.inf else abs(out - act)


def evals_of(output, actual):
    """The eval components of a joined record; None where output or actual has no value."""
    evals = {"error": error_of(output.get("price"), actual.get("price")), "right": None, "cell": None}
    claimed, real = (None if isinstance(part.get("sold"), list) else part.get("sold") for part in (output, actual))
    if claimed is None or real is None:
        return evals
    evals["cell"] = ("TP" if real == "yes" else "FP") if claimed == "yes" else "FN" if real == "yes" else "TN"
    if claimed in ("yes", "no") or real in ("yes", "no"):
        evals["right"] = str(claimed == real).lower()
    return evals


def parts_of(actual):
    """The components of an actual; those that it leaves out although it has others are still to come."""
    given = {name: actual.get(name) for name in ("price", "sold")}
    partly = any(value is not None for value in given.values())
    return {name: LATER if value is None and partly else value for name, value in given.items()}


class Plain:
    """Everything the engine should know after a log, by one pass over its records that looks at each of them alone."""

    def __init__(self, log):
        self.count = self.failures = self.actuals = self.duplicate = self.unmatched = self.rejects = 0
        self.latency, self.delays, self.rows = [], 0, 0
        self.predictions = [Tally(component) for component in PLAN.prediction_components]
        self.outcomes = [Tally(component) for component in PLAN.outcome_components]
        self.waiting, self.early, self.joined, self.failed = {}, {}, {}, set()
        for row in log:
            self.see(row)

    def see(self, row):
        key = None if row.get("id") is None else str(row["id"])
        predicted = "output" in row or "input" in row or "error" in row
        repeated = key is not None and (
            key in self.failed if "error" in row else key in self.waiting or key in self.joined
        )
        if predicted and repeated:
            if "actual" not in row:
                self.rejects += 1
                return
            predicted = False
        if predicted:
            self.predict(row)
        if predicted and "error" not in row:
            self.join(key, row)
        else:
            if predicted and key is not None:
                self.failed.add(key)
            if "actual" in row:
                self.label(key, row)

    def predict(self, row):
        self.count += 1
        self.failures += "error" in row
        if row.get("latency_seconds") is not None:
            self.latency.append(row["latency_seconds"])
        if "error" in row:
            return
        for tally in self.predictions:
            role, name = tally.component.field.element.split(".")
            tally.see(row.get(role, {}).get(name))

    def join(self, key, row):
        output = row.get("output", {})
        if "actual" in row:
            self.actuals += 1
            early = self.early.pop(key, None)
            self.duplicate += early is not None
            given = {name: value for name, value in parts_of(row["actual"]).items() if value is not LATER}
            actual = (early or dict.fromkeys(("price", "sold"), LATER)) | given
        elif key in self.early:
            actual = self.early.pop(key)
            self.delays += 1
        elif key is not None:
            self.waiting[key] = output
            return
        else:
            return
        self.outcome(output, actual)
        if key is not None:
            self.joined[key] = output, actual

    def label(self, key, row):
        self.actuals += 1
        if key is None:
            self.unmatched += 1
        elif key in self.joined or key in self.early:
            self.complete(key, row["actual"])
        elif key in self.waiting:
            self.joined[key] = output, actual = self.waiting.pop(key), parts_of(row["actual"])
            self.outcome(output, actual)
            self.delays += 1
        else:
            self.early[key] = parts_of(row["actual"])

    def complete(self, key, actual):
        """Take what was still to come of an actual; where nothing was, it is a duplicate."""
        output, known = self.joined[key] if key in self.joined else (None, self.early[key])
        new = {n: v for n, v in parts_of(actual).items() if known[n] is LATER and v is not LATER}
        self.duplicate += not new
        known |= new
        if key in self.joined and new:
            self.outcome(output, {name: known[name] if name in new else LATER for name in known})

    def outcome(self, output, actual):
        evals = evals_of(output, {name: None if value is LATER else value for name, value in actual.items()})
        for tally in self.outcomes:
            name, role = tally.component.name, tally.component.role
            if actual["price" if name in ("price", "error") else "sold"] is not LATER:
                tally.see(actual[name] if role == "actual" else evals[name])

    def matches(self, state):
        assert (state.count, state.failures) == (self.count, self.failures)
        edges = state.latency.histogram.grid.outer_edges.tolist()
        cumulative = [sum(value <= edge for value in self.latency) for edge in edges]
        assert state.latency.histogram.outer_cumulative().tolist() == [*cumulative, len(self.latency)]
        assert state.latency.moments.total == pytest.approx(math.fsum(self.latency))
        assert state.tallies == Tallies(self.actuals, self.unmatched, self.duplicate, 0)
        assert state.pending == len(self.waiting)
        assert state.delay.n == self.delays
        for stream, tallies in ((state.predictions, self.predictions), (state.outcomes, self.outcomes)):
            for summary, tally in zip(stream.total, tallies, strict=True):
                tally.matches(summary)


# -- random logs

numbers = st.one_of(
    st.floats(-30, 60), st.sampled_from([None, "x", [1], True, -5.0, 5.0, 0, 10**400, -0.0]), st.integers(-9, 9)
).map(lambda value: math.inf if isinstance(value, int) and value > 10**300 else value)
colours = st.sampled_from(["red", "green", "blue", "pink", "", None, [1]])
flags = st.sampled_from([True, False, "true", "perhaps", None])
answers = st.sampled_from(["yes", "no", "later", None, ["no"]])
inputs = st.fixed_dictionaries({}, optional={"size": numbers, "change": numbers, "colour": colours, "open": flags})
results = st.fixed_dictionaries({}, optional={"price": numbers, "sold": answers})
ids = st.sampled_from([None, "a", "b", "c", "d", 7, "7"])
latency = st.one_of(st.none(), st.floats(0, 20), st.sampled_from(LATENCY_EDGES))

predictions = st.fixed_dictionaries(
    {"id": ids, "input": inputs, "output": results}, optional={"actual": results, "latency_seconds": latency}
)
failures = st.fixed_dictionaries({"id": ids, "error": st.just("boom")}, optional={"input": inputs, "actual": results})
actuals = st.fixed_dictionaries({"id": ids, "actual": results})
logs = st.lists(st.one_of(predictions, predictions, actuals, failures), max_size=30)
cuts = st.lists(st.integers(0, 30), max_size=5)


def cut(log, places):
    ends = [0, *sorted(min(place, len(log)) for place in places), len(log)]
    return [log[start:end] for start, end in pairwise(ends)]


def said(state):
    """What is exposed of a state, but for sums: they depend on the order of adding in their last digit."""
    families = list(ModelLines(PLAN).families(state, None))
    return [line for family in families for line in family.body.splitlines() if "_sum{" not in line]


@given(log=logs, places=cuts)
def test_what_the_engine_knows_of_any_log_is_what_counting_its_records_one_by_one_says(log, places):
    Plain(log).matches(shop.engine(*cut(log, places)).state)


@given(log=logs, places=cuts)
def test_the_same_log_cut_into_other_batches_gives_the_same_totals(log, places):
    assert said(shop.engine(*cut(log, places)).state) == said(shop.engine(log).state)


@given(log=logs)
def test_rejected_records_are_the_repeated_predictions(log):
    made = Engine(PLAN)
    rejects = sum((made.ingest(batch, 0.0) for batch in shop.batches(PLAN.schema, log)), Counter())
    assert rejects == Counter(duplicate_id=Plain(log).rejects)


@given(log=logs, places=cuts)
def test_a_row_window_of_predictions_holds_the_last_sound_ones(log, places):
    plain = Plain([row | {"id": None} for row in log if "error" not in row and "output" in row][-10:])
    made = shop.engine(*cut([row | {"id": None} for row in log], places))
    for summary, tally in zip(made.state.predictions.windows(0.0)["10 rows"], plain.predictions, strict=True):
        tally.matches(summary)


@given(
    steps=st.lists(st.tuples(st.integers(0, 40), st.integers(0, 3)), max_size=20),
    now=st.integers(0, 60),
)
def test_a_time_window_holds_what_arrived_in_its_last_twenty_panes(steps, now):
    made, time, arrived = Engine(PLAN), 900.0, []
    for number, (step, rows) in enumerate(steps):
        time += step
        log = [{"id": f"{number} {row}", "input": {"size": 1}, "actual": {"price": 2}} for row in range(rows)]
        for batch in shop.batches(PLAN.schema, log):
            made.ingest(batch, time)
        arrived += [time] * rows
    live = sum(time + now < (arrival // 3 + 20) * 3 for arrival in arrived)
    for stream in (made.state.predictions, made.state.outcomes):
        assert stream.windows(time + now)["1m"][0].presence.rows == live


# -- one thing each


def test_a_failed_prediction_counts_and_takes_its_time_but_its_values_are_not_observed():
    state = shop.engine([{"error": "boom", "input": {"size": 1.0}, "latency_seconds": 0.5}]).state
    assert (state.count, state.failures, state.latency.n) == (1, 1, 1)
    assert all(summary.presence.rows == 0 for summary in state.predictions.total)
    assert state.predictions.windows(1000.0)["10 rows"][0].presence.rows == 0


@pytest.mark.parametrize("parts", [[[0, 1, 2, 3]], [[0], [1], [2], [3]]])
def test_a_prediction_that_failed_and_is_tried_again_under_its_id_counts_as_both_and_each_once(parts):
    log = [{"id": "a", "error": "boom"}, {"id": "a", "output": {"price": 1}}] * 2
    state = shop.engine(*[[log[row] for row in part] for part in parts]).state
    assert (state.count, state.failures, state.predictions.total[0].presence.rows) == (2, 1, 1)


def test_the_actual_of_a_failed_prediction_is_unmatched_in_the_end():
    made = shop.engine([{"id": "a", "error": "boom"}, {"id": "a", "actual": {"price": 1}}], wait=10.0)
    (batch,) = shop.batches(PLAN.schema, [{"output": {}}])
    made.ingest(batch, 1010.0)
    assert made.state.tallies == Tallies(actuals=1, unmatched=1)


def test_a_prediction_that_is_logged_again_with_its_actual_brings_the_actual_alone():
    made = shop.engine([{"id": 1, "output": {"price": 5}}], [{"id": 1, "output": {"price": 9}, "actual": {"price": 4}}])
    error = made.state.outcomes.total[2]
    assert (made.state.count, error.n, error.moments.total) == (1, 1, 1.0)
    assert made.state.tallies == Tallies(actuals=1)


def test_a_late_actual_keeps_the_fault_of_its_value():
    made = shop.engine([{"id": 1, "output": {"price": 5}}], [{"id": 1, "actual": {"price": "x", "sold": [1]}}])
    price, sold = made.state.outcomes.total[:2]
    assert (price.presence.type, price.presence.missing) == (1, 0)
    assert (sold.presence.type, sold.presence.missing) == (1, 0)


def test_the_delay_of_an_actual_is_from_the_arrival_of_its_prediction_to_its_own():
    made = Engine(PLAN)
    first, second = shop.batches(PLAN.schema, [{"id": 1, "output": {}}], [{"id": 1, "actual": {}}])
    made.ingest(first, 1000.0)
    made.ingest(second, 1007.0)
    assert made.state.delay.histogram.outer_cumulative().tolist()[:2] == [0, 1]
    assert made.state.delay.moments.total == 7.0


def test_a_model_without_actuals_joins_nothing_and_keeps_no_ids():
    spec = replace_components(lambda component: component.role in ("input", "output"))
    made = Engine(spec)
    assert not made.plan.schema.ids
    for batch in shop.batches(made.plan.schema, [{"id": 1, "output": {"price": 1}, "actual": {"price": 1}}] * 2):
        made.ingest(batch, 0.0)
    assert (made.state.count, made.state.pending, made.state.tallies) == (2, 0, Tallies())


def replace_components(wanted):
    """The plan of the same model with some of its components alone."""
    profile = shop.profile()
    kept = tuple(component for component in profile.components if wanted(component))
    return plan(replace(profile, components=kept, scores=()), shop.WINDOWS)


def test_a_model_of_actuals_without_eval_components_joins_them_all_the_same():
    made = Engine(replace_components(lambda component: component.role != "eval"))
    log = [{"id": 1, "output": {"price": 1}}], [{"id": 1, "actual": {"price": 3}}]
    for batch in shop.batches(made.plan.schema, *log):
        made.ingest(batch, 0.0)
    assert [summary.n for summary in made.state.outcomes.total] == [1, 0]


def test_a_batch_of_no_rows_changes_nothing():
    made = shop.engine(shop.records(3))
    before = made.state
    (batch,) = shop.batches(PLAN.schema, shop.records(1))
    none = np.zeros(1, np.bool_)
    empty = replace(
        batch,
        kinds=batch.kinds[none],
        columns=tuple(c[none] for c in batch.columns),
        latency=batch.latency[none],
        ids=[],
    )
    assert made.ingest(empty, 1000.0) == Counter()
    assert made.state is before


def window_samples(state, start):
    windows = state.predictions.windows(1000.0 + start)
    return [s.n for window in windows.values() for s in window]


def test_a_state_kept_aside_is_frozen():
    made, kept = Engine(PLAN), []
    log = shop.records(400, seed=3)
    for start, batch in enumerate(shop.batches(PLAN.schema, *[log[place : place + 10] for place in range(0, 400, 10)])):
        made.ingest(batch, 1000.0 + start)
        state = made.state
        kept.append((state, said(state), window_samples(state, start)))
    for start, (state, text, samples) in enumerate(kept):
        assert said(state) == text
        assert window_samples(state, start) == samples
    assert len({text[0] for _, text, _ in kept}) == 40


# -- extractors that fail


def failing(compute, name="absolute_error"):
    """The plan with another function for one eval component."""
    steps = [replace(step, compute=compute) if name in step.component.spec.extractor else step for step in PLAN.evals]
    return replace(PLAN, evals=tuple(steps))


def boom(_output, _actual):
    raise RuntimeError("a bug in a plug-in")


@pytest.mark.parametrize("compute", [boom, lambda out, _act: out[:1], lambda _out, _act: np.float64(3)])
@pytest.mark.parametrize("name", ["absolute_error", "correct"])
def test_an_extractor_that_fails_costs_only_its_own_values_and_is_counted(compute, name):
    made, sound = Engine(failing(compute, name)), Engine(PLAN)
    for batch in shop.batches(PLAN.schema, shop.records(20), shop.records(30)[20:]):
        made.ingest(batch, 0.0)
        sound.ingest(batch, 0.0)
    place = next(i for i, c in enumerate(PLAN.outcome_components) if name in (c.spec.extractor or {}))
    found, expected = list(made.state.outcomes.total), list(sound.state.outcomes.total)
    assert (found[place].presence.extractor, found[place].presence.rows, found[place].n) == (30, 30, 0)
    del found[place], expected[place]
    assert [summary.presence for summary in found] == [summary.presence for summary in expected]
    assert made.state.predictions.total[0].n == 30
    assert made.state.extractor_failures == Counter({name: 2})


def test_the_failures_of_a_state_kept_aside_do_not_grow():
    made, kept = Engine(failing(boom)), []
    for batch in shop.batches(PLAN.schema, shop.records(20), shop.records(30)[20:]):
        made.ingest(batch, 0.0)
        kept.append(made.state.extractor_failures)
    assert kept == [Counter(absolute_error=1), Counter(absolute_error=2)]


def test_an_extractor_that_divides_by_zero_has_no_value_and_has_not_failed():
    made = Engine(failing(lambda out, _act: (out - out) / (out - out)))
    for batch in shop.batches(PLAN.schema, shop.records(20)):
        made.ingest(batch, 0.0)
    assert (made.state.outcomes.total[2].presence.missing, made.state.extractor_failures) == (20, Counter())


def test_infinite_output_and_actual_give_no_error_value_and_no_failure():
    state = shop.engine([{"output": {"price": math.inf}, "actual": {"price": math.inf}}]).state
    error = state.outcomes.total[2]
    assert (error.presence.missing, error.n, state.extractor_failures) == (1, 0, Counter())


def test_numbers_at_the_end_of_the_range_are_counted_without_a_warning():
    state = shop.engine([{"input": {"size": 1.7e308}, "output": {}}] * 8 + [{"input": {"size": -1.7e308}}] * 2).state
    assert state.predictions.total[0].histogram.outer_cumulative().tolist()[-1] == 10


# -- the records' own time


def timed(at, **parts):
    return {"time": at, "output": {}} | parts


def window_rows(made, now, outcomes=False):
    stream = made.state.outcomes if outcomes else made.state.predictions
    return next(iter(stream.windows(now).values()))[0].presence.rows


def test_rows_that_come_too_late_for_a_window_are_counted():
    log = [timed(at, actual={"price": 1}) for at in (5000, 5001, 5002, 4900, 4990)]
    made = shop.engine(log[:3], log[3:], event_time=True, now=9000.0)
    assert made.state.late == {"1m": 2}  # a prediction and its outcome
    assert made.state.count == 5


def test_by_their_own_time_rows_are_in_the_window_they_belong_to():
    log = [timed(at) for at in range(0, 600, 10)]
    made = shop.engine(log, now=1e9, event_time=True)
    assert window_rows(made, 590.0) == 6
    assert made.state.last_prediction == 590.0


def test_an_actual_is_in_the_window_of_the_time_when_it_met_its_prediction():
    log = [timed(0, id="a"), {"id": "a", "time": 30, "actual": {"price": 1}}, timed(200, id="z")]
    early = [{"id": "b", "time": 170, "actual": {"price": 1}}, timed(190, id="b")]
    made = shop.engine(log[:2] + early + log[2:], now=1e9, event_time=True)
    assert window_rows(made, 200.0, outcomes=True) == 1
    assert made.state.outcomes.total[0].presence.rows == 2
    assert made.state.delay.moments.total == 30.0


@pytest.mark.parametrize("odd", [None, "yesterday", math.inf, math.nan, 1e308, 1e12, -5, "2999-01-01T00:00:00Z"])
def test_a_row_without_a_credible_time_counts_with_the_row_before_it(odd):
    log = [timed(at) for at in (100, 110)] + [timed(odd)] + [timed(at) for at in (120, 130)]
    for parts in ([log], [[row] for row in log]):
        made = shop.engine(*parts, now=1e9, event_time=True)
        assert window_rows(made, 130.0) == 5
        assert made.state.last_prediction == 130.0


def test_the_first_rows_of_a_log_without_a_time_count_with_the_first_that_has_one():
    assert window_rows(shop.engine([timed(None), timed(100)], now=1e9, event_time=True), 100.0) == 2


def test_a_log_without_any_time_counts_as_if_it_arrived_now():
    made = shop.engine([timed(None)] * 3, now=1e9, event_time=True)
    assert (window_rows(made, 1e9), made.state.last_prediction) == (3, 1e9)


def test_a_batch_of_nothing_but_repetitions_does_not_end_the_wait_of_others():
    log = [timed(100, id="a"), timed(101, id="b")]
    made = shop.engine(log, log, now=1e9, event_time=True)
    assert (made.state.pending, made.state.tallies) == (2, Tallies())


late_ids = st.integers(0, 8)


@given(
    lags=st.lists(st.sampled_from([-40, 0, 30, 99, 100, 150]), max_size=25),
    steps=st.lists(st.integers(0, 60), min_size=25, max_size=25),
    places=st.lists(st.integers(0, 50), max_size=6),
)
def test_by_their_own_time_a_log_gives_the_same_totals_however_it_is_cut(lags, steps, places):
    """Each prediction has one actual, before it, after it, or after the wait of 100 seconds."""
    log, at = [], 1000
    for number, (lag, step) in enumerate(zip(lags, steps, strict=False)):
        at += step
        log += [timed(at, id=number), {"id": number, "time": at + lag, "actual": {"price": number}}]
    log.sort(key=lambda row: row["time"])
    whole = shop.engine(log, now=1e9, event_time=True, wait=100.0).state
    parts = shop.engine(*cut(log, places), now=1e9, event_time=True, wait=100.0).state
    joined = sum(lag < 100 for lag in lags)
    assert (whole.delay.n, parts.delay.n) == (joined, joined)
    assert whole.tallies == parts.tallies
    assert said(whole) == said(parts)


def test_the_newest_prediction_is_never_ahead_of_the_clock_nor_goes_back():
    made, seen = Engine(PLAN), []
    for batch, time in zip(
        shop.batches(PLAN.schema, [timed(900)], [timed("2999-01-01T00:00:00Z")], [timed(800)], [{"output": {}}]),
        (1000.0, 1001.0, 1002.0, 1003.0),
        strict=True,
    ):
        made.ingest(batch, time)
        seen.append(made.state.last_prediction)
    assert seen == [900.0, 1001.0, 1001.0, 1003.0]


def test_actuals_alone_are_no_newest_prediction():
    assert math.isnan(shop.engine([{"id": 1, "time": 900, "actual": {}}]).state.last_prediction)


# -- memory


@pytest.mark.parametrize("limit", [1, 20])
def test_what_waits_is_bounded_by_the_limit_and_what_is_given_up_is_counted(limit):
    made = shop.engine(
        *[[{"id": f"{part} {row}", "output": {}} for row in range(7)] for part in range(9)], pending=limit
    )
    assert made.state.pending == limit
    assert made.state.tallies.unlabelled == 63 - limit


def test_an_engine_of_many_batches_holds_no_more_than_one_of_few():
    def held(made):
        rings = [*made.state.predictions.rings.values(), *made.state.outcomes.rings.values()]
        return [
            (len(ring.panes), sum(len(p.columns[0]) for p in ring.panes.values() if hasattr(p, "columns")))
            for ring in rings
        ]

    made = Engine(shop.planned((WindowSpec("1m", 60.0), WindowSpec("100 rows", None, 100)), pending=50))
    sizes = []
    for part, batch in enumerate(
        shop.batches(
            made.plan.schema, *[[row | {"id": f"{part} {row['id']}"} for row in shop.records(50)] for part in range(40)]
        )
    ):
        made.ingest(batch, 1000.0 + 3 * part)
        sizes.append(held(made))
    assert sizes[-1] == sizes[20]
    assert made.joiner.ledger.counts.max() <= 50


def test_kinds_of_a_batch_are_not_changed_by_taking_it_in():
    (batch,) = shop.batches(PLAN.schema, [{"id": 1, "output": {}, "actual": {}}] * 2)
    shop_engine = Engine(PLAN)
    shop_engine.ingest(batch, 0.0)
    assert batch.kinds.tolist() == [Kind.PREDICTION | Kind.ACTUAL] * 2


def test_a_corrected_actual_changes_the_scores_of_the_windows_and_counts_as_one_more_in_the_totals():
    log = shop.records(40)
    late = [{"id": row["id"], "actual": row["actual"]} for row in log]
    wrong = [row | {"actual": row["actual"] | {"price": 1e6}} for row in late[:10]]
    right = [row | {"revision": 1} for row in late[:10]]
    predictions = [{key: part for key, part in row.items() if key != "actual"} for row in log]
    windows = (WindowSpec("1h", 3600.0), WindowSpec("100 rows", None, 100))
    made = shop.engine(predictions, wrong + late[10:], right, windows=windows)
    plain = shop.engine(predictions, late, windows=windows)
    assert (made.state.tallies.revised, made.state.tallies.duplicate) == (10, 0)
    for label, window in made.state.outcomes.windows(1000.0).items():
        for found, wanted in zip(window, plain.state.outcomes.windows(1000.0)[label], strict=True):
            assert found.presence == wanted.presence
            assert found.bins().tolist() == wanted.bins().tolist()
            if found.moments is not None:
                assert found.moments.mean == pytest.approx(wanted.moments.mean, rel=1e-6)
    price, sold = made.state.outcomes.total[:2]
    assert (price.n, sold.n) == (50, 40)


def test_actuals_in_parts_are_counted_as_they_come_and_never_as_missing():
    log = shop.records(30)
    predictions = [{key: part for key, part in row.items() if key != "actual"} for row in log]
    parts = [[{"id": row["id"], "actual": {name: row["actual"][name]}} for row in log] for name in ("price", "sold")]
    made = shop.engine(predictions, parts[0])
    price, sold, error, *rest = made.state.outcomes.total
    assert [summary.presence.rows for summary in (price, error)] == [30, 30]
    assert [summary.presence.rows for summary in (sold, *rest)] == [0, 0, 0]
    made = shop.engine(predictions, *parts)
    plain = shop.engine(log)
    for stream in ("total", "windows"):
        for found, wanted in zip(*(outcomes_of(one, stream) for one in (made, plain)), strict=True):
            assert found.presence == wanted.presence
            assert found.bins().tolist() == wanted.bins().tolist()
    assert made.state.tallies == Tallies(actuals=60)


def outcomes_of(made, stream):
    outcomes = made.state.outcomes
    return outcomes.total if stream == "total" else outcomes.windows(1000.0)["10 rows"]


@pytest.mark.parametrize("event_time", [False, True])
def test_a_correction_reaches_the_pane_of_its_outcome(event_time):
    prediction = {"id": "a", "time": 1000.0, "output": {"price": 1.0}}
    actual = {"id": "a", "time": 1000.0, "actual": {"price": 2.0}}
    others = [{"id": f"b{n}", "time": 1000.0 + n, "output": {}, "actual": {"price": 2.0}} for n in range(50)]
    revised = {"id": "a", "time": 1050.0, "revision": 1, "actual": {"price": 9.0}}
    made = Engine(PLAN)
    for part, now in (([prediction, actual], 1000.0), (others, 1049.0), ([revised], 1050.0)):
        for batch in shop.batches(PLAN.schema, part, event_time=event_time):
            made.ingest(batch, 2000.0 if event_time else now)
    window = made.state.outcomes.windows(1050.0)["1m"][0]
    assert (window.n, window.moments.total) == (51, 109.0)
    assert made.state.outcomes.windows(1062.0)["1m"][0].moments.total < 109.0 - 8.0
