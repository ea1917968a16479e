"""A business application in memory, a clock that a test moves, and a hub over both: the engine without a wire.

`Desk` is what people of the application do; `FakeSystem` is the same application as the hub sees it. Records are plain
dicts of the system's own fields, with a version and a stamp that every change moves.
"""

from __future__ import annotations

import itertools
import json
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from textwrap import dedent

from syncline.app import operations
from syncline.app.opening import compose
from syncline.config import load_project
from syncline.engine.hub import Hub
from syncline.errors import TransientError
from syncline.model.contract import BatchShape, Contract, Deletes, Limits, Locking, ReadBack
from syncline.model.page import Batch, Cursor, Gone, Item, Op, Outcome, Page, Receipt, Record
from syncline.ports.connector import Connector
from syncline.security import EnvSecrets
from syncline.store import open_store
from tests.integration.inline import Inline

START = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
PROMPT = Contract(
    precision=0.001, lag=0.0, settle=0.0, effect=0.0, skew=0.0, stamped=True, locking=Locking.ETAG,
    deletes=Deletes.SWEEP, read_back=ReadBack.BODY, batch=BatchShape(size=20), marker=True, archivable=True,
    limits=Limits(per_second=100_000, burst=100_000),
)  # fmt: skip


class FakeEnv:
    """A clock that moves when something sleeps, and by a microsecond whenever it is read."""

    def __init__(self, seed: int = 1) -> None:
        self._elapsed = timedelta()
        self._random = random.Random(seed)  # noqa: S311  a test repeats itself
        self._ids = itertools.count(1)
        self.points: list[str] = []

    def now(self) -> datetime:
        """Wall clock, UTC."""
        self._elapsed += timedelta(microseconds=1)
        return START + self._elapsed

    def monotonic(self) -> float:
        """Seconds since the start."""
        return self._elapsed.total_seconds()

    def sleep(self, seconds: float) -> None:
        """Let time pass at once."""
        self._elapsed += timedelta(seconds=max(0.0, seconds))

    def random(self) -> random.Random:
        """Seeded."""
        return self._random

    def new_id(self) -> str:
        """Counted."""
        return f"{next(self._ids):032x}"

    def point(self, name: str) -> None:
        """Remember the point."""
        self.points.append(name)


@dataclass(slots=True, kw_only=True)
class Row:
    """One record as the application keeps it."""

    fields: dict[str, object]
    version: int
    stamp: int
    marker: str = ""


@dataclass(slots=True, kw_only=True)
class Desk:
    """The application's own state, and what its people do."""

    name: str
    env: FakeEnv
    rows: dict[str, dict[str, Row]] = field(default_factory=dict)  #: resource -> key -> record
    archived: set[tuple[str, str]] = field(default_factory=set)
    refuses: Callable[[Mapping[str, object]], str] = lambda _fields: ""  #: a message refuses the write
    #: what the application makes of what it is sent
    stores: Callable[[dict[str, object]], dict[str, object]] = lambda fields: fields
    reachable: bool = True
    writes: list[Item] = field(default_factory=list)
    before_write: Callable[[Item], None] = lambda _item: None
    _keys: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def table(self, resource: str) -> dict[str, Row]:
        """The records of a resource."""
        return self.rows.setdefault(resource, {})

    def now(self) -> int:
        """[µs]."""
        return int(self.env.now().timestamp() * 1e6)

    def create(self, resource: str, fields: Mapping[str, object], *, marker: str = "") -> str:
        """Somebody enters a record; its key."""
        key = f"{self.name[0].upper()}{next(self._keys)}"
        self.table(resource)[key] = Row(fields=dict(fields), version=1, stamp=self.now(), marker=marker)
        return key

    def edit(self, resource: str, key: str, **fields: object) -> None:
        """Somebody changes a record."""
        row = self.table(resource)[key]
        row.fields.update(fields)
        row.version += 1
        row.stamp = self.now()

    def delete(self, resource: str, key: str) -> None:
        """Somebody deletes a record."""
        del self.table(resource)[key]

    def show(self, resource: str, key: str) -> dict[str, object]:
        """What the application shows."""
        return self.table(resource)[key].fields


class FakeSystem:
    """The connector of a desk."""

    def __init__(self, desk: Desk, contract: Contract = PROMPT) -> None:
        self.desk = desk
        self._contract = contract

    def contract(self, resource: str) -> Contract:
        """The same for every resource."""
        return self._contract

    def check(self) -> str:
        """Reach it."""
        self._reach()
        return "in memory"

    def schema(self, resource: str) -> Mapping[str, str]:
        """It cannot tell."""
        return {}

    def list(self, resource: str, since: Cursor | None) -> Iterator[Page]:
        """Everything, three records a page."""
        self._reach()
        records = [_record(key, row) for key, row in self._visible(resource)]
        for start in range(0, len(records), 3):
            page = records[start : start + 3]
            yield Page(
                keys=[one.key for one in page], raws=[one.raw for one in page],
                versions=[one.version for one in page], stamps=[one.stamp for one in page],
            )  # fmt: skip

    def get(self, resource: str, keys: Sequence[str]) -> Sequence[Record | Gone]:
        """By key."""
        self._reach()
        visible = dict(self._visible(resource))
        return [_record(key, visible[key]) if key in visible else Gone(key=key) for key in keys]

    def search(self, resource: str, field: str, value: str) -> Sequence[Record]:
        """By marker or by a field."""
        self._reach()
        return [
            _record(key, row)
            for key, row in self._visible(resource)
            if (row.marker if field == "" else row.fields.get(field)) == value
        ]

    def markers(self, resource: str, raws: Sequence[bytes]) -> Sequence[str]:
        """Each record shows its own marker."""
        return [json.loads(raw).get("_marker", "") for raw in raws]

    def write(self, batch: Batch) -> Sequence[Receipt]:
        """One item after the other."""
        if not self.desk.reachable:
            return [Receipt(ref=item.ref, outcome=Outcome.BUSY, message="the fake is away") for item in batch.items]
        return [self._write(batch.resource, item) for item in batch.items]

    def close(self) -> None:
        """Nothing is open."""

    def _reach(self) -> None:
        if not self.desk.reachable:
            msg = f"{self.desk.name} cannot be reached."
            raise TransientError(msg, wait=60.0)

    def _visible(self, resource: str) -> Iterator[tuple[str, Row]]:
        for key, row in list(self.desk.table(resource).items()):
            if (resource, key) not in self.desk.archived:
                yield key, row

    def _write(self, resource: str, item: Item) -> Receipt:
        self.desk.before_write(item)
        self.desk.writes.append(item)
        message = self.desk.refuses(item.fields)
        if message:
            return Receipt(ref=item.ref, outcome=Outcome.REFUSED, message=message)
        table = self.desk.table(resource)
        if item.op is Op.CREATE:
            key = self.desk.create(resource, self.desk.stores(dict(item.fields)), marker=item.marker)
            return _done(item, key, table[key])
        if item.key not in table:
            return Receipt(ref=item.ref, outcome=Outcome.GONE, message="no such record")
        if item.version is not None and item.version != str(table[item.key].version):
            return Receipt(ref=item.ref, outcome=Outcome.STALE, message="changed meanwhile")
        return self._change(resource, item)

    def _change(self, resource: str, item: Item) -> Receipt:
        if item.op is Op.DELETE:
            self.desk.delete(resource, item.key)
            return Receipt(ref=item.ref, outcome=Outcome.DONE, key=item.key)
        if item.op is Op.ARCHIVE:
            self.desk.archived.add((resource, item.key))
            return Receipt(ref=item.ref, outcome=Outcome.DONE, key=item.key)
        self.desk.edit(resource, item.key, **self.desk.stores(dict(item.fields)))
        return _done(item, item.key, self.desk.table(resource)[item.key])


def _record(key: str, row: Row) -> Record:
    raw = json.dumps({"id": key, "_marker": row.marker, **row.fields}, sort_keys=True).encode()
    return Record(key=key, raw=raw, version=str(row.version), stamp=row.stamp)


def _done(item: Item, key: str, row: Row) -> Receipt:
    record = _record(key, row)
    return Receipt(
        ref=item.ref, outcome=Outcome.DONE, key=key, raw=record.raw, version=record.version, stamp=record.stamp
    )


CUSTOMERS = """\
project: acme
store: "sqlite:///:memory:"
systems:
  crm: {connector: rest, url: "http://crm.example"}
  erp: {connector: rest, url: "http://erp.example"}
flows:
  customers:
    entity: client
    own: {"*": latest, credit: {owner: erp}, email: manual}
    empty: {name: keep}
    match: [[tax_id], {score: [name, city], at_least: 0.95, ask_from: 0.6}]
    deletes: {crm: archive, erp: archive}
    systems:
      crm:
        resource: customers
        map: {name: name, phone: phone, email: email, city: city, tax_id: tax_id, credit: "limit | integer"}
      erp:
        resource: partners
        map: {name: label, phone: tel, email: mail, city: town, tax_id: vat, credit: "credit | integer"}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """A hub, the desks of its systems, and the clock."""

    hub: Hub
    env: FakeEnv
    crm: Desk
    erp: Desk


@contextmanager
def world(folder: Path, text: str = CUSTOMERS, *, contracts: Mapping[str, Contract] | None = None) -> Iterator[World]:
    """A hub over two empty desks, its state in memory."""
    (folder / "syncline.yaml").write_text(dedent(text), encoding="utf-8")
    project = load_project(folder, environ={}, secrets=EnvSecrets({}))
    env = FakeEnv()
    desks = {name: Desk(name=name, env=env) for name in project.systems}
    connectors: dict[str, Connector] = {
        name: FakeSystem(desk, (contracts or {}).get(name, PROMPT)) for name, desk in desks.items()
    }
    store = open_store("sqlite:///:memory:")
    hub = compose(project, store, connectors, env, [])
    hub.executor = Inline()
    yield World(hub=hub, env=env, crm=desks["crm"], erp=desks["erp"])
    store.close()


def customer(number: int, **fields: object) -> dict[str, object]:
    """A customer in the CRM's words."""
    return {
        "name": f"Company {number}", "phone": f"+49 {number}", "email": f"{number}@example.com", "city": "Bonn",
        "tax_id": f"T{number}", "limit": number, **fields,
    }  # fmt: skip


def agreed(made: World, count: int = 1) -> list[tuple[str, str]]:
    """`count` customers that both systems hold, in agreement; (key in the CRM, key in the ERP) of each."""
    keys = [made.crm.create("customers", customer(number)) for number in range(1, count + 1)]
    operations.sync(made.hub, approved=True)
    made.env.sleep(60)
    partner = {row.fields["vat"]: key for key, row in made.erp.table("partners").items()}
    return [(key, partner[f"T{number}"]) for number, key in enumerate(keys, 1)]


PRODUCTS = """\
  products:
    entity: article
    own: {"*": latest}
    match: [[sku]]
    systems:
      crm: {resource: goods, map: {sku: sku, title: title}}
      erp: {resource: items, map: {sku: code, title: text}}
"""
