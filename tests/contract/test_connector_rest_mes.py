"""The rest connector keeps the port's promises against the sandbox's MES."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from syncline.sandbox.process import Process, start
from syncline.testing import FieldsFactory
from tests.contract.rest_systems import at_the_door
from tests.contract.sandbox_kit import SandboxSuite, blueprint_options

SECRET = "mes-token"
_CENTRES = ("CUT-1", "MILL-1", "TURN-1", "COAT-1", "ASSY-1")
Options = Callable[[str, str], Mapping[str, object]]


@pytest.fixture(scope="module")
def mes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    data: Path = tmp_path_factory.mktemp("mes")
    with start("mes", data=data, size=120, options=["--orders", "60", "--products", "400"]) as process:
        yield process


class MesSuite(SandboxSuite):
    @pytest.fixture
    def process(self, mes: Process) -> Process:
        return mes

    @pytest.fixture
    def secret(self) -> str:
        return SECRET

    @pytest.fixture
    def open_options(self) -> Options:
        return partial(blueprint_options, "crm-mes", "mes")

    @pytest.fixture
    def unknown_key(self) -> str:
        return "WO-999999"


class TestWorkOrders(MesSuite):
    title = "crm-mes.mes.workOrders"

    @pytest.fixture
    def resource(self) -> str:
        return "workOrders"

    @pytest.fixture
    def fields_of(self) -> FieldsFactory:
        return lambda number: {
            "material": "700001", "quantity": f"{number % 50 + 1}.500", "salesOrder": f"O-2026-{number:06}",
            "dueDate": f"2027-03-{number % 28 + 1:02}", "remark": f"Order {number}",
        }  # fmt: skip

    @pytest.fixture
    def text_field(self) -> str:
        return "remark"

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"remark": "text", "customer": "text", "quantity": "decimal", "dueDate": "date"}

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        return {"material": "700001", "quantity": 3}


class TestMaterials(MesSuite):
    """Materials are the plant's; the hub says only under which number others know them."""

    title = "crm-mes.mes.materials"

    @pytest.fixture
    def resource(self) -> str:
        return "materials"

    @pytest.fixture(scope="class")
    @classmethod
    def numbers(cls) -> Iterator[int]:
        return itertools.count(700_002)

    @pytest.fixture
    def made(self, mes: Process, numbers: Iterator[int]) -> Callable[[int], str]:
        """A seeded material that no test has touched, as its people have just saved it."""

        def make(_: int) -> str:
            key = str(next(numbers))
            asked = {"edits": 1, "resource": "materials", "actions": ["resave"], "ids": [key]}
            done = at_the_door(mes.url, "people", asked)["done"]  # type: ignore[index,call-overload]
            assert [one["id"] for one in done] == [key]
            return key

        return make

    @pytest.fixture
    def fields_of(self) -> FieldsFactory:
        return lambda number: {"externalNo": f"BE-{number}"}

    @pytest.fixture
    def text_field(self) -> str:
        return "externalNo"

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {}

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        return {"externalNo": 5}


class TestWorkCentres(MesSuite):
    """Work centres are the plant's alone: what is promised to those who write is not tried."""

    title = "crm-mes.mes.workCentres"

    test_wrong_credentials_write_nothing = None
    test_a_write_to_an_unreachable_system_was_not_sent = None
    test_a_throttled_write_was_not_done_and_names_the_pause = None
    test_a_get_shows_our_own_write_within_the_settling_time = None
    test_an_update_changes_its_own_fields_only = None
    test_an_update_stores_what_it_says = None
    test_an_answer_shows_the_record_as_a_read_does = None
    test_an_old_version_is_refused_and_nothing_is_written = None
    test_each_write_gives_a_record_another_version = None
    test_an_update_of_an_unknown_record_says_gone = None
    test_nothing_is_sent_after_its_deadline = None

    @pytest.fixture
    def resource(self) -> str:
        return "workCentres"

    @pytest.fixture
    def made(self, mes: Process) -> Callable[[int], str]:
        """A seeded one, as its people have just saved it."""

        def make(number: int) -> str:
            key = _CENTRES[number % len(_CENTRES)]
            asked = {"edits": 1, "resource": "workCentres", "actions": ["resave"], "ids": [key]}
            done = at_the_door(mes.url, "people", asked)["done"]  # type: ignore[index,call-overload]
            assert [one["id"] for one in done] == [key]
            return key

        return make

    @pytest.fixture
    def fields_of(self) -> FieldsFactory:
        return lambda number: {"text": f"Cutting {number}"}

    @pytest.fixture
    def text_field(self) -> str:
        return "text"

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {}

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        return {"text": 5}
