"""What analyses conclude reaches the CRM through agreement alone: a promise moves with its supplier, and says why.

Six applications run; nothing is told twice, nothing is told to a project without a planner.
"""

from __future__ import annotations

import datetime as dt
import re
import sqlite3
from collections.abc import Iterator
from contextlib import closing

import pytest

from tests.acceptance.sandbox_world import DEMO

import deciding  # isort: skip  found beside the demo, which is run and not installed
import people  # isort: skip
import run as demo  # isort: skip
import stage as stages  # isort: skip

assert DEMO.is_dir()


@pytest.fixture
def stage() -> Iterator[stages.Stage]:
    with stages.stage(size=20, seed=11, keep=False) as made:
        made.type("init", str(made.project), "--blueprint", "all", where=made.folder)
        made.read("sync", "--approve")
        demo.answer(made, made.read("match", "--review")["questions"])
        made.read("sync", "--approve")
        yield made


@pytest.fixture
def wish(stage: stages.Stage) -> deciding.Wish:
    made = deciding.order_much(stage, people.choose(stage).buyer)
    stage.read("sync")
    return made


def plan(stage: stages.Stage, *words: str) -> dict[str, object]:
    told = stage.read("supply", *words)
    assert isinstance(told, dict)
    return told


def orders_written(stage: stages.Stage) -> list[object]:
    """What a pass writes of orders, where the planner's days go."""
    accounts = stage.read("sync")["accounts"]
    return [one for one in accounts if one["flow"] == "orders" and one["system"] in {"crm", "scm"} and one["sent"]]


def a_plan_that_is_not_told_changes_nothing(stage: stages.Stage, wish: deciding.Wish):
    stage.read("sync")

    told = plan(stage)
    written = orders_written(stage)

    assert told["told"] is None
    assert any(one["number"] == wish.number and one["day"] for one in told["orders"])  # type: ignore[attr-defined]
    assert stage.crm.get("orders", wish.crm)["promised_on"] is None
    assert written == []


def a_promise_reaches_the_crm_and_is_told_once(stage: stages.Stage, wish: deciding.Wish):
    first = plan(stage, "--tell")
    stage.read("sync")
    shown = deciding.promised(stage, wish)
    again = plan(stage, "--tell")
    written = orders_written(stage)

    (mine,) = [one for one in first["orders"] if one["number"] == wish.number]  # type: ignore[attr-defined]
    assert shown == dt.date.fromisoformat(mine["day"])
    assert first["told"]["orders"] > 0  # type: ignore[index]
    assert again["told"] == {"orders": 0}
    assert written == []


def a_slower_supplier_moves_the_promise_that_the_crm_shows(stage: stages.Stage, wish: deciding.Wish):
    before = deciding.promised(stage, wish)
    days = deciding.slow_down(stage, wish)
    stage.read("sync")

    told = plan(stage, "--tell")
    stage.read("sync")

    after = deciding.promised(stage, wish)
    today = dt.date.fromisoformat(str(told["as_of"]))
    assert after > before
    assert abs((after - today).days - days) <= 1
    (mine,) = [one for one in told["orders"] if one["number"] == wish.number]  # type: ignore[attr-defined]
    assert f"{days} days as told" in mine["hangs_on"]
    assert "edited in planner" in stage.type("why", f"sales_order:crm:{wish.crm}.promise_date")


def what_sales_types_over_a_promise_is_put_back(stage: stages.Stage, wish: deciding.Wish):
    promised = deciding.promised(stage, wish)
    stage.crm.change("orders", wish.crm, {"promised_on": "2030-01-01"})

    for _ in range(2):
        stage.read("sync")

    assert deciding.promised(stage, wish) == promised


def a_customer_whose_day_has_moved_is_to_be_told_once(stage: stages.Stage, wish: deciding.Wish):
    """Also after the CRM shows the new day already: what counts is what the customer was told."""
    told = stage.read("recommend", "--tell")
    stage.read("sync")
    again = stage.read("recommend", "--tell")

    (notice,) = [row for row in told["plan"] if row["order_number"] == wish.number]
    shown = [row for row in stage.crm.every("interactions") if row["subject"].startswith(f"Tell of {wish.number}")]
    assert (notice["channel"], notice["expected_value"] < 0) == ("task", True)
    assert notice["promise_date"] == str(deciding.promised(stage, wish))
    assert len(shown) == 1
    assert wish.number in shown[0]["note"]
    assert again["told"] == {"customers": 0, "tasks": 0}


def advice_becomes_worth_and_tasks_once(stage: stages.Stage, wish: deciding.Wish):
    assert wish.number
    told = stage.read("recommend", "--tell")
    stage.read("sync")
    calls = [row for row in stage.crm.every("interactions") if row["subject"].startswith("Win back")]
    again = stage.read("recommend", "--tell")

    tasks = [row for row in told["plan"] if row["channel"] == "task"]
    assert len(tasks) >= len(calls)
    assert {row["subject"] for row in tasks if row["action"] == "win back"} == {row["subject"] for row in calls}
    assert all(row["customer_id"] for row in calls)
    assert again["told"] == {"customers": 0, "tasks": 0}
    assert told["notes"], "so few customers say little, and that is told"


def mining_says_how_much_it_tested(stage: stages.Stage, wish: deciding.Wish):
    assert wish.number
    told = stage.read("mine")

    assert told["tested"] > 0
    assert re.fullmatch(rf"(Nothing|\d+ of .*) .*\b{told['tested']}\b.* tested.*", told["words"]), told["words"]


def the_planners_file_says_whom_it_means_by_the_hubs_own_marker(stage: stages.Stage, wish: deciding.Wish):
    assert wish.number
    with closing(sqlite3.connect(stage.project / ".syncline/planner.db")) as state:
        marked = dict(state.execute("SELECT number, marker FROM orders").fetchall())

    assert "-sales_order-" in marked[wish.number]
    assert len(set(marked.values())) == len(marked)


def test_what_is_concluded_reaches_the_crm_through_agreement_alone(stage: stages.Stage, wish: deciding.Wish):
    """One story, in this order: each step goes on from where the one before it has left the six applications."""
    for step in (
        a_plan_that_is_not_told_changes_nothing,
        a_promise_reaches_the_crm_and_is_told_once,
        a_slower_supplier_moves_the_promise_that_the_crm_shows,
        what_sales_types_over_a_promise_is_put_back,
        a_customer_whose_day_has_moved_is_to_be_told_once,
        advice_becomes_worth_and_tasks_once,
        mining_says_how_much_it_tested,
        the_planners_file_says_whom_it_means_by_the_hubs_own_marker,
    ):
        step(stage, wish)

    with closing(sqlite3.connect(stage.project / ".syncline/planner.db")) as state:
        ((held,),) = state.execute("SELECT promise_date FROM orders WHERE number = ?", (wish.number,)).fetchall()
    assert stage.crm.get("orders", wish.crm)["promised_on"] == held
