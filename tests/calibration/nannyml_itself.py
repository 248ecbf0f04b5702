"""What NannyML itself says of a reference and what followed it: `nannyml_itself.py FOLDER ROWS [CATEGORY...]`.

The folder holds reference.parquet and later.parquet. Univariate drift with its defaults, by chunks of so many rows;
printed as JSON: by column, whether there is an alert in each chunk. It runs in an environment of NannyML's own.
"""

import json
import sys
import warnings
from pathlib import Path

import nannyml
import pandas as pd


def main(folder, rows, *categories):
    """Print the alerts."""
    warnings.simplefilter("ignore")
    reference, later = (pd.read_parquet(Path(folder) / f"{name}.parquet") for name in ("reference", "later"))
    columns = list(reference.columns)
    calculator = nannyml.UnivariateDriftCalculator(
        column_names=columns, treat_as_categorical=list(categories), chunk_size=int(rows)
    )
    found = calculator.fit(reference).calculate(later).filter(period="analysis").to_df()
    alerts = {name: found[name]["jensen_shannon"]["alert"].astype(bool).tolist() for name in columns}
    print(json.dumps(alerts))


if __name__ == "__main__":
    main(*sys.argv[1:])
