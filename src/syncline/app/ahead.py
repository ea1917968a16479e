"""Fetch the next page in a thread while the engine works on this one."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")


class Threads:
    """The executor of an embedded hub."""

    def ahead(self, source: Iterator[T]) -> Iterator[T]:
        """One item is fetched in advance; an error of the source is raised in its place."""
        with ThreadPoolExecutor(max_workers=1, thread_name_prefix="syncline-ahead") as pool:
            waiting = pool.submit(next, source, None)
            while (item := waiting.result()) is not None:
                waiting = pool.submit(next, source, None)
                yield item
