"""The web configuration file: what it may say, TLS and passwords at work, and changes while the server runs."""

import base64
import shutil
import socket
import ssl
import subprocess
import sys

import bcrypt
import pytest
from serving import ask, eventually, place, serving, site

from exporter.web import listener
from exporter.web.settings import Users, WebConfig, WebConfigError

ALICE = bcrypt.hashpw(b"wonderland", bcrypt.gensalt(4)).decode()
BOB = bcrypt.hashpw(b"builder", bcrypt.gensalt(4)).decode()
FULL = f"""\
tls_server_config:
  cert_file: server.crt
  key_file: server.key
  client_auth_type: RequireAndVerifyClientCert
  client_ca_file: client.crt
  min_version: TLS12
  max_version: TLS13
http_server_config:
  http2: true
  headers:
    Strict-Transport-Security: max-age=31536000
    X-Frame-Options: deny
    Content-Security-Policy: default-src 'none'
basic_auth_users:
  alice: {ALICE}
  bob: {BOB}
"""
TLS = "tls_server_config: {cert_file: server.crt, key_file: server.key}\n"
USERS = f"basic_auth_users: {{alice: {ALICE}}}\n"


def replaced(path, content):
    """Give a file new content as an administrator's tool does: written beside it and moved over it."""
    path.with_suffix(".new").write_text(content)
    path.with_suffix(".new").replace(path)
    return str(path)


def made(folder, name):
    """Make a self-signed certificate for 127.0.0.1 and its key."""
    crt, key = folder / "made.crt", folder / "made.key"
    kind = ["-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
    names = ["-subj", f"/CN={name}", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", *kind, *names, "-keyout", key, "-out", crt]
    subprocess.run(command, check=True, capture_output=True)
    return crt.read_text(), key.read_text()


def certificate(folder, name):
    """Put a new certificate and its key in place."""
    for kind, content in zip(("crt", "key"), made(folder, name), strict=True):
        replaced(folder / f"{name}.{kind}", content)


@pytest.fixture
def folder(tmp_path):
    """A folder with a certificate for a server and one for a client."""
    for name in ("server", "client"):
        certificate(tmp_path, name)
    return tmp_path


def written(folder, text):
    return replaced(folder / "web.yml", text)


def trust(folder, **limits):
    """What a client needs to trust the server."""
    context = ssl.create_default_context(cafile=folder / "server.crt")
    for name, value in limits.items():
        setattr(context, name, value)
    return context


def basic(user, password):
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


# -- the file


def test_no_file_is_no_tls_no_users_and_no_headers():
    settings = WebConfig(None).current()
    assert (settings.tls, settings.users, settings.headers) == (None, None, {})


def test_an_empty_file_is_the_same_as_none(tmp_path):
    settings = WebConfig(written(tmp_path, "")).current()
    assert (settings.tls, settings.users, settings.headers) == (None, None, {})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("basic_auth_user: {}", "unknown field `basic_auth_user`"),
        ("tls_server_config: {cert_file: a, key_file: b, cipher_suites: []}", "unknown field `cipher_suites`"),
        ("http_server_config: {headers: {X-Powered-By: x}}", "unknown field `X-Powered-By`"),
        ("tls_server_config: {cert_file: a}", "missing required field `key_file`"),
        (TLS.replace("}", ", min_version: TLS10}"), r"'TLS10' - at `\$.tls_server_config.min_version`"),
        (TLS.replace("}", ", client_auth_type: RequestClientCert}"), "'RequestClientCert' - at"),
        (TLS.replace("}", ", client_auth_type: RequireAndVerifyClientCert}"), "client_ca_file and client_auth_type go"),
        (TLS.replace("}", ", client_ca_file: client.crt}"), "client_ca_file and client_auth_type go together"),
        (TLS, "server.crt.*No such file"),
        (TLS.replace("server.crt", '"server\\0.crt"'), "embedded null"),
        ("http_server_config: {headers: {X-Frame-Options: allow}}", "X-Frame-Options"),
        ('http_server_config: {headers: {X-XSS-Protection: "1\\r\\nSet-Cookie: a=b"}}', "X-XSS-Protection"),
        ("basic_auth_users: {alice: wonderland}", "password of 'alice' is not a bcrypt hash"),
        ("basic_auth_users: {alice: 5}", r"at `\$.basic_auth_users"),
        ("a: [", "expected the node content"),
        ("- a", "Expected `object`"),
        ("a: 2026-99-99", "month must be in"),
    ],
)
def test_a_file_that_cannot_be_used_is_an_error_that_names_file_and_key(tmp_path, text, message):
    path = written(tmp_path, text)
    with pytest.raises(WebConfigError, match=message) as caught:
        WebConfig(path)
    assert str(caught.value).startswith(f"{path}: ")
    assert "wonderland" not in str(caught.value)


def test_a_missing_file_is_an_error_that_names_it(tmp_path):
    with pytest.raises(WebConfigError, match=r"web.yml: .*No such file"):
        WebConfig(str(tmp_path / "web.yml"))


def test_users_without_bcrypt_are_an_error_that_says_what_to_install(monkeypatch, tmp_path):
    monkeypatch.setitem(sys.modules, "bcrypt", None)
    with pytest.raises(WebConfigError, match=r"pip install 'prediction-exporter\[auth\]'"):
        WebConfig(written(tmp_path, USERS))
    assert WebConfig(written(tmp_path, "")).current().users is None


@pytest.mark.slow
def test_promtool_accepts_the_file_that_these_tests_use(folder):
    promtool = shutil.which("promtool")
    assert promtool, "promtool is not on PATH"
    for text in (FULL, TLS, USERS):
        path = written(folder, text)
        assert WebConfig(path).current() is not None
        done = subprocess.run([promtool, "check", "web-config", path], capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", f"{path} SUCCESS\n")


# -- headers and users


def test_configured_headers_come_with_every_response_in_place_of_our_own(tmp_path):
    headers = "{X-Frame-Options: deny, Content-Security-Policy: sandbox}"
    path = written(tmp_path, f"http_server_config: {{headers: {headers}}}\n{USERS}")
    with serving(site(), web_config=path) as server:
        answers = [ask(server, "/"), ask(server, "/", Authorization=basic("alice", "wonderland"))]
    assert [answer.status for answer in answers] == [401, 200]
    for answer in answers:
        assert answer.headers.get_all("X-Frame-Options") == ["deny"]
        assert answer.headers.get_all("Content-Security-Policy") == ["sandbox"]


@pytest.mark.parametrize("path", ["/", "/metrics", "/-/healthy", "/nowhere"])
def test_every_path_asks_for_the_password(tmp_path, path):
    with serving(site(), web_config=written(tmp_path, USERS)) as server:
        refused = ask(server, path)
        assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, "Basic")
        assert ask(server, path, Authorization=basic("alice", "wonderland")).status != 401


@pytest.mark.parametrize(
    ("authorization", "expected"),
    [
        (basic("alice", "wonderland"), True),
        (basic("alice", "wonderland").replace("Basic", "bASIC"), True),
        (basic("alice", "builder"), False),
        (basic("alice", ""), False),
        (basic("alice", "wonder\0land"), False),
        (basic("eve", "wonderland"), False),
        (basic("", ""), False),
        (basic("alice", "wonderland").replace("Basic", "Bearer"), False),
        ("Basic", False),
        ("Basic ä!", False),
        ("", False),
        (None, False),
    ],
)
def test_a_password_opens_for_its_own_user_alone(authorization, expected):
    users = Users({"alice": ALICE, "bob": BOB})
    assert [users.allow(authorization) for _ in range(2)] == [expected] * 2


def test_a_right_password_is_hashed_once_and_a_wrong_one_or_an_unknown_user_each_time(monkeypatch):
    checked = []
    monkeypatch.setattr(bcrypt, "checkpw", lambda _, text, real=bcrypt.checkpw: checked.append(text) or real(_, text))
    users = Users({"alice": ALICE, "bob": BOB})
    for authorization, times in ((basic("bob", "builder"), 1), (basic("bob", "x"), 3), (basic("eve", "x"), 3)):
        checked.clear()
        for _ in range(3):
            users.allow(authorization)
        assert len(checked) == times


def test_a_hash_of_more_than_72_bytes_of_password_is_checked_by_the_first_72():
    users = Users({"alice": bcrypt.hashpw(b"x" * 72, bcrypt.gensalt(4)).decode()})
    assert users.allow(basic("alice", "x" * 80))
    assert not users.allow(basic("alice", "x" * 71))


def test_a_changed_password_counts_at_once_and_a_broken_file_changes_nothing(tmp_path, caplog):
    path = written(tmp_path, USERS)
    with serving(site(), web_config=path) as server:
        assert ask(server, Authorization=basic("alice", "wonderland")).status == 200
        written(tmp_path, USERS.replace(ALICE, BOB))
        assert ask(server, Authorization=basic("alice", "wonderland")).status == 401
        assert ask(server, Authorization=basic("alice", "builder")).status == 200
        written(tmp_path, "basic_auth_users: {alice: nonsense}")
        for _ in range(3):
            assert ask(server, Authorization=basic("alice", "builder")).status == 200
        assert len(caplog.records) == 1
        assert "password of 'alice' is not a bcrypt hash" in caplog.text
        (tmp_path / "web.yml").unlink()
        assert ask(server, Authorization=basic("alice", "builder")).status == 200
        written(tmp_path, "")
        assert ask(server).status == 200


# -- TLS


@pytest.mark.slow
def test_metrics_come_over_tls(folder):
    with serving(site(), web_config=written(folder, TLS)) as server:
        assert ask(server, tls=trust(folder)).body == b"up 1\n"


@pytest.mark.slow
def test_a_renewed_certificate_applies_without_a_restart(folder):
    def served():
        return ssl.get_server_certificate(place(server), timeout=10)

    with serving(site(), web_config=written(folder, TLS)) as server:
        first = served()
        certificate(folder, "server")
        assert served() == (folder / "server.crt").read_text() != first
        assert ask(server, tls=trust(folder)).status == 200


@pytest.mark.slow
def test_a_certificate_without_its_key_leaves_the_old_pair_in_use_until_the_key_comes(folder, caplog):
    with serving(site(), web_config=written(folder, TLS)) as server:
        old = trust(folder)
        crt, key = made(folder, "server")
        replaced(folder / "server.crt", crt)
        for _ in range(3):
            assert ask(server, tls=old).status == 200
        assert [record.levelname for record in caplog.records] == ["ERROR"]
        assert "server.crt" in caplog.text
        replaced(folder / "server.key", key)
        assert ask(server, tls=trust(folder)).status == 200


@pytest.mark.slow
def test_a_client_needs_its_certificate_where_that_is_asked_for(folder):
    with serving(site(), web_config=written(folder, FULL)) as server:
        nobody, known, other = trust(folder), trust(folder), trust(folder)
        known.load_cert_chain(folder / "client.crt", folder / "client.key")
        other.load_cert_chain(folder / "server.crt", folder / "server.key")
        assert ask(server, tls=known, Authorization=basic("bob", "builder")).status == 200
        for refused in (nobody, other):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                ask(server, tls=refused, Authorization=basic("bob", "builder"))


@pytest.mark.slow
def test_an_old_version_of_tls_is_refused_where_the_file_says_so(folder):
    path = written(folder, TLS.replace("}", ", min_version: TLS13}"))
    with serving(site(), web_config=path) as server:
        assert ask(server, tls=trust(folder)).status == 200
        with pytest.raises(ssl.SSLError, match=r"(?i)protocol version"):
            ask(server, tls=trust(folder, maximum_version=ssl.TLSVersion.TLSv1_2))


@pytest.mark.slow
def test_clients_that_do_not_shake_hands_block_nobody_and_are_cut(folder, monkeypatch, caplog):
    monkeypatch.setattr(listener, "_SECONDS", 0.3)
    with serving(site(), web_config=written(folder, TLS)) as server:
        with (
            socket.create_connection(place(server), timeout=10) as silent,
            socket.create_connection(place(server), timeout=10) as plain,
        ):
            plain.sendall(b"GET /metrics HTTP/1.1\r\n\r\n")
            assert ask(server, tls=trust(folder)).status == 200
            assert silent.recv(1) == b""
        eventually(lambda: not server._listeners[0]._connections)
    assert caplog.records == []


@pytest.mark.slow
def test_an_encrypted_key_is_an_error_and_no_question(folder):
    crt, key = folder / "server.crt", folder / "server.key"
    command = ["openssl", "ec", "-aes256", "-passout", "pass:x", "-in", key, "-out", key]
    subprocess.run(command, check=True, capture_output=True)
    with pytest.raises(WebConfigError, match=str(crt)):
        WebConfig(written(folder, TLS))
