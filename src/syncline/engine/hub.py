"""The composed whole as the engine sees it: flows bound to their connectors, lenses and layouts."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from operator import itemgetter
from typing import NamedTuple, Protocol

import msgspec

from syncline.engine.audit import Journal
from syncline.engine.kinds import remade, tags
from syncline.engine.limits import Gate
from syncline.env import Env
from syncline.mapping import Cleaner, Lens
from syncline.merging import Unit, normalise
from syncline.model.contract import Contract, ReadBack
from syncline.model.event import Event
from syncline.model.flow import Flow, Side
from syncline.model.ledger import Account, Ledger
from syncline.model.state import Stream
from syncline.model.values import Value
from syncline.ports.connector import Connector
from syncline.ports.executor import Executor
from syncline.ports.listener import Listener
from syncline.ports.store import Store
from syncline.quality.exchange import Exchange

TAGGED = 65_536  #: eids whose tags are looked up together


class BoundSide(msgspec.Struct, frozen=True, kw_only=True):
    """One system's part in a flow, with what is needed to read and write it."""

    side: Side
    connector: Connector
    lens: Lens
    contract: Contract
    stream: Stream
    gate: Gate
    positions: tuple[int, ...]  #: layout position of each lens field, in the order of the lens
    writable: frozenset[int]  #: positions that the hub may write here
    normalisers: dict[int, list[str]]  #: position -> names, declared by the contract or learned
    conditions: tuple[tuple[int, tuple[Value, ...]], ...] = ()  #: position, values: only such entities are created here

    @property
    def system(self) -> str:
        """The system's name."""
        return self.side.system

    def shows(self, position: int, value: Value) -> Value:
        """What this system shows after it stored `value`: its normalisers applied."""
        for name in self.normalisers.get(position, ()):
            value = normalise(name, value)
        return value

    @property
    def verbatim(self) -> bool:
        """Does the system store what it is sent, so that nothing need be read back?"""
        return self.contract.read_back is ReadBack.VERBATIM

    @property
    def doubt(self) -> float:
        """How long after a lost answer nobody may decide what became of the write [s]: T + r."""
        return self.contract.effect + self.contract.settle


class BoundFlow(msgspec.Struct, frozen=True, kw_only=True):
    """A flow at work: its layout, its merge units, its sides."""

    flow: Flow
    layout: tuple[str, ...]  #: field name per position; grows, never shrinks
    units: tuple[Unit, ...]
    sides: Mapping[str, BoundSide]
    references: Mapping[int, str]  #: position -> entity type
    line_references: Mapping[int, Mapping[str, str]]  #: lines position -> {line field: entity type}
    nullable: frozenset[int]  #: reference positions at which a cycle of parents is broken
    cleaners: Mapping[int, Cleaner] = {}  #: by position

    @property
    def entity(self) -> str:
        """The entity type."""
        return self.flow.entity

    @property
    def width(self) -> int:
        """Number of positions of a canon."""
        return len(self.layout)

    def refers_to(self, entity: str) -> bool:
        """Has a field, or a field of lines, that refers to this entity type?"""
        nested = (to for fields in self.line_references.values() for to in fields.values())
        return entity in {*self.references.values(), *nested}

    def position(self, name: str) -> int:
        """A field's position; ValueError when the layout has no such field."""
        return self.layout.index(name)


class Unplaced(NamedTuple):
    """Records of one stream of which it is not known yet whose they are."""

    values: Mapping[str, dict[str, Value]]  #: by key: what each would be matched by
    hashes: Sequence[Mapping[int, Sequence[str]]]  #: by number of the match rule: hash -> keys


class MatchIndex(msgspec.Struct, kw_only=True):
    """What this process knows of the match stage, so that it need not ask the store for each page."""

    built: set[str] = set()  #: entity types whose match index is complete
    lacking: dict[Stream, bool] = {}  #: may this stream lack entities?
    matched: set[Stream] = set()  #: streams whose every record has been seen once
    documents: dict[str, bool] = {}  #: may there be documents of this kind?
    asked: dict[Stream, Mapping[int, str]] = {}  #: entities that open questions are about
    unplaced: dict[Stream, Unplaced] = {}  #: records that nobody has yet
    exchange: dict[Stream, Exchange] = {}
    tags: dict[tuple[str, int], list[tuple[int, str]]] = {}  #: by entity type and block: (first eid, tag), ascending


class Meanwhile(Protocol):
    """What cannot wait until a pass is over. It is asked between two pages, when nothing is half done."""

    def waits(self) -> bool:
        """Is there anything?"""
        ...

    def turn(self) -> None:
        """Act on it now."""
        ...


class Hub(msgspec.Struct, kw_only=True):
    """Everything a step of the engine may use. One per store and process."""

    env: Env
    store: Store
    executor: Executor
    journal: Journal
    store_id: str
    seed: int  #: of the fingerprints of raw records
    flows: Mapping[str, BoundFlow]  #: by flow name, parents before children
    listeners: Sequence[Listener] = ()
    connectors: Mapping[str, Connector] = {}  #: by system, those too that no flow reads or writes
    settle_for: float = 15.0  #: how long one pass waits for due work of its own making [s]
    wrote: dict[Stream, dict[int, int]] = {}  #: recent writes of this process: eid -> [µs]
    listed: dict[Stream, dict[int, int]] = {}  #: changes that lists have shown: eid -> [µs]
    opened_at: int = 0  #: [µs]
    left_at: int = 0  #: when an earlier process made its last change to the state [µs]
    index: MatchIndex = msgspec.field(default_factory=MatchIndex)
    batch_sizes: dict[Stream, int] = {}  #: items of one intent
    tag: str = ""  #: of this process: tells its eids from those that another state of the store has given out
    eids: dict[str, tuple[int, int, int]] = {}  #: by entity type: next and end of what is reserved, and how many it was
    untold: list[Event] | None = None  #: of commits that `together` holds back
    meanwhile: Meanwhile | None = None
    told: frozenset[Stream] = frozenset()  #: in these something has changed, and nobody said what
    overtaken: dict[Stream, set[str]] | None = None  #: records that were read or written while a listing gave way

    def now(self) -> int:
        """Microseconds since 1970, UTC."""
        return int(self.env.now().timestamp() * 1_000_000)

    def tell(self, event: Event) -> None:
        """Tell the listeners; always after the commit."""
        if self.untold is not None:
            self.untold.append(event)
            return
        for listener in self.listeners:
            listener.hear(event)

    @contextmanager
    def together(self) -> Iterator[None]:
        """Let the commits of this block become durable as one, or as one up to each `flush`."""
        self.untold = []
        try:
            with self.store.together():
                yield
        except BaseException:  # what was not committed after all must not live on in memory
            self.untold = None
            self.journal.seq, self.journal.last = self.store.audit_head()
            self.index = MatchIndex()
            self.eids.clear()
            raise
        self._tell_held()
        self.untold = None

    def flush(self) -> None:
        """Make durable what `together` holds back: before a system may show what we did, and what it answered."""
        self.store.flush()
        self._tell_held()

    def _tell_held(self) -> None:
        for event in self.untold or ():
            for listener in self.listeners:
                listener.hear(event)
        if self.untold:
            self.untold.clear()

    def give_way(self) -> bool:
        """Between two pages: turn to what cannot wait; True when there was anything."""
        if self.meanwhile is None or not self.meanwhile.waits():
            return False
        self.meanwhile.turn()
        return True

    def overtake(self, stream: Stream, keys: Iterable[str]) -> None:
        """These records are known as they are now: what a listing under way shows of them may be older."""
        if self.overtaken is not None:
            self.overtaken.setdefault(stream, set()).update(keys)

    def may_have(self, kind: str) -> bool:
        """May the store hold documents of this kind? Looked up once; every commit keeps it true."""
        known = self.index.documents
        if kind not in known:
            known[kind] = bool(self.store.documents(kind))
        return known[kind]

    def matched(self, stream: Stream) -> bool:
        """Has every record of this stream been seen once, so that what exists there is linked and never doubled?"""
        if stream not in self.index.matched and self.store.document("matched", "/".join(stream)) is not None:
            self.index.matched.add(stream)
        return stream in self.index.matched

    def of_entity(self, entity: str) -> BoundFlow:
        """The flow that keeps an entity type."""
        for bound in self.flows.values():
            if bound.entity == entity:
                return bound
        raise KeyError(entity)

    def tag_of(self, entity: str, eid: int) -> str:
        """The tag of the process that reserved an eid; "" where none was written down."""
        place = entity, eid // TAGGED
        if place not in self.index.tags:
            found = self.store.documents(tags(*place))
            self.index.tags[place] = sorted((int(first), tag.decode()) for first, tag in found.items())
        known = self.index.tags[place]
        number = bisect_right(known, eid, key=itemgetter(0))
        return known[number - 1][1] if number else ""

    def marker(self, stream: Stream, eid: int) -> str:
        """What the hub writes into a record's marker field, so that it knows its own creates again.

        A record made anew after an earlier one was deleted gets a marker of its own.
        """
        kind = remade(stream)
        count = self.store.document(kind, str(eid)) if self.may_have(kind) else None
        tag = self.tag_of(stream.entity, eid)
        parts = (self.store_id[:8], stream.entity, str(eid), *([tag] if tag else []))
        return "-".join(parts) + (f".{count.decode()}" if count else "")

    def marked_eid(self, stream: Stream, marker: str) -> int:
        """The eid of a marker that this hub wrote; 0 when it is not ours, or of a state that was put back since."""
        prefix = f"{self.store_id[:8]}-{stream.entity}-"
        number, _, tag = marker.removeprefix(prefix).partition(".")[0].partition("-")
        if not marker.startswith(prefix) or not number.isdecimal():
            return 0
        return int(number) if self.tag_of(stream.entity, int(number)) == tag else 0


class Run(msgspec.Struct, kw_only=True):
    """One execution: its number in the store, its ledger, what it may do."""

    number: int
    ledger: Ledger
    full: bool = False  #: read everything, whatever the cursor says
    approved: bool = False  #: a person has agreed to a large plan
    deliver: bool = True  #: False: plan only
    held: list[str] = []  #: why something waits for approval
    paused: dict[str, str] = {}  #: "flow system" -> why it was left out


class Pass(msgspec.Struct, frozen=True, kw_only=True):
    """One run's work on one side of one flow: what every step of the engine is about."""

    hub: Hub
    run: Run
    bound: BoundFlow
    side: BoundSide
    delivering: frozenset[int] = frozenset()  #: entities whose write to this side is under way: no second is planned

    @property
    def account(self) -> Account:
        """What this run counts for this side."""
        return self.run.ledger.account(self.bound.flow.name, self.side.system)
