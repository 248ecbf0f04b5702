"""What a plan consists of: columns, measures, windows, extractors, statistics and scores of one model."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from exporter.alarm import Bank
from exporter.batch import Schema
from exporter.drift import DEFAULT, Statistic
from exporter.drift import PLUGINS as STATISTICS
from exporter.extractors import Bound
from exporter.joins import Kept
from exporter.profile import ESTIMATE, Component, Estimates, Pairing, Profile, ScoreReference
from exporter.quality import Expectation, OutlierStep
from exporter.scores import Score
from exporter.segments import Cut
from exporter.summaries import Layout, Measure, Stack
from exporter.windows import Summaries, WindowSpec


@dataclass(frozen=True, slots=True)
class EvalStep:
    """How an eval component is computed: from which output and actual column, and by what function."""

    component: Component
    output: int
    actual: int
    compute: Bound

    @property
    def extractor(self) -> str:
        """Return the extractor's name."""
        return next(iter(self.component.spec.extractor or ()), "")


@dataclass(frozen=True, slots=True)
class ScorePlan:
    """A score and the places of the components that it reads among those of outcomes, or else of predictions.

    `estimate` is the place of the step by which it is estimated, None where it is not.
    """

    reference: ScoreReference
    score: Score
    components: tuple[int, ...]
    outcome: bool = True
    estimate: int | None = None

    @property
    def name(self) -> str:
        """Return the score's name."""
        return self.reference.spec.name


@dataclass(frozen=True, slots=True)
class Binary:
    """The places of a binary output, of its positive category, and of the component that says TP, FP, FN or TN."""

    output: int
    positive: int
    cells: int


@dataclass(frozen=True, slots=True, eq=False)
class AssociationStep:
    """The inputs and the output that are held against each other, with their places among those of predictions."""

    pairing: Pairing
    places: tuple[int, ...]
    measure: Measure


@dataclass(frozen=True, slots=True, eq=False)
class Group:
    """Components of one kind, by their places in a stream, that are compared with their references at once.

    `tested` are the statistics whose p-values are wanted.
    """

    places: tuple[int, ...]
    layout: Layout
    reference: Stack
    statistics: Mapping[str, Statistic]
    tested: frozenset[str] = frozenset()

    def stack(self, summaries: Summaries) -> Stack:
        """Return the group's components of a stream side by side."""
        return self.layout.stack([summaries[place] for place in self.places])


@dataclass(frozen=True, slots=True)
class ModelPlan:
    """One model and version.

    `schema.fields` are the logged components. `predicted` are the places in it of input and output components, which
    every prediction should carry; `actual` those of actual components. Outcomes, which exist once prediction and actual
    are joined, have the components `actual` and then `evals`. `kept` are the places that a waiting prediction keeps;
    `waiting` describes the columns that are kept of an id, those of `kept` and then of `actual`.
    `cuts` are the segments; the codes of each stand in a column behind those of the schema. `extra` are the places of
    columns that no component is, but that segments and expectations read. The losses that `estimates` expect make the
    last columns. `detectors` score outliers; `shown` allows the values of flagged predictions to be seen.
    `attributions` are the places of columns that say what a prediction is put down to; where there are none,
    `associations` say how closely inputs and the output go together.
    """

    profile: Profile
    schema: Schema
    windows: tuple[WindowSpec, ...]
    latency: Measure
    delay: Measure
    wait: float
    pending: int
    predicted: tuple[int, ...]
    actual: tuple[int, ...]
    kept: tuple[int, ...]
    waiting: tuple[Kept, ...]
    evals: tuple[EvalStep, ...]
    prediction_components: tuple[Component, ...]
    outcome_components: tuple[Component, ...]
    scores: tuple[ScorePlan, ...]
    prediction_groups: tuple[Group, ...]
    outcome_groups: tuple[Group, ...]
    bank: Bank
    cuts: tuple[Cut, ...] = ()
    cut_groups: tuple[tuple[Group, ...], ...] = ()
    binary: Binary | None = None
    expectations: tuple[Expectation, ...] = ()
    detectors: tuple[OutlierStep, ...] = ()
    shown: bool = False
    attributions: tuple[int, ...] = ()
    associations: AssociationStep | None = None
    extra: Mapping[tuple[str, tuple[str, ...] | None], int] = field(default_factory=dict)
    estimates: Estimates = field(default_factory=Estimates)

    @property
    def labels(self) -> tuple[str, str]:
        """Return the values of the labels model and version."""
        return self.schema.model, self.schema.version


def statistics(component: Component) -> Mapping[str, tuple[Statistic, float]]:
    """Return the drift statistics of a component with their thresholds: the default ones, then any its spec names."""
    kind, thresholds = "numeric" if component.field.levels is None else "category", component.spec.thresholds
    named = {name: STATISTICS[name] for name in (*DEFAULT, *thresholds)}
    return {
        name: (statistic, thresholds.get(name, statistic.threshold))
        for name, statistic in named.items()
        if kind in statistic.kinds
    }


def plug_ins(plan: ModelPlan) -> set[tuple[str, str]]:
    """Return the statistics, scores and extractors that a model uses, as (kind, name)."""
    components = (*plan.prediction_components, *plan.outcome_components)
    used = {("drift", name) for component in components for name in statistics(component)}
    used |= {("score", score.reference.spec.name) for score in plan.scores}
    used |= {("estimate", name) for name in plan.estimates.scores}
    used |= {("extractor", ESTIMATE) for _ in plan.estimates.steps}
    return used | {("extractor", step.extractor) for step in plan.evals}
