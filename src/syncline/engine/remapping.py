"""A mapping that was changed must reach the records that have not changed: all of them are looked at once more.

The fingerprint of a link is of the raw record, so a corrected converter or a new field would never be applied to a
record that nobody edits. What each side's mapping says is therefore kept as digests; where they differ, the links
forget their fingerprints and the next listing is whole. The digests are kept last: a crash before that repeats it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b

import msgspec

from syncline.engine.codec import decode_delta, encode_delta
from syncline.engine.discover import RECONCILED
from syncline.engine.hub import BoundSide, Hub
from syncline.merging import Shadow
from syncline.model.flow import Direction
from syncline.model.state import Hint, Link, LinkState
from syncline.model.values import UNSET

KIND = "mapping"  #: of the documents that hold the digests, by "system/entity"


class Mapped(msgspec.Struct, frozen=True, kw_only=True):
    """How one field was mapped when its records were last looked at."""

    source: str  #: digest of the record's fields that it is read from
    text: str  #: digest of all that the mapping says of it


def remap(hub: Hub, side: BoundSide, texts: Mapping[str, str]) -> None:
    """Compare what the mapping says of each canonical field with what it said; see every record again if it differs."""
    name = "/".join(side.stream)
    now = {field: _mapped(side, field, texts.get(field, "")) for field in side.lens.fields}
    kept = hub.store.document(KIND, name)
    before = msgspec.json.decode(kept, type=dict[str, Mapped]) if kept is not None else now
    if kept is not None and before == now:
        return
    changed = any(before.get(field) != one for field, one in now.items())
    if changed:
        moved = [field for field, one in now.items() if field not in before or before[field].source != one.source]
        places = dict(zip(side.lens.fields, side.positions, strict=True))
        _forget(hub, side, [places[field] for field in moved])
    hub.env.point("remap.before_commit")
    with hub.store.transaction() as tx:
        if changed:
            tx.drop_documents(RECONCILED, [name])
        tx.put_documents(KIND, {name: msgspec.json.encode(now)})


def _mapped(side: BoundSide, field: str, text: str) -> Mapped:
    return Mapped(source=_digest(" ".join(map(str, side.lens.paths_of[field]))), text=_digest(text))


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _forget(hub: Hub, side: BoundSide, moved: Sequence[int]) -> None:
    """No link has a fingerprint any more, and nothing is known of what it shows at the positions of `moved`.

    A field that is now read from elsewhere meets canon as at first sight: it is no edit of what was read before.
    """
    now, listed = hub.now(), side.side.direction is not Direction.TO
    for page in hub.store.each_link(side.stream):
        links = [link for link in page if link.state is LinkState.OK]
        hints = [Hint(stream=side.stream, key=link.key, reason="changed", due=now, at=now) for link in links]
        with hub.store.transaction() as tx:
            tx.update_links(side.stream, [_unseen(link, moved) for link in links])
            if not listed:  # such a side is never listed: its records are read by key
                tx.put_hints(hints)


def _unseen(link: Link, moved: Sequence[int]) -> Link:
    delta = decode_delta(link.delta) | dict.fromkeys(moved, Shadow(UNSET, UNSET, 0))
    return Link(link.eid, link.key, link.state, None, link.version, encode_delta(delta), link.born, link.stamp)
