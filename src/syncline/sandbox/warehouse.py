"""The warehouse program: it picks orders, ships them, books the stock of two sites, and buys what runs out.

It stamps a row when it begins with it and writes it down when it is done: now and then an older stamp shows after a
younger one, by at most `LATE_MS`. Others write to its tables meanwhile, and it trusts what it finds there.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

from syncline.sandbox.state import Fields, Key
from syncline.sandbox.tally import Tally
from syncline.sandbox.warehouse_files import DropFolder
from syncline.sandbox.warehouse_tables import Tables, written
from syncline.sandbox.warehouse_words import CANCELLED, CONFIRMED, NEW, ORDERED, PICKING, RECEIVED, RESOURCES, SHIPPED
from syncline.sandbox.wording import Refusal

LATE_MS = 1_500  # how much older than its commit a stamp is at most
_LATE_SHARE = 0.1
_CARRIERS = ("Nordfracht", "Cargo Sud", "Kurier 24")
_LOW = 100  # what is below is bought again
_LOT = 500


class Warehouse:
    """The program behind the warehouse's tables."""

    def __init__(self, path: Path, drop: DropFolder) -> None:
        self.state = Tables(path)
        self.tally = Tally()
        self.drop = drop
        drop.tally = self.tally

    def get(self, resource: str, key: Key) -> Fields:
        """Read one record."""
        found = self.state.get(resource, key)
        if found is None:
            raise Refusal(404, "unknown", f"{resource}: no {key}")
        return found

    def create(self, resource: str, given: Mapping[str, object], who: str) -> Fields:
        """Take an order that somebody telephoned."""
        if resource != "fulfilment_orders":
            raise Refusal(405, "kept", f"{resource}: not by hand")
        lines = given.get("lines")
        with self.state.transaction():
            fields = {name: value for name, value in given.items() if name != "lines"}
            key = self.state.insert(resource, {**fields, "changed_at": self._stamp()})
            for line_no, line in enumerate(lines if isinstance(lines, list) else [], start=1):
                self.state.insert("fulfilment_lines", {"fo_id": key, "line_no": line_no, **line})
        self.tally.record(resource, "creates", who)
        return self.get(resource, key)

    def update(self, resource: str, key: Key, given: Mapping[str, object], who: str) -> Fields:
        """Change columns of a record, as people do."""
        known = {name: value for name, value in given.items() if name in RESOURCES[resource].columns}
        with self.state.transaction():
            before = self.get(resource, key)
            if resource == "fulfilment_orders" and before["status"] in {SHIPPED, CANCELLED} and "status" in given:
                raise Refusal(400, "closed", f"{key} is {before['status']}")
            self.state.touch(resource, key, known, self._stamp())
        same = all(before[name] == value for name, value in known.items())
        self.tally.record(resource, "unchanged" if same else "updates", who)
        return self.get(resource, key)

    def delete(self, resource: str, key: Key, who: str) -> None:
        """Forget an order that nobody has begun with."""
        with self.state.transaction():
            before = self.get(resource, key)
            if resource != "fulfilment_orders" or before["status"] != NEW:
                raise Refusal(405, "kept", f"{resource}: {key} stays")
            self.state.remove(resource, key)
        self.tally.record(resource, "deletes", who)

    # --- what the program does ------------------------------------------------

    def pick(self) -> Fields | None:
        """Begin with the most urgent order whose goods are there: reserve them. What was cancelled goes back first."""
        self._put_back()
        for order in self._open(NEW):
            lines = order["lines"]
            if lines and all(self._available(order["site_code"], line) for line in lines):
                with self.state.transaction():
                    at = self._stamp()
                    for line in lines:
                        self._book(order["site_code"], line["article_no"], at, reserved=line["qty"])
                        self.state.change("fulfilment_lines", "line_id", line["line_id"], {"picked": line["qty"]})
                    self.state.touch("fulfilment_orders", order["fo_id"], {"status": PICKING}, at)
                return self.get("fulfilment_orders", order["fo_id"])
        return None

    def ship(self, draw: random.Random) -> Fields | None:
        """Hand the next picked order to a carrier."""
        order = next(iter(self._open(PICKING)), None)
        if order is None:
            return None
        with self.state.transaction():
            at = self._stamp()
            number = self.state.next_number("shipment")
            key = f"SH-{at[:4]}-{number:06}"
            self.state.insert("shipments", {
                "shipment_no": key, "fo_id": order["fo_id"], "ext_order_no": order["ext_order_no"],
                "site_code": order["site_code"], "carrier": draw.choice(_CARRIERS),
                "tracking_no": f"{draw.randrange(10**12):012}", "shipped_at": at, "changed_at": at,
            })  # fmt: skip
            for line in (one for one in order["lines"] if one["picked"] > 0):  # the rest came too late
                part = {"line_no": line["line_no"], "article_no": line["article_no"], "qty": line["picked"]}
                self.state.insert("shipment_lines", {"shipment_no": key, **part})
                self._book(
                    order["site_code"], line["article_no"], at, on_hand=-line["picked"], reserved=-line["picked"]
                )
            self.state.touch("fulfilment_orders", order["fo_id"], {"status": SHIPPED}, at)
            self.state.set_meta("on_the_way", [*(self.state.meta("on_the_way") or []), key])
        return self.get("shipments", key)

    def deliver(self, draw: random.Random) -> Fields | None:
        """Let the carrier confirm some of what is on the way: a file in the drop folder, and nothing in the tables."""
        on_the_way: list[str] = self.state.meta("on_the_way") or []
        if not on_the_way:
            return None
        arrived = on_the_way[: draw.randint(1, 3)]
        now = self.state.clock.now_ms()
        with self.state.transaction():
            self.drop.confirm(self.state.next_number("delivery file"), arrived, now, draw)
            self.state.set_meta("on_the_way", on_the_way[len(arrived) :])
        return self.get("shipments", arrived[-1])

    def buy(self, draw: random.Random) -> Fields | None:
        """Order the good of which least is left."""
        low = self.state.rows(
            "SELECT s.* FROM stock s WHERE on_hand - reserved < ? AND NOT EXISTS (SELECT 1 FROM purchase_lines l JOIN"
            " purchase_orders p USING (po_no) WHERE p.status = ? AND p.site_code = s.site_code"
            " AND l.article_no = s.article_no) ORDER BY on_hand - reserved, stock_id LIMIT 1",
            _LOW, ORDERED,
        )  # fmt: skip
        suppliers = self.state.rows("SELECT * FROM suppliers WHERE active ORDER BY supplier_no")
        if not low or not suppliers:
            return None
        supplier = draw.choice(suppliers)
        with self.state.transaction():
            at = self._stamp()
            key = f"PO-{self.state.next_number('purchase'):06}"
            self.state.insert("purchase_orders", {
                "po_no": key, "supplier_no": supplier["supplier_no"], "site_code": low[0]["site_code"],
                "ordered_on": at[:10], "expected_on": _later(at, supplier["lead_days"]), "changed_at": at,
            })  # fmt: skip
            line = {"line_no": 1, "article_no": low[0]["article_no"], "qty": _LOT}
            self.state.insert("purchase_lines", {"po_no": key, **line, "price": draw.randint(100, 20_000) / 100})
        return self.get("purchase_orders", key)

    def receive(self) -> Fields | None:
        """Take in the purchase order that is due next, whenever it was expected."""
        due = self.state.rows("SELECT po_no FROM purchase_orders WHERE status = ? ORDER BY expected_on, po_no", ORDERED)
        if not due:
            return None
        order = self.get("purchase_orders", due[0]["po_no"])
        with self.state.transaction():
            at = self._stamp()
            for line in order["lines"]:
                self.state.change("purchase_lines", "line_id", line["line_id"], {"received": line["qty"]})
                self._book(order["site_code"], line["article_no"], at, on_hand=line["qty"])
            self.state.touch("purchase_orders", order["po_no"], {"status": RECEIVED, "received_at": at}, at)
        return self.get("purchase_orders", order["po_no"])

    def list_suppliers(self, draw: random.Random) -> Fields | None:
        """Drop the whole list of suppliers as a file."""
        suppliers = self.state.rows("SELECT * FROM suppliers ORDER BY supplier_no")
        if not suppliers:
            return None
        with self.state.transaction():
            self.drop.list_suppliers(self.state.next_number("supplier file"), suppliers, draw)
        return suppliers[0]

    # --- within ---------------------------------------------------------------

    def _stamp(self) -> str:
        """When the program began with what it is about to write down: now and then a while ago."""
        count = self.state.next_number("stamp")
        draw = random.Random(f"stamp:{count}")
        late = draw.randint(0, LATE_MS) if draw.random() < _LATE_SHARE else 0
        return written(self.state.clock.now_ms() - late)

    def _open(self, status: str) -> list[Fields]:
        found = self.state.rows(
            "SELECT fo_id FROM fulfilment_orders WHERE status = ? AND (status <> ? OR sales_state = ?)"
            " ORDER BY prio, fo_id LIMIT 20",
            status, NEW, CONFIRMED,
        )  # fmt: skip
        return [self.get("fulfilment_orders", row["fo_id"]) for row in found]

    def _put_back(self) -> None:
        """Cancel what sales has cancelled, and free what was reserved for orders that are cancelled since."""
        cancelled = self.state.rows(
            "SELECT DISTINCT fo_id FROM fulfilment_orders LEFT JOIN fulfilment_lines USING (fo_id)"
            " WHERE (status = ? AND picked > 0) OR (sales_state = ? AND status IN (?, ?))",
            CANCELLED, CANCELLED, NEW, PICKING,
        )  # fmt: skip
        for order in (self.get("fulfilment_orders", row["fo_id"]) for row in cancelled):
            with self.state.transaction():
                at = self._stamp()
                for line in (one for one in order["lines"] if one["picked"] > 0):
                    self._book(order["site_code"], line["article_no"], at, reserved=-line["picked"])
                    self.state.change("fulfilment_lines", "line_id", line["line_id"], {"picked": 0})
                self.state.touch("fulfilment_orders", order["fo_id"], {"status": CANCELLED}, at)

    def _available(self, site: str, line: Fields) -> bool:
        row = self.state.get("stock", f"{site}:{line['article_no']}")
        return row is not None and row["on_hand"] - row["reserved"] >= line["qty"]

    def _book(self, site: str, article: str, at: str, *, on_hand: float = 0, reserved: float = 0) -> None:
        key = f"{site}:{article}"
        row = self.get("stock", key)
        after = {"on_hand": round(row["on_hand"] + on_hand, 3), "reserved": round(row["reserved"] + reserved, 3)}
        self.state.touch("stock", key, after, at)


def _later(at: str, days: int) -> str:
    return (date.fromisoformat(at[:10]) + timedelta(days=days)).isoformat()
