"""Through every fault at once, what is written to the MES is there once and as sent, while the plant works on."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest

from syncline.connectors.protocols.rest import open_rest
from syncline.env import RealEnv
from syncline.sandbox.process import Process, start
from tests.contract.all_systems import MES, system_options
from tests.contract.rest_systems import at_the_door
from tests.contract.sandbox_storm import WEATHER, Writer

SIZE = 40


@pytest.fixture
def mes(tmp_path: Path) -> Iterator[Process]:
    with start("mes", data=tmp_path, size=60) as process:
        yield process


def test_the_mes_holds_every_work_order_once_and_every_change(mes: Process) -> None:
    connector = open_rest("mes", system_options("mes", MES, mes.url, "mes-token"), RealEnv())
    writer = Writer(connector, "workOrders")
    marks = [f"hub-{number}" for number in range(SIZE)]
    at_the_door(mes.url, "faults", WEATHER)

    fields = [{"material": "700001", "quantity": f"{number + 1}"} for number in range(SIZE)]
    made = writer.create(fields, "hub")
    at_the_door(mes.url, "people", {"edits": 60, "actions": ["progress", "postpone"], "ids": list(made.values())})
    writer.change({key: {"remark": f"seen {marker}"} for marker, key in made.items()})
    listed = writer.everything()

    struck = at_the_door(mes.url, "stats")["faults"]  # type: ignore[index,call-overload]
    at_the_door(mes.url, "faults", {})
    dump = at_the_door(mes.url, "dump/workOrders")["data"]  # type: ignore[index,call-overload]
    kept = [one for one in dump if one["externalId"] in marks]
    assert Counter(one["externalId"] for one in kept) == Counter(marks)
    assert {one["orderNo"]: one["remark"] for one in kept} == {key: f"seen {one}" for one, key in made.items()}
    assert {one["externalId"]: one["quantity"] for one in kept} == {f"hub-{n}": f"{n + 1}.000" for n in range(SIZE)}
    assert len({one["status"] for one in kept}) > 1
    assert {msgspec.json.decode(listed[key])["externalId"] for key in made.values()} == made.keys()
    assert len(struck) >= 3
    connector.close()
