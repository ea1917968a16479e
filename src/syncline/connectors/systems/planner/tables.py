"""The planner's tables: one SQLite file, each row known by what people call the thing that it tells of.

Only analyses write here, by `put`; the hub only reads. A row that tells the same again keeps its time of change, so
that nothing is read again for it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from syncline.errors import SetupError, TransientError

Told = str | int | None  #: decimals as text, days as YYYY-MM-DD


PATIENCE = 10.0  #: for a file that somebody writes to [s]
MARKER = "marker"  #: the column that says which entity a row tells of, as the hub does in every system


class PlannerTable(NamedTuple):
    """One table."""

    key: str  #: the column by which a row is known
    columns: Mapping[str, str]  #: column -> what it tells, its unit in brackets
    whole: frozenset[str] = frozenset()  #: columns that hold whole numbers; the others hold text


TABLES: Mapping[str, PlannerTable] = {
    "orders": PlannerTable(
        "number",
        {
            "promise_date": "day on which all of it can be delivered",
            "promise_confidence": "probability that the promise is kept [%]",
            "delay_days": "promise against the first one [d]",
            "delay_reason": "what causes the delay, and where",
            "priority_score": "weight when stock is scarce [0..1]",
        },
        frozenset({"delay_days"}),
    ),
    "opportunities": PlannerTable(
        "number",
        {
            "promise_date": "day on which all of it can be delivered",
            "offer_rank": "place among all open offers, 1 is the best",
            "expected_margin": "margin times probability [currency of the opportunity]",
            "offer_reason": "what stock, capacity and margin allow",
        },
    ),
    "products": PlannerTable(
        "sku",
        {
            "safety_stock": "what should never be used up [unit of the product]",
            "reorder_point": "stock at which more is ordered [unit of the product]",
            "reorder_quantity": "how much is ordered then [unit of the product]",
            "available_quantity": "what can be promised now [unit of the product]",
            "next_available_on": "day on which more can be promised",
        },
    ),
    "stock": PlannerTable(
        "number",
        {
            "sku": "product",
            "site": "where it is",
            "recommended_quantity": "how much to order or move there [unit of the product]",
            "recommended_on": "day by which to do it",
            "recommended_reason": "why",
            "days_of_supply": "how long it lasts [d]",
        },
    ),
    "suppliers": PlannerTable(
        "number",
        {
            "lead_time_p90": "nine of ten deliveries take no longer [d]",
            "on_time_rate": "share delivered in time and in full [%]",
            "reject_rate": "share rejected [%]",
        },
    ),
    "customers": PlannerTable(
        "customer",
        {
            "segment": "the group that it belongs to",
            "lifetime_value": "what it will bring [currency of the ledger]",
            "churn_risk": "probability that it does not come back [0..1]",
            "priority": "its weight [0..1]",
            "next_product": "sku of what it may buy next",
            "next_product_reason": "why",
        },
    ),
    "tasks": PlannerTable(
        "number",
        {
            "kind": "call, mail, visit or task",
            "subject": "what is to be done",
            "body": "what to say, and why",
            "customer": "whom it concerns: a row of `customers`",
            "order_number": "which order it is about",
            "due_on": "day by which to do it",
            "expected_value": "what it may bring [currency of the ledger]",
            "currency": "of the value",
            "reason": "why",
        },
    ),
}


def make_tables(file: Path) -> None:
    """Make the file and the tables that are missing; one that is there gets the columns that are new to it."""
    file.parent.mkdir(parents=True, exist_ok=True)
    if not file.exists():  # it tells of customers: made for its owner's eyes alone
        file.touch(mode=0o600)
    with _explained(file), closing(_open(file)) as state, state:
        for name, table in TABLES.items():
            kinds = [f'"{one}" {"INTEGER" if one in table.whole else "TEXT"}' for one in table.columns]
            kept = ["marker TEXT", *kinds, "row_version INTEGER NOT NULL", "changed_at TIMESTAMP NOT NULL"]
            state.execute(f'CREATE TABLE IF NOT EXISTS "{name}" ("{table.key}" TEXT PRIMARY KEY, {", ".join(kept)})')
            known = {row[1] for row in state.execute(f'PRAGMA table_info("{name}")')}
            for column, kind in zip(table.columns, kinds, strict=True):
                if column not in known:
                    state.execute(f'ALTER TABLE "{name}" ADD COLUMN {kind}')
            state.execute(f'CREATE INDEX IF NOT EXISTS "{name}_changed" ON "{name}" (changed_at)')


def put(file: Path, name: str, rows: Sequence[Mapping[str, Told]], *, at: str) -> int:
    """Tell these rows in one transaction; how many are new or tell something else than before.

    Args:
        file: the planner's file.
        name: one of `TABLES`.
        rows: the key, the hub's marker of the entity where there is one, and any of the columns; a column that is left
            out keeps what it told.
        at: now, ISO 8601 in UTC with milliseconds.

    Raises:
        SetupError: the file is none of ours, or a row has no key or a column that the table has not.
        TransientError: another process writes.
    """
    table = TABLES[name]
    wrong = sorted({one for row in rows for one in row if one not in {table.key, MARKER, *table.columns}})
    if wrong or any(not row.get(table.key) for row in rows):
        what = f"has no column {', '.join(wrong)}" if wrong else f"needs {table.key} in each row"
        raise SetupError(f"The planner's table {name} {what}.", cure="This is a fault of the analysis; report it.")
    make_tables(file)
    with _explained(file), closing(_open(file)) as state, state:
        return sum(_put(state, name, table, row, at) for row in rows)


def _put(state: sqlite3.Connection, name: str, table: PlannerTable, row: Mapping[str, Told], at: str) -> bool:
    told = {one: value for one, value in row.items() if one != table.key}
    key = row[table.key]
    inserted = state.execute(
        f'INSERT INTO "{name}" ("{table.key}", row_version, changed_at) VALUES (?, 1, ?) ON CONFLICT DO NOTHING',
        (key, at),
    ).rowcount
    if not told:
        return bool(inserted)
    settings = ", ".join(f'"{one}" = ?' for one in told)
    differs = " OR ".join(f'"{one}" IS NOT ?' for one in told)
    changed = state.execute(
        f'UPDATE "{name}" SET {settings}, row_version = row_version + 1, changed_at = ? '
        f'WHERE "{table.key}" = ? AND ({differs})',
        (*told.values(), at, key, *told.values()),
    ).rowcount
    return bool(inserted or changed)


def _open(file: Path) -> sqlite3.Connection:
    return sqlite3.connect(file, timeout=PATIENCE)


@contextmanager
def _explained(file: Path) -> Iterator[None]:
    """Errors of the database, in words."""
    try:
        yield
    except sqlite3.OperationalError as error:
        raise TransientError(f"The planner's file {file} is in use: {error}.", cure="Try again.") from error
    except sqlite3.DatabaseError as error:
        cure = "Move it away; the next analysis makes a new one."
        raise SetupError(f"The planner's file {file} cannot be used: {error}.", cure=cure) from error
