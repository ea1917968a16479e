"""From a project folder to a Hub: settings, secrets, store, connectors, lenses and layouts, put together."""

from __future__ import annotations

import atexit
import gc
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import msgspec

from syncline.app.ahead import Threads
from syncline.config import FlowSettings, Place, Project, SystemSettings, circles, load_project
from syncline.connectors import find
from syncline.engine.audit import Journal
from syncline.engine.codec import seed_of
from syncline.engine.hub import BoundFlow, BoundSide, Hub
from syncline.engine.layout import extend_layout, units_of
from syncline.engine.learn import load
from syncline.engine.limits import Gate
from syncline.engine.remapping import remap
from syncline.engine.step import DEFAULT_BATCH
from syncline.engine.windows import Window
from syncline.env import Env, RealEnv
from syncline.errors import ConfigError, ConfigProblem, OptionProblem, OptionsError, SetupError
from syncline.model.flow import Side
from syncline.model.state import Stream
from syncline.ports.connector import Connector
from syncline.ports.executor import Executor
from syncline.ports.listener import Listener
from syncline.ports.store import Store
from syncline.security import ChainedSecrets, EncryptedSecrets, EnvSecrets, FileSecrets, revealed
from syncline.store import open_store

PLANNER, PLANNER_FILE = "planner", ".syncline/planner.db"
TAG_LENGTH = 6  #: hexadecimal digits that tell two processes apart which gave out the same eids


def open_project(folder: Path) -> Project:
    """The settings of a project folder; ConfigError with every problem at once."""
    home = folder if folder.is_dir() else folder.parent
    project = load_project(
        folder,
        environ=os.environ,
        secrets=project_secrets(folder),
        connectors=lambda system: _option_problems(_at_home(system, home)),
        memory=home / ".syncline",
    )
    systems = {name: _at_home(system, home) for name, system in project.systems.items()}
    return msgspec.structs.replace(project, systems=systems)


def _at_home(system: SystemSettings, home: Path) -> SystemSettings:
    """The planner's file is the project's own, wherever a command is run."""
    if system.connector != PLANNER:
        return system
    file = home.absolute() / str(system.options.get("file", PLANNER_FILE))
    return msgspec.structs.replace(system, options={**system.options, "file": str(file)})


def _option_problems(system: SystemSettings) -> Sequence[ConfigProblem]:
    """What the system's connector has to say about its options. Nothing is sent."""
    try:
        open_connector(system, RealEnv()).close()
    except ConfigError as error:
        return error.problems
    return ()


def project_secrets(folder: Path) -> ChainedSecrets:
    """Where a project's secrets are looked up: the environment, then `.env`, then the encrypted store."""
    own = folder / ".syncline"
    return ChainedSecrets(
        [EnvSecrets(os.environ), FileSecrets(folder / ".env"), EncryptedSecrets(own, environ=os.environ)]
    )


@contextmanager
def open_hub(
    folder: Path, *, listeners: Sequence[Listener] = (), env: Env | None = None, writing: bool = True
) -> Iterator[Hub]:
    """The hub of a project folder. `writing=False` reads its state while another hub may be at work."""
    thresholds = gc.get_threshold()
    # Settings and pages make many short-lived objects without cycles: rarer collections save a tenth of the time.
    gc.set_threshold(50_000, 20, 100)
    try:
        with _opened(folder, listeners, env, writing=writing) as hub:
            yield hub
    finally:
        gc.set_threshold(*thresholds)
        gc.unfreeze()


@contextmanager
def _opened(folder: Path, listeners: Sequence[Listener], env: Env | None, *, writing: bool) -> Iterator[Hub]:
    project = open_project(folder)
    world = env or RealEnv()
    store = open_store(project.store.url.reveal(), lock=writing)
    connectors: dict[str, Connector] = {}
    _end_quickly()
    try:
        problems: list[ConfigProblem] = []
        for system in project.systems.values():
            try:
                connectors[system.name] = open_connector(system, world)
            except ConfigError as error:
                problems += error.problems
        if problems:
            raise ConfigError(sorted(problems))
        hub = compose(project, store, connectors, world, listeners)
        if writing:
            note_mappings(hub, project)
        gc.freeze()
        yield hub
    finally:
        for connector in connectors.values():
            connector.close()
        store.close()


def _end_quickly() -> None:
    """Let the interpreter not look for garbage in all that was loaded when it ends: a tenth of a short pass."""
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)


def open_connector(system: SystemSettings, env: Env) -> Connector:
    """The connector of one system, its secrets revealed to it alone; ConfigError with all that its options lack."""
    try:
        spec = find(system.connector)
    except SetupError as error:
        raise ConfigError([ConfigProblem(*system.where("connector"), error.what, error.cure)]) from error
    try:
        return spec.open(system.name, cast("Mapping[str, object]", revealed(system.options)), env)
    except SetupError as error:
        own = f"systems.{system.name}."
        told = error.problems if isinstance(error, OptionsError) else [OptionProblem("", error.what, error.cure)]
        raise ConfigError(
            [
                ConfigProblem(*_written(system, (one.option or one.what).partition(own)[2]), one.what, one.cure)
                for one in told
            ]
        ) from error


def _written(system: SystemSettings, rest: str) -> Place:
    """Where the option is written that begins `rest`; the system itself when it names none."""
    named = re.match(r"[\w.\-\[\]]+", rest)
    return system.where(named[0].rstrip(".")) if named else system.place


def open_state(url: str) -> Store:
    """The state at a store's URL, taken for this process; for whoever composes a hub from parts."""
    return open_store(url)


def compose(
    project: Project,
    store: Store,
    connectors: Mapping[str, Connector],
    env: Env,
    listeners: Sequence[Listener],
    *,
    executor: Executor | None = None,
) -> Hub:
    """A Hub from parts that are open already; threads run what may run beside, unless an `executor` is given."""
    streams = [Stream(side.system, one.flow.entity) for one in project.flows for side in one.flow.sides]
    store.prepare(streams)
    gates: dict[str, Gate] = {}
    around = circles([one.flow for one in project.flows])
    for taking_part in [side for one in project.flows for side in one.flow.sides]:
        _add_gate(gates, project, taking_part, connectors, env)
    flows = {one.flow.name: _bind(one, store, connectors, gates, around[one.flow.entity]) for one in project.flows}
    seq, last = store.audit_head()
    store_id = _store_id(store, env)
    hub = Hub(
        env=env, store=store, executor=executor or Threads(), journal=Journal(seq, last, env),
        store_id=store_id, seed=seed_of(store_id), tag=env.new_id()[-TAG_LENGTH:], flows=flows, listeners=listeners,
        connectors=connectors,
    )  # fmt: skip
    hub.opened_at = hub.now()
    hub.left_at = store.audit_pages([seq])[seq].at if seq else 0
    for bound in flows.values():
        for side in bound.sides.values():
            batch = side.contract.batch
            hub.batch_sizes[side.stream] = batch.size if batch.size > 1 else DEFAULT_BATCH
    return hub


def note_mappings(hub: Hub, project: Project) -> None:
    """Let every mapping that was changed since the hub was last open reach all records. For the one that writes."""
    for one in project.flows:
        for system, side in hub.flows[one.flow.name].sides.items():
            remap(hub, side, one.texts[system])


def _store_id(store: Store, env: Env) -> str:
    known = store.document("store", "id")
    if known is not None:
        return known.decode()
    made = env.new_id()
    with store.transaction() as tx:
        tx.put_documents("store", {"id": made.encode()})
    return made


def _add_gate(
    gates: dict[str, Gate], project: Project, side: Side, connectors: Mapping[str, Connector], env: Env
) -> None:
    """One gate for each system, whatever it takes part in."""
    if side.system in gates:
        return
    system = project.systems.get(side.system)
    closed = [
        Window(zone=one.zone, days=one.days, start=one.start, end=one.end, cron=one.cron, lasts=one.lasts)
        for one in (system.closed if system else ())
    ]
    limits = connectors[side.system].contract(side.resource).limits
    gates[side.system] = Gate(side.system, limits, env, closed)


def _bind(
    settings: FlowSettings,
    store: Store,
    connectors: Mapping[str, Connector],
    gates: Mapping[str, Gate],
    circle: frozenset[str],
) -> BoundFlow:
    flow = settings.flow
    layout = extend_layout(store, flow)
    sides: dict[str, BoundSide] = {}
    place = {name: number for number, name in enumerate(layout)}
    for side in flow.sides:
        connector = connectors[side.system]
        known = load(store, f"normaliser {side.system} {flow.entity}")
        bound = _bind_side(settings, side, connector, gates[side.system], layout)
        for name, learned in known.items():
            bound.normalisers.setdefault(place[name], []).extend(learned.learned)
        sides[side.system] = bound
    line_references: dict[int, dict[str, str]] = {}
    for lines, name, entity in flow.line_references:
        line_references.setdefault(place[lines], {})[name] = entity
    return BoundFlow(
        flow=flow, layout=layout, units=units_of(flow, layout), sides=sides, line_references=line_references,
        references={place[one.name]: one.reference for one in flow.fields if one.reference},
        nullable=frozenset(place[one.name] for one in flow.fields if one.reference in circle and one.nullable),
        cleaners={place[name]: cleaner for name, cleaner in settings.cleaners.items()},
    )  # fmt: skip


def _bind_side(
    settings: FlowSettings, side: Side, connector: Connector, gate: Gate, layout: Sequence[str]
) -> BoundSide:
    place = {name: number for number, name in enumerate(layout)}
    contract, lens = connector.contract(side.resource), settings.lenses[side.system]
    return BoundSide(
        side=side, connector=connector, lens=lens, contract=contract, gate=gate,
        stream=Stream(side.system, settings.flow.entity), positions=tuple(place[name] for name in lens.fields),
        writable=frozenset(place[name] for name in side.writable),
        normalisers={place[name]: [one] for name, one in contract.normalisers.items() if name in place},
        conditions=tuple((place[one.field], one.values) for one in side.creates_when),
    )  # fmt: skip
