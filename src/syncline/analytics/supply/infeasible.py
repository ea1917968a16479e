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


def infeasible(shortfalls: Sequence[Shortfall]) -> RejectedError:
    """The error that tells what stands against a plan.

    >>> print(infeasible([Shortfall("the budget of 2026-05", 120.5, "money")]))
    No plan keeps everything that is asked: the budget of 2026-05 is missed by 120.5 money. Ask for less, or give more.
    """
    told = "; ".join(_told(one) for one in shortfalls[:_SHOWN])
    more = f"; and {len(shortfalls) - _SHOWN} more" if len(shortfalls) > _SHOWN else ""
    return RejectedError(f"No plan keeps everything that is asked: {told}{more}.", cure="Ask for less, or give more.")


def _told(one: Shortfall) -> str:
    return f"{one.constraint} is missed by {one.by:.6g} {one.unit}{f', because {one.because}' if one.because else ''}"
