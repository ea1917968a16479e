"""What stands behind each field of the product management's schema: lists by cursor, writes with unions of errors."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, TypeAlias

from graphql import GraphQLError

from syncline.sandbox.products import Products
from syncline.sandbox.products_words import KINDS, Kind
from syncline.sandbox.state import Fields, Key, Row
from syncline.sandbox.tally import API
from syncline.sandbox.wording import Refusal, milliseconds

PAGE_MAX = 100
Field: TypeAlias = Callable[..., Any]  #: takes the information on the operation, then the arguments
_HUGE = 1 << 62
#: How a list and a single record of each kind are called.
_NAMES = {
    "products": ("products", "product"),
    "feedback_items": ("feedbackItems", "feedbackItem"),
    "features": ("features", "feature"),
    "releases": ("releases", "release"),
}
_REFUSALS = {404: "NotFound", 409: "DuplicateReference", 412: "VersionConflict"}


def fields_of(products: Products) -> Mapping[str, Field]:
    """Every field of the query and the mutation type."""
    found: dict[str, Field] = {"vote": partial(_vote, products)}
    for name, kind in KINDS.items():
        many, single = _NAMES[name]
        found[many] = partial(_connection, products, kind)
        found[single] = partial(_single, products, kind)
        found[f"create{kind.type}"] = partial(_create, products, kind)
        found[f"update{kind.type}"] = partial(_update, products, kind)
        found[f"delete{kind.type}"] = partial(_delete, products, kind)
    return found


# --- queries ------------------------------------------------------------------


def _single(products: Products, kind: Kind, _: object, *, id: Key) -> Fields | None:  # noqa: A002  of the schema
    products.tally.record(kind.table.name, "gets")
    try:
        return products.get(kind.table.name, id)
    except Refusal:
        return None


def _connection(
    products: Products,
    kind: Kind,
    _: object,
    *,
    first: int | None = None,
    after: str | None = None,
    updatedSince: str | None = None,  # noqa: N803  of the schema
    includeDeleted: bool | None = None,  # noqa: N803  of the schema
    **wanted: str | None,
) -> Fields:
    """A page of a list, in the order of changes."""
    name, state = kind.table.name, products.state
    products.tally.record(name, "lists")
    size = _size(first)
    searched = {column: value for column, value in wanted.items() if value is not None}
    for column, value in searched.items():
        rows = [row for row in state.search(name, column, value) if row.listed or includeDeleted]
        return _told(rows[:size], len(rows), more=len(rows) > size)
    place = _place(after) if after else (_since(updatedSince), "")
    found: list[Row] = []
    more = True
    while more and len(found) <= size:
        rows = state.page_by_change(name, place, PAGE_MAX + 1)
        more = len(rows) > PAGE_MAX
        found += [row for row in rows if row.listed or includeDeleted]
        place = (rows[-1].changed, rows[-1].key) if rows else place
    return _told(found[:size], state.count(name, everything=bool(includeDeleted)), more=len(found) > size)


def _told(rows: list[Row], total: int, *, more: bool) -> Fields:
    edges = [{"cursor": _cursor(row), "node": row.fields()} for row in rows]
    info = {"hasNextPage": more, "endCursor": edges[-1]["cursor"] if edges else None}
    return {"edges": edges, "pageInfo": info, "totalCount": total}


def _size(first: int | None) -> int:
    size = PAGE_MAX // 2 if first is None else first
    if not 1 <= size <= PAGE_MAX:
        raise _bad(f"first must be 1 to {PAGE_MAX}")
    return size


def _cursor(row: Row) -> str:
    return base64.urlsafe_b64encode(f"{row.changed}:{row.key}".encode()).decode().rstrip("=")


def _place(cursor: str) -> tuple[int, Key]:
    try:
        changed, _, key = base64.urlsafe_b64decode(f"{cursor}==").decode().partition(":")
        place = int(changed), key
    except ValueError:
        raise _bad("after is no cursor of this list") from None
    if not -_HUGE < place[0] < _HUGE:
        raise _bad("after is no cursor of this list")
    return place


def _since(given: str | None) -> int:
    try:
        return milliseconds(given) if given else 0
    except (ValueError, OverflowError):
        raise _bad("updatedSince must be ISO 8601 with an offset") from None


def _bad(message: str) -> GraphQLError:
    return GraphQLError(message, extensions={"code": "BAD_USER_INPUT"})


# --- mutations ----------------------------------------------------------------


def _create(products: Products, kind: Kind, _: object, *, input: Fields) -> Fields:  # noqa: A002  of the schema
    return _answered(kind.type, lambda: products.create(kind.table.name, input, API))


def _update(
    products: Products,
    kind: Kind,
    _: object,
    *,
    id: Key,  # noqa: A002  of the schema
    input: Fields,  # noqa: A002  of the schema
    version: int | None = None,
) -> Fields:
    return _answered(kind.type, lambda: products.update(kind.table.name, id, input, API, version))


def _delete(
    products: Products,
    kind: Kind,
    _: object,
    *,
    id: Key,  # noqa: A002  of the schema
    version: int | None = None,
) -> Fields:
    return _answered("Deleted", lambda: products.delete(kind.table.name, id, API, version))


def _vote(products: Products, _: object, *, feedbackItemId: Key) -> Fields:  # noqa: N803  of the schema
    def voted() -> Fields:
        votes = products.get("feedback_items", feedbackItemId)["votes"]
        return products.update("feedback_items", feedbackItemId, {"votes": votes + 1}, API)

    return _answered("FeedbackItem", voted)


def _answered(kind: str, write: Callable[[], Fields]) -> Fields:
    """The record, or what was wrong in its place."""
    try:
        return {"__typename": kind, **write()}
    except Refusal as refusal:
        wrong: Fields = {"__typename": _REFUSALS.get(refusal.status, "InvalidInput"), "message": refusal.message}
        return {**wrong, **refusal.more}
