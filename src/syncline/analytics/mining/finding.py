"""One thing that was noticed, with the figures that it rests on and the rows that show it."""

from __future__ import annotations

from typing import NamedTuple


class Candidate(NamedTuple):
    """Something that a detector tested. Most candidates are chance; `mine` says which are not."""

    kind: str  #: "change", "season", "outlier", "lateness"
    subject: str  #: what it is about: a product, a supplier
    words: str  #: what was noticed, in one sentence
    p_value: float  #: probability of as much by chance alone [0..1]
    money: float  #: what it is worth in a year [money]; 0 where no price is known
    effect: float  #: how large, in the unit that `words` names
    evidence: tuple[str, ...] = ()  #: the rows that show it: periods, numbers of orders

    @property
    def name(self) -> str:
        """What it is known by from one time to the next."""
        return f"{self.kind}:{self.subject}"


class Finding(NamedTuple):
    """A candidate that is more than chance."""

    candidate: Candidate
    q_value: float  #: share of false ones among all findings at least as clear as this one [0..1]
    is_new: bool  #: it was not found the last time
    rank: int  #: 1 is the most worth looking at


class Findings(NamedTuple):
    """What there is, and how much was looked at."""

    findings: tuple[Finding, ...]
    tested: int
    words: str  #: one sentence that says how much was tested, and what came of it
