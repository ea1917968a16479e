"""Service times over a tree: the textbook's, and as good as trying all."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pyarrow as pa
import pytest

from syncline.analytics.supply.guaranteed_service import Network, guaranteed_service
from syncline.errors import RejectedError, SetupError


def network(times: list[int], edges: list[tuple[int, int]], **told: list[float] | list[int]) -> Network:
    count = len(times)
    stages = {
        "stage": [str(place) for place in range(count)], "time": times, "holding_cost": [1.0] * count,
        "sd": [0.0] * (count - 1) + [1.0], "bound": [1.0] * count, "inbound": [0] * count,
    }  # fmt: skip
    return Network(
        pa.table(stages | told),
        pa.table({
            "stage": pa.array([str(one) for one, _ in edges], pa.string()),
            "next_stage": pa.array([str(other) for _, other in edges], pa.string()),
            "units": pa.array([1.0] * len(edges), pa.float64()),
        }),
    )  # fmt: skip


def test_a_serial_line_is_the_textbooks():
    line = network([1, 0, 1], [(0, 1), (1, 2)], holding_cost=[2.0, 4.0, 7.0], inbound=[1, 0, 0])

    found = guaranteed_service(line, {"2": 1})

    assert sum(found.column("cost").to_pylist()) == pytest.approx(2 * math.sqrt(2))
    assert found.column("s_out").to_pylist() == [0, 0, 1]


def test_a_tree_is_as_good_as_trying_all_times():
    draw = np.random.default_rng(8)
    for _ in range(8):
        parents = [int(draw.integers(0, place)) for place in range(1, 4)]
        edges = [(one, place + 1) if draw.random() < 0.5 else (place + 1, one) for place, one in enumerate(parents)]
        times, costs = draw.integers(0, 4, 4).tolist(), draw.uniform(1, 9, 4).tolist()
        spread = draw.uniform(0, 3, 4).tolist()
        tree = network(times, edges, holding_cost=costs, sd=spread)
        quoted = {str(place): int(draw.integers(0, 3)) for place in range(4) if place not in {one for one, _ in edges}}

        found = guaranteed_service(tree, quoted)

        assert sum(found.column("cost").to_pylist()) == pytest.approx(_least(times, costs, spread, edges, quoted))


def _least(
    times: list[int], costs: list[float], spread: list[float], edges: list[tuple[int, int]], quoted: dict[str, int]
) -> float:
    variance = [one**2 for one in spread]
    reach = {place: {place} for place in range(4)}
    for _ in range(5):
        for one, other in edges:
            reach[one] |= reach[other]
    total = {place: sum(variance[other] for other in reach[place]) for place in range(4)}
    best = math.inf
    for outs in itertools.product(range(13), repeat=4):
        if any(outs[int(place)] > most for place, most in quoted.items()):
            continue
        cost = 0.0
        for place, out in enumerate(outs):
            into = max([outs[one] for one, other in edges if other == place], default=0)
            net = into + times[place] - out
            if net < 0:
                break
            cost += costs[place] * math.sqrt(total[place]) * math.sqrt(net)
            if cost >= best:
                break
        else:
            best = min(best, cost)
    return best


@pytest.mark.parametrize(
    ("edges", "words"),
    [
        ([(0, 1), (1, 2), (0, 2)], "no tree"),
        ([(0, 1), (1, 0), (1, 2)], "feeds itself"),
        ([(0, 9), (1, 2)], "there is no such stage"),
    ],
)
def test_a_network_that_is_no_tree_is_refused(edges: list[tuple[int, int]], words: str):
    with pytest.raises(RejectedError, match=words):
        guaranteed_service(network([1, 1, 1], edges), {"2": 0, "1": 0, "0": 0})


def test_a_stage_that_serves_customers_needs_a_service_time():
    with pytest.raises(SetupError, match="has no service time"):
        guaranteed_service(network([1, 1], [(0, 1)]), {})


def test_several_trees_are_solved_at_once():
    found = guaranteed_service(network([4, 9], [], sd=[1.0, 1.0]), {"0": 0, "1": 0})

    assert found.column("cost").to_pylist() == [2.0, 3.0]


def test_absurd_times_are_refused():
    with pytest.raises(RejectedError, match="below zero"):
        guaranteed_service(network([-1, 1], [(0, 1)]), {"1": 0})
    with pytest.raises(RejectedError, match="more than 1000 days"):
        guaranteed_service(network([2000, 1], [(0, 1)]), {"1": 0})
