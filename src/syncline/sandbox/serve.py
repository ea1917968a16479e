"""One simulated application as an HTTP process: the road every request takes."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from typing import Any, Protocol, TypeAlias, runtime_checkable

import msgspec
from aiohttp import web

from syncline.sandbox.faults import Dialect, Faults, Step
from syncline.sandbox.records import Records
from syncline.sandbox.state import Fields, Key, encode
from syncline.sandbox.tally import Tally
from syncline.sandbox.wording import Refusal

BODY_LIMIT = 10 * 1024 * 1024  # bytes
_LINE_LIMIT = 64 * 1024  # bytes: a query may name 500 keys
DOOR = "/_sandbox"

Background: TypeAlias = Callable[[web.Application], AsyncIterator[None]]


class Business(Protocol):
    """What the side door and the simulated people need of an application."""

    tally: Tally

    @property
    def state(self) -> Records:
        """What it knows."""
        ...

    def get(self, resource: str, key: Key) -> Fields:
        """Read one record."""
        ...

    def create(self, resource: str, given: Mapping[str, object], who: str) -> Fields:
        """Write a new record."""
        ...

    def update(self, resource: str, key: Key, given: Mapping[str, object], who: str) -> Fields:
        """Change the given fields."""
        ...

    def delete(self, resource: str, key: Key, who: str) -> object:
        """Delete a record in the application's own way."""
        ...


class Interface(Dialect, Protocol):
    """The HTTP side of an application."""

    @property
    def kind(self) -> str:
        """Its name on the command line, such as `crm`."""
        ...

    @property
    def business(self) -> Business:
        """The application behind it."""
        ...

    def routes(self) -> Iterable[web.RouteDef]:
        """Paths and what answers them."""
        ...

    def stranger(self, request: web.Request) -> web.Response | None:
        """Answer a request without the right credentials; None: come in."""
        ...

    def refused(self, refusal: Refusal) -> web.Response:
        """Word a refusal."""
        ...


@runtime_checkable
class Lively(Protocol):
    """An application that works beside its answers."""

    def background(self, faults: Faults) -> Iterable[Background]:
        """What runs for as long as it is served."""
        ...


def json_answer(body: object, status: int = 200) -> web.Response:
    """Answer with JSON; bytes are JSON already."""
    ready = body if isinstance(body, bytes) else encode(body)
    return web.Response(body=ready, status=status, content_type="application/json")


async def json_object(request: web.Request) -> Fields:
    """Read the body of a request as a JSON object."""
    try:
        body = msgspec.json.decode(await request.read())
    except (msgspec.DecodeError, UnicodeDecodeError) as problem:
        raise Refusal(400, "bad_json", f"The body is not JSON: {problem}") from None
    if not isinstance(body, dict):
        raise Refusal(400, "bad_json", "The body must be a JSON object")
    return body


def application(interface: Interface, door: Iterable[web.RouteDef], faults: Faults) -> web.Application:
    """Put the interface, its faults and the side door together."""
    tally = interface.business.tally

    @web.middleware
    async def road(request: web.Request, handler: Callable[[web.Request], Any]) -> web.StreamResponse:
        if request.path.startswith(DOOR):
            return await _civil(request, handler, _plainly)
        tally.requests[request.method] += 1
        answer = await faults.around(request, _guarded(interface, handler))
        tally.answers[str(answer.status)] += 1
        return answer

    app = web.Application(middlewares=[road], client_max_size=BODY_LIMIT)
    app.add_routes([*interface.routes(), *door])
    if isinstance(interface, Lively):
        app.cleanup_ctx.extend(interface.background(faults))
    return app


def _guarded(interface: Interface, handler: Callable[[web.Request], Any]) -> Step:
    async def step(request: web.Request) -> web.Response:
        stranger = interface.stranger(request)
        if stranger is not None:
            return stranger
        return await _civil(request, handler, interface.refused)

    return step


async def _civil(
    request: web.Request,
    handler: Callable[[web.Request], Any],
    refused: Callable[[Refusal], web.Response],
) -> web.Response:
    """Word every refusal as the application would, the framework's own included."""
    try:
        answer: web.Response = await handler(request)
    except Refusal as refusal:
        return refused(refusal)
    except web.HTTPException as problem:
        code = problem.reason.lower().replace(" ", "_")
        return refused(Refusal(problem.status, code, problem.reason))
    return answer


def _plainly(refusal: Refusal) -> web.Response:
    return json_answer({"error": refusal.message}, refusal.status)


async def serve(app: web.Application, kind: str, port: int) -> None:
    """Serve on 127.0.0.1 until SIGTERM or SIGINT; say where, in one line."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(sign, stop.set)
    runner = web.AppRunner(app, access_log=None, max_line_size=_LINE_LIMIT, shutdown_timeout=1.0)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        host, bound = runner.addresses[0][:2]
        sys.stdout.write(f"{kind} listening on http://{host}:{bound}\n")
        sys.stdout.flush()
        await stop.wait()
    finally:
        await runner.cleanup()
