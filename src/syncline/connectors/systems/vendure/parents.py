"""A product for each variant that names none: other systems sell products, and Vendure sells variants of products.

The product is found again by its slug, which is made of the variant's number: a create that is repeated makes no second
one. One that has variants already is left alone.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.connectors.protocols.answers import Result, failed
from syncline.connectors.protocols.graphql_options import Operation
from syncline.connectors.systems.vendure.shapes import slug_of
from syncline.connectors.systems.vendure.shop import Shop
from syncline.errors import RejectedError, SynclineError
from syncline.model.page import Item, Op

_FIND = Operation(
    field="products(options: {take: 10, filter: {slug: {eq: $slug}}})",
    variables={"slug": "String!"},
    select="items { id variantList(options: {take: 1}) { totalItems } }",
)
_MAKE = Operation(field="createProduct(input: $input)", variables={"input": "CreateProductInput!"}, select="id")


class _Variants(msgspec.Struct, frozen=True, rename="camel"):
    total_items: int


class _Product(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    variant_list: _Variants | None = None


class _Products(msgspec.Struct, frozen=True):
    items: list[_Product]


class Parents:
    """Finds or makes the products of new variants."""

    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def given(self, items: Sequence[Item], send_by: float) -> tuple[list[Item], list[Result]]:
        """The items, each new one with its product; and what became of those that cannot have one."""
        ready: list[Item] = []
        refused: list[Result] = []
        for item in items:
            if item.op is not Op.CREATE or "productId" in item.fields:
                ready.append(item)
                continue
            try:
                product = self._found(item) or self._made(item, send_by)
                ready.append(msgspec.structs.replace(item, fields={**item.fields, "productId": product}))
            except SynclineError as error:
                refused.append(failed(item, error))
        return ready, refused

    def _found(self, item: Item) -> str:
        shown = msgspec.json.decode(self._shop.read(_FIND, {"slug": _slug(item)}), type=_Products)
        return next((one.id for one in shown.items if one.variant_list and not one.variant_list.total_items), "")

    def _made(self, item: Item, send_by: float) -> str:
        name = _name(item)
        words = {"name": name, "slug": _slug(item), "description": ""}
        given = {"translations": [{"languageCode": self._shop.facts.language, **words}]}
        return msgspec.json.decode(self._shop.run(_MAKE, {"input": given}, send_by), type=_Product).id


def _name(item: Item) -> str:
    translations = item.fields.get("translations")
    first = translations[0] if isinstance(translations, list) and translations else {}
    name = str(first.get("name") or "")
    if not name:
        raise RejectedError("A variant has a name.", cure="Map one.")
    return name


def _slug(item: Item) -> str:
    found = slug_of(str(item.fields.get("sku") or ""))
    if not found:
        raise RejectedError("A variant has a number of its own.", cure="Map sku.")
    return found
