"""The rest connector keeps the port's promises against the sandbox's MES."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from pathlib import Path

import pytest

from syncline.sandbox.process import Process, start
from syncline.testing import FieldsFactory
from tests.contract.all_systems import MES, system_options
from tests.contract.rest_systems import at_the_door
from tests.contract.sandbox_kit import SandboxSuite

SECRET = "mes-token"
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
        return partial(system_options, "mes", MES)

    @pytest.fixture
    def unknown_key(self) -> str:
        return "WO-999999"


class TestWorkOrders(MesSuite):
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
