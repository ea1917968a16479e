"""The brokers connector at work: topics as records, read from the inbox, and topics as hints for whoever listens."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import msgspec

from syncline.connectors.protocols.brokers_inbox import Inbox
from syncline.connectors.protocols.brokers_intake import Intake
from syncline.connectors.protocols.brokers_message import STRUCTURED, Outgoing
from syncline.connectors.protocols.brokers_options import Address, BrokersOptions, BrokersResource
from syncline.connectors.protocols.brokers_wire import Fate, Wire
from syncline.connectors.protocols.brokers_write import Outbox, Sender
from syncline.connectors.protocols.json_values import exact_object
from syncline.connectors.protocols.options import configured
from syncline.connectors.protocols.stamps import SECOND, micros
from syncline.env import Env
from syncline.errors import SetupError, SynclineError, TransientError
from syncline.model.contract import BatchShape, Contract, Deletes, Limits, Locking, ReadBack
from syncline.model.page import Batch, Cursor, Gone, Outcome, Page, Receipt, Record
from syncline.ports.hearing import Heard
from syncline.ports.outlet import Notice

_PATIENCE = 30.0  #: for telling others [s]
_HITS = 100  #: of a search
_SELECT = "SELECT key, raw, stamp, deleted FROM record WHERE resource = ?"


class _Parts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that deals with one resource."""

    options: BrokersResource
    contract: Contract
    outbox: Outbox


class BrokersConnector:
    """One broker. Thread-safe."""

    def __init__(self, system: str, options: BrokersOptions, address: Address, wire: Wire, env: Env) -> None:
        self._system = system
        self._options = options
        self._address = address
        self._wire = wire
        self._env = env
        place = Path(options.inbox) if options.inbox else Path(".syncline") / f"{system}.sqlite"
        self._inbox = Inbox(place, system, env, letters=options.letters)
        self._intake = Intake(system, options, self._inbox)
        self._sender = Sender(self._inbox, wire, env)
        self._parts: dict[str, _Parts] = {}
        for name, resource in options.resources.items():
            outbox = Outbox(
                name, resource, limit=options.message_limit, tombstones=address.kind == "kafka",
                effect=effect_of(resource, options), sender=self._sender,
            )  # fmt: skip
            contract = contract_of(resource, options, deletable=outbox.deletable)
            self._parts[name] = _Parts(options=resource, contract=contract, outbox=outbox)

    def __repr__(self) -> str:
        """System and broker."""
        return f"BrokersConnector({self._system} at {self._address})"

    # --- the port of connectors ---------------------------------------------------------------------------------------

    def contract(self, resource: str) -> Contract:
        """What the configuration promises about `resource`."""
        return self._of(resource).contract

    def check(self) -> str:
        """Reach the broker and look for the topics; one line about it."""
        hints = {one.topic or name for name, one in self._options.topics.items()}
        told = self._wire.check(hints | {one.options.topic for one in self._parts.values()})
        count, newest = self._inbox.letters()
        letters = f"; {count} messages could not be read and were set aside, the newest: {newest}" if count else ""
        return f"{self._system} reaches {told}{letters}."

    def schema(self, resource: str) -> Mapping[str, str]:
        """Nothing: messages say themselves what they hold."""
        self._of(resource)
        return {}

    def list(self, resource: str, since: Cursor | None) -> Iterator[Page]:
        """Take in what is at the broker; pages of records that changed at or after `since`, or of all of them."""
        parts = self._of(resource)
        left = self._catch_up()
        behind = None
        if left:
            msg = f"{self._system} has {left} more messages than could be read in {self._options.drain:g} s."
            behind = TransientError(msg, cure="The next pass goes on from there.")
        now = micros(self._env.now())
        return _Pages(self._inbox, resource, since, now, self._options.page, parts.options.topic, behind)

    def get(self, resource: str, keys: Sequence[str]) -> Sequence[Record | Gone]:
        """What the broker has said of these records until now, in the order of `keys`."""
        self._of(resource)
        self._caught_up()
        found: dict[str, Record] = {}
        for key in dict.fromkeys(keys):
            for row in self._inbox.rows(f"{_SELECT} AND key = ? AND deleted = 0", (resource, key)):
                found[key] = _record(row)
        return [found.get(key, Gone(key=key)) for key in keys]

    def search(self, resource: str, field: str, value: str) -> Sequence[Record]:
        """Records whose field equals `value`; field "" is the marker. Letter case counts."""
        options = self._of(resource).options
        self._caught_up()
        if not field and options.marker:
            rows = self._inbox.rows(f"{_SELECT} AND marker = ? AND marker <> '' AND deleted = 0", (resource, value))
            return [_record(row) for row in rows]
        if not field or field not in options.search:
            msg = f"{self._system}.{resource} cannot be searched by {field or 'the marker'}."
            raise SetupError(msg, cure=f"Name the field in systems.{self._system}.resources.{resource}.search.")
        found: list[Record] = []
        for page in _Pages(self._inbox, resource, None, 0, self._options.page):
            for place, raw in enumerate(page.raws):
                shown = exact_object(raw).get(field)
                if shown is not None and str(shown) == value and len(found) < _HITS:
                    found.append(_record((page.keys[place], raw, (page.stamps or [0])[place], 0)))
        return found

    def markers(self, resource: str, raws: Sequence[bytes]) -> Sequence[str]:
        """The hub's marker in each record; "" where there is none."""
        name = self._of(resource).options.marker
        shown = (exact_object(raw).get(name) if name else None for raw in raws)
        return ["" if one is None else str(one) for one in shown]

    def write(self, batch: Batch) -> Sequence[Receipt]:
        """Publish the records of the batch, and keep what they say."""
        parts = self._of(batch.resource)
        if parts.options.write is None:
            refused = "nothing is written here"
            return [Receipt(ref=one.ref, outcome=Outcome.REFUSED, message=refused) for one in batch.items]
        if self._env.monotonic() > batch.send_by:
            return [Receipt(ref=one.ref, outcome=Outcome.BUSY, message="not sent in time") for one in batch.items]
        try:
            self._caught_up()
            return parts.outbox.write(batch.items, batch.send_by)
        except TransientError as error:
            return [Receipt(ref=one.ref, outcome=Outcome.BUSY, message=str(error)) for one in batch.items]

    def close(self) -> None:
        """Let the broker and the inbox go."""
        self._wire.close()
        self._inbox.close()

    # --- hints for whoever listens ------------------------------------------------------------------------------------

    def listen(self, wake: Callable[[], None]) -> None:
        """From now on receive all topics, and call `wake` (from any thread) when there are hints. See `tend`."""
        self._intake.wake = wake

    def tend(self) -> str:
        """Begin to receive, or begin again after a broker was away; what stands in the way, "" for nothing."""
        try:
            self._receive()
        except SynclineError as error:
            return str(error)
        return ""

    def heard(self, limit: int) -> Sequence[Heard]:
        """Hints that were not passed on, oldest first. They are durable here."""
        return [Heard(*row) for row in self._inbox.hints(limit)]

    def forget(self, numbers: Sequence[int]) -> None:
        """These are durable where they were passed on to."""
        self._inbox.drop_hints(numbers)

    # --- events for whoever reads -------------------------------------------------------------------------------------

    def announce(self, notices: Sequence[Notice]) -> Sequence[str]:
        """Tell others what was agreed; for each notice "" once the broker has it, else why it may not have it."""
        messages = [
            Outgoing(
                topic=one.topic, exchange=one.exchange, key=one.key, body=one.body, ident=one.ident,
                content_type=STRUCTURED,
            )
            for one in notices
        ]  # fmt: skip
        answers = self._wire.publish(messages, self._env.monotonic() + _PATIENCE)
        return ["" if one.fate is Fate.CONFIRMED else one.message for one in answers]

    # --- inside -------------------------------------------------------------------------------------------------------

    def _of(self, resource: str) -> _Parts:
        return configured(self._system, self._parts, resource)

    def _receive(self) -> None:
        self._wire.receive(self._intake.topics, self._intake.take, self._inbox.positions)

    def _catch_up(self) -> int:
        self._receive()
        left = self._wire.catch_up(self._options.drain)
        if not left:
            self._sender.finish()
        return left

    def _caught_up(self) -> None:
        """What a read by key shows must be all that the broker has said."""
        left = self._catch_up()
        if left:
            msg = f"{self._system} has {left} messages that were not read yet."
            raise TransientError(msg, cure="The next pass goes on from there.")


class _Pages:
    """One read of the inbox, page by page, in the order in which its records changed.

    Messages that could not be waited for end it with their error instead: then the list is not complete.
    """

    def __init__(  # noqa: PLR0913  the parts of a read
        self,
        inbox: Inbox,
        resource: str,
        since: Cursor | None,
        now: int,
        size: int,
        topic: str = "",
        behind: TransientError | None = None,
    ) -> None:
        self._inbox = inbox
        self._resource = resource
        start = since.stamp if since else 0
        self._since = 0 if start > now + SECOND else start
        self._size = size
        self._topic = topic
        self._behind = behind
        self._after = self._since - 1
        self._is_over = False

    def __iter__(self) -> _Pages:
        return self

    def __next__(self) -> Page:
        if self._is_over and self._behind:
            raise self._behind
        if self._is_over:
            raise StopIteration
        rows = self._inbox.rows(
            f"{_SELECT} AND stamp > ? AND (deleted = 0 OR ?) ORDER BY stamp LIMIT ?",
            (self._resource, self._after, bool(self._since), self._size),
        )
        self._is_over = len(rows) < self._size
        if rows:
            self._after = rows[-1][2]
        alive = [row for row in rows if not row[3]]
        return Page(
            keys=[row[0] for row in alive],
            raws=[row[1] for row in alive],
            stamps=[row[2] for row in alive],
            tombstones=[row[0] for row in rows if row[3]],
            broken=self._letters() if self._is_over else (),
            cursor=Cursor(stamp=self._after) if self._after > 0 else None,
        )

    def _letters(self) -> Sequence[tuple[str, str]]:
        """Messages of this read that nothing could be made of."""
        rows = self._inbox.rows(
            "SELECT topic, name, reason FROM letter WHERE topic = ? AND stamp >= ? ORDER BY number",
            (self._topic, self._since),
        )
        return [(f"#{topic}:{name}", f"{topic} {name} {reason}") for topic, name, reason in rows]


def _record(row: tuple[str, bytes, int, int]) -> Record:
    return Record(key=row[0], raw=row[1], stamp=row[2])


def contract_of(resource: BrokersResource, options: BrokersOptions, *, deletable: bool) -> Contract:
    """What the configuration amounts to.

    There is no locking: a message of somebody else may be on its way while ours is, and the later one counts.
    """
    writes, promise = resource.write is not None, resource.contract
    return Contract(
        precision=1e-6,
        lag=0.0 if promise.lag is None else promise.lag,
        settle=0.0,
        effect=effect_of(resource, options),
        skew=1.0 if promise.skew is None else promise.skew,
        incremental=True,
        stamped=True,
        locking=Locking.NONE,
        deletes=Deletes.TOMBSTONES if deletable else Deletes.SWEEP,
        read_back=ReadBack.BODY,
        batch=BatchShape(size=options.batch, atomic=False),
        marker=bool(resource.marker),
        marker_unique=bool(resource.marker) and writes,
        creatable=writes,
        deletable=writes and deletable,
        archivable=False,
        searchable=frozenset(resource.search),
        normalisers=promise.normalisers,
        limits=Limits(per_second=200.0, burst=200),
    )


def effect_of(resource: BrokersResource, options: BrokersOptions) -> float:
    """How long after it was given up a write may still take effect [s]."""
    return options.timeout if resource.contract.effect is None else resource.contract.effect
