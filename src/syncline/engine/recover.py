"""After a crash: what was sent and never settled is in doubt. The same rows as a lost answer makes; no path of its own."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.engine.codec import Pending, encode_pending
from syncline.engine.hub import Hub, Run
from syncline.engine.step import begin, commit
from syncline.model.state import Intent, IntentState, Unsettled, UnsettledState

_decoder = msgspec.msgpack.Decoder(list[tuple[int, bytes]])


def encode_body(items: Sequence[tuple[int, Pending]]) -> bytes:
    """What an intent sends, per entity."""
    return msgspec.msgpack.encode([(eid, encode_pending(pending)) for eid, pending in items])


def decode_body(body: bytes | None) -> list[tuple[int, bytes]]:
    """(eid, encoded pending) of each item."""
    return _decoder.decode(body) if body else []


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
    pendings = dict(decode_body(intent.body))
    return [
        Unsettled(
            stream=intent.stream, eid=eid, state=UnsettledState.DOUBT, op=intent.op, pending=pendings.get(eid),
            due=intent.doubt_until, since=hub.now(), message="the hub was stopped before the answer came",
        )
        for eid in intent.eids
    ]  # fmt: skip
