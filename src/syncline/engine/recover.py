"""After a crash: what was sent and never settled is in doubt, in the same rows that a lost answer makes."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.engine.codec import Pending, canon_of, encode_pending, gens_of
from syncline.engine.compose import Sent
from syncline.engine.hub import BoundFlow, Hub, Pass, Run
from syncline.engine.step import begin, commit
from syncline.model.page import Op
from syncline.model.state import Entity, EntityState, Intent, IntentState, Unsettled, UnsettledState
from syncline.model.values import UNSET


class SentItem(msgspec.Struct, frozen=True, array_like=True):
    """What one item of an intent sends: its pending values, or, for a create, the whole canon as it is stored."""

    eid: int
    pending: bytes | None = None
    gen: int = 0
    canon: bytes = b""
    gens: bytes | None = None
    without: tuple[int, ...] = ()


_decoder = msgspec.msgpack.Decoder(list[SentItem])


def encode_body(at: Pass, sent: Sequence[Sent]) -> bytes:
    """What an intent sends, per entity."""
    return msgspec.msgpack.encode([_sent_item(at, one) for one in sent])


def _sent_item(at: Pass, one: Sent) -> SentItem:
    if one.item.op is not Op.CREATE:
        return SentItem(one.item.ref, encode_pending(one.pending(at)))
    entity = one.ready.entity
    return SentItem(entity.eid, None, entity.gen, entity.canon, entity.gens, tuple(one.ready.without))


def recover(hub: Hub, run: Run) -> int:
    """Turn every intent left in SENT into doubts; how many items that were."""
    items = 0
    for intent in hub.store.intents(IntentState.SENT):
        step = begin(hub, "settle", system=intent.stream.system, entity=intent.stream.entity)
        step.unsettled += _doubts(hub, intent)
        step.intents.append(msgspec.structs.replace(intent, state=IntentState.SETTLED, body=None))
        items += len(step.unsettled)
        commit(hub, run, step)
    return items


def _doubts(hub: Hub, intent: Intent) -> list[Unsettled]:
    bound = hub.of_entity(intent.stream.entity)
    side = bound.sides[intent.stream.system]
    # The process that sent it is dead, for we hold its store: nothing leaves any more, only its effect may be late.
    late = int((side.contract.effect + side.contract.settle + side.contract.lag) * 1e6)
    due = hub.now() + late  # when it died nobody knows
    return [
        Unsettled(
            stream=intent.stream, eid=item.eid, state=UnsettledState.DOUBT, op=intent.op,
            pending=item.pending or encode_pending(_whole(bound, intent, item)),
            due=due, since=hub.now(), message="the hub was stopped before the answer came",
        )
        for item in (_decoder.decode(intent.body) if intent.body else [SentItem(eid) for eid in intent.eids])
    ]  # fmt: skip


def _whole(bound: BoundFlow, intent: Intent, item: SentItem) -> Pending:
    if not item.canon:
        return {}
    entity = Entity(item.eid, EntityState.LIVE, item.gen, item.canon, item.gens)
    row, gens = canon_of(entity, bound.width), gens_of(entity, bound.width)
    writable = bound.sides[intent.stream.system].writable
    return {
        p: (value, gens[p])
        for p, value in enumerate(row)
        if value is not UNSET and p in writable and p not in item.without
    }
