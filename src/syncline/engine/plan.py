"""What each system must now hold: a pure function of canon and shadows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet

from syncline.merging import Shadow, Unit
from syncline.model.values import UNSET, Value, is_empty


def wanted(
    units: Sequence[Unit],
    canon: Sequence[Value],
    delta: Mapping[int, Shadow],
    *,
    writable: AbstractSet[int],
    frozen: AbstractSet[str] = frozenset(),
) -> dict[int, Value]:
    """The change of one link: position -> value that the system must hold and was not meant to hold before.

    Only writable positions, no frozen units, and an atomic group whole or not at all.
    """
    stale = {p for p, shadow in delta.items() if p in writable and _differs(shadow.base, canon[p])}
    change: dict[int, Value] = {}
    for unit in units if stale else ():
        if unit.name not in frozen and not stale.isdisjoint(unit.positions):
            change.update({p: canon[p] for p in unit.positions if p in writable and canon[p] is not UNSET})
    return change


def is_wanted(canon: Sequence[Value], bases: Mapping[int, Value], *, writable: AbstractSet[int]) -> bool:
    """Is there a change of one link, frozen units not left out? What `wanted` tells, from the delta's bases alone."""
    return any(p in writable and _differs(base, canon[p]) for p, base in bases.items())


def whole(canon: Sequence[Value], *, writable: AbstractSet[int]) -> dict[int, Value]:
    """What a new record is created with: every value that there is."""
    return {p: value for p, value in enumerate(canon) if p in writable and value is not UNSET}


def blanked(change: Mapping[int, Value], delta: Mapping[int, Shadow]) -> int:
    """How many fields of a change empty a value that the system shows."""
    return sum(
        1
        for position, value in change.items()
        if is_empty(value) and position in delta and not is_empty(delta[position].seen)
        and delta[position].seen is not UNSET
    )  # fmt: skip


def _differs(base: Value, canon: Value) -> bool:
    return canon is not UNSET and base != canon and not (base is UNSET and is_empty(canon))
