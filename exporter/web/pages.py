"""What the server answers: a request and the site in, a response out; no sockets, no threads."""

import base64
import gzip
import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from html import escape
from http import HTTPStatus
from urllib.parse import parse_qs

import msgspec

from exporter.exposition.negotiate import Format, accepts_gzip, content_type, negotiate

HEALTH_PATHS = ("/-/healthy", "/-/ready")
RELOAD_PATH = "/-/reload"

_METHODS = ("GET", "HEAD")
_GZIP_FROM = 1024  # bytes; a smaller body fits into one packet anyway
_GZIP_LEVEL = 1  # the default level costs ten times the time of rendering

_STYLE = """
:root{color-scheme:light dark;--ink:#1c2733;--soft:#5a6876;--line:#dde3e9;--page:#f5f7f9;--card:#fff;--link:#0b5cad;
--good:#1a7f45;--wait:#8f5a00}
@media(prefers-color-scheme:dark){:root{--ink:#e4e9ee;--soft:#9aa8b5;--line:#313c47;--page:#14191f;--card:#1c232b;
--link:#7db8f5;--good:#67c98f;--wait:#e5ae4f}}
*{box-sizing:border-box}
body{margin:0;padding:3rem 1.25rem;background:var(--page);color:var(--ink);font:1rem/1.55 system-ui,sans-serif}
main{max-width:46rem;margin:auto}
h1{margin:0;font-size:1.75rem;line-height:1.25}
h2{margin:0 0 .75rem;font-size:1.0625rem}
p{margin:.5rem 0 0;color:var(--soft)}
section{margin-top:1.25rem;padding:1.25rem 1.5rem;border:1px solid var(--line);border-radius:.625rem;
background:var(--card)}
dl{margin:0;display:grid;grid-template-columns:minmax(9rem,max-content) 1fr;gap:.5rem 1.5rem}
dt,dd{margin:0;overflow-wrap:anywhere}
dt{max-width:20rem;font-weight:600}
dd{color:var(--soft)}
a{color:var(--link)}
a:focus-visible{outline:2px solid;outline-offset:2px}
.state{font-weight:600;color:var(--wait)}
.ready{color:var(--good)}
@media(max-width:32rem){dl{grid-template-columns:1fr;gap:0}dd{margin-bottom:.75rem}}
"""
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
_PAGE_POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)


@dataclass(frozen=True, slots=True)
class Link:
    """A line of the landing page: a path of this server and what is there."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class Facts:
    """A section of the landing page: a heading and its rows of name and value."""

    title: str
    rows: Sequence[tuple[str, str]]


LINKS = (
    Link("/metrics", "What Prometheus scrapes: text 0.0.4 or OpenMetrics 1.0"),
    Link("/api/v1/drift", "What has changed, in words and numbers: JSON; ?model=, ?version= and ?window= select"),
    Link(
        "/api/v1/flagged",
        "The latest invalid and unusual predictions: JSON; ?model= and ?version= select",
    ),
    Link("/-/healthy", "200 while the process is alive"),
    Link("/-/ready", "200 once the metrics are complete, 503 before"),
)


@dataclass(frozen=True, slots=True)
class Site:
    """What the server shows; the callables are asked at each request and may be called by several threads at once.

    `reload`, where it may be asked for, returns why it failed.
    """

    title: str
    version: str
    metrics: Callable[[Format], bytes]
    ready: Callable[[], bool]
    description: str = ""
    links: Sequence[Link] = LINKS
    facts: Callable[[], Sequence[Facts]] = tuple
    drift: Callable[[Mapping[str, str]], object] = dict
    flagged: Callable[[Mapping[str, str]], object] = dict
    reload: Callable[[], str | None] | None = None


@dataclass(frozen=True, slots=True)
class Request:
    """The parts of an HTTP request that matter here; the query is what follows the path's question mark."""

    method: str
    path: str
    accept: str | None = None
    accept_encoding: str | None = None
    query: str = ""


@dataclass(frozen=True, slots=True)
class Response:
    """A status, a body (sent unless the method is HEAD) and the headers beyond the usual ones."""

    status: HTTPStatus
    body: bytes
    content_type: str = "text/plain; charset=utf-8"
    headers: Mapping[str, str] | None = None


def plain(status: HTTPStatus, text: str, headers: Mapping[str, str] | None = None) -> Response:
    """Return a response of one line of text."""
    return Response(status, f"{text}\n".encode(), headers=headers)


def respond(request: Request, site: Site) -> Response:
    """Return the answer to a request; an exception of one of the site's callables comes through."""
    if request.path == RELOAD_PATH:
        return _reload(request, site)
    page = _PAGES.get(request.path)
    if page is None:
        return plain(HTTPStatus.NOT_FOUND, f"Not found. The paths here are {', '.join(_PAGES)}.")
    if request.method not in _METHODS:
        allow = ", ".join(_METHODS)
        return plain(HTTPStatus.METHOD_NOT_ALLOWED, f"The methods here are {allow}.", {"Allow": allow})
    return _compressed(page(request, site), request)


def _landing(_: Request, site: Site) -> Response:
    links = Facts("Pages", [(link.path, link.text) for link in site.links])
    state = '<span class="state ready">Ready</span>' if site.ready() else '<span class="state">Not ready yet</span>'
    body = (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1">'
        f"<title>{escape(site.title)}</title><style>{_STYLE}</style></head>\n<body><main>"
        f"<h1>{escape(site.title)}</h1><p>{escape(site.description)}</p>"
        f"<p>Version {escape(site.version)} · {state}</p>\n"
        f"{_section(links, linked=True)}{''.join(_section(facts) for facts in site.facts())}</main></body></html>\n"
    )
    headers = {"Content-Security-Policy": _PAGE_POLICY}
    return Response(HTTPStatus.OK, body.encode(errors="replace"), "text/html; charset=utf-8", headers)


def _section(facts: Facts, *, linked: bool = False) -> str:
    rows = "".join(
        f"<dt>{_anchor(name) if linked else escape(name)}</dt><dd>{escape(value)}</dd>" for name, value in facts.rows
    )
    return f"<section><h2>{escape(facts.title)}</h2><dl>{rows or '<dt>none</dt>'}</dl></section>\n"


def _anchor(path: str) -> str:
    return f'<a href="{escape(path)}">{escape(path)}</a>'


def _metrics(request: Request, site: Site) -> Response:
    fmt = negotiate(request.accept)
    headers = {"Vary": "Accept, Accept-Encoding"}
    return Response(HTTPStatus.OK, site.metrics(fmt), content_type(fmt, request.accept), headers)


def _answer(request: Request, ask: Callable[[Mapping[str, str]], object]) -> Response:
    chosen = {name: values[-1] for name, values in parse_qs(request.query).items()}
    try:
        body = msgspec.json.encode({"status": "success", "data": ask(chosen)})
    except ValueError as error:
        return _json(HTTPStatus.BAD_REQUEST, msgspec.json.encode({"status": "error", "error": str(error)}))
    return _json(HTTPStatus.OK, body)


def _json(status: HTTPStatus, body: bytes) -> Response:
    return Response(status, body + b"\n", "application/json", {"Vary": "Accept-Encoding"})


def _healthy(_: Request, __: Site) -> Response:
    return plain(HTTPStatus.OK, "Healthy.")


def _ready(_: Request, site: Site) -> Response:
    return plain(HTTPStatus.OK, "Ready.") if site.ready() else plain(HTTPStatus.SERVICE_UNAVAILABLE, "Not ready yet.")


def _reload(request: Request, site: Site) -> Response:
    if request.method != "POST":
        return plain(HTTPStatus.METHOD_NOT_ALLOWED, "The method here is POST.", {"Allow": "POST"})
    if site.reload is None:
        return plain(HTTPStatus.FORBIDDEN, "Only with --web.enable-lifecycle; SIGHUP reloads, too.")
    refused = site.reload()
    if refused is None:
        return plain(HTTPStatus.OK, "The configuration is taken over.")
    return plain(HTTPStatus.INTERNAL_SERVER_ERROR, f"It is not taken over, the one before goes on:\n{refused}")


def _compressed(response: Response, request: Request) -> Response:
    if len(response.body) < _GZIP_FROM:
        return response
    headers = {"Vary": "Accept-Encoding", **(response.headers or {})}
    if not accepts_gzip(request.accept_encoding):
        return replace(response, headers=headers)
    body = gzip.compress(response.body, _GZIP_LEVEL, mtime=0)
    return replace(response, body=body, headers={**headers, "Content-Encoding": "gzip"})


_PAGES: Mapping[str, Callable[[Request, Site], Response]] = {
    "/": _landing,
    "/metrics": _metrics,
    "/api/v1/drift": lambda request, site: _answer(request, site.drift),
    "/api/v1/flagged": lambda request, site: _answer(request, site.flagged),
    "/-/healthy": _healthy,
    "/-/ready": _ready,
}
