"""Log lines on standard error, as logfmt or JSON: time, level, msg, and whatever a call gave as `extra`."""

import json
import logging
import sys
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Final

LEVELS: Final = ("debug", "info", "warning", "error")
_STANDARD: Final = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}


def set_up(level: str, form: str) -> None:
    """Send the log of the program to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_Formatter(FORMATS[form]))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    logging.captureWarnings(capture=True)


class _Formatter(logging.Formatter):
    """One line a record, whatever is in it."""

    def __init__(self, write: Callable[[Mapping[str, Any]], str]) -> None:
        super().__init__()
        self._write = write

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
        line = {"time": time, "level": record.levelname.lower(), "msg": record.getMessage()}
        line |= {key: value for key, value in vars(record).items() if key not in _STANDARD}
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return self._write(line)


def _logfmt(line: Mapping[str, Any]) -> str:
    return " ".join(f"{key}={_logfmt_value(value)}" for key, value in line.items())


def _logfmt_value(value: object) -> str:
    text = _json(value) if isinstance(value, dict | list | tuple) else str(value)
    plain = text and text.isprintable() and not set(text) & set(' "=')
    return text if plain else _json(text)


def _json(value: object) -> str:
    """Return JSON that stays on one line wherever it is shown: every character without a glyph is escaped."""
    text = json.dumps(value, default=str, ensure_ascii=False)
    return text if text.isprintable() else "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in text)


FORMATS: Final[Mapping[str, Callable[[Mapping[str, Any]], str]]] = {"logfmt": _logfmt, "json": _json}
