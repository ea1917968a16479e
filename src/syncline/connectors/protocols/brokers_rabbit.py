"""RabbitMQ through FastStream: each queue has one consumer, and its messages are taken in as they were delivered.

A queue that the hub shares with others has no order that anybody could keep: let it be the hub's own, best with a
single active consumer. What was taken in is acknowledged, together; what was not comes again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any

from aio_pika.exceptions import (
    AMQPError,
    AuthenticationError,
    ChannelInvalidStateError,
    ChannelNotFoundEntity,
    DeliveryError,
    ProbableAuthenticationError,
)
from aiormq.exceptions import ChannelAccessRefused, ConnectionNotAllowed
from faststream import AckPolicy
from faststream.rabbit import Channel, RabbitBroker, RabbitExchange, RabbitMessage, RabbitQueue
from faststream.security import BaseSecurity, SASLPlaintext

from syncline.connectors.protocols.brokers_loop import Loop, trust, waited
from syncline.connectors.protocols.brokers_message import Message, Outgoing
from syncline.connectors.protocols.brokers_options import Address, BrokersOptions
from syncline.connectors.protocols.brokers_waves import in_order
from syncline.connectors.protocols.brokers_wire import Fate, Resume, Sent, Take
from syncline.env import Env
from syncline.errors import SetupError, SynclineError, TransientError

_AT_ONCE = 200  #: messages under way to us, of each queue
_TICK = 0.02  #: between two looks at what a queue holds [s]
_PAUSE = 1.0  #: before what could not be kept is tried again [s]
_QUIET = 2  #: looks in a row that see nothing left
_NO_QUEUE = ChannelNotFoundEntity
_REFUSALS = (ProbableAuthenticationError, AuthenticationError, ChannelAccessRefused, ConnectionNotAllowed)
_LOST = (AMQPError, ChannelInvalidStateError, OSError, TimeoutError, RuntimeError)


class RabbitWire:
    """The way to one RabbitMQ. Thread-safe."""

    def __init__(self, system: str, address: Address, options: BrokersOptions, env: Env) -> None:
        self._system = system
        self._options = options
        self._env = env
        self._address = address
        context = trust(system, options.ca_file) if address.tls else None
        self._security = (
            SASLPlaintext(username=address.user, password=address.password, ssl_context=context, use_ssl=address.tls)
            if address.user
            else BaseSecurity(ssl_context=context, use_ssl=address.tls)
        )
        self._loop = Loop(system)
        self._lock = asyncio.Lock()
        self._out: RabbitBroker | None = None
        self._in: RabbitBroker | None = None
        self._queues: dict[str, _Queue] = {}

    # --- plain calls --------------------------------------------------------------------------------------------------

    def check(self, topics: Collection[str]) -> str:
        """Reach the broker and look for the queues; one line about it."""
        waiting = self._loop.run(self._told(self._look(topics)), self._patience)
        return f"{self._address} has {len(waiting)} queues with {sum(waiting.values())} messages waiting"

    def receive(self, topics: Collection[str], take: Take, resume: Resume) -> None:
        """Begin to receive; RabbitMQ itself knows how far we have read."""
        del resume
        self._loop.run(self._told(self._receive(frozenset(topics), take)), self._patience)

    def catch_up(self, within: float) -> int:
        """Wait until what is in the queues now was taken in."""
        return int(self._loop.run(self._told(self._catch_up(within)), within + self._patience))

    def publish(self, messages: Sequence[Outgoing], send_by: float) -> list[Sent]:
        """Publish, each key in its order, confirmed by the broker."""
        self._loop.run(self._told(self._ready()), self._patience)
        return self._loop.send(self._told(self._publish(messages, send_by)), self._patience + len(messages))

    def close(self) -> None:
        """Let connections go."""
        self._loop.close(self._end, self._options.timeout)

    @property
    def _patience(self) -> float:
        return self._options.timeout * 2

    # --- receiving ----------------------------------------------------------------------------------------------------

    async def _look(self, topics: Collection[str]) -> dict[str, int]:
        """Messages that wait in each queue; SetupError names a queue that there is not."""
        broker = self._broker()
        waiting: dict[str, int] = {}
        try:
            await broker.connect()
            for topic in sorted(topics):
                queue = await self._declared(broker, RabbitQueue(topic, declare=False, robust=False))
                waiting[topic] = queue.declaration_result.message_count or 0
        finally:
            await broker.stop()
        return waiting

    async def _declared(self, broker: RabbitBroker, queue: RabbitQueue) -> Any:  # noqa: ANN401  aio-pika's queue
        try:
            return await broker.declare_queue(queue)
        except _NO_QUEUE:
            msg = f"{self._system} has no queue {queue.name} at {self._address}."
            raise SetupError(msg, cure="Create it, or correct the name.") from None

    async def _receive(self, topics: frozenset[str], take: Take) -> None:
        async with self._lock:
            broken = any(one.trouble for one in self._queues.values())  # what it held comes again with a new connection
            if self._in is not None and topics == self._queues.keys() and not broken:
                return
            await self._stop_receiving()
            if not topics:
                return
            await self._look(topics)
            broker = self._broker()
            self._queues = {}
            for topic in sorted(topics):
                queue = _Queue(topic, take, self._env)
                subscriber: Any = broker.subscriber(
                    RabbitQueue(topic, declare=False), channel=Channel(prefetch_count=_AT_ONCE),
                    ack_policy=AckPolicy.MANUAL, parser=_as_it_is, decoder=_raw,
                )  # fmt: skip
                subscriber(queue.hear)
                self._queues[topic] = queue
            await broker.start()
            self._in = broker
            for topic, queue in self._queues.items():
                queue.begin(await broker.declare_queue(RabbitQueue(topic, declare=False)))

    async def _catch_up(self, within: float) -> int:
        deadline = self._env.monotonic() + within
        quiet = 0
        while self._queues:
            looks = [asyncio.wait_for(one.left(), self._options.timeout) for one in self._queues.values()]
            left = sum(await asyncio.gather(*looks))  # a lost connection lets them wait for the next one
            quiet = quiet + 1 if not left else 0
            if quiet >= _QUIET:
                return 0
            if self._env.monotonic() > deadline:
                return left
            await waited(next(iter(self._queues.values())).closing, _TICK)
        return 0

    async def _stop_receiving(self) -> None:
        queues, self._queues = self._queues, {}
        for one in queues.values():
            await one.end()
        if self._in is not None:
            broker, self._in = self._in, None
            await broker.stop()

    # --- publishing ---------------------------------------------------------------------------------------------------

    async def _ready(self) -> None:
        async with self._lock:
            if self._out is None:
                out = self._broker()
                await out.start()
                self._out = out

    async def _publish(self, messages: Sequence[Outgoing], send_by: float) -> list[Sent]:
        return await in_order(messages, partial(self._send, send_by=send_by))

    async def _send(self, message: Outgoing, *, send_by: float) -> Sent:
        if self._out is None or self._env.monotonic() > send_by:
            return Sent(fate=Fate.UNSENT, message="its deadline had passed")
        try:
            await asyncio.wait_for(
                self._out.publish(
                    message.body or b"", exchange=RabbitExchange(message.exchange, declare=False),
                    routing_key=message.topic, mandatory=True, persist=True, message_id=message.ident,
                    content_type=message.content_type, correlation_id=message.ident,
                ),
                self._options.timeout,
            )  # fmt: skip
        except DeliveryError:
            where = f"the exchange {message.exchange}" if message.exchange else "RabbitMQ"
            return Sent(fate=Fate.UNSENT, message=f"{where} has no queue for {message.topic}, or did not keep it")
        except _NO_QUEUE:
            return Sent(fate=Fate.UNSENT, message=f"there is no exchange {message.exchange}")
        except _LOST as error:
            return Sent(fate=Fate.DOUBT, message=f"RabbitMQ did not confirm it: {type(error).__name__}")
        return Sent(fate=Fate.CONFIRMED)

    # --- connections --------------------------------------------------------------------------------------------------

    def _broker(self) -> RabbitBroker:
        ((host, port),) = self._address.hosts
        return RabbitBroker(
            host=host, port=port, virtualhost=self._address.vhost or "/", security=self._security, logger=None,
            apply_types=False, timeout=self._options.timeout, fail_fast=True, reconnect_interval=1.0,
            graceful_timeout=self._options.timeout,
            default_channel=Channel(publisher_confirms=True, on_return_raises=True),
        )  # fmt: skip

    async def _told(self, work: Any) -> Any:  # noqa: ANN401  whatever the work returns
        """The work, its errors as one of the three fates."""
        try:
            return await work
        except _REFUSALS as error:
            msg = f"{self._system} does not let us in at {self._address}: {type(error).__name__}."
            raise SetupError(msg, cure="Check user, password and rights.") from None
        except _LOST as error:
            msg = f"{self._system} cannot be reached at {self._address}: {type(error).__name__}."
            raise TransientError(msg, cure="Is the broker at work?") from None

    async def _end(self) -> None:
        await self._stop_receiving()
        if self._out is not None:
            out, self._out = self._out, None
            await out.stop()


class _Queue:
    """What one queue delivers, gathered to batches in its order."""

    def __init__(self, topic: str, take: Take, env: Env) -> None:
        self._topic = topic
        self._take = take
        self._env = env
        self._heard: list[Any] = []
        self._busy = False
        self._channel: Any = None  #: that of the newest delivery; a connection that was lost comes back with another
        self._next = 1  #: the tag of the next message in its order
        self._news = asyncio.Event()
        self._queue: Any = None
        self._task: asyncio.Task[None] | None = None
        self.closing = asyncio.Event()
        self.trouble = ""  #: why nothing more is taken in

    async def hear(self, raw: Any) -> None:  # noqa: ANN401  aio-pika's message
        """One message was delivered; it is acknowledged when it was taken in."""
        self._heard.append(raw)
        self._news.set()

    def begin(self, queue: Any) -> None:  # noqa: ANN401  aio-pika's queue
        """Take in what is delivered, until the end."""
        self._queue = queue
        self._task = asyncio.get_running_loop().create_task(self._work())

    async def end(self) -> None:
        """Stop; what was not taken in goes back."""
        self.closing.set()
        self._news.set()
        if self._task is not None:
            await self._task

    async def left(self) -> int:
        """How much of the queue was not taken in; TransientError where nothing more will be."""
        if self.trouble:
            msg = f"Messages of {self._topic} are not taken in: {self.trouble}."
            raise TransientError(msg, cure="The next read begins anew.")
        told = await self._queue.declare()
        return int(told.message_count or 0) + len(self._heard) + self._busy

    async def _work(self) -> None:
        try:
            await self._take_in()
        except Exception as error:  # noqa: BLE001  whatever it is, it must not end unseen
            self.trouble = type(error).__name__
        finally:
            self._busy = False

    async def _take_in(self) -> None:
        while not self.closing.is_set():
            await self._news.wait()
            self._news.clear()
            while batch := self._in_order():
                self._busy = True
                await self._keep(batch)
                self._busy = False

    def _in_order(self) -> list[Any]:
        """The next messages as they were delivered. Handlers may have been begun in another order."""
        self._heard = [one for one in self._heard if not one.channel.is_closed]  # the others come again
        if self._heard and self._heard[-1].channel is not self._channel:
            self._channel, self._next = self._heard[-1].channel, 1
        batch: list[Any] = []
        for one in sorted(self._heard, key=lambda one: one.delivery_tag):
            if one.delivery_tag != self._next:
                break
            batch.append(one)
            self._next += 1
        self._heard = [one for one in self._heard if one.delivery_tag >= self._next]
        return [] if self.closing.is_set() else batch

    async def _keep(self, batch: Sequence[Any]) -> None:
        """Kept first, then acknowledged; what cannot be kept is tried until it can."""
        messages = [_message(self._topic, one) for one in batch]
        while not self.closing.is_set():
            try:
                await asyncio.get_running_loop().run_in_executor(None, self._take, messages)
            except SynclineError:
                await waited(self.closing, _PAUSE)
                continue
            self._env.point("brokers.acknowledge")
            try:
                await batch[-1].ack(multiple=True)
            except _LOST:
                return  # they come again, and are known by their names
            return


async def _as_it_is(raw: Any) -> RabbitMessage:  # noqa: ANN401  aio-pika's message
    return RabbitMessage(body=b"", raw_message=raw)


async def _raw(message: Any) -> Any:  # noqa: ANN401  the type of FastStream's raw messages
    return message.raw_message


def _message(topic: str, raw: Any) -> Message:  # noqa: ANN401  aio-pika's message
    headers = {str(name).lower(): _text(value) for name, value in (raw.headers or {}).items()}
    return Message(
        topic=topic, body=raw.body, headers={**headers, "content-type": raw.content_type or ""},
        ident=raw.message_id or _event_name(headers), redelivered=bool(raw.redelivered),
    )  # fmt: skip


def _event_name(headers: Mapping[str, str]) -> str:
    """What names an event in its headers: its source and id together."""
    parts = [headers.get(f"cloudevents{sign}{name}", "") for name in ("source", "id") for sign in (":", "_")]
    return " ".join(filter(None, parts)) if any(parts[2:]) else ""


def _text(value: object) -> str:
    return value.decode(errors="replace") if isinstance(value, bytes | bytearray) else str(value)
