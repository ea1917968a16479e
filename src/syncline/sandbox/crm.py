"""The simulated CRM: what it does with its records.

It has optimistic locking by version, hard deletes without a trace, a merge, and an
idempotency key; it lower-cases e-mail addresses.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from syncline.sandbox.crm_fields import lines_total, place_of
from syncline.sandbox.crm_resources import RESOURCES
from syncline.sandbox.crm_rules import PRODUCTION, work_wanted
from syncline.sandbox.state import Fields, Key, Row, State, encode
from syncline.sandbox.tally import Tally
from syncline.sandbox.wording import Refusal, cleaned, invalid, iso


class Crm:
    """The application behind the CRM's interface."""

    def __init__(self, path: Path, *, asks_for_work: bool = True) -> None:
        self.state = State(path, [resource.table for resource in RESOURCES.values()])
        self.tally = Tally()
        self._asks_for_work = asks_for_work

    def get(self, resource: str, key: Key) -> Fields:
        """Read one record; refuse with 404, or 410 after a merge."""
        return self._row(resource, key).fields()

    def create(self, resource: str, given: Mapping[str, object], who: str) -> Fields:
        """Write a new record."""
        described = RESOURCES[resource]
        if given.get(described.required) is None:
            raise invalid(described.required, f"{described.required} is required")
        fields = cleaned(given, described.cleaners, described.defaults())
        now = self.state.clock.now_ms()
        self._complete(resource, fields, {}, now)
        if resource == "orders":
            fields["ship_to"] = fields["ship_to"] or place_of(self.get("customers", fields["customer_id"]))
        with self.state.transaction():
            key = self._new_id(resource)
            if described.numbered and not fields["number"]:
                count = self.state.next_number(resource.removesuffix("s"))
                fields["number"] = f"{described.numbered}-{iso(now)[:4]}-{count:06d}"
            after = {"id": key, "version": 1, **fields, "created_at": iso(now)}
            self._write(resource, after, now, who)
            self._rules(resource, {}, after)
        self.tally.record(resource, "creates", who)
        return after

    def update(
        self,
        resource: str,
        key: Key,
        given: Mapping[str, object],
        who: str,
        if_match: int | None = None,
    ) -> Fields:
        """Change the given fields; every accepted write is a new version."""
        before = self._current(resource, key, if_match)
        after = cleaned(given, RESOURCES[resource].cleaners, before)
        self._complete(resource, after, before, self.state.clock.now_ms())
        same = after == before
        after["version"] = before["version"] + 1
        with self.state.transaction():
            self._write(resource, after, self.state.clock.now_ms(), who)
            self._rules(resource, before, after)
        self.tally.record(resource, "unchanged" if same else "updates", who)
        return after

    def delete(self, resource: str, key: Key, who: str, if_match: int | None = None) -> None:
        """Delete for good; what pointed to a deleted customer points to none."""
        self._current(resource, key, if_match)
        with self.state.transaction():
            self.state.remove(resource, key)
            if resource == "customers":
                self._repoint(key, None)
        self.tally.record(resource, "deletes", who)

    def merge(self, winner: Key, loser: Key, who: str) -> Fields:
        """Let one customer take the place of another, for ever."""
        if winner == loser:
            raise invalid("loser", "A customer cannot be merged into itself")
        after = self.get("customers", winner)
        gone = self.get("customers", loser)
        after["tags"] = list(dict.fromkeys([*after["tags"], *gone["tags"]]))
        after["version"] += 1
        with self.state.transaction():
            self.state.remove("customers", loser)
            self.state.merge_into("customers", loser, winner)
            self._repoint(loser, winner)
            self._write("customers", after, self.state.clock.now_ms(), who)
        self.tally.record("customers", "merges", who)
        return after

    # --- within ---------------------------------------------------------------

    def _row(self, resource: str, key: Key) -> Row:
        row = self.state.get(resource, key)
        if row:
            return row
        winner = self.state.merged_into(resource, key)
        if winner is not None:
            raise Refusal(410, "merged", f"Merged into {winner}", merged_into=winner)
        raise Refusal(404, "not_found", f"No such record in {resource}: {key}")

    def _current(self, resource: str, key: Key, if_match: int | None) -> Fields:
        fields = self.get(resource, key)
        if if_match not in {None, fields["version"]}:
            message = f"The record is at version {fields['version']}"
            raise Refusal(412, "stale", message)
        return fields

    def _complete(self, resource: str, fields: Fields, before: Fields, now: int) -> None:
        """Check new references and fill in what the application computes."""
        if resource == "customers":
            for address in fields["addresses"]:
                address["id"] = address["id"] or self._new_id("addresses")
        described = RESOURCES[resource]
        for name, other in described.references.items():
            found = fields[name]
            if found != before.get(name) and found is not None and not self.state.get(other, found):
                raise invalid(name, f"Unknown {name} {found}")
        if described.lines:
            self._check_lines(fields, before, described.lines)
        if described.total:
            fields[described.total] = lines_total(fields)
        if resource == "orders":
            fields["ordered_on"] = fields["ordered_on"] or iso(now)[:10]

    def _check_lines(self, fields: Fields, before: Fields, lines: str) -> None:
        known = {line["product_id"] for line in before.get(lines, ())}
        for product in {line["product_id"] for line in fields[lines]} - known:
            if not self.state.get("products", product):
                raise invalid(f"{lines}.product_id", f"Unknown product_id {product}")

    def _rules(self, resource: str, before: Fields, after: Fields) -> None:
        """What the application does by itself once a record was written."""
        if resource == "orders" and self._asks_for_work:
            for key, fields in work_wanted(self.state, before, after):
                if key is None:
                    self.create("work_orders", fields, PRODUCTION)
                else:
                    self.update("work_orders", key, fields, PRODUCTION)
        for name, one in RESOURCES.items() if before else ():
            shown = {
                reference for reference, source in one.mirrors.values()
                if one.references[reference] == resource and before[source] != after[source]
            }  # fmt: skip
            for reference in sorted(shown):
                self._repoint(after["id"], after["id"], [name], reference)

    def _mirror(self, resource: str, fields: Fields) -> None:
        """Show what a referenced record says."""
        described = RESOURCES[resource]
        for name, (reference, source) in described.mirrors.items():
            key = fields[reference]
            row = self.state.get(described.references[reference], key) if key is not None else None
            fields[name] = row.fields()[source] if row else None

    def _write(self, resource: str, fields: Fields, now: int, who: str) -> None:
        self._mirror(resource, fields)
        fields["updated_at"] = iso(now)
        fields["updated_by"] = who
        self.state.put(resource, row_of(resource, fields, now))

    def _repoint(
        self, key: Key, winner: Key | None, resources: Iterable[str] = RESOURCES, reference: str = "customer_id"
    ) -> None:
        now = self.state.clock.now_ms()
        for name in (name for name in resources if reference in RESOURCES[name].table.lookups):
            for row in self.state.find(name, reference, key):
                record = row.fields()
                record[reference] = winner
                record["version"] += 1
                self._write(name, record, now, "system")

    def _new_id(self, resource: str) -> str:
        seed = self.state.meta("seed") or 0
        return identifier(resource, seed, self.state.next_number(f"id:{resource}"))


def identifier(resource: str, seed: int, count: int) -> str:
    """Make an opaque identifier of 12 hexadecimal digits."""
    return hashlib.sha256(f"crm:{resource}:{seed}:{count}".encode()).hexdigest()[:12]


def row_of(resource: str, fields: Fields, changed: int) -> Row:
    """Lay a record out for the disk."""
    lookups = RESOURCES[resource].table.lookups
    return Row(
        key=fields["id"],
        changed=changed,
        body=encode(fields),
        lookups={name: fields[name] or None for name in lookups},
    )
