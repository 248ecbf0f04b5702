"""Writes docs/statistics.md from the table of drift statistics and their docstrings."""

import inspect
from pathlib import Path

import numpy as np

from exporter.drift import BUILTIN, DEFAULT

PAGE = Path(__file__).parents[2] / "docs" / "statistics.md"
HEAD = """# Drift statistics

Written by `make docs` from `exporter/drift/`. The first six are exposed for every component of their kind; any other
is once a component names a threshold for it in the profile's spec, `thresholds: {hellinger: 0.17}`, or a model names
it in the configuration, `statistics: [chi_square]`, and then its p-value is exposed too. They say how far
a component is from its reference, not whether that is more than chance: that is what the evidence is for
([calibration.md](calibration.md)). All are computed on bins that are frozen in the profile; in Python, `raw` of a
statistic, where it has that form, is the same distance of raw values: `BUILTIN["wasserstein"].raw(reference, window)`
after `from exporter.drift import BUILTIN`.

Noise is what is to be expected where nothing has changed (`model_drift_noise_floor`); the score less that is the
effect.

Of raw values, and of bins as far as these are the same, they are scipy's to 1e-9. NannyML says the same numbers, but
for Wasserstein's, which it does not divide by the standard deviation, chi-square of two categories, to which it applies
Yates' correction, and numbers by Jensen-Shannon and Hellinger, for which it has bins of its own. Evidently's
Jensen-Shannon has natural logarithms (ours times 0.83), and of numbers edges that move with the data; its Wasserstein
divides by the standard deviation without Bessel's correction; its PSI fills empty bins with 0.0001; its chi-square
takes the reference as exact.

| statistic | of | threshold | least sample | noise | p-value | raw | |
|---|---|---:|---:|:-:|:-:|:-:|---|
"""


def page() -> str:
    """Return the page's text."""
    return HEAD + "".join(map(_row, BUILTIN))


def _row(name):
    statistic = BUILTIN[name]
    kinds = (
        "both" if len(statistic.kinds) > 1 else {"numeric": "numbers", "category": "categories"}[min(statistic.kinds)]
    )
    least = int(statistic.needs(np.array(12.0)))
    sample = f"{least}" if least == int(statistic.needs(np.array(20.0))) else "20 a bin"
    text = " ".join(inspect.getdoc(statistic.measure).removeprefix("Return ").split("\n\n")[0].split())
    has = ("yes" if part is not None else "" for part in (statistic.noise, statistic.p_value, statistic.exact))
    shown = f"**{name}**" if name in DEFAULT else name
    return f"| {shown} | {kinds} | {statistic.threshold:g} | {sample} | {' | '.join(has)} | {_escaped(text)} |\n"


def _escaped(text):
    return text.replace("|", "\\|").replace("*", "\\*")


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
