"""Pages are fetched one ahead, in order, and an error comes where its page would have."""

import subprocess
import sys
import threading
from collections.abc import Iterator

import pytest

from syncline.app.ahead import Threads

ABANDONED = """
from syncline.app.ahead import Threads
pages = Threads().ahead(iter([1, 2, 3]))
print(next(pages), flush=True)
raise KeyboardInterrupt
"""


def fetching() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "syncline-ahead"]


def test_items_come_in_order_and_the_thread_ends():
    assert list(Threads().ahead(iter([1, 2, 3]))) == [1, 2, 3]
    assert fetching() == []


def test_the_next_item_is_fetched_while_one_is_worked_on():
    fetched = threading.Event()

    def source() -> Iterator[int]:
        yield 1
        fetched.set()
        yield 2

    items = Threads().ahead(source())

    assert next(items) == 1
    assert fetched.wait(5)
    assert list(items) == [2]


def test_an_error_is_raised_in_the_place_of_its_item():
    def source() -> Iterator[int]:
        yield 1
        raise ZeroDivisionError

    seen = []
    with pytest.raises(ZeroDivisionError):
        seen.extend(Threads().ahead(source()))

    assert fetching() == []


def test_who_stops_early_ends_the_thread():
    items = Threads().ahead(iter([1, 2, 3]))
    next(items)

    items.close()  # type: ignore[attr-defined]  a generator

    assert fetching() == []


def test_a_process_that_is_stopped_between_two_items_ends():
    ended = subprocess.run([sys.executable, "-c", ABANDONED], capture_output=True, text=True, timeout=60, check=False)

    assert ended.stdout == "1\n"
    assert "KeyboardInterrupt" in ended.stderr
