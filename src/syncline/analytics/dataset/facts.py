"""What analyses begin with: expressions over the tables of a dataset, the same on every engine that Ibis speaks to.

Each takes the backend that holds the tables of `schema` and gives an expression; nothing is computed before it is asked
for. Products and customers are named by their eid (`product`, `customer`). Money is in the currency of its row, which
stands beside it: rows in several currencies are never added up here.
"""

from __future__ import annotations

from collections.abc import Callable

import ibis
from ibis import _
from ibis.backends import BaseBackend
from ibis.expr.types import NumericValue, Table

DROPPED = ("cancelled", "draft")  #: states of an order that is no demand
SHIPPED = ("shipped", "delivered", "invoiced", "paid")
_PERCENT = 100.0
_DAY, _HOUR = 86_400.0, 3_600.0  # [s]


def order_lines(data: BaseBackend) -> Table:
    """One line of an order that somebody wants: who, what, how much, for how much, and when.

    order, number, line, customer, product, state, ordered_on, requested_date, promise_date, quantity [of the product's
    unit, less what was cancelled], open_quantity [not shipped yet], revenue [currency], currency.
    """
    orders, lines = data.table("sales_order"), data.table("sales_order_lines")
    head = orders.select(
        order=_.eid, order_number=_.number, customer=_.customer, state=_.state, ordered_on=_.ordered_on,
        wanted_on=_.requested_date, promised_on=_.promise_date, currency=_.currency, channel=_.channel,
        order_discount=_.discount,
    )  # fmt: skip
    quantity = lines.quantity - lines.cancelled_quantity.fill_null(0.0)
    line = lines.select(
        eid=_.eid, line=_.number, product=_.product, quantity=quantity, price=_.price, discount=_.discount,
        amount=_.amount, line_state=_.state, shipped_quantity=_.shipped_quantity.fill_null(0.0),
        line_wanted_on=_.requested_date, line_promised_on=_.promise_date,
    )  # fmt: skip
    both = head.inner_join(line, head.order == line.eid)
    wanted = both.filter(
        ~_.state.fill_null("").isin(DROPPED), _.line_state.fill_null("") != "cancelled",
        _.product.notnull(), _.ordered_on.notnull(), _.quantity.notnull(),
    )  # fmt: skip
    over = _.state.fill_null("").isin(SHIPPED) | _.line_state.fill_null("").isin(SHIPPED)
    left = ibis.greatest(_.quantity - _.shipped_quantity, 0.0)
    worth = _.quantity * _.price * (1 - _.discount.fill_null(0.0) / _PERCENT)
    return wanted.select(
        order=_.order, number=_.order_number, line=_.line, customer=_.customer, product=_.product, state=_.state,
        channel=_.channel, ordered_on=_.ordered_on,
        requested_date=ibis.coalesce(_.line_wanted_on, _.wanted_on),
        promise_date=ibis.coalesce(_.line_promised_on, _.promised_on),
        quantity=_.quantity, open_quantity=ibis.ifelse(over, 0.0, left),
        revenue=ibis.coalesce(_.amount, worth) * (1 - _.order_discount.fill_null(0.0) / _PERCENT), currency=_.currency,
    )  # fmt: skip


def daily_demand(data: BaseBackend) -> Table:
    """What was ordered of a product on a day: product, day, quantity, revenue, currency, lines, customers."""
    return (
        order_lines(data)
        .group_by(product=_.product, day=_.ordered_on, currency=_.currency)
        .agg(quantity=_.quantity.sum(), revenue=_.revenue.sum(), lines=_.count(), customers=_.customer.nunique())
    )


def purchases(data: BaseBackend) -> Table:
    """What a customer bought with one order: customer, order, day, revenue [currency], currency, products."""
    bought = order_lines(data).filter(_.customer.notnull())
    return bought.group_by(customer=_.customer, order=_.order, day=_.ordered_on, currency=_.currency).agg(
        revenue=_.revenue.sum(), products=_.product.nunique()
    )


def recency(data: BaseBackend) -> Table:
    """Per customer and currency: first_day, last_day, orders, revenue [currency]."""
    return (
        purchases(data)
        .group_by(customer=_.customer, currency=_.currency)
        .agg(first_day=_.day.min(), last_day=_.day.max(), orders=_.order.nunique(), revenue=_.revenue.sum())
    )


def pipeline(data: BaseBackend) -> Table:
    """What open opportunities may bring: opportunity, customer, product, stage, probability [0..1], quantity.

    `closes_on` is the day on which it will be decided, `wanted_on` the one on which the goods are wanted.
    """
    chances, lines = data.table("opportunity"), data.table("opportunity_lines")
    head = chances.filter(_.state == "open").select(
        opportunity=_.eid, number=_.number, customer=_.customer, stage=_.stage, stage_since=_.stage_since,
        opened_on=_.opened_on, owner=_.owner, probability=_.probability / _PERCENT, closes_on=_.expected_close_on,
        requested=_.requested_date, currency=_.currency,
    )  # fmt: skip
    line = lines.select(
        eid=_.eid, line=_.number, product=_.product, quantity=_.quantity, price=_.price,
        discount=_.discount.fill_null(0.0), line_requested=_.requested_date,
    )  # fmt: skip
    both = head.inner_join(line, head.opportunity == line.eid).filter(_.product.notnull(), _.quantity.notnull())
    return both.select(
        "opportunity", "number", "line", "customer", "product", "stage", "stage_since", "opened_on", "owner",
        "probability", "closes_on", "quantity", "currency",
        wanted_on=ibis.coalesce(_.line_requested, _.requested, _.closes_on),
        price=_.price * (1 - _.discount / _PERCENT),
    )  # fmt: skip


def stock(data: BaseBackend) -> Table:
    """What is there of a product, over all sites: product, on_hand, reserved, blocked, available, incoming."""

    def told(name: str) -> NumericValue:
        return _[name].fill_null(0.0)

    levels = data.table("stock_level").filter(_.product.notnull())
    free = ibis.coalesce(_.available, told("on_hand") - told("reserved") - told("blocked"))
    return levels.group_by(product=_.product).agg(
        on_hand=told("on_hand").sum(), reserved=told("reserved").sum(), blocked=told("blocked").sum(),
        available=free.sum(), incoming=told("incoming").sum(), sites=_.site.nunique(),
    )  # fmt: skip


def receipts(data: BaseBackend) -> Table:
    """One line of a purchase order: what was ordered, promised, and came.

    purchase_order, supplier, product, state, ordered_on, promise_date, received_on [null while it is open], quantity,
    received_quantity, rejected_quantity, lead_time [d, from order to receipt].
    """
    orders, lines = data.table("purchase_order"), data.table("purchase_order_lines")
    head = orders.filter(~_.state.fill_null("").isin(DROPPED)).select(
        purchase_order=_.eid, number=_.number, supplier=_.supplier, state=_.state, ordered_on=_.ordered_on,
        promised_on=_.promise_date, arrived_on=_.received_on,
    )  # fmt: skip
    line = lines.select(
        eid=_.eid, line=_.number, product=_.product, quantity=_.quantity, received_quantity=_.received_quantity,
        rejected_quantity=_.rejected_quantity, line_promised_on=_.promise_date, line_arrived_on=_.received_on,
        price=_.price,
    )  # fmt: skip
    both = head.inner_join(line, head.purchase_order == line.eid).filter(_.product.notnull(), _.ordered_on.notnull())
    dated = both.mutate(received_on=ibis.coalesce(_.line_arrived_on, _.arrived_on))
    return dated.select(
        "purchase_order", "number", "line", "supplier", "product", "state", "ordered_on", "received_on", "quantity",
        "price",
        promise_date=ibis.coalesce(_.line_promised_on, _.promised_on),
        received_quantity=ibis.coalesce(_.received_quantity, ibis.ifelse(_.received_on.notnull(), _.quantity, 0.0)),
        rejected_quantity=_.rejected_quantity.fill_null(0.0),
        lead_time=_.received_on.delta(_.ordered_on, unit="day").cast("float64"),
    )  # fmt: skip


def components(data: BaseBackend) -> Table:
    """What an assembly is made of: component, quantity [for one of it], scrap [0..1], valid_from, valid_until."""
    bills, parts = data.table("bill_of_materials"), data.table("bill_of_materials_components")
    held = bills.filter(_.product.notnull(), ~_.state.fill_null("").isin(("draft", "retired")))
    head = held.select(
        bill=_.eid, assembly=_.product, makes=_.quantity.fill_null(1.0), lead_time=_.lead_time,
        bill_from=_.valid_from, bill_until=_.valid_until,
    )  # fmt: skip
    part = parts.select(
        eid=_.eid, line=_.number, component=_.product, quantity=_.quantity, scrap=_.scrap.fill_null(0.0) / _PERCENT,
        part_from=_.valid_from, part_until=_.valid_until,
    )  # fmt: skip
    both = head.inner_join(part, head.bill == part.eid).filter(_.component.notnull(), _.makes > 0)
    return both.select(
        "assembly", "component", "line", "scrap", "lead_time", quantity=_.quantity / _.makes,
        valid_from=ibis.coalesce(_.part_from, _.bill_from), valid_until=ibis.coalesce(_.part_until, _.bill_until),
    )  # fmt: skip


def sources(data: BaseBackend) -> Table:
    """Who supplies what: supplier, product, price [currency], lead_time [d], minimum_order, order_multiple."""
    suppliers, offers = data.table("supplier"), data.table("supplier_products")
    head = suppliers.filter(~_.blocked.fill_null(False)).select(  # noqa: FBT003  the value itself
        supplier=_.eid, name=_.name, usual_lead_time=_.lead_time, currency=_.currency
    )
    offer = offers.filter(_.product.notnull())
    both = head.inner_join(offer, head.supplier == offer.eid)
    return both.select(
        "supplier", "name", "product", "price", "currency", "minimum_order", "order_multiple", "preferred",
        lead_time=ibis.coalesce(_.lead_time, _.usual_lead_time),
    )  # fmt: skip


def work(data: BaseBackend) -> Table:
    """Work orders: product, state, quantity, completed, scrap, due_on, lead_time [d, from start to end]."""
    return data.table("work_order").select(
        work_order=_.eid, number=_.number, product=_.product, sales_order=_.sales_order, order_line=_.order_line,
        work_centre=_.work_centre, state=_.state, quantity=_.quantity, completed=_.completed_quantity.fill_null(0.0),
        scrap=_.scrap_quantity.fill_null(0.0), due_on=_.due_on, promise_date=_.promise_date,
        started_at=_.started_at, ended_at=_.ended_at,
        lead_time=(_.ended_at.epoch_seconds() - _.started_at.epoch_seconds()).cast("float64") / _DAY,
    )  # fmt: skip


def service(data: BaseBackend) -> Table:
    """Service cases: customer, product, kind, opened_at, resolved_at, hours [h, until resolved], satisfaction."""
    return data.table("service_case").filter(_.customer.notnull()).select(
        "customer", "product", "kind", "state", "opened_at", "resolved_at", "satisfaction",
        hours=(_.resolved_at.epoch_seconds() - _.opened_at.epoch_seconds()).cast("float64") / _HOUR,
    )  # fmt: skip


#: every expression, by name
FACTS: dict[str, Callable[[BaseBackend], Table]] = {
    one.__name__: one
    for one in (
        order_lines, daily_demand, purchases, recency, pipeline, stock, receipts, components, sources, work, service
    )
}  # fmt: skip
