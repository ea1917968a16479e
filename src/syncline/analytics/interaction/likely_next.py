"""What a customer may buy next: what those bought who have the same, each product with what it is concluded from.

The likeness of two products is the cosine of who bought them, shrunk for the little known:
n(both) / (sqrt(n(one) n(other)) + 20). A product's score is the sum over what the customer has. For repeats the score
is how often the customer bought it.

Source:
    Sarwar et al., Item-based collaborative filtering recommendation algorithms, WWW 2001; shrinkage: Bell & Koren,
    ICDM 2007.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Literal, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse

from syncline.analytics.interaction.purchases import LINES, Floats, Places
from syncline.analytics.tables import ALWAYS, Column, Layout, asked, made
from syncline.errors import RejectedError

Mode = Literal["new", "repeat"]

STOCK = Layout(
    row="one product",
    columns=(
        Column("product", pa.string(), available_at=ALWAYS),
        Column("available", pa.float64(), unit="unit"),  # that can be promised now
        Column("promise_date", pa.date32(), nullable=True),  # the day on which one can be there; null: nobody knows
        Column("margin", pa.float64(), unit="money", nullable=True),  # of one unit; null: nobody knows
    ),
)
NEXT = Layout(
    row="one product for one customer",
    columns=(
        Column("customer", pa.string()),
        Column("rank", pa.int64()),
        Column("product", pa.string()),
        Column("score", pa.float64()),  # comparable within one customer only
        Column("because_of", pa.list_(pa.string())),  # what the customer has, most telling first
        Column("in_stock", pa.bool_()),
        Column("promise_date", pa.date32(), nullable=True),
        Column("margin", pa.float64(), unit="money", nullable=True),
    ),
)
_SHRINK = 20.0  #: buyers that are taken off the trust in a likeness
_BECAUSE = 3  #: reasons
_CHUNK = 500  #: customers at a time


class Bought(NamedTuple):
    """Who bought what, how often."""

    customers: list[str]
    products: list[str]
    times: sparse.csr_matrix  #: customer x product


def next_best_product(
    tx: pa.Table,
    stock: pa.Table,
    as_of: date,
    *,
    customers: Sequence[str] | None = None,
    k: int = 10,
    mode: Mode = "new",
) -> pa.Table:
    """The `k` best products for each customer, best first; none that loses money, none that nobody can promise.

    Args:
        tx: As `LINES`; what is later than `as_of` is not looked at.
        stock: As `STOCK`: only these products are offered.
        as_of: The day of the advice.
        customers: Those asked about; None: all.
        k: 1 to 100.
        mode: "new": what the customer never bought; "repeat": what they did.

    Raises:
        SetupError: a column is missing.
        RejectedError: `k` is out of range, or a customer is not among the lines.

    >>> day = date(2026, 1, 1)
    >>> sold = [("a", "tea"), ("a", "cup"), ("b", "tea"), ("b", "cup"), ("c", "tea"), ("c", "rice"), ("d", "tea")]
    >>> tx = pa.table({"customer": [c for c, _ in sold], "order": [c for c, _ in sold],
    ...                "product": [p for _, p in sold], "day": [day] * len(sold)})
    >>> stock = pa.table({"product": ["cup", "rice"], "available": [5.0, 0.0], "promise_date": [day, date(2026, 2, 1)],
    ...                   "margin": [2.0, 1.0]})
    >>> [(row["product"], row["because_of"], row["in_stock"])
    ...  for row in next_best_product(tx, stock, day, customers=["d"]).to_pylist()]
    [('cup', ['tea'], True), ('rice', ['tea'], False)]
    """
    if not 1 <= k <= 100:  # noqa: PLR2004  more is a catalogue
        raise RejectedError(f"{k} is no number of products to offer.", cure="Take 1 to 100.")
    bought = bought_until(tx, as_of)
    offered = _offered(asked(STOCK, stock, name="stock"), bought.products)
    rows = _rows(bought, customers)
    alike = likeness(bought.times) if mode == "new" else None
    told: list[tuple[str, int, int, float, list[str]]] = []
    for start in range(0, len(rows), _CHUNK):
        told += _advice(bought, alike, rows[start : start + _CHUNK], offered, k)
    return _table(told, bought.products, stock)


def bought_until(tx: pa.Table, as_of: date) -> Bought:
    """Who bought what until a day."""
    lines = asked(LINES, tx, name="lines")
    lines = lines.filter(pc.less_equal(lines.column("day"), pa.scalar(as_of, pa.date32())))
    if not len(lines):
        raise RejectedError(f"Nothing was bought until {as_of}.", cure="Give earlier lines, or a later day.")
    once = lines.select(["customer", "order", "product"]).group_by(["customer", "order", "product"]).aggregate([])
    texts = [once.column(name).to_numpy(zero_copy_only=False).astype(str) for name in ("customer", "product")]
    (customers, row), (products, column) = (np.unique(text, return_inverse=True) for text in texts)
    shape = (len(customers), len(products))
    return Bought(
        customers.tolist(), products.tolist(), sparse.csr_matrix((np.ones(len(row)), (row, column)), shape=shape)
    )


def likeness(times: sparse.csr_matrix) -> sparse.csr_matrix:
    """Of each two products, by who bought them, 0..1; 0 with itself."""
    who = (times > 0).astype(np.float64)
    both = (who.T @ who).tocoo()
    buyers = np.asarray(who.sum(axis=0)).ravel()
    apart = both.row != both.col
    row, column = both.row[apart], both.col[apart]
    value = both.data[apart] / (np.sqrt(buyers[row] * buyers[column]) + _SHRINK)
    return sparse.csr_matrix((value, (row, column)), shape=both.shape)


def _offered(stock: pa.Table, products: Sequence[str]) -> Floats:
    """1 for the products that may be offered, by their place."""
    place = {name: at for at, name in enumerate(products)}
    may = np.zeros(len(products))
    for row in stock.to_pylist():
        loses = row["margin"] is not None and row["margin"] <= 0
        if row["product"] in place and not loses and (row["available"] > 0 or row["promise_date"] is not None):
            may[place[row["product"]]] = 1.0
    return may


def _rows(bought: Bought, customers: Sequence[str] | None) -> Places:
    if customers is None:
        return np.arange(len(bought.customers))
    place = {name: at for at, name in enumerate(bought.customers)}
    if missing := [name for name in customers if name not in place]:
        raise RejectedError(f"The customer {missing[0]} bought nothing yet.", cure="Leave out who has no orders.")
    return np.array([place[name] for name in customers], dtype=np.int64)


def _advice(
    bought: Bought, alike: sparse.csr_matrix | None, rows: Places, offered: Floats, k: int
) -> list[tuple[str, int, int, float, list[str]]]:
    """Customer, rank, product, score and reasons of some customers."""
    times = bought.times[rows]
    has = (times > 0).toarray()
    scores = times.toarray() if alike is None else ((times > 0).astype(np.float64) @ alike).toarray()
    scores = scores * offered * (has if alike is None else ~has)
    best = np.argsort(-scores, axis=1, kind="stable")[:, :k]
    told = []
    for at, row in enumerate(rows.tolist()):
        owned = np.flatnonzero(has[at])
        for rank, product in enumerate(best[at].tolist()):
            if scores[at, product] > 0:
                because = [bought.products[product]] if alike is None else _because(bought, alike, owned, product)
                told.append((bought.customers[row], rank + 1, product, float(scores[at, product]), because))
    return told


def _because(bought: Bought, alike: sparse.csr_matrix, owned: Places, product: int) -> list[str]:
    shares = alike[product, owned].toarray().ravel()
    best = np.argsort(-shares, kind="stable")[:_BECAUSE]
    return [bought.products[owned[at]] for at in best if shares[at] > 0]


def _table(
    told: Sequence[tuple[str, int, int, float, list[str]]], products: Sequence[str], stock: pa.Table
) -> pa.Table:
    known = {row["product"]: row for row in asked(STOCK, stock, name="stock").to_pylist()}
    of = [known[products[product]] for _, _, product, _, _ in told]
    return made(
        NEXT,
        {
            "customer": pa.array([row[0] for row in told], pa.string()),
            "rank": pa.array([row[1] for row in told], pa.int64()),
            "product": pa.array([products[row[2]] for row in told], pa.string()),
            "score": pa.array([row[3] for row in told], pa.float64()),
            "because_of": pa.array([row[4] for row in told], pa.list_(pa.string())),
            "in_stock": pa.array([row["available"] > 0 for row in of], pa.bool_()),
            "promise_date": pa.array([row["promise_date"] for row in of], pa.date32()),
            "margin": pa.array([row["margin"] for row in of], pa.float64()),
        },
    )
