"""The asynchronous half of the HTTP wire, the only module that knows aiohttp. It runs on the wire's own loop.

Whether a request has left decides what its failure means, so the moment of leaving is observed where it happens: in
the override of aiohttp's `ClientRequest.send`, which also holds the deadline and forbids a silent second sending.
"""

from __future__ import annotations

import asyncio
import contextvars
import ssl
from http import HTTPStatus
from typing import NoReturn
from urllib.parse import urljoin, urlsplit

import aiohttp
import msgspec
from aiohttp.abc import AbstractResolver, ResolveResult
from yarl import URL

from syncline.connectors.protocols.auth import Credentials
from syncline.connectors.protocols.egress import is_forbidden, origin_of
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


class _Attempt(msgspec.Struct, kw_only=True):
    """One request on its way: has anything of it left?"""

    request: Request
    env: Env
    has_left: bool = False

    def leave(self) -> None:
        """Called immediately before the socket write."""
        if self.has_left and self.request.writes:
            raise ConnectionResetError("the connection closed before an answer")
        send_by = self.request.send_by
        if send_by is not None and self.env.monotonic() > send_by:
            msg = f"{self.request.place} was not sent: its deadline had passed."
            raise BusyError(msg)
        self.has_left = True


_ATTEMPT: contextvars.ContextVar[_Attempt] = contextvars.ContextVar("syncline_attempt")


class _GuardedRequest(aiohttp.ClientRequest):
    async def send(self, conn: aiohttp.connector.Connection) -> aiohttp.ClientResponse:
        _ATTEMPT.get().leave()
        return await super().send(conn)


class _CheckedResolver(AbstractResolver):
    """Names become addresses here, and these very addresses are connected to."""

    def __init__(self, system: str) -> None:
        self._system = system
        self._inner = aiohttp.ThreadedResolver()

    async def resolve(self, host: str, port: int = 0, family: int = 0) -> list[ResolveResult]:
        found = await self._inner.resolve(host, port, family)  # type: ignore[arg-type]  # see above
        if any(is_forbidden(address["host"]) for address in found):
            msg = f"{host} of system {self._system} leads to an address of the machine or network itself."
            raise SetupError(
                msg,
                cure=f"Check systems.{self._system}.url and the name server.",
            )
        return found

    async def close(self) -> None:
        await self._inner.close()


class Client:
    """One system's HTTP session."""

    def __init__(self, *, system: str, url: str, credentials: Credentials, settings: WireSettings, env: Env) -> None:
        self._system = system
        self._url = url.rstrip("/")
        self._origin = origin_of(url)
        self._credentials = credentials
        self._settings = settings
        self._env = env
        self._renewal = asyncio.Lock()
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(
                resolver=_CheckedResolver(system), ssl=_trust(settings.ca_file, system), keepalive_timeout=_KEEP_ALIVE
            ),
            timeout=aiohttp.ClientTimeout(total=settings.total, sock_connect=settings.connect, sock_read=settings.read),
            headers=_USUAL_HEADERS | dict(settings.headers),
            request_class=_GuardedRequest,
            cookie_jar=aiohttp.DummyCookieJar(),
        )

    async def close(self) -> None:
        """Let connections go."""
        await self._session.close()

    async def exchange(self, request: Request) -> Response:
        """The answer, whatever its status; a token that was refused is renewed once. Raises when there is no answer."""
        await self._renew(self._credentials.token, only_when_old=True)
        token = self._credentials.token
        answer = await self._follow(request)
        if answer.status == HTTPStatus.UNAUTHORIZED and self._credentials.token_url:
            await self._renew(token, only_when_old=False)
            answer = await self._follow(request)
        return answer

    async def _renew(self, old: str, *, only_when_old: bool) -> None:
        credentials = self._credentials
        if not credentials.token_url or (only_when_old and credentials.is_fresh(self._env.monotonic())):
            return
        async with self._renewal:
            if credentials.token != old:  # another request was quicker
                return
            answer = await self._once(credentials.token_request(), is_token=True)
            credentials.accept(answer, self._env.monotonic())

    async def _follow(self, request: Request) -> Response:
        url = self._absolute(request.path)
        for _ in range(_HOPS + 1):
            answer = await self._once(request, url)
            target = answer.headers.get("location", "")
            if answer.status not in _MOVED or request.writes or request.method != "GET" or not target:
                return answer
            moved = urljoin(url, target)
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
            msg = f"{self._system} points to another system: {urlsplit(path).netloc.rpartition('@')[2]}."
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

    async def _once(self, request: Request, url: str = "", *, is_token: bool = False) -> Response:
        attempt = _Attempt(request=request, env=self._env)
        body = request.body
        if body is not None and len(body) > self._settings.request_limit:
            size = self._settings.request_limit
            msg = f"{request.place} was not sent: its body is larger than {size} bytes."
            raise RejectedError(msg)
        headers, query = dict(request.headers), list(request.query)
        if not is_token:
            headers |= self._credentials.headers()
            query += self._credentials.query()
        _ATTEMPT.set(attempt)
        try:
            async with self._session.request(
                request.method,
                _with_query(url or request.path, query),
                data=body,
                headers=headers,
                allow_redirects=False,
            ) as answer:
                content = await self._content(request, answer)
                return Response(status=answer.status, headers=_in_lower_case(answer), body=content)
        except SynclineError:
            raise
        except (TimeoutError, aiohttp.ClientError, OSError, ValueError) as error:
            self._explain(attempt, error)

    async def _content(self, request: Request, answer: aiohttp.ClientResponse) -> bytes:
        limit = self._settings.response_limit
        chunks: list[bytes] = []
        size = answer.content_length or 0
        if size <= limit:
            size = 0
            async for chunk in answer.content.iter_any():
                size += len(chunk)
                if size > limit:
                    break
                chunks.append(chunk)
        if size <= limit:
            return b"".join(chunks)
        answer.close()
        what = f"{self._system} answered more than {limit} bytes at {request.place}."
        if request.writes:
            raise lost(request, what)
        raise SetupError(what, cure=f"Ask for smaller pages, or raise systems.{self._system}.response_limit.")

    def _explain(self, attempt: _Attempt, error: Exception) -> NoReturn:
        """Say what this failure of the network means for the request."""
        request, system = attempt.request, self._system
        if isinstance(error, (aiohttp.ClientConnectorCertificateError, ssl.CertificateError)):
            msg = f"The certificate of {system} at {self._origin} is not trusted."
            raise SetupError(
                msg,
                cure=f"Renew it, or name the authority that signed it in systems.{system}.ca_file.",
            ) from error
        if isinstance(error, aiohttp.InvalidURL):
            msg = f"{system} cannot be asked at {self._origin}: this is no valid address."
            raise SetupError(msg, cure=f"Check systems.{system}.url.") from None
        if isinstance(error, ValueError) and not isinstance(error, (aiohttp.ClientError, OSError)):
            msg = f"{request.place} cannot be sent to {system}: {_plainly(error)}."
            raise RejectedError(msg) from None
        if not attempt.has_left:
            msg = f"{system} cannot be reached at {self._origin}: {_plainly(error)}."
            raise TransientError(msg) from None
        raise lost(request, f"{system} gave no whole answer at {request.place}: {_plainly(error)}.") from None


def _trust(ca_file: str, system: str) -> ssl.SSLContext | bool:
    """Whose certificates are good: the machine's authorities, or the ones that were named. Never nobody's."""
    if not ca_file:
        return True
    try:
        return ssl.create_default_context(cafile=ca_file)
    except (OSError, ssl.SSLError) as error:
        msg = f"systems.{system}.ca_file cannot be read as certificates: {ca_file}."
        raise SetupError(msg, cure="Name a file with certificates in PEM.") from error


def _in_lower_case(answer: aiohttp.ClientResponse) -> dict[str, str]:
    """The headers; what comes on several lines is one list (RFC 9110, 5.3)."""
    found: dict[str, str] = {}
    for name, value in answer.headers.items():
        lower = name.lower()
        found[lower] = f"{found[lower]}, {value}" if lower in found else value
    return found


def _with_query(url: str, query: list[tuple[str, str]]) -> URL:
    """The URL with the query; what is in the URL already stays as it is."""
    base = URL(url, encoded=True)
    return base.extend_query(query) if query else base


def _plainly(error: Exception) -> str:
    """What went wrong in a few words that can carry no secret."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, (aiohttp.ClientConnectorError, ConnectionRefusedError)):
        reason = error.strerror or getattr(getattr(error, "os_error", None), "strerror", None)
        return str(reason or "no connection").lower()
    if isinstance(error, (aiohttp.ServerDisconnectedError, ConnectionResetError, aiohttp.ClientOSError)):
        return "the connection was closed"
    if isinstance(error, aiohttp.ClientPayloadError):
        return "the answer was cut off"
    return "the answer is not HTTP" if isinstance(error, aiohttp.ClientError) else "a header holds a line break"
