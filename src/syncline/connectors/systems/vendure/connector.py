"""The Vendure connector: the graphql connector with Vendure's operations, and what Vendure does in a way of its own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec
from msgspec.structs import replace

from syncline.connectors.protocols.answers import Result, failed, settled
from syncline.connectors.protocols.graphql import GraphQLConnector
from syncline.connectors.protocols.rest_schema import shown_by
from syncline.connectors.systems.vendure.fulfilment import Fulfilment
from syncline.connectors.systems.vendure.pages import Shaped
from syncline.connectors.systems.vendure.parents import Parents
from syncline.connectors.systems.vendure.shapes import Shape
from syncline.connectors.systems.vendure.shop import Facts, Shop
from syncline.errors import RejectedError, SynclineError, TransientError
from syncline.model.contract import BatchShape, Contract
from syncline.model.page import Batch, Cursor, Gone, Item, Op, Page, Receipt, Record

_ORDERS, _VARIANTS = "orders", "productVariants"
#: A variant without a product needs three requests, an order up to four: few of them fit into one batch's time.
_FEW = 5


class VendureConnector:
    """One channel of one Vendure."""

    def __init__(self, *, inner: GraphQLConnector, shop: Shop, shapes: Mapping[str, Shape], method: str) -> None:
        self._inner = inner
        self._shop = shop
        self._shapes = shapes
        self._orders = Fulfilment(shop, method)
        self._parents = Parents(shop)

    def __repr__(self) -> str:
        """The system's name."""
        return f"VendureConnector({self._shop.system})"

    def contract(self, resource: str) -> Contract:
        """What Vendure promises: no lock, deletes seen by sweep alone, stamps of a second or none."""
        contract = self._inner.contract(resource)
        return replace(contract, batch=BatchShape(size=_FEW)) if resource == _ORDERS else contract

    def check(self) -> str:
        """Log in and look at the channel."""
        self._shop.forget()
        facts = self._shop.facts
        taxes = "with" if facts.gross else "without"
        return f"Vendure, channel {facts.channel}: prices in {facts.currency} {taxes} tax, names in {facts.language}."

    def schema(self, resource: str) -> Mapping[str, str]:
        """Field -> type, as a few records show them."""
        return shown_by(next(self.list(resource, None)).raws)

    def list(self, resource: str, since: Cursor | None) -> Iterator[Page]:
        """Pages of records: all by key, or those changed since."""
        shape = self._shapes.get(resource)
        pages = self._inner.list(resource, since)
        if shape is None or not shape.differs:
            return pages
        return Shaped(pages, shape, self._shop)

    def get(self, resource: str, keys: Sequence[str]) -> Sequence[Record | Gone]:
        """Records in the order of `keys`."""
        found = self._inner.get(resource, keys)
        return [one if isinstance(one, Gone) else self._record(resource, one) for one in found]

    def search(self, resource: str, field: str, value: str) -> Sequence[Record]:
        """Records whose field, or marker, has this value."""
        return [self._record(resource, one) for one in self._inner.search(resource, field, value)]

    def markers(self, resource: str, raws: Sequence[bytes]) -> Sequence[str]:
        """The marker in each record."""
        return self._inner.markers(resource, raws)

    def write(self, batch: Batch) -> Sequence[Receipt]:
        """Try the batch once."""
        self._inner.contract(batch.resource)  # says which resources there are
        if batch.resource == _ORDERS:
            return settled([self._orders.write(item, batch.send_by) for item in batch.items])
        try:
            facts = self._shop.facts
        except SynclineError as error:
            return settled([failed(item, error) for item in batch.items])
        receipts: list[Result] = []
        fit: list[Item] = []
        for item in batch.items:
            try:
                fit.append(_fitted(self._shapes[batch.resource], item, facts))
            except RejectedError as error:
                receipts.append(failed(item, error))
        if batch.resource == _VARIANTS:
            fit, refused = self._parents.given(fit, batch.send_by)
            receipts += refused
        if fit:
            written = self._inner.write(msgspec.structs.replace(batch, items=fit))
            receipts += [self._receipt(batch.resource, one) for one in written]
        return settled(receipts)

    def close(self) -> None:
        """Let connections go."""
        self._inner.close()

    # --- records ----------------------------------------------------------------

    def _record(self, resource: str, record: Record) -> Record:
        shape = self._shapes[resource]
        if not shape.differs:
            return record
        try:
            return msgspec.structs.replace(record, raw=shape.shown([record.raw], self._shop.facts)[0])
        except ValueError as error:
            what = f"{self._shop.system} shows {resource} {record.key} as nothing that Vendure shows: {error}."
            raise TransientError(what) from error

    def _receipt(self, resource: str, receipt: Receipt) -> Receipt:
        shape = self._shapes[resource]
        if receipt.raw is None or not shape.differs:
            return receipt
        try:
            return msgspec.structs.replace(receipt, raw=shape.shown([receipt.raw], self._shop.facts)[0])
        except (SynclineError, ValueError):  # the write stands; the hub reads the record when it needs it
            return msgspec.structs.replace(receipt, raw=None)


def _fitted(shape: Shape, item: Item, facts: Facts) -> Item:
    if item.op in {Op.DELETE, Op.ARCHIVE}:
        return item
    return msgspec.structs.replace(item, fields=shape.sent(item, facts))
