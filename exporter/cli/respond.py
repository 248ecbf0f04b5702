"""`respond`: carries out actions when Alertmanager says so."""

import argparse
import signal
import threading

from exporter.cli import loading, logs
from exporter.cli.failure import reported
from exporter.responder import Responder, StoreError, load


def main(arguments: argparse.Namespace) -> int:
    """Take notifications until SIGTERM or SIGINT."""
    logs.set_up(arguments.log_level, arguments.log_format)
    responses = loading.checked(arguments.config_file, load)
    with reported(ValueError, StoreError):
        responder = Responder(responses, arguments.web_listen_address)
    ended = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: ended.set())
    responder.start()
    ended.wait()
    responder.stop()
    return 0
