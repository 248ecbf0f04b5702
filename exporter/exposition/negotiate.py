"""The format and the encoding of a scrape, chosen from its Accept and Accept-Encoding headers."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import Enum

# Under these schemes a name of letters, digits and underscores is its own escape; `dots` would double the underscores.
_HARMLESS_ESCAPING = ("allow-utf-8", "underscores", "values")


class Format(Enum):
    """The formats that are spoken: media type and version."""

    TEXT = ("text/plain", "0.0.4")
    OPENMETRICS = ("application/openmetrics-text", "1.0.0")

    @property
    def content_type(self) -> str:
        """The Content-Type of a body in this format."""
        media_type, version = self.value
        return f"{media_type}; version={version}; charset=utf-8"


@dataclass(frozen=True, slots=True)
class _Choice:
    """One element of an Accept header: `text/plain;version=0.0.4;q=0.3`."""

    value: str
    parameters: Mapping[str, str]
    quality: float

    def explicit(self, fmt: Format) -> bool:
        """Whether this names the format itself, in a version that is spoken or in none."""
        media_type, version = fmt.value
        return self.value == media_type and self.parameters.get("version", version) == version

    def covers(self, fmt: Format) -> bool:
        """Whether this is a wildcard that the format falls under."""
        kind = fmt.value[0].partition("/")[0]
        return self.value in ("*/*", f"{kind}/*")


def negotiate(accept: str | None) -> Format:
    """Return the format that a client likes best; text 0.0.4 where it names none that is spoken.

    Among equal qualities a named format goes before a wildcard, then the client's order decides, and a wildcard means
    text. `q=0` excludes.
    """
    choices = list(_choices(accept or ""))
    ranked = [(_rank(choices, fmt), fmt) for fmt in Format]
    (quality, _, _), best = max(ranked, key=lambda pair: pair[0])
    return best if quality > 0 else Format.TEXT


def content_type(fmt: Format, accept: str | None) -> str:
    """Return the Content-Type for a client: with its escaping scheme, where that leaves our names as they are."""
    for choice in _choices(accept or ""):
        scheme = choice.parameters.get("escaping")
        if fmt is Format.OPENMETRICS and choice.explicit(fmt) and scheme in _HARMLESS_ESCAPING:
            return f"{fmt.content_type}; escaping={scheme}"
    return fmt.content_type


def accepts_gzip(accept_encoding: str | None) -> bool:
    """Whether a client takes gzip: named, or under `*`, and not with `q=0`."""
    qualities = {choice.value: choice.quality for choice in _choices(accept_encoding or "")}
    return next((qualities[name] > 0 for name in ("gzip", "x-gzip", "*") if name in qualities), False)


def _rank(choices: list[_Choice], fmt: Format) -> tuple[float, bool, int]:
    """Quality, whether the format is named, and place (the first is 0, later ones are lower)."""
    named = [(choice.quality, True, -place) for place, choice in enumerate(choices) if choice.explicit(fmt)]
    wild = [(choice.quality, False, -place) for place, choice in enumerate(choices) if choice.covers(fmt)]
    return max(named or wild, default=(0.0, False, 0))


def _choices(header: str) -> Iterator[_Choice]:
    for element in header.lower().split(","):
        value, *rest = (part.strip() for part in element.split(";"))
        parameters = {name.strip(): text.strip(' "') for name, _, text in (part.partition("=") for part in rest)}
        quality = _quality(parameters.get("q", "1"))
        if value and quality is not None:
            yield _Choice(value, parameters, quality)


def _quality(text: str) -> float | None:
    """Return a quality from 0 to 1, None for anything else."""
    try:
        quality = float(text)
    except ValueError:
        return None
    return quality if 0 <= quality <= 1 else None
