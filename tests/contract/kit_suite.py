"""The connector kit on a book in memory."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from functools import partial
from typing import ClassVar

import msgspec
import pytest

from syncline.connectors.spec import Spec
from syncline.env import RealEnv
from syncline.errors import SetupError
from syncline.testing import ConnectorSuite, Tried
from tests.contract.kit_book import PASSWORD, Book, Hasty, Honest, throttle


class BookOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Options of a book."""

    password: str = ""


def _open(system: str, options: Mapping[str, object], env: object) -> Honest:
    if unknown := set(options) - {"password"}:
        raise SetupError(f"systems.{system}.{unknown.pop()} is no option.")
    return Honest(Book(), RealEnv(), password=str(options["password"]))


SPEC = Spec(name="book", summary="A book in memory.", settings=BookOptions, open=_open)


class BookSuite(ConnectorSuite):
    system: ClassVar[type[Honest]] = Honest
    late: ClassVar[type[Honest]] = Hasty
    tried = Tried(
        resource="things",
        text_field="name",
        fields_of=lambda number: {
            "name": f"Thing {number}", "amount": str(number), "day": f"2026-03-{number % 28 + 1:02}",
        },
        bad_fields={"name": "Bad", "amount": "a dozen"},
        unknown_key="Z9",
    )  # fmt: skip

    @pytest.fixture
    def book(self) -> Book:
        return Book()

    @pytest.fixture
    def connector(self, book: Book) -> Honest:
        connector = self.system(book, RealEnv())
        for number in range(60):
            connector.store(f"A{number}", {"name": f"Old {number}", "amount": "1", "marker": f"old {number}"})
            connector.book.stamps[f"A{number}"] -= (100 - number // 5) * 1_000_000
        return connector

    @pytest.fixture
    def impostor(self, book: Book) -> Honest:
        return self.system(book, RealEnv(), password="guess-77d2")

    @pytest.fixture
    def stranded(self, book: Book) -> Honest:
        return self.system(book, RealEnv(), reachable=False)

    @pytest.fixture
    def hasty(self, book: Book) -> Honest:
        return self.late(book, RealEnv())

    @pytest.fixture
    def throttled(self, book: Book) -> Callable[[float], AbstractContextManager[None]]:
        return partial(throttle, book)

    @pytest.fixture
    def published(self) -> Spec:
        return SPEC

    @pytest.fixture
    def options(self) -> Mapping[str, object]:
        return {"password": PASSWORD}

    @pytest.fixture
    def secrets(self) -> Sequence[str]:
        return [PASSWORD, "guess-77d2"]

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"name": "text", "amount": "decimal", "day": "date", "due": "time"}
