"""The same mapping as benchmarks/job, written by hand, for the peers: no product, no framework."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import ROUND_HALF_UP, Decimal

_USD_PER_EUR = Decimal("1.0837")
_CENT = Decimal("0.01")
_PUNCTUATION = str.maketrans("", "", " ()-.")
_COUNTRIES = {
    "Germany": "DE",
    "Deutschland": "DE",
    "France": "FR",
    "Netherlands": "NL",
    "United States": "US",
    "United Kingdom": "GB",
    "Spain": "ES",
}


def converted(row: Mapping[str, object]) -> dict[str, object]:
    """The target's record of a source's record."""
    amount = Decimal(str(row["credit_eur"])) * _USD_PER_EUR
    return {
        "external_id": row["id"],
        "number": row["number"],
        "given_name": row["first_name"],
        "family_name": row["last_name"],
        "organisation": row["company"],
        "email": str(row["email"]).strip().lower(),
        "phone": str(row["phone"]).translate(_PUNCTUATION),
        "address": row["street"],
        "postal_code": row["zip"],
        "city": row["city"],
        "country": _COUNTRIES[str(row["country"])],
        "credit_usd": str(amount.quantize(_CENT, rounding=ROUND_HALF_UP)),
        "segment": row["segment"],
        "tax_number": row["vat_id"],
        "language": row["language"],
        "website": row["website"],
        "notes": row["notes"],
        "active": row["active"],
        "created_at": row["created_at"],
        "updated_at": row["updated_at"],
    }
