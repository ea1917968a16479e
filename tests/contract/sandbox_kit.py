"""The connector kit against a simulated application: what every such suite shares."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import ClassVar

import pytest

from syncline.config import load_project, write_blueprint
from syncline.connectors.protocols.rest import SPEC
from syncline.connectors.spec import Spec
from syncline.env import RealEnv
from syncline.ports.connector import Connector
from syncline.sandbox.process import Process
from syncline.security import EnvSecrets, revealed
from syncline.testing import ConnectorSuite
from tests.contract.rest_systems import at_the_door

CANARY = "canary-51b7"
_LATE = {"late_effect": 1.0, "late_s": 0.3, "methods": ["POST"], "times": 1}


def opened(options: Mapping[str, object], spec: Spec = SPEC) -> Iterator[Connector]:
    """A connector for as long as a fixture lives."""
    connector = spec.open("sandbox", options, RealEnv())
    yield connector
    connector.close()


@cache
def blueprint_options(blueprint: str, system: str, url: str, secret: str) -> dict[str, object]:
    """The options of a system of a blueprint, as `syncline init` writes them."""
    urls = dict.fromkeys(("CRM_URL", "ERP_URL", "MES_URL", "PRODUCTS_URL"), url)
    environ = urls | dict.fromkeys(("CRM_TOKEN", "ERP_PASSWORD", "MES_PASSWORD", "PRODUCTS_TOKEN"), secret)
    with TemporaryDirectory() as folder:
        write_blueprint(blueprint, Path(folder))
        project = load_project(Path(folder), environ=environ, secrets=EnvSecrets(environ))
    options = revealed(project.systems[system].options)
    return {**options, "timeout": 5}  # type: ignore[dict-item]


class SandboxSuite(ConnectorSuite):
    """A subclass says which application, with what options, and which resource."""

    spec: ClassVar[Spec] = SPEC

    @pytest.fixture
    def process(self) -> Process:
        raise NotImplementedError

    @pytest.fixture
    def open_options(self) -> Callable[[str, str], Mapping[str, object]]:
        """URL and secret -> options."""
        raise NotImplementedError

    @pytest.fixture
    def secret(self) -> str:
        raise NotImplementedError

    @pytest.fixture
    def options(
        self, process: Process, open_options: Callable[[str, str], Mapping[str, object]], secret: str
    ) -> Mapping[str, object]:
        return open_options(process.url, secret)

    @pytest.fixture
    def published(self) -> Spec:
        return self.spec

    @pytest.fixture
    def connector(self, options: Mapping[str, object]) -> Iterator[Connector]:
        yield from opened(options, self.spec)

    @pytest.fixture
    def impostor(
        self, process: Process, open_options: Callable[[str, str], Mapping[str, object]]
    ) -> Iterator[Connector]:
        yield from opened(open_options(process.url, CANARY), self.spec)

    @pytest.fixture
    def stranded(self, options: Mapping[str, object]) -> Iterator[Connector]:
        yield from opened({**options, "url": "http://127.0.0.1:9"}, self.spec)

    @pytest.fixture
    def hasty(self, process: Process, options: Mapping[str, object]) -> Iterator[Connector]:
        """Its connection is lost, and the effect comes later."""
        at_the_door(process.url, "faults", _LATE)
        yield from opened(options, self.spec)
        at_the_door(process.url, "faults", {})

    @pytest.fixture
    def throttled(self, process: Process) -> Callable[[float], AbstractContextManager[None]]:
        @contextmanager
        def busy(pause: float) -> Iterator[None]:
            at_the_door(process.url, "faults", {"rate_429": 1.0, "retry_after": round(pause)})
            try:
                yield
            finally:
                at_the_door(process.url, "faults", {})

        return busy

    @pytest.fixture
    def secrets(self, secret: str) -> Sequence[str]:
        return [secret, CANARY]
