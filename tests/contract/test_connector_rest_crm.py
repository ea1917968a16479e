"""The rest connector keeps the port's promises against the sandbox's CRM."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest

from syncline.connectors.protocols.rest import RestConnector, open_rest
from syncline.env import RealEnv
from syncline.sandbox.process import Process, start
from syncline.testing.connector_suite import ConnectorSuite, FieldsFactory
from tests.contract.rest_systems import CRM_SECRET, crm_options, without_batches


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    data: Path = tmp_path_factory.mktemp("crm")
    with start("crm", data=data, size=120) as process:
        yield process


def opened(options: Mapping[str, object]) -> Iterator[RestConnector]:
    connector = open_rest("crm", options, RealEnv())
    yield connector
    connector.close()


class TestRestOnTheCrm(ConnectorSuite):
    @pytest.fixture
    def connector(self, crm: Process) -> Iterator[RestConnector]:
        yield from opened(crm_options(crm.url))

    @pytest.fixture
    def impostor(self, crm: Process) -> Iterator[RestConnector]:
        yield from opened(crm_options(crm.url, token="canary-51b7"))

    @pytest.fixture
    def stranded(self) -> Iterator[RestConnector]:
        yield from opened(crm_options("http://127.0.0.1:9"))

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return [CRM_SECRET, "canary-51b7"]

    @pytest.fixture
    def resource(self) -> str:
        return "customers"

    @pytest.fixture
    def fields_of(self) -> FieldsFactory:
        return lambda number: {"name": f"Maple {number} Ltd", "phone": f"+49 30 {number}", "tags": ["new"]}

    @pytest.fixture
    def text_field(self) -> str:
        return "name"

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        return {"name": "Bad", "email": "no e-mail"}

    @pytest.fixture
    def unknown_key(self) -> str:
        return "ffffffffffff"


class TestRestOnTheCrmWithoutBatches(TestRestOnTheCrm):
    @pytest.fixture
    def connector(self, crm: Process) -> Iterator[RestConnector]:
        yield from opened(without_batches(crm_options(crm.url), "customers"))
