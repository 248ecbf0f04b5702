"""The diabetes model of the demo: a real regression of disease progression on ten measurements of a patient."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.float64]  # (n, 10), in the units of the study

TRAINING_ROWS = 221
RATE = 5.0  # requests a second
COLUMNS = ("age", "sex", "bmi", "bp", "s1", "s2", "s3", "s4", "s5", "s6")
REPEATABILITY = 0.01  # a measurement that is taken again differs by so much; age and sex do not
EXACT = 2


@dataclass(frozen=True, slots=True)
class Diabetes:
    """A fitted regression and the patients that it has never seen."""

    patients: Rows
    progressions: tuple[float, ...]
    regression: Any
    name: str = "diabetes"
    version: str = "1.2.0"
    rate: float = RATE

    @property
    def size(self) -> int:
        """Return the number of patients."""
        return len(self.patients)

    def datum(self, index: int, rng: np.random.Generator, blur: int) -> tuple[Rows, dict[str, float]]:  # noqa: ARG002 - no camera
        """Examine a patient; return the measurements and the actual."""
        patient = self.patients[index].copy()
        patient[EXACT:] *= rng.normal(1, REPEATABILITY, len(patient) - EXACT)
        return patient.round(4), {"value": self.progressions[index]}

    def answer(self, patient: Rows) -> tuple[dict[str, object], dict[str, object]]:
        """Return the logged input and the output of one prediction."""
        value = float(self.regression.predict(patient.reshape(1, -1))[0])
        inputs: dict[str, object] = dict(zip(COLUMNS, patient.tolist(), strict=True))
        inputs |= {"age": int(patient[0]), "sex": str(int(patient[1]))}
        return inputs, {"value": round(value, 2)}


def fitted(rng: np.random.Generator) -> Diabetes:
    """Fit the regression to half of the patients; the others are the ones who come later."""
    from sklearn.datasets import load_diabetes  # noqa: PLC0415 - an extra, needed by the model server alone
    from sklearn.linear_model import LinearRegression  # noqa: PLC0415 - the same

    data = load_diabetes(scaled=False)
    order = rng.permutation(len(data.data))
    seen, unseen = order[:TRAINING_ROWS], order[TRAINING_ROWS:]
    regression = LinearRegression().fit(data.data[seen], data.target[seen])
    return Diabetes(data.data[unseen], tuple(data.target[unseen].tolist()), regression)
