"""`http`: calls a URL: a pipeline's trigger, a webhook, any API that takes JSON."""

import base64
import http.client
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal
from urllib.parse import SplitResult, quote, urlsplit

import msgspec

from exporter.config.kinds import Checked, Written
from exporter.config.values import parse_duration
from exporter.responder import secret, signature, template
from exporter.responder.action import Allowed, End, Incident, Outcome
from exporter.responder.network import NotAllowedError, connected, is_allowed
from exporter.responder.template import Template, Values

SHOWN_BYTES = 500
_SUCCESS = range(200, 300)
_AGAIN = frozenset({408, 409, 423, 425, 429, *range(500, 600)})
_CONFLICT = 409
_OWN = {"authorization", "content-length", "host", "idempotency-key", "transfer-encoding"}


def parse_url(text: str) -> Template:
    """Return the template of a URL whose host is written out."""
    found = template.parse(text)
    url = urlsplit(text)
    if url.scheme not in ("http", "https") or not url.hostname:
        raise ValueError(f"{text!r} is no URL; write one that begins with https:// or http://")
    if "$" in url.netloc or "@" in url.netloc:
        raise ValueError("the host of a URL is written out, without placeholders, user and password")
    if url.fragment or not text.isascii() or any(character.isspace() for character in text):
        raise ValueError(f"{text!r} is no URL that can be asked for: it has a #, a space or a letter that is not ASCII")
    if url.port == 0:
        raise ValueError(f"{text!r} has no port that can be connected to")
    return found


def _headers(headers: Mapping[str, str]) -> None:
    for name, value in headers.items():
        if not name.replace("-", "").isalnum() or not name.isascii() or not value.isprintable() or not value.isascii():
            raise ValueError(f"{name!r} is no header that can be sent")
        if name.lower() in _OWN:
            raise ValueError(f"{name} is set by the responder; credentials have options of their own")


class BasicAuth(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A user and the file of the password."""

    username: str
    password_file: Path


class HttpCall(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A request; without `body` it carries the alert as JSON. Redirects are not followed.

    `signing_secret_file` signs it as Standard Webhooks has it; `ca_file` holds the authorities of the server's
    certificate where they are not the system's. All attempts carry the same `Idempotency-Key`.
    """

    url: Annotated[Template, Written(parse_url)]
    method: Literal["POST", "PUT", "PATCH"] = "POST"
    headers: Annotated[dict[str, str], Checked(_headers)] = {}
    body: Annotated[Any, Checked(template.check)] = None
    token_file: Path | None = None
    basic_auth: BasicAuth | None = None
    signing_secret_file: Path | None = None
    ca_file: Path | None = None
    timeout: Annotated[float, Written(parse_duration)] = 10.0

    repeatable: ClassVar[bool] = True

    def problems(self, allowed: Allowed) -> Iterator[tuple[str, str]]:
        """Yield a host that is not allowed, and secrets that cannot be read."""
        url = urlsplit(self.url.text)
        if not is_allowed(url, allowed):
            yield "url", f"{url.hostname} is neither in hosts nor in private_hosts"
        if self.token_file and self.basic_auth:
            yield "basic_auth", "a request has one Authorization: give token_file or basic_auth"
        password = self.basic_auth.password_file if self.basic_auth else None
        files = {"token_file": self.token_file, "basic_auth.password_file": password}
        for option, path in (files | {"signing_secret_file": self.signing_secret_file}).items():
            if problem := secret.problem(path):
                yield option, problem

    def run(self, incident: Incident, allowed: Allowed) -> Outcome:
        """Send the request."""
        filled = None if self.body is None else template.fill(self.body, incident.values())
        return self.send(incident, allowed, incident.json() if filled is None else msgspec.json.encode(filled))

    def send(self, incident: Incident, allowed: Allowed, body: bytes) -> Outcome:
        """Send the request with a body of JSON."""
        try:
            url = self._filled(incident.values())
            with connected(url, allowed, self.timeout, self.ca_file) as connection:
                connection.request(self.method, _target(url), body, self._all_headers(incident.id, body))
                answer = connection.getresponse()
                return _outcome(answer, answer.read(SHOWN_BYTES), incident.attempt)
        except NotAllowedError as error:
            return Outcome(End.FAILED, str(error))
        except (OSError, http.client.HTTPException, ValueError) as error:
            return Outcome(End.UNCERTAIN, f"{type(error).__name__}: {error}")

    def _filled(self, values: Values) -> SplitResult:
        url = urlsplit(self.url.fill(values, lambda text: quote(text, safe="")))
        if any(segment in (".", "..") for segment in url.path.split("/")):
            raise NotAllowedError(f"{url.path} would lead to another path")
        return url

    def _all_headers(self, identity: str, body: bytes) -> dict[str, str]:
        headers = {"Content-Type": "application/json", "User-Agent": "prediction-exporter", **self.headers}
        headers["Idempotency-Key"] = identity
        if self.token_file:
            headers["Authorization"] = f"Bearer {secret.read(self.token_file)}"
        if self.basic_auth:
            pair = f"{self.basic_auth.username}:{secret.read(self.basic_auth.password_file)}"
            headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        if self.signing_secret_file:
            headers |= signature.headers(secret.read(self.signing_secret_file), identity, int(time.time()), body)
        return headers


def _target(url: SplitResult) -> str:
    return url._replace(scheme="", netloc="", path=url.path or "/").geturl()


def _outcome(answer: http.client.HTTPResponse, body: bytes, attempt: int) -> Outcome:
    """Judge the answer; a conflict at a repeated attempt says that one before has arrived after all."""
    detail = f"{answer.status} {answer.reason}: {body.decode(errors='replace')}"
    if answer.status in _SUCCESS or (answer.status == _CONFLICT and attempt > 1):
        return Outcome(End.SUCCEEDED, detail)
    if answer.status in _AGAIN:
        wait = answer.headers.get("Retry-After", "")
        return Outcome(End.UNCERTAIN, detail, float(wait) if wait.isdecimal() else 0.0)
    return Outcome(End.FAILED, detail)
