"""Which scores are to be estimated without actuals, and what is learned for it when a profile is built."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import msgspec

from exporter.batch import Column, Field, value_of
from exporter.estimate import BUILDERS, OTHERS, PREDICTED, Calibration, LossModel, calibrate, learn
from exporter.extractors import EvalExtractor
from exporter.extractors.class_score import ClassScore
from exporter.extractors.correct import Correct
from exporter.extractors.pairing import label
from exporter.profile.scoring import ScoreSpec

Key = tuple[str, str]


class Estimators(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What was learned of chances and of losses."""

    calibrations: list[Calibration] = []
    losses: list[LossModel] = []

    def faults(
        self, scores: Iterable[ScoreSpec], fields: Mapping[Key, Field], extractors: Mapping[str, EvalExtractor]
    ) -> Iterator[str]:
        """Yield what is wrong with any of them, beside the scores, columns and eval components of a profile."""
        for calibration in self.calibrations:
            outputs = [("output", output) for output in calibration.outputs]
            known = ("actual", calibration.actual) in fields and all(key in fields for key in outputs)
            if fault := calibration.fault() if known else "its components are not there":
                yield f"the calibration of actual {calibration.actual}: {fault}"
        for model in self.losses:
            known = all((feature.role, feature.name) in fields for feature in model.features)
            if fault := model.fault() if known and model.features else "its components are not there":
                yield f"the losses of eval {model.component}: {fault}"
        for score in scores:
            counts = score.estimate and score.resolved().estimate == "counts"
            if score.estimate and not (
                self.calibration(score, extractors[score.names[0]]) if counts else self.loss(score)
            ):
                yield f"score {score.name}: what it is estimated with is not there"

    def calibration(self, score: ScoreSpec, extractor: EvalExtractor) -> Calibration | None:
        """Return what was learned of the chances that a score needs, None where it was not."""
        wanted = probabilities(score, extractor)
        for one in self.calibrations:
            if one.actual == extractor.actual and {c.category: c.output for c in one.curves} == wanted:
                return one
        return None

    def loss(self, score: ScoreSpec) -> LossModel | None:
        """Return what was learned of the losses that a score needs, None where it was not."""
        wanted = (score.names[0], score.resolved().estimate)
        return next((one for one in self.losses if (one.component, one.of) == wanted), None)


NOTHING = Estimators()


def probabilities(score: ScoreSpec, extractor: EvalExtractor) -> dict[str, str]:
    """Return by class the output components that say how probable it is; none where the score does not tell.

    One for whether a prediction is `correct` is of the class that was predicted.
    """
    if isinstance(score.estimate, dict):
        return dict(score.estimate)
    if isinstance(score.estimate, str) and isinstance(extractor, Correct):
        return {PREDICTED: score.estimate}
    positive = getattr(extractor, "positive", None)
    output = extractor.output if isinstance(extractor, ClassScore) else None
    if isinstance(score.estimate, str):
        output = score.estimate
    return {} if positive is None or output is None else {label(positive): output}


class Declared(Protocol):
    """What a person has written of a component."""

    @property
    def numeric(self) -> bool:
        """Tell whether the values are numbers."""
        ...

    def eval_extractor(self) -> EvalExtractor:
        """Return the extractor of an eval component."""
        ...


def unfit(score: ScoreSpec, known: Mapping[Key, Declared]) -> Iterator[str]:
    """Yield why a score cannot be estimated from components that are declared without fault."""
    kind, read = score.resolved().estimate, known.get(("eval", score.names[0]))
    extractor = None if read is None else read.eval_extractor()
    if kind is None or extractor is None:
        yield f"leave it out: {score.kind} cannot be told without actuals"
    elif kind != "counts":
        if score.estimate is not True:
            yield "write true; a loss is told from all inputs and outputs"
    elif type(extractor) not in BUILDERS:
        yield "leave it out: what the score reads is of another package, and nothing says how probable it is"
    else:
        yield from _improbable(probabilities(score, extractor), known)


def _improbable(outputs: Mapping[str, str], known: Mapping[Key, Declared]) -> Iterator[str]:
    if not outputs:
        yield 'write the output components that hold the probabilities, by class: {"yes": p_yes}'
    for name in outputs.values():
        if ("output", name) not in known or not known["output", name].numeric:
            yield f"there is no output component {name} of numbers, which would be probabilities"


@dataclass(frozen=True, slots=True, eq=False)
class Teacher:
    """What is learned from: the reference's columns with their fields, and the eval components' extractors."""

    columns: Mapping[Key, Column]
    fields: Mapping[Key, Field]
    extractors: Mapping[str, EvalExtractor]
    seed: int

    def estimators(self, scores: Iterable[ScoreSpec]) -> Estimators:
        """Return what scores need; ValueError with the score that cannot be estimated."""
        found = NOTHING
        for score in scores:
            try:
                found = self._with(found, score) if score.estimate else found
            except ValueError as error:
                raise ValueError(f"score {score.name}: {error}") from error
        return found

    def _with(self, found: Estimators, score: ScoreSpec) -> Estimators:
        """Add what a score needs where it is not there yet."""
        name, kind = score.names[0], score.resolved().estimate
        if kind == "counts":
            known = found.calibration(score, self.extractors[name])
            new = [] if known else [self._calibration(score, self.extractors[name])]
            return msgspec.structs.replace(found, calibrations=[*found.calibrations, *new])
        if kind is None or found.loss(score):
            return found
        roles = ("input", "output")
        features = [(self.fields[key], value_of(column)) for key, column in self.columns.items() if key[0] in roles]
        model = learn(name, kind, self.columns["eval", name], features, self.seed)
        return msgspec.structs.replace(found, losses=[*found.losses, model])

    def _calibration(self, score: ScoreSpec, extractor: EvalExtractor) -> Calibration:
        actual = "actual", extractor.actual
        levels, codes = self.fields[actual].levels, self.columns[actual]
        if PREDICTED in probabilities(score, extractor):
            levels, codes = (OTHERS, PREDICTED), self.columns["eval", score.names[0]]
        if levels is None:
            raise ValueError(f"an estimate needs categories, and actual {extractor.actual} is a number")
        outputs = probabilities(score, extractor).items()
        said = {category: (name, self.columns["output", name]) for category, name in outputs}
        return calibrate(extractor.actual, levels, codes, said)
