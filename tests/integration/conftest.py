"""One small world per test: two systems, one flow, one clock."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.integration.fakes import World, world


@pytest.fixture
def acme(tmp_path: Path) -> Iterator[World]:
    with world(tmp_path) as made:
        yield made
