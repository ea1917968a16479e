"""How well each mapping keeps what it carries: coverage, the way there and back in memory, and what was changed."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from syncline.engine.codec import canon_of
from syncline.engine.hub import BoundFlow, BoundSide, Hub
from syncline.engine.remapping import CHANGED, Remapped
from syncline.engine.schema import OFFERED
from syncline.mapping import Problem
from syncline.model.figures import MappingFigure
from syncline.model.state import EntityState
from syncline.model.values import UNSET, Row, Value
from syncline.quality.shares import Light

TRIED = 1000  #: records that are written and read back in memory


def mapping_figure(hub: Hub, bound: BoundFlow, side: BoundSide) -> MappingFigure:
    """The figure of one side. Nothing is sent: agreed values are put into the system's words and read again."""
    name = "/".join(side.stream)
    offered = int(hub.store.document(OFFERED, name) or 0)
    body = hub.store.document(CHANGED, name)
    changed = msgspec.json.decode(body, type=Remapped) if body is not None else Remapped()
    mapped = len([path for path in side.lens.paths if path])
    compared, lossy, ambiguous = _tried(bound, side, _rows(hub, bound, side))
    lost = sum(lossy.values())
    light = Light.GREEN if not lost else Light.AMBER
    return MappingFigure(
        flow=bound.flow.name, system=side.system, mapped=mapped, offered=offered,
        coverage=mapped / offered if offered else 0.0, compared=compared, kept=compared - lost,
        lossy=tuple(sorted(lossy)), ambiguous=tuple(sorted(ambiguous)), changed=tuple(changed.fields),
        changed_at=changed.at, light=light.value,
    )  # fmt: skip


def _rows(hub: Hub, bound: BoundFlow, side: BoundSide) -> list[Row]:
    """Agreed values in the order of the lens; references stand for themselves and are left out."""
    found: list[Row] = []
    for page in hub.store.each_entity(bound.entity):
        canons = [canon_of(one, bound.width) for one in page if one.state is EntityState.LIVE]
        hidden = bound.references.keys() | bound.line_references.keys()
        found += [[UNSET if p in hidden else canon[p] for p in side.positions] for canon in canons]
        if len(found) >= TRIED:
            break
    return found[:TRIED]


def _tried(bound: BoundFlow, side: BoundSide, rows: Sequence[Row]) -> tuple[int, dict[str, int], set[str]]:
    """(values compared, lost ones by field, fields that write different values alike)."""
    lens = side.lens
    compared, lossy, ambiguous = 0, dict[str, int](), set[str]()
    for place, name in enumerate(lens.fields):
        if name not in lens.writable or name in bound.flow.lines or not rows:
            continue
        group = frozenset({name})
        problems: list[Problem] = []
        written = [msgspec.json.encode(record) for record in lens.put(rows, group, problems=problems)]
        back = lens.get(written).columns[place]
        refused = {problem.row for problem in problems}
        values = [row[place] for row in rows]
        told = [row for row, value in enumerate(values) if value is not UNSET]
        compared += len(told)
        lost = sum(1 for row in told if row in refused or back[row] != values[row])
        if lost:
            lossy[name] = lost
        if _spelled_alike([(written[row], values[row]) for row in told if row not in refused]):
            ambiguous.add(name)
    return compared, lossy, ambiguous


def _spelled_alike(pairs: Sequence[tuple[bytes, Value]]) -> bool:
    spelled: dict[bytes, Value] = {}
    return any(spelled.setdefault(text, value) != value for text, value in pairs)
