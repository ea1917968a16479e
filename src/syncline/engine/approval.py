"""The blast-radius breaker: a plan that creates, deletes or blanks too much waits for a person."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from syncline.engine.codec import canon_of, decode_delta
from syncline.engine.creating import lacking
from syncline.engine.hub import Pass
from syncline.engine.plan import blanked, wanted
from syncline.model.page import Op
from syncline.model.state import Intent

ALWAYS = 500  #: more than this many wait, whatever the share
SHARE = 0.01  #: more than this share of the records wait,
AT_LEAST = 20  #: when they are at least this many


def too_many(count: int, records: int) -> bool:
    """Must `count` creates, deletes or blankings among `records` wait for approval?"""
    return count > ALWAYS or (count >= AT_LEAST and count > SHARE * records)


def held_back(at: Pass, intents: Sequence[Intent]) -> list[Intent]:
    """Intents that wait for approval; the reason is noted in the run. Once it is given, nothing is counted."""
    if at.run.approved:
        return []
    creates = [intent for intent in intents if intent.op is Op.CREATE]
    deletes = [intent for intent in intents if intent.op in (Op.DELETE, Op.ARCHIVE)]
    updates = [intent for intent in intents if intent.op is Op.UPDATE]
    kinds: dict[str, tuple[list[Intent], Callable[[Pass, Sequence[int]], int]]] = {
        "creations": (creates, _missing_there), "deletions": (deletes, _each), "blanked fields": (updates, _blanks),
    }  # fmt: skip
    held: list[Intent] = []
    for what, (those, counted) in kinds.items():
        if sum(len(intent.eids) for intent in those) < AT_LEAST:
            continue
        count = counted(at, sorted({eid for intent in those for eid in intent.eids}))  # planned twice, written once
        records = max(at.hub.store.counts(at.side.stream))  # counting is dear: only where it can matter
        if too_many(count, records):
            held += those
            reason = (
                f"{at.bound.flow.name}: {count:,} {what} in {at.side.system} are more than 1 % of {records:,} "
                "(or more than 500) and wait for approval."
            )
            if reason not in at.run.held:
                at.run.held.append(reason)
    return held


def _each(_at: Pass, eids: Sequence[int]) -> int:
    return len(eids)


def _missing_there(at: Pass, eids: Sequence[int]) -> int:
    """Those linked meanwhile are no creations."""
    count = 0
    for chunk in _chunks(eids):
        linked = at.hub.store.links_of(at.side.stream, chunk)
        count += len(lacking(at.hub, at.bound, at.side, [eid for eid in chunk if eid not in linked]))
    return count


def _blanks(at: Pass, eids: Sequence[int]) -> int:
    count = 0
    for chunk in _chunks(eids):
        entities = at.hub.store.entities(at.bound.entity, chunk)
        for eid, link in at.hub.store.links_of(at.side.stream, chunk).items():
            delta = decode_delta(link.delta)
            canon = canon_of(entities[eid], at.bound.width)
            count += blanked(wanted(at.bound.units, canon, delta, writable=at.side.writable), delta) > 0
    return count


def _chunks(eids: Sequence[int]) -> Iterator[Sequence[int]]:
    return (eids[start : start + ALWAYS] for start in range(0, len(eids), ALWAYS))
