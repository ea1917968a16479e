"""Options of the brokers connector: which broker, which topics tell of records elsewhere, which are records."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal
from urllib.parse import unquote

import msgspec

from syncline.connectors.protocols.egress import is_forbidden
from syncline.connectors.protocols.options import read_options
from syncline.connectors.protocols.paths import steps_of
from syncline.errors import OptionProblem, OptionsError

_MEGABYTE = 1024 * 1024
_URL = re.compile(r"(amqps?|kafkas?)://(?:([^@/]*)@)?([^@/]+)(?:/(.*))?")
_HOST = re.compile(r"(\[[0-9a-fA-F:.]+\]|[A-Za-z0-9._-]+)(?::(\d{1,5}))?")
_PORTS = {"amqp": 5672, "amqps": 5671, "kafka": 9092, "kafkas": 9092}
_LAST_PORT = 65_535
_TOPIC = re.compile(r"[A-Za-z0-9._\-:/]{1,249}")
_CURE = "Write amqp://host/vhost or kafka://host:9092,other:9092; amqps and kafkas for TLS."
Seconds = Annotated[float, msgspec.Meta(ge=0)]


class About(msgspec.Struct, frozen=True, kw_only=True):
    """Whose records a topic tells of."""

    system: str
    resource: str


class BrokersTopic(msgspec.Struct, frozen=True, kw_only=True):
    """A topic whose messages say which records of another system may have changed. What they hold is never believed."""

    about: About
    key: str = ""  #: where the record's key stands in the event, as data.id; "": the message's own key
    topic: str = ""  #: its name at the broker, on RabbitMQ that of the queue; "": as it is called here


class BrokersWriting(msgspec.Struct, frozen=True, kw_only=True):
    """How records are published."""

    topic: str = ""  #: Kafka: the topic; RabbitMQ: the routing key; "": the one that is read
    exchange: str = ""  #: RabbitMQ; "": straight into the queue of the topic's name
    source: str = "syncline"  #: of the CloudEvent, where the record stands in its data
    type: str = "io.syncline.record"  #: of the CloudEvent, with .changed or .deleted behind it


class BrokersPromise(msgspec.Struct, frozen=True, kw_only=True):
    """Facts that cannot be read off the other options. Times in seconds; None: the usual caution."""

    lag: Seconds | None = None
    effect: Seconds | None = None
    skew: Seconds | None = None
    normalisers: Mapping[str, str] = {}


class BrokersResource(msgspec.Struct, frozen=True, kw_only=True):
    """A topic whose messages are records: the newest of each key counts, and each holds its record whole."""

    topic: str  #: Kafka: the topic; RabbitMQ: the queue
    key: str  #: where the record's key stands in the event, as data.id
    body: str = ""  #: where the record stands, as data; "": the message is the record
    deleted: Mapping[
        str, str
    ] = {}  #: path -> value of a message that tells of a delete; Kafka's tombstones tell it, too
    marker: str = ""  #: field of the record for the hub's own marker
    search: tuple[str, ...] = ()  #: fields of the record that may be searched
    write: BrokersWriting | None = None
    contract: BrokersPromise = BrokersPromise()


class BrokersOptions(msgspec.Struct, frozen=True, kw_only=True):
    """A broker."""

    url: str  #: amqp, amqps, kafka or kafkas://host:port; several hosts of Kafka with commas; it may hold user:password
    user: str = ""
    password: str = ""
    sasl: Literal["plain", "scram-sha-256", "scram-sha-512"] = "plain"  #: how Kafka is told the password
    ca_file: str = ""  #: certificates that are trusted, instead of the machine's
    group: str = "syncline"  #: under which Kafka shows how far the hub has read; another for each hub
    topics: Mapping[str, BrokersTopic] = {}
    resources: Mapping[str, BrokersResource] = {}
    inbox: str = ""  #: file that keeps what was received; "": .syncline/SYSTEM.sqlite where the hub is started
    timeout: Annotated[float, msgspec.Meta(gt=0, le=300)] = 10.0  #: for one answer of the broker [s]
    drain: Annotated[float, msgspec.Meta(gt=0, le=3600)] = (
        30.0  #: how long one read waits for what is there already [s]
    )
    page: Annotated[int, msgspec.Meta(ge=1, le=5_000)] = 500  #: records of one page
    batch: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 500  #: records of one write
    message_limit: Annotated[int, msgspec.Meta(ge=1)] = _MEGABYTE  #: longest message [bytes]
    letters: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 1_000  #: dead letters that are kept

    def __repr__(self) -> str:
        """Without the address, which may hold a password, and the password."""
        return f"BrokersOptions(topics={list(self.topics)}, resources={list(self.resources)})"


class Address(msgspec.Struct, frozen=True, kw_only=True):
    """Where a broker is, and who we are there."""

    kind: Literal["amqp", "kafka"]
    hosts: tuple[tuple[str, int], ...]
    tls: bool
    vhost: str
    user: str
    password: str

    def __repr__(self) -> str:
        """Without the password."""
        return f"Address({self})"

    def __str__(self) -> str:
        """As a person writes it, without user and password."""
        hosts = ",".join(f"{host}:{port}" for host, port in self.hosts)
        return f"{self.kind}{'s' if self.tls else ''}://{hosts}{f'/{self.vhost}' if self.vhost else ''}"


def address_of(options: BrokersOptions) -> Address:
    """The address that the options say; ValueError, which never shows it, where they say none.

    >>> str(address_of(BrokersOptions(url="amqp://hub:secret@mq.example/orders")))
    'amqp://mq.example:5672/orders'
    """
    found = _URL.fullmatch(options.url)
    if not found:
        raise ValueError("is no address of a broker.")
    scheme, login, places, path = found.groups()
    user, _, password = (login or "").partition(":")
    hosts = []
    for place in places.split(","):
        one = _HOST.fullmatch(place)
        if not one or (one[2] and not 0 < int(one[2]) <= _LAST_PORT):
            raise ValueError("names a host or port that is none.")
        hosts.append((one[1].strip("[]"), int(one[2] or _PORTS[scheme])))
    kind: Literal["amqp", "kafka"] = "kafka" if scheme.startswith("kafka") else "amqp"
    if kind == "amqp" and len(hosts) > 1:
        raise ValueError("names several hosts, which only Kafka has.")
    if kind == "kafka" and path:
        raise ValueError("has a path, which only RabbitMQ has.")
    return Address(
        kind=kind, hosts=tuple(hosts), tls=scheme.endswith("s"), vhost=unquote(path or ""),
        user=options.user or unquote(user), password=options.password or unquote(password),
    )  # fmt: skip


def read_brokers_options(system: str, given: Mapping[str, object]) -> BrokersOptions:
    """The options of a system, checked completely; OptionsError with all problems at once."""
    path = f"systems.{system}"
    plain = {name: value for name, value in given.items() if name != "connector"}
    options = read_options(BrokersOptions, plain, path)
    problems = [
        OptionProblem(f"{path}.{where}", f"{path}.{where} {what}", cure) for where, what, cure in _problems(options)
    ]
    if problems:
        raise OptionsError(problems)
    return options


def _problems(options: BrokersOptions) -> Iterator[tuple[str, str, str]]:
    kind = ""
    try:
        address = address_of(options)
        kind = address.kind
        if any(_is_forbidden(host) for host, _ in address.hosts):
            yield "url", "names an address that belongs to the machine or network itself.", "Name the broker."
    except ValueError as error:
        yield "url", str(error), _CURE
    for name, topic in options.topics.items():
        yield from _name_problems(f"topics.{name}.topic", topic.topic or name)
        if kind == "amqp" and not topic.key:
            yield f"topics.{name}.key", "is missing: messages of RabbitMQ have no key.", "Say where it stands."
    for name, resource in options.resources.items():
        yield from _name_problems(f"resources.{name}.topic", resource.topic)
        for where, what, cure in _resource_problems(resource, kind):
            yield f"resources.{name}.{where}", what, cure
    topics = [one.topic for one in options.resources.values()]
    for twice in sorted({one for one in topics if topics.count(one) > 1}):
        yield "resources", f"name the topic {twice} twice.", "Let one resource be what a topic holds."


def _is_forbidden(host: str) -> bool:
    try:
        return is_forbidden(host)
    except ValueError:
        return False  # a name


def _name_problems(where: str, topic: str) -> Iterator[tuple[str, str, str]]:
    if not _TOPIC.fullmatch(topic):
        yield where, "is no name of a topic.", "Write letters, digits, dots, dashes and underscores."


def _resource_problems(resource: BrokersResource, kind: str) -> Iterator[tuple[str, str, str]]:
    if not resource.key:
        yield "key", "is empty.", "Say where the key stands, as data.id."
    if resource.write is None:
        return
    if not key_field(resource):
        yield "key", "stands outside the record, so that no new record can get one.", "Let it be a field of the body."
    if resource.write.topic:
        yield from _name_problems("write.topic", resource.write.topic)
    if kind == "kafka" and resource.write.exchange:
        yield "write.exchange", "is of RabbitMQ.", "Leave it out."
    if kind == "amqp" and not resource.write.exchange and resource.write.topic in {"", resource.topic}:
        told = "is the queue that the hub empties itself: nobody else would get what is written."
        yield "write.topic", told, "Name an exchange, or another queue."


def key_field(resource: BrokersResource) -> str:
    """The field of the record that holds its key; "" where the key stands outside.

    >>> key_field(BrokersResource(topic="t", key="data.id", body="data"))
    'id'
    """
    body, key = steps_of(resource.body), steps_of(resource.key)
    return key[-1] if key[:-1] == body else ""
