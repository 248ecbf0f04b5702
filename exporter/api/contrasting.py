"""What a contrast of two profiles says, as a mapping for programs and as issues and a page for people."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from exporter.api.align import aligned
from exporter.api.components import named
from exporter.api.files import Mode, show
from exporter.contrast import ComponentContrast, Contrast, Issue, Limits, ScoreContrast, Verdict, contrast, describe
from exporter.profile import Profile, ProfileError
from exporter.report import contrast_page
from exporter.scores.score import MINIMUM_SAMPLES

GLOBAL_DRIFT = 0.05  # share of the judged components that may have drifted
Thresholds = Mapping[str, Any]


class Report(dict[str, Any]):
    """A contrast as a mapping that JSON can hold.

    `component_reports` has `drift`, `invalids` and `singleton` of each component; `global_reports` has the `scores` and
    `multivariate_drift`, the share of components that have drifted. Each report has `valid`, whether there are enough
    data to judge, and `alert`. `contrast` is what they were made of.
    """

    def __init__(self, found: Contrast, limit: float = GLOBAL_DRIFT, **profiles: str) -> None:
        self.contrast = found
        names = named(component.reference.spec.key for component in found.components)
        scores = {score.name: _score(score) for score in found.scores}
        share = found.drifted_share
        drifted = {"drift": _known(share), "alert": share > limit, "valid": not math.isnan(share)}
        super().__init__(
            profiles,
            component_reports={names[c.reference.spec.key]: _component(c) for c in found.components},
            global_reports={"scores": scores, "multivariate_drift": drifted},
            skipped=list(found.skipped),
        )

    def __missing__(self, key: str) -> Any:  # noqa: ANN401 - a value of the mapping
        """Return the reports of components and scores under their other names."""
        if key == "health_reports":
            return self["component_reports"]
        if key == "score_reports":
            return self["global_reports"]["scores"]
        raise KeyError(key)

    def __str__(self) -> str:
        return describe(self.issues())

    def issues(self) -> list[Issue]:
        """Return what is wrong, the most important first."""
        return self.contrast.issues()

    def view(self, path: str | Path | None = None, mode: Mode = "file") -> Path:
        """Write the page of the contrast to a file and return its path; mode "external" shows it in the browser too."""
        page = contrast_page(self.contrast)
        return show(page, "contrast", path, mode)


def compare(reference: Profile, observed: Profile, thresholds: Thresholds) -> tuple[Contrast, float]:
    """Return the contrast of two profiles, and the share of components that may have drifted.

    `thresholds` by component are of `drift`, the value of its first statistic, and of `invalids`, the rise of the share
    of invalid values; by score they are of its change; `global_drift` is of the share of components that have drifted.
    """
    by_name = {name: key for key, name in named(component.spec.key for component in reference.components).items()}
    components, scores = thresholds.get("components", {}), thresholds.get("scores", {})
    known = (*by_name, *(score.spec.name for score in reference.scores))
    if unknown := [name for name in (*components, *scores) if name not in known]:
        raise ProfileError(f"thresholds are given of {', '.join(unknown)}, which the profile does not have")
    limits = Limits(
        {by_name[name]: limit["drift"] for name, limit in components.items() if "drift" in limit},
        {by_name[name]: limit["invalids"] for name, limit in components.items() if "invalids" in limit},
        scores,
    )
    return contrast(reference, aligned(observed, reference), limits), thresholds.get("global_drift", GLOBAL_DRIFT)


def _component(found: ComponentContrast) -> dict[str, Any]:
    drift = found.drift[found.judge]
    rise = found.invalid_observed - found.invalid_reference
    stuck = {"is_singleton": found.stuck is not None, "singleton_value": found.stuck, "alert": found.stuck is not None}
    return {
        "drift": {
            "drift": _known(drift),
            "statistic": found.judge,
            "threshold": found.threshold,
            **_judged(found.drifted),
        },
        "invalids": {"invalids": _known(rise), **_judged(found.invalid)},
        "singleton": {**stuck, "valid": found.observed.reference.n >= MINIMUM_SAMPLES},
    }


def _score(found: ScoreContrast) -> dict[str, Any]:
    values = {"diff": found.change, "reference": found.reference, "observed": found.observed}
    return {**{name: _known(value) for name, value in values.items()}, **_judged(found.verdict)}


def _judged(verdict: Verdict) -> dict[str, bool]:
    return {"alert": verdict == "bad", "valid": verdict != "unknown"}


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
