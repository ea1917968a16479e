"""A plan that cannot be: which wish stands against it, and by how much."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from syncline.errors import RejectedError

_SHOWN = 5


class Shortfall(NamedTuple):
    """One wish that cannot be kept, in the nearest plan that can be."""

    constraint: str  #: "at least 90 % for customer A", "the budget of 2026-05"
    by: float  #: how much is missing, in `unit`
    unit: str  #: "units", "money", "h"
    because: str = ""  #: what is too scarce


class InfeasibleError(RejectedError):
    """No plan keeps all wishes; `shortfalls` are those of the nearest one."""

    def __init__(self, shortfalls: Sequence[Shortfall]) -> None:
        told = "; ".join(_told(one) for one in shortfalls[:_SHOWN])
        more = f"; and {len(shortfalls) - _SHOWN} more" if len(shortfalls) > _SHOWN else ""
        super().__init__(f"No plan keeps everything that is asked: {told}{more}.", cure="Ask for less, or give more.")
        self.shortfalls = tuple(shortfalls)


def _told(one: Shortfall) -> str:
    return f"{one.constraint} is missed by {one.by:.6g} {one.unit}{f', because {one.because}' if one.because else ''}"
