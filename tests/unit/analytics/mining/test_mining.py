"""Mining finds what was put there and little else, and says when there is nothing."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from syncline.analytics.mining.finding import Candidate
from syncline.analytics.mining.findings import mine
from syncline.analytics.mining.lateness import Delivery, lateness_candidates
from syncline.analytics.mining.series import Series, change_point, demand_candidates, outliers, seasonal_strength

WEEKS = [f"2026-W{number:02}" for number in range(1, 53)]


def series(key: str, values: np.ndarray, price: float = 2.0) -> Series:
    return Series(key, WEEKS[: len(values)], values, price)


def noise(seed: int, size: int = 52) -> np.ndarray:
    return np.random.default_rng(seed).gamma(4.0, 5.0, size)


def test_pure_noise_gives_no_findings():
    """25 series of nothing, forty times: the share of worlds with any finding stays at the promised 5 %, and chance."""
    worlds = []
    for world in range(40):
        candidates = [
            one for number in range(25) for one in demand_candidates(series(f"P{number}", noise(1000 * world + number)))
            if one.kind == "change"
        ]  # fmt: skip
        worlds.append(len(mine(candidates).findings))
    assert sum(1 for found in worlds if found) <= 4


def test_a_change_of_level_is_found_where_it_is_with_its_money():
    values = noise(1)
    values[30:] += 25
    candidates = [one for n in range(40) for one in demand_candidates(series(f"P{n}", noise(n + 50)))]
    candidates += demand_candidates(series("CHANGED", values))

    first = mine(candidates).findings[0].candidate

    assert (first.kind, first.subject) == ("change", "CHANGED")
    assert "rose" in first.words
    assert WEEKS[30] in first.evidence or WEEKS[29] in first.evidence
    assert first.money == pytest.approx(25 * 2.0 * 52, rel=0.4)


def test_a_season_of_months_is_found_and_none_where_there_is_none():
    months = np.tile([10.0, 10, 10, 10, 10, 40, 60, 40, 10, 10, 10, 10], 4) + noise(3, 48) / 10
    strength, p_value = seasonal_strength(months, 12)
    flat = [seasonal_strength(noise(seed, 48), 12)[1] for seed in range(200)]

    assert strength > 2
    assert p_value < 0.001
    assert sum(one < 0.05 for one in flat) <= 20
    assert seasonal_strength(months[:20], 12) == (0.0, 1.0)


def test_one_period_that_stands_out_is_found_and_an_intermittent_series_is_not_judged():
    values = noise(5)
    values[20] = 400

    (found,) = [one for one in demand_candidates(series("P", values)) if one.kind == "outlier"]

    assert found.evidence == (WEEKS[20],)
    assert found.p_value < 1e-6
    assert list(outliers(np.array([0.0] * 40 + [9.0] * 5))) == []


@pytest.mark.parametrize("values", [np.zeros(52), np.full(52, 7.0), np.array([1.0]), np.array([])])
def test_series_without_anything_to_see_are_not_tested(values: np.ndarray):
    assert change_point(values) is None
    assert demand_candidates(series("P", values)) == []


def deliveries(late_of_a: float, seed: int = 2) -> list[Delivery]:
    draw = np.random.default_rng(seed)
    day = dt.date(2026, 1, 5)
    made = []
    for number in range(400):
        supplier = "ABCD"[number % 4]
        late = draw.random() < (late_of_a if supplier == "A" else 0.1)
        promised = day + dt.timedelta(days=number // 2)
        traits = (("supplier", supplier), ("weekday", promised.strftime("%A")))
        made.append(Delivery(f"PO{number}", promised, promised + dt.timedelta(days=3 * late), 50.0, traits))
    return made


def test_the_late_supplier_is_found_with_its_orders():
    told = mine(lateness_candidates(deliveries(0.4)))

    assert [one.candidate.subject for one in told.findings] == ["supplier A"]
    assert all(number.startswith("PO") for number in told.findings[0].candidate.evidence)
    assert "40%" in told.findings[0].candidate.words or "of 100 deliveries" in told.findings[0].candidate.words


def test_suppliers_that_are_all_alike_are_not_blamed():
    assert mine(lateness_candidates(deliveries(0.1))).findings == ()


def test_what_is_known_ranks_below_what_is_new_and_money_decides():
    rows = [
        Candidate("change", name, "", 1e-9, money, 1.0) for name, money in (("a", 100.0), ("b", 400.0), ("c", 90.0))
    ]

    told = mine(rows, known={"change:b"})

    assert [(one.candidate.subject, one.is_new, one.rank) for one in told.findings] == [
        ("a", True, 1), ("c", True, 2), ("b", False, 3),
    ]  # fmt: skip


def test_without_data_it_says_so():
    assert mine([]).words == "Nothing could be tested: there are too few data."
    assert lateness_candidates([]) == []
