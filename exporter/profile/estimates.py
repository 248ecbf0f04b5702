"""How the scores of a profile are estimated from the columns of predictions, fixed at start."""

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

import msgspec
import numpy as np

from exporter.batch import Column, Field, Floats, Mask, over, value_of
from exporter.estimate import BUILDERS, Calibration, Chances, Expected, LossModel, Measuring, laid_out
from exporter.extractors import EvalExtractor
from exporter.extractors.confusion import Confusion
from exporter.profile.model import Profile
from exporter.scores import Measurement
from exporter.summaries import Measure, Weighing

ESTIMATE = "estimate"  # under which rows that cannot be estimated are counted among the extractors
Places = Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True, eq=False)
class LossStep:
    """How the loss to be expected of a prediction is computed: from which columns, and by what function.

    `name` tells it from all others, of other models of the loss included.
    """

    name: str
    inputs: tuple[int, ...]
    compute: Callable[[Sequence[Column]], Floats]


@dataclass(frozen=True, slots=True, eq=False)
class EstimateStep:
    """How scores of an eval component are estimated: from which columns, laid out how and summed as what.

    What is laid out has the shape (rows, *trail). `score` is a function of a score's own and of the sums; `actual` is
    the place of what realizes the score. Of the confusion matrix of a `component`, `pairs` are the predicted and actual
    class of each of the `counts` of the sums.
    """

    inputs: tuple[int, ...]
    actual: int
    lay_out: Callable[[Sequence[Column]], Floats]
    measure: Measure
    score: Callable[[Measuring, Floats], Measurement]
    trail: tuple[int, ...] = ()
    component: str = ""
    pairs: tuple[tuple[str, str], ...] = ()
    counts: Callable[[Floats], Floats] | None = None


@dataclass(frozen=True, slots=True)
class Estimates:
    """What is computed of each prediction, and by the name of each score that is estimated, the place of its step.

    `losses` make columns of their own.
    """

    losses: tuple[LossStep, ...] = ()
    steps: tuple[EstimateStep, ...] = ()
    scores: Mapping[str, int] = field(default_factory=dict)

    def expected(self, columns: Sequence[Column], failures: Counter[str]) -> list[Floats]:
        """Return the loss to be expected of each row, NaN where that fails, by each of the `losses`."""
        rows = len(columns[0]) if columns else 0
        return [
            _safely(one.compute, [value_of(columns[i]) for i in one.inputs], (rows,), failures) for one in self.losses
        ]

    def laid_out(self, columns: Sequence[Column], failures: Counter[str]) -> list[Floats]:
        """Return what rows add up to, NaN where that fails, by each step."""
        return [
            _safely(one.lay_out, inputs := [columns[i] for i in one.inputs], (len(inputs[0]), *one.trail), failures)
            for one in self.steps
        ]

    def checked(self, columns: Sequence[Column], failures: Counter[str]) -> list[Floats]:
        """Return the same of joined predictions, NaN where there is no actual (yet): no score has these."""
        pairs = zip(self.steps, self.laid_out(columns, failures), strict=True)
        return [_where(_given(columns[step.actual]), rows) for step, rows in pairs]


def _given(column: Column) -> Mask:
    column = value_of(column)
    given: Mask = ~np.isnan(column) if column.dtype == np.float64 else column >= 0
    return given


def _where(given: Mask, rows: Floats) -> Floats:
    found: Floats = np.where(over(given, rows), rows, math.nan)
    return found


def _safely(
    compute: Callable[[Sequence[Column]], Floats],
    columns: Sequence[Column],
    shape: tuple[int, ...],
    failures: Counter[str],
) -> Floats:
    try:
        return compute(columns)
    except Exception:  # noqa: BLE001 - whatever it is, it costs the estimate only; it is counted
        failures[ESTIMATE] += 1
        return np.full(shape, math.nan)


def estimates(profile: Profile, fields: Sequence[Field], first: int) -> Estimates:
    """Return how the scores of a profile are estimated; ValueError where what was learned does not fit its fields.

    `first` is the place of the first column that is made for it.
    """
    places: Places = {(field.role, field.name): at for at, field in enumerate(fields)}
    evals = {c.name: c.spec.eval_extractor() for c in profile.components if c.role == "eval"}
    losses: dict[tuple[str, str], LossStep] = {}
    steps: dict[tuple[str, ...], EstimateStep] = {}
    scores: dict[str, int] = {}
    for spec in (score.spec for score in profile.scores if score.spec.estimate):
        name = spec.names[0]
        calibration = model = None
        if spec.resolved().estimate == "counts":
            calibration = profile.estimators.calibration(spec, evals[name])
        else:
            model = profile.estimators.loss(spec)
        if calibration is not None:
            key: tuple[str, ...] = (name, *calibration.outputs)
            steps.setdefault(key, _counts(name, evals[name], calibration, fields, places))
        elif model is not None:
            key = (name, model.of)
            place = first + len(losses)
            if key not in steps:
                losses[name, model.of] = _loss(model, fields, places)
                steps[key] = _mean(model, place, places["actual", evals[name].actual])
        else:
            raise ValueError(f"score {spec.name}: what it is estimated with is not there")
        scores[spec.name] = list(steps).index(key)
    return Estimates(tuple(losses.values()), tuple(steps.values()), scores)


def _counts(
    name: str, extractor: EvalExtractor, calibration: Calibration, fields: Sequence[Field], places: Places
) -> EstimateStep:
    output, actual = places["output", extractor.output], places["actual", extractor.actual]
    chances = Chances.of(calibration, fields[actual].levels or ())
    outcomes = BUILDERS[type(extractor)](extractor, fields[output], chances)
    expected = Expected(outcomes, calibration.rows)
    said = [places["output", name] for name in calibration.outputs]

    def lay_out(columns: Sequence[Column]) -> Floats:
        return laid_out(outcomes, chances.columns(columns[1:]), columns[0])

    weighing = Weighing(expected.weigh, expected.width, _signature(extractor, calibration))
    measure = Measure(weighing=weighing)
    found = EstimateStep((output, *said), actual, lay_out, measure, expected.score, (outcomes.width,), name)
    if not isinstance(extractor, Confusion):
        return found
    return replace(found, pairs=extractor.pairs(), counts=expected.counts)


def _loss(model: LossModel, fields: Sequence[Field], places: Places) -> LossStep:
    inputs = tuple(places[feature.role, feature.name] for feature in model.features)
    name = f"loss {model.component} {model.of} {_signature(model).hex()[:12]}"
    return LossStep(name, inputs, model.bind({(fields[at].role, fields[at].name): fields[at] for at in inputs}))


def _mean(model: LossModel, place: int, actual: int) -> EstimateStep:
    measure = Measure(weighing=Weighing(model.weigh, 3, _signature(model)))
    return EstimateStep((place,), actual, lambda columns: columns[0], measure, lambda _, sums: model.score(sums))


def _signature(*parts: object) -> bytes:
    return blake2b(msgspec.json.encode(parts), digest_size=16).digest()
