"""A mapping that was changed must reach the records that have not changed: all of them are looked at once more.

The fingerprint of a link is of the raw record, so a corrected converter or a new field would never be applied to a
record that nobody edits. What each side's mapping says is therefore kept as digests; where they differ, the links
forget their fingerprints and the next listing is whole. The digests are kept last: a crash before that repeats it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from hashlib import blake2b

import msgspec

from syncline.engine.codec import canon_of, decode_delta, encode_delta, gens_of
from syncline.engine.discover import RECONCILED
from syncline.engine.exchange import forget
from syncline.engine.hub import BoundFlow, BoundSide, Hub
from syncline.engine.kinds import unfamiliar
from syncline.mapping import Path
from syncline.merging import Shadow, without_fields
from syncline.model.flow import Direction
from syncline.model.state import Entity, Hint, Link, LinkState
from syncline.model.values import UNSET

RESOURCE = "resource"  #: kind of the documents that name the resource that each side is read from
KIND = "mapping"  #: of the documents that hold the digests, by "system/entity"


CHANGED = "mapping-changed"  #: kind of the documents that tell which fields were last mapped anew, by "system/entity"


class Remapped(msgspec.Struct, frozen=True, kw_only=True):
    """When a mapping was last changed, and in which fields."""

    at: int = 0  #: [µs]
    fields: list[str] = []


class Mapped(msgspec.Struct, frozen=True, kw_only=True):
    """How one field was mapped when its records were last looked at."""

    source: str  #: digest of the record's fields that it is read from
    text: str  #: digest of all that the mapping says of it


def remap(hub: Hub, side: BoundSide, texts: Mapping[str, str]) -> None:
    """Compare what the mapping says of each canonical field with what it said; see every record again if it differs."""
    name, resource = "/".join(side.stream), side.side.resource
    now = _all_mapped(side, texts)
    kept, read_from = hub.store.document(KIND, name), hub.store.document(RESOURCE, name)
    before = msgspec.json.decode(kept, type=dict[str, Mapped]) if kept is not None else now
    elsewhere = read_from is not None and read_from != resource.encode()
    if kept is not None and read_from is not None and before == now and not elsewhere:
        return
    changed = elsewhere or any(before.get(field) != one for field, one in now.items())
    if changed:
        with hub.store.transaction() as tx:
            forget(tx, side.stream)
        hub.index.exchange.pop(side.stream, None)
        moved = [field for field, one in now.items() if elsewhere or _is_moved(field, before, now)]
        _forget(hub, side, moved)
    hub.env.point("remap.before_commit")
    with hub.store.transaction() as tx:
        if changed:
            tx.drop_documents(RECONCILED, [name])
            fields = sorted(field for field in {**before, **now} if elsewhere or before.get(field) != now.get(field))
            tx.put_documents(CHANGED, {name: msgspec.json.encode(Remapped(at=hub.now(), fields=fields))})
        if elsewhere:
            tx.put_documents(unfamiliar(side.stream), {"resource": resource.encode()})
        tx.put_documents(RESOURCE, {name: resource.encode()})
        tx.put_documents(KIND, {name: msgspec.json.encode(now)})


def _all_mapped(side: BoundSide, texts: Mapping[str, str]) -> dict[str, Mapped]:
    """Every field, and every field of lines as `lines.field`."""
    now: dict[str, Mapped] = {}
    for field in side.lens.fields:
        text = _digest(texts.get(field, ""))
        now[field] = Mapped(source=_source(side.lens.paths_of[field]), text=text)
        for inner, paths in side.lens.line_paths.get(field, {}).items():
            now[f"{field}.{inner}"] = Mapped(source=_source(paths), text="")
    return now


def _is_moved(field: str, before: Mapping[str, Mapped], now: Mapping[str, Mapped]) -> bool:
    """Is it read from elsewhere than before, or for the first time? Not a field of lines that are read as before."""
    if field in before:
        return before[field].source != now[field].source
    lines = field.partition(".")[0]
    return lines == field or lines not in before or before[lines] != now[lines]


def _source(paths: Sequence[Path]) -> str:
    return _digest(" ".join(map(str, paths)))


def _digest(text: str) -> str:
    return blake2b(text.encode(), digest_size=16).hexdigest()


def _forget(hub: Hub, side: BoundSide, moved: Sequence[str]) -> None:
    """No link has a fingerprint any more, and nothing is known of what it shows in the fields `moved`.

    A field that is now read from elsewhere meets canon as at first sight: it is no edit of what was read before.
    """
    bound = hub.of_entity(side.stream.entity)
    whole = [bound.position(field) for field in moved if "." not in field]
    inside: dict[int, set[str]] = {}
    for lines, _, name in (field.partition(".") for field in moved if "." in field):
        if (place := bound.position(lines)) not in whole:
            inside.setdefault(place, set()).add(name)
    now, listed = hub.now(), side.side.direction is not Direction.TO
    for page in hub.store.each_link(side.stream):
        links = [link for link in page if link.state is LinkState.OK]
        hints = [Hint(stream=side.stream, key=link.key, reason="changed", due=now, at=now) for link in links]
        entities = hub.store.entities(bound.entity, [link.eid for link in links]) if inside else {}
        rows = [_unseen(bound, link, entities.get(link.eid), whole, inside) for link in links]
        with hub.store.transaction() as tx:
            tx.update_links(side.stream, rows)
            if not listed:  # such a side is never listed: its records are read by key
                tx.put_hints(hints)


def _unseen(
    bound: BoundFlow, link: Link, entity: Entity | None, whole: Sequence[int], inside: Mapping[int, AbstractSet[str]]
) -> Link:
    delta = decode_delta(link.delta) | dict.fromkeys(whole, Shadow(UNSET, UNSET, 0))
    if entity is not None:
        canon, gens = canon_of(entity, bound.width), gens_of(entity, bound.width)
        for place, names in inside.items():
            was = delta.get(place, Shadow(canon[place], canon[place], gens[place]))
            base, seen = without_fields(was.base, names), without_fields(was.seen, names)
            if (base, seen) != (was.base, was.seen):  # canon has values there, which the record's meet as rivals
                delta[place] = Shadow(base, seen, 0)
    return Link(link.eid, link.key, link.state, None, link.version, encode_delta(delta), link.born, link.stamp)
