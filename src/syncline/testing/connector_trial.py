"""One resource of one system under trial: the port's calls as short steps."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import pytest

from syncline.env import RealEnv
from syncline.errors import SynclineError
from syncline.merging import explain
from syncline.model.contract import Contract
from syncline.model.page import Cursor, Gone, Item, Op, Page, Receipt, Record
from syncline.ports.connector import Connector
from syncline.testing.connector_findings import Findings
from syncline.testing.connector_steps import create, decoded, last_cursor, new_item, update, written

FieldsFactory = Callable[[int], Mapping[str, object]]

_ENV = RealEnv()  # a system under test is real, and so is its time
_PAUSE = 0.02  #: between two looks [s]; doubled until it is a second


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What the tests of the kit do with a resource."""

    connector: Connector
    resource: str
    fields_of: FieldsFactory
    text_field: str
    settled: Callable[[], None]
    wording: Callable[[str], object]  #: a word -> the value that stands for it in the text field
    made: Callable[[int], str] | None  #: how records are made in a resource that takes no creates
    findings: Findings

    @property
    def contract(self) -> Contract:
        """What is claimed."""
        return self.connector.contract(self.resource)

    # --- writing --------------------------------------------------------------------

    def new_id(self) -> str:
        """For a marker or a token."""
        return _ENV.new_id()

    def item(self, number: int, *, marker: str = "", idempotency: str = "", ref: int = 0, **fields: object) -> Item:
        """A create of the record of this number, with these fields otherwise."""
        item = new_item({**self.fields_of(number), **fields}, marker=marker, idempotency=idempotency)
        return Item(ref=ref or number, op=item.op, fields=item.fields, marker=item.marker, idempotency=item.idempotency)

    def create(self, number: int, *, marker: str = "", idempotency: str = "") -> Receipt:
        """A new record; skips where the resource takes none."""
        self.needs_creates()
        return create(self.connector, self.resource, self.fields_of(number), marker=marker, idempotency=idempotency)

    def key(self, number: int) -> str:
        """The key of a new record, made by people where the resource takes no creates."""
        return self.made(number) if self.made is not None and not self.contract.creatable else self.create(number).key

    def needs_creates(self) -> None:
        """Skip where the resource takes no creates."""
        if not self.contract.creatable:
            pytest.skip("the contract does not claim creates")

    def write(self, *items: Item, within: float = 30.0) -> Sequence[Receipt]:
        """A batch; its receipts in the order of the items."""
        found = {receipt.ref: receipt for receipt in written(self.connector, self.resource, items, within=within)}
        return [found[item.ref] for item in items]

    def any_write(self, number: int) -> Item:
        """A create, or an update of a new record where the resource takes no creates."""
        if self.contract.creatable:
            return self.item(number)
        key = self.key(number)
        read = self.read(key)
        fields = {self.text_field: self.wording(f"any {number}")}
        return Item(ref=number, op=Op.UPDATE, key=key, fields=fields, version=read.version, current=read.raw)

    def change(self, key: str, word: str, version: str | None = None) -> Receipt:
        """Set the free text of a record."""
        return self.update(key, {self.text_field: self.wording(word)}, version)

    def says(self, key: str, word: str) -> bool:
        """Does the free text of a record say this, as the system stores it?"""
        return is_stored(self.wording(word), self.shown(key).get(self.text_field))

    def update(self, key: str, fields: Mapping[str, object], version: str | None = None) -> Receipt:
        """Change a record."""
        return update(self.connector, self.resource, key, fields, version)

    # --- reading --------------------------------------------------------------------

    def get(self, key: str) -> Record | Gone:
        """One record now."""
        return self.connector.get(self.resource, [key])[0]

    def read(self, key: str) -> Record:
        """One record that must be there."""
        found = self.get(key)
        if not isinstance(found, Record):
            pytest.fail(f"{self.resource} {key} is gone")
        return found

    def shown(self, key: str) -> Mapping[str, object]:
        """The fields of a record."""
        return decoded(self.connector, self.resource, key)

    def pages(self, since: Cursor | None = None) -> Iterator[Page]:
        """A read from its beginning."""
        return iter(self.connector.list(self.resource, since))

    def listed(self, since: Cursor | None = None) -> set[str]:
        """The keys of a read."""
        return {key for page in self.pages(since) for key in page.keys}

    def buried(self, since: Cursor | None = None) -> set[str]:
        """The keys that a read names as deleted."""
        return {key for page in self.pages(since) for key in page.tombstones}

    def records(self) -> Mapping[str, Record]:
        """A full read: key -> record as the list shows it."""
        return {record.key: record for page in self.pages() for record in _records(page)}

    def last_cursor(self, since: Cursor | None = None) -> Cursor:
        """Where a read comes to its end."""
        return last_cursor(self.connector, self.resource, since)

    def found(self, marker: str) -> list[str]:
        """The keys of the records with this marker; none where it cannot be searched."""
        try:
            return [record.key for record in self.connector.search(self.resource, "", marker)]
        except SynclineError:
            return []

    # --- time -----------------------------------------------------------------------

    def awaited(self, is_there: Callable[[], bool], within: float) -> float:
        """How late something is there [s]: when the first look began that saw it; 0 for the first look of all.

        Fails when a look that begins after `within` seconds does not see it.
        """
        late = self.looked(is_there, within)
        if late is None:
            pytest.fail(f"not seen {within:g} s later, and the contract says by then")
        return late

    def looked(self, is_there: Callable[[], bool], within: float) -> float | None:
        """As `awaited`; None where it is not seen."""
        begun, pause, late = _ENV.monotonic(), _PAUSE, 0.0
        while not is_there():
            if late > within:
                return None
            _ENV.sleep(pause)
            pause = min(1.0, pause * 2)
            late = _ENV.monotonic() - begun
        return late


def is_stored(sent: object, shown: object) -> bool:
    """Is this what a system shows that stored the value as it is, or as a known normaliser leaves it?"""
    if sent == shown or (isinstance(sent, str) and isinstance(shown, str) and explain(sent, shown)):
        return True
    try:
        return Decimal(str(sent)) == Decimal(str(shown))
    except InvalidOperation:
        return False


def _records(page: Page) -> Iterator[Record]:
    stamps = page.stamps or [0] * len(page.keys)
    versions = page.versions or [None] * len(page.keys)
    for key, raw, version, stamp in zip(page.keys, page.raws, versions, stamps, strict=True):
        yield Record(key=key, raw=raw, version=version, stamp=stamp)
