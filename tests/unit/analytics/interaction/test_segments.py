"""Segments: found where they are, described by what sets them apart, and not invented."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest

from syncline.analytics.interaction.segments import DESCRIBED, SEGMENTS, customer_segments
from syncline.errors import RejectedError
from tests.unit.analytics.interaction.made import START, orders

END = START + timedelta(days=400)


def test_three_kinds_of_customers_are_found_and_described():
    random = np.random.default_rng(1)
    rows = [
        (f"often{i}", END - timedelta(days=int(day)), 20.0) for i in range(60) for day in random.integers(1, 390, 20)
    ]
    rows += [(f"new{i}", END - timedelta(days=int(random.integers(1, 20))), 20.0) for i in range(60)]
    rows += [(f"gone{i}", START + timedelta(days=int(random.integers(1, 20))), 500.0) for i in range(60)]

    found = customer_segments(orders(*rows), END)

    told = {row["customer"].rstrip("0123456789"): row["description"] for row in found.table.to_pylist()}
    assert found.described.num_rows == 3
    assert set(found.described.column("customers").to_pylist()) == {60}
    assert "buy often" in told["often"]
    assert "new" in told["new"]
    assert {"silent for long", "large purchases"} <= set(told["gone"].split(", "))
    assert found.table.schema.equals(SEGMENTS.schema, check_metadata=True)
    assert found.described.schema.equals(DESCRIBED.schema, check_metadata=True)
    assert sum(found.described.column("share").to_pylist()) == pytest.approx(1.0)


@pytest.mark.parametrize("count", [1, 5, 60])
def test_customers_who_buy_alike_are_one_segment(count: int):
    found = customer_segments(orders(*((f"c{i}", START, 10.0) for i in range(count))), END)

    assert found.described.num_rows == 1
    assert found.described.to_pylist()[0]["description"] == "like most"
    assert "one segment" in found.flag


def test_a_day_before_all_purchases_is_refused():
    with pytest.raises(RejectedError, match="has nothing until"):
        customer_segments(orders(("a", START, 10.0)), START - timedelta(days=1))
