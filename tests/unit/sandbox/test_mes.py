"""The sandbox's MES: what a plant does by itself, and the events that it sends."""

from __future__ import annotations

import base64
import hashlib
import hmac
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec
import pytest

from syncline.sandbox.mes_plan import load, slot
from syncline.sandbox.process import Process, start
from tests.contract.rest_systems import at_the_door
from tests.unit.sandbox.receiver import Letter, Receiver, receiver

SECRET = "a secret of sixteen or more"


@pytest.fixture(scope="module")
def mes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    data: Path = tmp_path_factory.mktemp("mes")
    with start("mes", data=data, size=60, options=["--orders", "20"]) as process:
        yield process


@pytest.fixture
def hook(mes: Process) -> Iterator[Receiver]:
    with receiver() as found:
        ask(mes, "PUT", "eventTarget", {"url": found.url, "secret": SECRET})
        yield found
        ask(mes, "DELETE", "eventTarget")
        at_the_door(mes.url, "faults", {})


def ask(mes: Process, method: str, path: str, body: object = None, **headers: str) -> Any:
    given = {"Authorization": "Basic " + base64.b64encode(b"hub:mes-token").decode(), **headers}
    data = None if body is None else msgspec.json.encode(body)
    request = urllib.request.Request(f"{mes.url}/mes/v2/{path}", data=data, headers=given, method=method)  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  loopback
        return msgspec.json.decode(answer.read() or b"null")


def refused(mes: Process, method: str, path: str, body: object = None, **headers: str) -> tuple[int, Mapping[str, Any]]:
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(mes, method, path, body, **headers)
    return caught.value.code, msgspec.json.decode(caught.value.read())["fault"]


def new(mes: Process, quantity: str = "10", **fields: str) -> Mapping[str, Any]:
    return ask(mes, "POST", "workOrders", {"material": "700001", "quantity": quantity, **fields})


# --- the plant --------------------------------------------------------------------------------------------------------


def test_a_work_order_gets_its_parts_its_operations_and_a_time(mes: Process) -> None:
    order = new(mes)
    bill = ask(mes, "GET", f"bills/{order['bill']}")
    routing = ask(mes, "GET", f"routings/{order['routing']}")

    assert [part["material"] for part in order["components"]] == [part["material"] for part in bill["components"]]
    assert [step["step"] for step in order["operations"]] == [step["step"] for step in routing["operations"]]
    assert order["plannedStart"] < order["plannedEnd"]
    assert (order["status"], order["zone"]) == ("PLANNED", "Europe/Berlin")


def test_twice_as_many_take_twice_the_parts_and_longer(mes: Process) -> None:
    order = new(mes, "10")
    more = ask(mes, "PATCH", f"workOrders/{order['orderNo']}", {"quantity": "20"})

    for before, after in zip(order["components"], more["components"], strict=True):
        assert abs(2 * Decimal(before["quantity"]) - Decimal(after["quantity"])) <= Decimal("0.001")
    assert more["operations"][0]["minutes"] != order["operations"][0]["minutes"]


def test_work_goes_on_by_what_the_terminals_report(mes: Process) -> None:
    key = new(mes)["orderNo"]
    ask(mes, "POST", f"workOrders/{key}/advance")
    running = ask(mes, "POST", f"workOrders/{key}/advance")
    half = ask(mes, "POST", f"workOrders/{key}/advance", {"good": "4", "scrap": "1"})
    done = ask(mes, "POST", f"workOrders/{key}/advance")
    closed = ask(mes, "POST", f"workOrders/{key}/advance")

    assert (running["status"], half["status"], done["status"]) == ("RUNNING", "RUNNING", "FINISHED")
    assert (half["goodQuantity"], half["scrapQuantity"]) == ("4.000", "1.000")
    assert (done["goodQuantity"], closed["status"]) == ("10.000", "CLOSED")
    assert running["actualStart"] is not None
    assert done["actualEnd"] is not None
    assert refused(mes, "POST", f"workOrders/{key}/advance")[1]["code"] == "STATUS"


def test_work_that_runs_keeps_its_quantity_and_cannot_be_deleted(mes: Process) -> None:
    key = new(mes)["orderNo"]
    for _ in range(2):
        ask(mes, "POST", f"workOrders/{key}/advance")

    assert refused(mes, "PATCH", f"workOrders/{key}", {"quantity": "11"})[1]["field"] == "quantity"
    assert refused(mes, "PATCH", f"workOrders/{key}", {"status": "CANCELLED"})[1]["code"] == "STATUS"
    assert refused(mes, "DELETE", f"workOrders/{key}")[0] == 400


def test_the_load_of_a_work_centre_is_that_of_its_open_orders(mes: Process) -> None:
    order = new(mes, "30")
    centre = f"workCentres/{order['workCentre']}"
    before = ask(mes, "GET", centre)
    ask(mes, "PATCH", f"workOrders/{order['orderNo']}", {"status": "CANCELLED"})
    after = ask(mes, "GET", centre)

    hours = [sum(Decimal(week["hours"]) for week in shown["load"]) for shown in (before, after)]
    assert hours[0] > hours[1]
    assert after["rowVersion"] > before["rowVersion"]


def test_a_stale_version_a_taken_number_and_a_bought_material_are_refused(mes: Process) -> None:
    order = new(mes, externalId="hub-1")
    ask(mes, "PATCH", f"workOrders/{order['orderNo']}", {"remark": "A"}, **{"X-Row-Version": "1"})

    stale = refused(mes, "PATCH", f"workOrders/{order['orderNo']}", {"remark": "B"}, **{"X-Row-Version": "1"})
    taken = refused(mes, "POST", "workOrders", {"material": "700001", "externalId": "hub-1"})
    bought = refused(mes, "POST", "workOrders", {"material": "700008"})
    assert (stale[0], stale[1]["code"]) == (409, "STALE")
    assert (taken[1]["code"], taken[1]["orderNo"]) == ("DUPLICATE", order["orderNo"])
    assert bought[1]["code"] == "NO_ROUTING"


@pytest.mark.parametrize("fields", [
    {"quantity": 3}, {"quantity": "0"}, {"quantity": "NaN"}, {"priority": "100"}, {"dueDate": "31.12.2026"},
    {"plannedStart": "2026-03-01T06:00Z"}, {"status": "RUNNING"}, {"material": "1"}, {"remark": "x" * 501},
])  # fmt: skip
def test_what_is_wrong_in_a_field_is_refused_by_its_name(mes: Process, fields: Mapping[str, object]) -> None:
    status, fault = refused(mes, "POST", "workOrders", {"material": "700001", **fields})

    assert (status, fault["field"]) == (400, next(iter(fields)))


def test_goods_are_listed_without_raw_materials(mes: Process) -> None:
    goods = ask(mes, "GET", "materials?kind=MADE,BOUGHT&limit=200")
    first = ask(mes, "GET", "materials?kind=MADE&limit=2&offset=1")
    whole = ask(mes, "GET", "materials?limit=200")

    assert {row["kind"] for row in goods["items"]} == {"MADE", "BOUGHT"}
    assert goods["total"] == len(goods["items"]) < whole["total"]
    assert len(first["items"]) == 2
    assert first["items"][0]["materialNo"] == "700002"


def test_the_plant_alone_makes_and_changes_its_master_data(mes: Process) -> None:
    for name, key in (("workCentres", "CUT-1"), ("bills", "B700001"), ("routings", "R700001")):
        assert refused(mes, "PATCH", f"{name}/{key}", {"text": "ours"})[0] == 405
        assert refused(mes, "POST", name, {"text": "ours"})[0] == 405
        assert refused(mes, "DELETE", f"{name}/{key}")[0] == 405
    assert ask(mes, "PATCH", "materials/700001", {"externalNo": "X-1", "text": "ours"})["text"] != "ours"


def test_a_slot_passes_over_nights_and_free_days() -> None:
    friday = datetime(2026, 3, 6, 20)  # noqa: DTZ001  local

    assert slot(friday, Decimal(1), days=[1, 2, 3, 4, 5], per_day=Decimal(16)) == (
        friday, datetime(2026, 3, 6, 21),  # noqa: DTZ001
    )  # fmt: skip
    begin, end = slot(datetime(2026, 3, 7, 3), Decimal(20), days=[1], per_day=Decimal(8))  # noqa: DTZ001
    assert (begin.isoformat(), end.isoformat()) == ("2026-03-09T06:00:00", "2026-03-23T10:00:00")


def test_load_is_told_by_iso_week() -> None:
    told = load([("2027-01-03T06:00", Decimal(3)), ("2027-01-04T06:00", Decimal(5))], days=[1, 2], per_day=Decimal(8))

    assert told == [
        {"week": "2026-W53", "hours": "3.0", "capacity": "16.0"},
        {"week": "2027-W01", "hours": "5.0", "capacity": "16.0"},
    ]


def test_people_work_in_the_plant_and_the_same_seed_does_the_same(tmp_path: Path) -> None:
    seen = []
    for name in ("one", "two"):
        with start("mes", data=tmp_path / name, size=40) as process:
            done = at_the_door(process.url, "people", {"edits": 60, "seed": 5})["done"]  # type: ignore[index,call-overload]
        seen.append([(one["action"], one["resource"], one["id"], one["fields"]) for one in done])

    assert seen[0] == seen[1]
    assert {"plan", "progress", "postpone", "edit"} <= {action for action, *_ in seen[0]}


# --- events -----------------------------------------------------------------------------------------------------------


def is_signed(letter: Letter) -> bool:
    time, _, signature = letter.headers["x-mes-signature"].removeprefix("t=").partition(",v1=")
    expected = hmac.new(SECRET.encode(), time.encode() + b"." + letter.body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(signature, expected)


def test_every_change_is_told_signed_whoever_made_it(mes: Process, hook: Receiver) -> None:
    key = new(mes)["orderNo"]
    ask(mes, "PATCH", f"workOrders/{key}", {"remark": "A"})
    at_the_door(mes.url, "people", {"edits": 1, "actions": ["progress"], "ids": [key]})
    ask(mes, "PATCH", f"workOrders/{key}", {"status": "PLANNED"})
    ask(mes, "DELETE", f"workOrders/{key}")

    letters = hook.awaited(lambda all_: sum(one.json()["key"] == key for one in all_) == 5)
    told = [one.json() for one in letters if one.json()["key"] == key]
    assert [one["event"].partition(".")[2] for one in told] == ["CREATED", "CHANGED", "CHANGED", "CHANGED", "DELETED"]
    assert [one["rowVersion"] for one in told] == [1, 2, 3, 4, None]
    assert all(is_signed(one) for one in letters)
    assert {one.json()["resource"] for one in letters} == {"workOrders", "workCentres"}


def test_a_refused_write_is_not_told(mes: Process, hook: Receiver) -> None:
    refused(mes, "POST", "workOrders", {"material": "700001", "quantity": "0"})
    key = new(mes)["orderNo"]

    letters = hook.awaited(lambda all_: any(one.json()["key"] == key for one in all_))
    assert {one.json()["key"] for one in letters if one.json()["resource"] == "workOrders"} == {key}


def test_a_receiver_that_was_away_gets_its_messages_later(mes: Process, hook: Receiver) -> None:
    hook.status = 503
    key = new(mes)["orderNo"]
    hook.awaited(lambda all_: any(one.json()["key"] == key for one in all_))
    hook.status = 200

    first = next(one for one in hook.letters if one.json()["key"] == key)
    letters = hook.awaited(lambda all_: sum(one.body == first.body for one in all_) > 1)
    assert all(is_signed(one) for one in letters)


def test_messages_get_lost_come_twice_late_and_out_of_order_when_faults_say_so(mes: Process, hook: Receiver) -> None:
    faults = {"webhook_drop": 0.2, "webhook_duplicate": 0.3, "webhook_reorder": 0.3, "webhook_late": 0.1}
    at_the_door(mes.url, "faults", {**faults, "webhook_late_s": 0.1, "seed": 4})
    key = ""
    for _ in range(40):
        key = new(mes)["orderNo"]
    at_the_door(mes.url, "faults", {})
    last = new(mes)["orderNo"]

    letters = hook.awaited(lambda all_: any(one.json()["key"] == last for one in all_))
    numbers = [one.json()["eventNo"] for one in letters]
    struck = at_the_door(mes.url, "stats")["faults"]  # type: ignore[index,call-overload]
    assert key
    assert set(struck) >= set(faults)
    assert len(set(numbers)) < len(numbers)
    assert numbers != sorted(numbers)
    assert set(range(min(numbers), max(numbers))) - set(numbers)


def test_a_target_shows_no_secret_and_wants_one(mes: Process, hook: Receiver) -> None:
    assert ask(mes, "GET", "eventTarget") == {"url": hook.url, "signed": True}
    assert refused(mes, "PUT", "eventTarget", {"url": hook.url, "secret": "short"})[1]["field"] == "secret"
    assert refused(mes, "PUT", "eventTarget", {"url": "file:///etc/passwd", "secret": SECRET})[1]["field"] == "url"
