"""What `syncline check` has to tell: systems, flows, and what a person should look at."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something a person should look at, where it is written."""

    file: str
    line: int
    column: int
    what: str
    cure: str
    grave: bool = True  #: False: worth knowing, no more


@dataclass(frozen=True, slots=True, kw_only=True)
class SystemCheck:
    """One system: can it be reached, and what it promises."""

    system: str
    connector: str
    address: str
    reachable: bool
    seconds: float  #: until it answered
    answer: str  #: in the connector's words
    locking: tuple[str, ...] = ()  #: over the resources in use
    deletes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SideCheck:
    """One flow in one system: its mapping tried on records."""

    system: str
    resource: str
    direction: str
    fields: int
    writable: int
    sampled: int
    broken: int  #: records or fields that the mapping does not understand
    lossy: int  #: fields that lose something when they are written


@dataclass(frozen=True, slots=True, kw_only=True)
class FlowCheck:
    """One flow."""

    flow: str
    entity: str
    fields: int
    sides: tuple[SideCheck, ...]
    notes: tuple[str, ...]  #: what the configuration left open, and was decided


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckReport:
    """A whole project."""

    project: str
    systems: tuple[SystemCheck, ...]
    flows: tuple[FlowCheck, ...]
    findings: tuple[Finding, ...]
