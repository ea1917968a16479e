"""Rules: equal to a count by hand of every subset, and none where there is only chance."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from syncline.analytics.interaction.baskets import RULES, basket_rules
from syncline.errors import RejectedError, SetupError


def baskets(sold: list[set[str]]) -> pa.Table:
    rows = [(f"b{at}", product) for at, products in enumerate(sold) for product in sorted(products)]
    return pa.table({"basket": [b for b, _ in rows], "product": [p for _, p in rows]})


def by_hand(sold: list[set[str]], support: float, confidence: float) -> dict[tuple[tuple[str, ...], str], int]:
    names = sorted(set().union(*sold))
    found = {}
    for size in range(2, len(names) + 1):
        for items in combinations(names, size):
            both = sum(set(items) <= one for one in sold)
            for that in items:
                these = tuple(item for item in items if item != that)
                left = sum(set(these) <= one for one in sold)
                if both and both / len(sold) >= support - 1e-9 and both / left >= confidence - 1e-9:
                    found[these, that] = both
    return found


@given(
    sold=st.lists(st.sets(st.sampled_from("abcde"), min_size=1), min_size=1, max_size=12),
    support=st.sampled_from([0.1, 0.25, 0.5]),
    confidence=st.sampled_from([0.0, 0.5, 2 / 3, 1.0]),
)
def test_the_rules_are_those_that_a_count_by_hand_finds(sold: list[set[str]], support: float, confidence: float):
    rules = basket_rules(baskets(sold), support, confidence, max_len=None).to_pylist()

    assert {(tuple(row["these"]), row["that"]): row["count"] for row in rules} == by_hand(sold, support, confidence)


def test_the_figures_of_a_rule():
    sold = [{"a", "b"}] * 6 + [{"a"}] * 2 + [{"b"}] * 1 + [{"c"}] * 11

    rule = next(row for row in basket_rules(baskets(sold), 0.3, 0.7).to_pylist() if row["that"] == "b")

    assert (rule["support"], rule["confidence"], rule["lift"]) == pytest.approx((0.3, 0.75, 0.75 / 0.35))
    assert rule["leverage"] == pytest.approx(0.3 - 0.4 * 0.35)
    assert rule["p_value"] == pytest.approx(stats.fisher_exact([[6, 2], [1, 11]], alternative="greater").pvalue)
    assert rule["q_value"] >= rule["p_value"]


def test_a_share_that_is_just_reached_counts():
    sold = [{"a", "b"}] * 7 + [{"a"}] * 3

    assert basket_rules(baskets(sold), 0.7, 0.7).num_rows == 2
    assert basket_rules(baskets(sold), 0.1 * 7, 7 / 10).num_rows == 2


def test_where_there_is_only_chance_nothing_is_significant():
    random = np.random.default_rng(2)
    sold = [{f"p{item}" for item in np.flatnonzero(random.random(30) < 0.15)} | {"bag"} for _ in range(2000)]

    rules = basket_rules(baskets(sold), 0.005, 0.1, max_len=2).to_pylist()

    assert len(rules) > 400
    assert [row for row in rules if row["q_value"] < 0.05] == []


def test_a_product_counts_once_in_a_basket():
    table = pa.table({"basket": ["1", "1", "1"], "product": ["a", "a", "b"]})

    assert basket_rules(table, 0.5, 0.5).column("count").to_pylist() == [1, 1]


def test_without_rules_the_table_is_empty_and_as_promised():
    table = basket_rules(baskets([{"a"}, {"b"}]), 0.5, 0.5)

    assert table.num_rows == 0
    assert table.schema.equals(RULES.schema, check_metadata=True)
    assert basket_rules(baskets([{"a"}]).slice(0, 0), 0.5, 0.5).num_rows == 0


def test_bad_input_is_refused():
    with pytest.raises(RejectedError, match="are no shares"):
        basket_rules(baskets([{"a"}]), 0.0, 0.5)
    with pytest.raises(RejectedError, match="two products at least"):
        basket_rules(baskets([{"a"}]), 0.5, 0.5, max_len=1)
    with pytest.raises(SetupError, match="has no column product"):
        basket_rules(pa.table({"basket": ["1"]}), 0.5, 0.5)
    with pytest.raises(RejectedError, match="sets of products"):
        basket_rules(baskets([{f"p{item}" for item in range(25)}]), 0.5, 0.5, max_len=None)
