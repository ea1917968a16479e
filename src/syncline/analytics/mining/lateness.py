"""Who and what is late more often than the rest: suppliers, products, places, days of the week."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from scipy import stats

from syncline.analytics.mining.finding import Candidate

LEAST = 8  #: deliveries, below which a value is not tested
_SHOWN = 5


class Delivery(NamedTuple):
    """One line that was promised and came."""

    number: str
    promised: date
    came: date
    money: float  #: its worth [money]
    traits: tuple[tuple[str, str], ...]  #: (("supplier", "Nordstahl"), ("product", "P-7"), ...)

    @property
    def is_late(self) -> bool:
        """By a day or more."""
        return self.came > self.promised


def lateness_candidates(deliveries: Sequence[Delivery]) -> list[Candidate]:
    """Each value of each trait against all other deliveries, by Fisher's exact test, one-sided (more often late).

    Money is the worth of what came late beyond what would have, had it been as late as the rest, in the time that the
    deliveries span, for a year.

    >>> D = date
    >>> def line(n, days, who): return Delivery(str(n), D(2026, 1, 5), D(2026, 1, 5 + days), 9.0, (("supplier", who),))
    >>> lines = [line(n, 3 * (n % 2), "A") for n in range(20)] + [line(n, 0, "B") for n in range(20, 60)]
    >>> [(one.subject, round(one.effect, 2), one.p_value < 1e-4) for one in lateness_candidates(lines)]
    [('supplier A', 0.5, True), ('supplier B', -0.5, False)]
    """
    late = sum(one.is_late for one in deliveries)
    groups: dict[tuple[str, str], list[Delivery]] = {}
    for one in deliveries:
        for named in one.traits:
            groups.setdefault(named, []).append(one)
    years = _years(deliveries)
    found = []
    for (trait, value), members in sorted(groups.items()):
        others, own = len(deliveries) - len(members), sum(one.is_late for one in members)
        if len(members) < LEAST or others < LEAST:
            continue
        table = [[own, len(members) - own], [late - own, others - (late - own)]]
        p_value = float(stats.fisher_exact(table, alternative="greater").pvalue)
        excess = own / len(members) - (late - own) / others
        money = max(0.0, excess) * sum(one.money for one in members) / years
        shown = tuple(one.number for one in members if one.is_late)[:_SHOWN]
        words = (
            f"{trait} {value}: {own} of {len(members)} deliveries came late ({own / len(members):.0%}); "
            f"of the others {(late - own) / others:.0%}."
        )
        found.append(Candidate("lateness", f"{trait} {value}", words, p_value, money, excess, shown))
    return found


def _years(deliveries: Sequence[Delivery]) -> float:
    """What the deliveries span, at least a quarter: a week is not made a year of."""
    days = [one.came for one in deliveries]
    return max(((max(days) - min(days)).days if days else 0) / 365.25, 0.25)
