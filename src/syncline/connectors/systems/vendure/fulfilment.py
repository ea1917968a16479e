"""Sending an order on its way: the goods that are left become a fulfilment, and fulfilments move on.

Vendure moves step by step and refuses a step that was taken before. So each try looks at the order first, and does what
is left to do: repeated, it does nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping

import msgspec

from syncline.connectors.protocols.answers import Result, failed
from syncline.connectors.protocols.graphql_options import Operation
from syncline.connectors.systems.vendure.shop import Shop
from syncline.errors import DoubtError, RejectedError, SynclineError, TransientError
from syncline.model.page import Item, Op, Outcome, Receipt

_STEPS = ("Pending", "Shipped", "Delivered")
_WRITTEN = {"fulfillment", "trackingCode"}
_LOOK = Operation(
    field="order(id: $id)",
    variables={"id": "ID!"},
    select="state active lines { id quantity } fulfillments { id state trackingCode lines { orderLineId quantity } }",
)
_SEND = Operation(
    field="addFulfillmentToOrder(input: $input)",
    variables={"input": "FulfillOrderInput!"},
    select="__typename ... on Fulfillment { id state } ... on ErrorResult { errorCode message }",
)
_MOVE = Operation(
    field="transitionFulfillmentToState(id: $id, state: $state)",
    variables={"id": "ID!", "state": "String!"},
    select="__typename ... on Fulfillment { id state } ... on ErrorResult { errorCode message }",
)


class _Line(msgspec.Struct, frozen=True):
    id: str
    quantity: int


class _Packed(msgspec.Struct, frozen=True, rename="camel"):
    order_line_id: str
    quantity: int


class _Parcel(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    state: str
    tracking_code: str | None
    lines: list[_Packed]


class _Order(msgspec.Struct, frozen=True):
    state: str
    active: bool
    lines: list[_Line]
    fulfillments: list[_Parcel] | None


class Fulfilment:
    """The writing half of orders."""

    def __init__(self, shop: Shop, method: str) -> None:
        self._shop = shop
        self._method = method  #: by which the goods travel, in the shop's words

    def write(self, item: Item, send_by: float) -> Result:
        """Bring one order as far as the item says."""
        is_begun = False
        try:
            target, code = _asked(item)
            order = self._look(item.key)
            if order is None or order.active:
                return Receipt(ref=item.ref, outcome=Outcome.GONE, key=item.key)
            parcels = [one for one in order.fulfillments or () if one.state != "Cancelled"]
            left = _left(order, parcels)
            _check(order, parcels, target, code, left)
            states = {one.id: one.state for one in parcels}
            if left:
                made = self._send(left, code, send_by)
                is_begun, states[made.id] = True, made.state
            for key, state in states.items():
                for step in _steps(state, target):
                    self._run(_MOVE, {"id": key, "state": step}, send_by)
                    is_begun = True
        except SynclineError as error:
            is_half_done = is_begun and isinstance(error, TransientError)  # the next try looks, and does the rest
            return failed(item, DoubtError(str(error)) if is_half_done else error)
        return Receipt(ref=item.ref, outcome=Outcome.DONE, key=item.key)

    def _look(self, key: str) -> _Order | None:
        return msgspec.json.decode(self._shop.read(_LOOK, {"id": key}), type=_Order | None)

    def _send(self, left: Mapping[str, int], code: str, send_by: float) -> _Made:
        arguments = [{"name": "method", "value": self._method}, {"name": "trackingCode", "value": code}]
        lines = [{"orderLineId": line, "quantity": count} for line, count in left.items()]
        given = {"lines": lines, "handler": {"code": "manual-fulfillment", "arguments": arguments}}
        return self._run(_SEND, {"input": given}, send_by)

    def _run(self, operation: Operation, values: Mapping[str, object], send_by: float) -> _Made:
        shown = msgspec.json.decode(self._shop.run(operation, values, send_by), type=_Made)
        if shown.kind != "Fulfillment":
            raise RejectedError(f"{self._shop.system}: {shown.message} ({shown.kind}).")
        return shown


class _Made(msgspec.Struct, frozen=True):
    kind: str = msgspec.field(name="__typename")
    id: str = ""
    state: str = ""
    message: str = ""


def _asked(item: Item) -> tuple[str, str]:
    """The state to reach, "" for none, and the parcel's number; RejectedError for everything else."""
    others = sorted(set(item.fields) - _WRITTEN)
    if item.op is not Op.UPDATE or others:
        what = f"orders.{others[0]} is the shop's own" if others else "Orders are made and ended in the shop"
        raise RejectedError(f"{what}.", cure="Of an order, let mappings write fulfillment and trackingCode alone.")
    target = item.fields.get("fulfillment", "")
    if target is None:
        raise RejectedError("An order cannot be taken back from its way.", cure="Cancel the fulfilment in the shop.")
    if target not in {"", *_STEPS}:
        raise RejectedError(f"fulfillment cannot be written as {target!r}.", cure=f"One of {', '.join(_STEPS)}.")
    return str(target), str(item.fields.get("trackingCode") or "")


def _left(order: _Order, parcels: list[_Parcel]) -> Mapping[str, int]:
    packed: Counter[str] = Counter()
    for parcel in parcels:
        packed.update({line.order_line_id: line.quantity for line in parcel.lines})
    left = {line.id: line.quantity - packed[line.id] for line in order.lines}
    return {line: count for line, count in left.items() if count > 0}


def _check(order: _Order, parcels: list[_Parcel], target: str, code: str, left: Mapping[str, int]) -> None:
    far = _STEPS.index(target) if target else len(_STEPS)
    ahead = [one.state for one in parcels if one.state in _STEPS and _STEPS.index(one.state) > far]
    if ahead:
        raise RejectedError(f"Of this order goods are {ahead[0]}, and cannot become {target}.")
    if code and not left and code not in {one.tracking_code for one in parcels}:
        raise RejectedError("The goods have a number of their parcel, which Vendure never changes.")
    if not order.lines:
        raise RejectedError(f"This order has no lines; it is {order.state}.")


def _steps(state: str, target: str) -> tuple[str, ...]:
    """The states on the way, the last one included.

    >>> _steps("Pending", "Delivered")
    ('Shipped', 'Delivered')
    """
    begin = _STEPS.index(state) if state in _STEPS else 0
    return _STEPS[begin + 1 : _STEPS.index(target) + 1] if target else ()
