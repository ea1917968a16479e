"""What an implementation gives to the connector kit: a connector and what to try it with; the rest opens more."""

# ruff: noqa: D102  a fixture's name says what it is

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import ClassVar, Protocol

import pytest

from syncline.env import Env
from syncline.ports.connector import Connector
from syncline.testing.connector_findings import Findings
from syncline.testing.connector_trial import FieldsFactory, Trial

#: For the length of the block the system turns everything away and asks for a pause of so many seconds.
Throttle = Callable[[float], AbstractContextManager[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Tried:
    """What a suite tries its connector with; fixtures of these names say what cannot be said beforehand."""

    resource: str
    text_field: str  #: a field of free text, not the marker
    fields_of: FieldsFactory  #: fields of a new, valid record in the system's own words, different for each number
    bad_fields: Mapping[str, object]  #: fields that the system refuses
    unknown_key: str  #: a key that the system has never given


class Published(Protocol):
    """A connector as it is found by its name."""

    @property
    def name(self) -> str: ...

    @property
    def summary(self) -> str: ...

    def schema(self) -> Mapping[str, object]: ...

    @property
    def open(self) -> Callable[[str, Mapping[str, object], Env], Connector]: ...


class ConnectorFixtures:
    """Where a suite learns what it tries."""

    title: ClassVar[str] = ""  #: the report's file name; "" keeps none
    server: ClassVar[str] = ""  #: the program on the other side, with its version, if it is not the test's own
    open: ClassVar[bool] = False  #: the system asks for no credentials, as a folder of files does
    tried: ClassVar[Tried | None] = None
    findings: ClassVar[Findings] = Findings(title="")

    @pytest.fixture(scope="class", autouse=True)
    @classmethod
    def _kept(cls, request: pytest.FixtureRequest) -> Iterator[None]:
        suite = request.cls
        found = Findings(title=suite.__dict__.get("title", ""), server=suite.server, open=suite.open)
        request.cls.findings = found
        yield
        found.keep()

    # --- without these nothing can be tried -------------------------------------------

    @pytest.fixture
    def connector(self) -> Connector:
        """A connector to a system that may be written to; closed by who made it."""
        pytest.fail("give the fixture `connector`")

    @pytest.fixture
    def resource(self) -> str:
        """The resource to try."""
        return self._tried().resource

    @pytest.fixture
    def fields_of(self) -> FieldsFactory:
        """Fields of a new, valid record in the system's own words, different for each number."""
        return self._tried().fields_of

    @pytest.fixture
    def text_field(self) -> str:
        """A field of free text, not the marker."""
        return self._tried().text_field

    @pytest.fixture
    def bad_fields(self) -> Mapping[str, object]:
        """Fields that the system refuses."""
        return self._tried().bad_fields

    @pytest.fixture
    def unknown_key(self) -> str:
        """A key that the system has never given."""
        return self._tried().unknown_key

    def _tried(self) -> Tried:
        return self.tried or pytest.fail("give `tried`, or a fixture for each of its parts")

    # --- each of these opens more promises --------------------------------------------

    @pytest.fixture
    def impostor(self) -> Connector:
        """A connector to the same system with a wrong secret."""
        pytest.skip("no fixture `impostor`")

    @pytest.fixture
    def stranded(self) -> Connector:
        """A connector to a place where nothing listens."""
        pytest.skip("no fixture `stranded`")

    @pytest.fixture
    def hasty(self) -> Connector:
        """A connector to the same system that gives up on a write before its answer can come."""
        pytest.skip("no fixture `hasty`")

    @pytest.fixture
    def throttled(self) -> Throttle:
        """Makes the system turn everything away for a while, as with HTTP 429 and Retry-After."""
        pytest.skip("no fixture `throttled`")

    @pytest.fixture
    def published(self) -> Published:
        """The constant by which the connector is found."""
        pytest.skip("no fixture `published`")

    @pytest.fixture
    def options(self) -> Mapping[str, object]:
        """Options with which it opens."""
        pytest.skip("no fixture `options`")

    # --- these have a usual value -----------------------------------------------------

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        """What must never be shown, the impostor's secret included."""
        return ()

    @pytest.fixture
    def settled(self) -> Callable[[], None]:
        """Waits until lists show what was written; the default is for systems whose lists do not lag."""
        return lambda: None

    @pytest.fixture
    def wording(self) -> Callable[[str], object]:
        """What stands for a word in the text field; for a resource without free texts, such as stock levels."""
        return lambda word: word

    @pytest.fixture
    def made(self) -> Callable[[int], str] | None:
        """Makes a record past the connector, for a resource that takes no creates; its key."""
        return None

    @pytest.fixture
    def values(self, text_field: str) -> Mapping[str, str]:
        """Fields to write values to -> their kind: text, phone, decimal, date or time."""
        return {text_field: "text"}

    @pytest.fixture
    def canonical(self) -> Mapping[str, str]:
        """System field -> the canonical field by which the contract names its normalisers; else they are the same."""
        return {}

    @pytest.fixture
    def trial(  # noqa: PLR0913  it takes what the fixtures above give
        self,
        connector: Connector,
        resource: str,
        fields_of: FieldsFactory,
        text_field: str,
        settled: Callable[[], None],
        wording: Callable[[str], object],
        made: Callable[[int], str] | None,
    ) -> Trial:
        """The resource under trial."""
        self.findings.resource, self.findings.contract = resource, connector.contract(resource)
        return Trial(
            connector=connector,
            resource=resource,
            fields_of=fields_of,
            text_field=text_field,
            settled=settled,
            wording=wording,
            made=made,
            findings=self.findings,
        )
