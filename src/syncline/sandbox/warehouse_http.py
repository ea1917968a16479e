"""The warehouse as a process: its interface is a database and a folder; over HTTP there is the side door alone."""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress

from aiohttp import web

from syncline.sandbox.faults import Faults
from syncline.sandbox.people import Request, edit
from syncline.sandbox.serve import Background, json_answer
from syncline.sandbox.warehouse import Warehouse
from syncline.sandbox.warehouse_habits import PROGRAM, warehouse_habits
from syncline.sandbox.wording import Refusal


class WarehouseInterface:
    """What runs beside the tables."""

    kind = "warehouse"

    def __init__(self, warehouse: Warehouse, every_s: float) -> None:
        self.business = warehouse
        self.habits = warehouse_habits(warehouse)
        self._every_s = every_s  #: 0: the program works only when it is asked to

    def routes(self) -> Iterable[web.RouteDef]:
        """None: whoever wants its records reads the database."""
        return ()

    def stranger(self, _: web.Request) -> web.Response | None:
        """Everybody is welcome to nothing."""
        return None

    def refused(self, refusal: Refusal) -> web.Response:
        """Word a refusal."""
        return json_answer({"error": refusal.message}, refusal.status)

    def failure(self, status: int) -> web.Response:
        """Word a fault."""
        return json_answer({"error": "Something went wrong"}, status)

    def background(self, faults: Faults) -> Iterable[Background]:
        """The program's own work."""
        self.business.drop.settings = lambda: faults.settings
        return (self._at_work,) if self._every_s else ()

    async def _at_work(self, _: web.Application) -> AsyncIterator[None]:
        task = asyncio.get_running_loop().create_task(self._round())
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    async def _round(self) -> None:
        """Do a bit of everything, again and again; whoever locks the database for long is waited for."""
        seed = random.Random(int(self.business.state.meta("seed") or 0))
        while True:
            await asyncio.sleep(self._every_s)
            asked = Request(edits=len(PROGRAM), actions=list(PROGRAM), seed=seed.randrange(1 << 30))
            with suppress(sqlite3.OperationalError):
                edit(self.business, self.habits, asked)
