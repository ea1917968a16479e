"""The rest connector keeps the port's promises against the sandbox's ERP."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from syncline.connectors.protocols.rest import RestConnector, open_rest
from syncline.env import RealEnv
from syncline.sandbox.process import Process, start
from syncline.testing.connector_suite import ConnectorSuite, FieldsFactory
from tests.contract.rest_systems import ERP_SECRET, erp_options, without_batches


@pytest.fixture(scope="module")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    data: Path = tmp_path_factory.mktemp("erp")
    with start("erp", data=data, size=120) as process:
        yield process


def opened(options: Mapping[str, object]) -> Iterator[RestConnector]:
    connector = open_rest("erp", options, RealEnv())
    yield connector
    connector.close()


class TestRestOnTheErp(ConnectorSuite):
    @pytest.fixture
    def connector(self, erp: Process) -> Iterator[RestConnector]:
        yield from opened(erp_options(erp.url))

    @pytest.fixture
    def impostor(self, erp: Process) -> Iterator[RestConnector]:
        yield from opened(erp_options(erp.url, password="canary-51b7"))

    @pytest.fixture
    def stranded(self) -> Iterator[RestConnector]:
        yield from opened(erp_options("http://127.0.0.1:9"))

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return [ERP_SECRET, "canary-51b7"]

    @pytest.fixture
    def resource(self) -> str:
        return "partners"

    @pytest.fixture
    def fields_of(self) -> FieldsFactory:
        return lambda number: {"Name1": f"Maple {number} Ltd", "Remark": f"no {number}", "PriceGroup": "A"}

    @pytest.fixture
    def text_field(self) -> str:
        return "Name1"

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        return {"Name1": "Bad", "CountryCode": "Germany"}

    @pytest.fixture
    def unknown_key(self) -> str:
        return "999999999"


class TestRestOnTheErpWithoutBatches(TestRestOnTheErp):
    @pytest.fixture
    def connector(self, erp: Process) -> Iterator[RestConnector]:
        yield from opened(without_batches(erp_options(erp.url), "partners"))
