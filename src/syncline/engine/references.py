"""References between entities: a canonical value is the parent's eid; each system sees its own key of that parent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import NamedTuple, cast

from syncline.engine.hub import BoundFlow, BoundSide, Hub
from syncline.engine.kinds import former, unplaced
from syncline.model.state import Link, LinkState, Stream
from syncline.model.values import UNSET, Row, Value, is_empty


class Waiting(NamedTuple):
    """A record that was read refers to parents that are not known yet."""

    parent: str  #: one of them: its entity type and its key in the system
    positions: frozenset[int]  #: of every such reference


class Parents(NamedTuple):
    """Whom keys of a system name."""

    eids: dict[str, int]
    former: frozenset[str]  #: keys of records that are gone, and whose entity has another one now


class Translated(NamedTuple):
    """What there is to know of rows whose references are eids now, by row number."""

    waiting: dict[int, Waiting]
    stale: dict[int, set[int]]  #: positions that show a former key of their parent


class Unresolved(NamedTuple):
    """A parent has no record in the system yet."""

    position: int
    entity: str
    eid: int


NOBODY = Parents({}, frozenset())


def parents_in(hub: Hub, system: str, entity: str, keys: Sequence[str]) -> Parents:
    """The entities of the records `keys` of a system, aliases followed."""
    stream = Stream(system, entity)
    links = hub.store.links(stream, keys)
    found = {key: link.eid for key, link in links.items()}
    missing = [key for key in keys if key not in found]
    if missing:
        aliases = hub.store.aliases(stream, missing)
        if aliases:
            renamed = hub.store.links(stream, list(aliases.values()))
            found.update({old: renamed[new].eid for old, new in aliases.items() if new in renamed})
        if hub.may_have(former(stream)):  # a record that was made anew since: its former key still names the entity
            buried = hub.store.tombs(stream, [key for key in missing if key not in found])
            found.update({key: hub.store.merged_into(entity, tomb.eid) for key, tomb in buried.items()})
    for key in _unsure(hub, stream, links):
        del found[key]
    renewed = {key: found[key] for key in missing if key in found}
    now = hub.store.links_of(stream, list(renewed.values())) if renewed else {}
    stale = [key for key, eid in renewed.items() if eid in now and now[eid].state is LinkState.OK]
    return Parents(found, frozenset(stale))


def _unsure(hub: Hub, stream: Stream, links: Mapping[str, Link]) -> list[str]:
    """Keys of deleted records that have been seen again, and may be another record's by now: that is to be read yet."""
    gone = [key for key, link in links.items() if link.state is LinkState.GONE]
    return list(hub.store.documents(unplaced(stream), gone)) if gone and hub.may_have(unplaced(stream)) else []


def to_eids(hub: Hub, bound: BoundFlow, side: BoundSide, rows: Sequence[dict[int, Value]]) -> Translated:
    """Replace the system's keys in `rows` by eids, in place."""
    made = Translated({}, {})
    for position, entity in bound.references.items():
        keys = {str(row[position]) for row in rows if not _absent(row.get(position, UNSET))}
        found = parents_in(hub, side.system, entity, sorted(keys)) if keys else NOBODY
        for number, row in enumerate(rows):
            key = row.get(position, UNSET)
            if _absent(key):
                continue
            if str(key) in found.eids:
                row[position] = found.eids[str(key)]
            else:
                _wait(made.waiting, number, position, f"{entity} {key}")
            if str(key) in found.former:
                made.stale.setdefault(number, set()).add(position)
    for position, fields in bound.line_references.items():
        for name, entity in fields.items():
            _line_eids(hub, side, rows, (position, name, entity), made)
    return made


def _wait(waiting: dict[int, Waiting], number: int, position: int, parent: str) -> None:
    before = waiting.get(number)
    waiting[number] = Waiting(parent, (before.positions if before else frozenset()) | {position})


def _line_eids(
    hub: Hub,
    side: BoundSide,
    rows: Sequence[dict[int, Value]],
    place: tuple[int, str, str],
    made: Translated,
) -> None:
    position, name, entity = place
    keys: set[str] = set()
    for row in rows:
        keys |= {str(line[name]) for line in _lines(row, position).values() if not _absent(line.get(name, UNSET))}
    found = parents_in(hub, side.system, entity, sorted(keys)) if keys else NOBODY
    for number, row in enumerate(rows):
        lines = _lines(row, position)
        wanted = {str(line[name]) for line in lines.values() if not _absent(line.get(name, UNSET))}
        unknown = wanted - found.eids.keys()
        if wanted & found.former:
            made.stale.setdefault(number, set()).add(position)
        if unknown:
            _wait(made.waiting, number, position, f"{entity} {min(unknown)}")
        elif wanted:
            row[position] = {
                key: {**line, name: found.eids[str(line[name])]} if not _absent(line.get(name, UNSET)) else line
                for key, line in lines.items()
            }


def to_keys(
    hub: Hub, bound: BoundFlow, side: BoundSide, row: Row, *, wanted: AbstractSet[int]
) -> tuple[Row, list[Unresolved]]:
    """`row` (by layout position) with eids replaced by the system's keys, and the parents that have none there yet."""
    changed, missing = list(row), []
    for position, entity in bound.references.items():
        value = row[position]
        if position in wanted and not _absent(value):
            key = _key_of(hub, side.system, entity, cast("int", value))
            changed[position] = key
            missing += [] if key else [Unresolved(position, entity, cast("int", value))]
    for position, fields in bound.line_references.items():
        lines = row[position]
        if position in wanted and isinstance(lines, Mapping):
            translated: dict[str, dict[str, Value]] = {key: dict(line) for key, line in lines.items()}
            for name, entity in fields.items():
                for line in translated.values():
                    value = line.get(name, UNSET)
                    if not _absent(value):
                        key = _key_of(hub, side.system, entity, cast("int", value))
                        line[name] = key
                        missing += [] if key else [Unresolved(position, entity, cast("int", value))]
            changed[position] = cast("Value", translated)
    return changed, missing


def _key_of(hub: Hub, system: str, entity: str, eid: int) -> str:
    survivor = hub.store.merged_into(entity, eid)
    link = hub.store.links_of(Stream(system, entity), [survivor]).get(survivor)
    return link.key if link is not None and link.state is LinkState.OK else ""


def _lines(row: Mapping[int, Value], position: int) -> Mapping[str, Mapping[str, Value]]:
    value = row.get(position)
    return value if isinstance(value, Mapping) else {}


def _absent(value: Value) -> bool:
    return value is UNSET or is_empty(value)
