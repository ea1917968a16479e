"""How far the systems disagree, just now, about what an analysis was made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple


class Doubt(NamedTuple):
    """One field of an entity, where two systems show different values."""

    entity: str
    field: str
    causes: Mapping[str, int]  #: "in flight", "blocked", "conflict", "parked", "unexplained" -> records

    @property
    def words(self) -> str:
        """In one line.

        >>> Doubt("sales_order", "lines", {"conflict": 2, "parked": 1}).words
        'sales order, lines: 2 conflict, 1 parked'
        """
        told = ", ".join(f"{count:,} {cause}" for cause, count in self.causes.items() if count)
        return f"{self.entity.replace('_', ' ')}, {self.field.replace('_', ' ')}: {told}"


def doubts_in(doubts: Sequence[Doubt], entities: Sequence[str]) -> tuple[Doubt, ...]:
    """Those that concern these entities, the most records first."""
    own = [one for one in doubts if one.entity in entities and any(one.causes.values())]
    return tuple(sorted(own, key=lambda one: (-sum(one.causes.values()), one.entity, one.field)))
