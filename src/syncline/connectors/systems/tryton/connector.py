"""The Tryton connector: the port's calls, put together from reader and writers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Protocol

import msgspec

from syncline.connectors.systems.tryton.delivery import Sending, receipt
from syncline.connectors.systems.tryton.documents import Document
from syncline.connectors.systems.tryton.fields import Resource, Rules
from syncline.connectors.systems.tryton.forms import (
    OPPORTUNITY_LAYOUT,
    PURCHASE_LAYOUT,
    SALE_LAYOUT,
    Form,
    NoForm,
    OrderForm,
)
from syncline.connectors.systems.tryton.levels import LevelReader
from syncline.connectors.systems.tryton.masters import MasterWriter, PartyShape, ProductShape
from syncline.connectors.systems.tryton.plain import PlainShape
from syncline.connectors.systems.tryton.production_forms import ProductionForm
from syncline.connectors.systems.tryton.reading import Reader
from syncline.connectors.systems.tryton.references import References
from syncline.connectors.systems.tryton.resources import PARTY, PRODUCT, RESOURCES
from syncline.connectors.systems.tryton.session import Session
from syncline.connectors.systems.tryton.suppliers import SupplierReader
from syncline.connectors.systems.tryton.values import at_path, rows_of
from syncline.connectors.systems.tryton.ways import WAYS
from syncline.connectors.systems.tryton.workflows import Process, WorkflowWriter
from syncline.errors import SetupError, SynclineError
from syncline.model.contract import BatchShape, Contract, Limits, Locking, ReadBack
from syncline.model.page import Batch, Cursor, Gone, Item, Op, Outcome, Page, Receipt, Record

_BATCH = 100
#: A sale is filled in by a call or two for each of its lines, and moved by several more: few of them fit into the time
#: within which a request must have left.
_FILLED_IN, _MOVED = 5, 1


class _Writer(Protocol):
    def write(self, items: Sequence[Item], sending: Sending) -> list[Receipt]: ...


class _View(Protocol):
    def by_keys(self, resource: Resource, keys: Sequence[str]) -> dict[str, Document]: ...
    def by_field(self, resource: Resource, field: str, value: str) -> list[Document]: ...
    def has_unique_marker(self, resource: Resource) -> bool: ...
    def is_dead(self, found: Document) -> bool: ...
    def schema(self, resource: Resource) -> Mapping[str, str]: ...
    def pages(self, resource: Resource, since: Cursor | None) -> Iterator[Page]: ...


class _Watching:
    """Writes nothing: what is read only stays as it is."""

    def write(self, items: Sequence[Item], sending: Sending) -> list[Receipt]:
        told = "It is only read here."
        return [receipt(item, Outcome.REFUSED, message=told) for item in items]


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
        self._views = _views(session, rules)
        self._writers = _writers(session, rules)

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
            stamped=found.stamped,
            locking=Locking.ETAG if found.writable else Locking.NONE,
            read_back=ReadBack.BODY,
            batch=BatchShape(size=self._batch(found), atomic=False),
            marker=bool(self._rules.marker(found)),
            marker_unique=self._view(found).has_unique_marker(found),
            creatable=found.creatable,
            deletable=found.deletable,
            archivable=found.writable,
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
        found = self._resource(resource)
        return self._view(found).schema(found)

    def list(self, resource: str, since: Cursor | None) -> Iterator[Page]:
        """Pages of documents: all by key, or the changed ones, oldest change first."""
        found = self._resource(resource)
        return self._view(found).pages(found, since)

    def get(self, resource: str, keys: Sequence[str]) -> Sequence[Record | Gone]:
        """Documents in the order of `keys`."""
        view = self._view(self._resource(resource))
        found = view.by_keys(self._resource(resource), keys)
        return [found[key].record if _is_there(view, found.get(key)) else _gone(key, found.get(key)) for key in keys]

    def search(self, resource: str, field: str, value: str) -> Sequence[Record]:
        """Documents whose field, or marker, has this value."""
        view = self._view(self._resource(resource))
        found = view.by_field(self._resource(resource), field, value)
        return [each.record for each in found if _is_there(view, each)]

    def markers(self, resource: str, raws: Sequence[bytes]) -> Sequence[str]:
        """The marker in each record."""
        place = self._rules.marker(self._resource(resource))
        name = "marker" if place == "identifier" else place
        return [str(msgspec.json.decode(raw, type=dict).get(name) or "") if name else "" for raw in raws]

    def write(self, batch: Batch) -> Sequence[Receipt]:
        """Write, then read what is stored in one go, so that each receipt shows its record."""
        resource = self._resource(batch.resource)
        receipts = self._writers[resource.name].write(batch.items, Sending(batch.send_by))
        deleted = {item.ref for item in batch.items if item.op is Op.DELETE}
        return self._with_records(resource, receipts, deleted)

    def close(self) -> None:
        """Let connections go."""
        self._wire.close()

    def _with_records(self, resource: Resource, receipts: Sequence[Receipt], deleted: set[int]) -> Sequence[Receipt]:
        done = [each for each in receipts if each.outcome is Outcome.DONE and each.ref not in deleted]
        try:
            found = self._view(resource).by_keys(resource, [each.key for each in done])
        except SynclineError:  # the write stands; the hub reads the record when it needs it
            return receipts
        wanted = {each.ref for each in done}
        return [_with_record(each, found.get(each.key) if each.ref in wanted else None) for each in receipts]

    def _view(self, resource: Resource) -> _View:
        return self._views.get(resource.name) or self._views[""]

    def _batch(self, resource: Resource) -> int:
        if resource.name not in WAYS:
            return _BATCH
        return _MOVED if self._rules.advance.get(resource.name) else _FILLED_IN

    def _resource(self, name: str) -> Resource:
        try:
            return self._resources[name]
        except KeyError:
            what = f"{self._system} has no resource {name!r}; it has {', '.join(self._resources)}."
            raise SetupError(what, cure=f"Check systems.{self._system}.resources and the flows.") from None


def _views(session: Session, rules: Rules) -> Mapping[str, _View]:
    """How each resource is read; "" is the usual way."""
    reader = Reader(session, rules)
    return {
        "": reader,
        "stock.level": LevelReader(session, rules),
        "party.supplier": SupplierReader(session, reader, rules),
    }


def _writers(session: Session, rules: Rules) -> Mapping[str, _Writer]:
    """How each resource is written."""
    reader, references = Reader(session, rules), References(session)
    forms: Mapping[str, Form] = {
        "sale.sale": OrderForm(session, SALE_LAYOUT),
        "purchase.purchase": OrderForm(session, PURCHASE_LAYOUT),
        "sale.opportunity": OrderForm(session, OPPORTUNITY_LAYOUT),
        "production": ProductionForm(session),
    }
    writers: dict[str, _Writer] = {
        PARTY.name: MasterWriter(session, reader, PartyShape(references, rules)),
        PRODUCT.name: MasterWriter(session, reader, ProductShape(references)),
    }
    for name, resource in RESOURCES.items():
        if name in WAYS:
            lines = next((each for each in resource.collections if each.name == "lines" and each.model), None)
            form = forms.get(name) or NoForm()
            process = Process(resource=resource, way=WAYS[name], form=form, lines=lines)
            writers[name] = WorkflowWriter(session, reader, references, rules, process)
        elif name not in writers:
            plain = MasterWriter(session, reader, PlainShape(resource, session, references))
            writers[name] = plain if resource.writable else _Watching()
    return writers


def _is_there(view: _View, found: Document | None) -> bool:
    return found is not None and not view.is_dead(found)


def _gone(key: str, found: Document | None) -> Gone:
    return Gone(key=key, merged_into=found.merged_into if found else "")


def _with_record(receipt: Receipt, found: Document | None) -> Receipt:
    if found is None:
        return receipt
    record = found.record
    return msgspec.structs.replace(receipt, raw=record.raw, version=record.version, stamp=record.stamp)
