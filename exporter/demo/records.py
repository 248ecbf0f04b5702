"""What the pretended model server has to log: predictions, their actuals, and now and then a failure."""

import time
from collections.abc import Mapping
from typing import Any, Protocol, TypedDict

import numpy as np

SEED = 8
MACHINES = ("1", "2", "3", "4")
FAILURES = 0.002  # share of the requests that fail
ERRORS = ("the worker was restarted", "CUDA out of memory", "no connection to the image store")
QUEUEING = (0.006, 0.6)  # median seconds and log-scale spread of what a real server adds to the model's own time


class Prediction(TypedDict, total=False):
    """What `PredictionLog.prediction` takes, of a request that was answered or has failed."""

    input: Mapping[str, object]
    output: Mapping[str, object]
    error: str
    latency_seconds: float
    tags: Mapping[str, object]


class Model(Protocol):
    """A trained model together with the data that it is asked about."""

    @property
    def name(self) -> str:
        """The model's name in the log."""

    @property
    def version(self) -> str:
        """The model's version in the log."""

    @property
    def rate(self) -> float:
        """Requests a second at speed 1."""

    @property
    def size(self) -> int:
        """How many things it can be asked about."""

    def datum(self, index: int, rng: np.random.Generator, blur: int) -> tuple[Any, Mapping[str, object]]:
        """Return what a request about one of them carries, and its actual."""

    def answer(self, datum: Any) -> tuple[Mapping[str, object], Mapping[str, object]]:  # noqa: ANN401 - the model's own
        """Return the logged input and output."""


def request(
    model: Model, index: int, rng: np.random.Generator, blurs: Mapping[str, int]
) -> tuple[Prediction, Mapping[str, object] | None]:
    """Answer a request; returns the prediction, and its actual or None for a request that failed.

    `index` is which of the model's images (patients) it is about; `blurs` are the blur passes of the machines whose
    camera is out of focus. The random numbers that are drawn do not depend on them, so a run with a fault asks for the
    same data as one without.
    """
    machine = MACHINES[rng.integers(len(MACHINES))]
    datum, actual = model.datum(index, rng, blurs.get(machine, 0))
    fails, queueing = rng.random() < FAILURES, QUEUEING[0] * float(np.exp(rng.normal(0, QUEUEING[1])))
    start = time.perf_counter()
    inputs, output = model.answer(datum)
    latency = round(time.perf_counter() - start + queueing, 6)
    prediction = Prediction(tags={"machine": machine}, latency_seconds=latency)
    if fails:
        return {**prediction, "error": ERRORS[rng.integers(len(ERRORS))]}, None
    return {**prediction, "input": inputs, "output": output}, actual
