"""The ERP's invoices: one comes of each document that is invoiced, and its payments come later. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal

from syncline.sandbox.erp_words import wrong
from syncline.sandbox.state import Fields
from syncline.sandbox.wording import fixed

_TERMS = {"NET14": 14, "NET60": 60}
_USUAL_TERM = 30  # days
OPEN, PARTLY, PAID = "O", "P", "C"
_DAY = "%d.%m.%Y"


def invoice_of(document: Fields, terms: str) -> Fields:
    """The invoice of a document that has just got its number."""
    issued = datetime.strptime(f"{document['InvoiceDate']} +0000", f"{_DAY} %z")
    due = issued + timedelta(days=_TERMS.get(terms, _USUAL_TERM))
    return {
        "InvoiceNo": document["InvoiceNo"],
        "DocNo": document["DocNo"],
        "OrderNo": document["OrderNo"],
        "DocForeignKey": document["ForeignKey"],
        "PartnerNo": document["PartnerNo"],
        "InvoiceDate": document["InvoiceDate"],
        "DueDate": due.strftime(_DAY),
        "Cur": document["Cur"],
        "NetTotal": document["NetTotal"],
        "TaxTotal": document["TaxTotal"],
        "GrossTotal": document["GrossTotal"],
        "PaidTotal": "0.00",
        "Status": OPEN,
        "Remark": "",
        "Positions": document["Positions"],
        "Payments": [],
        "Rev": 0,
    }


def paid(invoice: Fields, amount: object, day: str) -> Fields:
    """The invoice with one more payment; all that is open unless an amount is given."""
    due = Decimal(invoice["GrossTotal"]) - Decimal(invoice["PaidTotal"])
    given = due if amount is None else Decimal(str(amount))
    if not 0 < given <= due:
        raise wrong("E231", f"Payment: above 0 and at most {due} expected")
    total = Decimal(invoice["PaidTotal"]) + given
    payments = invoice["Payments"]
    payment = {"PayNo": len(payments) + 1, "PaidOn": day, "Amount": fixed(given, 2)}
    status = PAID if total == Decimal(invoice["GrossTotal"]) else PARTLY
    return {**invoice, "PaidTotal": fixed(total, 2), "Status": status, "Payments": [*payments, payment]}
