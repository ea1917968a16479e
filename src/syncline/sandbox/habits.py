"""What people edit in each application, in its own words."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from functools import partial

from syncline.sandbox.companies import Company
from syncline.sandbox.crm_resources import RESOURCES as CRM_RESOURCES
from syncline.sandbox.crm_sales import STAGES
from syncline.sandbox.crm_service import CASE_STATUSES
from syncline.sandbox.erp import Erp
from syncline.sandbox.people import Deed, Draw, Habits
from syncline.sandbox.state import Fields, Key
from syncline.sandbox.wording import fixed

_NOTES = (
    "Asked for a new offer",
    "Wants pallets of 80 by 120",
    "Gate closes at 15:00",
    "Réclamation réglée",
    "请周一送货",
    "Λήψη μόνο πρωί",
    "",
)


def _phone(draw: Draw, _: object) -> str:
    return f"+49 30 2{draw.randint(1_000_000, 9_999_999)}"


def _mail(draw: Draw, old: object) -> str:
    host = str(old or "").partition("@")[2] or "trade.example"
    return f"{draw.choice(('Orders', 'office', 'buying'))}{draw.randint(1, 99)}@{host}"


def _note(draw: Draw, _: object) -> str:
    return draw.choice(_NOTES)


def _name(draw: Draw, old: object) -> str:
    return f"{str(old).partition(' (')[0]} ({draw.randint(1, 99)})"


def _segment(draw: Draw, _: object) -> str:
    return draw.choice("abc")


def _price_group(draw: Draw, _: object) -> str:
    return draw.choice("ABC")


def _terms(draw: Draw, _: object) -> str:
    return draw.choice(("NET14", "NET30", "NET60"))


def _tags(draw: Draw, old: object) -> list[str]:
    tags = list(old) if isinstance(old, list) else []
    tag = draw.choice(("fair", "newsletter", "key-account", "export", "risk"))
    return [other for other in tags if other != tag] if tag in tags else [*tags, tag]


def _limit(draw: Draw, _: object) -> str:
    return f"{draw.randint(1, 200) * 500}.00"


def _credit(draw: Draw, old: object) -> Fields:
    currency = old["currency"] if isinstance(old, dict) else "EUR"
    return {"amount": _limit(draw, None), "currency": currency}


def _street(draw: Draw, old: object, name: str) -> list[Fields]:
    rows = [dict(row) for row in old] if isinstance(old, list | tuple) else []
    if rows:
        rows[0][name] = f"Neuer Weg {draw.randint(1, 300)}"
    return rows


def _address(draw: Draw, old: object) -> list[Fields]:
    return _street(draw, old, "street")


def _erp_address(draw: Draw, old: object) -> list[Fields]:
    return _street(draw, old, "Street")


def _price(draw: Draw, _: object) -> str:
    return fixed(Decimal(draw.randint(50, 60_000)) / 100, 2)


def _cents(draw: Draw, _: object) -> int:
    return draw.randint(50, 60_000)


def _stock(draw: Draw, _: object) -> str:
    return f"{draw.randint(0, 900)}.000"


def _status(draw: Draw, _: object) -> str:
    return draw.choice(("open", "confirmed", "cancelled"))


def _role(draw: Draw, _: object) -> str:
    return draw.choice(("Purchasing", "Goods inward", "Accounts", "Maintenance"))


def _stage(draw: Draw, _: object) -> str:
    return draw.choice(STAGES)


def _case_status(draw: Draw, _: object) -> str:
    return draw.choice(CASE_STATUSES)


def _percent(draw: Draw, _: object) -> int:
    return draw.randint(0, 100)


def _new_customer(company: Company) -> Fields:
    return {
        "name": company.name,
        "email": company.email,
        "phone": company.phone,
        "tax_id": company.tax_id,
        "country": company.country.name,
        "segment": "c",
        "addresses": [
            {
                "kind": "billing",
                "street": company.street,
                "postcode": company.postcode,
                "city": company.city,
                "country": company.country.name,
            }
        ],
    }


def _new_partner(company: Company) -> Fields:
    return {
        "Name1": company.name,
        "Mail": company.email,
        "Phone": company.phone,
        "VatNo": company.tax_id,
        "CountryCode": company.country.iso,
        "Addresses": [
            {
                "Type": "B",
                "Street": company.street,
                "Zip": company.postcode,
                "City": company.city,
                "CountryCode": company.country.iso,
            }
        ],
    }


CRM_HABITS = Habits(
    edits={
        "customers": {
            "name": _name,
            "email": _mail,
            "phone": _phone,
            "segment": _segment,
            "notes": _note,
            "tags": _tags,
            "credit_limit": _credit,
            "addresses": _address,
        },
        "products": {"name": _name, "description": _note, "price": _price},
        "orders": {"note": _note, "status": _status},
        "contacts": {"phone": _phone, "role": _role},
        "opportunities": {"stage": _stage, "probability": _percent, "note": _note, "name": _name},
        "cases": {"status": _case_status, "resolution": _note, "description": _note},
        "needs": {"votes": _percent, "description": _note, "title": _name},
        "interactions": {"note": _note, "minutes": _percent},
        "campaigns": {"name": _name},
    },
    shares={
        "customers": 75, "products": 10, "orders": 15,
        **dict.fromkeys(("contacts", "opportunities", "cases", "needs", "interactions", "campaigns"), 0),
    },
    archive={"customers": ("archived", True), "products": ("active", False)},
    lines=("orders", "lines"),
    amount="quantity",
    new=_new_customer,
    new_resource="customers",
    key=dict.fromkeys(CRM_RESOURCES, "id"),
    computed=frozenset({"version", "created_at", "updated_at", "updated_by", "total", "amount", "id"}),
)  # fmt: skip

_ERP_HABITS = Habits(
    edits={
        "partners": {
            "Name1": _name,
            "Mail": _mail,
            "Phone": _phone,
            "PriceGroup": _price_group,
            "PaymentTerms": _terms,
            "Remark": _note,
            "CreditLimit": _limit,
            "Addresses": _erp_address,
        },
        "items": {"Descr": _name, "ListPrice": _cents, "StockQty": _stock},
        "salesdocs": {"DocDate": lambda _, old: old},
        "invoices": {"Remark": _note},
    },
    shares={"partners": 75, "items": 20, "salesdocs": 5, "invoices": 0},
    archive={"partners": ("Blocked", True), "items": ("Active", False)},
    lines=("salesdocs", "Positions"),
    amount="Qty",
    new=_new_partner,
    new_resource="partners",
    key={"partners": "PartnerNo", "items": "ItemNo", "salesdocs": "DocNo", "invoices": "InvoiceNo"},
    computed=frozenset({"Rev", "ChangedAt", "NetTotal", "TaxTotal", "GrossTotal"}),
)


def erp_habits(erp: Erp) -> Habits:
    """How people of this ERP work; they deliver, invoice and take payments only when they are asked to."""
    return replace(
        _ERP_HABITS,
        deeds={
            "advance": Deed(resource="salesdocs", weight=0, do=partial(_advance, erp)),
            "pay": Deed(resource="invoices", weight=0, do=partial(_pay, erp)),
        },
    )


def _advance(erp: Erp, _: Draw, key: Key | None, who: str) -> Fields | None:
    return None if key is None else erp.advance(key, who)


def _pay(erp: Erp, draw: Draw, key: Key | None, who: str) -> Fields | None:
    """Take all that is open, or half of the invoice."""
    if key is None:
        return None
    half = fixed(Decimal(erp.get("invoices", key)["GrossTotal"]) / 2, 2)
    return erp.pay(key, who, amount=draw.choice((None, half)))
