"""Messages about changes on RabbitMQ: one topic exchange, persistent messages, confirmed by the broker.

It needs aio-pika, which nothing else here does: `pip install aio-pika`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from aiohttp import web

from syncline.sandbox.tally import Tally
from syncline.sandbox.wording import Refusal

NAME = "mes.events"
_WAITING_MAX = 100_000
_PATIENCE_S = 10
_PAUSE_S = 1.0


class Exchange:
    """The exchange that events go to; while the broker is away they wait, in order."""

    def __init__(self, tally: Tally) -> None:
        self._tally = tally
        self._queue: asyncio.Queue[tuple[str, str, bytes]] | None = None

    def check(self) -> None:
        """Refuse a target that cannot be reached from here."""
        if find_spec("aio_pika") is None:
            raise Refusal(400, "URL", "url: amqp needs aio-pika here, `pip install aio-pika`", field="url")

    async def at_work(self, _: web.Application) -> AsyncIterator[None]:
        """Work for as long as the application is served."""
        self._queue = asyncio.Queue(_WAITING_MAX)
        task = asyncio.get_running_loop().create_task(self._round(self._queue))
        yield
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)

    def publish(self, url: str, routing_key: str, body: bytes) -> None:
        """Take a message; it is sent soon."""
        try:
            if self._queue is not None:
                self._queue.put_nowait((url, routing_key, body))
        except asyncio.QueueFull:
            self._tally.messages["lost"] += 1

    async def _round(self, queue: asyncio.Queue[tuple[str, str, bytes]]) -> None:
        open_at, connection, exchange = "", None, None
        while True:
            url, routing_key, body = await queue.get()
            while True:
                try:
                    if exchange is None or open_at != url:
                        connection, exchange = await _opened(url, connection)
                        open_at = url
                    await _published(exchange, routing_key, body)
                except _failures():
                    exchange = None
                    await asyncio.sleep(_PAUSE_S)
                else:
                    self._tally.messages["taken"] += 1
                    break


def _failures() -> tuple[type[Exception], ...]:
    """What a broker that is away looks like."""
    return (OSError, TimeoutError, RuntimeError, import_module("aio_pika.exceptions").AMQPError)


async def _opened(url: str, before: Any) -> tuple[Any, Any]:  # noqa: ANN401 - of a library that may be missing
    if before is not None:
        await before.close()
    connection = await import_module("aio_pika").connect(url, timeout=_PATIENCE_S)
    channel = await connection.channel(publisher_confirms=True)
    return connection, await channel.declare_exchange(NAME, "topic", durable=True)


async def _published(exchange: Any, routing_key: str, body: bytes) -> None:  # noqa: ANN401 - see above
    message = import_module("aio_pika").Message(body, content_type="application/json", delivery_mode=2)
    await exchange.publish(message, routing_key=routing_key, timeout=_PATIENCE_S)
