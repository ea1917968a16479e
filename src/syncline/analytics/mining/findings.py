"""Which of all that was tested is more than chance, in the order in which it is worth looking at."""

from __future__ import annotations

from collections.abc import Collection, Sequence

import numpy as np
from scipy import stats

from syncline.analytics.mining.finding import Candidate, Finding, Findings

FALSE_SHARE = 0.05  #: of the findings, at most so many are false on average
KNOWN_WEIGHT = 0.2  #: what money counts for, where it was found the last time as well


def mine(
    candidates: Sequence[Candidate], *, known: Collection[str] = (), false_share: float = FALSE_SHARE, most: int = 50
) -> Findings:
    """Findings with a controlled share of false ones, ranked by money times novelty, then by clearness.

    Args:
        candidates: all that was tested, not only what looks good: the number of tests is what is controlled for.
        known: names of what was found the last time; it counts for a fifth.
        false_share: expected share of false findings, by Benjamini and Yekutieli, which holds for tests that depend on
            each other (Annals of Statistics 29, 2001).
        most: how many are told.

    >>> chance = [Candidate("change", f"P{n}", "", (n + 1) / 101, 10.0, 1.0) for n in range(100)]
    >>> mine(chance).words
    'Nothing is more than chance: 100 things were tested.'
    >>> clear = Candidate("lateness", "supplier A", "supplier A is late.", 1e-9, 500.0, 0.5)
    >>> told = mine([*chance, clear], known={"lateness:supplier A"})
    >>> [(one.candidate.subject, one.rank, one.is_new) for one in told.findings], told.words
    ([('supplier A', 1, False)], '1 of 101 things that were tested is more than chance.')
    """
    if not candidates:
        return Findings((), 0, "Nothing could be tested: there are too few data.")
    q_values = stats.false_discovery_control(np.clip([one.p_value for one in candidates], 0, 1), method="by")
    clear = [(one, float(q)) for one, q in zip(candidates, q_values, strict=True) if q <= false_share]
    clear.sort(key=lambda pair: (-_worth(pair[0], known), pair[1], pair[0].name))
    findings = tuple(Finding(one, q, one.name not in known, rank) for rank, (one, q) in enumerate(clear[:most], 1))
    return Findings(findings, len(candidates), _words(len(clear), len(candidates)))


def _worth(one: Candidate, known: Collection[str]) -> float:
    return one.money * (KNOWN_WEIGHT if one.name in known else 1.0)


def _words(clear: int, tested: int) -> str:
    if not clear:
        return f"Nothing is more than chance: {tested:,} things were tested."
    return f"{clear:,} of {tested:,} things that were tested {'is' if clear == 1 else 'are'} more than chance."
