"""Two sets of data in memory compared: drift by every statistic, and which columns have drifted."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec
from weakref import WeakKeyDictionary

from exporter.alarm.discovery import discovered
from exporter.api.components import named
from exporter.api.model import ModelProfile
from exporter.api.pieces import is_stream
from exporter.comparison import compare as measured
from exporter.drift import PLUGINS
from exporter.plan import ModelPlan, plan
from exporter.profile import Profile, ProfileError
from exporter.profile.spec import unknown
from exporter.summaries import ComponentSummary

P_VALUES = ("kolmogorov_smirnov", "chi_square") if find_spec("scipy") else ()
Terms = tuple[float, float, tuple[str, ...]]
_plans: WeakKeyDictionary[ModelProfile, tuple[Profile, Terms, ModelPlan]] = WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class ColumnDrift:
    """How far a column is from its reference.

    `samples` is the number of its values. `statistics`, `noise` (what a statistic would be without drift) and
    `p_values` are by name, of the statistics for which there are data enough. `evidence` is log10 of the evidence that
    the column has moved further than is tolerated over what it takes alone, NaN below 100 rows; then `drifted` is None.
    """

    samples: int
    statistics: Mapping[str, float]
    noise: Mapping[str, float]
    p_values: Mapping[str, float]
    evidence: float
    drifted: bool | None


class Drift(dict[str, ColumnDrift]):
    """The drift of each column by name, in the order of the reference."""

    @property
    def drifted(self) -> list[str]:
        """Return the columns that have drifted, that of most evidence first."""
        found = [name for name, column in self.items() if column.drifted]
        return sorted(found, key=lambda name: -self[name].evidence)

    def __str__(self) -> str:
        rows = [(name, self[name].statistics.get("psi", math.nan)) for name in self.drifted]
        lines = [
            f"{name} has drifted: psi {psi:.3g}, {10 ** min(self[name].evidence, 300):.3g} times the evidence it takes"
            for name, psi in rows
        ]
        return "\n".join(lines) or "No column has drifted."


def compare(
    reference: object,
    current: object,
    *,
    statistics: Sequence[str] = P_VALUES,
    false_alarms: float = 0.01,
    tolerance: float = 0.01,
) -> Drift:
    """Compare inputs with a reference: data of any form that `ModelProfile.build` takes, but no stream, or a profile.

    Of data, the columns that `ModelProfile.infer` suggests are compared; with a profile that is built once, further
    data compare in a fraction of the time. `statistics` are taken beside those that the exporter exposes, and with
    their p-values (by default of two, where scipy is installed). `false_alarms` is the chance that any column is said
    to have drifted where none has moved by more than `tolerance`, on the scale of the population stability index, and
    rows do not depend on each other. ProfileError where nothing can be compared.
    """
    if not 0 < false_alarms < 1 or not tolerance >= 0:
        raise ValueError("false_alarms is a chance between 0 and 1, and tolerance is not negative")
    profile = reference if isinstance(reference, ModelProfile) else _built(reference)
    found = profile.observe(input=current).profile
    summaries = tuple(component.reference for component in found.components)
    planned = _planned(profile, (tolerance, 1 / false_alarms, tuple(statistics)))
    names = named(component.spec.key for component in planned.prediction_components)
    keys = [names[component.spec.key] for component in planned.prediction_components]
    return Drift(zip(keys, _columns(planned, summaries), strict=True))


def _built(reference: object) -> ModelProfile:
    if is_stream(reference):
        raise ProfileError("a stream cannot be gone through twice: build a ModelProfile of it and give that")
    profile = ModelProfile.infer(input=reference)
    profile.build(input=reference)
    return profile


def _planned(profile: ModelProfile, terms: Terms) -> ModelPlan:
    """Return the plan of a profile's inputs, which takes longer to make than a window to compare."""
    known = _plans.get(profile)
    if known is not None and known[0] is profile.profile and known[1] == terms:
        return known[2]
    inputs = tuple(c for c in profile.profile.components if c.role == "input")
    if not inputs:
        raise ProfileError("the profile has no inputs to compare")
    if strange := [name for name in terms[2] if name not in PLUGINS]:
        raise ProfileError(unknown("statistic", strange[0], PLUGINS.names()))
    alone = replace(profile.profile, components=inputs, scores=())
    made = plan(
        alone,
        (),
        categories=max(len(c.field.levels or ()) for c in inputs),
        tolerance=terms[0],
        steps=terms[1],
        more=terms[2],
    )
    _plans[profile] = (profile.profile, terms, made)
    return made


def _columns(planned: ModelPlan, summaries: tuple[ComponentSummary, ...]) -> Iterator[ColumnDrift]:
    bank = planned.bank
    evidence = bank.step(bank.start(), summaries, 0.0)
    rows: dict[int, tuple[dict[str, float], ...]] = {}
    for group in planned.prediction_groups:
        compared = measured(group, group.stack(summaries), Counter(), group.reference)
        rows |= {place: compared.row(row) for row, place in enumerate(group.places)}
    verdicts, listed = bank.verdicts(evidence), discovered(bank, evidence)
    for place, (summary, verdict, drifted) in enumerate(zip(summaries, verdicts, listed, strict=True)):
        drift, noise, p_values = (_known(part) for part in rows[place])
        height = math.nan if verdict is None else verdict.evidence
        yield ColumnDrift(summary.n, drift, noise, p_values, height, None if verdict is None else drifted)


def _known(values: Mapping[str, float]) -> dict[str, float]:
    return {name: value for name, value in values.items() if not math.isnan(value)}
