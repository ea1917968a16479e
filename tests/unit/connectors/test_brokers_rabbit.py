"""A queue that can take nothing more in says so."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from types import SimpleNamespace

import pytest

from syncline.connectors.protocols.brokers_message import Message
from syncline.connectors.protocols.brokers_rabbit import _Queue
from syncline.env import RealEnv
from syncline.errors import TransientError


def delivered(tag: int, channel: object) -> object:
    """As aio-pika delivers it."""
    return SimpleNamespace(
        channel=channel, delivery_tag=tag, headers={}, body=b"{}", content_type="", message_id="m", redelivered=False
    )


def test_an_error_that_nobody_foresaw_is_told_and_not_taken_for_an_empty_queue() -> None:
    def take(messages: Sequence[Message]) -> None:
        raise ZeroDivisionError(len(messages))

    async def declare() -> object:
        return SimpleNamespace(message_count=0)

    async def tried() -> None:
        queue = _Queue("orders", take, RealEnv())
        queue.begin(SimpleNamespace(declare=declare))
        await queue.hear(delivered(1, SimpleNamespace(is_closed=False)))
        assert queue._task
        await asyncio.wait([queue._task], timeout=10)

        with pytest.raises(TransientError, match="orders are not taken in: ZeroDivisionError"):
            await queue.left()
        assert not queue._busy
        await queue.end()

    asyncio.run(tried())
