"""The simulated ERP: what it does with its partners, items and sales documents.

It has no optimistic locking, no idempotency key and stamps of whole seconds; its
marker `ForeignKey` is unique; its deletes only set `Active` to false.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from syncline.sandbox.erp_invoices import invoice_of, paid
from syncline.sandbox.erp_words import (
    CANCELLED,
    CONFIRMED,
    DELIVERED,
    INVOICED,
    OPEN,
    RESOURCES,
    totals,
    wrong,
)
from syncline.sandbox.state import Fields, Key, Row, State, encode
from syncline.sandbox.tally import Tally
from syncline.sandbox.wording import Refusal, cleaned

_FIRST_NUMBER = {"partners": 10_000, "salesdocs": 500_000}
_NEXT_STATE = {OPEN: CONFIRMED, CONFIRMED: DELIVERED, DELIVERED: INVOICED}
_BY_HAND = {(OPEN, CONFIRMED), (OPEN, CANCELLED), (CONFIRMED, CANCELLED)}


class Erp:
    """The application behind the ERP's interface."""

    def __init__(self, path: Path) -> None:
        self.state = State(path, [resource.table for resource in RESOURCES.values()])
        self.tally = Tally()

    def get(self, resource: str, key: Key) -> Fields:
        """Read one record, inactive ones too."""
        row = self.state.get(resource, key)
        if not row:
            message = f"{RESOURCES[resource].number} {key} not found"
            raise Refusal(404, "E404", message)
        return row.fields()

    def create(self, resource: str, given: Mapping[str, object], who: str) -> Fields:
        """Write a new record under the next number (items bring their own)."""
        described = RESOURCES[resource]
        if resource == "invoices":
            raise wrong("E230", "Invoices come of documents")
        if given.get(described.required) in {None, ""}:
            raise wrong("E100", f"{described.required}: required")
        empty: Fields = {**described.defaults, **described.computed}
        after = cleaned(given, described.cleaners, empty)
        with self.state.transaction():
            self._check(resource, None, after)
            key = self._number(resource, given)
            after = {described.number: key, **after, "Rev": 1}
            self._write(resource, after)
        self.tally.record(resource, "creates", who)
        return after

    def update(self, resource: str, key: Key, given: Mapping[str, object], who: str) -> Fields:
        """Change the given fields, whoever else changed the record meanwhile."""
        before = self.get(resource, key)
        after = cleaned(given, RESOURCES[resource].cleaners, before)
        self._check(resource, before, after)
        same = after == before
        after["Rev"] = before["Rev"] + 1
        with self.state.transaction():
            self._write(resource, after)
        self.tally.record(resource, "unchanged" if same else "updates", who)
        return after

    def delete(self, resource: str, key: Key, who: str) -> Fields:
        """Set inactive; cancel a sales document."""
        if resource == "invoices":
            raise wrong("E230", "Invoices are kept")
        before = self.get(resource, key)
        off: tuple[str, object] = ("Active", False)
        name, value = ("State", CANCELLED) if resource == "salesdocs" else off
        if before[name] == value:
            return before
        after = {**before, name: value, "Rev": before["Rev"] + 1}
        self._check(resource, before, after)
        with self.state.transaction():
            self._write(resource, after)
        self.tally.record(resource, "deletes", who)
        return after

    def write_all(self, resource: str, rows: Iterable[Mapping[str, object]], who: str) -> list[Fields]:
        """Write every row or none; a row with a known number is changed."""
        number = RESOURCES[resource].number
        written: list[Fields] = []
        counted = Counter(self.tally.records.get(resource))
        with self.state.transaction():
            for place, row in enumerate(rows):
                key = row.get(number)
                known = isinstance(key, int | str) and self.state.get(resource, key)
                try:
                    if isinstance(key, int) and not known:
                        raise wrong("E404", f"{number} {key} not found")
                    written.append(
                        self.update(resource, key, row, who)
                        if known and isinstance(key, int | str)
                        else self.create(resource, row, who)
                    )
                except Refusal as refusal:
                    self.tally.records[resource] = counted
                    raise _of_row(refusal, place) from None
        return written

    def advance(self, key: Key, who: str) -> Fields:
        """Move a sales document one state on, as the people in the ERP do."""
        before = self.get("salesdocs", key)
        state = _NEXT_STATE.get(before["State"])
        if state is None:
            raise wrong("E220", f"DocNo {key} is in its last state")
        after = {**before, "State": state, "Rev": before["Rev"] + 1}
        self._check_confirmation(before, after)
        with self.state.transaction():
            self._write("salesdocs", after)
        self.tally.record("salesdocs", "advances", who)
        return after

    def pay(self, key: Key, who: str, *, amount: object = None, day: str = "") -> Fields:
        """Book a payment of an invoice: of all that is open unless an amount is given, today unless a day is."""
        now = self.state.clock.now_ms()
        today = f"{datetime.fromtimestamp(now / 1000, UTC):%d.%m.%Y}"
        before = self.get("invoices", key)
        after = {**paid(before, amount, day or today), "Rev": before["Rev"] + 1}
        with self.state.transaction():
            self._write("invoices", after)
        self.tally.record("invoices", "payments", who)
        return after

    # --- within ---------------------------------------------------------------

    def _check(self, resource: str, before: Fields | None, after: Fields) -> None:
        if "ForeignKey" in after:
            self._check_marker(resource, after)
        if resource == "salesdocs":
            self._check_document(before, after)
        elif before is not None and after[RESOURCES[resource].required] == "":
            raise wrong("E100", f"{RESOURCES[resource].required}: required")

    def _check_marker(self, resource: str, after: Fields) -> None:
        marker, number = after["ForeignKey"], RESOURCES[resource].number
        for row in self.state.find(resource, "ForeignKey", marker) if marker else ():
            if row.key != after.get(number):
                message = f"ForeignKey {marker} belongs to {number} {row.key}"
                raise Refusal(409, "E409", message, **{number: row.key})

    def _check_document(self, before: Fields | None, after: Fields) -> None:
        partner = self.state.get("partners", after["PartnerNo"])
        if not partner:
            raise Refusal(400, "E400", f"Partner {after['PartnerNo']} unknown")
        if before is None and not partner.listed:
            raise wrong("E201", f"Partner {after['PartnerNo']} is inactive")
        for item in {position["ItemNo"] for position in after["Positions"]}:
            if not self.state.get("items", item):
                raise wrong("E202", f"Item {item} unknown")
        self._check_confirmation(before, after)
        old = before["State"] if before else OPEN
        if after["State"] != old and (old, after["State"]) not in _BY_HAND:
            raise wrong("E210", f"State {old} cannot become {after['State']}")
        if before and old in {DELIVERED, INVOICED, CANCELLED}:
            parts = ("Positions", "PartnerNo", "Cur", "DocDate")
            if any(after[part] != before[part] for part in parts):
                raise wrong("E211", f"DocNo {before['DocNo']} is closed")

    def _check_confirmation(self, before: Fields | None, after: Fields) -> None:
        old = before["State"] if before else OPEN
        if (old, after["State"]) != (OPEN, CONFIRMED):
            return
        if self.get("partners", after["PartnerNo"])["Blocked"]:
            raise wrong("E203", f"Partner {after['PartnerNo']} is blocked")
        if not after["Positions"]:
            raise wrong("E204", "A document without positions cannot be confirmed")

    def _number(self, resource: str, given: Mapping[str, object]) -> Key:
        if resource != "items":
            return _FIRST_NUMBER[resource] + self.state.next_number(resource)
        number = given.get("ItemNo")
        if not isinstance(number, str) or not number or "/" in number:
            raise wrong("E100", "ItemNo: required")
        if self.state.get(resource, number):
            message = f"ItemNo {number} exists"
            raise Refusal(409, "E409", message, ItemNo=number)
        return number

    def _write(self, resource: str, fields: Fields) -> None:
        now = self.state.clock.now_ms()
        invoiced = resource == "salesdocs" and self._compute(fields, now)
        fields["ChangedAt"] = now // 1000
        self.state.put(resource, row_of(resource, fields, now))
        if invoiced:
            terms = self.get("partners", fields["PartnerNo"])["PaymentTerms"]
            self._write("invoices", {**invoice_of(fields, terms), "Rev": 1})

    def _compute(self, document: Fields, now: int) -> bool:
        """Fill in totals, and the numbers that come with a state; is it invoiced by this?"""
        today = datetime.fromtimestamp(now / 1000, UTC)
        document.update(totals(document))
        document["DocDate"] = document["DocDate"] or f"{today:%d.%m.%Y}"
        confirmed = document["State"] in {CONFIRMED, DELIVERED, INVOICED}
        if confirmed and not document["OrderNo"]:
            count = self.state.next_number("OrderNo")
            document["OrderNo"] = f"SO-{today:%Y}-{count:05d}"
        invoiced = document["State"] == INVOICED and not document["InvoiceNo"]
        if invoiced:
            count = self.state.next_number("InvoiceNo")
            document["InvoiceNo"] = f"RE-{today:%Y}-{count:05d}"
            document["InvoiceDate"] = f"{today:%d.%m.%Y}"
            document["InvoiceTotal"] = document["GrossTotal"]
        return invoiced


def _of_row(refusal: Refusal, place: int) -> Refusal:
    more = {**refusal.more, "row": place}
    return Refusal(refusal.status, refusal.code, refusal.message, **more)


def row_of(resource: str, fields: Fields, changed: int) -> Row:
    """Lay a record out for the disk."""
    described = RESOURCES[resource]
    return Row(
        key=fields[described.number],
        changed=changed,
        body=encode(fields),
        listed=fields.get("Active", True),
        lookups={name: fields[name] or None for name in described.table.lookups},
    )
