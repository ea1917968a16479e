"""One system's HTTP session: connections that are used again, tokens, redirects, and what each failure means.

Whether a request has left decides what its failure means, so the moment of leaving is observed where it happens:
right before the socket write, which also holds the deadline. Nothing that writes is ever sent a second time.
"""

from __future__ import annotations

import http.client
import ssl
import threading
import zlib
from http import HTTPStatus
from typing import NoReturn
from urllib.parse import quote, urlencode, urljoin, urlsplit

import msgspec

from syncline.connectors.protocols.auth import Credentials
from syncline.connectors.protocols.egress import Origin, origin_of
from syncline.connectors.protocols.http_connection import (
    Connection,
    Deadline,
    ascii_host,
    connect,
    encode_request,
    read_body,
)
from syncline.connectors.protocols.request import Request, Response, WireSettings
from syncline.connectors.protocols.verdict import lost
from syncline.env import Env
from syncline.errors import BusyError, RejectedError, SetupError, SynclineError, TransientError

_HOPS = 3  #: redirects that one read follows
_KEEP_ALIVE = 4.0  #: below the shortest usual 5 s of servers: a connection that closes as we write is a doubt [s]
_MOVED = frozenset(
    {
        HTTPStatus.MOVED_PERMANENTLY,
        HTTPStatus.FOUND,
        HTTPStatus.SEE_OTHER,
        HTTPStatus.TEMPORARY_REDIRECT,
        HTTPStatus.PERMANENT_REDIRECT,
    }
)
_USUAL_HEADERS = {"Accept": "application/json", "Accept-Encoding": "gzip, deflate", "User-Agent": "syncline"}
_IN_PATH = "/%:@!$&'()*+,;=~"
_IN_QUERY = "/%:@!$&'()*+,;=~?"
_IN_VALUE = "/:@!$'()*,~?"


class _Attempt(msgspec.Struct, kw_only=True):
    """One request on its way: has anything of it left?"""

    request: Request
    env: Env
    has_left: bool = False

    def leave(self) -> None:
        """Called immediately before the socket write."""
        send_by = self.request.send_by
        if send_by is not None and self.env.monotonic() > send_by:
            msg = f"{self.request.place} was not sent: its deadline had passed."
            raise BusyError(msg)
        self.has_left = True


class Client:
    """One system's HTTP session. Thread-safe."""

    def __init__(self, *, system: str, url: str, credentials: Credentials, settings: WireSettings, env: Env) -> None:
        self._system = system
        self._url = url.rstrip("/")
        self._origin = origin_of(url)
        if not _is_name(self._origin):
            msg = f"{system} cannot be asked at {self._origin}: this is no valid address."
            raise SetupError(msg, cure=f"Check systems.{system}.url.")
        self._credentials = credentials
        self._settings = settings
        self._env = env
        self._headers = _USUAL_HEADERS | {_as_usual(name): value for name, value in settings.headers.items()}
        self._renewal = threading.Lock()
        self._keeping = threading.Lock()
        self._idle: dict[Origin, list[Connection]] = {}
        self._busy: set[Connection] = set()
        self._closed = False
        self._trust: ssl.SSLContext | None = None
        if settings.ca_file:
            self._trust = _trust(settings.ca_file, system)

    def close(self) -> None:
        """Let connections go; an exchange in another thread ends as if the network had failed."""
        with self._keeping:
            self._closed = True
            idle = [one for kept in self._idle.values() for one in kept]
            self._idle.clear()
            for one in self._busy:
                one.interrupt()
        for one in idle:
            one.close()

    def exchange(self, request: Request) -> Response:
        """The answer, whatever its status; a token that was refused is renewed once. Raises when there is no answer."""
        self._renew(self._credentials.token, only_when_old=True)
        token = self._credentials.token
        answer = self._follow(request)
        if answer.status == HTTPStatus.UNAUTHORIZED and self._credentials.token_url:
            self._renew(token, only_when_old=False)
            answer = self._follow(request)
        return answer

    def _renew(self, old: str, *, only_when_old: bool) -> None:
        credentials = self._credentials
        if not credentials.token_url or (only_when_old and credentials.is_fresh(self._env.monotonic())):
            return
        with self._renewal:
            if credentials.token != old:  # another request was quicker
                return
            answer = self._once(credentials.token_request(), credentials.token_url, is_token=True)
            credentials.accept(answer, self._env.monotonic())

    def _follow(self, request: Request) -> Response:
        url = self._absolute(request.path)
        for _ in range(_HOPS + 1):
            answer = self._once(request, url)
            target = answer.headers.get("location", "")
            if answer.status not in _MOVED or request.writes or request.method != "GET" or not target:
                return answer
            moved = _joined(url, target)
            if not self._is_ours(moved):
                return answer
            request = Request(path=moved, headers=request.headers, send_by=request.send_by)
            url = moved
        msg = f"{self._system} sends {request.place} in circles."
        raise TransientError(msg)

    def _absolute(self, path: str) -> str:
        if not path.startswith(("http://", "https://")):
            return self._url + path
        if not self._is_ours(path):
            msg = f"{self._system} points to another system: {_place(path)}."
            raise SetupError(
                msg,
                cure=f"Only {self._origin} was configured as systems.{self._system}.url.",
            )
        return path

    def _is_ours(self, url: str) -> bool:
        try:
            return origin_of(url) == self._origin
        except ValueError:
            return False

    def _once(self, request: Request, url: str, *, is_token: bool = False) -> Response:
        body = request.body
        if body is not None and len(body) > self._settings.request_limit:
            size = self._settings.request_limit
            msg = f"{request.place} was not sent: its body is larger than {size} bytes."
            raise RejectedError(msg)
        origin = self._origin_of_token(url) if is_token else self._origin
        attempt = _Attempt(request=request, env=self._env)
        try:
            return self._sent(attempt, origin, self._encoded(request, origin, url, is_token=is_token))
        except SynclineError:
            raise
        except BufferError:  # more than an answer may hold
            raise self._too_long(request) from None
        except (TimeoutError, http.client.HTTPException, OSError, ValueError, OverflowError, zlib.error) as error:
            self._explain(attempt, error)

    def _encoded(self, request: Request, origin: Origin, url: str, *, is_token: bool) -> bytes:
        own, query, usual = dict(request.headers), list(request.query), _USUAL_HEADERS
        if not is_token:  # who gives tokens may be a stranger to the system, and headers of the settings hold secrets
            own |= self._credentials.headers()
            query += self._credentials.query()
            usual = self._headers
        headers = {"Host": _host(origin), **usual}
        for name, value in own.items():
            headers[_as_usual(name)] = value
        if request.body is not None:
            headers.setdefault("Content-Type", "application/octet-stream")
        return encode_request(request.method, _target(url, query), headers, request.body)

    def _origin_of_token(self, url: str) -> Origin:
        try:
            return origin_of(url)
        except ValueError:
            msg = f"{self._system} cannot be asked for a token: its token_url is no valid address."
            raise SetupError(msg, cure=f"Check systems.{self._system}.auth.token_url.") from None

    def _sent(self, attempt: _Attempt, origin: Origin, data: bytes) -> Response:
        """One exchange. A read on a kept connection that turns out to be over is asked again on a new one."""
        settings = self._settings
        deadline = Deadline(env=self._env, until=self._env.monotonic() + settings.total, pause=settings.read)
        connection = self._kept(origin)
        if connection is not None:
            try:
                return self._on(connection, attempt, origin, data, deadline)
            except ConnectionError:
                if attempt.request.writes:
                    raise
        return self._on(self._opened(origin, deadline), attempt, origin, data, deadline)

    def _on(
        self, connection: Connection, attempt: _Attempt, origin: Origin, data: bytes, deadline: Deadline
    ) -> Response:
        method = attempt.request.method
        with self._keeping:
            self._busy.add(connection)
        reusable = False
        try:
            attempt.leave()
            connection.send(data, deadline, self._settings.response_limit)
            head = connection.receive(method)
            body = read_body(head, self._settings.response_limit, deadline)
            answer = Response(status=head.status, headers=_in_lower_case(head), body=body)
            reusable = not head.will_close and connection.rest(self._env.monotonic())
            return answer
        finally:
            with self._keeping:
                self._busy.discard(connection)
                reusable = reusable and not self._closed
                if reusable:
                    self._idle.setdefault(origin, []).append(connection)
            if not reusable:
                connection.close()

    def _kept(self, origin: Origin) -> Connection | None:
        """A connection of before that still stands; the ones that do not are let go."""
        oldest = self._env.monotonic() - _KEEP_ALIVE
        with self._keeping:
            idle = self._idle.get(origin, [])
            while idle:
                one = idle.pop()
                if one.idle_since > oldest and one.is_quiet():
                    return one
                one.close()
        return None

    def _opened(self, origin: Origin, deadline: Deadline) -> Connection:
        if origin.scheme == "https" and self._trust is None:
            self._trust = _trust("", self._system)
        trust = self._trust if origin.scheme == "https" else None
        return connect(origin, self._system, trust, self._settings.connect, deadline)

    def _too_long(self, request: Request) -> SynclineError:
        what = f"{self._system} answered more than {self._settings.response_limit} bytes at {request.place}."
        if request.writes:
            return lost(request, what)
        return SetupError(what, cure=f"Ask for smaller pages, or raise systems.{self._system}.response_limit.")

    def _explain(self, attempt: _Attempt, error: Exception) -> NoReturn:
        """Say what this failure of the network means for the request."""
        request, system = attempt.request, self._system
        if isinstance(error, ssl.SSLCertVerificationError):
            msg = f"The certificate of {system} at {self._origin} is not trusted."
            raise SetupError(
                msg,
                cure=f"Renew it, or name the authority that signed it in systems.{system}.ca_file.",
            ) from error
        if not attempt.has_left:
            if isinstance(error, (ValueError, OverflowError)) and not isinstance(error, OSError):
                msg = f"{request.place} cannot be sent to {system}: a header or the address holds what cannot be sent."
                raise RejectedError(msg) from None
            msg = f"{system} cannot be reached at {self._origin}: {_plainly(error)}."
            raise TransientError(msg) from None
        raise lost(request, f"{system} gave no whole answer at {request.place}: {_plainly(error)}.") from None


def _trust(ca_file: str, system: str) -> ssl.SSLContext:
    """Whose certificates are good: the machine's authorities, or the ones that were named. Never nobody's."""
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError) as error:
        msg = f"systems.{system}.ca_file cannot be read as certificates: {ca_file}."
        raise SetupError(msg, cure="Name a file with certificates in PEM.") from error
    context.set_alpn_protocols(["http/1.1"])
    return context


def _is_name(origin: Origin) -> bool:
    try:
        ascii_host(origin)
    except UnicodeError:
        return False
    return True


def _host(origin: Origin) -> str:
    """Host, and port where it is not the usual one, as the header says it."""
    return str(msgspec.structs.replace(origin, host=ascii_host(origin))).partition("://")[2]


def _as_usual(name: str) -> str:
    """A header's name in the one way of writing it, so that each is sent once."""
    return "-".join(part.capitalize() for part in name.split("-"))


def _joined(url: str, target: str) -> str:
    """Where a redirect leads; "" where that is no address."""
    try:
        return urljoin(url, target)
    except ValueError:
        return ""


def _place(url: str) -> str:
    """Host and port as they are written, for a sentence."""
    try:
        return urlsplit(url).netloc.rpartition("@")[2]
    except ValueError:
        return "what is no address"


def _target(url: str, query: list[tuple[str, str]]) -> str:
    """Path and query as they go over the wire; what is written with % already stays as it is."""
    parts = urlsplit(url)
    asked = [quote(parts.query, safe=_IN_QUERY)] if parts.query else []
    if query:
        asked.append(urlencode(query, safe=_IN_VALUE))
    path = quote(parts.path or "/", safe=_IN_PATH)
    return f"{path}?{'&'.join(asked)}" if asked else path


def _in_lower_case(answer: http.client.HTTPResponse) -> dict[str, str]:
    """The headers; what comes on several lines is one list (RFC 9110, 5.3)."""
    found: dict[str, str] = {}
    for name, value in answer.headers.items():
        lower = name.lower()
        found[lower] = f"{found[lower]}, {value}" if lower in found else value
    return found


def _plainly(error: Exception) -> str:
    """What went wrong in a few words that can carry no secret."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionRefusedError):
        return (error.strerror or "no connection").lower()
    if isinstance(error, (ConnectionError, ssl.SSLEOFError)):
        return "the connection was closed"
    if isinstance(error, ssl.SSLError):
        return (error.reason or "no secure connection").replace("_", " ").lower()
    if isinstance(error, OSError):
        return (error.strerror or "no connection").lower()
    if isinstance(error, (http.client.IncompleteRead, zlib.error)):
        return "the answer was cut off"
    return "the answer is not HTTP"  # ValueError and OverflowError: the parser at a size that is none
