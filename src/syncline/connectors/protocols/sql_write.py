"""Writing tables: a batch is one transaction; one that a record spoils is halved until that record stands alone.

Rows are locked and compared with what the hub has read before they are changed, so no edit is overwritten unseen; what
they show afterwards is read in the same transaction. Nothing is left of a transaction that did not end with a commit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import Connection, delete, select

from syncline.connectors.protocols.sql_database import Database
from syncline.connectors.protocols.sql_layout import Layout
from syncline.connectors.protocols.sql_lines import write_lines
from syncline.connectors.protocols.sql_plain import Plainness
from syncline.connectors.protocols.sql_read import Reading
from syncline.connectors.protocols.sql_record import Found, Recorder, Row
from syncline.connectors.protocols.sql_rows import Rows, Values
from syncline.connectors.protocols.sql_values import encode
from syncline.env import Env
from syncline.errors import BusyError, DoubtError, RejectedError, SetupError, TransientError
from syncline.model.contract import Contract, ReadBack
from syncline.model.page import Item, Op, Outcome, Receipt

_WAIT = 1.0  #: after somebody's lock was in the way [s]


class _Change(msgspec.Struct, frozen=True, kw_only=True):
    """An item whose values are fit to be sent."""

    item: Item
    values: Values  #: column -> value as it is bound
    lines: Mapping[str, Sequence[Mapping[str, object]]]


class _Held(msgspec.Struct, frozen=True, kw_only=True):
    """A row that is locked, as it is before the write."""

    version: str
    deleted: bool


class Writing:
    """The writing half of one resource."""

    def __init__(self, database: Database, reading: Reading, contract: Contract, env: Env) -> None:
        self._database = database
        self._layout: Layout = reading.layout
        self._reading = reading
        self._recorder: Recorder = reading.recorder
        self._contract = contract
        self._rows = Rows(self._layout)
        self._env = env
        self._plain = Plainness(self._layout)

    def write(self, items: Sequence[Item], send_by: float) -> list[Receipt]:
        """A receipt for each item."""
        if self._plain.holds(items):
            marker = self._plain.marker
            added = [{marker: item.marker} if marker and item.marker else {} for item in items]
            pairs = zip(items, added, strict=True)
            return self._tried(
                [_Change(item=item, values={**item.fields, **one}, lines={}) for item, one in pairs], send_by
            )
        receipts: list[Receipt] = []
        changes: list[_Change] = []
        for item in items:
            try:
                changes.append(self._change(item))
            except ValueError as error:
                receipts.append(Receipt(ref=item.ref, outcome=Outcome.REFUSED, message=str(error)))
        return [*receipts, *self._tried(changes, send_by)] if changes else receipts

    # --- what an item says --------------------------------------------------------------------------------------------

    def _change(self, item: Item) -> _Change:
        """The item's values as they are bound; ValueError with the sentence of a refusal."""
        offered = self._layout.options.writes
        if not {Op.CREATE: offered.create, Op.UPDATE: offered.update, Op.DELETE: offered.delete != "none",
                Op.ARCHIVE: bool(offered.archive)}[item.op]:  # fmt: skip
            raise ValueError(f"{self._layout.setting}.writes offers no {item.op.name.lower()}")
        constants = offered.archive if item.op is Op.ARCHIVE else {}
        fields = {**item.fields, **constants} if item.op is not Op.DELETE else {}
        lines = {name: _list(name, fields.pop(name)) for name in self._layout.lines if name in fields}
        if item.op is Op.CREATE:
            fields |= self._layout.options.where
            if self._layout.options.marker and item.marker:
                fields[self._layout.options.marker.column] = item.marker
        elif str(fields.get(self._layout.key, item.key)) != item.key:
            raise ValueError(f"{self._layout.key} is the key, and cannot be changed")
        else:
            fields.pop(self._layout.key, None)
        return _Change(item=item, values=self._bound(fields), lines=lines)

    def _bound(self, fields: Mapping[str, object]) -> Values:
        table, zone, made = self._layout.table, self._layout.zone, dict[str, object]()
        for name, value in fields.items():
            if name not in table.columns:
                raise ValueError(f"{table.name} has no column {name}")
            try:
                made[name] = encode(table.kind(name), value, zone)
            except ValueError as error:
                raise ValueError(f"{name} {error}") from error
        return made

    # --- transactions -------------------------------------------------------------------------------------------------

    def _tried(self, changes: Sequence[_Change], send_by: float) -> list[Receipt]:
        """One transaction for all of them, or, when a record was refused, one for each half."""
        if self._env.monotonic() > send_by:
            return _all(changes, Outcome.BUSY, "not sent in time")
        try:
            return self._together(changes)
        except RejectedError as error:
            if len(changes) == 1:
                return _all(changes, Outcome.REFUSED, str(error))
        except BusyError as error:
            return _all(changes, Outcome.BUSY, str(error), wait=_WAIT)
        except DoubtError as error:
            return _all(changes, Outcome.DOUBT, str(error))
        except TransientError as error:  # rolled back, by us or by the server that lost us
            return _all(changes, Outcome.BUSY, str(error), wait=error.wait or 0.0)
        half = (len(changes) + 1) // 2
        first = self._tried(changes[:half], send_by)
        try:
            return [*first, *self._tried(changes[half:], send_by)]
        except SetupError as error:  # the first half may be done: its receipts must not be lost
            return [*first, *_all(changes[half:], Outcome.BUSY, str(error))]

    def _together(self, changes: Sequence[_Change]) -> list[Receipt]:
        with self._database.writing(self._layout.table.name) as connection:
            held = self._held(connection, [one for one in changes if one.item.op is not Op.CREATE])
            receipts = [found for one in changes if (found := _unfit(one.item, held)) is not None]
            if receipts:
                barred = {receipt.ref for receipt in receipts}
                changes = [one for one in changes if one.item.ref not in barred]
            keys = self._applied(connection, changes)
            return [*receipts, *self._done(connection, changes, keys)]

    def _held(self, connection: Connection, changes: Sequence[_Change]) -> Mapping[str, _Held]:
        """The rows that are to be changed, locked until the end of the transaction."""
        if not changes:
            return {}
        layout = self._layout
        bound = list(self._reading.bound([one.item.key for one in changes]).values())
        query = select(*layout.columns.clauses).where(layout.scope(), layout.key_column.in_(bound))
        rows = connection.execute(query.order_by(layout.key_column).with_for_update()).fetchall()
        try:
            found = self._recorder.found(connection, rows, lock=True)
        except ValueError as error:
            raise RejectedError(f"the record cannot be read: {error}") from error
        return {
            key: _Held(version=version, deleted=deleted)
            for key, version, deleted in zip(found.keys, found.versions, found.deleted, strict=True)
        }

    def _applied(self, connection: Connection, changes: Sequence[_Change]) -> Mapping[int, str]:
        """Do it; by ref the key of each record."""
        creates = [one for one in changes if one.item.op is Op.CREATE]
        updates = [one for one in changes if one.item.op in {Op.UPDATE, Op.ARCHIVE}]
        keys = {one.item.ref: one.item.key for one in changes if one.item.op is not Op.CREATE}
        if creates:
            made = self._rows.insert(connection, [one.values for one in creates])
            keys |= {one.item.ref: key for one, key in zip(creates, made, strict=True)}
        bound = self._reading.bound([one.item.key for one in changes if one.item.op is not Op.CREATE])
        if updates:
            self._rows.update(connection, [(bound[one.item.key], one.values) for one in updates])
        removed = [bound[one.item.key] for one in changes if one.item.op is Op.DELETE]
        if removed:
            self._remove(connection, removed)
        for name, lines in self._layout.lines.items():
            given = {keys[one.item.ref]: one.lines[name] for one in changes if name in one.lines}
            if given:
                write_lines(connection, lines, self._layout, self._reading.bound(list(given)), given)
        return keys

    def _remove(self, connection: Connection, keys: Sequence[object]) -> None:
        layout = self._layout
        if layout.options.writes.delete == "soft":
            self._rows.bury(connection, keys)
            return
        for lines in layout.lines.values():
            connection.execute(delete(lines.table.clause).where(lines.table.column(lines.options.parent).in_(keys)))
        done = connection.execute(delete(layout.table.clause).where(layout.key_column.in_(keys)))
        if done.rowcount != len(keys):
            raise RejectedError("the database kept a record that was deleted")

    # --- receipts -----------------------------------------------------------------------------------------------------

    def _done(self, connection: Connection, changes: Sequence[_Change], keys: Mapping[int, str]) -> Sequence[Receipt]:
        """Receipts that show the records as they are stored now."""
        if self._contract.read_back is ReadBack.VERBATIM:
            return [Receipt(ref=one.item.ref, outcome=Outcome.DONE, key=keys[one.item.ref]) for one in changes]
        layout = self._layout
        kept = [keys[one.item.ref] for one in changes if one.item.op is not Op.DELETE]
        rows: Sequence[Row] = []
        if kept:
            inside = layout.key_column.in_(list(self._reading.bound(kept).values()))
            rows = connection.execute(select(*layout.columns.clauses).where(inside)).fetchall()
        try:
            found = self._recorder.found(connection, rows)
        except ValueError as error:
            raise RejectedError(f"the record could not be read after the write: {error}") from error
        places = {key: place for place, key in enumerate(found.keys)}
        return [_receipt(one.item, keys[one.item.ref], found, places) for one in changes]


def _receipt(item: Item, key: str, found: Found, places: Mapping[str, int]) -> Receipt:
    """The receipt of an item that was written, with the record as it is stored."""
    place = places.get(key)
    if place is None:  # deleted, or moved out of sight
        return Receipt(ref=item.ref, outcome=Outcome.DONE, key=key)
    return Receipt(
        ref=item.ref,
        outcome=Outcome.DONE,
        key=key,
        raw=found.raws[place],
        version=found.versions[place],
        stamp=found.stamps[place],
    )


def _unfit(item: Item, held: Mapping[str, _Held]) -> Receipt | None:
    """The receipt of an item that cannot be written as things are."""
    if item.op is Op.CREATE:
        return None
    row = held.get(item.key)
    if row is None or row.deleted:
        return Receipt(ref=item.ref, outcome=Outcome.GONE, key=item.key)
    if item.version is not None and item.version != row.version:
        return Receipt(ref=item.ref, outcome=Outcome.STALE, key=item.key, message="somebody has changed the row")
    return None


def _all(changes: Sequence[_Change], outcome: Outcome, message: str, *, wait: float = 0.0) -> list[Receipt]:
    return [Receipt(ref=one.item.ref, outcome=outcome, message=message, wait=wait) for one in changes]


def _list(name: str, value: object) -> Sequence[Mapping[str, object]]:
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, Mapping) for one in value):
        raise ValueError(f"{name} must be a list of lines")
    return value
