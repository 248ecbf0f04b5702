"""Answers alerts: takes Alertmanager's notifications and carries out the actions that `responses.yml` has for them."""

from exporter.responder.model import load
from exporter.responder.service import Responder
from exporter.responder.store import StoreError

__all__ = ["Responder", "StoreError", "load"]
