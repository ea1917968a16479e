"""Writing parties and products: many records in one call, each under the lock of its time stamp."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Protocol

from syncline.connectors.systems.tryton.address_uses import with_uses
from syncline.connectors.systems.tryton.delivery import Job, Sending, created_keys, receipt
from syncline.connectors.systems.tryton.documents import Document, own_stamp, shown_children
from syncline.connectors.systems.tryton.fields import Resource, Rules
from syncline.connectors.systems.tryton.nested import ListDiff, check_names, picked_commands, plain_values, stamps_of
from syncline.connectors.systems.tryton.reading import Reader
from syncline.connectors.systems.tryton.references import References
from syncline.connectors.systems.tryton.resources import ADDRESSES, PARTY, PRODUCT
from syncline.connectors.systems.tryton.session import Fault, Session
from syncline.connectors.systems.tryton.values import Row, at_path
from syncline.errors import RejectedError, SynclineError, TransientError
from syncline.model.page import Item, Op, Outcome, Receipt


class Shape(Protocol):
    """How records of one resource are put into Tryton's words."""

    resource: Resource
    model: str  #: that is written to

    def needs_current(self, item: Item) -> bool:
        """Must the record be read before it can be written?"""
        ...

    def values(self, item: Item, current: Document | None) -> dict[str, object]:
        """What is created or written; RejectedError when the item cannot be put so."""
        ...

    def target(self, item: Item, current: Document | None) -> int:
        """The id that is written to."""
        ...


class PartyShape:
    """A party with its identifiers, mechanisms and addresses."""

    resource = PARTY
    model = PARTY.model

    def __init__(self, references: References, rules: Rules) -> None:
        self._references = references
        self._rules = rules
        self._addresses = ListDiff(ADDRESSES, references, key_field=rules.address_key, removal=rules.removal)
        self._nested = {ADDRESSES.name, *(each.name for each in PARTY.uses), *(each.name for each in PARTY.picked)}

    def needs_current(self, item: Item) -> bool:
        """Lists are compared with what is there; plain values are not."""
        return bool(self._nested & set(item.fields))

    def target(self, item: Item, current: Document | None) -> int:
        """The party itself."""
        return int(item.key)

    def values(self, item: Item, current: Document | None) -> dict[str, object]:
        """Plain values, and commands for the lists."""
        given = self._marked(item)
        check_names(PARTY, given)
        row = current.row if current else None
        values = plain_values(PARTY.fields, given, self._references)
        for picked in PARTY.picked:
            if picked.name in given:
                commands = picked_commands(picked, given[picked.name], row, self._rules.removal)
                _extend(values, picked.path, commands)
        addresses = _addresses(given, row)
        if addresses is not None:
            _extend(values, ADDRESSES.name, self._addresses.commands(addresses, row))
        return values

    def _marked(self, item: Item) -> Mapping[str, object]:
        if item.op is Op.ARCHIVE:
            return {**item.fields, "active": False}
        place = self._rules.marker(PARTY)
        if not item.marker or not place or item.op is not Op.CREATE:
            return item.fields
        return with_marker(item, "marker" if place == "identifier" else place)


class ProductShape:
    """A variant, written through its template so that both change in one transaction."""

    resource = PRODUCT
    model = "product.template"

    def __init__(self, references: References) -> None:
        self._references = references

    def needs_current(self, item: Item) -> bool:
        """Always: the variant does not tell its template."""
        return True

    def target(self, item: Item, current: Document | None) -> int:
        """The template."""
        if current is None:
            raise RejectedError("Products are not created here.", cure="Create them in Tryton.")
        return int(str(current.row["template."]["id"]))  # type: ignore[index]

    def values(self, item: Item, current: Document | None) -> dict[str, object]:
        """The name is the template's; a price is the variant's where it has one of its own or has siblings."""
        given = {**item.fields, "active": False} if item.op is Op.ARCHIVE else item.fields
        check_names(PRODUCT, given)
        if current is None:
            raise RejectedError("Products are not created here.", cure="Create them in Tryton.")
        values = plain_values(PRODUCT.fields, given, self._references)
        price = {"list_price": values.pop("list_price_used")} if "list_price_used" in values else {}
        own: dict[str, object] = {name: values[name] for name in ("description", "active") if name in values}
        shared: dict[str, object] = {"name": values["name"]} if "name" in values else {}
        siblings = at_path(current.row, "template.products")
        if current.row.get("list_price") is not None or (isinstance(siblings, list) and len(siblings) > 1):
            own |= price
        else:
            shared |= price
        return {**shared, "products": [["write", [int(item.key)], own]]} if own else shared


def _addresses(given: Mapping[str, object], row: Row | None) -> object:
    """The addresses as they shall be; None where nothing is said of them."""
    uses = sorted(each.name for each in PARTY.uses if each.name in given)
    if not uses:
        return (given[ADDRESSES.name] or ()) if ADDRESSES.name in given else None
    if ADDRESSES.name in given:
        what = f"The mapping writes both {ADDRESSES.name!r} and {uses[0]!r}, which is one of them."
        raise RejectedError(what, cure="Map either the list or the uses.")
    return with_uses(PARTY.uses, given, [] if row is None else shown_children(ADDRESSES, row))


def _extend(values: dict[str, object], path: str, commands: Sequence[object]) -> None:
    before = values.get(path)
    if commands:
        values[path] = [*(before if isinstance(before, list) else []), *commands]


def with_marker(item: Item, name: str) -> Mapping[str, object]:
    """The fields with the marker in its place; RejectedError when the mapping writes there too."""
    if item.fields.get(name):
        what = f"{name!r} carries the hub's marker and is mapped too."
        raise RejectedError(what, cure="Choose another place with the option `marker`, or `none`.")
    return {**item.fields, name: item.marker}


class MasterWriter:
    """Writes items of one resource in few calls."""

    def __init__(self, session: Session, reader: Reader, shape: Shape) -> None:
        self._session = session
        self._reader = reader
        self._shape = shape

    def write(self, items: Sequence[Item], sending: Sending) -> list[Receipt]:
        """A receipt for every item."""
        creates = [item for item in items if item.op is Op.CREATE]
        changes = [item for item in items if item.op in {Op.UPDATE, Op.ARCHIVE}]
        deletes = [item for item in items if item.op is Op.DELETE]
        receipts = self._created(creates, sending)
        receipts += self._changed(changes, sending)
        return receipts + self._deleted(deletes, sending)

    def _created(self, items: Sequence[Item], sending: Sending) -> list[Receipt]:
        jobs, receipts = self._ready(items, {}, sending)

        def send(some: Sequence[Job]) -> Sequence[str] | Fault:
            values = [job.values for job in some]
            answer = self._session.tell(f"model.{self._shape.model}.create", values, send_by=sending.send_by)
            return answer if isinstance(answer, Fault) else created_keys(answer)

        by_ref = {item.ref: item for item in items}
        return [*receipts, *(self._adopted(each, by_ref[each.ref]) for each in sending.settle(jobs, send))]

    def _adopted(self, refused: Receipt, item: Item) -> Receipt:
        """A create that is refused because a record has its unique marker already: that record is the one."""
        resource = self._shape.resource
        if refused.outcome is not Outcome.REFUSED or not item.marker or not self._reader.has_unique_marker(resource):
            return refused
        try:
            found = self._reader.by_field(resource, "", item.marker)
        except SynclineError:  # the refusal stands
            return refused
        return receipt(item, Outcome.DONE, key=found[0].record.key) if found else refused

    def _changed(self, items: Sequence[Item], sending: Sending) -> list[Receipt]:
        keys = [item.key for item in items if self._shape.needs_current(item)]
        try:
            current = self._reader.by_keys(self._shape.resource, keys) if keys else {}
        except (TransientError, RejectedError) as error:
            return sending.unread(items, error)
        jobs, receipts = self._ready(items, current, sending)

        def send(some: Sequence[Job]) -> Sequence[str] | Fault:
            sets = chain.from_iterable(([self._target(job, current)], job.values) for job in some)
            stamps = {name: stamp for job in some for name, stamp in job.stamps.items()}
            method = f"model.{self._shape.model}.write"
            answer = self._session.tell(method, *sets, send_by=sending.send_by, stamps=stamps)
            return answer if isinstance(answer, Fault) else [job.item.key for job in some]

        return [*receipts, *self._gone(sending.settle(jobs, send))]

    def _deleted(self, items: Sequence[Item], sending: Sending) -> list[Receipt]:
        if not self._shape.resource.deletable:  # Tryton would let go of one that no document names yet
            told = f"Records of {self._shape.resource.model} are not deleted here; archive them."
            return [receipt(item, Outcome.REFUSED, message=told) for item in items]
        jobs = [Job(item=item, stamps=self._own_stamp(item)) for item in items]

        def send(some: Sequence[Job]) -> Sequence[str] | Fault:
            ids = [int(job.item.key) for job in some]
            stamps = {name: stamp for job in some for name, stamp in job.stamps.items()}
            method = f"model.{self._shape.resource.model}.delete"
            answer = self._session.tell(method, ids, send_by=sending.send_by, stamps=stamps)
            return answer if isinstance(answer, Fault) else [job.item.key for job in some]

        return self._gone(sending.settle(jobs, send))

    def _target(self, job: Job, current: Mapping[str, Document]) -> int:
        return self._shape.target(job.item, current.get(job.item.key))

    def _ready(
        self, items: Sequence[Item], current: Mapping[str, Document], sending: Sending
    ) -> tuple[list[Job], list[Receipt]]:
        """Items made ready, and receipts of those that cannot be sent."""
        jobs: list[Job] = []
        receipts: list[Receipt] = []

        def prepare(item: Item) -> Job | Receipt:
            return self._job(item, current)

        for item in items:
            ready = sending.attempt_one(item, prepare)
            if isinstance(ready, Job):
                jobs.append(ready)
            else:
                receipts.append(ready)
        return jobs, receipts

    def _job(self, item: Item, current: Mapping[str, Document]) -> Job | Receipt:
        found = current.get(item.key)
        if item.key and self._shape.needs_current(item):
            if found is None:
                return receipt(item, Outcome.GONE)
            if item.version is not None and item.version != found.record.version:
                return receipt(item, Outcome.STALE, message="It was changed since it was read.")
        values = self._shape.values(item, found)
        if item.version is None or item.op is Op.CREATE:
            return Job(item=item, values=values)
        stamps = stamps_of(self._shape.resource, found.row) if found else self._own_stamp(item)
        return Job(item=item, values=values, stamps=stamps)

    def _own_stamp(self, item: Item) -> dict[str, str]:
        return {f"{self._shape.resource.model},{item.key}": own_stamp(item.version)} if item.version else {}

    def _gone(self, receipts: Sequence[Receipt]) -> list[Receipt]:
        """A refusal, or a stale stamp, may only mean that the record is no more."""
        doubted = [each.key for each in receipts if each.outcome in {Outcome.REFUSED, Outcome.STALE}]
        try:
            alive = self._reader.by_keys(self._shape.resource, doubted) if doubted else {}
        except SynclineError:  # the refusals stand
            return list(receipts)
        return [
            Receipt(ref=each.ref, outcome=Outcome.GONE, key=each.key)
            if each.key in doubted and each.key not in alive
            else each
            for each in receipts
        ]
