"""A connection may break at any byte of a request or an answer: nothing is lost, nothing is there twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from hashlib import blake2b
from typing import Any

import pytest

from tests.acceptance.bad_input_world import BadWorld, Told, bad_world
from tests.acceptance.lying_proxy import CUTS, Choice, Cut, Exchange

pytestmark = pytest.mark.slow

SYSTEMS = ("crm", "erp")
_SINGLE = "batch: {<<: *batch, path: /api/products/batch}"
_BULK = {"crm": "/api/customers/batch", "erp": "/rest/partners/bulk"}


@pytest.fixture(scope="module")
def bad(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BadWorld]:
    with bad_world(tmp_path_factory.mktemp("cuts") / "world", quick=True) as made:
        for name, old, new in (
            ("systems/crm.yaml", "size: 200", "size: 2"),  # of a batch
            ("systems/erp.yaml", "items: rows\n    size: 100", "items: rows\n    size: 2"),
            ("systems/crm.yaml", _SINGLE, "# written one by one"),
        ):
            path = made.world.project / name
            assert old in path.read_text()
            path.write_text(path.read_text().replace(old, new))
        yield made


def is_list(one: Exchange) -> bool:
    return one.method == "GET" and one.path.count("/") == 2 and not {"ids", "nos", "ForeignKey"} & set(one.query)


def is_get(one: Exchange) -> bool:
    return one.method == "GET" and (one.path.count("/") == 3 or bool({"ids", "nos"} & set(one.query)))


def cutting(wanted: Callable[[Exchange], bool], cuts: Sequence[Cut], *, in_a_row: int = 100) -> Choice:
    """Each of these cuts once, at exchanges of one kind; after so many in a row on one path, one passes."""
    left = list(cuts)
    held: Counter[str] = Counter()

    def choose(one: Exchange) -> Cut | None:
        if not wanted(one) or not left:
            return None
        held[one.path] += 1
        if held[one.path] > in_a_row:
            held[one.path] = 0
            return None
        return left.pop(0)

    return choose


def cut_off(bad: BadWorld, system: str) -> list[object]:
    return [lie for _, lie in bad.proxy(system).told]


def test_a_list_that_is_cut_at_any_byte_is_asked_for_again(bad: BadWorld):
    here, there = bad.customers()[:2]
    with (
        bad.crm.lying(cutting(is_list, CUTS, in_a_row=2)),
        bad.erp.lying(cutting(is_list, CUTS, in_a_row=2)),
    ):
        for number in range(2):
            phone, other = f"+493055501{number}01", f"+493055501{number}02"
            bad.world.crm.change("customers", here["id"], {"phone": phone})
            bad.world.erp.change("partners", bad.partner_of(there)["PartnerNo"], {"Phone": other})
            told = bad("sync", "--json")

            assert told.code == 0, told.out + told.err
            assert told.paused == {}
            assert bad.partner_of(here)["Phone"] == phone
            assert bad.world.crm.get("customers", there["id"])["phone"] == other
        assert (cut_off(bad, "crm"), cut_off(bad, "erp")) == (CUTS, CUTS)
    bad.comes_to_rest()


def test_a_list_that_never_comes_whole_pauses_its_system_and_the_next_pass_goes_on(bad: BadWorld):
    customer = bad.customers()[1]
    bad.world.crm.change("customers", customer["id"], {"phone": "+493055501177"})
    with bad.crm.lying(lambda one: CUTS[-1] if is_list(one) else None):
        shown = bad("sync")

    assert shown.code == 3
    assert "crm is paused: crm gave no whole answer at GET /api/customers" in shown.out
    assert "Nothing is lost" in shown.out
    bad.comes_to_rest()
    assert bad.partner_of(customer)["Phone"] == "+493055501177"


def test_a_get_from_the_erp_that_is_cut_at_any_byte_is_asked_for_again(bad: BadWorld):
    """Records are read by key before the ERP is written."""
    customer = bad.customers()[0]
    with bad.erp.lying(cutting(is_get, CUTS, in_a_row=3)):
        for number in range(4):
            bad.world.crm.change("customers", customer["id"], {"phone": f"+49305550200{number}"})
            told = bad("sync", "--json")

            assert told.code == 0, told.out + told.err
        assert cut_off(bad, "erp") == CUTS
    bad.comes_to_rest()
    assert bad.partner_of(customer)["Phone"] == "+493055502003"


def test_a_get_from_the_crm_that_is_cut_at_any_byte_is_asked_for_again(bad: BadWorld):
    """Records are read by key after a write whose answer was lost."""
    gets, lost = cutting(is_get, CUTS, in_a_row=2), Cut(of="answer", place="nothing")
    partner = bad.partner_of(bad.customers()[0])["PartnerNo"]
    item = next(row["ItemNo"] for row in bad.world.erp.every("items") if row["Active"])
    cuts: list[object] = []
    for number in range(3):
        bad.world.erp.change("partners", partner, {"Phone": f"+49305550300{number}"})
        bad.world.erp.change("items", item, {"ListPrice": 3000 + number})
        writes = cutting(lambda one: one.method in {"POST", "PATCH"}, [lost] * 2)
        with bad.crm.lying(lambda one, writes=writes: gets(one) or writes(one)):
            told = bad("sync", "--json")
            cuts += [lie for one, lie in bad.crm.told if is_get(one)]

        assert told.code == 0, told.out + told.err
    assert cuts == CUTS
    bad.comes_to_rest()


def test_a_single_write_that_is_cut_at_any_byte_happens_once(bad: BadWorld):
    """Twelve new products in the CRM and twelve new documents in the ERP, each cut elsewhere; then their edits."""
    names = [f"CUT-{number:02}" for number in range(len(CUTS))]
    for name in names:
        item = {"ItemNo": name, "Descr": name, "ListPrice": 1250, "Cur": "EUR", "Unit": "PCE", "Active": True}
        bad.world.erp.create("items", item)
    orders = _twelve_orders(bad)
    created = _each_write_cut(bad, "POST", "POST")
    for name in names:
        bad.world.erp.change("items", name, {"ListPrice": 1990})
    for order in orders:
        bad.world.crm.change("orders", order["id"], {"lines": [{**order["lines"][0], "quantity": "77"}]})
    updated = _each_write_cut(bad, "PATCH", "PUT")

    assert created.code in {0, 3}, created.out
    assert updated.code in {0, 3}, updated.out
    bad.comes_to_rest()
    prices = [(row["sku"], row["price"]) for row in bad.world.crm.every("products") if row["sku"].startswith("CUT-")]
    assert sorted(prices) == [(name, "19.90") for name in names]
    documents = bad.world.erp.every("salesdocs")
    days = Counter(row["DocDate"] for row in documents if row["Positions"][0]["Qty"] == "77.000")
    assert days == {f"{day:02}.02.2026": 1 for day in range(1, len(CUTS) + 1)}


def _twelve_orders(bad: BadWorld) -> list[dict[str, Any]]:
    crm, customer = bad.world.crm, bad.customers()[2]
    product = next(row["id"] for row in crm.every("products") if row["active"])
    line = {"line_no": 1, "product_id": product, "unit_price": "12.50"}
    fields = {"customer_id": customer["id"], "status": "open", "currency": "EUR"}
    days = range(1, len(CUTS) + 1)
    lines = [[{**line, "quantity": str(day)}] for day in days]
    return [
        crm.create("orders", {**fields, "ordered_on": f"2026-02-{day:02}", "lines": lines[day - 1]}) for day in days
    ]


def _each_write_cut(bad: BadWorld, crm_method: str, erp_method: str) -> Told:
    with (
        bad.crm.lying(cutting(lambda one: one.method == crm_method and "products" in one.path, CUTS)),
        bad.erp.lying(cutting(lambda one: one.method == erp_method and "salesdocs" in one.path, CUTS)),
    ):
        told = bad("sync", "--json")
        assert (cut_off(bad, "crm"), cut_off(bad, "erp")) == (CUTS, CUTS), told.out
    return told


def test_a_batch_that_is_cut_at_any_byte_happens_once(bad: BadWorld):
    """New customers and their edits, from each system to the other."""
    count = 2 * (len(CUTS) + len(CUTS) // 3)  # after five failures in a row a system is left alone
    names = {system: [_unlike(f"{system} {number}") for number in range(count)] for system in SYSTEMS}
    keys = {system: [_enter(bad, system, name) for name in names[system]] for system in SYSTEMS}
    created = _each_batch_cut(bad)
    assert bad("sync", "--approve", "--json").code == 0
    for system in SYSTEMS:
        for place, key in enumerate(keys[system]):
            _telephone(bad, system, key, f"+4930555{place:04}")
    updated = _each_batch_cut(bad)

    assert created.code in {0, 3}, created.out
    assert updated.code in {0, 3}, updated.out
    bad.comes_to_rest()
    wanted = {name: f"+4930555{place:04}" for system in SYSTEMS for place, name in enumerate(names[system])}
    partners = [(row["Name1"], row["Phone"]) for row in bad.world.erp.every("partners") if row["Name1"] in wanted]
    assert sorted(partners) == sorted(wanted.items())
    customers = [row["name"] for row in bad.world.crm.every("customers") if row["name"] in wanted]
    assert sorted(customers) == sorted(wanted)


def _each_batch_cut(bad: BadWorld) -> Told:
    with (
        bad.crm.lying(cutting(lambda one: one.path == _BULK["crm"], CUTS, in_a_row=3)),
        bad.erp.lying(cutting(lambda one: one.path == _BULK["erp"], CUTS, in_a_row=3)),
    ):
        told = bad("sync", "--approve", "--json")
        assert (cut_off(bad, "crm"), cut_off(bad, "erp")) == (CUTS, CUTS), told.out
    return told


def _unlike(seed: str) -> str:
    """A name that looks like no other."""
    return blake2b(seed.encode(), digest_size=10).hexdigest()


def _enter(bad: BadWorld, system: str, name: str) -> object:
    """Somebody enters a customer in the other system."""
    number = name.replace(" ", "").upper()  # the recount pairs by it
    if system == "erp":
        return bad.world.crm.create("customers", {"name": name, "tax_id": number, "country": "Germany"})["id"]
    return bad.world.erp.create("partners", {"Name1": name, "VatNo": number, "CountryCode": "DE"})["PartnerNo"]


def _telephone(bad: BadWorld, system: str, key: object, phone: str) -> None:
    if system == "erp":
        bad.world.crm.change("customers", key, {"phone": phone})
    else:
        bad.world.erp.change("partners", key, {"Phone": phone})
