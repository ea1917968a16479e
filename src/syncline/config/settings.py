"""What a project folder says, frozen: systems, flows, schedules, cases. No text of a person is left to be parsed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from syncline.config.problems import Place
from syncline.mapping import Cleaner, Lens
from syncline.model.flow import Flow
from syncline.security import Secret
from syncline.security.webhooks import Signing


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the hub keeps its state."""

    kind: str  #: "sqlite", "postgresql" or "memory"
    url: Secret  #: complete, with an absolute path for sqlite; it may hold a password
    path: Path | None = None  #: of the sqlite file, absolute


class Webhooks(msgspec.Struct, frozen=True, kw_only=True):
    """How a system tells of changes."""

    signing: Signing
    secrets: tuple[Secret, ...]
    key: str = "id"  #: where the body shows the keys; "": nowhere, so that what changed is listed
    type: str = ""  #: where the body shows what happened
    type_header: str = ""  #: or the header that does, in small letters
    resources: Mapping[str, tuple[str, ...]] = {}  #: resource -> patterns of what happened


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """When a system is left alone: `start` to `end` on some days, or `lasts` from each time of `cron`."""

    zone: str
    days: frozenset[int] = frozenset(range(7))  #: weekdays on which it begins, Monday = 0
    start: int = 0  #: time of day [min]
    end: int = 0  #: time of day [min]; of the next day when it is not later
    cron: str = ""
    lasts: float = 0.0  #: [s]


class ServerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Where the daemon listens."""

    host: str = "127.0.0.1"
    port: int = 8750  #: 0: the system chooses
    body_limit: int = 1024 * 1024  #: [bytes]


class SystemSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One system, and the options that its connector checks. Secrets are wrapped: reveal them when it is opened."""

    name: str
    connector: str
    options: Mapping[str, object]
    place: Place
    places: Mapping[str, Place]  #: of each option by its dotted name: "auth.token"
    webhooks: Webhooks | None = None
    closed: tuple[Closed, ...] = ()

    def __repr__(self) -> str:
        """Without the places, which are many."""
        return f"SystemSettings(name={self.name!r}, connector={self.connector!r}, options={self.options!r})"

    def where(self, option: str) -> Place:
        """Where an option is written, or the nearest thing above it."""
        parts = option.split(".")
        for end in range(len(parts), 0, -1):
            if (found := self.places.get(".".join(parts[:end]))) is not None:
                return found
        return self.place


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """When a flow runs: exactly one of the four is set."""

    every: float = 0.0  #: [s]
    cron: str = ""
    zone: str = "UTC"  #: of the cron expression
    webhook: str = ""  #: the system that calls
    event: str = ""  #: the stream that tells, as `system.resource`
    jitter: float = 0.0  #: the longest that a pass begins after its time, so that not all begin at once [s]


class Publishing(msgspec.Struct, frozen=True, kw_only=True):
    """Who is told of agreed changes."""

    to: str  #: the system
    topic: str  #: with {entity}
    entities: tuple[str, ...] = ()  #: nothing: all
    exchange: str = ""
    source: str = "/syncline"


class MappingCase(msgspec.Struct, frozen=True, kw_only=True):
    """A record and the entity that it must become, or an entity and what writing it must give."""

    name: str
    system: str
    record: Mapping[str, object] | None
    entity: Mapping[str, object]
    back: Mapping[str, object] | None
    place: Place

    @property
    def said(self) -> dict[str, object]:
        """The case as `mapping.run_case` takes it."""
        parts = {"record": self.record, "entity": self.entity, "back": self.back}
        return {name: part for name, part in parts.items() if part is not None}


class FlowSettings(msgspec.Struct, frozen=True, kw_only=True):
    """One flow with the mapping of each system."""

    flow: Flow
    lenses: Mapping[str, Lens]
    texts: Mapping[str, Mapping[str, str]]  #: by system and canonical field, what its mapping says
    when: tuple[Schedule, ...] = ()
    cases: tuple[MappingCase, ...] = ()
    cleaners: Mapping[str, Cleaner] = {}  #: by canonical field
    notes: tuple[str, ...] = ()  #: what was decided because nothing was said
    place: Place

    def samples(self, system: str) -> tuple[Mapping[str, object], ...]:
        """Records of this system that the cases hold: the laws are tried on them."""
        return tuple(case.record for case in self.cases if case.system == system and case.record is not None)


class Project(msgspec.Struct, frozen=True, kw_only=True):
    """A whole project folder."""

    name: str
    folder: Path
    store: StoreSettings
    systems: Mapping[str, SystemSettings]
    publish: Publishing | None = None
    flows: tuple[FlowSettings, ...]  #: parents before the flows that refer to them
    server: ServerSettings | None = None  #: None: nothing is said, which is no matter unless something has to listen

    def flow(self, name: str) -> FlowSettings:
        """The flow of this name; KeyError when there is none."""
        for settings in self.flows:
            if settings.flow.name == name:
                return settings
        raise KeyError(name)
