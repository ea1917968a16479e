"""Where each field of an entity type stands in its canon, and which fields merge as one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.merging import Unit
from syncline.model.flow import Flow
from syncline.ports.store import Store


def units_of(flow: Flow, layout: Sequence[str]) -> tuple[Unit, ...]:
    """The merge units of a flow: atomic groups first as one, every other field alone."""
    place = {name: number for number, name in enumerate(layout)}
    groups: dict[str, list[int]] = {}
    units: list[Unit] = []
    for one in flow.fields:
        if one.group:
            groups.setdefault(one.group, []).append(place[one.name])
        else:
            units.append(
                Unit(
                    name=one.name,
                    positions=(place[one.name],),
                    rule=one.rule,
                    empties=one.empties,
                    lines=one.name in flow.lines,
                )
            )
    for name, positions in groups.items():
        first = next(one for one in flow.fields if one.group == name)
        units.append(Unit(name=name, positions=tuple(positions), rule=first.rule, empties=first.empties))
    return tuple(units)


def extend_layout(store: Store, flow: Flow) -> tuple[str, ...]:
    """The layout of the flow's entity type, with fields that are new to it appended and kept."""
    kept = store.document("layout", flow.entity)
    layout: list[str] = msgspec.json.decode(kept, type=list[str]) if kept else []
    new = [one.name for one in flow.fields if one.name not in layout]
    if new:
        layout += new
        with store.transaction() as tx:
            tx.put_documents("layout", {flow.entity: msgspec.json.encode(layout)})
    return tuple(layout)
