"""From scores to a decision: link, ask a person, or a new entity."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum
from typing import NamedTuple

import msgspec

from syncline.matching.scores import Score
from syncline.model.flow import MatchRule

MARGIN = 0.03  #: a rival this close to the best candidate makes the choice a person's


class Outcome(StrEnum):
    """What the match stage says of one record."""

    LINK = "link"
    ASK = "ask"
    NEW = "new"


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome for one record, its best entity and all worth showing, best first."""

    outcome: Outcome
    eid: int | None = None  #: the entity to link; None unless the outcome is LINK
    candidates: tuple[tuple[int, Score], ...] = ()
    explanation: str = ""


class Pair(NamedTuple):
    """One possible link of a batch."""

    key: str  #: of the record
    eid: int
    value: float  #: 0..1


def decide(scores: Sequence[tuple[int, Score]], rule: MatchRule) -> Decision:
    """Link the one candidate that is good enough and stands alone; ask when it is close or has a rival.

    A rule without `at_least` is exact: its candidates are as good as they get, so one links and several ask.
    """
    link_from = 1.0 if rule.at_least is None else rule.at_least
    ask_from = rule.ask_from or link_from  # 0: nobody is asked about what is merely similar
    ranked = sorted(scores, key=lambda candidate: (-candidate[1].value, candidate[0]))
    worth = tuple(candidate for candidate in ranked if candidate[1].value >= min(ask_from, link_from))
    if not worth:
        return Decision(outcome=Outcome.NEW, explanation=_why_new(ranked, ask_from))
    eid, best = worth[0]
    rivals = [other for other, score in worth[1:] if best.value - score.value <= MARGIN]
    if rivals:
        said = f"{len(rivals) + 1} candidates are equally likely: best {best}"
        return Decision(outcome=Outcome.ASK, candidates=worth, explanation=said)
    if best.value < link_from:
        said = f"likely, but below {link_from:.2f}: {best}"
        return Decision(outcome=Outcome.ASK, candidates=worth, explanation=said)
    return Decision(outcome=Outcome.LINK, eid=eid, candidates=worth, explanation=str(best))


def assign(pairs: Iterable[Pair]) -> tuple[Pair, ...]:
    """One entity for each record and one record for each entity, the best pairs first; ties by key, then eid."""
    keys: set[str] = set()
    eids: set[int] = set()
    chosen: list[Pair] = []
    for pair in sorted(pairs, key=lambda pair: (-pair.value, pair.key, pair.eid)):
        if pair.key not in keys and pair.eid not in eids:
            keys.add(pair.key)
            eids.add(pair.eid)
            chosen.append(pair)
    return tuple(chosen)


def _why_new(ranked: Sequence[tuple[int, Score]], ask_from: float) -> str:
    return f"best candidate is below {ask_from:.2f}: {ranked[0][1]}" if ranked else "no candidate"
