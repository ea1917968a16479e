"""A system in memory that claims everything and keeps its word, so that a test can break one promise at a time."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

import msgspec
from msgspec.structs import replace

from syncline.env import Env, RealEnv
from syncline.errors import BusyError, SetupError, TransientError
from syncline.model.contract import BatchShape, Contract, Deletes, Locking, ReadBack
from syncline.model.page import Batch, Cursor, Gone, Item, Op, Outcome, Page, Receipt, Record

CLAIMS = Contract(
    precision=1e-6, lag=0.3, settle=0.0, effect=1.0, skew=0.1, incremental=True, stamped=True, locking=Locking.ETAG,
    deletes=Deletes.TOMBSTONES, read_back=ReadBack.BODY, batch=BatchShape(size=100), marker=True, marker_unique=True,
    idempotency=True, archivable=True, searchable=frozenset({"name"}),
)  # fmt: skip
PASSWORD = "right-5c1e"
_PAGE = 25
_KINDS = {"amount": Decimal, "day": date.fromisoformat, "due": datetime.fromisoformat}


@dataclass(slots=True, kw_only=True)
class Book:
    """What the system holds."""

    rows: dict[str, dict[str, object]] = field(default_factory=dict)
    stamps: dict[str, int] = field(default_factory=dict)
    graves: dict[str, int] = field(default_factory=dict)
    tokens: dict[str, str] = field(default_factory=dict)
    lock: threading.RLock = field(default_factory=threading.RLock)
    pause: float = 0.0  #: what it asks for while it is throttled [s]
    made: int = 0


class Honest:
    """The connector of a book. What a liar does otherwise is a method or two of its own."""

    claims = CLAIMS
    texts = staticmethod(lambda text: text)  #: what the system makes of a text

    def __init__(self, book: Book, env: Env, *, password: str = PASSWORD, reachable: bool = True) -> None:
        self.book = book
        self.env = env
        self.knows = password == PASSWORD
        self.reachable = reachable

    def contract(self, resource: str) -> Contract:
        return self.claims

    def check(self) -> str:
        self.enter()
        return "a book in memory"

    def schema(self, resource: str) -> Mapping[str, str]:
        return {"name": "text", "amount": "number"}

    def enter(self) -> None:
        if not self.reachable:
            raise TransientError("The book cannot be reached.")
        if not self.knows:
            raise SetupError("The book does not accept our credentials.", cure="Check the password.")
        if self.book.pause:
            raise BusyError("The book asks us to slow down.", wait=self.book.pause)

    # --- reading ------------------------------------------------------------------

    def list(self, resource: str, since: Cursor | None) -> Iterator[Page]:
        self.enter()
        after = (self.floor(since), "")
        while True:
            page = self.ordered(after)[:_PAGE]
            deleted = [key for key, stamp in self.book.graves.items() if stamp >= after[0]]
            if page:
                after = (self.book.stamps.get(page[-1].key, 0), page[-1].key)
            yield self.page(page, deleted if len(page) < _PAGE else [], since)
            if len(page) < _PAGE:
                return

    def ordered(self, after: tuple[int, str]) -> Sequence[Record]:
        with self.book.lock:
            found = [self.record(key) for key in self.book.rows]
        return sorted((one for one in found if (one.stamp, one.key) > after), key=lambda one: (one.stamp, one.key))

    def page(self, records: Sequence[Record], deleted: Sequence[str], since: Cursor | None) -> Page:
        at = records[-1].stamp if records else min(since.stamp if since else 0, self.now())
        return Page(
            keys=[one.key for one in records], raws=[one.raw for one in records],
            versions=[one.version for one in records], stamps=[one.stamp for one in records],
            tombstones=deleted, cursor=Cursor(stamp=at),
        )  # fmt: skip

    def floor(self, since: Cursor | None) -> int:
        overlap = round((self.claims.lag + self.claims.skew) * 1e6)
        return min(since.stamp, self.now()) - overlap if since else -1

    def get(self, resource: str, keys: Sequence[str]) -> Sequence[Record | Gone]:
        self.enter()
        with self.book.lock:
            return [self.record(key) if key in self.book.rows else Gone(key=key) for key in keys]

    def search(self, resource: str, field: str, value: str) -> Sequence[Record]:
        self.enter()
        with self.book.lock:
            rows = list(self.book.rows.items())
        return [self.record(key) for key, row in rows if row.get(field or "marker") == value]

    def markers(self, resource: str, raws: Sequence[bytes]) -> Sequence[str]:
        return [msgspec.json.decode(raw).get("marker", "") for raw in raws]

    def record(self, key: str) -> Record:
        row = {"id": key, **self.book.rows[key]}
        return Record(
            key=key, raw=msgspec.json.encode(row, order="sorted"), version=str(row["version"]),
            stamp=self.book.stamps[key],
        )  # fmt: skip

    # --- writing ------------------------------------------------------------------

    def write(self, batch: Batch) -> Sequence[Receipt]:
        try:
            self.enter()
        except TransientError as error:
            return [Receipt(ref=one.ref, outcome=Outcome.BUSY, wait=error.wait or 0.0) for one in batch.items]
        if self.is_late(batch):
            return [Receipt(ref=one.ref, outcome=Outcome.BUSY) for one in batch.items]
        with self.book.lock:
            return [self.one(item) for item in batch.items]

    def is_late(self, batch: Batch) -> bool:
        return self.env.monotonic() > batch.send_by

    def one(self, item: Item) -> Receipt:
        if reason := self.refusal(item):
            return Receipt(ref=item.ref, outcome=Outcome.REFUSED, message=reason)
        if item.op is Op.CREATE:
            return self.done(item, self.known(item) or self.create(item))
        if item.key not in self.book.rows:
            return Receipt(ref=item.ref, outcome=Outcome.GONE)
        if self.is_stale(item):
            return Receipt(ref=item.ref, outcome=Outcome.STALE)
        if item.op is Op.DELETE:
            self.delete(item.key)
            return Receipt(ref=item.ref, outcome=Outcome.DONE, key=item.key)
        self.store(item.key, {"archived": True} if item.op is Op.ARCHIVE else item.fields)
        return self.done(item, item.key)

    def refusal(self, item: Item) -> str:
        for name, read in _KINDS.items():
            try:
                read(item.fields.get(name, "0" if name == "amount" else "2026-01-01"))
            except (ValueError, InvalidOperation):
                return f"{name} is none"
        return ""

    def known(self, item: Item) -> str:
        if self.claims.idempotency and item.idempotency in self.book.tokens:
            return self.book.tokens[item.idempotency]
        marked = [key for key, row in self.book.rows.items() if row.get("marker") == item.marker]
        return marked[0] if self.claims.marker_unique and item.marker and marked else ""

    def create(self, item: Item) -> str:
        self.book.made += 1
        key = f"B{self.book.made}"
        self.book.tokens[item.idempotency] = key
        self.store(key, {**item.fields, "marker": item.marker})
        return key

    def store(self, key: str, fields: Mapping[str, object]) -> None:
        row = self.book.rows.setdefault(key, {"version": 0})
        row |= {name: self.texts(value) if isinstance(value, str) else value for name, value in fields.items()}
        row["version"] = int(str(row["version"])) + 1
        self.book.stamps[key] = self.now()

    def delete(self, key: str) -> None:
        del self.book.rows[key]
        self.book.graves[key] = self.now()

    def is_stale(self, item: Item) -> bool:
        return item.version is not None and item.version != str(self.book.rows[item.key]["version"])

    def done(self, item: Item, key: str) -> Receipt:
        record = self.record(key)
        return Receipt(
            ref=item.ref, outcome=Outcome.DONE, key=key, raw=record.raw, version=record.version, stamp=record.stamp
        )

    def now(self) -> int:
        return round(self.env.now().timestamp() * 1e6)

    def close(self) -> None:
        """Nothing is open."""


class Hasty(Honest):
    """Gives up; the effect comes a little later."""

    after = 0.15

    def write(self, batch: Batch) -> Sequence[Receipt]:
        timer = threading.Timer(self.after, lambda: Honest.write(self, batch))
        timer.daemon = True
        timer.start()
        return [Receipt(ref=item.ref, outcome=Outcome.DOUBT) for item in batch.items]


@contextmanager
def throttle(book: Book, pause: float) -> Iterator[None]:
    """The book turns everything away."""
    book.pause = pause
    yield
    book.pause = 0.0


def modest(**claims: object) -> type[Honest]:
    """A system that can do more than it claims."""
    return type("Modest", (Honest,), {"claims": replace(CLAIMS, **claims)})


def real() -> Env:
    """Its time is real."""
    return RealEnv()
