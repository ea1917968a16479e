"""What the suites of all resources of Tryton share."""

import pytest

from syncline.connectors.systems.tryton import SPEC
from syncline.testing import ConnectorSuite
from tests.live.tryton_server import PASSWORD
from tests.live.tryton_steps import LosingProxy


class TrytonSuite(ConnectorSuite):
    server = "Tryton 8"

    @pytest.fixture
    def extra(self):
        """Options beside those of the server: what the blueprint says."""
        return {"overlap": 2.0, "inactive": "tombstone"}

    @pytest.fixture
    def connector(self, opened, extra):
        return opened(**extra)

    @pytest.fixture
    def unknown_key(self):
        return "99999999"

    @pytest.fixture
    def impostor(self, opened, extra):
        return opened(**extra, password="a-guess-that-fails")

    @pytest.fixture
    def stranded(self, opened, extra):
        return opened(**extra, url="http://127.0.0.1:9")

    @pytest.fixture
    def hasty(self, opened, tryton, resource, extra):
        """Tryton does what it is asked, and its answer never arrives."""
        proxy = LosingProxy(tryton.url, f"model.{resource}.create")
        yield opened(**extra, url=proxy.url)
        proxy.close()

    @pytest.fixture
    def published(self):
        return SPEC

    @pytest.fixture
    def options(self, tryton):
        return tryton.options

    @pytest.fixture
    def secrets(self):
        return (PASSWORD, "a-guess-that-fails")
