"""Everything that can go wrong on the wire, switched on per process and repeatable.

A request draws its fate from the seed and its place in the order of requests, so the
same requests meet the same faults. At most one fault strikes one request.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias, runtime_checkable

import msgspec
from aiohttp import web

from syncline.sandbox.records import Records
from syncline.sandbox.tally import Tally

Step: TypeAlias = Callable[[web.Request], Awaitable[web.Response]]

_READS = frozenset({"GET", "HEAD"})
_LOGIN_PAGE = (
    "<!doctype html><html><head><title>Sign in</title></head><body><h1>Your session has ended</h1></body></html>"
)


class Dialect(Protocol):
    """How an application words what goes wrong."""

    def failure(self, status: int) -> web.Response:
        """Answer for a fault with this status (200 is the trap)."""
        ...


@runtime_checkable
class Bilingual(Protocol):
    """An application that words what goes wrong by where it was asked."""

    def failure_at(self, path: str, status: int) -> web.Response:
        """Answer for a fault at this path."""
        ...


class Settings(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """Which faults are on; rates are shares of requests, 0 to 1."""

    seed: int = 1
    rate_429: float = 0
    retry_after: int | None = 1  #: seconds; null: no such header
    rate_401: float = 0  #: as if the credentials had expired
    rate_500_before: float = 0
    rate_500_after: float = 0
    timeout_before_effect: float = 0
    timeout_after_effect: float = 0
    late_effect: float = 0  #: the connection closes now, the effect comes later
    truncate: float = 0
    html: float = 0
    error_200: float = 0
    duplicate: float = 0
    hold_s: float = 3  #: how long a timeout holds the answer
    late_s: float = 1.5  #: how late a late effect is
    slow_ms: int = 0  #: every answer, not only one
    stale_list_s: float = 0
    clock_skew_s: float = 0
    webhook_drop: float = 0  #: shares of the messages about changes
    webhook_duplicate: float = 0
    webhook_reorder: float = 0  #: the next one goes first
    webhook_late: float = 0
    webhook_late_s: float = 2  #: how late a late message is
    half_file: float = 0  #: shares of the files that are written
    bad_row: float = 0
    methods: list[str] | None = None  #: only these; absent: all
    path: str = ""  #: only requests whose path contains this
    times: int | None = None  #: how many faults strike before it is quiet again


_BEFORE = ("rate_429", "rate_401", "rate_500_before", "timeout_before_effect", "html", "error_200")
_AFTER = ("rate_500_after", "timeout_after_effect", "truncate")
_AROUND = ("duplicate", "late_effect")  # of writes only


class Faults:
    """The faults of one process."""

    def __init__(self, state: Records, tally: Tally, dialect: Dialect) -> None:
        self.settings = Settings()
        self._state = state
        self._tally = tally
        self._dialect = dialect
        self._passed = 0
        self._struck = 0
        self._late: set[asyncio.Task[web.Response]] = set()

    def set(self, settings: Settings) -> None:
        """Switch to these faults and start the draw anew."""
        self.settings = settings
        self._passed = self._struck = 0
        self._state.stale_ms = round(settings.stale_list_s * 1000)
        self._state.clock.skew_ms = round(settings.clock_skew_s * 1000)

    async def around(self, request: web.Request, step: Step) -> web.Response:
        """Take one request through the weather."""
        fault = self._drawn(request)
        if self.settings.slow_ms:
            await asyncio.sleep(self.settings.slow_ms / 1000)
        if fault is None:
            return await step(request)
        self._struck += 1
        self._tally.faults[fault] += 1
        if fault in _BEFORE:
            return await self._before(request, fault)
        if fault in _AROUND:
            return await self._around(request, step, fault)
        return await self._after(request, await step(request), fault)

    def _drawn(self, request: web.Request) -> str | None:
        settings = self.settings
        if settings.path not in request.path:
            return None
        if settings.methods is not None and request.method not in settings.methods:
            return None
        self._passed += 1
        if settings.times is not None and self._struck >= settings.times:
            return None
        draw = random.Random(f"{settings.seed}:{self._passed}")
        for fault in (*_BEFORE, *_AROUND, *_AFTER):
            hit = draw.random() < getattr(settings, fault)
            if hit and not (fault in _AROUND and request.method in _READS):
                return fault
        return None

    async def _before(self, request: web.Request, fault: str) -> web.Response:
        await request.read()
        if fault == "rate_429":
            answer = self._failure(request, 429)
            if self.settings.retry_after is not None:
                answer.headers["Retry-After"] = str(self.settings.retry_after)
            return answer
        if fault == "timeout_before_effect":
            return await self._hung_up(request)
        if fault == "html":
            return web.Response(text=_LOGIN_PAGE, content_type="text/html")
        return self._failure(request, {"error_200": 200, "rate_401": 401}.get(fault, 500))

    async def _around(self, request: web.Request, step: Step, fault: str) -> web.Response:
        await request.read()
        if fault == "duplicate":
            await step(request)
            return await step(request)
        task = asyncio.create_task(self._later(request, step))
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        return _closed(request)

    async def _later(self, request: web.Request, step: Step) -> web.Response:
        await asyncio.sleep(self.settings.late_s)
        return await step(request)

    async def _after(self, request: web.Request, answer: web.Response, fault: str) -> web.Response:
        if fault == "rate_500_after":
            return self._failure(request, 500)
        if fault == "timeout_after_effect":
            return await self._hung_up(request)
        return await self._cut(request, answer)

    def _failure(self, request: web.Request, status: int) -> web.Response:
        if isinstance(self._dialect, Bilingual):
            return self._dialect.failure_at(request.path, status)
        return self._dialect.failure(status)

    async def _hung_up(self, request: web.Request) -> web.Response:
        await asyncio.sleep(self.settings.hold_s)
        return _closed(request)

    async def _cut(self, request: web.Request, answer: web.Response) -> web.Response:
        """Send half the body: as if whole, or with the connection lost, in turns."""
        body = answer.body if isinstance(answer.body, bytes) else b""
        half = body[: len(body) // 2]
        if self._struck % 2:
            return web.Response(body=half, status=answer.status, content_type=answer.content_type)
        stream = web.StreamResponse(status=answer.status)
        stream.content_type = answer.content_type
        stream.content_length = len(body)
        await stream.prepare(request)
        await stream.write(half)
        return _closed(request)


def _closed(request: web.Request) -> web.Response:
    """Close the connection without an answer."""
    if request.transport is not None:
        request.transport.close()
    return web.Response(status=500)
