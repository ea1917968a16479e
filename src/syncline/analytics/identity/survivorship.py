"""The golden record of a thing: for each field the value that survives, where it came from, and what it outlived."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Literal, NamedTuple

import msgspec
import pyarrow as pa

from syncline.analytics.tables import ALWAYS, Column, Layout, asked, made
from syncline.errors import RejectedError, SetupError

Rule = Literal["newest", "most", "longest", "first"]

PROVENANCE = Layout(
    row="one field of one golden record",
    columns=(
        Column("golden_id", pa.string()),
        Column("field", pa.string()),
        Column("value", pa.string(), nullable=True),  # null: no record has one
        Column("side", pa.string(), nullable=True),  # whose value it is
        Column("key", pa.string(), nullable=True),
        Column("rule", pa.string()),
        Column("rivals", pa.list_(pa.string())),  # other values that it outlived, sorted
    ),
)
_MEMBERS = (
    Column("golden_id", pa.string(), available_at=ALWAYS),
    Column("side", pa.string(), available_at=ALWAYS),
    Column("key", pa.string(), available_at=ALWAYS),
    Column("changed_at", pa.timestamp("us", tz="UTC"), nullable=True),
)


class SurvivalPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """Which value of a field survives. Ties go to the earlier side of `order`, then to the lesser key."""

    fields: Mapping[str, Rule]  #: newest: last changed; most: in most records; longest; first: of the first side
    order: tuple[str, ...] = ()  #: sides by trust, the most trusted first; others follow by name


class Golden(NamedTuple):
    """The golden records, and where each value comes from."""

    records: pa.Table  #: `golden_id` and the fields of the policy
    provenance: pa.Table  #: `PROVENANCE`


class _Value(NamedTuple):
    text: str
    side: str
    key: str
    changed_at: datetime | None
    trust: int


def survivorship(cluster: pa.Table, policy: SurvivalPolicy) -> Golden:
    """Settle each field of each thing by its rule; empty values never survive a full one.

    Args:
        cluster: The records of one or more things: `golden_id`, `side`, `key`, `changed_at` (UTC, may be null), and the
            fields of the policy as texts.
        policy: A rule for each field that the golden record is to have.

    Raises:
        SetupError: a column is missing, or the policy has no field.
        RejectedError: there is no record.

    >>> rows = {"golden_id": ["g", "g"], "side": ["crm", "erp"], "key": ["1", "9"], "changed_at": [None, None]}
    >>> of_two = pa.table(rows | {"name": ["Jade", "Jade River Ltd"], "city": ["Lyon", None]})
    >>> golden = survivorship(of_two, SurvivalPolicy(fields={"name": "longest", "city": "first"}, order=("erp",)))
    >>> golden.records.to_pylist()
    [{'golden_id': 'g', 'name': 'Jade River Ltd', 'city': 'Lyon'}]
    >>> [(row["field"], row["side"], row["rivals"]) for row in golden.provenance.to_pylist()]
    [('name', 'erp', ['Jade']), ('city', 'crm', [])]
    """
    if not policy.fields:
        raise SetupError("The policy says of no field how it survives.", cure="Give each field a rule.")
    columns = (*_MEMBERS, *(Column(name, pa.string(), nullable=True) for name in policy.fields))
    table = asked(Layout(row="one record of one thing", columns=columns), cluster, name="cluster")
    if not len(table):
        raise RejectedError("A cluster without records has no golden record.", cure="Leave it out.")
    things = _by_thing(table, policy)
    told = [(thing, field, *_settled(values, policy.fields[field])) for thing, field, values in things]
    ids = list(dict.fromkeys(row[0] for row in told))
    records: dict[str, Sequence[object]] = {"golden_id": pa.array(ids, pa.string())}
    for field in policy.fields:
        records[field] = pa.array([row[2] for row in told if row[1] == field], pa.string())
    names = [one.name for one in PROVENANCE.columns]
    provenance = made(PROVENANCE, dict(zip(names, map(list, zip(*told, strict=True)), strict=True)))
    return Golden(pa.table(records), provenance)


def _by_thing(table: pa.Table, policy: SurvivalPolicy) -> list[tuple[str, str, list[_Value]]]:
    """Thing, field and its values, things by their id."""
    ids, sides, keys, times = (table.column(one.name).to_pylist() for one in _MEMBERS)
    others = sorted(set(sides) - set(policy.order))
    trust = {side: place for place, side in enumerate((*policy.order, *others))}
    rows: dict[str, list[int]] = defaultdict(list)
    for row, one in enumerate(ids):
        rows[one].append(row)
    texts = {field: table.column(field).to_pylist() for field in policy.fields}
    return [
        (
            one,
            field,
            [
                _Value(texts[field][row], sides[row], keys[row], times[row], trust[sides[row]])
                for row in rows[one]
                if texts[field][row] and texts[field][row].strip()
            ],
        )
        for one in sorted(rows)
        for field in policy.fields
    ]


def _settled(values: Sequence[_Value], rule: Rule) -> tuple[str | None, str | None, str | None, str, list[str]]:
    """The value, its side and key, the rule in words, and the values that it outlived."""
    if not values:
        return None, None, None, "no record has a value", []
    counts = Counter(value.text for value in values)

    def rank(value: _Value) -> tuple[float, int, str]:
        return -_strength(value, rule, counts), value.trust, value.key

    best = min(values, key=rank)
    return best.text, best.side, best.key, rule, sorted(set(counts) - {best.text})


def _strength(value: _Value, rule: Rule, counts: Mapping[str, int]) -> float:
    if rule == "newest":
        return value.changed_at.timestamp() if value.changed_at else float("-inf")
    if rule == "most":
        return counts[value.text]
    return len(value.text.strip()) if rule == "longest" else 0.0
