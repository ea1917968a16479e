"""One Tryton for all live tests of a run."""

import pytest

from tests.live import tryton_server


@pytest.fixture(scope="session")
def tryton():
    """A freshly seeded server."""
    running = tryton_server.start()
    yield running
    tryton_server.stop(running)
