"""What a probe speaks of: its subject, and facts with what was declared beside what was measured."""

from __future__ import annotations

from dataclasses import dataclass

from syncline.env import Env
from syncline.mapping import Lens
from syncline.model.contract import Contract
from syncline.ports.connector import Connector


@dataclass(frozen=True, slots=True, kw_only=True)
class Measure:
    """One fact: what the contract declares and what was seen."""

    name: str
    declared: str
    measured: str
    agrees: bool | None  #: None: it could not be measured
    cure: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProbeReport:
    """Everything measured about one resource of one system."""

    system: str
    resource: str
    measures: tuple[Measure, ...]
    wrote: str = ""  #: the key of the scratch record; "" when only reads were made


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What is probed: one resource of one system, and how it is mapped."""

    system: str
    resource: str
    connector: Connector
    lens: Lens
    env: Env

    @property
    def contract(self) -> Contract:
        """What is declared."""
        return self.connector.contract(self.resource)
