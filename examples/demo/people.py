"""What people do in the six applications on one busy morning, so that the story is certain."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from applications import Fields, side_door
from stage import Stage

_APART_S = 2.1  #: two edits that nobody can take for one moment: the ERP's clock shows whole seconds
_EDITS = ["edit", "edit_several", "resave"]
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
    refused: int = 0  #: the ERP's number of the partner that the CRM refuses


def choose(stage: Stage) -> Morning:
    """Four customers that CRM and ERP know; nothing else names the one to be deleted."""
    partners = {row["VatNo"]: row for row in stage.erp.every("partners") if row["Active"] and row["VatNo"]}
    named = {
        row["customer_id"]
        for resource in ("orders", "opportunities", "needs", "work_orders", "contacts")
        for row in stage.crm.every(resource) if "customer_id" in row
    }  # fmt: skip
    known = [row for row in stage.crm.every("customers") if row["phone"] and (row["tax_id"] or "").upper() in partners]
    left = next(row for row in known if row["id"] not in named)
    phoned, lent, buyer = [row for row in known if row["id"] != left["id"] and row["addresses"]][:3]
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
    time.sleep(max(0.0, edited + _APART_S - time.monotonic()))
    crm.change("customers", key, {"phone": LATER_PHONE})
    yield f"The phone of {morning.phoned['name']} is edited in the ERP, and two seconds later in the CRM, differently."


def crowd(stage: Stage, morning: Morning, *, edits: int, seed: int, spared: Sequence[object]) -> dict[str, int]:
    """Everybody else keeps working, too; how many things were done in each application."""
    own = {*stage.partners, *stage.partners.values(), morning.refused, *spared}

    def others(rows: list[Fields], key: str) -> list[object]:
        return [row[key] for row in rows if row[key] not in own and TAX_ID not in (row.get("tax_id"), row.get("VatNo"))]

    customers, partners = others(stage.crm.every("customers"), "id"), others(stage.erp.every("partners"), "PartnerNo")
    documents = [row["DocNo"] for row in stage.erp.every("salesdocs") if str(row["DocNo"]) not in own]
    making = [row["orderNo"] for row in stage.systems.mes.every("workOrders") if row["orderNo"] not in own]
    half = max(1, edits // 2)
    asked: list[tuple[str, Fields]] = [
        ("crm", {"edits": edits, "resource": "customers", "actions": _EDITS, "ids": customers}),
        ("crm", {"edits": half, "resource": "needs", "actions": _EDITS, "fields": ["votes", "description"]}),
        ("erp", {"edits": edits, "resource": "partners", "actions": _EDITS, "ids": partners}),
        ("erp", {"edits": half, "resource": "items", "actions": _EDITS}),
        ("erp", {"edits": half, "resource": "salesdocs", "actions": ["advance"], "ids": documents}),
        ("scm", {"edits": half, "resource": "StockLevels", "actions": _EDITS}),
        ("scm", {"edits": half, "resource": "Suppliers", "actions": _EDITS}),
        ("scm", {"edits": half, "resource": "PurchaseOrders", "actions": _EDITS}),
        ("warehouse", {"edits": half, "resource": "stock", "actions": _EDITS}),
        ("warehouse", {"edits": 4, "actions": ["pick", "ship", "deliver", "buy", "receive"]}),
        ("mes", {"edits": half, "resource": "workOrders", "actions": ["progress", "postpone"], "ids": making}),
        ("products", {"edits": edits, "resource": "products", "actions": _EDITS}),
        ("products", {"edits": half, "resource": "feedback_items", "actions": _EDITS}),
    ]
    done: dict[str, int] = {}
    for kind, what in asked:
        answer = side_door(stage.urls[kind], "people", {"seed": seed, **what})
        done[kind] = done.get(kind, 0) + len(answer["done"])
    return done


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
