"""What the hub sees of a simulated application: the Connector port, with everything that goes wrong on the wire."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

import msgspec

from syncline.errors import BusyError, SetupError, TransientError
from syncline.model.contract import BatchShape, Contract, Deletes, Limits, Locking, ReadBack
from syncline.model.page import Batch, Cursor, Gone, Item, Op, Outcome, Page, Receipt, Record
from syncline.simulation.application import Application
from syncline.simulation.past import Kept, Version
from syncline.simulation.script import Fault, Habits
from syncline.simulation.shape import Json, SideShape
from syncline.simulation.spelling import UNDECLARED
from syncline.simulation.virtual import SECOND

#: kind -> what the hub is told; for these nothing took effect
UNSENT = {"refused": "connection refused", "expired": "the credentials have expired"}
#: no answer that can be trusted, and no effect
LOST_BEFORE = {"timeout-before": "timeout", "error-body": "an error in the answer"}
#: no answer that can be trusted, though it took effect
LOST_AFTER = {
    "timeout-after": "timeout", "failed-after": "500", "truncated": "truncated JSON", "wrong-type": "text/html",
    "see-other": "303",
}  # fmt: skip
#: nothing took effect, and a person must act
SETUP = {"redirect": "points to another place", "untrusted": "shows a certificate that is not trusted"}
BUSY = ("busy", "busy-asked")
READ_FAULTS = (
    "refused",
    "timeout-before",
    "failed",
    "truncated",
    "wrong-type",
    *BUSY,
    "drip",
    "expired",
    "broken",
    *SETUP,
)
WRITE_FAULTS = (
    *UNSENT, *LOST_BEFORE, *LOST_AFTER, *BUSY, *SETUP, "late", "duplicate", "drip", "unanswered", "missing", "half",
)  # fmt: skip

_decode = msgspec.json.Decoder(dict[str, object]).decode


def contract_of(habits: Habits, side: SideShape, identifiers: Sequence[str]) -> Contract:
    """What an application truly promises about one resource."""
    flat = {path.top for name in identifiers if name in side.fields for path in side.lens.paths_of[name]}
    return Contract(
        precision=habits.precision, lag=habits.lag, settle=habits.get_lag, effect=habits.effect,
        skew=abs(habits.skew), incremental=habits.incremental and habits.stamped, stamped=habits.stamped,
        locking=Locking.NONE if habits.locking == "none" else Locking.ETAG,
        deletes=Deletes.SWEEP if habits.deletes == "hard" else Deletes.TOMBSTONES,
        read_back=ReadBack.BODY if habits.read_back == "body" else ReadBack.GET,
        batch=BatchShape(size=1 if habits.batch == "single" else habits.size, atomic=habits.batch == "atomic"),
        marker=habits.marker != "none", marker_unique=habits.marker == "unique", idempotency=habits.idempotent,
        archivable=True, searchable=frozenset(flat),
        normalisers=_declared(habits),
        limits=Limits(per_second=habits.per_second, burst=habits.burst),
    )  # fmt: skip


def _declared(habits: Habits) -> Mapping[str, str]:
    told = habits.normalisers.items() if habits.declared else ()
    return {name: kind for name, kind in told if kind not in UNDECLARED}


Items = list[Item]
Receipts = list[Receipt]
Seen = list[tuple[int, str, str]]  #: (when [µs], resource, key)
Askings = list[tuple[str, Cursor | None]]


class Door:
    """The connector of one simulated application."""

    def __init__(
        self,
        app: Application,
        contracts: Mapping[str, Contract],
        call: Callable[[str, str, Sequence[Op]], Fault | None],
        moment: Callable[[str], None],
    ) -> None:
        self.app, self._contracts = app, contracts
        self._call = call  #: (application, what, what its items do) -> what goes wrong with it
        self._moment = moment
        self._budget, self._filled_at = float(app.habits.burst), 0.0  #: requests left, and when that was counted [s]
        self.changed = ""  #: the resource whose schema looks changed
        self.asked: Askings = []  #: every listing
        self.sent: list[int] = []  #: when each batch came [µs]
        self.pauses: list[tuple[int, int]] = []  #: from when until when it was not to be written to [µs]
        self.refused = 0  #: requests beyond the budget
        self.answered: list[tuple[int, str]] = []  #: (when [µs], key) of each record that was told as written
        self.got: Seen = []  #: every record that was read by key
        self.whole: list[tuple[int, int, str]] = []  #: (begun, ended, resource) of each listing of everything [µs]
        self.listed: Seen = []  #: every record, and every tombstone, that a listing showed

    def contract(self, resource: str) -> Contract:
        """The truth about itself."""
        return self._contracts[resource]

    def check(self) -> str:
        """Always there."""
        return self.app.name

    def schema(self, resource: str) -> Mapping[str, str]:
        """Every mapped field as text; one less where the schema has changed."""
        fields = sorted(self.app.sides[resource].lens.paths)
        return dict.fromkeys(fields[1:] if self.changed == resource else fields, "text")

    def list(self, resource: str, since: Cursor | None) -> Iterator[Page]:
        """Pages, as the lists of the application show them."""
        self.asked.append((resource, since))
        return Listing(self, resource, since)

    def get(self, resource: str, keys: Sequence[str]) -> Sequence[Record | Gone]:
        """Records by key, as late as a get shows them."""
        self.read("get")
        return [self._one(resource, key) for key in keys]

    def _one(self, resource: str, key: str) -> Record | Gone:
        app = self.app
        self.got.append((app.env.at, resource, key))
        kept = app.tables[resource].get(key)
        seen = kept.seen(app.env.at - int(app.habits.get_lag * SECOND)) if kept else None
        if kept is None or seen is None or seen[1].fields is None:
            return Gone(key=key, merged_into=kept.merged_into if kept else "")
        return app.shown(*seen)

    def search(self, resource: str, field: str, value: str) -> Sequence[Record]:
        """Records that hold a value, as late as a search shows them."""
        self.read("search")
        app, found = self.app, []
        for kept in app.tables[resource].values():
            shown, version = kept.seen(app.env.at, listed=True) or (kept, None)
            if version is None or version.fields is None:
                continue
            if (shown.marker if field == "" else version.fields.get(field)) == value:
                found.append(app.shown(shown, version))
        return found

    def markers(self, resource: str, raws: Sequence[bytes]) -> Sequence[str]:
        """The markers in records."""
        return [str(_decode(raw).get("_marker", "")) for raw in raws]

    def close(self) -> None:
        """Nothing is open."""

    def read(self, what: str) -> None:
        """One call that reads; what goes wrong with it is raised."""
        fault = self._call(self.app.name, what, ()) or self._too_many()
        if fault is None:
            return
        if fault.kind == "drip":
            self.app.env.sleep(fault.wait)
        elif fault.kind == "expired":
            raise SetupError(f"{self.app.name}: the credentials have expired.", cure="Sign in again.")
        elif fault.kind in SETUP:
            raise self._unusable(fault)
        elif fault.kind in BUSY:
            raise BusyError(f"{self.app.name}: 429", wait=fault.wait if fault.kind == "busy-asked" else None)
        else:
            raise TransientError(f"{self.app.name}: {fault.kind}")

    def _unusable(self, fault: Fault) -> SetupError:
        return SetupError(f"{self.app.name} {SETUP[fault.kind]}.", cure="Look at its address.")

    def _too_many(self) -> Fault | None:
        """What the application says to one request more than its budget allows; each counts."""
        habits, now = self.app.habits, self.app.env.monotonic()
        if not habits.counts:
            return None
        gained = (now - self._filled_at) * habits.per_second
        self._budget, self._filled_at = min(float(habits.burst), self._budget + gained) - 1.0, now
        if self._budget >= 0.0:
            return None
        wait, self._budget = (1.0 - self._budget) / habits.per_second, 0.0
        self.refused += 1
        return Fault(call=0, kind="busy-asked", wait=wait)

    # --- writing ------------------------------------------------------------------------------------------------------

    def write(self, batch: Batch) -> Sequence[Receipt]:
        """Try a batch once."""
        items = list(batch.items)
        self.sent.append(self.app.env.at)
        if self.app.habits.batch != "single":
            return self._write(batch.resource, items, batch.send_by)
        receipts: Receipts = []
        for number, item in enumerate(items):
            try:
                receipts += self._write(batch.resource, [item], batch.send_by)
            except SetupError as error:
                if not number:
                    raise
                return receipts + _all(items[number:], Outcome.BUSY, error.what)  # what was sent before was sent
        return receipts

    def _write(self, resource: str, items: Items, send_by: float) -> Receipts:
        """One request."""
        fault = self._call(self.app.name, "write", [item.op for item in items]) or self._too_many()
        if self.app.env.monotonic() > send_by:
            return _all(items, Outcome.BUSY, "not sent in time")
        if fault is not None and fault.kind in SETUP:
            raise self._unusable(fault)
        if fault is not None:
            return self._failed(resource, items, fault)
        if self.app.habits.batch == "atomic" and len(items) > 1 and self._any_refused(resource, items):
            half = len(items) // 2  # nothing was written: the connector halves the batch
            return self._write(resource, items[:half], send_by) + self._write(resource, items[half:], send_by)
        return self._answered(self._performed(resource, items))

    def _performed(self, resource: str, items: Sequence[Item]) -> Receipts:
        return [self.app.perform(resource, item) for item in items]

    def _answered(self, receipts: Receipts) -> Receipts:
        if self.app.habits.batch == "unordered":
            self.app.chance.shuffle(receipts)
        self._moment("answer")
        self.answered += [(self.app.env.at, receipt.key) for receipt in receipts if receipt.outcome is Outcome.DONE]
        return receipts

    def _any_refused(self, resource: str, items: Sequence[Item]) -> bool:
        app, side = self.app, self.app.sides[resource]
        for item in items:
            kept = app.tables[resource].get(item.key)
            held: Json = dict(kept.last.fields or {}) if kept else {}
            if item.op in (Op.CREATE, Op.UPDATE) and app.refuses(side, {**held, **item.fields}):
                return True
        return False

    def _failed(self, resource: str, items: Items, fault: Fault) -> Receipts:  # noqa: C901  a case each
        kind, app = fault.kind, self.app
        if kind in UNSENT:
            return _all(items, Outcome.BUSY, UNSENT[kind])
        if kind in BUSY:
            wait = fault.wait if kind == "busy-asked" else 0.0
            self.pauses.append((app.env.at, app.env.at + int(wait * SECOND)))
            return _all(items, Outcome.BUSY, "429", wait=wait)
        if kind in LOST_BEFORE:
            return _all(items, Outcome.DOUBT, LOST_BEFORE[kind])
        if kind == "late":
            at = app.env.at + int(min(fault.wait, app.habits.effect - 1.0) * SECOND)
            app.late += [(at, resource, item) for item in items]
            return _all(items, Outcome.DOUBT, "timeout")
        if kind == "half":
            self._performed(resource, items[: (len(items) + 1) // 2])
            return _all(items, Outcome.DOUBT, "connection reset")
        if kind == "drip":
            app.env.sleep(min(fault.wait, app.habits.effect - 1.0))
        receipts = self._performed(resource, items)
        if kind in LOST_AFTER:
            return _all(items, Outcome.DOUBT, LOST_AFTER[kind])
        if kind == "unanswered":
            raise TransientError(f"{app.name}: no answer")
        if kind == "missing":
            receipts.pop(fault.call % len(receipts))
        if kind == "duplicate":
            self._repeat(resource, items)
        return self._answered(receipts)

    def _repeat(self, resource: str, items: Sequence[Item]) -> None:
        """A proxy sends the request again. Where nothing protects a create, no hub in the world could help that."""
        for item in items:
            if item.op is not Op.CREATE or self.app.habits.idempotent or self.app.habits.upsert:
                self.app.perform(resource, item)


def _all(items: Sequence[Item], outcome: Outcome, message: str, *, wait: float = 0.0) -> list[Receipt]:
    return [Receipt(ref=item.ref, outcome=outcome, message=message, wait=wait) for item in items]


class Listing:
    """Pages of records. A page that fails can be asked for again, unless the whole listing broke."""

    def __init__(self, door: Door, resource: str, since: Cursor | None) -> None:
        self._door, self._resource, self._since = door, resource, since
        self._kept: list[Kept] = list(door.app.tables[resource].values())
        if door.app.habits.shuffled:
            door.app.chance.shuffle(self._kept)
        self._start, self._over, self._newest = 0, False, 0
        self._begun = door.app.env.at

    def __iter__(self) -> Iterator[Page]:
        return self

    def __next__(self) -> Page:
        """The next page, as the application shows it when it is asked."""
        if self._over:
            raise StopIteration
        try:
            self._door.read("list")
        except TransientError as error:
            self._over = str(error).endswith("broken")
            raise
        records, tombs = self._read()
        shown = [*(one.key for one in records), *tombs]
        self._door.listed += [(self._door.app.env.at, self._resource, key) for key in shown]
        self._over = self._start >= len(self._kept)
        if self._over and self._since is None:
            self._door.whole.append((self._begun, self._door.app.env.at, self._resource))
        contract = self._door.contract(self._resource)
        self._newest = max([self._newest, *(one.stamp for one in records)])
        return Page(
            keys=[one.key for one in records], raws=[one.raw for one in records],
            versions=[one.version for one in records], stamps=[one.stamp for one in records], tombstones=tombs,
            cursor=Cursor(stamp=self._newest) if contract.incremental and self._newest else None,
        )  # fmt: skip

    def _read(self) -> tuple[list[Record], list[str]]:
        """As many records as a page holds, of those that are to be shown, and the tombstones."""
        app, found, tombs = self._door.app, list[Record](), list[str]()
        contract = self._door.contract(self._resource)
        overlap = int((contract.lag + contract.precision + contract.skew) * SECOND)
        first = self._since.stamp - overlap if self._since else 0
        feeds = contract.deletes is Deletes.TOMBSTONES
        if app.habits.counted and not feeds:  # those behind a record that has gone have moved up
            self._kept = [kept for kept in self._kept if (now := kept.seen(app.env.at, listed=True)) and now[1].fields]
        while self._start < len(self._kept) and len(found) < app.habits.page:
            kept = self._kept[self._start]
            self._start += 1
            shown, version = kept.seen(app.env.at, listed=True) or (kept, None)
            if version is None:
                continue
            if version.fields is None:
                tombs += [kept.key] if feeds and not kept.merged_into and self._still_told(version) else []
            elif version.stamp >= first:
                found.append(app.shown(shown, version))
        return found, tombs

    def _still_told(self, deleted: Version) -> bool:
        """Does the feed of deletes remember this one?"""
        app = self._door.app
        forgets = app.habits.deletes == "tombstones" and app.habits.retention > 0  # a flag in the record stays
        return not forgets or app.env.at - deleted.at <= app.habits.retention * SECOND
