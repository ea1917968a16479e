"""Suites that every implementation of a port inherits, for us and for authors of connectors and stores.

Authors of connectors need one import: `from syncline.testing import ConnectorSuite, Tried`.
"""

from pathlib import Path

import pytest

# So that an assertion that fails inside a suite shows its values.
pytest.register_assert_rewrite(*(f"{__name__}.{part.stem}" for part in Path(__file__).parent.glob("[!_]*.py")))

from syncline.testing.connector_suite import ConnectorSuite, FieldsFactory, Tried  # noqa: E402  after the line above

__all__ = ["ConnectorSuite", "FieldsFactory", "Tried"]
