"""A world that misbehaves on purpose: systems with drawn habits, people, a clock, crashes. The hub in it is real.

`Application` is a business system: it keeps every version of its records, shows them late where it was made so, changes
what it stores, loses answers. People work in it; `Door` is what the hub sees of it. `World` opens a hub over some of
them, and can kill it at any point and open the next one on the same store.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

import msgspec

from syncline.app import operations
from syncline.app.opening import compose, note_mappings
from syncline.config import Project, load_project
from syncline.engine.hub import Hub, Run
from syncline.engine.run import run
from syncline.errors import TransientError
from syncline.model.contract import BatchShape, Contract, Deletes, Limits, Locking, ReadBack
from syncline.model.page import Batch, Cursor, Gone, Item, Op, Outcome, Page, Receipt, Record
from syncline.security import EnvSecrets
from syncline.store import open_store
from tests.integration.inline import Inline

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
SECOND = 1_000_000  #: [µs]
FAR = 1 << 62  #: later than anything [µs]
PAGE = 3
HUB = "hub"
PERSON = "person"

Fields = Mapping[str, object]


class Crash(BaseException):
    """The process is gone."""


class Clock:
    """Virtual time and seeded chance. Whatever passes a point may end there."""

    def __init__(self, seed: int = 1) -> None:
        self.at = 0  #: [µs] since the start
        self.points: list[str] = []
        self.crash_at = 0  #: the n-th point from now on is the last
        self.crash_chance = 0.0
        self.on_point: Callable[[], None] = lambda: None
        self.next_event: Callable[[], int] = lambda: FAR
        self.chance = random.Random(seed)  # noqa: S311  a seed repeats
        self._ids = count(1)

    def now(self) -> datetime:
        self.at += 1
        return START + timedelta(microseconds=self.at)

    def stamp(self) -> int:
        """[µs] since 1970."""
        return int(START.timestamp() * SECOND) + self.at

    def monotonic(self) -> float:
        return self.at / SECOND

    def sleep(self, seconds: float) -> None:
        until = self.at + max(0, int(seconds * SECOND)) + 1
        while (due := self.next_event()) < until:
            self.at = max(self.at, due)
            self.on_point()
        self.at = max(self.at, until)

    def random(self) -> random.Random:
        return self.chance

    def new_id(self) -> str:
        return f"{next(self._ids):032x}"

    def point(self, name: str) -> None:
        self.points.append(name)
        self.on_point()
        if self.crash_at and len(self.points) == self.crash_at:
            raise Crash(name)
        if self.crash_chance and self.chance.random() < self.crash_chance:
            raise Crash(name)


class Version(NamedTuple):
    """What a record held from some instant on; `fields` None: it was deleted."""

    at: int
    fields: dict[str, object] | None
    who: str
    touched: frozenset[str]
    listed: int  #: when lists and searches begin to show it [µs]


@dataclass(slots=True, kw_only=True)
class Kept:
    """One record with its whole past."""

    versions: list[Version] = field(default_factory=list)
    marker: str = ""
    origin: int = 0  #: the entity that the hub made it for; 0 for a person's own
    merged_into: str = ""

    def shown(self, until: int, *, listed: bool = False) -> Version | None:
        """The newest version that can be seen."""
        seen = [v for v in self.versions if (v.listed if listed else v.at) <= until]
        return seen[-1] if seen else None


class Application:
    """One business system. Defaults are honest and quick; each habit is an attribute."""

    def __init__(self, name: str, clock: Clock) -> None:
        self.name = name
        self.clock = clock
        self.tables: dict[str, dict[str, Kept]] = {}
        self.stores: dict[str, Callable[[object], object]] = {}  #: field -> what becomes of a value
        self.refuses: Callable[[Fields], str] = lambda _fields: ""
        self.ignores: frozenset[str] = frozenset()  #: fields whose writes are accepted and dropped
        self.write_fault: Callable[[Item], str] = lambda _item: ""
        self.read_fault: Callable[[str], str] = lambda _what: ""
        self.before_write: Callable[[Item], None] = lambda _item: None
        self.late: list[tuple[int, str, Item]] = []
        self.writes: list[tuple[int, Item]] = []  #: what took effect, by the hub
        self.asked: list[Item] = []  #: what the hub tried
        self.types: dict[str, str] = {}
        self.deleted: dict[str, list[tuple[int, str]]] = {}
        self.precision = 1000  #: [µs]
        self.lag, self.get_lag, self.ahead = 0, 0, 0  #: [µs]; ahead: its clock, of the right time
        self.contract = Contract(
            precision=0.001, lag=0.0, settle=0.0, effect=0.0, skew=0.0, stamped=True, locking=Locking.ETAG,
            deletes=Deletes.SWEEP, read_back=ReadBack.BODY, batch=BatchShape(size=20), marker=True, archivable=True,
            limits=Limits(per_second=1e6, burst=1_000_000),
        )  # fmt: skip
        self._keys = count(1)

    # --- people -------------------------------------------------------------------------------------------------------

    def add(self, resource: str, **fields: object) -> str:
        """Somebody enters a record."""
        return self._insert(resource, fields, PERSON)

    def edit(self, resource: str, key: str, **fields: object) -> None:
        """Somebody changes a record."""
        self._change(resource, key, fields, PERSON)

    def remove(self, resource: str, key: str, *, who: str = PERSON) -> None:
        """A record is deleted."""
        kept = self.tables[resource][key]
        kept.versions.append(Version(self.clock.at, None, who, frozenset(), self._listed()))
        self.deleted.setdefault(resource, []).append((self.clock.at, key))

    def restore(self, resource: str, key: str) -> None:
        """Somebody takes a delete back."""
        kept = self.tables[resource][key]
        last = next(v.fields for v in reversed(kept.versions) if v.fields is not None)
        kept.versions.append(Version(self.clock.at, last, PERSON, frozenset(), self._listed()))

    def merge(self, resource: str, loser: str, winner: str) -> None:
        """Somebody joins two records."""
        self.remove(resource, loser)
        self.tables[resource][loser].merged_into = winner

    def show(self, resource: str, key: str) -> dict[str, object]:
        """What the application holds right now; {} for a deleted record."""
        return self.tables[resource][key].versions[-1].fields or {}

    def live(self, resource: str) -> dict[str, dict[str, object]]:
        """Every record that is there right now."""
        rows = self.tables.get(resource, {})
        return {key: fields for key, kept in rows.items() if (fields := kept.versions[-1].fields) is not None}

    # --- its own rules ------------------------------------------------------------------------------------------------

    def stored(self, fields: Fields) -> dict[str, object]:
        """What becomes of values that are entered."""
        return {name: self.stores.get(name, lambda value: value)(value) for name, value in fields.items()}

    def _listed(self) -> int:
        return self.clock.at + (self.clock.chance.randint(0, self.lag) if self.lag else 0)

    def _insert(self, resource: str, fields: Fields, who: str, item: Item | None = None) -> str:
        self.clock.at += 1
        key = f"{self.name[0].upper()}{next(self._keys)}"
        kept = Kept(marker=item.marker if item else "", origin=item.ref if item else 0)
        made = self.stored(fields)
        kept.versions.append(Version(self.clock.at, made, who, frozenset(made), self._listed()))
        self.tables.setdefault(resource, {})[key] = kept
        return key

    def _change(self, resource: str, key: str, fields: Fields, who: str) -> None:
        self.clock.at += 1
        kept = self.tables[resource][key]
        old = kept.versions[-1].fields
        assert old is not None
        new = self.stored({name: value for name, value in fields.items() if who == PERSON or name not in self.ignores})
        kept.versions.append(Version(self.clock.at, {**old, **new}, who, frozenset(new), self._listed()))

    def land_late(self) -> None:
        """Requests that everybody has given up on take effect."""
        for one in [one for one in self.late if one[0] <= self.clock.at]:
            self.late.remove(one)
            self.perform(one[1], one[2])

    def perform(self, resource: str, item: Item) -> Receipt:
        """One item, for good."""
        message = self.refuses(item.fields) if item.op in (Op.CREATE, Op.UPDATE) else ""
        if message:
            return Receipt(ref=item.ref, outcome=Outcome.REFUSED, message=message)
        if item.op is Op.CREATE:
            self.writes.append((self.clock.at, item))
            key = self._insert(resource, item.fields, HUB, item)
            return self._done(resource, item, key)
        kept = self.tables[resource].get(item.key)
        if kept is None or kept.versions[-1].fields is None:
            return Receipt(ref=item.ref, outcome=Outcome.GONE, message="no such record")
        if self.contract.locking is Locking.ETAG and item.version not in (None, str(len(kept.versions))):
            return Receipt(ref=item.ref, outcome=Outcome.STALE, message="changed meanwhile")
        self.writes.append((self.clock.at, item))
        if item.op is Op.UPDATE:
            self._change(resource, item.key, item.fields, HUB)
            return self._done(resource, item, item.key)
        self.remove(resource, item.key, who=HUB)
        return Receipt(ref=item.ref, outcome=Outcome.DONE, key=item.key)

    def _done(self, resource: str, item: Item, key: str) -> Receipt:
        kept = self.tables[resource][key]
        record = self.record(key, kept, kept.versions[-1])
        body = record.raw if self.contract.read_back is ReadBack.BODY else None
        return Receipt(
            ref=item.ref, outcome=Outcome.DONE, key=key, raw=body, version=record.version, stamp=record.stamp
        )

    def record(self, key: str, kept: Kept, version: Version) -> Record:
        """A record as it crosses the wire."""
        marked = {"_marker": kept.marker} if self.contract.marker else {}
        raw = json.dumps({"id": key, **marked, **(version.fields or {})}, sort_keys=True).encode()
        stamp = int(START.timestamp() * SECOND) + (version.at + self.ahead) // self.precision * self.precision
        number = str(kept.versions.index(version) + 1) if self.contract.locking is Locking.ETAG else None
        return Record(key=key, raw=raw, version=number, stamp=stamp if self.contract.stamped else 0)


class Listing:
    """Pages of records. A page that fails can be asked for again, unless the whole listing broke."""

    def __init__(self, app: Application, shown: Sequence[Record], tombs: Sequence[str]) -> None:
        self._app, self._shown, self._tombs = app, shown, tombs
        self._start, self._broken = 0, False

    def __iter__(self) -> Iterator[Page]:
        return self

    def __next__(self) -> Page:
        if self._broken or (self._start and self._start >= len(self._shown)):
            raise StopIteration
        fault = self._app.read_fault("list")
        if fault:
            self._broken = fault == "broken"
            raise TransientError(fault)
        page, first = self._shown[self._start : self._start + PAGE], self._start == 0
        self._start += PAGE
        contract = self._app.contract
        newest = max((one.stamp for one in self._shown[: self._start]), default=0)
        return Page(
            keys=[one.key for one in page], raws=[one.raw for one in page],
            versions=[one.version for one in page], stamps=[one.stamp for one in page],
            tombstones=self._tombs if first else [],
            cursor=Cursor(stamp=newest) if contract.incremental and contract.stamped and newest else None,
        )  # fmt: skip


class Door:
    """What the hub sees of an application: the Connector port."""

    def __init__(self, app: Application) -> None:
        self.app = app

    def contract(self, resource: str) -> Contract:
        return self.app.contract

    def check(self) -> str:
        return self.app.name

    def schema(self, resource: str) -> Mapping[str, str]:
        return self.app.types

    def list(self, resource: str, since: Cursor | None) -> Iterator[Page]:
        app = self.app
        shown = []
        for key, kept in app.tables.get(resource, {}).items():
            version = kept.shown(app.clock.at, listed=True)
            if version is not None and version.fields is not None:
                shown.append(app.record(key, kept, version))
        if since is not None:
            overlap = int((app.contract.lag + app.contract.precision + app.contract.skew) * SECOND)
            shown = [one for one in shown if one.stamp >= since.stamp - overlap]
        tombs = []
        if app.contract.deletes is Deletes.TOMBSTONES:
            tombs = [key for _, key in app.deleted.get(resource, []) if key not in app.live(resource)]
        return Listing(self.app, shown, tombs)

    def get(self, resource: str, keys: Sequence[str]) -> Sequence[Record | Gone]:
        self._fail("get")
        return [self._one(resource, key) for key in keys]

    def _one(self, resource: str, key: str) -> Record | Gone:
        app = self.app
        kept = app.tables.get(resource, {}).get(key)
        version = kept.shown(app.clock.at - app.get_lag) if kept else None
        if kept is None or version is None or version.fields is None:
            return Gone(key=key, merged_into=kept.merged_into if kept else "")
        return app.record(key, kept, version)

    def search(self, resource: str, field: str, value: str) -> Sequence[Record]:
        self._fail("search")
        app, found = self.app, []
        for key, kept in app.tables.get(resource, {}).items():
            version = kept.shown(app.clock.at, listed=True)
            if version is None or version.fields is None:
                continue
            if (kept.marker if field == "" else version.fields.get(field)) == value:
                found.append(app.record(key, kept, version))
        return found

    def markers(self, resource: str, raws: Sequence[bytes]) -> Sequence[str]:
        return [json.loads(raw).get("_marker", "") for raw in raws]

    def write(self, batch: Batch) -> Sequence[Receipt]:
        items = list(batch.items)
        refusals = [self.app.refuses(item.fields) for item in items if item.op in (Op.CREATE, Op.UPDATE)]
        if self.app.contract.batch.atomic and any(refusals) and len(items) > 1:  # nothing was written: halve it
            half = len(items) // 2
            parts = [msgspec.structs.replace(batch, items=part) for part in (items[:half], items[half:])]
            return [receipt for part in parts for receipt in self.write(part)]
        return [receipt for item in items if (receipt := self._write(batch.resource, item)) is not None]

    def _write(self, resource: str, item: Item) -> Receipt | None:
        app = self.app
        app.asked.append(item)
        app.before_write(item)
        fault, _, detail = app.write_fault(item).partition(":")
        if fault == "busy":
            return Receipt(ref=item.ref, outcome=Outcome.BUSY, message="later", wait=float(detail or 0))
        if fault == "lost-before":
            return Receipt(ref=item.ref, outcome=Outcome.DOUBT, message="no answer")
        if fault == "late":
            app.late.append((app.clock.at + int(float(detail) * SECOND), resource, item))
            return Receipt(ref=item.ref, outcome=Outcome.DOUBT, message="no answer")
        receipt = app.perform(resource, item)
        if fault == "lost-after":
            return Receipt(ref=item.ref, outcome=Outcome.DOUBT, message="no answer")
        return None if fault == "missing" else receipt

    def _fail(self, what: str) -> None:
        fault = self.app.read_fault(what)
        if fault:
            raise TransientError(fault)

    def close(self) -> None:
        """Nothing is open."""


@lru_cache
def project_of(text: str) -> Project:
    """A project from the text of its file."""
    with TemporaryDirectory() as folder:
        Path(folder, "syncline.yaml").write_text(text, encoding="utf-8")
        return load_project(Path(folder), environ={}, secrets=EnvSecrets({}))


CUSTOMERS = """\
project: acme
store: "sqlite:///:memory:"
systems:
  crm: {connector: rest, url: "http://crm.example"}
  erp: {connector: rest, url: "http://erp.example"}
flows:
  customers:
    entity: client
    own: {"*": latest, credit: {owner: erp}, rating: {owner-unless-empty: crm}, email: manual, visits: add, tags: union}
    empty: {note: keep, since: fill-only}
    groups: {address: [street, city]}
    match: [[tax], {score: [name, city], at_least: 0.95, ask_from: 0.6}]
    deletes: {crm: propagate, erp: propagate}
    systems:
      crm:
        resource: customers
        map: {
          name: name, phone: phone, email: email, tax: tax, credit: credit, rating: rating, visits: visits, tags: tags,
          note: note, since: since, street: street, city: city,
          lines: {each: lines, key: no, map: {no: no, qty: qty, text: text}}}
      erp:
        resource: partners
        map: {
          name: label, phone: tel, email: mail, tax: vat, credit: limit, rating: class, visits: visits, tags: tags,
          note: memo, since: since, street: road, city: town,
          lines: {each: rows, key: no, map: {no: no, qty: qty, text: text}}}
"""


def customer(number: int = 1, **fields: object) -> dict[str, object]:
    """A customer in the CRM's words."""
    return {
        "name": f"Company {number}",
        "phone": f"+49 {number}",
        "email": f"{number}@example.com",
        "tax": f"T{number}",
    } | fields


class World:
    """Applications, people and a hub that can be killed."""

    def __init__(self, text: str, *, seed: int = 1, store: str = "sqlite:///:memory:") -> None:
        self.project = project_of(text)
        self.clock = Clock(seed)
        self.apps = {name: Application(name, self.clock) for name in self.project.systems}
        self.clock.on_point = self.tick
        self.clock.next_event = lambda: min((at for app in self.apps.values() for at, _, _ in app.late), default=FAR)
        self._url = store
        self.store = open_store(store)
        self.hub: Hub | None = None
        self.crashes = 0

    def __getattr__(self, name: str) -> Application:
        try:
            return self.apps[name]
        except KeyError:
            raise AttributeError(name) from None

    def tick(self) -> None:
        """A moment passes: what was late lands."""
        self.clock.at += 7
        for app in self.apps.values():
            app.land_late()

    def open(self) -> Hub:
        """The hub; a new one when the last has died."""
        if self.hub is None:
            doors = {name: Door(app) for name, app in self.apps.items()}
            self.hub = compose(self.project, self.store, doors, self.clock, [])
            self.hub.executor = Inline()
            note_mappings(self.hub, self.project)
        return self.hub

    def die(self) -> None:
        """The process is gone; a store that is a file is opened anew."""
        self.hub = None
        self.crashes += 1
        if self._url != "sqlite:///:memory:":
            self.store.close()
            self.store = open_store(self._url)

    def sync(self, *, full: bool = False, approved: bool = True, wait: float = 60.0) -> Run:
        """One pass, after some time in which nothing happens."""
        self.clock.sleep(wait)
        hub = self.open()
        return run(hub, list(hub.flows.values()), full=full, approved=approved)

    def settle(self, *, passes: int = 12) -> Run:
        """Pass after pass until nothing is done any more; the last pass, which wrote nothing."""
        before = -1
        for _ in range(passes):
            before = self.written
            last = self.sync(full=True)
            busy = any(sum(account.sent.values()) for account in last.ledger.accounts.values())
            if self.written == before and self.open().store.next_due() is None and not busy:
                return last
        msg = f"no rest after {passes} passes: {self.written - before} writes in the last one"
        raise AssertionError(msg)

    def rest(self) -> None:
        """All is quiet, a further pass writes nothing, and the log tells the truth."""
        self.settle()
        self.verified()

    def verified(self) -> None:
        """The audit log tells the truth."""
        report = operations.verify(self.open())
        assert not report.broken
        assert not report.differing

    @property
    def written(self) -> int:
        """How many writes of the hub took effect, everywhere."""
        return sum(len(app.writes) for app in self.apps.values())

    def close(self) -> None:
        """Let the store go."""
        self.store.close()
