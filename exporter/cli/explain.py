"""`explain`: asks a running exporter what has changed, and says it in words."""

import argparse
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from urllib.parse import urlencode

import msgspec

from exporter.cli.ask import ask, parsed
from exporter.cli.failure import CommandError
from exporter.explain import Finding, SliceFinding

DAY = 86_400
OK = 200


class Answer(msgspec.Struct):
    """What the exporter says of one model and window; times are Unix seconds."""

    model: str
    version: str
    window: str
    evaluated: float | None
    false_alarm_budget_seconds: float
    components: list[Finding]
    slices: list[SliceFinding]


class _Body(msgspec.Struct):
    status: str
    data: list[Answer] = []
    error: str = ""


def main(arguments: argparse.Namespace) -> int:
    """Ask and print; the exit code is 1 while any component is in alarm."""
    chosen = {name: value for name in ("window", "model") if (value := getattr(arguments, name)) is not None}
    url = parsed(f"{arguments.url.rstrip('/')}/api/v1/drift?{urlencode(chosen)}")
    status, body = ask(url)
    try:
        answer = msgspec.json.decode(body, type=_Body)
    except msgspec.MsgspecError:
        raise CommandError(f"{url.hostname} answered {status}, and nothing of drift") from None
    if status != OK:
        raise CommandError(answer.error)
    answers = answer.data if arguments.window else _first(answer.data)
    sys.stdout.write("\n".join("".join(f"{line}\n" for line in told(one)) for one in answers))
    return int(any(finding.alarm for one in answers for finding in one.components))


def _first(answers: Sequence[Answer]) -> list[Answer]:
    return list({(one.model, one.version): one for one in reversed(answers)}.values())[::-1]


def told(answer: Answer) -> Iterator[str]:
    """Yield the lines that say what is known of one model and window."""
    alarms = sum(finding.alarm for finding in answer.components)
    what = f"{alarms} of {len(answer.components)} components have left the reference"
    when = "not evaluated yet" if answer.evaluated is None else f"{what}, {_moment(answer.evaluated)}"
    yield f"{answer.model} {answer.version}, last {answer.window}: {when}"
    for finding in answer.components:
        yield from _finding(finding)
    for worse in answer.slices:
        yield from _slice(worse)
    days = answer.false_alarm_budget_seconds / DAY
    yield f"  On average at most one alarm in {days:g} days is false, of all components of the model together."


def _slice(finding: SliceFinding) -> Iterator[str]:
    yield f"  WORSE {finding.segment} {finding.value}: {finding.text}"
    for reason in finding.reasons:
        yield f"        {reason.role} {reason.component}: {reason.text}"


def _finding(finding: Finding) -> Iterator[str]:
    name = f"{finding.role} {finding.component}"
    if not finding.alarm:
        yield f"  ok    {name}: {finding.text}" if finding.evidence is not None else f"  -     {name}: too few rows yet"
        return
    since = "" if finding.since is None else f" since about {_moment(finding.since)}"
    yield f"  ALARM {name}{since}, {finding.severity}"
    yield f"        {finding.text}"
    moved = "; ".join(f"{b.name}: {b.reference:.1%} -> {b.window:.1%}" for b in finding.bins)
    if moved:
        yield f"        moved most: {moved}"
    effect = "" if finding.effect is None else f"PSI {finding.effect:.2g} beyond noise, "
    yield f"        {effect}evidence 10^{finding.evidence:.1f} times the alarm line, {finding.samples:,} values"


def _moment(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%d %H:%M UTC")
