"""Starts the real exporter again and again, quickly: everything is imported once, and each one is a fork of that.

On its own: `python tests/forked.py ARGUMENT...` forks `prediction-exporter ARGUMENT...` for each line of standard
input, and prints its process number; an empty line is printed once it has ended.
"""

import os
import subprocess
import sys
from contextlib import contextmanager, suppress

# instead of 1 second and 1000 pages: ten times as many moments at which a kill can do harm
CHECKPOINT_SECONDS = 0.1
JOURNAL_PAGES = 100


def serve(arguments):
    from exporter.app import keeper  # noqa: PLC0415 - the test that imports this module needs nothing of it
    from exporter.cli import main, run  # noqa: F401, PLC0415 - it is imported for the forks
    from exporter.state import store  # noqa: PLC0415 - as above

    keeper.SECONDS, store.JOURNAL_PAGES = CHECKPOINT_SECONDS, JOURNAL_PAGES
    while sys.stdin.buffer.raw.read(1):
        if not (process := os.fork()):
            os._exit(main(arguments))
        print(process, flush=True)
        os.waitpid(process, 0)
        print(flush=True)


class Server:
    """Starts exporters one after the other."""

    def __init__(self, process):
        self._process = process

    def start(self):
        self._process.stdin.write(b"\n")
        return int(self._process.stdout.readline())

    @staticmethod
    def send(process, signal):
        """Send a signal to an exporter, which may have ended by an earlier one."""
        with suppress(ProcessLookupError):
            os.kill(process, signal)

    def end(self, process, signal):
        """Send a signal, and wait until the exporter has ended."""
        self.send(process, signal)
        assert not self._process.stdout.readline().strip()


@contextmanager
def exporters(home, *arguments):
    """A server of exporters that run in a directory."""
    command = [sys.executable, __file__, *arguments]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": (home / "errors.log").open("wb")}
    with pipes["stderr"], subprocess.Popen(command, cwd=home, bufsize=0, **pipes) as process:
        yield Server(process)
        process.stdin.close()


if __name__ == "__main__":
    serve(sys.argv[1:])
