"""The simulated MES: what it does with work orders, and what it knows of materials, work centres, bills and routings.

It explodes a bill of materials and a routing into each new work order, finds it a time, and tells its work centre's
load. A work order can be deleted while it is planned only; then it leaves no trace.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path

from syncline.sandbox.mes_plan import load, slot
from syncline.sandbox.mes_words import (
    BY_HAND,
    CLOSED,
    FINISHED,
    OPEN,
    PLANNED,
    RELEASED,
    RESOURCES,
    RUNNING,
    hours_of,
    local,
    stamped,
    wrong,
)
from syncline.sandbox.state import Fields, Key, Row, State, encode
from syncline.sandbox.tally import API, Tally
from syncline.sandbox.wording import Refusal, cleaned, fixed

_FIXED_LATER = ("material", "quantity", "plannedStart")  # once the work runs
_NEXT = {PLANNED: RELEASED, RELEASED: RUNNING, FINISHED: CLOSED}


class Mes:
    """The application behind the MES's interface."""

    def __init__(self, path: Path) -> None:
        self.state = State(path, [resource.table for resource in RESOURCES.values()])
        self.tally = Tally()

    def get(self, resource: str, key: Key) -> Fields:
        """Read one record."""
        row = self.state.get(resource, key)
        if not row:
            raise Refusal(404, "UNKNOWN", f"{resource} {key}: unknown")
        return row.fields()

    def create(self, resource: str, given: Mapping[str, object], who: str) -> Fields:
        """Plan a new work order; nothing else is made here."""
        described = RESOURCES[resource]
        if not described.required:
            raise Refusal(405, "READ_ONLY", f"{resource}: records are made by the plant")
        if not given.get(described.required):
            raise wrong(described.required, "REQUIRED", f"{described.required}: required")
        after = cleaned(_allowed(resource, given, who), described.cleaners, dict(described.defaults))
        if after["status"] not in {PLANNED, RELEASED}:
            raise wrong("status", "STATUS", f"A new work order cannot be {after['status']}")
        self._check_external(after)
        with self.state.transaction():
            self._explode(after)
            self._schedule(after)
            key = f"WO-{self.state.next_number('workOrders'):06}"
            after = {"orderNo": key, "rowVersion": 1, **after}
            self._write(resource, after, who)
            self._reload(after["workCentre"])
        self.tally.record(resource, "creates", who)
        return after

    def update(
        self, resource: str, key: Key, given: Mapping[str, object], who: str, version: int | None = None
    ) -> Fields:
        """Change the given fields of a record that is still at this version."""
        before = self._current(resource, key, version)
        after = cleaned(_allowed(resource, given, who), RESOURCES[resource].cleaners, before)
        if resource == "workOrders":
            self._check_order(before, after)
        with self.state.transaction():
            if resource == "workOrders":
                self._plan_again(before, after)
            same = after == before
            after["rowVersion"] = before["rowVersion"] + 1
            self._write(resource, after, who)
            self._reload(after["code"] if resource == "workCentres" else after.get("workCentre"))
        self.tally.record(resource, "unchanged" if same else "updates", who)
        return after

    def delete(self, resource: str, key: Key, who: str, version: int | None = None) -> None:
        """Forget a work order that is only planned."""
        before = self._current(resource, key, version)
        if resource != "workOrders":
            raise Refusal(405, "READ_ONLY", f"{resource}: records are kept")
        if before["status"] != PLANNED:
            raise Refusal(400, "STATUS", f"{key} is {before['status']}: cancel it instead", field="status")
        with self.state.transaction():
            self.state.remove(resource, key)
            self._reload(before["workCentre"])
        self.tally.record(resource, "deletes", who)

    def advance(self, key: Key, who: str, *, good: str | None = None, scrap: str = "0") -> Fields:
        """Move a work order on, as the shop floor does; work that runs reports what it made (all that is left)."""
        before = self.get("workOrders", key)
        now = local(self.state.clock.now_ms())
        after = {**before, "rowVersion": before["rowVersion"] + 1}
        if before["status"] == RUNNING:
            _report(after, good, scrap, now)
        elif before["status"] in _NEXT:
            after["status"] = _NEXT[before["status"]]
            after["actualStart"] = _written(now) if after["status"] == RUNNING else before["actualStart"]
        else:
            raise Refusal(400, "STATUS", f"{key} is {before['status']}: nothing follows", field="status")
        return self._moved(after, who)

    def postpone(self, key: Key, days: int, who: str) -> Fields | None:
        """Give a work order new dates, as a planner does; None when its work is done."""
        before = self.get("workOrders", key)
        if before["status"] not in OPEN:
            return None
        after = {**before, "rowVersion": before["rowVersion"] + 1}
        later = timedelta(days=days)
        for name in ("plannedEnd",) if before["status"] == RUNNING else ("plannedStart", "plannedEnd"):
            after[name] = _written(datetime.fromisoformat(before[name]) + later)
        return self._moved(after, who)

    # --- within ---------------------------------------------------------------

    def _moved(self, after: Fields, who: str) -> Fields:
        with self.state.transaction():
            self._write("workOrders", after, who)
            self._reload(after["workCentre"])
        self.tally.record("workOrders", "advances", who)
        return after

    def _current(self, resource: str, key: Key, version: int | None) -> Fields:
        fields = self.get(resource, key)
        if version not in {None, fields["rowVersion"]}:
            raise Refusal(409, "STALE", f"{resource} {key} is at rowVersion {fields['rowVersion']}")
        return fields

    def _check_order(self, before: Fields, after: Fields) -> None:
        move = (before["status"], after["status"])
        if move[0] != move[1] and move not in BY_HAND:
            raise wrong("status", "STATUS", f"{move[0]} cannot become {move[1]}")
        if before["status"] not in {PLANNED, RELEASED}:
            for name in _FIXED_LATER:
                if after[name] != before[name]:
                    raise wrong(name, "STATUS", f"{name}: cannot change, the order is {before['status']}")
        self._check_external(after)

    def _check_external(self, order: Fields) -> None:
        external = order["externalId"]
        for row in self.state.find("workOrders", "externalId", external) if external else ():
            if row.key != order.get("orderNo"):
                raise Refusal(409, "DUPLICATE", f"externalId {external} belongs to {row.key}", orderNo=str(row.key))

    def _plan_again(self, before: Fields, after: Fields) -> None:
        if after["material"] != before["material"] or after["quantity"] != before["quantity"]:
            self._explode(after)
        if any(after[name] != before[name] for name in _FIXED_LATER):
            self._schedule(after)

    def _explode(self, order: Fields) -> None:
        """Fill in what the material needs, and who works on it."""
        material = self.state.get("materials", order["material"])
        if not material:
            raise wrong("material", "UNKNOWN", f"Material {order['material']} unknown")
        order["unit"] = material.fields()["unit"]
        quantity = Decimal(order["quantity"])
        bills = self.state.find("bills", "material", order["material"])
        routings = self.state.find("routings", "material", order["material"])
        if not routings:
            raise wrong("material", "NO_ROUTING", f"Material {order['material']} is bought, not made")
        routing = routings[0].fields()
        order["routing"] = routing["routingNo"]
        order["operations"] = [_operation(step, quantity) for step in routing["operations"]]
        order["workCentre"] = routing["operations"][0]["workCentre"]
        order["bill"], order["components"] = None, []
        if bills:
            bill = bills[0].fields()
            order["bill"] = bill["billNo"]
            order["components"] = [_component(part, quantity) for part in bill["components"]]

    def _schedule(self, order: Fields) -> None:
        """Find a time: as asked for, or behind what its work centre has to do already."""
        centre = self.get("workCentres", order["workCentre"])
        now = local(self.state.clock.now_ms())
        wanted = order["plannedStart"] or centre["freeFrom"]
        earliest = max(now, datetime.fromisoformat(wanted)) if wanted else now
        start, end = slot(earliest, hours_of(order), days=centre["days"], per_day=Decimal(centre["hoursPerDay"]))
        order["plannedStart"], order["plannedEnd"] = _written(start), _written(end)

    def _reload(self, code: object) -> None:
        """Tell a work centre's load anew, if it is another."""
        row = self.state.get("workCentres", code) if isinstance(code, str) else None
        if row is None:
            return
        before = row.fields()
        orders = [row.fields() for row in self.state.find("workOrders", "centre", str(code))]
        per_day = Decimal(before["hoursPerDay"])
        found = load(((one["plannedStart"], hours_of(one)) for one in orders), days=before["days"], per_day=per_day)
        free = max((one["plannedEnd"] for one in orders), default=None)
        if (found, free) != (before["load"], before["freeFrom"]):
            after = {**before, "load": found, "freeFrom": free, "rowVersion": before["rowVersion"] + 1}
            self._write("workCentres", after, "planner")

    def _write(self, resource: str, fields: Fields, who: str) -> None:
        now = self.state.clock.now_ms()
        fields["lastChange"], fields["changedBy"] = stamped(now), who
        self.state.put(resource, row_of(resource, fields, now))


def _allowed(resource: str, given: Mapping[str, object], who: str) -> Mapping[str, object]:
    """What the interface may set; people may set more."""
    if who != API:
        return given
    offered = RESOURCES[resource].open
    if not offered:
        raise Refusal(405, "READ_ONLY", f"{resource}: only the plant changes them")
    return {name: value for name, value in given.items() if name in offered}


def _report(order: Fields, good: str | None, scrap: str, now: datetime) -> None:
    left = Decimal(order["quantity"]) - Decimal(order["goodQuantity"])
    made = left if good is None else min(left, Decimal(good))
    order["goodQuantity"] = fixed(Decimal(order["goodQuantity"]) + made, 3)
    order["scrapQuantity"] = fixed(Decimal(order["scrapQuantity"]) + Decimal(scrap), 3)
    if made >= left:
        order["status"], order["actualEnd"] = FINISHED, _written(now)


def _written(moment: datetime) -> str:
    return f"{moment:%Y-%m-%dT%H:%M}"


def _operation(step: Fields, quantity: Decimal) -> Fields:
    minutes = Decimal(step["setupMinutes"]) + Decimal(step["minutesPerUnit"]) * quantity
    return {"step": step["step"], "workCentre": step["workCentre"], "text": step["text"], "minutes": fixed(minutes, 1)}


def _component(part: Fields, quantity: Decimal) -> Fields:
    scrap = 1 + Decimal(part["scrapPercent"]) / 100
    needed = fixed(Decimal(part["quantity"]) * quantity * scrap, 3)
    return {"pos": part["pos"], "material": part["material"], "quantity": needed, "unit": part["unit"]}


def row_of(resource: str, fields: Fields, changed: int) -> Row:
    """Lay a record out for the disk."""
    described = RESOURCES[resource]
    lookups: dict[str, Key | None] = {name: fields[name] or None for name in described.table.lookups if name in fields}
    if resource == "workOrders":
        lookups["centre"] = fields["workCentre"] if fields["status"] in OPEN else None
    return Row(key=fields[described.key], changed=changed, body=encode(fields), lookups=lookups)
