"""The Tryton connector: the port's calls, put together from reader and writers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from syncline.connectors.systems.tryton.delivery import Sending
from syncline.connectors.systems.tryton.documents import Document
from syncline.connectors.systems.tryton.masters import MasterWriter, PartyShape, ProductShape
from syncline.connectors.systems.tryton.reading import Reader, schema_of
from syncline.connectors.systems.tryton.references import References
from syncline.connectors.systems.tryton.resources import PARTY, PRODUCT, RESOURCES, SALE, Resource, Rules
from syncline.connectors.systems.tryton.sales import SaleWriter
from syncline.connectors.systems.tryton.session import Session
from syncline.connectors.systems.tryton.values import at_path, rows_of
from syncline.errors import SetupError, SynclineError
from syncline.model.contract import BatchShape, Contract, Limits, Locking, ReadBack
from syncline.model.page import Batch, Cursor, Gone, Item, Op, Outcome, Page, Receipt, Record

_BATCH = 100
#: A sale is filled in by a call or two for each of its lines, and moved by several more: few of them fit into the time
#: within which a request must have left.
_SALES, _SALES_MOVED = 5, 1


class _Writer(Protocol):
    def write(self, items: Sequence[Item], sending: Sending) -> list[Receipt]: ...


class Closable(Protocol):
    """What is let go with the connector."""

    def close(self) -> None:
        """Let connections go."""
        ...


class TrytonConnector:
    """One Tryton database, one company."""

    def __init__(
        self, *, system: str, session: Session, wire: Closable, rules: Rules, resources: Sequence[str]
    ) -> None:
        self._system = system
        self._session = session
        self._wire = wire
        self._rules = rules
        self._resources = {name: RESOURCES[name] for name in resources}
        self._reader = Reader(session, rules)
        references = References(session)
        self._writers: Mapping[str, _Writer] = {
            PARTY.model: MasterWriter(session, self._reader, PartyShape(references, rules)),
            PRODUCT.model: MasterWriter(session, self._reader, ProductShape(references)),
            SALE.model: SaleWriter(session, self._reader, references, rules),
        }

    def __repr__(self) -> str:
        """The system's name."""
        return f"TrytonConnector({self._system})"

    def contract(self, resource: str) -> Contract:
        """What Tryton promises: stamps of a microsecond, a lock by time stamp, deletes seen by sweep alone."""
        found = self._resource(resource)
        return Contract(
            precision=1e-6,
            lag=self._rules.overlap,
            settle=0.0,
            effect=self._rules.effect,
            incremental=True,
            stamped=True,
            locking=Locking.ETAG,
            read_back=ReadBack.BODY,
            batch=BatchShape(size=self._batch(found), atomic=False),
            marker=bool(self._rules.marker(found)),
            marker_unique=self._reader.has_unique_marker(found),
            creatable=found.creatable,
            deletable=found.deletable,
            archivable=True,
            searchable=found.searchable,
            limits=Limits(per_second=50.0, burst=50),
        )

    def check(self) -> str:
        """Log in and look at the company."""
        fields = ["party.name", "currency.code"]
        domain = [["id", "=", self._rules.company]]
        rows = rows_of(self._session.ask("model.company.company.search_read", domain, 0, 1, None, fields))
        if not rows:
            what = f"{self._system} has no company {self._rules.company} that the user may see."
            raise SetupError(what, cure=f"Check systems.{self._system}.company.")
        name, currency = (at_path(rows[0], field) for field in fields)
        return f"Tryton, company {name} ({currency})."

    def schema(self, resource: str) -> Mapping[str, str]:
        """Field -> type as Tryton describes itself."""
        return schema_of(self._session, self._resource(resource))

    def list(self, resource: str, since: Cursor | None) -> Iterator[Page]:
        """Pages of documents: all by key, or the changed ones, oldest change first."""
        return self._reader.pages(self._resource(resource), since)

    def get(self, resource: str, keys: Sequence[str]) -> Sequence[Record | Gone]:
        """Documents in the order of `keys`."""
        found = self._reader.by_keys(self._resource(resource), keys)
        return [found[key].record if self._is_there(found.get(key)) else _gone(key, found.get(key)) for key in keys]

    def search(self, resource: str, field: str, value: str) -> Sequence[Record]:
        """Documents whose field, or marker, has this value."""
        found = self._reader.by_field(self._resource(resource), field, value)
        return [each.record for each in found if self._is_there(each)]

    def markers(self, resource: str, raws: Sequence[bytes]) -> Sequence[str]:
        """The marker in each record."""
        place = self._rules.marker(self._resource(resource))
        name = "marker" if place == "identifier" else place
        return [str(msgspec.json.decode(raw, type=dict).get(name) or "") if name else "" for raw in raws]

    def write(self, batch: Batch) -> Sequence[Receipt]:
        """Write, then read what is stored in one go, so that each receipt shows its record."""
        resource = self._resource(batch.resource)
        receipts = self._writers[resource.model].write(batch.items, Sending(batch.send_by))
        deleted = {item.ref for item in batch.items if item.op is Op.DELETE}
        return self._with_records(resource, receipts, deleted)

    def close(self) -> None:
        """Let connections go."""
        self._wire.close()

    def _with_records(self, resource: Resource, receipts: Sequence[Receipt], deleted: set[int]) -> Sequence[Receipt]:
        done = [each for each in receipts if each.outcome is Outcome.DONE and each.ref not in deleted]
        try:
            found = self._reader.by_keys(resource, [each.key for each in done])
        except SynclineError:  # the write stands; the hub reads the record when it needs it
            return receipts
        wanted = {each.ref for each in done}
        return [_with_record(each, found.get(each.key) if each.ref in wanted else None) for each in receipts]

    def _is_there(self, found: Document | None) -> bool:
        return found is not None and not self._reader.is_dead(found)

    def _batch(self, resource: Resource) -> int:
        if resource is not SALE:
            return _BATCH
        return _SALES if self._rules.confirm == "none" else _SALES_MOVED

    def _resource(self, name: str) -> Resource:
        try:
            return self._resources[name]
        except KeyError:
            what = f"{self._system} has no resource {name!r}; it has {', '.join(self._resources)}."
            raise SetupError(what, cure=f"Check systems.{self._system}.resources and the flows.") from None


def _gone(key: str, found: Document | None) -> Gone:
    return Gone(key=key, merged_into=found.merged_into if found else "")


def _with_record(receipt: Receipt, found: Document | None) -> Receipt:
    if found is None:
        return receipt
    record = found.record
    return msgspec.structs.replace(receipt, raw=record.raw, version=record.version, stamp=record.stamp)
