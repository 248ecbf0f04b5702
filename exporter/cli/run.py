"""`run`: the exporter itself."""

import argparse

from exporter.app import App
from exporter.cli import loading, logs
from exporter.cli.failure import reported
from exporter.state import StateError
from exporter.web.settings import WebConfigError


def main(arguments: argparse.Namespace) -> int:
    """Read logs and serve metrics until SIGTERM or SIGINT."""
    logs.set_up(arguments.log_level, arguments.log_format)
    config = loading.configuration(arguments.config_file)
    with reported(ValueError, WebConfigError, StateError):
        app = App(
            config,
            arguments.config_file,
            arguments.web_listen_address,
            arguments.web_config_file,
            lifecycle=arguments.web_enable_lifecycle,
        )
    with reported():
        return app.run()
