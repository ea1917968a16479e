"""The side door of a simulated application: faults, counts, people, the whole truth.

No real system has it; only those who test come in here.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from typing import TypeVar

import msgspec
from aiohttp import web

from syncline.sandbox.faults import Faults, Settings
from syncline.sandbox.people import Habits, Request, edit
from syncline.sandbox.serve import DOOR, Business, json_answer
from syncline.sandbox.wording import Refusal

_Shape = TypeVar("_Shape", Settings, Request)


class Door:
    """What may be asked under /_sandbox, without credentials."""

    def __init__(self, business: Business, faults: Faults, habits: Habits) -> None:
        self._business = business
        self._faults = faults
        self._habits = habits

    def routes(self) -> Iterable[web.RouteDef]:
        """Paths and what answers them."""
        for method, path, handler in self._paths():
            yield web.route(method, DOOR + path, handler)

    def _paths(
        self,
    ) -> Iterable[tuple[str, str, Callable[[web.Request], Awaitable[web.Response]]]]:
        yield "GET", "/faults", self._shown_faults
        yield "POST", "/faults", self._set_faults
        yield "GET", "/stats", self._stats
        yield "DELETE", "/stats", self._reset
        yield "POST", "/people", self._people
        yield "GET", "/dump/{resource}", self._dump
        yield "GET", "/truth/{resource}", self._truth

    async def _shown_faults(self, _: web.Request) -> web.Response:
        return json_answer(self._faults.settings)

    async def _set_faults(self, request: web.Request) -> web.Response:
        self._faults.set(await _asked(request, Settings))
        return json_answer(self._faults.settings)

    async def _stats(self, _: web.Request) -> web.Response:
        counts = self._business.state.count
        sizes = {name: counts(name) for name in self._business.state.tables}
        return json_answer({**self._business.tally.shown(), "records": sizes})

    async def _reset(self, _: web.Request) -> web.Response:
        self._business.tally.reset()
        return json_answer(self._business.tally.shown())

    async def _people(self, request: web.Request) -> web.Response:
        asked = await _asked(request, Request)
        with self._business.state.together():
            done = edit(self._business, self._habits, asked)
        return json_answer({"done": done})

    async def _dump(self, request: web.Request) -> web.Response:
        bodies = self._business.state.bodies(self._resource(request))
        return json_answer(b'{"data":[%b]}' % b",".join(bodies))

    async def _truth(self, request: web.Request) -> web.Response:
        return json_answer(self._business.state.truth(self._resource(request)))

    def _resource(self, request: web.Request) -> str:
        name = request.match_info["resource"]
        if name not in self._business.state.tables:
            raise Refusal(404, "not_found", f"No resource {name}")
        return name


async def _asked(request: web.Request, shape: type[_Shape]) -> _Shape:
    try:
        return msgspec.json.decode(await request.read() or b"{}", type=shape)
    except msgspec.DecodeError as problem:
        raise Refusal(400, "bad_request", str(problem)) from None
