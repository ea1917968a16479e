"""The SCM's interface: a service of OData 4 behind HTTP Basic, with a token for whoever writes."""

from __future__ import annotations

import base64
import hmac
import secrets
from collections import OrderedDict
from collections.abc import Iterable

from aiohttp import web

from syncline.sandbox.scm import Scm
from syncline.sandbox.scm_batch import batched
from syncline.sandbox.scm_service import ROOT, Answered, Operation, Service, worded
from syncline.sandbox.wording import Refusal

USER = "hub"
_SESSION_MS = 1_800_000  #: how long a token is good for
_SESSIONS_MAX = 1_000
_COOKIE = "SCM_SESSION"
_READS = frozenset({"GET", "HEAD"})


class ScmInterface:
    """How the SCM is reached over HTTP."""

    kind = "scm"

    def __init__(self, scm: Scm, token: str) -> None:
        self.business = scm
        self._service = Service(scm)
        self._expected = base64.b64encode(f"{USER}:{token}".encode())
        self._sessions: OrderedDict[str, tuple[str, int]] = OrderedDict()  # cookie -> token, begun [ms]

    def routes(self) -> Iterable[web.RouteDef]:
        """Paths and what answers them."""
        yield web.route("*", ROOT, self._answer)
        yield web.route("*", ROOT + "/{address:.*}", self._answer)

    def stranger(self, request: web.Request) -> web.Response | None:
        """Ask for user and password, in plain text."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic" and hmac.compare_digest(given.strip().encode(), self._expected):
            return None
        return _unauthorised()

    def refused(self, refusal: Refusal) -> web.Response:
        """Word a refusal."""
        return _response(worded(refusal))

    def failure(self, status: int) -> web.Response:
        """Word a fault."""
        if status == 401:  # noqa: PLR2004 - as for every stranger
            return _unauthorised()
        code, message = {
            429: ("429", "Too many requests"),
            200: ("SCM/BUSY", "The planning run holds the table, try again"),
        }.get(status, ("500", "Internal server error"))
        answer = self.refused(Refusal(status, code, message))
        answer.headers["OData-Version"] = "4.0"
        return answer

    async def _answer(self, request: web.Request) -> web.Response:
        address = request.raw_path.removeprefix(ROOT).removeprefix("/")
        headers = {name.lower(): value for name, value in request.headers.items()}
        operation = Operation(method=request.method, address=address, headers=headers, body=await request.read())
        fetched: dict[str, str] = {}
        if request.method in _READS:
            if headers.get("x-csrf-token", "").lower() == "fetch":
                fetched = self._begun()
        elif not self._is_known(request, headers.get("x-csrf-token", "")):
            answer = self.refused(Refusal(403, "403", "CSRF token validation failed"))
            answer.headers["X-CSRF-Token"] = "Required"
            return answer
        if request.method == "POST" and address.partition("?")[0] == "$batch":
            done = batched(self.business, self._service, operation)
        else:
            done = self._service.done(operation)
        answer = _response(done)
        answer.headers.update(fetched)
        return answer

    def _begun(self) -> dict[str, str]:
        """Open a session, and say its token."""
        cookie, token = secrets.token_hex(16), secrets.token_hex(16)
        self._sessions[cookie] = (token, self.business.state.clock.now_ms())
        if len(self._sessions) > _SESSIONS_MAX:
            self._sessions.popitem(last=False)
        return {"X-CSRF-Token": token, "Set-Cookie": f"{_COOKIE}={cookie}; Path=/; HttpOnly"}

    def _is_known(self, request: web.Request, given: str) -> bool:
        token, begun = self._sessions.get(request.cookies.get(_COOKIE, ""), ("", 0))
        is_young = self.business.state.clock.now_ms() - begun < _SESSION_MS
        return bool(token) and is_young and hmac.compare_digest(given.encode(), token.encode())


def _unauthorised() -> web.Response:
    return web.Response(text="Unauthorized", status=401, headers={"WWW-Authenticate": 'Basic realm="SCM"'})


def _response(answer: Answered) -> web.Response:
    headers = {**answer.headers, "OData-Version": "4.0"}
    if answer.body:
        headers["Content-Type"] = answer.content_type
    return web.Response(body=answer.body, status=answer.status, headers=headers)
