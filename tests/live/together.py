"""Tryton, Vendure and a CAP service under one CRM: first load, people at work in all of them, quiet, recount.

What cannot be had here is left out with its reason, and the others agree without it.
"""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from syncline.sandbox.process import start
from tests.live import cap_server, tryton_server, vendure_server
from tests.live.live_people import a_name, a_phone, an_address, crm_address
from tests.live.live_world import TOKEN, Crm, Refused
from tests.live.node_server import NotToBeHadError
from tests.live.together_project import write_project
from tests.live.tryton_people import People
from tests.live.vendure_server import Clerk

ROOT = Path(__file__).resolve().parents[2]
RECOUNT = Path(__file__).with_name("together_recount.py")
LONGEST = 180.0  #: one command [s]
ROUNDS = 4
OWN = 12  #: customers that the CRM has from the start
SHOPPERS = 8  #: customers that the shop has from the start
PAUSE = 0.25  #: longest between two steps in one office [s]
MOST = 12  #: steps of one office in a round
QUIET = 8  #: most passes that the hub may take to come to rest
LEAST = {"customers": 60, "products": 24}
Say = Callable[[str], None]
Step = Callable[["Together", random.Random], None]
_NO = (Refused, RuntimeError, OSError, http.client.HTTPException, ValueError, LookupError)  #: "no" to a person


@dataclass(slots=True, kw_only=True)
class Together:
    """All applications that are there, and the project folder."""

    project: Path
    crm: Crm
    tryton: tryton_server.Running | None = None
    vendure: str = ""  #: origin
    cap: str = ""  #: origin
    clerk: Clerk | None = None  #: in the shop
    people: People | None = None  #: in Tryton
    steps: int = 0
    _number: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def run(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        command = [sys.executable, "-m", "syncline", "--project", str(self.project), *words]
        environment = {
            **os.environ, "PYTHONPATH": str(ROOT / "src"), "NO_COLOR": "1", "CRM_URL": self.crm.url,
            "ERP_URL": self.tryton.url if self.tryton else "", "SHOP_URL": self.vendure, "CAP_URL": self.cap,
            "SYNCLINE_SECRET_CRM_TOKEN": TOKEN, "SYNCLINE_SECRET_ERP_PASSWORD": tryton_server.PASSWORD,
            "SYNCLINE_SECRET_SHOP_PASSWORD": vendure_server.PASSWORD,
            "SYNCLINE_SECRET_CAP_PASSWORD": cap_server.PASSWORD,
        }  # fmt: skip
        return subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=LONGEST)

    def sync(self, *words: str) -> dict:
        """One pass, approved; its report."""
        done = self.run("sync", "--approve", "--json", *words)
        if done.returncode not in (0, 2, 3):
            what = f"sync ended with {done.returncode}: {done.stdout}{done.stderr}"
            raise RuntimeError(what)
        report: dict = json.loads(done.stdout)
        return report

    def number(self) -> int:
        """A number that nobody had before."""
        with self._lock:
            self._number += 1
            return self._number


def play(*, seed: int, rounds: int, say: Say) -> str:
    """Everything; the agreement line. RuntimeError: not as it must be. NotToBeHadError: no system is here."""
    draw = random.Random(seed)  # noqa: S311  what people do
    with _world(say) as this:
        _fill(this, draw)
        checked = this.run("check")
        if checked.returncode:
            raise RuntimeError(checked.stdout + checked.stderr)
        say(f"first load: {_told(this.sync())}")
        for number in range(1, rounds + 1):
            say(f"round {number}: {_told(_round(this, draw))}")
        say(f"people took {this.steps} steps")
        _come_to_rest(this, say)
        return _recounted(this, say)


@contextlib.contextmanager
def _world(say: Say) -> Iterator[Together]:
    """Start what can be had; say what cannot, and why."""
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="syncline-together-")))
        crm = start("crm", data=folder / "data", size=1, options=["--products", "0", "--orders", "0"])
        stack.callback(crm.stop)
        this = Together(project=folder / "project", crm=Crm(url=crm.url))
        try:
            this.tryton = tryton_server.start()
            stack.callback(tryton_server.stop, this.tryton)
            this.people = People(this.tryton)
        except (subprocess.CalledProcessError, OSError, RuntimeError) as reason:
            say(f"skipped: no Tryton: {reason}")
        try:
            this.vendure = stack.enter_context(vendure_server.serving())
            vendure_server.furnish(this.vendure)
            this.clerk = Clerk(this.vendure)
        except (NotToBeHadError, OSError, RuntimeError) as reason:
            say(f"skipped: no Vendure: {reason}")
        try:
            this.cap = stack.enter_context(cap_server.serving())
        except (NotToBeHadError, OSError, RuntimeError) as reason:
            say(f"skipped: no CAP: {reason}")
        there = {"crm", *(["erp"] if this.tryton else []), *(["shop"] if this.clerk else [])}
        if len(there) == 1 and not this.cap:
            raise NotToBeHadError("none of the three systems can be had")
        write_project(this.project, there | ({"cap"} if this.cap else set()))
        yield this


def _fill(this: Together, draw: random.Random) -> None:
    for row in this.crm.every("customers"):  # of a country that Tryton does not know
        this.crm.ask("DELETE", f"/api/customers/{row['id']}")
    for _ in range(OWN):
        _enter_customer(this, draw)
    for _ in range(SHOPPERS if this.clerk else 0):
        _enter_shopper(this, draw)


def _round(this: Together, draw: random.Random) -> dict:
    """One pass while people are at work in every office."""
    stop = threading.Event()
    offices = [_CRM, *([_TRYTON] if this.tryton else []), *([_SHOP] if this.clerk else [])]
    threads = [
        threading.Thread(target=_keep_working, args=(this, office, random.Random(draw.random()), stop))  # noqa: S311
        for office in offices
    ]
    for thread in threads:
        thread.start()
    try:
        return this.sync()
    finally:
        stop.set()
        for thread in threads:
            thread.join()


def _keep_working(this: Together, office: tuple[Step, ...], draw: random.Random, stop: threading.Event) -> None:
    for _ in range(MOST):
        if stop.wait(draw.uniform(0, PAUSE)):
            return
        with contextlib.suppress(*_NO):
            draw.choice(office)(this, draw)
            with this._lock:
                this.steps += 1


def _come_to_rest(this: Together, say: Say) -> None:
    """Nobody works any more: passes until one sends nothing, retries included."""
    for number in range(1, QUIET + 1):
        time.sleep(2.5)  # what settles in a second or two is not asked about
        report = this.sync("--full")
        if not _sent(report):
            say(f"at rest after {number} passes: {_told(report)}")
            return
    what = f"Not at rest after {QUIET} passes: {_told(report)}"
    raise RuntimeError(what)


def _recounted(this: Together, say: Say) -> str:
    known = ["--crm", this.crm.url]
    known += ["--tryton", this.tryton.url] if this.tryton else []
    known += ["--vendure", this.vendure] if this.clerk else []
    known += ["--cap", this.cap] if this.cap else []
    least = [f"{kind}={count}" for kind, count in LEAST.items()] if this.tryton else []
    command = [sys.executable, RECOUNT, *known, *(["--least", *least] if least else [])]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=LONGEST)
    *lines, last = done.stdout.splitlines() or [done.stderr]
    for line in lines:
        say(line)
    if done.returncode:
        for words in (["parked"], ["conflicts"]):
            say(this.run(*words).stdout)
        raise RuntimeError(last)
    return last


def _sent(report: dict) -> int:
    return sum(sum(count for count in side["sent"].values()) for side in report["accounts"])


def _told(report: dict) -> str:
    """The report in one line."""
    now = report["agreement"]
    waits = [f"{now[name]} {name}" for name in ("conflicts", "parked", "waiting", "questions") if now[name]]
    paused = [f"{place} paused: {why}" for place, why in report["paused"].items()]
    told = [f"sent {_sent(report)}, {now['agreed']} of {now['records']} records agree", *waits]
    return " · ".join([*told, *paused, *report["held"]])


# --- people ---------------------------------------------------------------------------------------------------------


def _enter_customer(this: Together, draw: random.Random) -> None:
    number = this.number()
    body = {
        "name": a_name(draw, number), "email": f"desk{number}@crm.example.com", "phone": a_phone(draw),
        "addresses": [crm_address("billing", an_address(draw))],
    }  # fmt: skip
    this.crm.ask("POST", "/api/customers", body)


def _edit_customer(this: Together, draw: random.Random) -> None:
    one = draw.choice([row for row in this.crm.every("customers") if not row["archived"]])
    number = this.number()
    fields = {
        "name": a_name(draw, number), "email": f"desk{number}@crm.example.com", "phone": a_phone(draw),
    }  # fmt: skip
    name = draw.choice(list(fields))
    this.crm.ask("PATCH", f"/api/customers/{one['id']}", {name: fields[name]})


def _tryton(this: Together) -> People:
    if this.people is None:
        raise LookupError
    return this.people


def _a_party(this: Together, draw: random.Random) -> int:
    return draw.choice(_tryton(this).on("party.party.search", [["id", ">", 1]], 0, None, [["id", "ASC"]]))


def _phone_party(this: Together, draw: random.Random) -> None:
    _tryton(this).change_phone(_a_party(this, draw), a_phone(draw))


def _rename_party(this: Together, draw: random.Random) -> None:
    """The CRM keeps names: it puts its own back."""
    _tryton(this).rename_party(_a_party(this, draw), a_name(draw, this.number()))


def _let_party_go(this: Together, draw: random.Random) -> None:
    sold = {one["party"] for one in _tryton(this).on("sale.sale.search_read", [], 0, None, None, ["party"])}
    party = _a_party(this, draw)
    if party not in sold and draw.random() < 0.3:
        _tryton(this).on("party.party.write", [party], {"active": False})


def _a_template(this: Together, draw: random.Random) -> int:
    return draw.choice(_tryton(this).on("product.template.search", [], 0, None, None))


def _price_product(this: Together, draw: random.Random) -> None:
    _tryton(this).change_price(_a_template(this, draw), f"{draw.randint(100, 99999) / 100:.2f}")


def _rename_product(this: Together, draw: random.Random) -> None:
    _tryton(this).on("product.template.write", [_a_template(this, draw)], {"name": f"Good {this.number()}"})


def _shop(this: Together) -> Clerk:
    if this.clerk is None:
        raise LookupError
    return this.clerk


def _shoppers(this: Together) -> list[dict]:
    return _shop(this).ask("{ customers(options: {take: 500}) { items { id emailAddress } } }")["customers"]["items"]


def _enter_shopper(this: Together, draw: random.Random) -> None:
    number = this.number()
    first, _, last = a_name(draw, number).partition(" ")
    given = {
        "firstName": first, "lastName": last, "emailAddress": f"buyer{number}@shop.example.com",
        "phoneNumber": a_phone(draw),
    }  # fmt: skip
    _shop(this).ask("mutation($i: CreateCustomerInput!) { createCustomer(input: $i) { __typename } }", i=given)


def _phone_shopper(this: Together, draw: random.Random) -> None:
    given = {"id": draw.choice(_shoppers(this))["id"], "phoneNumber": a_phone(draw)}
    _shop(this).ask("mutation($i: UpdateCustomerInput!) { updateCustomer(input: $i) { __typename } }", i=given)


def _forget_shopper(this: Together, draw: random.Random) -> None:
    """A soft delete: what is left of it, no interface shows."""
    mine = [one for one in _shoppers(this) if one["emailAddress"].startswith("buyer")]
    if draw.random() < 0.3:
        _shop(this).ask("mutation($i: ID!) { deleteCustomer(id: $i) { result } }", i=draw.choice(mine)["id"])


def _variants(this: Together) -> list[dict]:
    asked = "{ productVariants(options: {take: 500}) { items { id enabled stockLevels { stockOnHand } } } }"
    return _shop(this).ask(asked)["productVariants"]["items"]


_PUT = "mutation($i: [UpdateProductVariantInput!]!) { updateProductVariants(input: $i) { id } }"


def _stock_variant(this: Together, draw: random.Random) -> None:
    given = {"id": draw.choice(_variants(this))["id"], "stockOnHand": draw.randint(10, 90)}
    _shop(this).ask(_PUT, i=[given])


def _price_variant(this: Together, draw: random.Random) -> None:
    """The ERP keeps prices: it puts its own back."""
    _shop(this).ask(_PUT, i=[{"id": draw.choice(_variants(this))["id"], "price": draw.randint(100, 99999)}])


def _buy(this: Together, draw: random.Random) -> None:
    """A sale takes its goods from what can be sold, and nothing says that the variant has changed."""
    stocked = [one for one in _variants(this) if one["enabled"] and one["stockLevels"][0]["stockOnHand"] > 5]
    _shop(this).an_order(draw.choice(stocked)["id"], draw.choice(_shoppers(this))["id"], draw.randint(1, 3))


_CRM: tuple[Step, ...] = (_edit_customer, _edit_customer, _edit_customer, _enter_customer)
_TRYTON: tuple[Step, ...] = (
    _phone_party, _phone_party, _rename_party, _let_party_go, _price_product, _price_product, _rename_product,
)  # fmt: skip
_SHOP: tuple[Step, ...] = (
    _enter_shopper, _phone_shopper, _phone_shopper, _forget_shopper, _stock_variant, _stock_variant, _price_variant,
    _buy, _buy,
)  # fmt: skip
