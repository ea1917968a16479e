"""What the hub asks of Vendure: the operations of each resource, in the words of the graphql connector. Data only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from syncline.connectors.protocols.graphql_options import (
    Batching,
    Fetching,
    Listed,
    Marker,
    Paging,
    Resource,
    Since,
    Write,
    Writing,
)
from syncline.connectors.protocols.paths import Flag
from syncline.connectors.protocols.promises import Promise

_ADDRESS = "fullName company streetLine1 streetLine2 city province postalCode countryCode phoneNumber"
_DELETED = Flag(field="result", equals="DELETED")


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """One resource: how it is named in Vendure's operations, and what is asked of a record."""

    name: str  #: of the resource, and of the query that lists it
    one: str  #: of the query that reads one
    kind: str  #: its type
    fields: str
    searched: Sequence[str] = ()  #: fields that a list can be filtered by
    filters: str = ""  #: of every list
    steady: bool = False  #: `updatedAt` tells of every change


CUSTOMERS = Shown(
    name="customers",
    one="customer",
    kind="Customer",
    fields="id title firstName lastName emailAddress phoneNumber updatedAt",
    searched=("emailAddress", "lastName", "phoneNumber"),
    steady=True,
)
PRODUCTS = Shown(
    name="products",
    one="product",
    kind="Product",
    fields="id name slug description enabled updatedAt",
    searched=("name", "slug"),
    steady=True,
)
VARIANTS = Shown(
    name="productVariants",
    one="productVariant",
    kind="ProductVariant",
    fields="id sku name enabled productId options { code group { code } } prices { price currencyCode }",
    searched=("sku", "name"),
)
ORDERS = Shown(
    name="orders",
    one="order",
    kind="Order",
    fields=(
        "id code state type active orderPlacedAt currencyCode subTotal subTotalWithTax shipping shippingWithTax total "
        "totalWithTax customer { id emailAddress } "
        "lines { id quantity unitPrice unitPriceWithTax linePrice linePriceWithTax productVariant { id sku } } "
        "fulfillments { id state method trackingCode } payments { id state method amount transactionId } "
        f"shippingAddress {{ {_ADDRESS} }} billingAddress {{ {_ADDRESS} }}"
    ),
    searched=("code", "state"),
    filters='active: {eq: false}, state: {notIn: ["Draft"]}',  # neither carts nor what a clerk has not finished
)
SHOWN: Mapping[str, Shown] = {each.name: each for each in (CUSTOMERS, PRODUCTS, VARIANTS, ORDERS)}
STOCK = "stockLevels { stockLocationId stockOnHand stockAllocated }"


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """What the options say of one resource."""

    page: int
    batch: int
    stock: bool
    custom: Sequence[str]  #: custom fields that are shown
    marker: str  #: the custom field that carries the hub's marker; "": none


def resource_of(shown: Shown, choice: Choice) -> Resource:
    """The resource as the graphql connector reads and writes it."""
    is_steady = shown.steady or (shown is VARIANTS and not choice.stock)
    return Resource(
        fields=_fields(shown, choice, is_steady=is_steady),
        list=_listed(shown, is_steady=is_steady),
        paging=Paging(type="offset", size=choice.page, size_variable="take", variable="skip", total="totalItems"),
        since=Since(field="updatedAt", variable="since") if is_steady else None,
        get=Fetching(field=f"{shown.one}(id: $id)", variables={"id": "ID!"}),
        gone_when=Flag(field="active", equals=True) if shown is ORDERS else None,
        write=_WRITES.get(shown.name, Write()),
        batch=Batching(size=choice.batch, atomic=True) if shown is VARIANTS else None,
        marker=_marker(shown, choice.marker) if choice.marker else None,
        search={field: _found(shown, field) for field in shown.searched},
        contract=Promise(read_back="get" if shown is ORDERS else "body"),
    )


def _fields(shown: Shown, choice: Choice, *, is_steady: bool) -> str:
    custom = list(dict.fromkeys([*choice.custom, *filter(None, [choice.marker])]))
    parts = [shown.fields]
    if shown is VARIANTS:
        parts += [STOCK] if choice.stock else []
        parts += ["updatedAt"] if is_steady else []
    return " ".join([*parts, f"customFields {{ {' '.join(custom)} }}"] if custom else parts)


def _listed(shown: Shown, *, is_steady: bool) -> Listed:
    filters = ", ".join(filter(None, ["updatedAt: {after: $since}" if is_steady else "", shown.filters]))
    options = "take: $take, skip: $skip, sort: {id: ASC}" + (f", filter: {{{filters}}}" if filters else "")
    variables = {"take": "Int!", "skip": "Int!", **({"since": "DateTime"} if is_steady else {})}
    return Listed(
        field=f"{shown.name}(options: {{{options}}})",
        variables=variables,
        select="items {record} totalItems",
        rows="items",
    )


def _found(shown: Shown, field: str) -> Listed:
    filters = ", ".join(filter(None, [f"{field}: {{eq: $value}}", "" if field == "state" else shown.filters]))
    return Listed(
        field=f"{shown.name}(options: {{take: 100, filter: {{{filters}}}}})",
        variables={"value": "String!"},
        select="items {record}",
        rows="items",
    )


def _marker(shown: Shown, name: str) -> Marker:
    return Marker(field=f"customFields.{name}", search=_found(shown, name))


# --- writes ---------------------------------------------------------------------------------------------------------


def _put(field: str, kind: str, *, update: bool, union: str = "", many: bool = False) -> Writing:
    """A mutation that takes a record and answers it; `union`: the type that it answers when all is well."""
    return Writing(
        field=f"{field}(input: $input)",
        variables={"input": f"[{kind}!]!" if many else f"{kind}!"},
        select=f"__typename ... on {union} {{record}} ... on ErrorResult {{ errorCode message }}"
        if union
        else "{record}",
        done=[union] if union else (),
        key_field="id" if update else "",
        many=many,
    )


def _deletion(field: str) -> Writing:
    return Writing(
        field=f"{field}(id: $id)",
        variables={"id": "ID!"},
        input="",
        key="id",
        select="result message",
        done_when=_DELETED,
    )


def _off(update: Writing) -> Writing:
    """Archiving: what is not enabled, nobody can buy."""
    return msgspec.structs.replace(update, fields={"enabled": False})


_PRODUCT = _put("updateProduct", "UpdateProductInput", update=True)
_VARIANT = _put("updateProductVariants", "UpdateProductVariantInput", update=True, many=True)
_WRITES: Mapping[str, Write] = {
    "customers": Write(
        create=_put("createCustomer", "CreateCustomerInput", update=False, union="Customer"),
        update=_put("updateCustomer", "UpdateCustomerInput", update=True, union="Customer"),
        delete=_deletion("deleteCustomer"),
    ),
    "products": Write(
        create=_put("createProduct", "CreateProductInput", update=False),
        update=_PRODUCT,
        delete=_deletion("deleteProduct"),
        archive=_off(_PRODUCT),
    ),
    "productVariants": Write(
        create=_put("createProductVariants", "CreateProductVariantInput", update=False, many=True),
        update=_VARIANT,
        delete=_deletion("deleteProductVariant"),
        archive=_off(_VARIANT),
    ),
}
