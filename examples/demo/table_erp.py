"""What the CRM and the ERP must show alike: customers, goods, orders, invoices with their payments. Written by hand."""

from __future__ import annotations

from comparing import Comparison, Field, Fields, Key, Known, Lines, Reference, look
from forms import cents, cut, digits, iso, lower, number, plain, text, upper, words
from lines_of_tables import by, other, same

_CANCELLED = "90"  #: a sales document that was cancelled

# --- customers --------------------------------------------------------------------------------------------------------


def _address(kind: str, letter: str, hub: str) -> tuple[Field, ...]:
    crm, erp = f"addresses[kind={kind}]", f"Addresses[Type={letter}]"
    return (
        same(f"{kind} street", f"{crm}.street", f"{erp}.Street", cut(60), hub=f"{hub}street", why="the ERP cuts at 60"),
        same(f"{kind} postcode", f"{crm}.postcode", f"{erp}.Zip", cut(10), hub=f"{hub}postcode"),
        same(f"{kind} city", f"{crm}.city", f"{erp}.City", cut(40), hub=f"{hub}city", why="the ERP cuts at 40"),
        other(
            f"{kind} country", f"{crm}.country", f"{erp}.CountryCode", (iso, text), hub=f"{hub or 'address_'}country",
            why="a name in the CRM, a code in the ERP",
        ),
    )  # fmt: skip


def _mail_and_postcode(mail: str, postcode: str) -> Key:
    def key(row: Fields, _: Known) -> object:
        parts = (lower(look(row, mail)), text(look(row, postcode)))
        return parts if all(parts) else ""

    return key


CUSTOMERS = Comparison(
    kind="customers", resource="customers", system="erp", there="partners", key="PartnerNo",
    ways=(
        (by("tax_id", upper), by("VatNo")),
        (
            _mail_and_postcode("email", "addresses[kind=billing].postcode"),
            _mail_and_postcode("Mail", "Addresses[Type=B].Zip"),
        ),
    ),
    fields=(
        same("name", "name", "Name1", cut(40), why="the ERP cuts at 40"),
        same("email", "email", "Mail", lower, why="the CRM writes it small"),
        same("phone", "phone", "Phone", digits, why="phone without spaces"),
        same("tax_id", "tax_id", "VatNo", upper, why="the ERP upper-cases it"),
        same("segment", "segment", "PriceGroup", upper, why="a, b, c in the CRM; A, B, C in the ERP"),
        other("country", "country", "CountryCode", (iso, text), why="a name in the CRM, a code in the ERP"),
        same("credit_limit", "credit_limit.amount", "CreditLimit", number, why="no limit is 0.00 in the ERP"),
        same("credit_currency", "credit_limit.currency", "CreditCurrency"),
        *_address("billing", "B", ""),
        *_address("shipping", "S", "shipping_"),
    ),
    of_both=lambda row: not row["archived"], of_both_there=lambda row: bool(row["Active"]),
    once=("VatNo", "ForeignKey"), once_here=("tax_id", "external_ref"),
)  # fmt: skip

# --- products ---------------------------------------------------------------------------------------------------------

ITEMS = Comparison(
    kind="products", resource="products", system="erp", there="items", key="ItemNo",
    ways=((by("sku"), by("ItemNo")),),
    fields=(
        same("sku", "sku", "ItemNo"),
        same("name", "name", "Descr", cut(60), why="the ERP cuts at 60"),
        other("price", "price", "ListPrice", (number, cents), why="cents in the ERP"),
        same("currency", "currency", "Cur"),
        other("unit", "unit", "Unit", (words(pcs="PCE", kg="KGM", m="MTR", box="BX"), text), why="other codes"),
        same("active", "active", "Active", plain),
    ),
    of_both=lambda row: bool(row["active"]), of_both_there=lambda row: bool(row["Active"]),
    once_here=("sku", "external_ref"),
)  # fmt: skip

# --- orders -----------------------------------------------------------------------------------------------------------


def _said(row: Fields, known: Known) -> object:
    """All that an order says: who, when, what and how much."""
    goods = tuple((known("products", one["product_id"]), float(one["quantity"])) for one in row["lines"])
    return (known("customers", row["customer_id"]), row["ordered_on"], goods)


def _said_there(row: Fields, _: Known) -> object:
    goods = tuple((one["ItemNo"], float(one["Qty"])) for one in row["Positions"])
    return row["State"] != _CANCELLED and (row["PartnerNo"], row["DocDate"], goods)


SALES_DOCUMENTS = Comparison(
    kind="orders", resource="orders", system="erp", there="salesdocs", key="DocNo",
    ways=((by("erp_number"), by("OrderNo")), (_said, _said_there)),
    fields=(
        same("ordered_on", "ordered_on", "DocDate"),
        same("currency", "currency", "Cur"),
        same("erp_number", "erp_number", "OrderNo"),
        other(
            "erp_state", "erp_state", "State",
            (text, words(**{
                "10": "open", "20": "confirmed", "30": "delivered", "40": "invoiced", "90": "cancelled",
            })), hub="state", why="numbers in the ERP",
        ),
        same("invoice_number", "invoice_number", "InvoiceNo"),
        same("invoice_total", "invoice_total", "InvoiceTotal", number, why="no invoice is 0.00 in the ERP"),
    ),
    references=(Reference(name="customer", of="customers", crm="customer_id", there="PartnerNo"),),
    lines=(Lines(
        name="lines", crm="lines", there="Positions", crm_number="line_no", there_number="PosNo",
        fields=(
            same("quantity", "quantity", "Qty", number), same("price", "unit_price", "Price", number),
            same("discount", "discount_percent", "Disc", number),
        ),
        references=(Reference(name="product", of="products", crm="product_id", there="ItemNo"),),
    ),),
    of_both_there=lambda row: row["State"] != _CANCELLED,
    once=("ForeignKey",), once_here=("number", "erp_number"),
)  # fmt: skip

INVOICES = Comparison(
    kind="invoices", resource="invoices", system="erp", there="invoices", key="InvoiceNo",
    ways=((by("number"), by("InvoiceNo")),),
    fields=(
        same("number", "number", "InvoiceNo"),
        same("issued_on", "issued_on", "InvoiceDate"),
        same("due_on", "due_on", "DueDate"),
        same("currency", "currency", "Cur"),
        same("total", "total", "GrossTotal", number),
        same("paid", "paid", "PaidTotal", number, hub="paid_total"),
        other(
            "status", "status", "Status", (text, words(O="open", P="partly_paid", C="paid")), hub="state",
            why="letters in the ERP",
        ),
    ),
    references=(
        Reference(name="customer", of="customers", crm="customer_id", there="PartnerNo"),
        Reference(name="sales_order", of="orders", crm="order_id", there="DocNo"),
    ),
    lines=(Lines(
        name="payments", crm="payments", there="Payments", crm_number="number", there_number="PayNo",
        fields=(same("paid_on", "paid_on", "PaidOn"), same("amount", "amount", "Amount", number)),
    ),),
    once_here=("number",),
)  # fmt: skip
