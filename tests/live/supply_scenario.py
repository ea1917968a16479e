"""A CRM and a Tryton that buys and makes things: people work in both, syncs run, and everything is counted again."""

from __future__ import annotations

import datetime as dt
import json
import random
import shutil
import subprocess
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from syncline.sandbox.process import start
from tests.live import tryton_server
from tests.live.live_world import Crm, Refused, World
from tests.live.supply_project import write_project
from tests.live.supply_recount import recount
from tests.live.tryton_people import People

ROUNDS = 4
QUIET = 8  #: most passes that the hub may take to come to rest
LONGEST = 400.0  #: one sync [s]
DAY = 86400  #: [s]
FAULTS = {"rate_429": 0.03, "retry_after": 0, "rate_500_before": 0.03, "rate_500_after": 0.03, "truncate": 0.02}
LEAST = {"opportunities": 8, "work orders": 8, "stock levels": 24, "suppliers": 4, "purchase orders": 4, "shipments": 4}

Say = Callable[[str], None]


@contextmanager
def supply_world() -> Iterator[World]:
    """Both applications, and the project; the CRM knows nobody and nothing yet."""
    folder = Path(tempfile.mkdtemp(prefix="syncline-supply-"))
    write_project(folder / "project")
    running = tryton_server.start()
    crm = start("crm", data=folder / "data", size=1, options=["--products", "0", "--orders", "0"])
    try:
        made = World(folder=folder, crm=Crm(url=crm.url), tryton=running, people=People(running))
        for row in made.crm.every("customers"):
            made.crm.ask("DELETE", f"/api/customers/{row['id']}")
        yield made
    finally:
        crm.stop()
        tryton_server.stop(running)
        shutil.rmtree(folder)


class Offices:
    """Sales in the CRM; purchasing, the plant and the warehouse in Tryton."""

    def __init__(self, this: World, seed: int) -> None:
        self._this = this
        self._draw = random.Random(seed)  # noqa: S311  what people do
        self._number = 0
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self._products = {row["sku"]: row["id"] for row in this.crm.every("products")}
        codes = this.people.on("product.product.search_read", [], 0, None, [["id", "ASC"]], ["code"])
        self._makes = [row["code"] for row in codes if row["id"] in this.tryton.facts["products"][:3]]
        self._today = dt.datetime.now(dt.UTC).date()  # noqa: TID251  people have a calendar

    def work(self) -> None:
        """Each does a few things."""
        for step in (
            self._new_opportunity, self._new_opportunity, self._new_work_order, self._new_work_order,
            self._sales_changes_opportunity, self._tryton_changes_opportunity, self._opportunity_is_won,
            self._opportunity_is_lost, self._sales_changes_work_order, self._sales_releases, self._plant_goes_on,
            self._plant_goes_on, self._new_purchase, self._other_lead_time, self._counted, self._ships,
        ):  # fmt: skip
            name = step.__name__.strip("_").replace("_", " ")
            try:
                self.done[name] += bool(step())
            except (Refused, RuntimeError, IndexError) as reason:  # the last: there is nothing to work on yet
                self.refused[f"{name}: {reason!r}"[:200]] += 1

    def _new_opportunity(self) -> object:
        crm, self._number = self._this.crm, self._number + 1
        customer = self._draw.choice([row for row in crm.every("customers") if not row["archived"]])
        lines = [
            {
                "line_no": 10 * at,
                "product_id": self._draw.choice(list(self._products.values())),
                "quantity": f"{at + 1}",
            }
            for at in (1, 2)
        ]
        body = {"name": f"Chance {self._number}", "customer_id": customer["id"], "probability": 20, "lines": lines}
        return crm.ask("POST", "/api/opportunities", body)

    def _new_work_order(self) -> object:
        self._number += 1
        due = self._today + dt.timedelta(days=20 + self._number)
        body = {
            "number": f"WR-{self._number:04d}", "product_id": self._products[self._draw.choice(self._makes)],
            "quantity": f"{1 + self._number % 7}", "due_on": due.isoformat(),
        }  # fmt: skip
        return self._this.crm.ask("POST", "/api/work_orders", body)

    def _sales_changes_opportunity(self) -> object:
        row = self._open_opportunity()
        body = {
            "probability": self._draw.randrange(5, 95),
            "expected_on": f"{self._today.year + 1}-02-0{row['version'] % 9 + 1}",
        }
        return self._this.crm.ask("PATCH", f"/api/opportunities/{row['id']}", body)

    def _opportunity_is_lost(self) -> object:
        row = self._open_opportunity()
        return self._this.crm.ask("PATCH", f"/api/opportunities/{row['id']}", {"stage": "lost"})

    def _open_opportunity(self) -> dict:
        """One that Tryton has not sold yet: it would refuse, and a person would have to decide."""
        sold = {
            row["description"]
            for row in self._found("sale.opportunity", [["state", "not in", ["lead", "opportunity"]]], "description")
        }
        rows = self._this.crm.every("opportunities")
        return self._draw.choice(
            [row for row in rows if row["stage"] not in {"won", "lost"} and row["number"] not in sold]
        )

    def _tryton_changes_opportunity(self) -> object:
        [one, *_] = self._found("sale.opportunity", [["state", "=", "lead"]], "state")
        share = self._draw.randrange(5, 95) / 100
        self._this.people.on("sale.opportunity.write", [one["id"]], {"conversion_probability": share})
        return one

    def _opportunity_is_won(self) -> object:
        """Converted, and its sale confirmed: the only way in Tryton."""
        people = self._this.people
        [one, *_] = self._found("sale.opportunity", [["state", "=", "lead"], ["description", "!=", None]], "state")
        for button in ("opportunity", "convert"):
            people.on(f"sale.opportunity.{button}", [one["id"]])
        [sale] = people.read("sale.opportunity", one["id"], "sales")["sales"]
        people.move_sale(sale, "quote", "confirm")
        return one

    def _sales_changes_work_order(self) -> object:
        row = self._draw.choice(
            [row for row in self._this.crm.every("work_orders") if row["status"] in {None, "planned"}]
        )
        body = {"quantity": str(self._draw.randrange(2, 30))}
        return self._this.crm.ask("PATCH", f"/api/work_orders/{row['id']}", body)

    def _sales_releases(self) -> object:
        row = self._draw.choice([row for row in self._this.crm.every("work_orders") if row["status"] == "planned"])
        return self._this.crm.ask("PATCH", f"/api/work_orders/{row['id']}", {"status": "released"})

    def _plant_goes_on(self) -> object:
        [one, *_] = self._found("production", [["state", "in", ["waiting", "assigned", "running"]]], "state")
        button = {"waiting": "assign_force", "assigned": "run", "running": "do"}[one["state"]]
        self._this.people.on(f"production.{button}", [one["id"]])
        return one

    def _new_purchase(self) -> object:
        people, facts = self._this.people, self._this.tryton.facts
        supplier = self._draw.choice(facts["suppliers"])
        [address, *_] = people.read("party.party", supplier, "addresses")["addresses"]
        price = {"__class__": "Decimal", "decimal": "4.25"}
        unit = people.on("product.uom.search", [["symbol", "=", "u"]], 0, 1, None)[0]
        line = {
            "type": "line",
            "sequence": 1,
            "product": facts["products"][5],
            "quantity": 3.0,
            "unit": unit,
            "unit_price": price,
        }
        due = self._today + dt.timedelta(days=30)
        key = people.create(
            "purchase.purchase", party=supplier, invoice_address=address, payment_term=facts["payment_term"],
            delivery_date={"__class__": "date", "year": due.year, "month": due.month, "day": due.day},
            lines=[["create", [line]]],
        )  # fmt: skip
        for button in ("quote", "confirm")[: self._draw.randrange(1, 3)]:
            people.on(f"purchase.purchase.{button}", [key])
        return key

    def _other_lead_time(self) -> object:
        one = self._draw.choice(self._found("purchase.product_supplier", [], "party"))
        time_ = {"__class__": "timedelta", "seconds": DAY * self._draw.randrange(2, 40)}
        self._this.people.on("purchase.product_supplier.write", [one["id"]], {"lead_time": time_})
        return one

    def _counted(self) -> object:
        people = self._this.people
        [place] = people.on("stock.location.search", [["code", "=", "STO"]], 0, 1, None)
        line = {
            "product": self._draw.choice(self._this.tryton.facts["products"]),
            "quantity": float(self._draw.randrange(900, 1900)),
        }
        key = people.create("stock.inventory", location=place, lines=[["create", [line]]])
        people.on("stock.inventory.confirm", [key])
        return key

    def _ships(self) -> object:
        [one, *_] = self._found("stock.shipment.out", [["state", "=", "waiting"]], "number")
        self._this.people.on("stock.shipment.out.write", [one["id"]], {"shipping_reference": f"JJD{one['id']:08d}"})
        self._this.people.ship(one["id"])
        return one

    def _found(self, model: str, domain: list[object], *fields: str) -> list[dict]:
        found: list[dict] = self._this.people.on(f"{model}.search_read", domain, 0, None, [["id", "ASC"]], list(fields))
        return found or self._nothing(model)

    def _nothing(self, model: str) -> list[dict]:
        what = f"{model}: nothing to work on yet"
        raise RuntimeError(what)


def play(*, seed: int, rounds: int = ROUNDS, say: Say) -> str:
    """Everything; the agreement line. RuntimeError when something is not as it must be."""
    with supply_world() as this:
        say(f"first load: {_told(_sync(this))}")
        offices = Offices(this, seed)
        for number in range(1, rounds + 1):
            if number == rounds // 2:
                this.crm.side_door("faults", {**FAULTS, "seed": seed})
            offices.work()
            running = this.start("sync", "--approve", "--json")
            offices.work()
            out, err = _ended(running)
            if running.returncode not in (0, 2, 3):
                raise RuntimeError(out + err)
            this.crm.side_door("faults", {})
            say(f"round {number}: {_told(json.loads(out))}")
        say(f"people took {sum(offices.done.values())} steps: {dict(sorted(offices.done.items()))}")
        for why, times in offices.refused.items():
            say(f"  not done {times}x: {why}")
        _come_to_rest(this, say)
        return _recounted(this, say)


def _ended(running: subprocess.Popen[str]) -> tuple[str, str]:
    """What a command said; RuntimeError when it does not end."""
    try:
        return running.communicate(timeout=LONGEST)
    except subprocess.TimeoutExpired:
        running.kill()
        running.communicate()
        what = f"A sync did not end within {LONGEST:.0f} s"
        raise RuntimeError(what) from None


def _recounted(this: World, say: Say) -> str:
    waiting = {kind: rows for kind, rows in this.waiting().items() if rows}
    if waiting:
        raise RuntimeError(f"Something waits: {json.dumps(waiting)[:3000]}")
    count = recount(this.crm, this.people)
    for one in count.differences[:40]:
        say(f"  {one}")
    few = {kind: count.records[kind] for kind, least in LEAST.items() if count.records[kind] < least}
    if few or count.differences:
        raise RuntimeError(f"{count.line}; too few: {few}")
    return count.line


def _come_to_rest(this: World, say: Say) -> None:
    """Nobody works any more: passes until one sends nothing, retries included."""
    for number in range(1, QUIET + 1):
        time.sleep(1.5)
        report = _sync(this, "--full")
        if not _sent(report):
            say(f"at rest after {number} passes: {_told(report)}")
            return
    what = f"Not at rest after {QUIET} passes: {_told(report)}"
    raise RuntimeError(what)


def _sync(this: World, *words: str) -> dict:
    done = this.syncline("sync", "--approve", "--json", *words)
    if done.returncode not in (0, 2, 3):
        raise RuntimeError(done.stdout + done.stderr)
    report: dict = json.loads(done.stdout)
    return report


def _sent(report: dict) -> int:
    return sum(sum(count for count in side["sent"].values()) for side in report["accounts"])


def _told(report: dict) -> str:
    now = report["agreement"]
    waits = [f"{now[name]} {name}" for name in ("conflicts", "parked", "waiting", "questions") if now[name]]
    read = sum(side["read"] for side in report["accounts"])
    return " · ".join([f"read {read}, sent {_sent(report)}, {now['agreed']} of {now['records']} records agree", *waits])
