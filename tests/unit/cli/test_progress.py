import signal
from io import StringIO

import pytest
from rich.console import Console
from rich.progress import Progress, TextColumn

from syncline.cli.lazy import Asked
from syncline.cli.progress import Bars, progress
from syncline.cli.stopping import Stop
from syncline.model.event import Event

READ = Event(kind="read", flow="customers", system="crm", counts={"read": 500, "changed": 3})
SENT = Event(kind="sent", flow="customers", system="crm", counts={"sent": 3, "acknowledged": 2})


def test_nothing_is_drawn_where_nobody_looks():
    with progress(Asked()) as listeners:
        assert list(listeners) == []


def test_pages_of_one_flow_and_system_add_up():
    console = Console(file=StringIO(), width=100)
    bars = Progress(TextColumn("{task.description}"), console=console)
    listener = Bars(bars)

    for event in (READ, SENT, READ):
        listener.hear(event)

    (task,) = bars.tasks
    assert (task.fields["system"], task.fields["read"], task.fields["sent"]) == ("crm", 1000, 3)


def test_a_paused_system_is_said_to_be():
    bars = Progress(console=Console(file=StringIO()))

    Bars(bars).hear(Event(kind="paused", flow="customers", system="erp", message="cannot be reached"))

    assert bars.tasks[0].fields["state"] == "paused"


def test_the_first_signal_lets_the_page_at_hand_be_committed():
    stop = Stop()

    stop.signalled(signal.SIGINT, None)

    with pytest.raises(KeyboardInterrupt):
        stop.hear(READ)


def test_a_page_without_a_signal_is_followed_by_the_next():
    stop = Stop()

    stop.hear(READ)

    assert not stop.asked


def test_the_second_signal_ends_at_once():
    stop = Stop()
    stop.signalled(signal.SIGTERM, None)

    with pytest.raises(KeyboardInterrupt):
        stop.signalled(signal.SIGTERM, None)


def test_nobody_waits_once_a_signal_came():
    stop = Stop()
    stop.signalled(signal.SIGINT, None)

    with pytest.raises(KeyboardInterrupt):
        stop.sleep(3600)
