"""The HTTP wire against real sockets: what each failure means, and what never leaves."""

from __future__ import annotations

import gzip
import itertools
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from syncline.connectors.protocols.auth import AuthOptions, Credentials
from syncline.connectors.protocols.egress import origin_of
from syncline.connectors.protocols.http import Wire
from syncline.connectors.protocols.http_connection import Deadline, connect
from syncline.connectors.protocols.request import Request, Response, WireSettings
from syncline.env import RealEnv
from syncline.errors import BusyError, DoubtError, RejectedError, SetupError, TransientError
from tests.contract.canned_server import Asked, answer, canned

READ = Request(path="/things")
WRITE = Request(method="POST", path="/things", body=b'{"a": 1}', writes=True)
PUT = Request(method="PUT", path="/things/1", body=b'{"a": 1}', writes=True)

Opening = Callable[..., Wire]


@pytest.fixture
def opened() -> Iterator[Opening]:
    wires: list[Wire] = []

    def make(url: str, auth: AuthOptions | None = None, **settings: object) -> Wire:
        chosen = WireSettings(**{"connect": 1.0, "read": 0.5, "total": 0.5, **settings})  # type: ignore[arg-type]
        credentials = Credentials(auth or AuthOptions(), "crm")
        wires.append(Wire(system="crm", url=url, credentials=credentials, env=RealEnv(), settings=chosen))
        return wires[-1]

    yield make
    for wire in wires:
        wire.close()


def always(reply: bytes | None) -> Callable[[Asked], bytes | None]:
    return lambda _: reply


def in_turn(*replies: bytes | None) -> Callable[[Asked], bytes | None]:
    rest = iter(replies)
    return lambda _: next(rest)


def test_an_answer_brings_status_headers_and_body(opened: Opening) -> None:
    with canned(always(answer(b'{"x": 1}', "404 Not Found", ETag='"7"'))) as server:
        found = opened(server.url).send(READ)

    assert (found.status, found.headers["etag"], found.body) == (404, '"7"', b'{"x": 1}')


def test_connections_are_used_again(opened: Opening) -> None:
    with canned(always(answer())) as server:
        wire = opened(server.url)
        for _ in range(3):
            wire.send(READ)

        assert len({asked.peer for asked in server.asked}) == 1


def test_a_packed_answer_is_unpacked(opened: Opening) -> None:
    packed = gzip.compress(b'{"data": []}')
    with canned(always(answer(packed, Content_Encoding="gzip"))) as server:
        assert opened(server.url).send(READ).body == b'{"data": []}'


def test_a_packed_bomb_is_cut_off(opened: Opening) -> None:
    packed = gzip.compress(b" " * 5_000_000)
    with (
        canned(always(answer(packed, Content_Encoding="gzip"))) as server,
        pytest.raises(SetupError, match="more than 100000 bytes"),
    ):
        opened(server.url, response_limit=100_000).send(READ)


def test_a_write_with_too_long_an_answer_is_in_doubt(opened: Opening) -> None:
    with canned(always(answer(b"x" * 2000))) as server, pytest.raises(DoubtError):
        opened(server.url, response_limit=1000).send(WRITE)


def test_a_refused_connection_sent_nothing(opened: Opening) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(TransientError) as caught:
        opened(url).send(WRITE)

    assert not isinstance(caught.value, DoubtError)


def test_a_name_that_leads_nowhere_sent_nothing(opened: Opening) -> None:
    with pytest.raises(TransientError) as caught:
        opened("http://no-such-host.invalid").send(WRITE)

    assert not isinstance(caught.value, DoubtError)


@pytest.mark.parametrize(
    "reply",
    [
        None,
        b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\nConnection: close\r\n\r\n{",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n5\r\n{",
        b"SSH-2.0-OpenSSH_9.2\r\nConnection: close\r\n",
        answer(status="500 Internal Server Error"),
        answer(status="502 Bad Gateway"),
    ],
    ids=["closed", "cut off", "cut off in a chunk", "no HTTP", "500", "502"],
)
@pytest.mark.parametrize(("request_", "fate"), [(READ, TransientError), (WRITE, DoubtError), (PUT, DoubtError)])
def test_a_lost_answer_is_a_doubt_for_writes_only(
    opened: Opening, reply: bytes | None, request_: Request, fate: type[TransientError]
) -> None:
    with canned(always(reply)) as server, pytest.raises(TransientError) as caught:
        opened(server.url).send(request_)

    assert type(caught.value) is fate


def test_silence_is_a_doubt_for_writes_only(opened: Opening) -> None:
    quiet = threading.Event()

    def wait(_: Asked) -> None:
        quiet.wait(5)

    with canned(wait) as server:
        wire = opened(server.url, total=0.2)
        with pytest.raises(DoubtError, match="no answer in time"):
            wire.send(WRITE)
        with pytest.raises(TransientError, match="no answer in time"):
            wire.send(READ)
        quiet.set()


def test_a_put_on_a_connection_that_the_server_closes_leaves_once(opened: Opening) -> None:
    with canned(in_turn(answer(), None, answer())) as server:
        wire = opened(server.url)
        wire.send(READ)
        with pytest.raises(DoubtError):
            wire.send(PUT)

        assert [asked.method for asked in server.asked] == ["GET", "PUT"]


def test_nothing_leaves_after_its_deadline(opened: Opening) -> None:
    late = Request(method="POST", path="/things", body=b"{}", writes=True, send_by=time.monotonic() - 0.001)
    with canned(always(answer())) as server:
        with pytest.raises(BusyError):
            opened(server.url).send(late)

        assert server.asked == []


@pytest.mark.parametrize("status", ["429 Too Many Requests", "503 Service Unavailable"])
def test_a_busy_system_says_how_long_to_wait(opened: Opening, status: str) -> None:
    with canned(always(answer(status=status, Retry_After="12"))) as server, pytest.raises(BusyError) as caught:
        opened(server.url).send(WRITE)

    assert caught.value.wait == 12


def test_what_has_not_left_stays_here_when_the_system_is_busy(opened: Opening) -> None:
    replies = itertools.chain([answer()], itertools.repeat(answer(status="429 Too Many Requests", Retry_After="2")))
    with canned(lambda _: next(replies)) as server:
        answers = opened(server.url).send_all([WRITE] * 50, concurrency=1)

        assert len(server.asked) == 2
    assert isinstance(answers[0], Response)
    assert all(isinstance(one, BusyError) and one.wait == 2 for one in answers[1:])


def test_a_wrong_secret_is_tried_once_only(opened: Opening) -> None:
    with canned(always(answer(status="401 Unauthorized"))) as server:
        answers = opened(server.url).send_all([WRITE] * 50, concurrency=1)

        assert len(server.asked) == 1
    assert all(isinstance(one, SetupError) for one in answers)


def test_answers_come_in_the_order_of_the_requests(opened: Opening) -> None:
    with canned(lambda asked: answer(asked.target.encode())) as server:
        answers = opened(server.url).send_all([Request(path=f"/{n}") for n in range(40)], concurrency=8)

    assert [one.body.decode() if isinstance(one, Response) else one for one in answers] == [f"/{n}" for n in range(40)]


@pytest.mark.parametrize("kind", ["bearer", "basic", "api-key", "param"])
def test_a_refusal_names_the_setting_and_not_the_secret(opened: Opening, kind: str) -> None:
    auth = {
        "bearer": AuthOptions(type="bearer", token="canary-9"),
        "basic": AuthOptions(type="basic", user="hub", password="canary-9"),
        "api-key": AuthOptions(type="api-key", key="canary-9", header="X-Key"),
        "param": AuthOptions(type="api-key", key="canary-9", param="key"),
    }[kind]
    with canned(always(answer(status="401 Unauthorized"))) as server:
        wire = opened(server.url, auth)
        with pytest.raises(SetupError, match=r"systems\.crm\.auth\.") as caught:
            wire.send(READ)

        asked = server.asked[0]
    assert any("canary-9" in text or "aHViOmNhbmFyeS05" in text for text in (asked.target, *asked.headers.values()))
    assert "canary" not in repr((wire, vars(wire), caught.value, str(caught.value), auth))


def test_a_secret_in_the_query_is_not_shown_when_the_network_fails(opened: Opening) -> None:
    auth = AuthOptions(type="api-key", key="canary-9", param="key")
    with canned(always(None)) as server, pytest.raises(TransientError) as caught:
        opened(server.url, auth).send(READ)

    assert "canary" not in repr((caught.value, str(caught.value), caught.value.__cause__))


# --- tokens ---------------------------------------------------------------------


def test_a_token_is_fetched_once_and_renewed_when_it_is_refused(opened: Opening) -> None:
    tokens = itertools.count(1)
    valid = {"Bearer t1"}

    def system(asked: Asked) -> bytes:
        if asked.target == "/token":
            return answer(b'{"access_token": "t%d", "expires_in": 3600}' % next(tokens))
        return answer(status="200 OK" if asked.headers["authorization"] in valid else "401 Unauthorized")

    with canned(system) as server:
        auth = AuthOptions(type="oauth2", token_url=f"{server.url}/token", client_id="hub", client_secret="s")
        wire = opened(server.url, auth)
        wire.send_all([READ] * 10, concurrency=5)
        valid = {"Bearer t2"}
        again = wire.send(WRITE)

        assert again.status == 200
        assert [asked.target for asked in server.asked].count("/token") == 2


def test_a_token_that_is_about_to_expire_is_replaced_first(opened: Opening) -> None:
    tokens = itertools.count(1)

    def system(asked: Asked) -> bytes:
        if asked.target == "/token":
            return answer(b'{"access_token": "t%d", "expires_in": 0}' % next(tokens))
        return answer()

    with canned(system) as server:
        wire = opened(
            server.url, AuthOptions(type="oauth2", token_url=f"{server.url}/token", client_id="h", client_secret="s")
        )
        wire.send(READ)
        wire.send(READ)

        used = [asked.headers["authorization"] for asked in server.asked if asked.target != "/token"]
    assert used == ["Bearer t1", "Bearer t2"]


def test_a_client_without_access_gets_no_token_and_a_person_is_told(opened: Opening) -> None:
    with canned(always(answer(b'{"error": "invalid_client"}', "401 Unauthorized"))) as server:
        auth = AuthOptions(type="oauth2", token_url=f"{server.url}/token", client_id="hub", client_secret="canary-1")
        with pytest.raises(SetupError, match="client_secret") as caught:
            opened(server.url, auth).send(READ)

    assert "canary" not in str(caught.value)


def test_headers_of_the_settings_do_not_go_to_who_gives_tokens(opened: Opening) -> None:
    with (
        canned(always(answer(b'{"access_token": "t1"}'))) as tokens,
        canned(always(answer())) as server,
    ):
        auth = AuthOptions(type="oauth2", token_url=f"{tokens.url}/token", client_id="hub", client_secret="s")
        opened(server.url, auth, headers={"X-Tenant-Key": "canary-9"}).send(READ)

        assert server.asked[0].headers["x-tenant-key"] == "canary-9"
        assert "canary" not in repr(tokens.asked)


# --- where requests may go ---------------------------------------------------------


def test_a_read_follows_a_redirect_within_the_same_origin(opened: Opening) -> None:
    def system(asked: Asked) -> bytes:
        if asked.target == "/things":
            return answer(status="301 Moved Permanently", Location="/new")
        return answer(b'"here"')

    with canned(system) as server:
        assert opened(server.url).send(READ).body == b'"here"'


def test_a_redirect_to_another_origin_is_not_followed(opened: Opening) -> None:
    with (
        canned(always(answer())) as other,
        canned(lambda _: answer(status="302 Found", Location=f"{other.url}/x?key=secret")) as server,
    ):
        with pytest.raises(SetupError, match="points to another place") as caught:
            opened(server.url, AuthOptions(type="bearer", token="canary-9")).send(READ)

        assert other.asked == []
    assert "secret" not in str(caught.value)


def test_a_write_is_never_redirected(opened: Opening) -> None:
    with canned(always(answer(status="307 Temporary Redirect", Location="/new"))) as server:
        with pytest.raises(SetupError):
            opened(server.url).send(WRITE)

        assert len(server.asked) == 1


def test_a_circle_of_redirects_ends(opened: Opening) -> None:
    with canned(always(answer(status="302 Found", Location="/things"))) as server:
        with pytest.raises(TransientError, match="in circles"):
            opened(server.url).send(READ)

        assert len(server.asked) < 10


def test_a_url_of_another_system_is_refused(opened: Opening) -> None:
    with canned(always(answer())) as other, canned(always(answer())) as server:
        with pytest.raises(SetupError, match="another system"):
            opened(server.url).send(Request(path=f"{other.url}/page/2"))

        assert other.asked == []


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254", "http://[::ffff:169.254.169.254]", "http://0.0.0.0", "http://[fe80::1]"]
)
def test_addresses_that_no_application_has_are_refused(opened: Opening, url: str) -> None:
    with pytest.raises(SetupError):
        opened(url).send(READ)


@pytest.mark.parametrize("url", ["http://2852039166", "http://0xA9FEA9FE", "http://0251.0376.0251.0376"])
def test_disguised_addresses_are_seen_through(opened: Opening, url: str) -> None:
    with pytest.raises(SetupError, match=r"machine or network itself|no valid address"):
        opened(url).send(READ)


def test_a_name_that_turns_to_a_forbidden_address_is_not_followed(
    opened: Opening, monkeypatch: pytest.MonkeyPatch
) -> None:
    def rebinding(*_: object, **__: object) -> list[object]:
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("169.254.169.254", 80))]

    wire = opened("http://crm.example")
    monkeypatch.setattr(socket, "getaddrinfo", rebinding)

    with pytest.raises(SetupError, match="machine or network itself"):
        wire.send(READ)


# --- certificates ---------------------------------------------------------------------


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A self-signed certificate for 127.0.0.1, with its key, in one file."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "sandbox")])
    now = RealEnv().now()
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = serialization.Encoding.PEM
    path: Path = tmp_path_factory.mktemp("tls") / "pair.pem"
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    path.write_bytes(private + signed.public_bytes(pem))
    return path


def test_a_certificate_that_nobody_vouches_for_needs_a_person(opened: Opening, certificate: Path) -> None:
    with canned(always(answer()), certificate) as server:
        with pytest.raises(SetupError, match="not trusted") as caught:
            opened(server.url).send(WRITE)

        assert server.asked == []
    assert "systems.crm.ca_file" in caught.value.cure


def test_a_certificate_of_a_named_authority_is_trusted(opened: Opening, certificate: Path) -> None:
    with canned(always(answer()), certificate) as server:
        assert opened(server.url, ca_file=str(certificate)).send(READ).ok


def test_a_certificate_for_another_host_is_not_trusted(opened: Opening, certificate: Path) -> None:
    with canned(always(answer()), certificate) as server, pytest.raises(SetupError, match="not trusted"):
        opened(server.url.replace("127.0.0.1", "localhost"), ca_file=str(certificate)).send(READ)


def test_what_came_encrypted_unasked_is_seen(opened: Opening, certificate: Path) -> None:
    head = len(answer(b"", Content_Length="8000"))
    replies = in_turn(answer(b"x" * 8000, X="y" * (8192 - 8000 - head - 5)) + answer(b'"evil"'), answer(b"[2]"))
    with canned(replies, certificate) as server:
        wire = opened(server.url, ca_file=str(certificate))
        wire.send(READ)

        assert wire.send(READ).body == b"[2]"


def test_nothing_leaves_in_the_clear_while_a_connection_is_interrupted(
    certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trust = ssl.create_default_context(cafile=certificate)
    deadline = Deadline(env=RealEnv(), until=time.monotonic() + 5, pause=5.0)
    with canned(always(answer(b"[1]")), certificate) as server:
        connection = connect(origin_of(server.url), "crm", trust, 1.0, deadline)

        def write_meanwhile(*_: object) -> None:
            connection.send(b"GET / HTTP/1.1\r\n\r\n", deadline, 1000)

        monkeypatch.setattr(socket.socket, "shutdown", write_meanwhile)
        connection.interrupt()
        monkeypatch.undo()
        try:
            assert connection.receive("GET").read() == b"[1]"
        finally:
            connection.close()


def test_a_file_of_authorities_that_is_missing_needs_a_person(opened: Opening) -> None:
    with pytest.raises(SetupError, match="ca_file"):
        opened("https://127.0.0.1:1", ca_file="/no/such/file.pem").send(READ)


@pytest.mark.parametrize("url", ["ftp://a.b", "a.b", "http://", "http://user:canary-9@a.b", "file:///etc/passwd"])
def test_an_address_that_is_none_is_refused_at_once(opened: Opening, url: str) -> None:
    with pytest.raises(SetupError) as caught:
        opened(url)

    assert "canary" not in str(caught.value)


def test_a_line_break_in_a_header_never_leaves(opened: Opening) -> None:
    bad = Request(method="PATCH", path="/things/1", headers={"If-Match": "1\r\nX-Evil: 1"}, body=b"{}", writes=True)
    with canned(always(answer())) as server:
        with pytest.raises(RejectedError):
            opened(server.url).send(bad)

        assert server.asked == []


def test_too_long_a_request_never_leaves(opened: Opening) -> None:
    with canned(always(answer())) as server:
        with pytest.raises(RejectedError):
            opened(server.url, request_limit=5).send(WRITE)

        assert server.asked == []


def test_a_closed_wire_starts_anew(opened: Opening) -> None:
    with canned(always(answer())) as server:
        wire = opened(server.url)
        wire.send(READ)
        wire.close()

        assert wire.send(READ).ok
