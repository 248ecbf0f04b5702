"""Commands and flags with their help."""

import argparse
import sys

from exporter import __version__
from exporter.cli import flags

PROGRAM = "prediction-exporter"
DESCRIPTION = (
    "Watches machine-learning models with Prometheus: reads their prediction log, exposes drift, scores, health."
)
LEVELS = ("debug", "info", "warning", "error")


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of the whole command line."""
    root = argparse.ArgumentParser(PROGRAM, description=DESCRIPTION, allow_abbrev=False)
    root.add_argument("--version", action="version", version=f"{PROGRAM} {__version__} (Python {_python()})")
    commands = root.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _run(_command(commands, "run", "read prediction logs and serve metrics"))
    _demo(_command(commands, "demo", "real models with a drift on schedule; nothing to configure"))
    _config(_command(commands, "check", "check a configuration: every error with file, line and key; exit code 1"))
    _profile(_command(commands, "profile", "make and read profiles"))
    _replay(_command(commands, "replay", "read finished logs once and print the metrics"))
    _metrics(_command(commands, "metrics", "print the catalogue of metrics"))
    _explain(_command(commands, "explain", "say what has changed: which component, from what to what, since when"))
    _slices(_command(commands, "slices", "search a log for slices of the traffic on which the model is worse"))
    _respond(_command(commands, "respond", "carry out actions on alerts that Alertmanager sends"))
    _healthcheck(_command(commands, "healthcheck", "ask a running exporter whether it is ready; exit code 0 or 1"))
    return root


def _python() -> str:
    return ".".join(map(str, sys.version_info[:3]))


def _command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]", name: str, text: str
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=text, description=f"{text[0].upper()}{text[1:]}.", allow_abbrev=False)
    command.set_defaults(command=name)
    return command


def _config(command: argparse.ArgumentParser) -> None:
    flags.add(command, "--config.file", "the configuration", default="exporter.yml", metavar="FILE")


def _web(command: argparse.ArgumentParser) -> None:
    text = "address to serve on (:8770, 127.0.0.1:8770, [::1]:8770)"
    flags.add_repeatable(command, "--web.listen-address", text, default=[":8770"], metavar="ADDRESS")


def _log(command: argparse.ArgumentParser, level: str = "info") -> None:
    text = f"least level of a line: {', '.join(LEVELS)}"
    flags.add(command, "--log.level", text, default=level, metavar="LEVEL", kind=flags.one_of(*LEVELS))
    text = "form of a line: logfmt or json"
    flags.add(command, "--log.format", text, default="logfmt", metavar="FORMAT", kind=flags.one_of("logfmt", "json"))


def _run(command: argparse.ArgumentParser) -> None:
    _config(command)
    _web(command)
    text = "TLS and passwords, in the format of Prometheus' exporter-toolkit"
    flags.add(command, "--web.config.file", text, metavar="FILE")
    flags.add_switch(command, "--web.enable-lifecycle", "let POST /-/reload reload the configuration, as SIGHUP does")
    _log(command)


def _demo(command: argparse.ArgumentParser) -> None:
    _web(command)
    flags.add(command, "--speed", "factor of the request rate", default="1", metavar="X", kind=_factor)
    text = "length of the story, 0 for ever (default 5m, with --only model for ever)"
    flags.add(command, "--duration", text, metavar="DURATION")
    flags.add(command, "--directory", "where its files are kept (default a temporary directory)", metavar="DIRECTORY")
    text = "only this part of it: model, the model server with its files"
    flags.add(command, "--only", text, metavar="PART", kind=flags.one_of("model"))
    _log(command, level="warning")


def _profile(command: argparse.ArgumentParser) -> None:
    actions = command.add_subparsers(title="actions", required=True, metavar="ACTION", dest="action")
    infer = actions.add_parser("infer", help="print a spec, to be edited, for the records of a log", allow_abbrev=False)
    infer.add_argument("logs", nargs="+", metavar="LOG", help="log of native records; - is standard input")
    flags.add(infer, "--name", "the model (default what most records say)", metavar="NAME")
    flags.add(infer, "--version", "its version (default what most records say)", metavar="VERSION")
    flags.add(infer, "--output", "file to write instead of standard output", metavar="FILE", short="-o")
    build = actions.add_parser("build", help="build a profile from a spec and reference records", allow_abbrev=False)
    flags.add(build, "--spec", "the spec", default="profile.yml", metavar="FILE")
    flags.add_list(build, "--reference", "logs of records of a time when all was well", metavar="LOG")
    _images(build)
    text = "directory, or file if it ends in .json"
    flags.add(build, "--output", text, default="profiles", metavar="PATH", short="-o")
    show = actions.add_parser("show", help="print what a profile holds", allow_abbrev=False)
    show.add_argument("file", metavar="FILE", help="a built profile")
    flags.add(show, "--html", "write it as a page instead, for any browser", metavar="FILE")
    text = "say what of a profile differs from a reference; exit code 1 where something is wrong"
    diff = actions.add_parser("diff", help=text, allow_abbrev=False)
    diff.add_argument("reference", metavar="REFERENCE", help="a built profile")
    diff.add_argument("observed", metavar="OBSERVED", help="another of the same model, of other data")
    flags.add(diff, "--html", "write a page too, for any browser", metavar="FILE")


def _replay(command: argparse.ArgumentParser) -> None:
    command.add_argument("logs", nargs="+", metavar="LOG", help="finished log, in the order of writing")
    _config(command)
    _images(command)
    kind = flags.one_of("text", "openmetrics")
    flags.add(command, "--format", "text or openmetrics", default="text", metavar="FORMAT", kind=kind)


def _images(command: argparse.ArgumentParser) -> None:
    text = "directory that the paths of images in records start at (default each log's own)"
    flags.add(command, "--images", text, metavar="ROOT")


def _slices(command: argparse.ArgumentParser) -> None:
    command.add_argument("profile", metavar="PROFILE", help="the built profile of the model")
    command.add_argument("logs", nargs="+", metavar="LOG", help="log of predictions and actuals; - is standard input")
    _images(command)


def _metrics(command: argparse.ArgumentParser) -> None:
    kind = flags.one_of("text", "markdown")
    flags.add(command, "--format", "text or markdown", default="text", metavar="FORMAT", kind=kind)


def _respond(command: argparse.ArgumentParser) -> None:
    flags.add(command, "--config.file", "the responses", default="responses.yml", metavar="FILE")
    text = "address to serve on (:8771, 127.0.0.1:8771, [::1]:8771)"
    flags.add(command, "--web.listen-address", text, default=":8771", metavar="ADDRESS")
    _log(command)


def _healthcheck(command: argparse.ArgumentParser) -> None:
    flags.add(command, "--url", "what to ask", default="http://127.0.0.1:8770/-/ready", metavar="URL")


def _explain(command: argparse.ArgumentParser) -> None:
    flags.add(command, "--url", "the exporter to ask", default="http://127.0.0.1:8770", metavar="URL")
    flags.add(command, "--window", "one of its windows, such as 1h (default the first of each model)", metavar="WINDOW")
    flags.add(command, "--model", "one of its models", metavar="NAME")


def _factor(text: str) -> float:
    value = float(text)
    if not 0 < value < float("inf"):
        raise ValueError(text)
    return value
