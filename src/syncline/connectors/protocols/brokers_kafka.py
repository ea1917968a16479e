"""Kafka through FastStream: every partition is read by us alone, from where our inbox stands, and in its order.

Partitions are assigned, not shared out by a group, so that a short pass needs no vote among members that do not exist.
The group only shows others how far we have read. Order per key is the partition's: equal keys go to one partition.
"""

from __future__ import annotations

import asyncio
from collections.abc import Collection, Sequence
from functools import partial
from typing import Any

from aiokafka import AIOKafkaConsumer, ConsumerRecord
from aiokafka import TopicPartition as Partition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import (
    KafkaConnectionError,
    KafkaError,
    KafkaTimeoutError,
    MessageSizeTooLargeError,
    SaslAuthenticationFailed,
    TopicAuthorizationFailedError,
    UnknownTopicOrPartitionError,
    UnsupportedSaslMechanismError,
)
from faststream import AckPolicy
from faststream.kafka import KafkaBroker, KafkaMessage, TopicPartition
from faststream.kafka.message import FAKE_CONSUMER
from faststream.kafka.security import parse_security
from faststream.security import BaseSecurity, SASLPlaintext, SASLScram256, SASLScram512

from syncline.connectors.protocols.brokers_loop import Loop, trust, waited
from syncline.connectors.protocols.brokers_message import Message, Outgoing
from syncline.connectors.protocols.brokers_options import Address, BrokersOptions
from syncline.connectors.protocols.brokers_waves import in_order
from syncline.connectors.protocols.brokers_wire import Fate, Resume, Sent, Take
from syncline.env import Env
from syncline.errors import SetupError, SynclineError, TransientError

_AT_ONCE = 500  #: messages taken in together
_LOOK = 60.0  #: between two looks at how many partitions there are [s]
_TICK = 0.01  #: between two looks whether all was taken in [s]
_QUIET = 20  #: looks in a row that see nothing left but marks of transactions
_POLL = 250  #: how long a fetch waits for something new [ms]
_PAUSE = 1.0  #: before what could not be kept is tried again [s]
_REFUSALS = (SaslAuthenticationFailed, UnsupportedSaslMechanismError, TopicAuthorizationFailedError)
_SASL = {"plain": SASLPlaintext, "scram-sha-256": SASLScram256, "scram-sha-512": SASLScram512}


class KafkaWire:
    """The way to one Kafka. Thread-safe."""

    def __init__(self, system: str, address: Address, options: BrokersOptions, env: Env) -> None:
        self._system = system
        self._options = options
        self._env = env
        self._address = address
        self._hosts = [f"{host}:{port}" for host, port in address.hosts]
        self._security = _security(system, address, options)
        self._loop = Loop(system)
        self._lock = asyncio.Lock()
        self._out: KafkaBroker | None = None
        self._in: KafkaBroker | None = None
        self._consumer: Any = None
        self._looker: AIOKafkaConsumer | None = (
            None  #: asks where topics end, while the other's connection waits for news
        )
        self._topics: frozenset[str] = frozenset()
        self._ends: dict[Partition, int] = {}  #: what was taken in, by partition
        self._ours: dict[str, set[int]] = {}  #: offsets that we gave ourselves and have not come back, by partition
        self._closing = asyncio.Event()
        self._trouble = ""  #: why what came could not be kept
        self._looked = 0.0

    # --- plain calls --------------------------------------------------------------------------------------------------

    def check(self, topics: Collection[str]) -> str:
        """Reach the broker and look for the topics; one line about it."""
        found = self._loop.run(self._told(self._partitions(topics)), self._patience)
        return f"{self._address} has {len(found)} topics with {sum(map(len, found.values()))} partitions"

    def receive(self, topics: Collection[str], take: Take, resume: Resume) -> None:
        """Begin to receive, or look whether there are topics or partitions that we do not receive yet."""
        self._loop.run(self._told(self._receive(frozenset(topics), take, resume)), self._patience)

    def catch_up(self, within: float) -> int:
        """Wait until what is at the broker now was taken in."""
        return int(self._loop.run(self._told(self._catch_up(within)), within + self._patience))

    def publish(self, messages: Sequence[Outgoing], send_by: float) -> list[Sent]:
        """Publish, each key in its order, acknowledged by all replicas."""
        self._loop.run(self._told(self._ready()), self._patience)
        return self._loop.send(self._told(self._publish(messages, send_by)), self._patience + len(messages))

    def close(self) -> None:
        """Let connections go."""
        self._loop.close(self._end, self._options.timeout)

    @property
    def _patience(self) -> float:
        return self._options.timeout * 2

    # --- receiving ----------------------------------------------------------------------------------------------------

    async def _receive(self, topics: frozenset[str], take: Take, resume: Resume) -> None:
        async with self._lock:
            now = self._env.monotonic()
            if self._in is not None and topics == self._topics and now - self._looked < _LOOK:
                return
            found = await self._partitions(topics)
            self._looked = now
            wanted = {Partition(topic, one) for topic, ones in found.items() for one in ones}
            if self._in is not None and wanted == set(self._ends):
                return
            await self._stop_receiving()
            if not wanted:
                return
            self._ends = await self._begin(wanted, resume)
            self._closing = asyncio.Event()
            broker = self._broker(consumer_only=True)
            subscriber: Any = broker.subscriber(
                partitions=[TopicPartition(one.topic, one.partition) for one in sorted(wanted)],
                group_id=self._options.group, batch=True, max_records=_AT_ONCE, batch_timeout_ms=100,
                fetch_max_wait_ms=_POLL,
                auto_offset_reset="earliest", isolation_level="read_committed", ack_policy=AckPolicy.MANUAL,
                parser=_as_it_is, decoder=_raw,
            )  # fmt: skip
            closing = self._closing

            async def handle(records: tuple[Any, ...]) -> None:
                await self._take(subscriber.consumer, records, take, closing)

            subscriber(handle)
            await broker.start()
            self._in, self._topics, self._consumer = broker, topics, subscriber.consumer

    async def _begin(self, wanted: set[Partition], resume: Resume) -> dict[Partition, int]:
        """Tell the group where our inbox stands; where each partition is read from."""
        teller = AIOKafkaConsumer(group_id=self._options.group, enable_auto_commit=False, **self._reached())
        await teller.start()
        try:
            teller.assign(wanted)
            first, last = await teller.beginning_offsets(wanted), await teller.end_offsets(wanted)
            starts: dict[Partition, int] = {}
            for topic in {one.topic for one in wanted}:
                ends = {one.partition: end for one, end in last.items() if one.topic == topic}
                known = await asyncio.get_running_loop().run_in_executor(None, resume, topic, ends)
                starts |= {Partition(topic, one): offset for one, offset in known.items()}
            starts = {one: max(offset, first[one]) for one, offset in starts.items()}
            await teller.commit(starts)
            return starts
        finally:
            await teller.stop()

    async def _take(self, consumer: Any, records: tuple[Any, ...], take: Take, closing: asyncio.Event) -> None:  # noqa: ANN401  a record of the library, of either type
        """One batch: kept first, then acknowledged; what cannot be kept is tried until it can."""
        messages = [_message(record) for record in records]
        while not closing.is_set():
            try:
                await asyncio.get_running_loop().run_in_executor(None, take, messages)
            except SynclineError as error:
                self._trouble = str(error)
                await waited(closing, _PAUSE)
                continue
            self._trouble = ""
            ends: dict[Partition, int] = {}
            for record in records:
                ends[Partition(record.topic, record.partition)] = record.offset + 1
            self._env.point("brokers.acknowledge")
            self._ends |= ends
            for one, end in ends.items():
                ours = self._ours.get(f"{one.topic}/{one.partition}")
                if ours:
                    ours -= {offset for offset in ours if offset < end}
            try:
                await consumer.commit(ends)
            except KafkaError as error:  # our inbox knows how far we are; the group is only told
                self._trouble = f"Kafka was not told how far {self._system} has read: {type(error).__name__}."
            return

    async def _catch_up(self, within: float) -> int:
        if self._in is None or not self._ends:
            return 0
        consumer, deadline = self._consumer, self._env.monotonic() + within
        last = await (await self._looking()).end_offsets(list(self._ends))
        passed = 0
        while True:
            left = sum(self._lacking(one, int(end)) for one, end in last.items())
            if not left:
                return 0
            # Marks of transactions have offsets, and are no messages: past them there is only our place to see.
            beyond = [await consumer.position(one) >= end for one, end in last.items()]
            passed = passed + 1 if all(beyond) and not self._trouble else 0
            if passed > _QUIET:
                return 0
            if self._env.monotonic() > deadline:
                return left
            await waited(self._closing, _TICK)

    async def _looking(self) -> AIOKafkaConsumer:
        async with self._lock:
            if self._looker is None:
                looker = AIOKafkaConsumer(group_id=None, **self._reached())
                await looker.start()
                self._looker = looker
            return self._looker

    def _lacking(self, partition: Partition, end: int) -> int:
        """How many messages up to `end` were not taken in, and are not our own, which are known as they are sent."""
        taken = self._ends[partition]
        ours = self._ours.get(f"{partition.topic}/{partition.partition}", set())
        return max(0, end - taken) - sum(taken <= offset < end for offset in ours)

    async def _stop_receiving(self) -> None:
        self._closing.set()
        if self._in is not None:
            broker, self._in, self._consumer, self._topics = self._in, None, None, frozenset()
            await broker.stop()

    async def _partitions(self, topics: Collection[str]) -> dict[str, list[int]]:
        """The partitions of each topic; SetupError names those that there are not."""
        admin = AIOKafkaAdminClient(**self._reached())
        try:
            await admin.start()
            told = await admin.describe_topics(sorted(topics)) if topics else []
        finally:
            await admin.close()
        unknown = [one["topic"] for one in told if one["error_code"]]
        if unknown:
            msg = f"{self._system} has no topic {', '.join(sorted(unknown))} at {self._address}, or may not see it."
            raise SetupError(msg, cure="Create it, or correct the name.")
        return {one["topic"]: [part["partition"] for part in one["partitions"]] for one in told}

    # --- publishing ---------------------------------------------------------------------------------------------------

    async def _ready(self) -> None:
        async with self._lock:
            if self._out is None:
                out = self._broker(consumer_only=False)
                await out.start()
                self._out = out

    async def _publish(self, messages: Sequence[Outgoing], send_by: float) -> list[Sent]:
        answers = await in_order(messages, partial(self._send, send_by=send_by))
        places = {f"{one.topic}/{one.partition}" for one in self._ends}
        for one in answers:  # only where the answers are told: else nobody knows them until they come back
            if one.fate is Fate.CONFIRMED and one.place in places:
                self._ours.setdefault(one.place, set()).add(one.offset)
        return answers

    async def _send(self, message: Outgoing, *, send_by: float) -> Sent:
        if self._out is None or self._env.monotonic() > send_by:
            return Sent(fate=Fate.UNSENT, message="its deadline had passed")
        headers = {"content-type": message.content_type}
        try:
            told: Any = await asyncio.wait_for(
                self._out.publish(
                    message.body, message.topic, key=message.key.encode(), headers=headers, correlation_id=message.ident
                ),
                self._options.timeout,
            )  # fmt: skip
        except (MessageSizeTooLargeError, TopicAuthorizationFailedError) as error:
            return Sent(fate=Fate.REFUSED, message=f"Kafka does not take it: {type(error).__name__}")
        except UnknownTopicOrPartitionError:
            return Sent(fate=Fate.UNSENT, message=f"there is no topic {message.topic}")
        except (KafkaError, TimeoutError) as error:
            return Sent(fate=Fate.DOUBT, message=f"Kafka did not confirm it: {type(error).__name__}")
        return Sent(fate=Fate.CONFIRMED, place=f"{told.topic}/{told.partition}", offset=told.offset)

    # --- connections --------------------------------------------------------------------------------------------------

    def _reached(self) -> dict[str, Any]:
        """How a client of aiokafka gets there."""
        milliseconds = int(self._options.timeout * 1000)
        return {
            "bootstrap_servers": self._hosts, "client_id": "syncline", "request_timeout_ms": milliseconds,
            **parse_security(self._security),
        }  # fmt: skip

    def _broker(self, *, consumer_only: bool) -> KafkaBroker:
        return KafkaBroker(
            self._hosts, client_id="syncline", logger=None, apply_types=False, security=self._security,
            allow_auto_create_topics=False, consumer_only=consumer_only, graceful_timeout=self._options.timeout,
            request_timeout_ms=int(self._options.timeout * 1000), acks="all", enable_idempotence=True,
            max_request_size=self._options.message_limit + 65_536,
        )  # fmt: skip

    async def _told(self, work: Any) -> Any:  # noqa: ANN401  whatever the work returns
        """The work, its errors as one of the three fates."""
        try:
            return await work
        except _REFUSALS as error:
            msg = f"{self._system} does not let us in at {self._address}: {type(error).__name__}."
            raise SetupError(msg, cure="Check user, password and rights.") from None
        except (KafkaConnectionError, KafkaTimeoutError, KafkaError, OSError, TimeoutError) as error:
            msg = f"{self._system} cannot be reached at {self._address}: {type(error).__name__}."
            raise TransientError(msg, cure="Is the broker at work?") from None

    async def _end(self) -> None:
        await self._stop_receiving()
        looker, self._looker, out, self._out = self._looker, None, self._out, None
        if looker is not None:
            await looker.stop()
        if out is not None:
            await out.stop()


def _security(system: str, address: Address, options: BrokersOptions) -> BaseSecurity | None:
    """TLS and password, as FastStream takes them."""
    context = trust(system, options.ca_file) if address.tls else None
    if address.user:
        kind = _SASL[options.sasl]
        return kind(username=address.user, password=address.password, ssl_context=context, use_ssl=address.tls)
    return BaseSecurity(ssl_context=context, use_ssl=True) if address.tls else None


async def _as_it_is(raw: tuple[Any, ...]) -> KafkaMessage:
    """A batch without a look at it: one header that is no text must not hold the others up."""
    return KafkaMessage(body=b"", raw_message=raw, consumer=FAKE_CONSUMER)


async def _raw(message: Any) -> Any:  # noqa: ANN401  the type of FastStream's raw messages
    return message.raw_message


def _message(record: ConsumerRecord[Any, Any]) -> Message:
    headers = {str(name).lower(): (value or b"").decode(errors="replace") for name, value in record.headers}
    key = record.key or b""
    return Message(
        topic=record.topic, body=record.value, key=key.decode(errors="replace"), headers=headers,
        partition=record.partition, offset=record.offset,
    )  # fmt: skip
