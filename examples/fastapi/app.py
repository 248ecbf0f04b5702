"""A model server: /predict answers how long a taxi ride will take, /feedback is told how long it took."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, Request
from pydantic import BaseModel

from exporter.client import PredictionLog
from exporter.client.asgi import PredictionLogMiddleware


class Ride(BaseModel):
    """What the model is asked about."""

    kilometres: float
    passengers: int
    zone: str


class Duration(BaseModel):
    """How long a ride takes, by the model or by the taximeter."""

    minutes: float


def minutes(ride: Ride) -> float:
    """Be the model."""
    return round(4 + 2.2 * ride.kilometres + (6 if ride.zone == "centre" else 0), 1)


log = PredictionLog("logs/predictions.jsonl", model="taxi", version="1.0.0")


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncIterator[None]:
    """Write what is left when the server stops."""
    yield
    log.close()


app = FastAPI(lifespan=lifespan)
app.add_middleware(PredictionLogMiddleware, log=log, routes=["/predict"])


@app.post("/predict")
def predict(ride: Ride, request: Request) -> dict[str, object]:
    """Answer, with the id that feedback needs; the middleware measures, and records failures."""
    trace = request.state.trace
    trace.input(ride)
    trace.output = {"minutes": minutes(ride)}
    return {"id": trace.id, **trace.output}


@app.post("/feedback/{request_id}", status_code=204)
def feedback(request_id: str, actual: Duration) -> None:
    """Take down what turned out to be true, a ride or a month later."""
    log.actual(request_id, actual=actual)
