"""Deletes: detected, confirmed, and carried on by policy; a delete that meets an edit gives way to it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set

import msgspec

from syncline.engine.audit import EntryKind, entry
from syncline.engine.codec import Delta, canon_of, decode_delta
from syncline.engine.combine import POLICY_OP
from syncline.engine.creating import creates_for
from syncline.engine.hub import Pass
from syncline.engine.kinds import unfamiliar
from syncline.engine.mergers import close_merge, left_of_two, record_merged
from syncline.engine.plan import wanted
from syncline.engine.step import Step
from syncline.model.flow import DeletePolicy, Direction
from syncline.model.ledger import ReadOutcome
from syncline.model.page import Op
from syncline.model.state import Conflict, ConflictState, Entity, EntityState, Hint, Link, LinkState, Tomb
from syncline.model.values import UNSET, Row, encode_row

COMPLETE_FROM = 0.9  #: a scan that shows less than this share of the linked records is not believed
SMALL = 20  #: below this many linked records the share says nothing


def record_deleted(at: Pass, step: Step, key: str, reason: str, gone: Set[str] = frozenset()) -> ReadOutcome:
    """A record is known to be deleted in this system: bury it and carry the delete on by policy.

    `gone` are the keys of all that the same reading has shown to be deleted.
    """
    hub, side, bound = at.hub, at.side, at.bound
    link = hub.store.links(side.stream, [key]).get(key)
    if link is not None and link.state is LinkState.DETACHED:
        _forget_detached(at, step, link, reason)
    if link is None or link.state is not LinkState.OK:
        return ReadOutcome.FILTERED
    asked = "*" in hub.store.frozen(bound.entity, [link.eid]).get(link.eid, ())
    if asked and (left := left_of_two(at, step, key, gone)):
        return record_merged(at, step, key, left)
    # The same page may have shown an edit of the record: what this step has made of it stands.
    link = step.links.get((side.stream, link.eid), link)
    entity = step.entities.get(link.eid) or hub.store.entities(bound.entity, [link.eid])[link.eid]
    step.tombs.append(Tomb(stream=side.stream, key=key, eid=link.eid, reason=reason, at=hub.now()))
    if entity.state is not EntityState.LIVE:
        step.links[side.stream, link.eid] = _gone(link)
        return ReadOutcome.DELETED
    step.entries.append(entry(EntryKind.DELETED, link.eid, f"{reason} ({side.system} {key})"))
    if _keeps(at, entity, link, step):
        step.dropped_links.setdefault(side.stream, []).append(link.eid)
        if creates_for(bound, side, entity):
            step.plan_work(side.stream, Op.CREATE, link.eid)
        return ReadOutcome.DELETED
    step.links[side.stream, link.eid] = _gone(link)
    step.entities[link.eid] = Entity(
        link.eid, EntityState.DEAD, step.gen, entity.canon, entity.gens or _same(entity, at)
    )
    step.unmatched.append(link.eid)
    _carry_on(at, step, link.eid)
    return ReadOutcome.DELETED


def _forget_detached(at: Pass, step: Step, link: Link, reason: str) -> None:
    """Nobody kept it in agreement, so nothing is carried on; but its key may be another record's from now on."""
    close_merge(at, step, {link.key})
    step.tombs.append(Tomb(stream=at.side.stream, key=link.key, eid=link.eid, reason=reason, at=at.hub.now()))
    entity = at.hub.store.entities(at.bound.entity, [link.eid])[link.eid]
    if entity.state is EntityState.MERGED:
        step.dropped_links.setdefault(at.side.stream, []).append(link.eid)
    else:
        step.links[at.side.stream, link.eid] = _gone(link)


def _same(entity: Entity, at: Pass) -> bytes:
    # The entity's own `gen` moves with its death; the generations of its fields do not.
    return msgspec.msgpack.encode([entity.gen] * len(canon_of(entity, at.bound.width)))


def _gone(link: Link) -> Link:
    return Link(link.eid, link.key, LinkState.GONE, None, link.version, None, link.born, link.stamp)


def _keeps(at: Pass, entity: Entity, link: Link, step: Step) -> bool:
    """Does the entity live on? When an edit made elsewhere had not reached this system yet, or by policy."""
    if at.side.side.direction is Direction.TO:
        return True  # what happens there is put back, deletes as well
    canon = canon_of(entity, at.bound.width)
    if wanted(at.bound.units, canon, _edited(at, canon, link), writable=at.side.writable):
        step.conflicts.append(
            Conflict(
                cid=0, entity=at.bound.entity, eid=link.eid, field="*", state=ConflictState.AUTO,
                rule="delete against edit", system=at.side.system, theirs=encode_row([]), ours=encode_row([]),
                base=encode_row([]), kept="ours", at=at.hub.now(), run=at.run.number,
            )
        )  # fmt: skip
        return True
    others = [side for side in at.bound.sides.values() if side.system != at.side.system]
    return any(side.side.deletes is DeletePolicy.RECREATE for side in others)


def _edited(at: Pass, canon: Row, link: Link) -> Delta:
    """The shadows that tell of edits: a reference that is only to be respelled does not."""
    pointing = at.bound.references.keys() | at.bound.line_references.keys()
    return {
        p: shadow
        for p, shadow in decode_delta(link.delta).items()
        if not (p in pointing and shadow.base is UNSET and shadow.seen == canon[p])
    }


def _carry_on(at: Pass, step: Step, eid: int) -> None:
    for side in at.bound.sides.values():
        if side.system == at.side.system:
            continue
        link = at.hub.store.links_of(side.stream, [eid]).get(eid)
        if link is None or link.state is not LinkState.OK:
            continue
        policy = side.side.deletes
        if policy is DeletePolicy.DETACH or side.side.direction is Direction.FROM:
            step.links[side.stream, eid] = Link(
                eid, link.key, LinkState.DETACHED, None, link.version, None, link.born, link.stamp
            )
        elif policy in POLICY_OP:
            op = POLICY_OP[policy]
            if op is Op.ARCHIVE and not side.contract.archivable and side.contract.deletable:
                op = Op.DELETE
            step.plan_work(side.stream, op, eid)


def sweep(at: Pass, scanned: bytearray, step: Step) -> list[Hint]:
    """After a complete scan: hints for linked records that it did not show. A scan that lacks too much gives none.

    It need not have shown what is too new yet: that is looked at as soon as a read by key shows whether it is there.
    """
    now, certain = at.hub.now(), int(at.side.contract.certain * 1e6)
    unseen = [link for page in at.hub.store.unseen(at.side.stream, bytes(scanned)) for link in page]
    missing = [link for link in unseen if link.born + certain <= now]
    linked = at.hub.store.counts(at.side.stream)[1] if missing else 0
    kept = [link for link in missing if link.state is LinkState.OK]
    strange = at.hub.may_have(unfamiliar(at.side.stream)) and bool(at.hub.store.documents(unfamiliar(at.side.stream)))
    few = linked >= SMALL and linked - len(kept) < COMPLETE_FROM * linked
    if few or (strange and kept):
        why = (
            f"{at.side.side.resource} is another resource than before" if strange else "too many to be believed deleted"
        )
        cure = "Check the mapping" if strange else "Check the permissions there"
        at.run.held.append(
            f"{at.side.system} {at.bound.flow.name}: {len(kept):,} of {linked:,} records are missing from a whole "
            f"read: {why}. {cure}, then: syncline sync --full --approve"
        )
        if not at.run.approved:
            return []
    if strange:
        step.dropped_documents[unfamiliar(at.side.stream)] = ["resource"]
    return [
        Hint(stream=at.side.stream, key=link.key, reason="missing", due=max(now, link.born + certain), at=now)
        for link in unseen
    ]


def confirmed(at: Pass, hints: Mapping[str, Hint], gone: Sequence[str], step: Step) -> list[str]:
    """Keys that a second get, at least L + r after the first, has found missing. First-time ones wait for that."""
    now = at.hub.now()
    pause = int((at.side.contract.lag + at.side.contract.settle) * 1e6)
    sure: list[str] = []
    for key in gone:
        hint = hints.get(key)
        first = hint.at if hint is not None and hint.reason == "missing" and hint.tries else 0
        if first and now >= first + pause:
            sure.append(key)
        else:
            since = first or now
            step.moved_hints.append(
                Hint(stream=at.side.stream, key=key, reason="missing", due=since + pause, at=since, tries=1)
            )
    return sure
