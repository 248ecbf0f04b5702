"""Reads the exporter's own /metrics, as a person with curl would, and tells good news from bad."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from math import isnan, nan
from urllib.request import urlopen

SAMPLE = re.compile(r"^([a-z_]+)\{(.*)\} (\S+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')
INVALID_LIMIT = 0.05  # share of a component's values; the reference has next to none
ENOUGH = 250  # records behind a score, for the demo to judge it: its noise is then far from the threshold
SECONDS = 10.0  # to wait for an answer

Samples = Sequence[tuple[str, dict[str, str], float]]


@dataclass(frozen=True, slots=True)
class Fact:
    """A number and its threshold, NaN where there is none (yet); `sign` is 1 where more is worse, else -1.

    `touched` says that the demo's fault should show in it; `form` is how it is written.
    """

    what: str
    value: float
    threshold: float
    sign: int = 1
    touched: bool = True
    form: str = ".3f"

    @property
    def known(self) -> bool:
        """Tell whether there is a value and a threshold to judge it by."""
        return not isnan(self.value) and not isnan(self.threshold)

    @property
    def bad(self) -> bool:
        """Tell whether the value is beyond its threshold; one that is not known is not."""
        return self.sign * self.value > self.sign * self.threshold

    @property
    def shown(self) -> str:
        """Return the value as people write it."""
        return "-" if isnan(self.value) else format(self.value, self.form)

    @property
    def limit(self) -> str:
        """Return the threshold as people write it."""
        return format(self.threshold, self.form.replace("3", "2"))


def samples(text: str) -> Samples:
    """Return the labelled samples of an exposition in the text format."""
    return [(name, dict(LABEL.findall(labels)), float(value)) for name, labels, value in SAMPLE.findall(text)]


def total(found: Samples, name: str, **labels: str) -> float:
    """Return the sum of the series of a metric that carry these labels; NaN where there is none."""
    values = [value for metric, own, value in found if metric == name and labels.items() <= own.items()]
    return sum(values) if values else nan


def facts(found: Samples, earlier: Samples, window: str) -> tuple[Fact, ...]:
    """Return what a scrape says about one window; counters are compared with those of an earlier scrape."""
    sharpness = {"model": "digits", "component": "sharpness", "role": "input"}
    observed, invalid = (
        total(found, name, **sharpness) - total(earlier, name, **sharpness)
        for name in ("model_component_observations_total", "model_component_invalid_total")
    )
    drift = total(found, "model_drift_score", window=window, statistic="psi", **sharpness)
    drift_threshold = total(found, "model_drift_threshold", statistic="psi", **sharpness)
    return (
        Fact("accuracy expected", *_expected(found, window), sign=-1),
        Fact("accuracy", *_score(found, window, model="digits", score="accuracy"), sign=-1),
        Fact("sharpness evidence", total(found, "model_drift_evidence", **sharpness), 0.0, form=".1f"),
        Fact("sharpness drift", drift, drift_threshold),
        Fact("sharpness invalid", invalid / observed if observed > 0 else nan, INVALID_LIMIT, form=".1%"),
        Fact(
            "diabetes error",
            *_score(found, window, model="diabetes", score="mean_absolute_error"),
            touched=False,
            form=".1f",
        ),
        Fact("diabetes alarms", total(found, "model_drift_alarm", model="diabetes"), 0.0, touched=False, form=".0f"),
    )


def _score(found: Samples, window: str, **labels: str) -> tuple[float, float]:
    """Return a score, if there are enough records behind it, and its threshold."""
    enough = total(found, "model_score_samples", window=window, **labels) >= ENOUGH
    value = total(found, "model_score", window=window, **labels) if enough else nan
    return value, total(found, "model_score_threshold", **labels)


def _expected(found: Samples, window: str) -> tuple[float, float]:
    """Return the accuracy that is expected before there are actuals, and its threshold."""
    label = {"model": "digits", "component": "label", "role": "output"}
    enough = total(found, "model_window_samples", window=window, **label) >= ENOUGH
    score = {"model": "digits", "score": "accuracy"}
    value = total(found, "model_estimated_score", window=window, **score) if enough else nan
    return value, total(found, "model_score_threshold", **score)


def labels(found: Samples) -> str:
    """Say how late actuals are, and how many predictions have none yet."""
    count, late = total(found, "model_actual_delay_seconds_count"), total(found, "model_actual_delay_seconds_sum")
    pending, predictions = total(found, "model_predictions_pending"), total(found, "model_predictions_total")
    if not (count > 0 and predictions > 0):
        return "no actual has come yet"
    return f"actuals after {late / count:.1f} s, {pending / predictions:.1%} of the predictions wait for theirs"


def scrape(url: str) -> Samples:
    """Return what /metrics says now; OSError where nobody answers."""
    with urlopen(url, timeout=SECONDS) as answer:  # noqa: S310 - the demo's own http address
        return samples(answer.read().decode())
