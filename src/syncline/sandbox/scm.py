"""The simulated SCM: what it does with its materials, suppliers, stock, demands and purchase orders.

Every record has a version that a writer must name; what is deleted stays as a tombstone, so that those who follow the
changes learn of it. An external reference is unique within its set.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

from syncline.sandbox.scm_words import ENDED, SETS, SITES, EntitySet, empty, laid
from syncline.sandbox.state import Fields, Key, Row, State, encode
from syncline.sandbox.tally import Tally
from syncline.sandbox.wording import Refusal, fixed, invalid

_ZONE = timezone(timedelta(hours=1))
VERSION, REMOVED = "_version", "_removed"  #: what lies beside the properties on the disk


class Scm:
    """The application behind the SCM's service."""

    def __init__(self, path: Path) -> None:
        self.state = State(path, [described.table for described in SETS.values()])
        self.tally = Tally()

    def get(self, resource: str, key: Key) -> Fields:
        """Read one record."""
        fields = self._found(resource, key)
        if fields is None or REMOVED in fields:
            raise Refusal(404, "404", f"{resource}: there is no {key}")
        return fields

    def create(self, resource: str, given: Mapping[str, object], who: str) -> Fields:
        """Write a new record, under the next number or the key that it brings."""
        described = SETS[resource]
        before = empty(described)
        with self.state.transaction():
            before |= self._key(described, given)
            after = laid(given, described, before)
            old = self._found(resource, described.key_of(after))
            if old is not None and REMOVED not in old:
                raise Refusal(409, "DUPLICATE", f"{resource}: {described.key_of(after)} exists")
            self._check(described, after, empty(described))
            # A tombstone lends its version, so that an ETag never comes back.
            after = self._write(described, after, (old or {}).get(VERSION, 0) + 1)
        self.tally.record(resource, "creates", who)
        return after

    def update(
        self, resource: str, key: Key, given: Mapping[str, object], who: str, if_match: int | None = None
    ) -> Fields:
        """Change the given properties."""
        described = SETS[resource]
        before = self._current(resource, key, if_match)
        after = laid(given, described, before)
        self._check(described, after, before)
        with self.state.transaction():
            same = self._computed(described, after) == before
            after = self._write(described, after, before[VERSION] + 1)
        self.tally.record(resource, "unchanged" if same else "updates", who)
        return after

    def delete(self, resource: str, key: Key, who: str, if_match: int | None = None) -> None:
        """Leave a tombstone; stock goes with its material, and a supplier that is needed stays."""
        fields = self._current(resource, key, if_match)
        for other in ("Materials", "PurchaseOrders") if resource == "Suppliers" else ():
            if any(row.listed for row in self.state.find(other, "Supplier", key)):
                raise Refusal(400, "IN_USE", f"{key} is needed in {other}")
        with self.state.transaction():
            self._bury(SETS[resource], fields)
            for row in self.state.find("StockLevels", "Material", key) if resource == "Materials" else ():
                if row.listed:
                    self._bury(SETS["StockLevels"], row.fields())
        self.tally.record(resource, "deletes", who)

    def horizon(self) -> int:
        """Up to which change lists show everything, in the order of changes [ms]."""
        newest = int(self.state.meta("changed") or 0)
        return min(newest, self.state.clock.now_ms() - self.state.stale_ms) if self.state.stale_ms else newest

    # --- within ---------------------------------------------------------------

    def _found(self, resource: str, key: Key) -> Fields | None:
        row = self.state.get(resource, key)
        return row.fields() if row else None

    def _current(self, resource: str, key: Key, if_match: int | None) -> Fields:
        fields = self.get(resource, key)
        if if_match not in {None, fields[VERSION]}:
            raise Refusal(412, "412", "The entity has been changed since it was read")
        return fields

    def _key(self, described: EntitySet, given: Mapping[str, object]) -> Fields:
        """The key of a new record. One that is given has no slash and no quote, which an address would stumble over."""
        if described.digits:
            number = described.first + self.state.next_number(described.name)
            return {described.keys[0]: f"{described.prefix}{number:0{described.digits}d}"}
        key: Fields = {}
        for name in described.keys:
            value, most = given.get(name), described.properties[name].length
            if not isinstance(value, str) or not value.strip() or len(value) > most or set(value) & {"/", "'"}:
                raise invalid(name, f"{name} must be a text of at most {most} characters without / and '")
            key[name] = value.strip()
        return key

    def _check(self, described: EntitySet, after: Fields, before: Fields) -> None:
        """Refuse references to what is not there, and external references that are taken."""
        reference = after.get("ExternalReference")
        if reference and reference != before.get("ExternalReference"):
            taken = [row for row in self.state.find(described.name, "ExternalReference", reference) if row.listed]
            if any(row.key != described.key_of(after) for row in taken):
                raise Refusal(409, "DUPLICATE", f"ExternalReference {reference} is taken")
        if described.name == "StockLevels" and after["Site"] not in SITES:
            raise invalid("Site", f"Site must be one of {', '.join(SITES)}")
        for name, wanted in (("Supplier", "Suppliers"), ("Material", "Materials")):
            value = after.get(name)
            if value is not None and value != before.get(name):
                self._check_there(name, wanted, value)
        known = {row["Material"] for row in before.get("Items", ())}
        for row in after.get("Items", ()):
            if row["Material"] not in known:
                self._check_there("Items/Material", "Materials", row["Material"])

    def _check_there(self, name: str, wanted: str, value: object) -> None:
        row = self.state.get(wanted, str(value)) if value is not None else None
        if row is None or not row.listed:
            raise invalid(name, f"{name}: {wanted} has no {value}")

    def _computed(self, described: EntitySet, fields: Fields) -> Fields:
        """Fill in what the SCM computes."""
        if described.name == "StockLevels":
            fields["Available"] = fixed(Decimal(fields["OnHand"]) - Decimal(fields["Reserved"]), 3)
            fields["BaseUnit"] = self._unit_of(fields["Material"])
        if described.name == "Demands":
            fields["Status"] = ENDED.get(fields["SourceStatus"], fields["Status"])
            for row in (one for one in fields["Items"] if one["BaseUnit"] is None):
                row["BaseUnit"] = self._unit_of(row["Material"])
        if described.name == "PurchaseOrders":
            fields["NetTotal"] = net_total(fields)
        return fields

    def _unit_of(self, material: str) -> object:
        row = self.state.get("Materials", material)
        return row.fields()["BaseUnit"] if row else None

    def _write(self, described: EntitySet, fields: Fields, version: int) -> Fields:
        now = self.state.clock.now_ms()
        after = {**self._computed(described, fields), VERSION: version, "LastChanged": local(now)}
        self.state.put(described.name, row_of(described, after, self._next_change(now)))
        return after

    def _bury(self, described: EntitySet, fields: Fields) -> None:
        now = self.state.clock.now_ms()
        after = {**fields, VERSION: fields[VERSION] + 1, REMOVED: True, "LastChanged": local(now)}
        self.state.put(described.name, row_of(described, after, self._next_change(now)))

    def _next_change(self, now: int) -> int:
        """The time of a change, later than every one before it even when the clock was set back [ms]."""
        changed = max(now, int(self.state.meta("changed") or 0) + 1)
        self.state.set_meta("changed", changed)
        return changed


def local(milliseconds: int) -> str:
    """Write a time in the zone of the company, as 2026-03-01T13:00:00.000+01:00."""
    seconds, rest = divmod(milliseconds, 1000)
    moment = datetime.fromtimestamp(seconds, UTC).astimezone(_ZONE)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{rest:03d}+01:00"


def net_total(order: Fields) -> str:
    """Sum the items of a purchase order, each rounded to cents."""
    return str(sum((_net(row) for row in order["Items"]), Decimal("0.00")))


def _net(row: Fields) -> Decimal:
    return Decimal(fixed(Decimal(row["Quantity"]) * Decimal(row["NetPrice"]), 2))


def row_of(described: EntitySet, fields: Fields, changed: int) -> Row:
    """Lay a record out for the disk."""
    return Row(
        key=described.key_of(fields),
        changed=changed,
        body=encode(fields),
        listed=REMOVED not in fields,
        lookups={name: fields[name] for name in described.table.lookups},
    )
