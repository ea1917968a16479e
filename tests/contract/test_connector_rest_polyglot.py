"""The rest connector keeps the port's promises in dialects that the sandbox does not speak."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from typing import ClassVar

import pytest

from syncline.connectors.protocols.rest import RestConnector
from syncline.testing import ConnectorSuite, Tried
from tests.contract.canned_server import Canned
from tests.contract.polyglot import TOKEN, Dialect, Polyglot, speaking
from tests.contract.sandbox_kit import CANARY, opened
from tests.contract.throttling import throttling

_TIMES = {"lag": 0.5, "settle": 0.0, "effect": 3.0, "skew": 1.5}
_WRITES = {"create": {}, "update": {}, "delete": {}}


class PolyglotSuite(ConnectorSuite):
    dialect: ClassVar[Dialect]
    speaks: ClassVar[Mapping[str, object]]  #: options of the resource
    facts: ClassVar[Mapping[str, object]] = {}  #: beside the times
    tried = Tried(
        resource="things",
        text_field="name",
        fields_of=lambda number: {
            "name": f"Thing {number}", "amount": f"{number}.5", "größe, in cm": str(number), "a.b[0]`c": "d" * number,
        },
        bad_fields={"name": "Bad", "amount": "a dozen"},
        unknown_key="T99999",
    )  # fmt: skip

    @pytest.fixture(scope="class")
    @classmethod
    def system(cls, request: pytest.FixtureRequest) -> Iterator[tuple[Polyglot, Canned]]:
        with speaking(request.cls.dialect) as both:
            yield both

    @pytest.fixture
    def open_options(self, system: tuple[Polyglot, Canned]) -> Callable[[str], Mapping[str, object]]:
        resource = {"path": "/things", "rows": self.dialect.rows, "write": _WRITES, **self.speaks}
        return lambda token: {
            "url": system[1].url, "timeout": 5, "auth": {"type": "bearer", "token": token},
            "errors": {"message": "message"}, "contract": {**_TIMES, **self.facts}, "resources": {"things": resource},
        }  # fmt: skip

    @pytest.fixture
    def connector(self, open_options: Callable[[str], Mapping[str, object]]) -> Iterator[RestConnector]:
        yield from opened(open_options(TOKEN))

    @pytest.fixture
    def impostor(self, open_options: Callable[[str], Mapping[str, object]]) -> Iterator[RestConnector]:
        yield from opened(open_options(CANARY))

    @pytest.fixture
    def stranded(self, open_options: Callable[[str], Mapping[str, object]]) -> Iterator[RestConnector]:
        yield from opened({**open_options(TOKEN), "url": "http://127.0.0.1:9"})

    @pytest.fixture
    def hasty(
        self, open_options: Callable[[str], Mapping[str, object]], system: tuple[Polyglot, Canned]
    ) -> Iterator[RestConnector]:
        system[0].late = 0.1
        yield from opened(open_options(TOKEN))
        system[0].late = 0.0

    @pytest.fixture
    def throttled(self, system: tuple[Polyglot, Canned]) -> Callable[[float], AbstractContextManager[None]]:
        return throttling(system[0])

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return [TOKEN, CANARY]

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"name": "text", "amount": "decimal"}


class TestKeysetAndEtag(PolyglotSuite):
    """Changes in their order, a version that only a header shows, and a token that makes a create safe."""

    dialect = Dialect(paging="keyset", stamp="unix-ms", etag=True, repeats=True)
    facts: ClassVar = {"precision": 0.001, "read_back": "get"}
    speaks: ClassVar = {
        "paging": {"type": "keyset", "params": {"after_changed": "changed", "after_id": "id"}},
        "since": {"param": "since", "field": "changed", "format": "unix-ms", "ordered": True},
        "version": {"header": "ETag", "match": "{version}"},
        "idempotency": {},
        "search": {"name": "name"},
    }


class TestOffsetAndWholeRecords(PolyglotSuite):
    """No stamps, no versions; an update wants the whole record, in an envelope."""

    dialect = Dialect(paging="offset", wrap="thing", puts=True)
    facts: ClassVar = {"read_back": "body"}
    speaks: ClassVar = {
        "paging": {"type": "offset", "param": "from", "total": "count"},
        "record": "thing",
        "marker": {"field": "ref", "param": "ref"},
        "search": {"name": "name"},
        "write": {
            "create": {}, "update": {"method": "PUT", "whole": True}, "delete": {}, "wrap": "thing", "record": "thing",
        },
    }  # fmt: skip


class TestLinksAndSoftDeletes(PolyglotSuite):
    """A link to the next page, whole seconds, a marker that is unique, and the deleted stay."""

    dialect = Dialect(paging="link", stamp="iso", unique=True, soft=True)
    facts: ClassVar = {"precision": 1.0, "read_back": "body"}
    speaks: ClassVar = {
        "paging": {"type": "link"},
        "since": {"param": "since", "field": "changed", "format": "iso"},
        "marker": {"field": "ref", "param": "ref", "unique": True, "existing": "by"},
        "search": {"name": "name"},
        "tombstones": {"field": "deleted", "equals": True},
        "gone_when": {"field": "deleted", "equals": True},
    }


class TestNextUrlsAndDays(PolyglotSuite):
    """A time of change that is a day, a version that is refused with 409, and a create that names its place alone."""

    dialect = Dialect(paging="next-url", stamp="date", rev=True, location=True)
    facts: ClassVar = {"precision": 86_400.0, "read_back": "get"}
    speaks: ClassVar = {
        "paging": {"type": "next-url", "next": "next"},
        "since": {"param": "since", "field": "changed", "format": "date"},
        "version": {"field": "version", "if_match": "X-Rev"},
        "marker": {"field": "ref", "param": "ref"},
        "search": {"name": "name"},
    }


class TestOneAnswer(PolyglotSuite):
    """All records in one list and nothing else: no stamps, no versions, no marker, no deletes."""

    dialect = Dialect(paging="none", rows="")
    facts: ClassVar = {"read_back": "body"}
    speaks: ClassVar = {"search": {"name": "name"}, "write": {"create": {}, "update": {}}}
