"""What Evidently itself says of columns that are the same on every machine, for the rule in `others.py` to be held to.

`evidently_itself.py > tests/fixtures/evidently.json`, by an interpreter that has Evidently (tests/bench/peers.py).
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


def drawn(shape, rows, other):
    """Return a column; one that is the `other` differs a little."""
    shares = (np.arange(1, rows + 1) * GOLDEN + 0.31 * other) % 1
    form, levels = SHAPES[shape]
    values = form(shares ** (1.2 if other else 1.0))
    return (values.astype(np.int64) if levels else values), levels


def main():
    """Print a number and a verdict for each shape and size."""
    from evidently import DataDefinition, Dataset, Report  # noqa: PLC0415 - tests have no Evidently
    from evidently.presets import DataDriftPreset  # noqa: PLC0415 - as above
    from pandas import DataFrame  # noqa: PLC0415 - as above

    warnings.simplefilter("ignore")
    coded = [shape for shape, (_, levels) in SHAPES.items() if levels]
    definition = DataDefinition(
        numerical_columns=[shape for shape in SHAPES if shape not in coded], categorical_columns=coded
    )
    found = []
    for sizes in SIZES:
        reference, window = (
            Dataset.from_pandas(DataFrame({shape: drawn(shape, rows, other)[0] for shape in SHAPES}), definition)
            for other, rows in enumerate(sizes)
        )
        for metric in Report([DataDriftPreset()]).run(window, reference).dict()["metrics"][1:]:
            config, value = metric["config"], float(metric["value"])
            drifted = value < config["threshold"] if "p_value" in config["method"] else value >= config["threshold"]
            one = {"shape": config["column"], "sizes": sizes, "value": value, "method": config["method"]}
            found.append(one | {"drifted": drifted})
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
