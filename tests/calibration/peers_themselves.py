"""What Evidently and NannyML themselves say of columns that are the same on every machine, to be held to.

`peers_themselves.py > tests/fixtures/peers.json`, by an interpreter that has both (tests/bench/peers.py).
"""

import json
import math
import warnings

import numpy as np

SIZES = ((700, 400), (1000, 3000), (1001, 400), (8000, 3000))  # of reference and window
GOLDEN = (math.sqrt(5) - 1) / 2
SHAPES = {  # of evenly spread shares, and the number of categories or 0
    "logistic": (lambda u: np.log(u / (1 - u)), 0),
    "exponential": (lambda u: -np.log(1 - u), 0),
    "cauchy": (lambda u: np.tan(np.pi * (u - 0.5)), 0),
    "two": (lambda u: u < 0.3, 2),
    "five": (lambda u: 5 * u**2, 5),
    "many": (lambda u: 200 * u**3, 200),
}
CODED = [shape for shape, (_, levels) in SHAPES.items() if levels]


def drawn(shape, rows, other):
    """Return a column; one that is the `other` differs a little."""
    shares = (np.arange(1, rows + 1) * GOLDEN + 0.31 * other) % 1
    form, levels = SHAPES[shape]
    values = form(shares ** (1.2 if other else 1.0))
    return (values.astype(np.int64) if levels else values), levels


def frames(sizes):
    """Return reference and window of all shapes."""
    from pandas import DataFrame  # noqa: PLC0415 - tests draw without it

    return [DataFrame({shape: drawn(shape, n, other)[0] for shape in SHAPES}) for other, n in enumerate(sizes)]


def evidently(reference, window):
    """Yield column, method, value and verdict of its preset."""
    from evidently import DataDefinition, Dataset, Report  # noqa: PLC0415 - tests have no Evidently
    from evidently.presets import DataDriftPreset  # noqa: PLC0415 - as above

    definition = DataDefinition(
        numerical_columns=[shape for shape in SHAPES if shape not in CODED], categorical_columns=CODED
    )
    one, other = (Dataset.from_pandas(frame, definition) for frame in (reference, window))
    for metric in Report([DataDriftPreset()]).run(other, one).dict()["metrics"][1:]:
        config, value = metric["config"], float(metric["value"])
        p_value = "p_value" in config["method"]
        drifted = value < config["threshold"] if p_value else value >= config["threshold"]
        yield config["column"], config["method"], value, drifted


def nannyml(reference, window):
    """Yield column, method and value of the methods that need no bins of its own; it has no verdict on one chunk."""
    from nannyml import UnivariateDriftCalculator  # noqa: PLC0415 - tests have no NannyML

    methods = {
        "continuous_methods": ["kolmogorov_smirnov", "wasserstein"],
        "categorical_methods": ["jensen_shannon", "hellinger", "l_infinity", "chi2"],
    }
    calculator = UnivariateDriftCalculator(
        column_names=list(SHAPES), treat_as_categorical=CODED, chunk_size=len(window), **methods
    )
    found = calculator.fit(reference).calculate(window).filter(period="analysis").to_df()
    for column, method in {key[:2] for key in found.columns if key[0] in SHAPES}:
        yield column, method, float(found[column][method]["value"].iloc[0]), None


def main():
    """Print a number and a verdict of each peer for each shape and size."""
    warnings.simplefilter("ignore")
    said = [
        {"peer": peer.__name__, "sizes": sizes, "shape": shape, "method": method, "value": value, "drifted": drifted}
        for sizes in SIZES
        for peer in (evidently, nannyml)
        for shape, method, value, drifted in sorted(peer(*frames(sizes)))
    ]
    print(json.dumps(said, indent=1))


if __name__ == "__main__":
    main()
