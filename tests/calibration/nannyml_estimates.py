"""What NannyML itself estimates and finds on its own data, chunk by chunk, for ours to be held to.

`nannyml_estimates.py > tests/fixtures/nannyml.json`, by an interpreter that has NannyML (tests/bench/peers.py).
"""

import csv
import importlib.util
import json
import sys
import warnings
from pathlib import Path

CHUNK = 5_000
SETS = {  # files of reference, analysis and targets; target column; the column of each class' probability
    "car_loan": (
        ("synthetic_car_loan_reference", "synthetic_car_loan_analysis", "synthetic_car_loan_analysis_target"),
        "repaid",
        {"1": "y_pred_proba"},
    ),
    "california_housing": (
        ("california_housing_reference", "california_housing_analysis", "california_housing_analysis_gt"),
        "clf_target",
        {"1": "y_pred_proba"},
    ),
    "credit_card": (
        ("mc_reference", "mc_analysis", "mc_analysis_gt"),
        "y_true",
        {name: f"y_pred_proba_{name}" for name in ("prepaid_card", "highstreet_card", "upmarket_card")},
    ),
}
METRICS = ("roc_auc", "f1", "precision", "recall", "specificity", "accuracy", "confusion_matrix")


def read(name):
    """Return the reference and the analysis, with its targets, as rows of text by column."""
    found = importlib.util.find_spec("nannyml")
    data = Path(found.submodule_search_locations[0]) / "datasets" / "data"
    files, target, _ = SETS[name]
    reference, analysis, later = (_rows(data / f"{file}.csv") for file in files)
    actual = {row["id"]: row[target] for row in later}
    return reference, [row | {target: actual[row["id"]]} for row in analysis]


def _rows(path):
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        row.setdefault("id", row.get("", str(number)))
    return rows


def _said(name):
    import nannyml  # noqa: PLC0415 - tests have its data alone
    import pandas as pd  # noqa: PLC0415 - as above

    _, target, classes = SETS[name]
    several = len(classes) > 1
    reference, analysis = (_typed(pd.DataFrame(rows), target, classes) for rows in read(name))
    common = {
        "y_pred": "y_pred",
        "y_true": target,
        "y_pred_proba": classes if several else classes["1"],
        "problem_type": "classification_multiclass" if several else "classification_binary",
        "metrics": list(METRICS),
        "chunk_size": CHUNK,
    }
    estimator = nannyml.CBPE(**common).fit(reference)
    calculator = nannyml.PerformanceCalculator(**common).fit(reference)
    estimated, realized = (
        found.filter(period="analysis").to_df()
        for found in (estimator.estimate(analysis), calculator.calculate(analysis))
    )
    return {"estimated": _table(estimated), "realized": _table(realized)}


def _typed(table, target, classes):
    for column in classes.values():
        table[column] = table[column].astype(float)
    if len(classes) == 1:
        table["y_pred"], table[target] = (table[c].astype(float).astype(int) for c in ("y_pred", target))
    return table


def _table(found):
    return {metric: found[metric]["value"].tolist() for metric in found.columns.levels[0] if "value" in found[metric]}


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    json.dump({name: _said(name) for name in SETS}, sys.stdout, indent=1)
    print()
