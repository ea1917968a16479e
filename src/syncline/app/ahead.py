"""Fetch the next page in a thread while the engine works on this one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from queue import SimpleQueue
from typing import TypeVar

_GOODBYE = 2.0  #: for an item that nobody waits for any more [s]

T = TypeVar("T")


class Threads:
    """The executor of an embedded hub. A plain thread: pools load logging and more, at every start."""

    def ahead(self, source: Iterator[T]) -> Iterator[T]:
        """One item is fetched in advance; an error of the source is raised in its place."""
        asked: SimpleQueue[Iterator[T] | None] = SimpleQueue()
        found: SimpleQueue[tuple[T | None, BaseException | None]] = SimpleQueue()

        def fetch() -> None:
            while (wanted := asked.get()) is not None:
                try:
                    found.put((next(wanted, None), None))
                except BaseException as error:  # noqa: BLE001  raised where the item is waited for
                    found.put((None, error))

        # A daemon: whoever is stopped between two items must not wait for a thread that waits for them.
        thread = threading.Thread(target=fetch, name="syncline-ahead", daemon=True)
        thread.start()
        try:
            asked.put(source)
            while True:
                item, error = found.get()
                if error is not None:
                    raise error
                if item is None:
                    return
                asked.put(source)
                yield item
        finally:
            asked.put(None)
            thread.join(_GOODBYE)
