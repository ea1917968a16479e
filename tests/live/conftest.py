"""One Tryton and one Vendure for all live tests of a run, connectors to Tryton, and people who work in it."""

import subprocess

import pytest

from syncline.connectors.systems.tryton import SPEC
from syncline.env import RealEnv
from tests.live import tryton_server, vendure_server
from tests.live.node_server import NotToBeHadError
from tests.live.tryton_people import People


@pytest.fixture(scope="session")
def tryton():
    """A freshly seeded server."""
    try:
        running = tryton_server.start()
    except (subprocess.CalledProcessError, OSError) as reason:
        pytest.skip(f"no Tryton: {reason}")
    yield running
    tryton_server.stop(running)


@pytest.fixture(scope="session")
def vendure():
    """The origin of a shop that knows its taxes and its countries, and sells nothing yet."""
    try:
        with vendure_server.serving() as url:
            vendure_server.furnish(url)
            yield url
    except NotToBeHadError as reason:
        pytest.skip(f"no Vendure: {reason}")


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
