"""What is bought together more often than chance: rules "who buys these also buys that", with their significance.

Baskets are bit sets, one for each product, so that the count of a set is the number of bits in an intersection; sets
grow by one product at a time, depth first, as long as they are frequent.

Sources:
    Agrawal & Srikant, Fast algorithms for mining association rules, VLDB 1994; Zaki, Scalable algorithms for
    association mining, IEEE TKDE 12 (2000) 372-390; Benjamini & Yekutieli, The control of the false discovery rate
    under dependency, Annals of Statistics 29 (2001) 1165-1188, for rules share baskets.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa
from scipy import stats

from syncline.analytics.interaction.purchases import Floats
from syncline.analytics.tables import ALWAYS, Column, Layout, asked, made
from syncline.errors import RejectedError

BASKETS = Layout(
    row="one product in one basket",
    columns=(Column("basket", pa.string(), available_at=ALWAYS), Column("product", pa.string(), available_at=ALWAYS)),
)
RULES = Layout(
    row="one rule: who buys these also buys that",
    columns=(
        Column("these", pa.list_(pa.string())),
        Column("that", pa.string()),
        Column("count", pa.int64()),  # baskets with all of them
        Column("support", pa.float64()),  # share of all baskets
        Column("confidence", pa.float64()),  # share of the baskets with these
        Column("lift", pa.float64()),  # confidence over the share of that alone
        Column("leverage", pa.float64()),  # support above that of chance
        Column("p_value", pa.float64()),  # of so many by chance (Fisher, one-sided)
        Column("q_value", pa.float64()),  # share of false rules among those up to this one, at most
    ),
)
_NEAR = 1e-9  #: two shares so near are equal: 0.5 is reached by 5 of 10 whatever the computer's last digit says
_MOST_SETS = 500_000

Items = tuple[int, ...]


def basket_rules(tx: pa.Table, min_support: float, min_conf: float, max_len: int | None = 3) -> pa.Table:
    """Rules with one product on their right side, the most significant first.

    support = n(these and that) / N; confidence = support / support(these); lift = confidence / support(that);
    leverage = support - support(these) x support(that). A share is reached when it is 1e-9 near.

    Args:
        tx: As `BASKETS`; a product counts once in a basket.
        min_support: Share of the baskets, above 0, at most 1.
        min_conf: Share of the baskets with the left side, 0..1.
        max_len: Products in a rule, both sides; None: any number.

    Raises:
        SetupError: a column is missing.
        RejectedError: a share is out of its range, or so small that too many sets are frequent.

    >>> sold = {"b1": "tea milk", "b2": "tea milk", "b3": "tea", "b4": "rice", "b5": "rice milk tea"}
    >>> lines = [(basket, product) for basket in sold for product in sold[basket].split()]
    >>> tx = pa.table({"basket": [one for one, _ in lines], "product": [one for _, one in lines]})
    >>> rule = basket_rules(tx, 0.4, 0.9).to_pylist()[0]
    >>> rule["these"], rule["that"], rule["count"], rule["confidence"], round(rule["lift"], 2)
    (['milk'], 'tea', 3, 1.0, 1.25)
    """
    _check(min_support, min_conf, max_len)
    table = asked(BASKETS, tx, name="baskets")
    names, sets, total = _bits(table)
    least = max(1, math.ceil(min_support * total - _NEAR))
    counts = dict(_frequent(sets, least, max_len or len(names)))
    rules = [
        (these, that, count)
        for items, count in counts.items()
        if len(items) > 1
        for place, that in enumerate(items)
        if count / counts[these := (*items[:place], *items[place + 1 :])] >= min_conf - _NEAR
    ]
    return _table(rules, counts, names, total)


def _check(min_support: float, min_conf: float, max_len: int | None) -> None:
    if not 0 < min_support <= 1 or not 0 <= min_conf <= 1:
        raise RejectedError(
            f"A support of {min_support} and a confidence of {min_conf} are no shares.",
            cure="Write 0.001 for one basket in a thousand; a support is above 0.",
        )
    if max_len is not None and max_len < 2:  # noqa: PLR2004  a rule has two sides
        raise RejectedError("A rule has two products at least.", cure="Take a max_len of 2 or more.")


def _bits(table: pa.Table) -> tuple[list[str], list[int], int]:
    """The products, the baskets of each as bits, and the number of baskets."""
    baskets, of = np.unique(table.column("basket").to_numpy(zero_copy_only=False).astype(str), return_inverse=True)
    names, product = np.unique(table.column("product").to_numpy(zero_copy_only=False).astype(str), return_inverse=True)
    order = np.argsort(product, kind="stable")
    bounds = np.searchsorted(product[order], np.arange(len(names) + 1))
    sets = []
    for low, high in zip(bounds[:-1].tolist(), bounds[1:].tolist(), strict=True):
        marks = np.zeros(len(baskets), dtype=bool)
        marks[of[order[low:high]]] = True
        sets.append(int.from_bytes(np.packbits(marks, bitorder="little").tobytes(), "little"))
    return names.tolist(), sets, len(baskets)


def _frequent(sets: Sequence[int], least: int, longest: int) -> Iterator[tuple[Items, int]]:
    """Every set of products that is in enough baskets, with how many; products in rising order."""
    single = [(item, bits) for item, bits in enumerate(sets) if bits.bit_count() >= least]
    waiting: list[tuple[Items, list[tuple[int, int]]]] = [((), single)]
    found = 0
    while waiting:
        prefix, rest = waiting.pop()
        for place, (item, bits) in enumerate(rest):
            items = (*prefix, item)
            yield items, bits.bit_count()
            found += 1
            if found > _MOST_SETS:
                raise RejectedError(
                    f"More than {_MOST_SETS} sets of products are in {least} baskets or more.",
                    cure="Ask for a higher support, or for shorter rules.",
                )
            if len(items) < longest:
                both = [
                    (other, more)
                    for other, bits_of in rest[place + 1 :]
                    if (more := bits & bits_of).bit_count() >= least
                ]
                if both:
                    waiting.append((items, both))


def _table(
    rules: Sequence[tuple[Items, int, int]], counts: dict[Items, int], names: Sequence[str], total: int
) -> pa.Table:
    both = np.array([count for _, _, count in rules], dtype=np.float64)
    these = np.array([counts[left] for left, _, _ in rules], dtype=np.float64)
    that = np.array([counts[(right,)] for _, right, _ in rules], dtype=np.float64)
    p = np.asarray(stats.hypergeom.sf(both - 1, total, these, that), dtype=np.float64) if rules else both
    left = [[names[item] for item in items] for items, _, _ in rules]
    right = [names[item] for _, item, _ in rules]
    columns = {
        "these": left,
        "that": right,
        "count": both,
        "support": both / total if rules else both,
        "confidence": both / these,
        "lift": both * total / (these * that),
        "leverage": both / total - these * that / total**2 if rules else both,
        "p_value": p,
        "q_value": q_values(p),
    }
    order = sorted(range(len(rules)), key=lambda row: (p[row], -both[row], left[row], right[row]))
    return made(RULES, columns).take(pa.array(order, pa.int64()))


def q_values(p: Floats) -> Floats:
    """For each test the least share of false discoveries at which it is one (Benjamini & Yekutieli).

    >>> q_values(np.array([0.01, 0.02, 0.9])).round(3).tolist()
    [0.055, 0.055, 1.0]
    """
    count = len(p)
    order = np.argsort(p)
    harmonic = float(np.sum(1 / np.arange(1, count + 1)))
    scaled = p[order] * count * harmonic / np.arange(1, count + 1)
    least = np.minimum(np.minimum.accumulate(scaled[::-1])[::-1], 1.0)
    found = np.empty(count)
    found[order] = least
    return found
