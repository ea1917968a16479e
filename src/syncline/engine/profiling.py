"""Profiles of the agreed values, a page at a time; the last one of each flow is kept, and the next compared with it."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.engine.codec import canon_of
from syncline.engine.hub import BoundFlow, Hub
from syncline.engine.labels import flows_named
from syncline.model.state import EntityState
from syncline.quality.profile import EntityProfile, Profiler

KIND = "profile"  #: of the document that holds the last profile of a flow


def profile(hub: Hub, flows: Sequence[str] | None = None, *, keep: bool = True) -> list[EntityProfile]:
    """Look at every live record of these flows. A profile without records is not kept: nothing compares with it."""
    made = [_profile(hub, bound) for bound in flows_named(hub, flows)]
    kept = {one.flow: msgspec.json.encode(one) for one in made if one.records}
    if keep and kept:
        with hub.store.transaction() as tx:
            tx.put_documents(KIND, kept)
    return made


def _profile(hub: Hub, bound: BoundFlow) -> EntityProfile:
    body = hub.store.document(KIND, bound.flow.name)
    before = msgspec.json.decode(body, type=EntityProfile) if body is not None else None
    known = {one.field: one for one in before.fields} if before else {}
    secret = bound.flow.quality.secret
    fields = [one.name for one in bound.flow.fields if one.name not in bound.flow.lines]
    profilers = [Profiler(name, secret=name in secret, before=known.get(name)) for name in fields]
    places, records = [bound.position(name) for name in fields], 0
    for page in hub.store.each_entity(bound.entity):
        canons = [canon_of(one, bound.width) for one in page if one.state is EntityState.LIVE]
        records += len(canons)
        for place, profiler in zip(places, profilers, strict=True):
            profiler.add([canon[place] for canon in canons])
    return EntityProfile(
        flow=bound.flow.name, entity=bound.entity, at=hub.now(), before=before.at if before else 0, records=records,
        fields=[one.done() for one in profilers],
    )  # fmt: skip
