"""After a crash: what was sent and never settled is in doubt, in the same rows that a lost answer makes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import msgspec

from syncline.engine.codec import Pending, canon_of, encode_pending, gens_of
from syncline.engine.compose import Sent
from syncline.engine.hub import BoundFlow, Hub, Pass, Run
from syncline.engine.step import begin, commit
from syncline.model.page import Op
from syncline.model.state import Entity, EntityState, Intent, IntentState, Stream, Unsettled, UnsettledState
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
    """Turn every intent left in SENT into doubts; how many items that were.

    What no flow has any more stays as it is, and is told: who could ask the system for it comes back with the flow.
    """
    items = 0
    stranded: Counter[Stream] = Counter()
    for intent in hub.store.intents(IntentState.SENT):
        bound = next((one for one in hub.flows.values() if one.entity == intent.stream.entity), None)
        if bound is None or intent.stream.system not in bound.sides:
            stranded[intent.stream] += len(intent.eids)
            continue
        step = begin(hub, "settle", system=intent.stream.system, entity=intent.stream.entity)
        step.unsettled += _doubts(hub, bound, intent)
        step.intents.append(msgspec.structs.replace(intent, state=IntentState.SETTLED, body=None))
        items += len(step.unsettled)
        commit(hub, run, step)
    run.held += [_told(stream, count) for stream, count in stranded.items()]
    return items


def _told(stream: Stream, count: int) -> str:
    writes = "1 write" if count == 1 else f"{count:,} writes"
    return (
        f"{stream.system}: the hub was stopped before {writes} of {stream.entity} {'was' if count == 1 else 'were'} "
        "answered, and no flow has that any more. What became of it is found out when the flow is back."
    )


def _doubts(hub: Hub, bound: BoundFlow, intent: Intent) -> list[Unsettled]:
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
