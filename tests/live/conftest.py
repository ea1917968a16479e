"""One Tryton for all live tests of a run, connectors to it, and people who work in it."""

import pytest

from syncline.connectors.systems.tryton import SPEC
from syncline.env import RealEnv
from tests.live import tryton_server
from tests.live.tryton_people import People


@pytest.fixture(scope="session")
def tryton():
    """A freshly seeded server."""
    running = tryton_server.start()
    yield running
    tryton_server.stop(running)


@pytest.fixture(scope="module")
def opened(tryton):
    connectors = []

    def open_one(**options):
        connectors.append(SPEC.open("erp", {**tryton.options, "overlap": 0.0, **options}, RealEnv()))
        return connectors[-1]

    yield open_one
    for each in connectors:
        each.close()


@pytest.fixture(scope="module")
def erp(opened):
    return opened()


@pytest.fixture
def people(tryton):
    return People(tryton)


@pytest.fixture
def products(tryton):
    return [str(key) for key in tryton.facts["products"]]


@pytest.fixture
def customer(tryton):
    return str(tryton.facts["customers"][20])
