"""Records as the hub sees them, out of what Vendure shows, and back: money, stock, translations, states. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence

import msgspec

from syncline.connectors.systems.vendure import money
from syncline.connectors.systems.vendure.shop import Facts
from syncline.errors import RejectedError
from syncline.model.page import Item, Op

Fields = Mapping[str, object]
_Row = dict[str, object]

_AMOUNTS = {
    "": ("subTotal", "subTotalWithTax", "shipping", "shippingWithTax", "total", "totalWithTax"),
    "lines": ("unitPrice", "unitPriceWithTax", "linePrice", "linePriceWithTax"),
    "payments": ("amount",),
}
#: State of an order -> how far its goods are; what is not here is told by whether anything is under way.
_FAR = {"Shipped", "Delivered", "PartiallyShipped", "PartiallyDelivered"}
_TRANSLATED = {"products": ("name", "slug", "description"), "productVariants": ("name",)}
#: What Vendure reckons or keeps by itself.
_READ_ONLY = {
    "customers": ("id", "updatedAt"),
    "products": ("id", "updatedAt"),
    "productVariants": ("id", "updatedAt", "options", "stockAllocated", "stockAvailable", "priceIncludesTax"),
}
_WORDS = re.compile(r"[^\w]+")
_rows = msgspec.json.Decoder(list[_Row])
_encode = msgspec.json.Encoder().encode


class Shape(msgspec.Struct, frozen=True, kw_only=True):
    """How records of one resource differ from what Vendure shows; `location`: where stock is, "" for the only place."""

    resource: str
    location: str = ""

    @property
    def differs(self) -> bool:
        """Is a record anything else than what Vendure shows?"""
        return self.resource in {"productVariants", "orders"}

    def shown(self, raws: Sequence[bytes], facts: Facts) -> list[bytes]:
        """A page of records.

        Raises:
            ValueError: One of them is none of Vendure's.
        """
        rows = _rows.decode(b"[" + b",".join(raws) + b"]")
        make: Callable[[_Row, Facts], _Row] = _order if self.resource == "orders" else self._variant
        try:
            return [_encode(make(row, facts)) for row in rows]
        except (KeyError, TypeError) as error:
            raise ValueError("something is missing in it") from error

    def sent(self, item: Item, facts: Facts) -> Fields:
        """The fields of an item as Vendure takes them; RejectedError when it would take them for something else."""
        fields = dict(item.fields)
        for name in _READ_ONLY[self.resource]:
            if name in fields:
                raise RejectedError(f"{self.resource}.{name} is the shop's own.", cure="Let no mapping write it.")
        if self.resource == "productVariants":
            self._priced(fields, facts)
            self._stocked(fields, facts)
            if item.op is not Op.CREATE and "productId" in fields:
                raise RejectedError("A variant stays with its product.", cure="Let no mapping write productId.")
        _translated(fields, _TRANSLATED.get(self.resource, ()), facts, made=item.op is Op.CREATE)
        return fields

    # --- variants ---------------------------------------------------------------

    def _variant(self, row: _Row, facts: Facts) -> _Row:
        prices, options = _listed(row.pop("prices")), _listed(row.pop("options"))
        price = next((one["price"] for one in prices if one["currencyCode"] == facts.currency), None)
        row |= {"price": money.shown(price, facts.digits), "currencyCode": facts.currency}
        row |= {"priceIncludesTax": facts.gross, "options": sorted(map(_option, options))}
        if "stockLevels" in row:
            levels = _listed(row.pop("stockLevels"))
            here = [one for one in levels if not self.location or one["stockLocationId"] == self.location]
            there, promised = (sum(int(str(one[name])) for one in here) for name in ("stockOnHand", "stockAllocated"))
            row |= {"stockOnHand": there, "stockAllocated": promised, "stockAvailable": there - promised}
        return row

    def _priced(self, fields: _Row, facts: Facts) -> None:
        if "price" in fields:
            price = money.kept(fields["price"], facts.digits, "price")
            if price is None:
                raise RejectedError("A variant has a price.", cure="Give one, or write `default(0)` in the mapping.")
            fields["price"] = price
        currency = fields.pop("currencyCode", facts.currency)
        if currency not in {None, facts.currency}:
            what = f"The channel {facts.channel} has its prices in {facts.currency}, and this one is in {currency}."
            raise RejectedError(what, cure="Choose another channel, or map prices of that currency only.")

    def _stocked(self, fields: _Row, facts: Facts) -> None:
        if "stockOnHand" not in fields:
            return
        place = self.location or (facts.locations[0] if len(facts.locations) == 1 else "")
        if not place:
            what = "The shop has several places of stock, and nobody says which one is meant."
            raise RejectedError(what, cure=f"Set stock_location to one of {', '.join(facts.locations)}.")
        count = money.kept(fields.pop("stockOnHand"), 0, "stockOnHand")
        if count is not None:
            fields["stockLevels"] = [{"stockLocationId": place, "stockOnHand": count}]


def _option(option: _Row) -> str:
    group = option["group"]
    return f"{group['code'] if isinstance(group, dict) else ''}={option['code']}"


def _listed(value: object) -> list[_Row]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


# --- translations ---------------------------------------------------------------------------------------------------


def _translated(fields: _Row, names: Sequence[str], facts: Facts, *, made: bool) -> None:
    """Names go into the translation of the channel's own language, the one that is shown."""
    given = {name: fields.pop(name) for name in names if name in fields}
    if made and "slug" in names:  # one of both that is not there fails inside Vendure, and "" passes for a slug
        given["slug"] = given.get("slug") or slug_of(str(given.get("name") or ""))
        given["description"] = given.get("description") or ""
    given = {name: "" if name == "description" and value is None else value for name, value in given.items()}
    if given:
        fields["translations"] = [{"languageCode": facts.language, **given}]


def slug_of(name: str) -> str:
    """What stands in the address of a product's page.

    >>> slug_of("Größe & Öl, 5 mm")
    'grosse-ol-5-mm'
    """
    plain = unicodedata.normalize("NFKD", name.casefold())
    return _WORDS.sub("-", "".join(one for one in plain if not unicodedata.combining(one))).strip("-_")


# --- orders ---------------------------------------------------------------------------------------------------------


def _order(row: _Row, facts: Facts) -> _Row:
    for place, names in _AMOUNTS.items():
        for part in _listed(row[place]) if place else [row]:
            part.update({name: money.shown(part[name], facts.digits) for name in names})
    parcels = _listed(row["fulfillments"])
    under_way = [one for one in parcels if one["state"] not in {"Cancelled", "Created"}]
    state = str(row["state"])
    codes = [one["trackingCode"] for one in under_way if one["trackingCode"]]
    return {
        **row,
        "fulfillments": parcels,
        "fulfillment": state if state in _FAR else "Pending" if under_way else None,
        "trackingCode": codes[-1] if codes else None,
    }
