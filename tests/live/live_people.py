"""People at work in the CRM and in Tryton while syncs run: each step is one that a person could take in that system."""

from __future__ import annotations

import http.client
import random
import threading
from collections import Counter
from collections.abc import Callable

from tests.live.live_world import Refused, World
from tests.live.tryton_server import USER

COUNTRIES = {"DE": "Germany", "FR": "France", "AT": "Austria", "NL": "Netherlands", "US": "United States"}
CITIES = {"DE": "Köln", "FR": "Lyon", "AT": "Wien", "NL": "Utrecht", "US": "Austin"}
STREETS = [
    "Ahornweg",
    "Birkenallee",
    "Quai du Rhône",
    "Mühlgasse",
    "Kanaalstraat",
    "Elm Street",
    "Öl-Ring",
    "Rue Châtain",
]
WORDS = ["Aurora", "Boreas", "Cobalt", "Delta", "Ember", "Fjord", "Garnet", "Helix", "Indigo", "Juniper", "Kestrel"]
TRADES = ["Logistics", "Optics", "Paper", "Textiles", "Tools", "Valves", "Pumps", "Printing"]
_NO = (
    Refused,
    RuntimeError,
    OSError,
    http.client.HTTPException,
    ValueError,
    LookupError,
)  #: "that did not work" to a person
_SOLD = "orders"


class Workers:
    """Both offices. `work` takes some steps; `begin` and `end` let them work on their own meanwhile."""

    def __init__(self, world: World, seed: int) -> None:
        self._world = world
        self._draw = random.Random(seed)  # noqa: S311  what people do
        self._stop = threading.Event()
        self._threads: list[threading.Thread] = []
        self._number = 0
        self._lock = threading.Lock()
        self.done: Counter[str] = Counter()
        self.refused: Counter[str] = Counter()
        self.reasons: dict[str, str] = {}  #: of the last refusal of each step

    def begin(self, pause: float, most: int) -> None:
        """Each office takes up to `most` steps in a thread of its own, one per pause [s] or less."""
        self._stop.clear()
        for office in (CRM_STEPS, TRYTON_STEPS):
            own = random.Random(self._draw.random())  # noqa: S311  what people do
            thread = threading.Thread(target=self._keep_working, args=(office, own, (pause, most)))
            self._threads.append(thread)
            thread.start()

    def end(self) -> None:
        """They go home; what they have begun is finished."""
        self._stop.set()
        for thread in self._threads:
            thread.join()
        self._threads.clear()

    def work(self, steps: int) -> None:
        """So many steps in each office, now."""
        for _ in range(steps):
            for office in (CRM_STEPS, TRYTON_STEPS):
                self.step(office, self._draw)

    def step(self, office: dict[str, tuple[int, Step]], draw: random.Random) -> None:
        """One step that was drawn; a refusal is shrugged off."""
        name = draw.choices(list(office), [weight for weight, _ in office.values()])[0]
        self.take(name, office[name][1], draw)

    def take(self, name: str, step: Step, draw: random.Random) -> bool:
        """Take one step; was it taken?"""
        try:
            taken = step(self, self._world, draw)
        except _NO as error:
            taken = False
            self.reasons[name] = repr(error)
        (self.done if taken else self.refused)[name] += 1
        return taken

    def number(self) -> int:
        """A number that nobody had before."""
        with self._lock:
            self._number += 1
            return self._number

    def _keep_working(self, office: dict[str, tuple[int, Step]], draw: random.Random, pace: tuple[float, int]) -> None:
        pause, most = pace
        for _ in range(most):
            if self._stop.wait(draw.uniform(0, pause)):
                return
            self.step(office, draw)


Step = Callable[[Workers, World, random.Random], bool]


def an_address(draw: random.Random) -> dict:
    """Street, postcode, city and country that go together."""
    code = draw.choice(list(COUNTRIES))
    street = f"{draw.choice(STREETS)} {draw.randint(1, 400)}"
    return {"street": street, "postcode": f"{draw.randint(10000, 89999)}", "city": CITIES[code], "code": code}


def crm_address(kind: str, address: dict) -> dict:
    """As the CRM keeps it."""
    rest = {name: address[name] for name in ("street", "postcode", "city")}
    return {"kind": kind, **rest, "country": COUNTRIES[address["code"]]}


def a_name(draw: random.Random, number: int) -> str:
    """A company's name."""
    return f"{draw.choice(WORDS)} {draw.choice(WORDS)} {draw.choice(TRADES)} {number:04d}"


def a_phone(draw: random.Random) -> str:
    """Spelled as people do."""
    return f"+49 {draw.choice(['30', '40', '89', '221'])} {draw.randint(200000, 899999)}"


# --- in the CRM -----------------------------------------------------------------------------------------------------


def _customer(world: World, draw: random.Random) -> dict:
    return draw.choice([one for one in world.crm.every("customers") if not one["archived"]])


def _edit_customer(workers: Workers, world: World, draw: random.Random) -> bool:
    one, number = _customer(world, draw), workers.number()
    fields = {
        "name": f"{one['name'].partition(' / ')[0]} / {number}", "email": f"desk{number}@crm.example.com",
        "phone": a_phone(draw), "website": f"https://site{number}.example.com",
    }  # fmt: skip
    chosen = draw.sample(list(fields), draw.randint(1, 2))
    world.crm.ask("PATCH", f"/api/customers/{one['id']}", {name: fields[name] for name in chosen})
    return True


def _move_customer(_: Workers, world: World, draw: random.Random) -> bool:
    one = _customer(world, draw)
    kind = draw.choice(["billing", "shipping"])
    new = crm_address(kind, an_address(draw))
    same = [each for each in one["addresses"] if each["kind"] == kind]
    kept = [each for each in one["addresses"] if each["kind"] != kind]
    changed = {**same[0], **new} if same else new
    world.crm.ask("PATCH", f"/api/customers/{one['id']}", {"addresses": [*kept, changed]})
    return True


def _enter_customer(workers: Workers, world: World, draw: random.Random) -> bool:
    number = workers.number()
    body = {
        "name": a_name(draw, number), "email": f"new{number}@crm.example.com", "phone": a_phone(draw),
        "addresses": [crm_address("billing", an_address(draw))],
    }  # fmt: skip
    world.crm.ask("POST", "/api/customers", body)
    return True


def _let_customer_go(_: Workers, world: World, draw: random.Random) -> bool:
    busy = {one["customer_id"] for one in world.crm.every(_SOLD)}
    one = _customer(world, draw)
    if one["id"] in busy:
        return False
    if draw.random() < 0.5:
        world.crm.ask("DELETE", f"/api/customers/{one['id']}")
    else:
        world.crm.ask("PATCH", f"/api/customers/{one['id']}", {"archived": True})
    return True


def _lines(world: World, draw: random.Random) -> list[dict]:
    goods = draw.sample([one for one in world.crm.every("products") if one["active"]], draw.randint(1, 3))
    return [
        {"line_no": place, "product_id": one["id"], "quantity": str(draw.randint(1, 9)), "unit_price": one["price"]}
        for place, one in enumerate(goods, 1)
    ]


def _take_order(_: Workers, world: World, draw: random.Random) -> bool:
    one = _customer(world, draw)
    if not any(each["kind"] == "billing" for each in one["addresses"]):
        return False
    day = f"2026-{draw.randint(1, 10):02d}-{draw.randint(1, 28):02d}"
    body = {"customer_id": one["id"], "ordered_on": day, "currency": "EUR", "lines": _lines(world, draw)}
    world.crm.ask("POST", "/api/orders", body)
    return True


def _change_order(_: Workers, world: World, draw: random.Random) -> bool:
    """While it is not even a quotation, sales may change it."""
    one = draw.choice([each for each in world.crm.every(_SOLD) if each["erp_state"] in (None, "draft")])
    lines = [{**each, "quantity": str(draw.randint(10, 20))} for each in one["lines"]]
    if draw.random() < 0.3:
        lines = lines[1:] + [{**each, "line_no": 7} for each in _lines(world, draw)[:1]]
    world.crm.ask("PATCH", f"/api/orders/{one['id']}", {"lines": lines})
    return True


# --- in Tryton ------------------------------------------------------------------------------------------------------


def _parties(world: World) -> list[int]:
    return world.people.on("party.party.search", [["id", ">", 1]], 0, None, [["id", "ASC"]])


def _rename_party(workers: Workers, world: World, draw: random.Random) -> bool:
    world.people.rename_party(draw.choice(_parties(world)), f"Renamed in Tryton {workers.number()}")
    return True


def _phone_party(_: Workers, world: World, draw: random.Random) -> bool:
    world.people.change_phone(draw.choice(_parties(world)), a_phone(draw))
    return True


def _write_to_party(workers: Workers, world: World, draw: random.Random) -> bool:
    party = draw.choice(_parties(world))
    mechanisms = world.people.read("party.party", party, "contact_mechanisms.type")["contact_mechanisms."]
    [first, *_] = [each["id"] for each in mechanisms if each["type"] == "email"]
    world.people.on("party.contact_mechanism.write", [first], {"value": f"office{workers.number()}@erp.example.com"})
    return True


def _tryton_address(world: World, draw: random.Random) -> dict:
    made = an_address(draw)
    country = world.tryton.facts["countries"][made["code"]]
    return {
        "street_unstructured": made["street"], "postal_code": made["postcode"], "city": made["city"],
        "country": country, "subdivision": None,
    }  # fmt: skip


def _move_party(_: Workers, world: World, draw: random.Random) -> bool:
    party = draw.choice(_parties(world))
    found = world.people.on("party.address.search", [["party", "=", party]], 0, None, [["id", "ASC"]])
    world.people.change_address(draw.choice(found), **_tryton_address(world, draw))
    return True


def _add_address(_: Workers, world: World, draw: random.Random) -> bool:
    party = draw.choice(_parties(world))
    world.people.add_address(party, **_tryton_address(world, draw), delivery=draw.random() < 0.5, invoice=False)
    return True


def _enter_party(workers: Workers, world: World, draw: random.Random) -> bool:
    number = workers.number()
    mechanisms = [
        {"type": "email", "value": f"new{number}@erp.example.com"}, {"type": "phone", "value": a_phone(draw)},
    ]  # fmt: skip
    world.people.create(
        "party.party",
        name=a_name(draw, number),
        addresses=[["create", [{**_tryton_address(world, draw), "invoice": True, "delivery": True}]]],
        contact_mechanisms=[["create", mechanisms]],
    )
    return True


def _unsold_party(world: World, draw: random.Random) -> int:
    sold = {one["party"] for one in world.people.on("sale.sale.search_read", [], 0, None, None, ["party"])}
    return draw.choice([key for key in _parties(world) if key not in sold])


def _let_party_go(_: Workers, world: World, draw: random.Random) -> bool:
    world.people.on("party.party.write", [_unsold_party(world, draw)], {"active": False})
    return True


def _price_product(_: Workers, world: World, draw: random.Random) -> bool:
    template = draw.choice(world.people.on("product.template.search", [], 0, None, None))
    world.people.change_price(template, f"{draw.randint(100, 99999) / 100:.2f}")
    return True


def _rename_product(workers: Workers, world: World, draw: random.Random) -> bool:
    template = draw.choice(world.people.on("product.template.search", [], 0, None, None))
    world.people.on("product.template.write", [template], {"name": f"Good {workers.number()}"})
    return True


def _sale_in(world: World, draw: random.Random, state: str) -> int:
    domain = [["state", "=", state], ["description", "like", "O-%"]]
    return draw.choice(world.people.on("sale.sale.search", domain, 0, None, None))


def _quote(_: Workers, world: World, draw: random.Random) -> bool:
    world.people.move_sale(_sale_in(world, draw, "draft"), "quote")
    return True


def _confirm(_: Workers, world: World, draw: random.Random) -> bool:
    world.people.move_sale(_sale_in(world, draw, "quotation"), "confirm")
    return True


def _post(_: Workers, world: World, draw: random.Random) -> bool:
    sale = _sale_in(world, draw, "processing")
    rows = world.people.read("sale.sale", sale, "invoices.state")["invoices."]
    world.people.post_invoice(draw.choice([each["id"] for each in rows if each["state"] == "draft"]))
    return True


def _ship(_: Workers, world: World, draw: random.Random) -> bool:
    sale = _sale_in(world, draw, "processing")
    rows = world.people.read("sale.sale", sale, "shipments.state")["shipments."]
    world.people.ship(draw.choice([each["id"] for each in rows if each["state"] == "waiting"]))
    return True


CRM_STEPS: dict[str, tuple[int, Step]] = {
    "a customer is edited in the CRM": (8, _edit_customer),
    "a customer moves in the CRM": (5, _move_customer),
    "a customer is entered in the CRM": (2, _enter_customer),
    "a customer is archived or deleted in the CRM": (1, _let_customer_go),
    "an order is taken in the CRM": (5, _take_order),
    "an order is changed in the CRM": (2, _change_order),
}
TRYTON_STEPS: dict[str, tuple[int, Step]] = {
    "a party is renamed in Tryton": (2, _rename_party),
    "a party gets another phone in Tryton": (4, _phone_party),
    "a party gets another e-mail in Tryton": (2, _write_to_party),
    "an address is changed in Tryton": (5, _move_party),
    "an address is added in Tryton": (2, _add_address),
    "a party is entered in Tryton": (2, _enter_party),
    "a party is deactivated in Tryton": (1, _let_party_go),
    "a price is changed in Tryton": (2, _price_product),
    "a product is renamed in Tryton": (1, _rename_product),
    "a sale is quoted in Tryton": (4, _quote),
    "a sale is confirmed in Tryton": (3, _confirm),
    "an invoice is posted in Tryton": (3, _post),
    "a shipment leaves in Tryton": (2, _ship),
}


def delete_a_party(workers: Workers, world: World, draw: random.Random) -> bool:
    """For good. Not while a sale may be on its way: on SQLite nothing keeps it from losing its party meanwhile."""

    def delete(_: Workers, world: World, draw: random.Random) -> bool:
        world.people.delete_party(_unsold_party(world, draw))
        return True

    return workers.take("a party is deleted in Tryton", delete, draw)


def _merge_surely(world: World, loser: int, winner: int) -> None:
    """Tryton warns where names or tax numbers differ; a person who is sure says yes."""
    [user] = world.people.on("res.user.search", [["login", "=", USER]], 0, None, None)
    for _ in range(3):
        try:
            world.people.merge_parties(loser, winner)
        except RuntimeError as error:
            if error.args[0][0] != "UserWarning":
                raise
            world.people.create("res.user.warning", user=user, name=error.args[0][1][0], always=True)
        else:
            return


def merge_two_parties(workers: Workers, world: World, draw: random.Random) -> bool:
    """Two parties without sales turn out to be one company: the second one stays."""

    def merge(_: Workers, world: World, draw: random.Random) -> bool:
        sold = {one["party"] for one in world.people.on("sale.sale.search_read", [], 0, None, None, ["party"])}
        loser, winner = draw.sample([key for key in _parties(world) if key not in sold], 2)
        _merge_surely(world, loser, winner)
        return True

    return workers.take("two parties are merged in Tryton", merge, draw)


def merge_two_customers(workers: Workers, world: World, draw: random.Random) -> bool:
    """The same in the CRM."""

    def merge(_: Workers, world: World, draw: random.Random) -> bool:
        one, other = draw.sample([each for each in world.crm.every("customers") if not each["archived"]], 2)
        world.crm.ask("POST", f"/api/customers/{one['id']}/merge", {"loser": other["id"]})
        return True

    return workers.take("two customers are merged in the CRM", merge, draw)


def merge_in(workers: Workers, world: World, system: str, loser: str, winner: str) -> bool:
    """Two certain records are one."""

    def merge(_: Workers, world: World, __: random.Random) -> bool:
        if system == "erp":
            _merge_surely(world, int(loser), int(winner))
        else:
            world.crm.ask("POST", f"/api/customers/{winner}/merge", {"loser": loser})
        return True

    return workers.take(f"a merge is made in {system}, too", merge, random.Random(0))  # noqa: S311


def free_order(workers: Workers, world: World, order: str, sale: int) -> bool:
    """A quotation goes back to draft, so that it can be changed; later than that, the CRM takes its change back."""

    def free(_: Workers, world: World, __: random.Random) -> bool:
        fields = ["lines.sequence", "lines.product.code", "lines.quantity", "lines.unit_price"]
        found = world.people.read("sale.sale", sale, "state", *fields)
        if found["state"] == "quotation":
            world.people.move_sale(sale, "draft")
            return True
        goods = {one["sku"]: one["id"] for one in world.crm.every("products")}
        lines = [
            {
                "line_no": line["sequence"], "product_id": goods[line["product."]["code"]],
                "quantity": str(line["quantity"]), "unit_price": line["unit_price"]["decimal"],
            }
            for line in found["lines."]
        ]  # fmt: skip
        world.crm.ask("PATCH", f"/api/orders/{order}", {"lines": lines})
        return True

    return workers.take("a parked order is set right", free, random.Random(0))  # noqa: S311
