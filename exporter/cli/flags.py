"""Flags with an environment twin: `--web.listen-address` and `PREDICTION_EXPORTER_WEB_LISTEN_ADDRESS`."""

import argparse
import os
from collections.abc import Callable, Sequence
from typing import Any

PREFIX = "PREDICTION_EXPORTER_"


class _Replace(argparse.Action):
    """Collects a repeated flag; the first one on the command line replaces the default."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 - argparse's signature
        namespace: argparse.Namespace,
        values: Any,  # noqa: ANN401 - argparse's signature
        option_string: str | None = None,  # noqa: ARG002 - argparse's signature
    ) -> None:
        given = getattr(namespace, self.dest)
        setattr(namespace, self.dest, [values] if given is self.default else [*given, values])


def twin(flag: str) -> str:
    """Return the name of a flag's environment variable."""
    return PREFIX + flag.lstrip("-").upper().replace(".", "_").replace("-", "_")


def add(
    parser: argparse.ArgumentParser,
    flag: str,
    text: str,
    *,
    default: str | None = None,
    metavar: str | None = None,
    kind: Callable[[str], Any] = str,
    short: str | None = None,
) -> None:
    """Add a flag with one value; its environment twin is the default where it is set."""
    value = os.environ.get(twin(flag), default)
    parser.add_argument(
        *filter(None, (short, flag)),
        dest=_name(flag),
        default=value,
        type=kind,
        metavar=metavar,
        help=_help(flag, text, default),
    )


def add_switch(parser: argparse.ArgumentParser, flag: str, text: str) -> None:
    """Add a flag without a value; its environment twin turns it on with 1 or true."""
    given = os.environ.get(twin(flag), "").lower() in ("1", "true")
    parser.add_argument(flag, dest=_name(flag), action="store_true", default=given, help=_help(flag, text, None))


def add_repeatable(
    parser: argparse.ArgumentParser, flag: str, text: str, *, default: Sequence[str], metavar: str
) -> None:
    """Add a flag that may be given several times; its environment twin separates values by commas."""
    from_environment = os.environ.get(twin(flag))
    parser.add_argument(
        flag,
        dest=_name(flag),
        action=_Replace,
        default=list(default) if from_environment is None else from_environment.split(","),
        metavar=metavar,
        help=_help(flag, f"{text}; may be repeated", ", ".join(default)),
    )


def add_list(parser: argparse.ArgumentParser, flag: str, text: str, *, metavar: str) -> None:
    """Add a required flag with one or more values; its environment twin separates them by commas."""
    from_environment = os.environ.get(twin(flag))
    parser.add_argument(
        flag,
        dest=_name(flag),
        nargs="+",
        required=from_environment is None,
        default=None if from_environment is None else from_environment.split(","),
        metavar=metavar,
        help=_help(flag, text, None),
    )


def one_of(*choices: str) -> Callable[[str], str]:
    """Return the type of a flag with these values, also from the environment, where argparse would take any."""

    def choice(text: str) -> str:
        if text not in choices:
            raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(choices)}")
        return text

    return choice


def _name(flag: str) -> str:
    return flag.lstrip("-").replace(".", "_").replace("-", "_")


def _help(flag: str, text: str, default: str | None) -> str:
    shown = f" (default {default})" if default else ""
    return f"{text}{shown} [${twin(flag)}]".replace("%", "%%")
