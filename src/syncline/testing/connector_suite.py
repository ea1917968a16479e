"""The acceptance kit for connectors: what the connector port promises, tried on a real or simulated system.

Inherit once per implementation, say what is tried, and every promise becomes a test:

    from syncline.testing import ConnectorSuite, Tried


    class TestOurErp(ConnectorSuite):
        tried = Tried(resource="partners", ...)

        @pytest.fixture
        def connector(self): ...

A capability that the contract claims is tested. One that it does not claim is skipped, with the reason, and the skip
fails once the capability works. The system is written to.
"""

from __future__ import annotations

from syncline.testing.connector_creates import ConnectorCreates
from syncline.testing.connector_cursors import ConnectorCursors
from syncline.testing.connector_failing import ConnectorFailing
from syncline.testing.connector_fixtures import Tried
from syncline.testing.connector_measures import ConnectorMeasures
from syncline.testing.connector_reading import ConnectorReading
from syncline.testing.connector_trial import FieldsFactory
from syncline.testing.connector_values import ConnectorValues
from syncline.testing.connector_writing import ConnectorWriting

__all__ = ["ConnectorSuite", "FieldsFactory", "Tried"]


class ConnectorSuite(
    ConnectorReading,
    ConnectorCursors,
    ConnectorWriting,
    ConnectorCreates,
    ConnectorValues,
    ConnectorMeasures,
    ConnectorFailing,
):
    """Promises of `syncline.ports.connector.Connector` as tests; the fixtures say what is tried."""
