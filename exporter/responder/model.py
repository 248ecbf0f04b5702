"""The file of responses (`responses.yml`) as structs: which alerts are answered, with what, how often."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec

from exporter.config.kinds import Checked, PlugIn, Written
from exporter.config.load import load_checked
from exporter.config.values import parse_duration
from exporter.responder import matcher, secret
from exporter.responder.action import Allowed
from exporter.responder.actions import PLUGINS
from exporter.responder.matcher import Matcher

Duration = Annotated[float, Written(parse_duration)]
Some = msgspec.Meta(min_length=1)
_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,62}")
_HOST = re.compile(r"(\[[0-9a-f:]+\]|[a-z0-9]([a-z0-9._-]*[a-z0-9])?)(:[0-9]{1,5})?")


def _name(text: str) -> None:
    if not _NAME.fullmatch(text):
        raise ValueError(f"{text!r} is no name; it has lower-case letters, digits, - and _")


def _hosts(hosts: list[str]) -> None:
    for host in hosts:
        if not _HOST.fullmatch(host):
            raise ValueError(f"{host!r} is no host; write it in lower case as host or host:port")


class Limit(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """So many times in such a time at most; what is beyond gets its turn when Alertmanager repeats the alert."""

    times: Annotated[int, msgspec.Meta(ge=1)] = 10
    within: Duration = 3600.0


class Response(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An action and the alerts that it answers.

    An alert is answered once each time it fires (or, with `when: resolved`, is over), however often it is repeated.
    Alerts whose labels in `per` are equal (without `per`: the same alert, fired again) are one incident: within
    `cooldown` of an action that has not failed there is no second one. An action that has not succeeded `give_up`
    after the alert came is given up.
    """

    name: Annotated[str, Checked(_name)]
    matchers: Annotated[list[Annotated[Matcher, Written(matcher.parse)]], Some]
    action: Annotated[Any, PlugIn("action", PLUGINS)]
    when: Literal["firing", "resolved"] = "firing"
    per: list[str] = []
    cooldown: Duration = 3600.0
    limit: Limit = Limit()
    give_up: Duration = 6 * 3600.0
    dry_run: bool = False


class Responses(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file; paths start at its directory.

    `state` is the file that remembers what was answered, `audit` gets a JSON line for each decision and attempt, and
    with `token_file` Alertmanager has to send that token. What actions may reach is in `hosts`, `private_hosts` (whose
    addresses need not be public) and `commands`. With `dry_run` nothing is done, and all else is as if it were.
    """

    responses: Annotated[list[Response], Some]
    state: Path
    audit: Path | None = None
    token_file: Path | None = None
    hosts: Annotated[list[str], Checked(_hosts)] = []
    private_hosts: Annotated[list[str], Checked(_hosts)] = []
    commands: list[Path] = []
    dry_run: bool = False

    @property
    def allowed(self) -> Allowed:
        """Return what actions may reach."""
        return Allowed(frozenset(self.hosts), frozenset(self.private_hosts), frozenset(self.commands))


def load(path: str) -> Responses:
    """Return the responses of a file, or raise ConfigError with all of its problems."""
    return load_checked(path, Responses, _problems)


def _problems(responses: Responses) -> Iterator[tuple[str, str]]:
    if problem := secret.problem(responses.token_file):
        yield "token_file", problem
    seen: dict[str, int] = {}
    for index, response in enumerate(responses.responses):
        place = f"responses[{index}]"
        if seen.setdefault(response.name, index) != index:
            yield f"{place}.name", f"{response.name!r} is already the name of responses[{seen[response.name]}]"
        kind = PLUGINS.name_of(type(response.action))
        for option, message in response.action.problems(responses.allowed):
            yield f"{place}.action.{kind}.{option}", message
