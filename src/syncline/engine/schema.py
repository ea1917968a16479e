"""Schema drift: what a system's resource looks like now against what it looked like when the mapping was accepted.

New fields are no news. A mapped field that went away, or whose type changed, pauses that mapping alone.
"""

from __future__ import annotations

from functools import partial

import msgspec

from syncline.engine.hub import Pass
from syncline.engine.limits import Priority
from syncline.engine.retry import read_again

OFFERED = "offered"  #: kind of the documents that say how many fields a stream has, mapped or not
UNKNOWN = "unknown"  #: a field that held nothing wherever the system was looked at: it agrees with every type


def drifted(at: Pass) -> str:
    """Why this side's mapping no longer fits the system, in one sentence; "" when it does."""
    at.side.gate.enter(Priority.RECONCILE if at.hub.matched(at.side.stream) else Priority.BACKFILL)
    shown = dict(read_again(at.hub.env, partial(at.side.connector.schema, at.side.side.resource)))
    if not shown:
        return ""
    name = "/".join(at.side.stream)
    kept = at.hub.store.document("schema", name)
    mapped = sorted(path for path in at.side.lens.paths if path)
    now = {path: shown[path] for path in mapped if path in shown}
    before: dict[str, str] = msgspec.json.decode(kept, type=dict[str, str]) if kept else {}
    gone = [path for path in before if path in mapped and path not in now]
    changed = [
        path
        for path in now
        if path in before and UNKNOWN not in (before[path], now[path]) and before[path] != now[path]
    ]
    if gone or changed:
        words = [f"`{path}` is gone" for path in gone]
        words += [f"`{path}` was {before[path]} and is {now[path]}" for path in changed]
        what = f"{at.side.system} has changed its {at.side.side.resource}: {', '.join(words)}"
        return f"{what}; {at.bound.flow.name} is paused there."
    now = {path: before.get(path, UNKNOWN) if shape == UNKNOWN else shape for path, shape in now.items()}
    offered = str(len(shown)).encode()
    if now != before or at.hub.store.document(OFFERED, name) != offered:
        with at.hub.store.transaction() as tx:
            tx.put_documents("schema", {name: msgspec.json.encode(now)})
            tx.put_documents(OFFERED, {name: offered})
    return ""
