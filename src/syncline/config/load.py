"""syncline.yaml and the files that it includes, to one frozen Project, or to all problems at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from syncline.config.checking import checked
from syncline.config.converters import own_converters, own_program
from syncline.config.flows import Surroundings, flow_of
from syncline.config.order import order_flows, required_circle
from syncline.config.parts import FlowPart, PublishPart, SystemPart, TopPart
from syncline.config.placeholders import Placeholders
from syncline.config.problems import Place, Problems, Route, named
from syncline.config.remembered import Remembered
from syncline.config.settings import FlowSettings, Project, Publishing, StoreSettings, SystemSettings
from syncline.config.tree import TreeReader
from syncline.config.webhooks import closed_of, server_of, webhooks_of
from syncline.errors import ConfigProblem, SetupError
from syncline.ports.secrets import Secrets
from syncline.security import Secret, revealed

FILE = "syncline.yaml"
_OWN = ("connector", "webhooks", "closed")  #: settings of a system that are not its connector's
_NAME = re.compile(r"[a-z][a-z0-9_]{0,62}")
_STORE = "sqlite:///.syncline/state.db"
_STORE_CURE = "Write sqlite:///.syncline/state.db or postgresql://user@host/database."


def load_project(
    path: Path,
    *,
    environ: Mapping[str, str],
    secrets: Secrets,
    connectors: Callable[[SystemSettings], Sequence[ConfigProblem]] = lambda _system: (),
    memory: Path | None = None,
) -> Project:
    """The project of a folder, or of its syncline.yaml; ConfigError with every problem that it has.

    When it has one, `connectors` is asked what else is wrong with each system whose settings can be read. In the folder
    `memory` it is kept what the files say, so that they need not be read as YAML again while they stay as they are.
    """
    file = path / FILE if path.is_dir() else path
    if not file.is_file():
        msg = f"There is no {file.name} in {file.parent}."
        raise SetupError(msg, cure="Go to the project folder, or make one with `syncline init`.")
    problems = Problems(file=file.name)
    remembered = Remembered(folder=memory) if memory else None
    reader = TreeReader(folder=file.parent.resolve(), problems=problems, remembered=remembered)
    problems.values, problems.keys = reader.values, reader.keys
    data = reader.read(file.name)
    if not isinstance(data, dict):
        problems.add((), f"{file.name} holds no settings.", "Begin with `project: NAME`.")
        problems.raise_any()
        data = {}
    project = _project(data, reader, Placeholders(environ=environ, secrets=secrets, problems=problems))
    for system in project.systems.values() if problems.found else ():
        for one in connectors(system):
            problems.add_at(Place(one.file, one.line, one.column), one.what, one.cure)
    problems.raise_any()
    if remembered:
        remembered.keep()
    return project


def _project(data: dict[str, object], reader: TreeReader, placeholders: Placeholders) -> Project:
    problems = reader.problems
    top = checked(TopPart, data, (), problems)
    store = _store(placeholders.filled(data.get("store", _STORE), ("store",)), reader.folder, problems)
    systems = {}
    for name, one in _section(data, "systems", problems).items():
        before = len(problems.found)
        system = _system(name, placeholders.filled(one, ("systems", name)), problems)
        if system is not None and len(problems.found) == before:
            systems[name] = system
    flows = _flows(data, reader)
    folder = reader.folder
    publish = _publishing(data, flows, problems)
    _check_awaited(flows, systems, problems)
    return Project(
        name=str(data.get("project", "")), folder=folder, store=store, systems=systems, flows=flows, publish=publish,
        server=server_of(top.server if top else None),
    )  # fmt: skip


def _publishing(data: dict[str, object], flows: Sequence[FlowSettings], problems: Problems) -> Publishing | None:
    part = checked(PublishPart, data["publish"], ("publish",), problems) if data.get("publish") is not None else None
    if part is None:
        return None
    if part.to not in _section(data, "systems", problems):
        problems.add(("publish", "to"), f"publish.to: `{part.to}` is no system of this project.", "Name a broker.")
    known = {one.flow.entity for one in flows}
    for place, entity in enumerate(part.entities):
        if entity not in known:
            what = f"publish.entities: no flow has the entity {entity}."
            problems.add(("publish", "entities", place), what, f"Known: {', '.join(sorted(known))}.")
    return Publishing(
        to=part.to, topic=part.topic, exchange=part.exchange, entities=tuple(part.entities), source=part.source
    )


def _check_awaited(flows: Sequence[FlowSettings], systems: Mapping[str, SystemSettings], problems: Problems) -> None:
    """Whoever is to wake a flow by a webhook must be known by its signature."""
    for one in flows:
        for when in one.when:
            system = systems.get(when.webhook)
            if system is not None and system.webhooks is None:
                what = f"flows.{one.flow.name}.when: systems.{system.name} does not say how its webhooks are signed."
                cure = f"Add systems.{system.name}.webhooks with its secrets."
                problems.add(("flows", one.flow.name, "when"), what, cure)


def _section(data: dict[str, object], section: str, problems: Problems) -> dict[str, object]:
    found = data.get(section)
    named_right = {}
    for name, one in found.items() if isinstance(found, dict) else ():
        if isinstance(name, str) and _NAME.fullmatch(name):
            named_right[name] = one
        else:
            what = f"{section}: `{name}` is not a name."
            problems.add_key((section, name), what, "Use small letters, digits and underscores, a letter first.")
    return named_right


def _system(name: str, data: object, problems: Problems) -> SystemSettings | None:
    route: Route = ("systems", name)
    part = checked(SystemPart, _readable(data), route, problems)
    if part is None:
        return None
    places = {named(at[2:]): place for at, place in problems.values.items() if at[:2] == route and len(at) > len(route)}
    given = data if isinstance(data, dict) else {}
    return SystemSettings(
        name=name, connector=part.connector, options={key: one for key, one in given.items() if key not in _OWN},
        place=problems.keys.get(route) or problems.place(route), places=places,
        webhooks=webhooks_of(part.webhooks, (*route, "webhooks"), problems),
        closed=closed_of(part.closed, (*route, "closed"), problems),
    )  # fmt: skip


def _readable(data: object) -> object:
    """What is the hub's own, secrets revealed; the other options are of no concern here."""
    return {key: revealed(one) for key, one in data.items() if key in _OWN} if isinstance(data, dict) else data


def _store(given: object, folder: Path, problems: Problems) -> StoreSettings:
    text = given.reveal() if isinstance(given, Secret) else str(given)
    kind, _, rest = text.partition("://")
    if kind == "sqlite" and rest.startswith("/") and len(rest) > 1:
        path = folder / rest[1:]  # a second slash makes it absolute
        return StoreSettings(kind="sqlite", url=Secret(f"sqlite:///{path}"), path=path)
    if kind in {"postgresql", "postgres"} and rest:
        return StoreSettings(kind="postgresql", url=Secret(f"postgresql://{rest}"))
    if text == "memory:":
        return StoreSettings(kind="memory", url=Secret(text))
    problems.add(("store",), "store: this is no place for the state.", _STORE_CURE)
    return StoreSettings(kind="memory", url=Secret("memory:"))


def _flows(data: dict[str, object], reader: TreeReader) -> tuple[FlowSettings, ...]:
    problems = reader.problems
    parts = {
        name: part
        for name, one in _section(data, "flows", problems).items()
        if (part := checked(FlowPart, one, ("flows", name), problems)) is not None
    }
    _check_entities(parts, problems)
    around = Surroundings(
        systems=frozenset(_section(data, "systems", problems)),
        entities=_entities(data),
        reader=reader,
        problems=problems,
        converters=tuple(own_converters(reader.folder)),
        program=own_program(reader.folder),
    )
    made = [flow_of(name, part, around) for name, part in parts.items()]
    flows = {one.flow.entity: one for one in made if one is not None}
    circle = required_circle([one.flow for one in flows.values()])
    if circle:
        told = " -> ".join((*circle, circle[0]))
        route = ("flows", flows[circle[0]].flow.name, "required")
        problems.add(route, f"required references go in a circle: {told}.", "Take one of them out of `required`.")
    return tuple(flows[flow.entity] for flow in order_flows([one.flow for one in flows.values()]))


def _check_entities(parts: Mapping[str, FlowPart], problems: Problems) -> None:
    first: dict[str, str] = {}
    for name, part in parts.items():
        if part.entity in first:
            what = f"flows.{name}: the flow {first[part.entity]} has the entity {part.entity} already."
            problems.add(("flows", name, "entity"), what, "Put all its systems into one flow.")
        first.setdefault(part.entity, name)


def _entities(data: dict[str, object]) -> frozenset[str]:
    """The entity types of all flows, those with problems too, so that one problem does not bring others."""
    flows = data.get("flows")
    found = (one.get("entity") for one in flows.values() if isinstance(one, dict)) if isinstance(flows, dict) else ()
    return frozenset(entity for entity in found if isinstance(entity, str))
