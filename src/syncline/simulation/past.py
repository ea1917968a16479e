"""The whole past of a record: every version, who made it, when, and what the hub's writes made of it."""

from __future__ import annotations

from dataclasses import dataclass, field

from syncline.model.page import Item, Op
from syncline.model.values import Value
from syncline.simulation.shape import Json, SideShape

HUB, PERSON, ITSELF = "hub", "person", "application"


class Version:
    """What a record held from some instant on; `fields` None: it was deleted."""

    __slots__ = ("at", "fields", "listed", "number", "raw", "stamp", "token", "touched", "values", "who")

    def __init__(  # noqa: PLR0913  a fact has many sides
        self, fields: Json | None, *, at: int, who: str, touched: frozenset[str], listed: int, number: int, stamp: int
    ) -> None:
        self.fields, self.at, self.who, self.touched = fields, at, who, touched
        self.listed = listed  #: when lists and searches begin to show it [µs]
        self.number = number  #: from 1, of its record
        self.stamp = stamp  #: as the application's clock has it [µs since 1970]
        self.token = 0  #: the deed that made it
        self.values: dict[str, Value] = {}  #: canonical
        self.raw = b""


@dataclass(slots=True, kw_only=True, eq=False)
class Kept:
    """One record with its whole past."""

    key: str
    side: SideShape
    who: int  #: the thing in the real world that it tells of; 0: nobody knows
    marker: str = ""
    by_hub: bool = False
    versions: list[Version] = field(default_factory=list)
    merged_into: str = ""
    former: Kept | None = None  #: the record that had this key before

    @property
    def last(self) -> Version:
        """What the application holds right now."""
        return self.versions[-1]

    def at(self, until: int, *, listed: bool = False) -> Version | None:
        """The newest version that can be seen."""
        for version in reversed(self.versions):
            if (version.listed if listed else version.at) <= until:
                return version
        return None

    def seen(self, until: int, *, listed: bool = False) -> tuple[Kept, Version] | None:
        """What can be seen under its key: as long as that is nothing of it, what can be seen of the former record."""
        version = self.at(until, listed=listed)
        if version is not None:
            return self, version
        return self.former.seen(until, listed=listed) if self.former else None

    @property
    def numbered_from(self) -> int:
        """How many versions there were of former records: what names a version of a key never names another one."""
        return self.former.numbered_from + len(self.former.versions) if self.former else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Write:
    """A write of the hub that took effect."""

    at: int
    system: str
    resource: str
    key: str
    kept: Kept
    op: Op
    item: Item
    before: Version | None
    after: Version
