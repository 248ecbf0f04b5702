"""One request to a running exporter."""

import base64
import http.client
import ssl
from urllib.parse import SplitResult, unquote, urlsplit

from exporter.cli.failure import USAGE, CommandError

SECONDS = 5.0


def parsed(text: str) -> SplitResult:
    """Return a URL; CommandError where it is none of http or https."""
    try:
        url = urlsplit(text)
        sound = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise CommandError(f"{text!r} is not an http or https URL", USAGE)
    return url


def ask(url: SplitResult) -> tuple[int, bytes]:
    """Return status and body of the answer; CommandError where there is none."""
    connection = _connection(url)
    try:
        connection.request("GET", url._replace(scheme="", netloc="").geturl() or "/", headers=_authorization(url))
        response = connection.getresponse()
        return response.status, response.read()
    except (OSError, http.client.HTTPException) as error:
        raise CommandError(f"no answer from {url.hostname}: {error}") from None
    finally:
        connection.close()


def _connection(url: SplitResult) -> http.client.HTTPConnection:
    """Connect; a certificate is not verified, since it is made out to the host's public name and not to 127.0.0.1."""
    host = url.hostname or ""
    if url.scheme == "http":
        return http.client.HTTPConnection(host, url.port, timeout=SECONDS)
    context = ssl._create_unverified_context()  # noqa: S323, SLF001 - see above
    return http.client.HTTPSConnection(host, url.port, timeout=SECONDS, context=context)


def _authorization(url: SplitResult) -> dict[str, str]:
    if url.username is None:
        return {}
    credentials = f"{unquote(url.username)}:{unquote(url.password or '')}"
    return {"Authorization": "Basic " + base64.b64encode(credentials.encode()).decode()}
