"""A secret in hand: text that shows as *** wherever it is printed, formatted or dumped by mistake."""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import Never

MASK = "***"


class Secret:
    """A text that only `reveal` shows. No str, so that no encoder and no join can write it out unasked."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """The text itself, for the one place that sends it."""
        return self._text

    def __repr__(self) -> str:
        """Never the text."""
        return MASK

    def __eq__(self, other: object) -> bool:
        """Equal texts, compared in constant time."""
        return isinstance(other, Secret) and hmac.compare_digest(self._text.encode(), other._text.encode())

    def __hash__(self) -> int:
        """As the text's."""
        return hash((Secret, self._text))

    def __deepcopy__(self, memo: object) -> Secret:
        """Itself: it never changes."""
        return self

    def __reduce__(self) -> Never:
        """Refuse to be pickled."""
        msg = "a secret is not written out"
        raise TypeError(msg)


def revealed(value: object) -> object:
    """A copy of nested settings with every secret as plain text: for a connector that is about to be opened."""
    return _replaced(value, mask=False)


def masked(value: object) -> object:
    """A copy of nested settings with *** for every secret: for a page, a report or JSON."""
    return _replaced(value, mask=True)


def _replaced(value: object, *, mask: bool) -> object:
    if isinstance(value, Secret):
        return MASK if mask else value.reveal()
    if isinstance(value, Mapping):
        return {key: _replaced(below, mask=mask) for key, below in value.items()}
    if isinstance(value, list | tuple):
        return [_replaced(below, mask=mask) for below in value]
    return value
