"""The client: what a model server calls to write the prediction log. Costs microseconds; imports msgspec alone."""

from exporter.client.log import PredictionLog
from exporter.client.profile import Profile
from exporter.client.sampling import sampled
from exporter.client.trace import Trace

__all__ = ["PredictionLog", "Profile", "Trace", "sampled"]
