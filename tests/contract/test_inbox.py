"""What systems tell us is kept by every store in the same way: each record once, the later telling counts."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from syncline.errors import SetupError
from syncline.model.state import Stream
from syncline.ports.inbox import Inbox, Message, Told
from syncline.store import open_inbox, open_store
from tests.processes.postgres_server import postgres_server

CRM, ERP = Stream("crm", "customer"), Stream("erp", "customer")


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with postgres_server() as made:
        yield made.url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path) -> Iterator[str]:
    """A store that its hub has open."""
    if request.param == "sqlite":
        made = f"sqlite:///{tmp_path}/state.db"
    else:
        made = f"{request.getfixturevalue('server')}&schema={tmp_path.name.replace('-', '_')[-40:].lower()}"
    store = open_store(made)
    yield made
    store.close()


@pytest.fixture
def opening(url: str) -> Iterator[Callable[[], Inbox]]:
    made: list[Inbox] = []

    def opened() -> Inbox:
        made.append(open_inbox(url))
        return made[-1]

    yield opened
    for inbox in made:
        inbox.close()


def test_a_record_that_is_told_of_twice_is_kept_once(opening):
    inbox = opening()
    inbox.keep([Told(CRM, "a", 1), Told(CRM, "b", 2), Told(ERP, "a", 3)], [])
    inbox.keep([Told(CRM, "a", 4), Told(CRM, "", 5)], [])

    assert inbox.kept() == [Told(CRM, "b", 2), Told(ERP, "a", 3), Told(CRM, "a", 4), Told(CRM, "", 5)]


def test_what_was_kept_is_there_after_a_restart(opening):
    opening().keep([Told(CRM, "a", 1)], [Message("crm", "x", 10)])

    again = opening()

    assert (again.kept(), again.messages()) == ([Told(CRM, "a", 1)], [Message("crm", "x", 10)])


def test_what_was_told_again_since_is_not_forgotten(opening):
    inbox = opening()
    inbox.keep([Told(CRM, "a", 1), Told(CRM, "b", 2)], [])
    inbox.keep([Told(CRM, "a", 3)], [])

    inbox.forget([Told(CRM, "a", 1), Told(CRM, "b", 2)], before=0)

    assert inbox.kept() == [Told(CRM, "a", 3)]


def test_a_message_is_remembered_until_it_is_too_old(opening):
    inbox = opening()
    inbox.keep([], [Message("crm", "x", 10), Message("crm", "y", 20), Message("erp", "x", 30)])
    inbox.keep([], [Message("crm", "x", 40)])

    inbox.forget([], before=20)

    assert inbox.messages() == [Message("crm", "y", 20), Message("erp", "x", 30)]


def test_nothing_of_a_page_is_kept_when_a_part_cannot_be(opening):
    inbox = opening()
    with pytest.raises(SetupError, match="refused a row"):
        inbox.keep([Told(CRM, "a", 1)], [Message("crm", None, 1)])

    assert inbox.kept() == []
    inbox.keep([Told(CRM, "b", 2)], [])
    assert inbox.kept() == [Told(CRM, "b", 2)]


def test_the_store_writes_while_the_inbox_does(url, opening):
    inbox = opening()
    with pytest.raises(SetupError):
        open_inbox("memory:")

    inbox.keep([Told(CRM, str(number), number) for number in range(1000)], [])

    assert len(inbox.kept()) == 1000
