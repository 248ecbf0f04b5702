"""An exporter at work on a log of its own, and a client that reads its metrics."""

import http.client
import time
from contextlib import closing, contextmanager

import pytest
import shop

from exporter import config
from exporter.app import App
from exporter.profile import dump

CONFIG = """
evaluation_interval: 100ms
models:
  - profile: shop@1.0.0.json
    windows: [1h, 500 rows]
{model}
sources:
  - file: {{path: log.jsonl, name: log, poll_interval: 0.01}}
"""


class Site:
    """A directory with a profile, a configuration and a log, and exporters that run there."""

    def __init__(self, directory, model="", profile=None):
        self.log = directory / "log.jsonl"
        self.config = directory / "exporter.yml"
        self.config.write_text(CONFIG.format(model=model))
        (directory / "shop@1.0.0.json").write_bytes(dump(profile or shop.profile()))

    def append(self, records):
        with self.log.open("ab") as file:
            file.write(records if isinstance(records, bytes) else shop.lines(records))

    def load(self):
        return config.load(str(self.config))

    def running(self, configuration=None, prepare=None):
        """Run an exporter; `prepare` may change it before it starts."""
        return serving(self.config, configuration, prepare)


def refused(directory, option):
    """What is said of a configuration whose third line is an option of the shop's model that cannot be."""
    (directory / "shop.json").write_bytes(shop.dumped())
    path = directory / "exporter.yml"
    path.write_text(f"models:\n  - profile: shop.json\n    {option}\nsources: [stdin: {{}}]\n")
    with pytest.raises(config.ConfigError) as raised:
        config.load(str(path))
    return str(raised.value)


@contextmanager
def serving(path, configuration=None, prepare=None):
    """Run an exporter by the configuration of a file."""
    app = App(configuration or config.load(str(path)), str(path), ["127.0.0.1:0"])
    if prepare:
        prepare(app)
    app.start()
    try:
        yield app
    finally:
        if app.addresses:
            app.stop()


def get(address, path="/metrics"):
    """Return status and body of a path."""
    with closing(http.client.HTTPConnection(address, timeout=10)) as client:
        client.request("GET", path)
        response = client.getresponse()
        return response.status, response.read()


def scrape(address):
    """Return all samples of a scrape."""
    status, body = get(address)
    assert status == 200
    return shop.read(body)


def until(address, condition, seconds=10.0):
    """Scrape until a condition on the samples holds, and return them; fail if it does not in time."""
    deadline = time.monotonic() + seconds
    while not condition(found := scrape(address)):
        assert time.monotonic() < deadline, "it did not come to that"
        time.sleep(0.01)
    return found
