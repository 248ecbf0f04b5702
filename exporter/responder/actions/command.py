"""`command`: runs a program of the allow-list with arguments; no shell has a part in it."""

import os
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Annotated, ClassVar

import msgspec

from exporter.config.kinds import Written
from exporter.config.values import parse_duration
from exporter.responder import template
from exporter.responder.action import Allowed, End, Incident, Outcome
from exporter.responder.template import Template

SHOWN_BYTES = 500
_ENVIRONMENT = ("PATH", "LANG", "LC_ALL", "TZ")


class Command(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A program and its arguments; it reads the alert as JSON from its standard input and ends with exit code 0.

    It is killed, with what it started, at the timeout. One that was cut short by the end of the responder is not run
    again, since nobody knows how far it came.
    """

    program: Path
    arguments: list[Annotated[Template, Written(template.parse)]] = []
    timeout: Annotated[float, Written(parse_duration)] = 60.0

    repeatable: ClassVar[bool] = False

    def problems(self, allowed: Allowed) -> Iterator[tuple[str, str]]:
        """Yield a program that is not allowed or not there."""
        if self.program not in allowed.commands:
            yield "program", f"{self.program} is not in commands"
        if not os.access(self.program, os.X_OK) or not self.program.is_file():
            yield "program", f"{self.program} is no program that can be run"

    def run(self, incident: Incident, allowed: Allowed) -> Outcome:
        """Run it."""
        values = incident.values()
        arguments = [argument.fill(values) for argument in self.arguments]
        for argument, text in zip(self.arguments, arguments, strict=True):
            if "\0" in text or (text.startswith("-") and argument.text.startswith("${")):
                return Outcome(End.FAILED, f"the argument {argument.text} would be {text!r}: an option, or no text")
        if self.program not in allowed.commands:
            return Outcome(End.FAILED, f"{self.program} is not in commands")
        with tempfile.TemporaryFile() as output:
            return self._run([str(self.program), *arguments], incident.json(), output)

    def _run(self, command: Sequence[str], alert: bytes, output: IO[bytes]) -> Outcome:
        environment = {name: os.environ[name] for name in _ENVIRONMENT if name in os.environ}
        process = subprocess.Popen(  # noqa: S603 - a program of the allow-list, without a shell
            command, stdin=subprocess.PIPE, stdout=output, stderr=output, env=environment, start_new_session=True
        )
        try:
            process.communicate(alert, self.timeout)
        except BaseException as error:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if isinstance(error, subprocess.TimeoutExpired):
                return Outcome(End.FAILED, f"killed after {self.timeout:g} s: {_last(output)}")
            raise
        end = End.SUCCEEDED if process.returncode == 0 else End.FAILED
        return Outcome(end, f"exit code {process.returncode}: {_last(output)}")


def _last(output: IO[bytes]) -> str:
    """Return the end of what a program has printed."""
    size = output.seek(0, os.SEEK_END)
    output.seek(max(0, size - SHOWN_BYTES))
    return output.read().decode(errors="replace")
