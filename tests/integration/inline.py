"""No thread at all: in a test one thing happens after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

T = TypeVar("T")


class Inline:
    """An executor that fetches nothing in advance."""

    def ahead(self, source: Iterator[T]) -> Iterator[T]:
        """The source itself."""
        return source
