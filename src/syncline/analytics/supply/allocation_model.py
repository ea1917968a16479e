"""The linear program of an allocation.

Columns: X, what a group of equal lines gets; s[product, due, period], what is shipped; y, what is made; f, what is
kept; and one for fairness. Rows: shipments are what the groups get; no more of an item is used than there is. The link
s keeps the program small: its rows grow with products and periods, not with lines.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np

from syncline.analytics.supply.allocation_case import Case
from syncline.analytics.supply.linear_program import Blocks, Floats, Whole

_LEAST = 1e-12


class Groups(NamedTuple):
    """Lines of one product, due, customer (where that counts) and unit value are one group."""

    of_line: Whole
    kind: Whole  #: by group, the place of its (product, due)
    customer: Whole
    worth: Floats  #: of one unit, weighted [money]
    qty: Floats
    product: Whole  #: by kind
    due: Whole  #: by kind


class Model(NamedTuple):
    """The program, and where it keeps what is read from its solution."""

    blocks: Blocks
    groups: Groups
    group: Whole  #: columns, by group
    shipped: Whole  #: columns, kinds x periods; -1 before it is due
    balance: Whole  #: rows, items x periods
    hours: Whole  #: rows, work centres x periods
    promised: Whole  #: rows, in the order of the promises


def model_of(case: Case, fairness: float, late_loss: float, promises: Mapping[str, float]) -> Model:
    """The program of a case; `promises` are the least shares of customers."""
    blocks, count = Blocks(), len(case.periods)
    groups = _groups(case, apart=bool(fairness or promises))
    group = blocks.add_columns(-(1 - fairness) * groups.worth, groups.qty)
    shipped = _shipments(blocks, groups, group, (1 - fairness) * late_loss, count)
    balance, made = _balance(case, blocks, groups, shipped)
    hours = blocks.add_rows(case.hours.ravel()).reshape(case.hours.shape)
    blocks.put(hours[case.used].ravel(), made[case.users].ravel(), np.repeat(case.use, count))
    if fairness:
        _worst(case, blocks, groups, group, fairness)
    return Model(blocks, groups, group, shipped, balance, hours, _promised(case, blocks, groups, group, promises))


def _groups(case: Case, *, apart: bool) -> Groups:
    lines, count = case.lines, len(case.periods)
    customer = lines.customer if apart else np.zeros_like(lines.customer)
    keys = np.column_stack([lines.product * count + lines.due, customer, lines.worth])
    unique, of_line = np.unique(keys, axis=0, return_inverse=True)
    kinds, kind = np.unique(unique[:, 0].astype(np.int64), return_inverse=True)
    qty: Floats = np.asarray(np.bincount(of_line.ravel(), lines.qty, len(unique)), float)
    return Groups(
        of_line.ravel(), kind, unique[:, 1].astype(np.int64), unique[:, 2], qty, kinds // count, kinds % count
    )


def _shipments(blocks: Blocks, groups: Groups, group: Whole, loss: float, count: int) -> Whole:
    """One column for each (product, due) and period from then on; a late one costs a share of the mean value."""
    kinds = len(groups.due)
    money = np.bincount(groups.kind, groups.qty * groups.worth, kinds) / np.maximum(
        np.bincount(groups.kind, groups.qty, kinds), _LEAST
    )
    late = np.arange(count)[None, :] - groups.due[:, None]
    shipped = np.full((kinds, count), -1)
    cost = (loss * money[:, None] * late)[late >= 0]
    shipped[late >= 0] = blocks.add_columns(cost, np.full(len(cost), np.inf))
    link = blocks.add_rows(np.zeros(kinds), equal=True)
    blocks.put(link[groups.kind], group, 1.0)
    blocks.put(np.broadcast_to(link[:, None], late.shape)[late >= 0], shipped[late >= 0], -1.0)
    return shipped


def _balance(case: Case, blocks: Blocks, groups: Groups, shipped: Whole) -> tuple[Whole, Whole]:
    """Used + shipped + kept - made - kept before <= supply, for every item and period."""
    items, count = case.supply.shape
    rows = blocks.add_rows(case.supply.ravel()).reshape(items, count)
    kept = _free(blocks, items, count - 1)
    blocks.put(rows[:, :-1].ravel(), kept.ravel(), 1.0)
    blocks.put(rows[:, 1:].ravel(), kept.ravel(), -1.0)
    there = shipped >= 0
    blocks.put(rows[groups.product][there], shipped[there], 1.0)
    makers = np.unique(np.concatenate([case.parents, case.users]))
    made = np.full((items, count), -1)
    made[makers] = _free(blocks, len(makers), count)
    blocks.put(rows[makers].ravel(), made[makers].ravel(), -1.0)
    blocks.put(rows[case.children].ravel(), made[case.parents].ravel(), np.repeat(case.needs, count))
    return rows, made


def _free(blocks: Blocks, height: int, width: int) -> Whole:
    return blocks.add_columns(np.zeros(height * width), np.full(height * width, np.inf)).reshape(height, width)


def _worst(case: Case, blocks: Blocks, groups: Groups, group: Whole, fairness: float) -> None:
    """The fill of the customer who gets least, as money of all orders."""
    wanted: Floats = np.asarray(np.bincount(case.lines.customer, case.lines.qty, len(case.customers)), float)
    worst = blocks.add_columns(np.array([-fairness * float(np.dot(case.lines.qty, case.lines.worth))]), np.ones(1))
    rows = blocks.add_rows(np.zeros(len(case.customers)))
    blocks.put(rows, np.repeat(worst, len(rows)), wanted)
    blocks.put(rows[groups.customer], group, -1.0)


def _promised(case: Case, blocks: Blocks, groups: Groups, group: Whole, promises: Mapping[str, float]) -> Whole:
    """At least its share for each customer to whom one is promised."""
    wanted = np.bincount(case.lines.customer, case.lines.qty, len(case.customers))
    named = np.array([case.customers.index(name) for name in promises], np.int64)
    rows = blocks.add_rows(-np.array(list(promises.values()), float) * wanted[named])
    row_of = np.full(len(case.customers), -1)
    row_of[named] = rows
    told = row_of[groups.customer] >= 0
    blocks.put(row_of[groups.customer][told], group[told], -1.0)
    return rows
