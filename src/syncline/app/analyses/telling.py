"""Writes what was concluded into the planner's tables, from where the flows carry it into the other systems."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from syncline.app.opening import PLANNER, open_project
from syncline.connectors.systems.planner.tables import MARKER, TABLES, Told, put, told
from syncline.engine.hub import Hub
from syncline.errors import SetupError
from syncline.model.state import Stream


class Conclusion(NamedTuple):
    """What is told of one entity."""

    eid: int  #: 0: of nothing that the hub knows, such as a new task
    key: str  #: in the planner's table
    values: Mapping[str, Told]


def known(folder: Path, table: str) -> list[dict[str, Told]]:
    """What the planner has told of; nothing where no system of the project is a planner."""
    if not any(one.connector == PLANNER for one in open_project(folder).systems.values()):
        return []
    return told(_planner(folder)[1], table)


def tell(hub: Hub, folder: Path, table: str, conclusions: Sequence[Conclusion]) -> int:
    """Tell of entities in one transaction; how many rows are new or tell something else than before.

    Raises:
        SetupError: no system of the project is a planner, or its file cannot be used.
        TransientError: somebody else writes to it.
    """
    system, file = _planner(folder)
    entity = _entity(hub, system, table)
    stream = Stream(system, entity)
    rows: list[Mapping[str, Told]] = []
    for one in conclusions:
        marker = {MARKER: hub.marker(stream, one.eid)} if one.eid else {}
        rows.append({TABLES[table].key: one.key, **marker, **one.values})
    now = datetime.fromtimestamp(hub.now() / 1e6, UTC)
    return put(file, table, rows, at=f"{now:%Y-%m-%d %H:%M:%S.%f}"[:-3])


def _planner(folder: Path) -> tuple[str, Path]:
    systems = [one for one in open_project(folder).systems.values() if one.connector == PLANNER]
    if not systems:
        raise SetupError(
            "No system of this project is a planner, so nobody can be told.",
            cure="Add `planner: {connector: planner}` to systems, and the fields that it owns to the flows.",
        )
    return systems[0].name, Path(str(systems[0].options["file"]))


def _entity(hub: Hub, system: str, table: str) -> str:
    for bound in hub.flows.values():
        side = bound.sides.get(system)
        if side is not None and side.side.resource == table:
            return bound.entity
    raise SetupError(
        f"No flow reads {table} of {system}, so nobody would be told.",
        cure=f"Add `{system}: {{resource: {table}, map: ...}}` to the flow that should carry it.",
    )
