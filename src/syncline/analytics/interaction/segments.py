"""Customers in groups that are alike in how they buy, each described in words.

Recency, frequency, money and time as a customer are put on one scale by their ranks, which no single large customer can
stretch; k-means groups them, with the number of groups whose members are most alike and least like others.

Sources:
    Lloyd, Least squares quantization in PCM, IEEE Trans. Information Theory 28 (1982); Rousseeuw, Silhouettes, Journal
    of Computational and Applied Mathematics 20 (1987) 53-65.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score

from syncline.analytics.interaction.purchases import Floats, Places, number_of, purchases_of
from syncline.analytics.tables import Column, Layout, made

SEGMENTS = Layout(
    row="one customer",
    columns=(Column("customer", pa.string()), Column("segment", pa.int64()), Column("description", pa.string())),
)
DESCRIBED = Layout(
    row="one segment",
    columns=(
        Column("segment", pa.int64()),  # 1 is the one that brings most
        Column("description", pa.string()),
        Column("customers", pa.int64()),
        Column("recency_d", pa.float64(), unit="d"),  # medians
        Column("frequency", pa.float64()),
        Column("amount", pa.float64(), unit="money"),  # of one purchase
        Column("age_d", pa.float64(), unit="d"),  # since the first purchase
        Column("share", pa.float64()),  # of all money, 0..1
    ),
)
_FEWEST = 30  #: customers; fewer are one segment
_MOST = 8  #: segments
_SAMPLE = 2000  #: customers by which the number of segments is chosen
_LEAST_APART = 0.25  #: silhouette; below it there are no segments to speak of
_HIGH, _LOW = 0.65, 0.35  #: ranks that are worth a word
_WORDS = (
    ("bought lately", "silent for long"),
    ("buy seldom", "buy often"),
    ("small purchases", "large purchases"),
    ("new", "customers for long"),
)


class Segments(NamedTuple):
    """Customers in groups, and the groups."""

    table: pa.Table  #: `SEGMENTS`
    described: pa.Table  #: `DESCRIBED`, the one that brings most first
    silhouette: float  #: -1..1, how well apart they are; 0 where there is one
    flag: str  #: in words why there is one only; "" when there are several


def customer_segments(tx: pa.Table, as_of: date, *, seed: int = 1) -> Segments:
    """Groups of customers that buy alike: how lately [d], how often, for how much [money], since when [d].

    Args:
        tx: As `PURCHASES`.
        as_of: Later purchases are not looked at.
        seed: Of the first centres.

    Raises:
        SetupError, RejectedError: see `purchases_of`.

    >>> rows = [(f"c{i}", date(2026, 1 + m, 1), 10.0) for i in range(40) for m in range(1 if i % 2 else 6)]
    >>> tx = pa.table({name: list(column) for name, column in zip(("customer", "day", "amount"), zip(*rows))})
    >>> for row in customer_segments(tx, date(2026, 6, 30)).described.to_pylist():
    ...     print(row["segment"], row["customers"], row["description"])
    1 20 bought lately, buy often
    2 20 silent for long, buy seldom
    """
    purchases = purchases_of(tx, as_of)
    first = purchases.first_row
    last = np.append(first[1:], len(purchases.of)) - 1
    count = (last - first + 1).astype(np.float64)
    money = np.add.reduceat(purchases.amount, first)
    end = number_of(as_of)
    facts = np.column_stack([end - purchases.day[last], count, money / count, end - purchases.day[first]]).astype(float)
    ranks = np.column_stack([_ranks(column) for column in facts.T])
    label, silhouette, flag = _grouped(ranks, seed)
    bring = np.bincount(label, money)
    label = np.argsort(np.argsort(-bring, kind="stable"), kind="stable")[label]
    groups = [np.flatnonzero(label == group) for group in range(int(label.max()) + 1)]
    words = [_words(ranks[rows].mean(axis=0)) for rows in groups]
    columns = {"customer": purchases.customers, "segment": label + 1, "description": [words[one] for one in label]}
    return Segments(made(SEGMENTS, columns), _described(groups, words, facts, money), silhouette, flag)


def _ranks(values: Floats) -> Floats:
    """0..1, equals in their middle; all 0.5 where nothing differs."""
    order = np.sort(values)
    middle = (np.searchsorted(order, values, "left") + np.searchsorted(order, values, "right")) / 2
    return np.asarray(middle / len(values), dtype=np.float64)


def _grouped(ranks: Floats, seed: int) -> tuple[Places, float, str]:
    """The group of each customer, how well apart the groups are, and why there is but one."""
    one = np.zeros(len(ranks), dtype=np.int64)
    unlike = len(np.unique(ranks, axis=0))
    if len(ranks) < _FEWEST or unlike < 2:  # noqa: PLR2004  two groups need two customers that differ
        return one, 0.0, f"Fewer than {_FEWEST} customers, or all buy alike: they are one segment."
    sample = ranks[np.random.default_rng(seed).permutation(len(ranks))[:_SAMPLE]]
    best, found = -1.0, 0
    for count in range(2, min(_MOST, unlike - 1, len(np.unique(sample, axis=0))) + 1):
        label = _means(count, seed).fit_predict(sample)
        apart = float(silhouette_score(sample, label))
        if apart > best + 0.01:
            best, found = apart, count
    if unlike == 2:  # noqa: PLR2004  each is a group
        best, found = 1.0, 2
    if best < _LEAST_APART:
        return one, 0.0, "Customers differ by degrees only: there are no segments to speak of."
    return _means(found, seed).fit_predict(ranks).astype(np.int64), best, ""


def _means(count: int, seed: int) -> KMeans:
    return KMeans(n_clusters=count, n_init=5, random_state=seed)


def _words(ranks: Floats) -> str:
    said = [words[int(rank > _HIGH)] for words, rank in zip(_WORDS, ranks, strict=True) if not _LOW <= rank <= _HIGH]
    return ", ".join(said) or "like most"


def _described(groups: Sequence[Places], words: Sequence[str], facts: Floats, money: Floats) -> pa.Table:
    medians = np.array([np.median(facts[rows], axis=0) for rows in groups])
    total = max(float(money.sum()), 1e-12)
    columns = {
        "segment": list(range(1, len(groups) + 1)),
        "description": list(words),
        "customers": [len(rows) for rows in groups],
        "share": [float(money[rows].sum()) / total for rows in groups],
    }
    return made(DESCRIBED, columns | dict(zip(("recency_d", "frequency", "amount", "age_d"), medians.T, strict=True)))
