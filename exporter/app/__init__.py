"""The running program: sources feed decoders, one writer feeds the engines, a scrape reads their frozen states."""

from exporter.app.app import App
from exporter.app.fleet import Fleet
from exporter.app.replay import replay

__all__ = ["App", "Fleet", "replay"]
