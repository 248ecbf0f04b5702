"""The web configuration file in the format of Prometheus' exporter-toolkit: TLS, basic authentication and headers."""

import base64
import hashlib
import hmac
import logging
import re
import secrets
import ssl
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Literal

import msgspec
import yaml

_logger = logging.getLogger(__name__)

_HASH = re.compile(r"\$2[aby]\$(0[4-9]|[12]\d|3[01])\$[./A-Za-z0-9]{53}")
_PASSWORD_BYTES = 72  # bcrypt sees no more

_TlsVersion = Literal["TLS12", "TLS13"]
_TLS_VERSIONS = {"TLS12": ssl.TLSVersion.TLSv1_2, "TLS13": ssl.TLSVersion.TLSv1_3}
_CLIENT_AUTH = {
    "NoClientCert": ssl.CERT_NONE,
    "VerifyClientCertIfGiven": ssl.CERT_OPTIONAL,
    "RequireAndVerifyClientCert": ssl.CERT_REQUIRED,
}
_HeaderValue = Annotated[str, msgspec.Meta(pattern="^[ -~]*$")]


class WebConfigError(Exception):
    """The web configuration cannot be used; the text names the file and the key."""


class TlsServer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The key `tls_server_config`; a relative path starts at the folder of the file."""

    cert_file: str
    key_file: str
    client_auth_type: Literal["NoClientCert", "VerifyClientCertIfGiven", "RequireAndVerifyClientCert"] = "NoClientCert"
    client_ca_file: str = ""
    min_version: _TlsVersion = "TLS12"
    max_version: _TlsVersion = "TLS13"


class Headers(msgspec.Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """The key `http_server_config.headers`: sent with every response, in place of the server's own of that name."""

    strict_transport_security: _HeaderValue = msgspec.field(default="", name="Strict-Transport-Security")
    content_type_options: Literal["", "nosniff"] = msgspec.field(default="", name="X-Content-Type-Options")
    frame_options: Literal["", "deny", "sameorigin"] = msgspec.field(default="", name="X-Frame-Options")
    xss_protection: _HeaderValue = msgspec.field(default="", name="X-XSS-Protection")
    content_security_policy: _HeaderValue = msgspec.field(default="", name="Content-Security-Policy")


class HttpServer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The key `http_server_config`; `http2` is accepted and makes no difference, as HTTP/1.1 is all that is spoken."""

    http2: bool = True
    headers: Headers = Headers()


class WebFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole file."""

    tls_server_config: TlsServer | None = None
    http_server_config: HttpServer = HttpServer()
    basic_auth_users: dict[str, str] = {}


class Users:
    """Basic authentication against bcrypt hashes; an unknown user costs the time of a known one."""

    def __init__(self, hashes: Mapping[str, str]) -> None:
        try:
            import bcrypt  # noqa: PLC0415 - an optional package, for those who use basic authentication
        except ImportError as error:
            raise WebConfigError(
                "basic_auth_users needs the package bcrypt: pip install 'prediction-exporter[auth]'"
            ) from error
        for user, text in hashes.items():
            if not _HASH.fullmatch(text):
                raise WebConfigError(f"basic_auth_users: the password of {user!r} is not a bcrypt hash")
        self._matches = bcrypt.checkpw
        self._hashes = {user: text.encode() for user, text in hashes.items()}
        self._decoy = next(iter(self._hashes.values()))
        self._seen: dict[str, bytes] = {}
        self._key = secrets.token_bytes()
        self._one_at_a_time = threading.Lock()  # guesses cannot take all cores

    def allow(self, authorization: str | None) -> bool:
        """Whether an Authorization header holds a user and the right password."""
        user, password = _credentials(authorization)
        digest = hashlib.blake2b(password, key=self._key).digest()
        if hmac.compare_digest(self._seen.get(user, b""), digest):
            return True
        if authorization is None or not self._check(user, password):
            return False
        self._seen[user] = digest
        return True

    def _check(self, user: str, password: bytes) -> bool:
        with self._one_at_a_time:
            try:
                right = self._matches(password, self._hashes.get(user, self._decoy))
            except ValueError:  # a password that bcrypt refuses, such as one with a NUL
                return False
        return right and user in self._hashes


@dataclass(frozen=True, slots=True)
class Settings:
    """The file made ready for use; without a file: no TLS, no users, no headers."""

    tls: ssl.SSLContext | None = None
    users: Users | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


class WebConfig:
    """The settings of now: read again when the file or one of its certificates has changed on disk.

    The first reading raises WebConfigError. A later one that fails is logged and leaves the settings as they were.
    """

    def __init__(self, path: str | None) -> None:
        self._path = Path(path) if path else None
        self._lock = threading.Lock()
        self._stamps: dict[Path, tuple[int, ...]] = {}
        self._settings = self._load(self._path) if self._path else Settings()

    def current(self) -> Settings:
        """Return the settings; a few microseconds where nothing has changed."""
        with self._lock:
            if self._path and any(_stamp(path) != stamp for path, stamp in self._stamps.items()):
                self._reload(self._path)
            return self._settings

    def _reload(self, path: Path) -> None:
        try:
            self._settings = self._load(path)
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the file, the server goes on
            _logger.error("web configuration not reloaded, the previous one stays: %s", error)  # noqa: TRY400 - the text says it all
        else:
            _logger.info("web configuration reloaded: %s", path)

    def _load(self, path: Path) -> Settings:
        self._stamps = {**{known: _stamp(known) for known in self._stamps}, path: _stamp(path)}
        try:
            file = _parse(path)
            tls = file.tls_server_config
            certificates = _certificates(tls, path.parent) if tls else []
            self._stamps = {path: self._stamps[path], **{known: _stamp(known) for known in certificates}}
            users = Users(file.basic_auth_users) if file.basic_auth_users else None
            headers = msgspec.to_builtins(file.http_server_config.headers)
            return Settings(_tls_context(tls, certificates) if tls else None, users, headers)
        except (WebConfigError, ValueError) as error:  # ValueError: a path with a NUL
            raise WebConfigError(f"{path}: {error}") from error


def _parse(path: Path) -> WebFile:
    try:
        return msgspec.convert(yaml.safe_load(path.read_bytes()) or {}, WebFile)
    except (OSError, ValueError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise WebConfigError(str(error)) from error


def _certificates(tls: TlsServer, folder: Path) -> list[Path]:
    """Certificate, key and, where there is one, the authority of the clients."""
    return [folder / name for name in (tls.cert_file, tls.key_file, tls.client_ca_file) if name]


def _tls_context(tls: TlsServer, certificates: list[Path]) -> ssl.SSLContext:
    if bool(tls.client_ca_file) != (tls.client_auth_type != "NoClientCert"):
        raise WebConfigError("tls_server_config: client_ca_file and client_auth_type go together")
    certificate, key, *authority = certificates
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _TLS_VERSIONS[tls.min_version]
    context.maximum_version = _TLS_VERSIONS[tls.max_version]
    try:
        context.load_cert_chain(
            certificate, key, password=""
        )  # an encrypted key fails instead of asking for its password
        for file in authority:
            context.load_verify_locations(file)
    except OSError as error:
        raise WebConfigError(f"tls_server_config: {', '.join(map(str, certificates))}: {error}") from error
    context.verify_mode = _CLIENT_AUTH[tls.client_auth_type]
    return context


def _stamp(path: Path) -> tuple[int, ...]:
    """Return what changes when a file does; nothing when there is no file."""
    try:
        status = path.stat()
    except OSError:
        return ()
    return status.st_mtime_ns, status.st_size, status.st_ino


def _credentials(authorization: str | None) -> tuple[str, bytes]:
    """User and password of a Basic header; both empty where there is none."""
    scheme, _, encoded = (authorization or "").partition(" ")
    try:
        user, _, password = base64.b64decode(encoded if scheme.lower() == "basic" else "", validate=True).partition(
            b":"
        )
    except ValueError:
        return "", b""
    return user.decode(errors="replace"), password[:_PASSWORD_BYTES]
