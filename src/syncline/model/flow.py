"""The configured agreement of one entity among systems: fields, rules, sides, match stage."""

from __future__ import annotations

from enum import StrEnum

import msgspec

from syncline.model.quality import Quality


class RuleKind(StrEnum):
    """How two concurrent edits of one field are settled."""

    OWNER = "owner"
    OWNER_UNLESS_EMPTY = "owner-unless-empty"
    LATEST = "latest"
    MANUAL = "manual"
    ADD = "add"
    UNION = "union"


class Empties(StrEnum):
    """What an incoming null or empty value does."""

    CLEAR = "clear"  #: it is an edit like any other
    KEEP = "keep"  #: it never replaces a value; the value is put back
    FILL_ONLY = "fill-only"  #: this field is only ever filled while empty; later edits are put back


class Direction(StrEnum):
    """Which way data moves between the hub and one system."""

    BOTH = "both"
    FROM = "from"  #: read only: the hub never writes this system
    TO = "to"  #: written only: what the system changes is put back


class DeletePolicy(StrEnum):
    """What is done in a system when the entity was deleted in another."""

    PROPAGATE = "propagate"
    ARCHIVE = "archive"
    DETACH = "detach"
    RECREATE = "recreate"


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """A rule and, where it names one, the owning system."""

    kind: RuleKind
    owner: str = ""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One canonical field of a flow."""

    name: str
    rule: Rule
    empties: Empties = Empties.CLEAR
    group: str = ""  #: fields of one group merge as one: street, postcode, city
    reference: str = ""  #: entity type that it points at; its value is that entity's eid
    nullable: bool = True  #: a cycle of references may be broken here


class MatchRule(msgspec.Struct, frozen=True, kw_only=True):
    """One step of the match stage: exact keys that all agree, or a score over fields."""

    fields: tuple[str, ...]
    at_least: float | None = None  #: 0..1: score to link; None means exact
    ask_from: float = 0.0  #: 0..1: score to ask a person


class Condition(msgspec.Struct, frozen=True, kw_only=True):
    """A canonical field has one of these values."""

    field: str
    values: tuple[str | int | bool, ...]


class Side(msgspec.Struct, frozen=True, kw_only=True):
    """One system's part in a flow."""

    system: str
    resource: str
    fields: tuple[str, ...]  #: canonical fields that its mapping carries, in the order of the lens
    writable: frozenset[str]  #: those that the hub may write there
    direction: Direction = Direction.BOTH
    deletes: DeletePolicy = DeletePolicy.ARCHIVE
    creates: bool = True  #: may the hub create records here
    creates_when: tuple[Condition, ...] = ()  #: of such entities alone; all must hold
    rank: int = 0  #: ties of `latest`: the higher rank wins


class Flow(msgspec.Struct, frozen=True, kw_only=True):
    """The configured agreement of one entity type among systems. One flow per entity type."""

    name: str
    entity: str
    fields: tuple[Field, ...]
    sides: tuple[Side, ...]
    match: tuple[MatchRule, ...] = ()
    lines: frozenset[str] = msgspec.field(default_factory=frozenset)  #: fields that hold nested lines
    line_references: tuple[tuple[str, str, str], ...] = ()  #: (lines field, its field, entity type)
    quality: Quality = Quality()

    def side(self, system: str) -> Side:
        """The side of `system`; KeyError when the flow has none."""
        for side in self.sides:
            if side.system == system:
                return side
        raise KeyError(system)
