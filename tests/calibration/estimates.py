"""How often the interval of an estimate holds the realized score, and NannyML's estimates beside ours.

`--write` writes docs/estimates.md; `make calibration` does, the windows take some minutes.
"""

import sys
from pathlib import Path

import msgspec
import nannyml_beside
import numpy as np

from exporter.plan import plan
from exporter.profile import Columns, ProfileSpec, build
from exporter.profile.values import column_of

WINDOWS, SIZES, REFERENCES, REFERENCE_ROWS = 2000, (100, 1000, 10_000), 10, 50_000
TEXT = Path(__file__).with_name("estimates.md")
PAGE = Path(__file__).parents[2] / "docs" / "estimates.md"
LEVELS = ("no", "yes")
CELLS = ("accuracy", "balanced_accuracy", "precision", "recall", "specificity", "f1", "f_beta", "matthews_correlation")
SEVERAL = tuple(f"{how}_{what}" for how in ("macro", "weighted") for what in ("precision", "recall", "f1"))
LOSSES = ("mean_absolute_error", "root_mean_squared_error", "mean_error")


def spec():
    """Return the spec of a model that classifies and of one that predicts a number."""
    pair = {"output": "y", "actual": "y"}
    evals = {
        "cells": {"classification_error_type": pair | {"positive": "yes"}},
        "ranks": {"class_score": {"output": "p", "actual": "y", "positive": "yes"}},
        "matrix": {"confusion": pair | {"classes": list(LEVELS)}},
        "distance": {"absolute_error": {"output": "v", "actual": "v"}},
        "error": {"error": {"output": "v", "actual": "v"}},
    }
    numbers = [("x", "input"), ("z", "input"), ("p", "output"), ("v", "output"), ("v", "actual")]
    parts = [{"name": name, "element": f"{role}.{name}", "dtype": "float"} for name, role in numbers]
    parts += [{"name": "y", "element": f"{role}.y", "dtype": "category"} for role in ("output", "actual")]
    parts += [{"name": name, "role": "eval", "extractor": extractor} for name, extractor in evals.items()]
    reads = dict.fromkeys(CELLS, "cells") | dict.fromkeys(SEVERAL, "matrix") | {"roc_auc": "ranks"}
    reads |= {"mean_absolute_error": "distance", "root_mean_squared_error": "distance", "mean_error": "error"}
    scores = [{"name": name, "input": of, "estimate": name in LOSSES or {"yes": "p"}} for name, of in reads.items()]
    built = {"name": "m", "version": "1", "components": parts, "scores": scores}
    return msgspec.convert(built, ProfileSpec)


def draw(random, n):
    """Return n records: probabilities that say too much, and a number whose error grows with an input."""
    x, z = random.normal(size=(2, n))
    logit = 1.6 * x - 0.9
    real = random.random(n) < 1 / (1 + np.exp(-logit))
    said = 1 / (1 + np.exp(-2 * logit - random.normal(0, 0.6, n)))
    return {
        ("input", "x"): x,
        ("input", "z"): z,
        ("output", "p"): said,
        ("output", "y"): [LEVELS[one] for one in (said > 0.5).tolist()],
        ("actual", "y"): [LEVELS[one] for one in real.tolist()],
        ("output", "v"): 3 * x,
        ("actual", "v"): 3 * x + random.normal(size=n) * (0.5 + np.abs(x)),
    }


class Watched:
    """A plan from a reference, and the estimates and scores of a window by it."""

    def __init__(self, random):
        wanted = spec()
        self.plan = plan(build(wanted, Columns(draw(random, REFERENCE_ROWS)), 0.0), ())
        self.specs = [component.spec for component in self.plan.profile.components if component.role != "eval"]

    def measured(self, random, n):
        """Return by score what is estimated of a window and what its actuals give."""
        fixed, rows = self.plan, draw(random, n)
        fields = zip(self.specs, fixed.schema.fields, strict=True)
        columns = [column_of(one, rows[one.key], field.levels or ()) for one, field in fields]
        columns += fixed.estimates.expected(columns, {})
        laid_out = fixed.estimates.laid_out(columns, {})
        sums = [step.measure.of(part).sums for step, part in zip(fixed.estimates.steps, laid_out, strict=True)]
        evals = [one.component.measure.of(one.compute(columns[one.output], columns[one.actual])) for one in fixed.evals]
        first = len(fixed.outcome_components) - len(evals)
        for score in fixed.scores:
            found = fixed.estimates.steps[score.estimate].score(score.score.measure, sums[score.estimate])
            yield score.name, found, score.score.measure(evals[score.components[0] - first]).value


def coverage(n, windows=WINDOWS, references=REFERENCES, seed=0):
    """Return by score the share of windows of n records whose interval holds the realized score."""
    random, held = np.random.default_rng([seed, n]), {}
    for _ in range(references):
        watched = Watched(random)
        for _ in range(windows // references):
            for name, found, realized in watched.measured(random, n):
                held.setdefault(name, []).append(found.lower <= realized <= found.upper)
    return {name: float(np.mean(one)) for name, one in held.items()}


def table():
    """Yield the table of coverage, its lines."""
    found = [coverage(n) for n in SIZES]
    yield "| score | " + " | ".join(f"n = {n:,}" for n in SIZES) + " |"
    yield "|---|" + "---|" * len(SIZES)
    for name in found[0]:
        yield f"| `{name}` | " + " | ".join(f"{one[name]:.1%}" for one in found) + " |"


def page(simulated, beside):
    """Return the whole page with a table of coverage and one of differences, their lines."""
    text = TEXT.read_text(encoding="utf-8").replace("{coverage}", "\n".join(simulated))
    return text.replace("{nannyml}", "\n".join(beside))


if __name__ == "__main__" and "--write" in sys.argv:
    PAGE.write_text(page(table(), nannyml_beside.table()), encoding="utf-8")
