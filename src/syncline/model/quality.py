"""What is expected of the values of a flow: rules with their severity, cleaning, and the targets of its figures."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from enum import StrEnum

import msgspec

HIDDEN = "***"  #: stands for a value of a field that is marked secret
LAG = 300.0  #: what a change may take to arrive, where a flow says nothing [s]


class Severity(StrEnum):
    """What a broken rule does."""

    WARN = "warn"  #: the record flows; what is wrong is counted and listed
    PARK = "park"  #: the record waits for a person, alone; corrected in its system it flows again
    STOP = "stop"  #: the flow is paused in this system; the rest flows


class RuleSort(StrEnum):
    """What a rule asks of a record."""

    REQUIRED = "required"  #: the field holds something
    UNIQUE = "unique"  #: no other record of the same system holds the value
    PATTERN = "pattern"  #: the whole text looks like this
    RANGE = "range"  #: a number or a day between two others, both included
    ONE_OF = "one_of"  #: one of these values
    REFERENCE = "reference"  #: what it points at is known, and lives
    FRESHNESS = "freshness"  #: the instant in the field, or the record's own change, is no older than this
    COMPARE = "compare"  #: two fields of the record stand in this order
    EQUAL = "equal"  #: the systems show the same, up to a tolerance


class QualityRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule over the records of a flow. A blank value breaks `required` alone."""

    name: str
    sort: RuleSort
    fields: tuple[str, ...]  #: none: the record as a whole
    severity: Severity = Severity.WARN
    weight: float = 1.0  #: in the validation score
    hard: bool = False  #: one broken record makes the score 0
    pattern: str = ""
    least: str = ""  #: of a range: a number or a day; "" for none
    most: str = ""
    values: tuple[str | int | bool, ...] = ()
    age: float = 0.0  #: [s]
    order: str = ""  #: of `compare`: <, <=, =, !=, >=, >
    tolerance: Decimal = Decimal(0)  #: of `equal`, in the unit of the field


class Targets(msgspec.Struct, frozen=True, kw_only=True):
    """What the figures of a flow are measured against."""

    lag: float = LAG  #: L: what a change may take to arrive [s]
    period: float = 0.0  #: between two passes [s]; 0: not by interval
    tolerance: Mapping[str, Decimal] = msgspec.field(default_factory=dict)  #: per field, in its own unit
    additive: Mapping[str, str] = msgspec.field(default_factory=dict)  #: fields that may be summed up -> unit


class Quality(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, for one flow."""

    rules: tuple[QualityRule, ...] = ()
    secret: frozenset[str] = frozenset()  #: fields whose values no message, finding, profile or event shows
    clean: Mapping[str, str] = msgspec.field(default_factory=dict)  #: field -> the converters that clean it
    targets: Targets = Targets()

    def told(self, field: str, value: object) -> str:
        """A value as a message may name it.

        >>> Quality(secret=frozenset({"iban"})).told("iban", "DE89")
        '***'
        """
        return HIDDEN if field in self.secret else _short(value)


_LONGEST = 60


def _short(value: object) -> str:
    words = "nothing" if value is None or value is msgspec.UNSET or value == "" else str(value)
    return words if len(words) <= _LONGEST else f"{words[: _LONGEST - 1]}…"
