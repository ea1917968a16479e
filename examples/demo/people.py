"""What people do in the two applications on one busy morning, so that the story is certain."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from applications import Fields, side_door
from stage import Stage

_APART_S = 2.1  #: two edits that nobody can take for one moment: the ERP's clock shows whole seconds
ACTIONS = ["edit", "edit_several", "resave"]
TAX_ID = "DE811907980"  #: of the newcomer that is entered twice
LATER_PHONE = "+49 30 5550199"  #: the later of two edits of one phone
TOO_MUCH = "600000.00"  #: the credit limit that sales gives
MENDED = "office@foxglove.example"  #: the e-mail of the record that was refused without one


@dataclass(slots=True, kw_only=True)
class Morning:
    """Whom the story is about."""

    phoned: Fields  #: the same phone was edited in both systems
    lent: Fields  #: sales raised its credit limit, which is not theirs to raise
    left: Fields  #: deleted in the CRM
    buyer: Fields  #: orders something
    order: str = ""  #: CRM key of the order that was taken
    refused: int = 0  #: the ERP's number of the partner that the CRM refuses


def choose(stage: Stage) -> Morning:
    """Four customers that both systems know; the one to be deleted has no orders."""
    partners = {row["VatNo"]: row for row in stage.erp.every("partners") if row["Active"] and row["VatNo"]}
    ordering = {row["customer_id"] for row in stage.crm.every("orders")}
    known = [row for row in stage.crm.every("customers") if row["phone"] and (row["tax_id"] or "").upper() in partners]
    left = next(row for row in known if row["id"] not in ordering)
    phoned, lent, buyer = [row for row in known if row["id"] != left["id"]][:3]
    chosen = (phoned, lent, left, buyer)
    numbers = {row["id"]: int(partners[row["tax_id"].upper()]["PartnerNo"]) for row in chosen}
    stage.partners.update(numbers)
    return Morning(phoned=phoned, lent=lent, left=left, buyer=buyer)


def work(stage: Stage, morning: Morning) -> Iterator[str]:
    """Let it happen; one sentence for each thing that people did."""
    crm, erp = stage.crm, stage.erp
    key = morning.phoned["id"]
    erp.change("partners", stage.partners[key], {"Phone": "+49 30 5550134"})
    edited = time.monotonic()
    crm.change("customers", morning.lent["id"], {"credit_limit": {"amount": TOO_MUCH, "currency": "EUR"}})
    yield f"Sales gives {morning.lent['name']} a credit limit of 600,000, though only finance may."
    crm.create("customers", _newcomer())
    erp.create("partners", _newcomer_there())
    yield "Larkspur Kontor GmbH is new: sales enters it in the CRM, and accounting in the ERP, at the same time."
    crm.delete("customers", morning.left["id"])
    yield f"{morning.left['name']} has gone out of business: deleted in the CRM."
    morning.refused = int(erp.create("partners", _without_mail())["PartnerNo"])
    yield 'Accounting enters Foxglove Handel GmbH with the e-mail "n/a", which the CRM will refuse.'
    morning.order = crm.create("orders", _order(stage, morning))["id"]
    yield f"{morning.buyer['name']} orders two goods."
    time.sleep(max(0.0, edited + _APART_S - time.monotonic()))
    crm.change("customers", key, {"phone": LATER_PHONE})
    yield f"The phone of {morning.phoned['name']} is edited in the ERP, and two seconds later in the CRM, differently."


def crowd(stage: Stage, morning: Morning, *, edits: int, seed: int) -> int:
    """Everybody else keeps working, too; how many edits that were."""
    spared = {*stage.partners, *stage.partners.values(), morning.refused}
    here = [row["id"] for row in stage.crm.every("customers") if row["tax_id"] != TAX_ID]
    there = [row["PartnerNo"] for row in stage.erp.every("partners") if row["VatNo"] != TAX_ID]
    done = 0
    for url, resource, keys in ((stage.crm.url, "customers", here), (stage.erp.url, "partners", there)):
        ids = [key for key in keys if key not in spared]
        asked = {"edits": edits, "seed": seed, "resource": resource, "actions": ACTIONS, "ids": ids}
        done += len(side_door(url, "people", asked)["done"])
    return done


def advance(stage: Stage, morning: Morning) -> Fields:
    """The ERP's people confirm, deliver and invoice the order; the document as it then is."""
    number = stage.partners[morning.buyer["id"]]
    taken = stage.crm.get("orders", morning.order)
    day = ".".join(reversed(taken["ordered_on"].split("-")))
    document = next(row for row in stage.erp.every("salesdocs") if row["PartnerNo"] == number and row["DocDate"] == day)
    for _ in range(3):
        document = stage.erp.advance(document["DocNo"])
    return document


def _newcomer() -> Fields:
    return {
        "name": "Larkspur Kontor GmbH", "email": "office@larkspur.example", "phone": "+49 30 5550170",
        "tax_id": TAX_ID, "country": "Germany", "segment": "b",
        "addresses": [
            {"kind": "billing", "street": "Hafenstr. 7", "postcode": "10115", "city": "Berlin", "country": "Germany"}
        ],
    }  # fmt: skip


def _newcomer_there() -> Fields:
    return {
        "Name1": "LARKSPUR KONTOR", "Mail": "rechnung@larkspur.example", "VatNo": TAX_ID, "CountryCode": "DE",
        "CreditLimit": "5000.00", "CreditCurrency": "EUR",
        "Addresses": [{"Type": "B", "Street": "Hafenstr. 7", "Zip": "10115", "City": "Berlin", "CountryCode": "DE"}],
    }  # fmt: skip


def _without_mail() -> Fields:
    return {
        "Name1": "Foxglove Handel GmbH", "Mail": "n/a", "Phone": "+49305550181", "CountryCode": "DE",
        "VatNo": "DE811907998", "CreditLimit": "2500.00", "CreditCurrency": "EUR",
        "Addresses": [{"Type": "B", "Street": "Am Markt 3", "Zip": "50667", "City": "Köln", "CountryCode": "DE"}],
    }  # fmt: skip


def _order(stage: Stage, morning: Morning) -> Fields:
    goods = [row for row in stage.crm.every("products") if row["active"]][:2]
    lines = [
        {"line_no": place, "product_id": row["id"], "quantity": str(place * 4), "unit_price": row["price"]}
        for place, row in enumerate(goods, start=1)
    ]
    return {"customer_id": morning.buyer["id"], "ordered_on": "2026-03-02", "currency": "EUR", "lines": lines}
