"""Tryton's JSON-RPC: log in, ask, tell, and make sense of answers that are errors in a success.

Tryton answers HTTP 200 for a refusal, with the error inside; what concerns the session or the method comes as HTML with
a status. A session that has expired is renewed once.
"""

from __future__ import annotations

import base64
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import Protocol
from urllib.parse import quote

import msgspec

from syncline.connectors.protocols.request import Request, Response
from syncline.errors import DoubtError, RejectedError, SetupError, TransientError

_KEPT = ("company", "company_filter", "employee", "language")  #: of the user's preferences: what calls depend on
_BUG_CURE = "Check that it is a Tryton 8.0 with the modules of this resource, and its server's log."
_WARNINGS = 10  #: most warnings that one call may raise before we give up on it


class FaultKind(Enum):
    """Why Tryton did not do what it was told."""

    REFUSED = "refused"
    STALE = "stale"
    BUG = "bug"  #: Tryton fell over its own feet: an unknown field or model, or a fault in a module


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A refusal in Tryton's own words. Nothing was changed: each call is one transaction."""

    kind: FaultKind
    message: str
    warning: str = ""  #: name of the warning that may be acknowledged


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who the hub is in Tryton."""

    database: str
    user: str
    password: str = field(repr=False)
    company: int
    skip_warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Login:
    header: str = field(repr=False)
    context: Mapping[str, object]


class Wire(Protocol):
    """What the session needs of the HTTP wire."""

    def send(self, request: Request) -> Response:
        """One exchange; raises the fates of `errors`."""
        ...


class _Answer(msgspec.Struct):
    result: object = None
    error: object = None


class Session:
    """One user's session. Thread-safe."""

    def __init__(self, *, wire: Wire, system: str, account: Account) -> None:
        self._wire = wire
        self._system = system
        self._account = account
        self._path = f"/{quote(account.database, safe='')}/rpc/"
        self._lock = threading.Lock()
        self._login: _Login | None = None

    def __repr__(self) -> str:
        """System and user."""
        return f"Session({self._account.user} at {self._system})"

    def ask(self, method: str, *params: object) -> object:
        """The result of a call that changes nothing."""
        return self.ask_at({}, method, *params)

    def ask_at(self, context: Mapping[str, object], method: str, *params: object) -> object:
        """The result of a call that changes nothing, with more context than usual: a place, a date."""
        answer = self._call(method, params, context, None)
        if isinstance(answer, Fault):
            what = f"{self._system} refused {method}: {answer.message}"
            raise SetupError(what, cure=_BUG_CURE) if answer.kind is FaultKind.BUG else RejectedError(what)
        return answer

    def tell(self, method: str, *params: object, send_by: float, stamps: Mapping[str, str] | None = None) -> object:
        """Make a change, if every record of `stamps` still has its time stamp; the result or a Fault.

        A warning that the options acknowledge is acknowledged, and the call repeated.
        """
        for _ in range(_WARNINGS):
            extra = {"_timestamp": dict(stamps)} if stamps else {}
            answer = self._call(method, params, extra, send_by)
            if not isinstance(answer, Fault) or not self._is_acknowledged(answer.warning):
                return answer
            self._call("model.res.user.warning.skip", (answer.warning, False), {}, send_by)
        return answer

    def _is_acknowledged(self, warning: str) -> bool:
        """Warnings are named `digest.name`, with a digest of the records they are about."""
        names = self._account.skip_warnings
        return bool(warning) and (warning in names or warning.partition(".")[2] in names)

    def _call(
        self, method: str, params: Sequence[object], extra: Mapping[str, object], send_by: float | None
    ) -> object:
        login = self._entered()
        try:
            return self._exchange(login, method, params, extra, send_by)
        except SetupError as error:
            if not _is_unknown(error):
                raise
        with self._lock:
            if self._login is login:
                self._login = None
        return self._exchange(self._entered(), method, params, extra, send_by)

    def _exchange(
        self, login: _Login, method: str, params: Sequence[object], extra: Mapping[str, object], send_by: float | None
    ) -> object:
        context = {**login.context, **extra}
        return self._post(method, [*params, context], send_by, {"Authorization": login.header})

    def _entered(self) -> _Login:
        with self._lock:
            if self._login is None:
                self._login = self._enter()
            return self._login

    def _enter(self) -> _Login:
        account = self._account
        try:
            answer = self._post("common.db.login", [account.user, {"password": account.password}], None, {})
        except SetupError as error:
            if not _is_unknown(error):
                raise
            raise self._not_entered("the user or the password is wrong") from None
        if isinstance(answer, Fault):
            raise self._not_entered("it asks for more than a password")
        if not isinstance(answer, list) or len(answer) < 2:  # noqa: PLR2004  user id, token
            raise self._not_entered("its answer was no session")
        token = base64.b64encode(f"{account.user}:{answer[0]}:{answer[1]}".encode()).decode()
        header = f"Session {token}"
        return _Login(header=header, context=self._context(int(str(answer[0])), header))

    def _not_entered(self, why: str) -> SetupError:
        what = f"{self._system} did not let {self._account.user} in: {why}."
        return SetupError(what, cure=f"Check systems.{self._system}: user, password and database.")

    def _context(self, user: int, header: str) -> Mapping[str, object]:
        """What every call carries: the user's preferences, the configured company, and inactive records too."""
        company = self._account.company
        found = self._post("model.res.user.get_preferences", [True, {}], None, {"Authorization": header})
        context = {name: found[name] for name in _KEPT if name in found} if isinstance(found, Mapping) else {}
        if context.get("company") != company:
            self._check_company(user, context.get("company_filter"), header)
            context.pop("employee", None)
        return {**context, "company": company, "active_test": False}

    def _check_company(self, user: int, company_filter: object, header: str) -> None:
        """Refuse a company that the user does not work in.

        It must never be sent: Tryton caches which companies a user may see by the user alone, as the first call has
        it, and would refuse everybody with that user from then on.
        """
        rows = self._post("model.res.user.read", [[user], ["companies"], {}], None, {"Authorization": header})
        companies = rows[0].get("companies") if isinstance(rows, list) and rows else None
        if company_filter == "all" and self._account.company in (companies or ()):
            return
        what = f"{self._account.user} of {self._system} does not work in the company {self._account.company}."
        raise SetupError(
            what, cure=f"Make it the user's current company in Tryton, or correct systems.{self._system}.company."
        )

    def _post(self, method: str, params: Sequence[object], send_by: float | None, headers: Mapping[str, str]) -> object:
        body = msgspec.json.encode({"id": 1, "method": method, "params": params})
        request = Request(
            method="POST",
            path=self._path,
            headers={"Content-Type": "application/json", **headers},
            body=body,
            writes=send_by is not None,
            send_by=send_by,
        )
        answer = self._wire.send(request)
        if not answer.ok:
            raise self._by_status(answer.status, method)
        try:
            found = msgspec.json.decode(answer.body, type=_Answer)
        except msgspec.DecodeError as error:
            what = f"{self._system} answered {method} with something else than JSON."
            raise (DoubtError(what) if request.writes else TransientError(what)) from error
        return found.result if found.error is None else _fault(found.error)

    def _by_status(self, status: int, method: str) -> Exception:
        """The error for an answer in HTML; the wire has judged 401, 403, 429 and the fifths already."""
        if status == HTTPStatus.NOT_FOUND:
            what = f"{self._system} has no database {self._account.database!r} at its URL (HTTP 404)."
            return SetupError(what, cure=f"Check systems.{self._system}: url and database.")
        return RejectedError(f"{self._system} refused {method} (HTTP {status}).")


def _is_unknown(error: SetupError) -> bool:
    """Did the system say that it does not know us? The wire words a 401 like this."""
    return "HTTP 401" in error.what


def _fault(error: object) -> Fault:
    """Read Tryton's error: a name with its details, or the text of a bug."""
    name, details = (*error, "", "")[:2] if isinstance(error, list) else ("", error)
    texts = (
        [str(part) for part in details[:3] if isinstance(part, str)] if isinstance(details, list) else [str(details)]
    )
    match name:
        case "ConcurrencyException":
            return Fault(kind=FaultKind.STALE, message=texts[0] if texts else "Stale.")
        case "UserWarning":
            return Fault(
                kind=FaultKind.REFUSED, message=" ".join(filter(None, texts[1:])), warning=texts[0] if texts else ""
            )
        case "UserError":
            return Fault(kind=FaultKind.REFUSED, message=" ".join(filter(None, texts[:2])) or "Refused.")
        case _:
            return Fault(kind=FaultKind.BUG, message=f"Tryton failed: {name or ' '.join(texts)}")
