"""The brokers connector: topics of Kafka and queues of RabbitMQ, as records or as hints about records elsewhere."""

from __future__ import annotations

import importlib
import threading
from collections.abc import Collection, Mapping, Sequence
from importlib.util import find_spec
from typing import cast

from syncline.connectors.protocols.brokers_connector import BrokersConnector
from syncline.connectors.protocols.brokers_message import Outgoing
from syncline.connectors.protocols.brokers_options import Address, BrokersOptions, address_of, read_brokers_options
from syncline.connectors.protocols.brokers_wire import Resume, Sent, Take, Wire
from syncline.connectors.spec import Spec
from syncline.env import Env
from syncline.errors import SetupError
from syncline.ports.connector import Connector

_CLIENTS = {"amqp": "aio_pika", "kafka": "aiokafka"}
_WIRES = {"amqp": ("brokers_rabbit", "RabbitWire"), "kafka": ("brokers_kafka", "KafkaWire")}


class LateWire:
    """The wire of a broker, loaded with its first call: the clients take half a second, and most commands need none."""

    def __init__(self, system: str, address: Address, options: BrokersOptions, env: Env) -> None:
        self._given = (system, address, options, env)
        self._kind = address.kind
        self._loading = threading.Lock()
        self._wire: Wire | None = None

    def check(self, topics: Collection[str]) -> str:
        """See `Wire`."""
        return self._loaded().check(topics)

    def receive(self, topics: Collection[str], take: Take, resume: Resume) -> None:
        """See `Wire`."""
        self._loaded().receive(topics, take, resume)

    def catch_up(self, within: float) -> int:
        """See `Wire`."""
        return self._loaded().catch_up(within)

    def publish(self, messages: Sequence[Outgoing], send_by: float) -> list[Sent]:
        """See `Wire`."""
        return self._loaded().publish(messages, send_by)

    def close(self) -> None:
        """See `Wire`."""
        with self._loading:
            wire, self._wire = self._wire, None
        if wire is not None:
            wire.close()

    def _loaded(self) -> Wire:
        with self._loading:
            if self._wire is None:
                module, name = _WIRES[self._kind]
                made = getattr(importlib.import_module(f"syncline.connectors.protocols.{module}"), name)
                self._wire = cast("Wire", made(*self._given))
            return self._wire


def open_brokers(system: str, options: Mapping[str, object], env: Env) -> Connector:
    """A connector to the broker that the options describe; SetupError with all their problems. Nothing is sent yet."""
    chosen = read_brokers_options(system, options)
    address = address_of(chosen)
    if find_spec("faststream") is None or find_spec(_CLIENTS[address.kind]) is None:
        msg = f"System {system} needs FastStream for its broker, which is not installed."
        raise SetupError(msg, cure="Install it: pip install 'syncline[brokers]'.")
    wire = LateWire(system, address, chosen, env)
    return BrokersConnector(system, chosen, address, wire, env)


SPEC = Spec(
    name="brokers",
    summary="Topics of Kafka and queues of RabbitMQ, as records or as hints about records elsewhere.",
    settings=BrokersOptions,
    open=open_brokers,
)
