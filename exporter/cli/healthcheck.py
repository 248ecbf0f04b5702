"""`healthcheck`: one request to a running exporter, for containers without curl."""

import argparse
import base64
import http.client
import ssl
from urllib.parse import SplitResult, unquote, urlsplit

from exporter.cli.failure import USAGE, CommandError

SECONDS = 5.0
OK = 200


def main(arguments: argparse.Namespace) -> int:
    """Ask; the exit code is 0 for an answer of 200 and 1 for any other, or none."""
    url = _url(arguments.url)
    try:
        status, text = _ask(url)
    except (OSError, http.client.HTTPException) as error:
        raise CommandError(f"no answer from {url.hostname}: {error}") from None
    if status != OK:
        raise CommandError(f"{url.hostname} answered {status} {text}")
    return 0


def _url(text: str) -> SplitResult:
    try:
        url = urlsplit(text)
        sound = url.scheme in ("http", "https") and bool(url.hostname) and url.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise CommandError(f"{text!r} is not an http or https URL", USAGE)
    return url


def _ask(url: SplitResult) -> tuple[int, str]:
    """Return status and first line of the answer."""
    connection = _connection(url)
    try:
        connection.request("GET", url._replace(scheme="", netloc="").geturl() or "/", headers=_authorization(url))
        response = connection.getresponse()
        return response.status, response.read(200).decode(errors="replace").partition("\n")[0]
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
