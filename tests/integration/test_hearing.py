"""What a connector hears is passed on, and forgotten there only once it is durable here."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence

import pytest

from syncline.app.hearing import Done, Hearing, Place
from syncline.env import RealEnv
from syncline.errors import StoreLostError
from syncline.model.state import Stream
from syncline.ports.hearing import Heard

_ENV = RealEnv()
STREAM = Stream("erp", "order")


class Ear:
    """Hears what a test says."""

    def __init__(self) -> None:
        self.kept: dict[int, Heard] = {}
        self.wake: Callable[[], None] = lambda: None
        self.trouble = ""

    def listen(self, wake: Callable[[], None]) -> None:
        self.wake = wake

    def tend(self) -> str:
        return self.trouble

    def heard(self, limit: int) -> Sequence[Heard]:
        return [*self.kept.values()][:limit]

    def forget(self, numbers: Sequence[int]) -> None:
        for number in numbers:
            self.kept.pop(number, None)

    def say(self, *keys: str, resource: str = "sale.sale") -> None:
        for key in keys:
            number = max(self.kept, default=0) + 1
            self.kept[number] = Heard(number, "erp", resource, key)
        self.wake()


class Keeper:
    """Keeps hints, when it is let."""

    def __init__(self) -> None:
        self.kept: list[Place] = []
        self.fails = False
        self.calls: list[int] = []
        self.lock = threading.Lock()
        self.noted: list[tuple[str, int, str]] = []

    def note(self, system: str, count: int, trouble: str) -> None:
        self.noted.append((system, count, trouble))

    def take(self, records: Sequence[Place], done: Done) -> None:
        with self.lock:
            self.calls.append(len(records))
            if not self.fails:
                self.kept += records
        done(StoreLostError("The store is out of reach.") if self.fails else None)


@pytest.fixture
def ear() -> Ear:
    return Ear()


@pytest.fixture
def keeper() -> Keeper:
    return Keeper()


@pytest.fixture
def hearing(ear: Ear, keeper: Keeper) -> Iterator[Hearing]:
    one = Hearing("bus", ear, {("erp", "sale.sale"): [STREAM]}, keeper.take, keeper.note)
    yield one
    one.stop()


def wait_for(is_there: Callable[[], bool]) -> None:
    begun = _ENV.monotonic()
    while not is_there():
        assert _ENV.monotonic() - begun < 10
        _ENV.sleep(0.01)


def test_what_is_heard_is_passed_on_and_forgotten(ear: Ear, keeper: Keeper, hearing: Hearing) -> None:
    ear.say("1", "2")
    ear.say("3", resource="of no flow")

    wait_for(lambda: not ear.kept)
    assert keeper.kept == [(STREAM, "1"), (STREAM, "2")]
    assert hearing.told == "listens to bus"
    wait_for(lambda: sum(count for _, count, _ in keeper.noted) == 3)
    assert {(system, trouble) for system, _, trouble in keeper.noted} == {("bus", "")}


def test_what_cannot_be_kept_stays_and_is_tried_again(ear: Ear, keeper: Keeper, hearing: Hearing) -> None:
    keeper.fails = True
    ear.say("1")
    wait_for(lambda: bool(keeper.calls))
    assert [one.key for one in ear.kept.values()] == ["1"]
    wait_for(lambda: "out of reach" in hearing.told)
    assert ("bus", 0, str(StoreLostError("The store is out of reach."))) in keeper.noted

    keeper.fails = False
    ear.say("2")
    wait_for(lambda: not ear.kept)
    assert keeper.kept == [(STREAM, "1"), (STREAM, "2")]


def test_a_flood_is_passed_on_in_portions(ear: Ear, keeper: Keeper, hearing: Hearing) -> None:
    ear.say(*map(str, range(1_700)))

    wait_for(lambda: not ear.kept)
    assert len(keeper.kept) == 1_700
    assert max(keeper.calls) <= 500


def test_nothing_is_passed_on_after_the_end(ear: Ear, keeper: Keeper, hearing: Hearing) -> None:
    hearing.stop()
    ear.say("1")

    assert keeper.kept == []
    assert len(ear.kept) == 1
