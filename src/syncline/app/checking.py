"""What `syncline check` finds out before anything is written: connections, contracts, mappings tried on real records.

Nothing is written, neither to a system nor to the state. Problems of the configuration itself are raised by
`open_project`; here are those that only the systems can show.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import msgspec

from syncline.app.findings import CheckReport, Finding, FlowCheck, SideCheck, SystemCheck
from syncline.app.opening import open_connector, open_project
from syncline.config import FILE, FlowSettings, Place, Project, SystemSettings
from syncline.config.problems import Problems
from syncline.config.tree import TreeReader
from syncline.engine.schema import UNKNOWN
from syncline.env import Env
from syncline.errors import ConfigError, SetupError, SynclineError, TransientError
from syncline.mapping import LawBreak, Lens, check_laws
from syncline.model.flow import Direction, Side
from syncline.model.state import Stream
from syncline.ports.connector import Connector
from syncline.store import open_store

SAMPLE = 200  #: records of each side on which the laws are tried


def check(folder: Path, env: Env) -> CheckReport:
    """Try everything that can be tried without writing. ConfigError when the configuration itself has problems."""
    project = open_project(folder)
    checks = _Checks(project=project, env=env, findings=[], connectors={})
    try:
        systems = tuple(checks.system(one) for one in project.systems.values())
        places, schemas = _places(project), _accepted_schemas(project)
        flows = tuple(checks.flow(one, places, schemas) for one in project.flows)
    finally:
        for connector in checks.connectors.values():
            connector.close()
    return CheckReport(project=project.name, systems=systems, flows=flows, findings=tuple(checks.findings))


def _places(project: Project) -> Problems:
    """Where everything is written, the mappings of files of their own included."""
    places = Problems(file=FILE)
    reader = TreeReader(folder=project.folder, problems=places)
    places.values, places.keys = reader.values, reader.keys
    data = reader.read(FILE)
    for one in project.flows:
        for side in one.flow.sides:
            route = ("flows", one.flow.name, "systems", side.system, "map")
            named = _at(data, route)
            if isinstance(named, str):
                reader.read_beside(named, route)
    return places


def _at(data: object, route: Sequence[str]) -> object:
    for name in route:
        data = data.get(name) if isinstance(data, Mapping) else None
    return data


def _accepted_schemas(project: Project) -> Mapping[str, Mapping[str, str]]:
    """The fields and types that each mapping was accepted with, by `system/entity`; nothing before the first run."""
    if project.store.path is not None and not project.store.path.exists():
        return {}
    try:
        with closing(open_store(project.store.url.reveal(), lock=False)) as store:
            return {
                name: msgspec.json.decode(body, type=dict[str, str]) for name, body in store.documents("schema").items()
            }
    except SynclineError:
        return {}  # a store that cannot be read is told by the first command that needs it


@dataclass(frozen=True, slots=True, kw_only=True)
class _Checks:
    """One pass over a project, with what it found so far."""

    project: Project
    env: Env
    findings: list[Finding]
    connectors: dict[str, Connector]

    def system(self, settings: SystemSettings) -> SystemCheck:
        """Open one system and try its credentials."""
        begun = self.env.monotonic()
        opened: Connector | None = None
        try:
            opened = open_connector(settings, self.env)
            begun = self.env.monotonic()
            answer = opened.check()
        except (SetupError, TransientError) as error:
            if opened is not None:
                opened.close()
            what = error.what
            if isinstance(error, ConfigError):
                what = " ".join(one.what for one in error.problems)
                for one in error.problems:
                    self._find(Place(one.file, one.line, one.column), one.what, one.cure or _CORRECT_CURE)
            else:
                cure = error.cure or (_CORRECT_CURE if isinstance(error, SetupError) else _REACH_CURE)
                self._find(_place_of(settings, error), what, cure)
            return _system(settings, self.env.monotonic() - begun, what, connector=None, sides=())
        self.connectors[settings.name] = opened
        sides = [side for one in self.project.flows for side in one.flow.sides if side.system == settings.name]
        return _system(settings, self.env.monotonic() - begun, answer, connector=opened, sides=sides)

    def flow(self, one: FlowSettings, places: Problems, schemas: Mapping[str, Mapping[str, str]]) -> FlowCheck:
        """Try one flow's mappings on the records of its systems."""
        sides = tuple(self._side(one, side, places, schemas) for side in one.flow.sides)
        flow = one.flow
        return FlowCheck(flow=flow.name, entity=flow.entity, fields=len(flow.fields), sides=sides, notes=one.notes)

    def _side(
        self, one: FlowSettings, side: Side, places: Problems, schemas: Mapping[str, Mapping[str, str]]
    ) -> SideCheck:
        lens, connector = one.lenses[side.system], self.connectors.get(side.system)
        route = ("flows", one.flow.name, "systems", side.system, "map")
        raws: Sequence[bytes] = ()
        try:
            if connector is not None:
                raws = _sample(connector, side.resource)
                accepted = schemas.get("/".join(Stream(side.system, one.flow.entity)), {})
                self._schema(connector.schema(side.resource), accepted, side, lens, places.place(route))
        except SynclineError as error:
            self._find(places.place(route[:-1]), error.what, error.cure)
        broken = self._unreadable(lens, raws, side, places, route)
        lossy = self._laws(lens, raws, side, places, route) if side.direction is not Direction.FROM else 0
        return SideCheck(
            system=side.system, resource=side.resource, direction=str(side.direction), fields=len(side.fields),
            writable=len(side.writable), sampled=len(raws), broken=broken, lossy=lossy,
        )  # fmt: skip

    def _schema(
        self, shown: Mapping[str, str], accepted: Mapping[str, str], side: Side, lens: Lens, place: Place
    ) -> None:
        for path in sorted(lens.paths) if shown else ():
            kept = accepted.get(path, UNKNOWN)
            if path not in shown:
                what = f"{side.system} has no field `{path}` in {side.resource}."
                self._find(place, what, "Correct the mapping, or take the field out.")
            elif UNKNOWN not in (kept, shown[path]) and kept != shown[path]:
                what = f"{side.system} changed `{path}` of {side.resource} from {kept} to {shown[path]}."
                self._find(place, what, "Correct the mapping; until then this flow is paused there.")

    def _unreadable(
        self, lens: Lens, raws: Sequence[bytes], side: Side, places: Problems, route: tuple[str, ...]
    ) -> int:
        first: dict[tuple[str, str], str] = {}
        counts: dict[tuple[str, str], int] = {}
        problems = lens.get(raws).problems
        for problem in problems:
            cause = (problem.field, problem.reason)
            first.setdefault(cause, problem.value)
            counts[cause] = counts.get(cause, 0) + 1
        for (field, reason), count in counts.items():
            held = f"{side.system} holds `{first[field, reason]}` in {_of(count, raws)}"
            what = f"`{field or 'record'}`: {held}: {reason}."
            self._find(_field_place(places, route, field), what, _TEACH_CURE)
        return len(problems)

    def _laws(self, lens: Lens, raws: Sequence[bytes], side: Side, places: Problems, route: tuple[str, ...]) -> int:
        breaks = [one for one in check_laws(lens, raws) if one.field.partition(".")[0] in side.writable]
        for one in breaks:
            what = _law_sentence(one, side.system, raws)
            self._find(_field_place(places, route, one.field), what, one.cure, grave=one.lossy)
        return len({one.field for one in breaks if one.lossy})

    def _find(self, place: Place, what: str, cure: str, *, grave: bool = True) -> None:
        self.findings.append(Finding(**place._asdict(), what=what, cure=cure, grave=grave))


_TEACH_CURE = "Teach the mapping what it means; until then such records are parked."
_CORRECT_CURE = "Correct this setting."
_REACH_CURE = "Start the system, or correct its address."


def _law_sentence(one: LawBreak, system: str, raws: Sequence[bytes]) -> str:
    seen = f"`{one.field}`: {system} holds `{one.value}`, the hub would write `{one.back}`"
    return f"{seen} ({_of(one.count, raws)}); {one.reason}." if one.lossy else f"{seen} ({_of(one.count, raws)})."


def _of(count: int, raws: Sequence[bytes]) -> str:
    return f"{count} of {len(raws)} records"


def _field_place(places: Problems, route: tuple[str, ...], field: str) -> Place:
    lines, dot, inner = field.partition(".")
    return places.place((*route, lines, "map", inner) if dot else (*route, field))


def _place_of(settings: SystemSettings, error: SynclineError) -> Place:
    return settings.where("url") if isinstance(error, TransientError) else settings.place


def _sample(connector: Connector, resource: str) -> Sequence[bytes]:
    pages = connector.list(resource, None)
    raws: list[bytes] = []
    for page in pages:
        raws += page.raws
        if len(raws) >= SAMPLE:
            break
    return raws[:SAMPLE]


def _system(
    settings: SystemSettings, seconds: float, answer: str, *, connector: Connector | None, sides: Sequence[Side]
) -> SystemCheck:
    contracts = [connector.contract(side.resource) for side in sides] if connector else []
    return SystemCheck(
        system=settings.name,
        connector=settings.connector,
        address=str(settings.options.get("url", "")),
        reachable=connector is not None,
        seconds=seconds,
        answer=answer,
        locking=_distinct(str(one.locking) for one in contracts),
        deletes=_distinct(str(one.deletes) for one in contracts),
    )


def _distinct(words: Iterator[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(words))
