"""What the recount reads, and what must be equal: both systems over their own APIs, and a field table by hand.

Standard library only; nothing of Syncline.
"""

from __future__ import annotations

import base64
import json
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal
from typing import Any, TypeAlias

Row: TypeAlias = dict[str, Any]
Form: TypeAlias = Callable[[Any], Any]

CENT = Decimal("0.01")
MARKER = "syncline:"
COUNTRIES = {
    "Germany": "DE", "France": "FR", "Austria": "AT", "Netherlands": "NL", "United States": "US", "Japan": "JP",
}  # fmt: skip


# --- reading --------------------------------------------------------------------------------------------------------


def crm_rows(url: str, token: str, resource: str) -> list[Row]:
    """Every record of the CRM, page by page."""
    rows: list[Row] = []
    cursor: str | None = ""
    while cursor is not None:
        address = f"{url}/api/{resource}?limit=500" + (f"&cursor={cursor}" if cursor else "")
        request = urllib.request.Request(address, headers={"Authorization": f"Bearer {token}"})  # noqa: S310  loopback
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  loopback
            page = json.loads(answer.read())
        rows += page["data"]
        cursor = page["next_cursor"]
    return rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Tryton:
    """A session of Tryton's JSON-RPC, with the user's own company."""

    address: str
    header: str
    context: Row

    def rows(self, model: str, domain: list[Any], order: list[list[str]], fields: list[str]) -> list[Row]:
        """What a search finds, in its order."""
        found = _rpc(self, f"model.{model}.search_read", [domain, 0, None, order, fields, self.context])
        return [{name: _plain(value) for name, value in row.items()} for row in found]


def log_in(url: str, database: str, user: str, password: str) -> Tryton:
    """A session."""
    new = Tryton(address=f"{url}/{database}/rpc/", header="", context={})
    key, token, *_ = _rpc(new, "common.db.login", [user, {"password": password}])
    header = "Session " + base64.b64encode(f"{user}:{key}:{token}".encode()).decode()
    known = Tryton(address=new.address, header=header, context={})
    context = _rpc(known, "model.res.user.get_preferences", [True, {}])
    return Tryton(address=new.address, header=header, context={**context, "active_test": False})


def _rpc(session: Tryton, method: str, params: list[Any]) -> Any:
    body = json.dumps({"id": 1, "method": method, "params": params}).encode()
    headers = {"Content-Type": "application/json", "Authorization": session.header}
    request = urllib.request.Request(session.address, body, headers)  # noqa: S310  loopback
    with urllib.request.urlopen(request, timeout=120) as answer:  # noqa: S310  loopback
        found = json.loads(answer.read())
    if found.get("error"):
        raise RuntimeError(found["error"])
    return found["result"]


def _plain(value: Any) -> Any:
    """Tryton's decimals and days as Python's; rows behind a reference too."""
    if isinstance(value, dict) and value.get("__class__") == "Decimal":
        return Decimal(value["decimal"])
    if isinstance(value, dict) and value.get("__class__") == "date":
        return f"{value['year']:04d}-{value['month']:02d}-{value['day']:02d}"
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items()}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def tryton_parties(erp: Tryton) -> list[Row]:
    """Active parties, each with its values laid flat."""
    order = [["id", "ASC"]]
    in_order = [["sequence", "ASC NULLS FIRST"], ["id", "ASC"]]
    active = [["active", "=", True]]
    parties = {
        row["id"]: {"id": row["id"], "name": row["name"]} for row in erp.rows("party.party", active, order, ["name"])
    }
    for row in erp.rows("party.identifier", active, in_order, ["party", "type", "code"]):
        name = "vat" if row["type"] == "eu_vat" else "marker" if str(row["code"]).startswith(MARKER) else ""
        if name and row["party"] in parties:
            parties[row["party"]].setdefault(name, str(row["code"]))
    for row in erp.rows("party.contact_mechanism", active, in_order, ["party", "type", "value"]):
        parties.get(row["party"], {}).setdefault(row["type"], row["value"])
    members = ["party", "street", "postal_code", "city", "country.code", "invoice", "delivery"]
    for row in erp.rows("party.address", active, in_order, members):
        for flag, name in (("invoice", "billing"), ("delivery", "shipping")):
            if row[flag]:
                parties.get(row["party"], {}).setdefault(name, row)
    return list(parties.values())


def tryton_sales(erp: Tryton) -> list[Row]:
    """Sales that came from the CRM: they have its number, or the hub's marker."""
    fields = [
        "number",
        "description",
        "reference",
        "party",
        "party.active",
        "sale_date",
        "currency.code",
        "state",
        "untaxed_amount",
    ]
    fields += ["tax_amount", "total_amount", "invoices.state", "invoices.number", "invoices.total_amount"]
    fields += ["lines.type", "lines.sequence", "lines.product.code", "lines.quantity", "lines.unit_price"]
    rows = erp.rows("sale.sale", [], [["id", "ASC"]], fields)
    return [row for row in rows if row["description"] or "-order-" in str(row["reference"] or "")]


def tryton_products(erp: Tryton) -> list[Row]:
    """Every variant."""
    fields = ["code", "name", "description", "list_price_used", "active"]
    return erp.rows("product.product", [["active", "in", [True, False]]], [["id", "ASC"]], fields)


# --- what must be equal ---------------------------------------------------------------------------------------------


def text(value: Any) -> str:
    """Nothing and "" are the same."""
    return str(value or "").strip()


def lower(value: Any) -> str:
    """E-mail addresses."""
    return text(value).lower()


def digits(value: Any) -> str:
    """Phone numbers: spelling does not count."""
    return "".join(one for one in text(value) if one.isdigit() or one == "+")


def upper(value: Any) -> str:
    """Tax numbers."""
    return text(value).upper().replace(" ", "")


def iso(value: Any) -> str:
    """Countries of the CRM."""
    return COUNTRIES.get(text(value), text(value))


def cents(value: Any) -> Any:
    """Amounts."""
    return None if value in (None, "") else Decimal(str(value)).quantize(CENT, rounding=ROUND_HALF_EVEN)


def number(value: Any) -> Any:
    """Quantities, which Tryton keeps as binary fractions."""
    return None if value in (None, "") else Decimal(str(value)).quantize(Decimal("0.001"))


def _state(value: object) -> object:
    """The state of a sale in the words of everybody."""
    return {"quotation": "open", "done": "paid"}.get(str(value), value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Equal:
    """One value that must be the same: where it stands on both sides, and what does not count."""

    name: str
    crm: str
    erp: str
    crm_form: Form = text
    erp_form: Form = text


def _address(use: str, kind: str) -> tuple[Equal, ...]:
    return (
        Equal(name=f"{use}street", crm=f"{kind}/street", erp=f"{kind}/street"),
        Equal(name=f"{use}postcode", crm=f"{kind}/postcode", erp=f"{kind}/postal_code"),
        Equal(name=f"{use}city", crm=f"{kind}/city", erp=f"{kind}/city"),
        Equal(
            name="address_country" if not use else "shipping_country", crm=f"{kind}/country",
            erp=f"{kind}/country./code", crm_form=iso,
        ),
    )  # fmt: skip


CUSTOMERS = (
    Equal(name="name", crm="name", erp="name"),
    Equal(name="email", crm="email", erp="email", crm_form=lower, erp_form=lower),
    Equal(name="phone", crm="phone", erp="phone", crm_form=digits, erp_form=digits),
    Equal(name="tax_id", crm="tax_id", erp="vat", crm_form=upper, erp_form=upper),
    Equal(name="website", crm="website", erp="website"),
    *_address("", "billing"),
    *_address("shipping_", "shipping"),
)
PRODUCTS = (
    Equal(name="name", crm="name", erp="name"),
    Equal(name="description", crm="description", erp="description"),
    Equal(name="price", crm="price", erp="list_price_used", crm_form=cents, erp_form=cents),
    Equal(name="active", crm="active", erp="active", crm_form=bool, erp_form=bool),
)
ORDERS = (
    Equal(name="number", crm="number", erp="description"),
    Equal(name="ordered_on", crm="ordered_on", erp="sale_date"),
    Equal(name="currency", crm="currency", erp="currency./code"),
    Equal(name="total", crm="total", erp="untaxed_amount", crm_form=cents, erp_form=cents),
    Equal(name="erp_number", crm="erp_number", erp="number"),
    Equal(name="erp_state", crm="erp_state", erp="state", erp_form=_state),
    Equal(name="invoice_number", crm="invoice_number", erp="invoice/number"),
    Equal(name="invoice_total", crm="invoice_total", erp="invoice/total_amount", crm_form=cents, erp_form=cents),
)
LINES = (
    Equal(name="product", crm="sku", erp="product./code"),
    Equal(name="quantity", crm="quantity", erp="quantity", crm_form=number, erp_form=number),
    Equal(name="price", crm="unit_price", erp="unit_price", crm_form=cents, erp_form=cents),
)


def look(row: Any, path: str) -> Any:
    """The value at `billing/country./code`: Tryton puts what lies behind a reference under its name and a dot."""
    for name in path.split("/"):
        row = row.get(name) if isinstance(row, dict) else None
    return row
