"""What an HTTP status means for the caller, decided in one place for every protocol on HTTP. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from syncline.connectors.protocols.request import Request, Response
from syncline.errors import BusyError, DoubtError, SetupError, SynclineError, TransientError

_LONGEST_WAIT = 86_400.0  #: no answer makes us wait longer [s]
_EPOCH_FROM = 1_000_000_000  #: a reset above this is an instant, below it a number of seconds
#: These answers say that the request was not acted on.
BUSY = frozenset(
    {
        HTTPStatus.REQUEST_TIMEOUT,
        HTTPStatus.TOO_EARLY,
        HTTPStatus.LOCKED,
        HTTPStatus.TOO_MANY_REQUESTS,
        HTTPStatus.SERVICE_UNAVAILABLE,
    }
)
#: After one of these, more requests of the same kind make it worse: throttling, or an account that gets locked.
HALTS = frozenset({HTTPStatus.UNAUTHORIZED, HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})


def date_of(headers: Mapping[str, str]) -> datetime | None:
    """The system's clock, as its Date header shows it."""
    return _http_date(headers.get("date", ""))


def wait_of(headers: Mapping[str, str], now: datetime) -> float | None:
    """The pause [s] that the answer asks for, by Retry-After or a rate limit's reset; None where it does not say."""
    asked = headers.get("retry-after", "")
    if asked:
        instant = _http_date(asked)
        seconds = _number(asked) if instant is None else (instant - (date_of(headers) or now)).total_seconds()
        return _bounded(seconds)
    for name in ("ratelimit-reset", "x-ratelimit-reset", "x-rate-limit-reset"):
        reset = _number(headers.get(name, ""))
        if reset is not None:
            return _bounded(reset - (date_of(headers) or now).timestamp() if reset > _EPOCH_FROM else reset)
    return None


def _bounded(seconds: float | None) -> float | None:
    return None if seconds is None else min(max(seconds, 0.0), _LONGEST_WAIT)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if value == value and abs(value) != float("inf") else None  # noqa: PLR0124  NaN differs from itself


def _http_date(text: str) -> datetime | None:
    if not text or text[0].isdigit():
        return None
    try:
        instant = parsedate_to_datetime(text)
    except ValueError:
        return None
    return instant if instant.tzinfo else instant.replace(tzinfo=UTC)


def judge(request: Request, answer: Response, *, system: str, setting: str, now: datetime) -> SynclineError | None:
    """The error that this answer is, whatever was asked; None where its meaning is the protocol's to say.

    Args:
        request: What was sent.
        answer: What came back.
        system: Name of the system, for the sentence.
        setting: The setting with the credentials, for the cure.
        now: Wall clock, where the answer has no Date.
    """
    status, place = answer.status, request.place
    if status in request.keeps:
        return None
    if status in BUSY:
        wait = wait_of(answer.headers, now)
        return BusyError(f"{system} asks us to slow down (HTTP {status} at {place}).", wait=wait)
    if status == HTTPStatus.UNAUTHORIZED:
        what = f"{system} does not accept our credentials (HTTP 401 at {place})."
        return SetupError(what, cure=f"Check {setting}.")
    if status == HTTPStatus.FORBIDDEN:
        what = f"{system} does not allow {place} (HTTP 403)."
        return SetupError(what, cure=f"Give the account of {setting} the right to do this.")
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return lost(request, f"{system} failed (HTTP {status} at {place}).", wait=wait_of(answer.headers, now))
    if HTTPStatus.MULTIPLE_CHOICES <= status < HTTPStatus.BAD_REQUEST:
        return _redirected(request, answer, system)
    return None


def lost(request: Request, what: str, *, cure: str = "", wait: float | None = None) -> TransientError:
    """The error for an answer that cannot be trusted: a doubt for a write, a failed try for a read (with this cure)."""
    if request.writes:
        return DoubtError(what, cure="The hub reads the records again before it goes on.", wait=wait)
    return TransientError(what, cure=cure, wait=wait)


def _redirected(request: Request, answer: Response, system: str) -> SynclineError:
    target = answer.headers.get("location", "").partition("?")[0]
    what = f"{system} points to another place ({target or 'not named'}) for {request.place} (HTTP {answer.status})."
    if request.writes and answer.status not in {HTTPStatus.TEMPORARY_REDIRECT, HTTPStatus.PERMANENT_REDIRECT}:
        return lost(request, what)  # "see other" may follow a request that was acted on
    return SetupError(what, cure=f"Set systems.{system}.url, or the path of the resource, to where it is.")
