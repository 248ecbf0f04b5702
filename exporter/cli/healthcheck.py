"""`healthcheck`: asks a running exporter whether it is ready, for containers without curl."""

import argparse

from exporter.cli.ask import ask, parsed
from exporter.cli.failure import CommandError

OK = 200


def main(arguments: argparse.Namespace) -> int:
    """Ask; the exit code is 0 for an answer of 200 and 1 for any other, or none."""
    url = parsed(arguments.url)
    status, body = ask(url)
    if status != OK:
        raise CommandError(
            f"{url.hostname} answered {status} {body[:200].decode(errors='replace').partition(chr(10))[0]}"
        )
    return 0
