"""The planner's tables: one SQLite file, each row known by what people call the thing that it tells of.

Only analyses write here, by `put`; the hub only reads. A row that tells the same again keeps its time of change, so
that nothing is read again for it.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from datetime import datetime, timedelta
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
        "sales_order",
        {
            "number": "what people call it",
            "promise_date": "day on which all of it can be delivered, not before it is wanted; null: cannot be said",
            "first_promise_date": "day that was promised at first",
            "promise_confidence": "probability that the promise is kept [%]; null where nothing was ever received",
            "delay_days": "promise after the first one [d]",
            "delay_reason": "what causes the delay, and where",
        },
        frozenset({"delay_days"}),
    ),
    "customers": PlannerTable(
        "customer",
        {
            "lifetime_value": "what it will bring [currency of its orders]",
            "churn_risk": "probability that it does not come back [0..1]; null where too few customers left to say",
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
            "promise_date": "the day that is to be told",
            "due_on": "day by which to do it",
            "expected_value": "what it may bring [currency]",
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
        at: now, ISO 8601 in UTC with milliseconds; a row is stamped later than all that were told before, so that
            whoever reads by the stamp misses none.

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
        state.execute("BEGIN IMMEDIATE")
        ((last,),) = state.execute(f'SELECT max(changed_at) FROM "{name}"').fetchall()
        stamp = max(at, _after(last)) if last else at
        return sum(_put(state, name, table, row, stamp) for row in rows)


def told(file: Path, name: str) -> list[dict[str, Told]]:
    """Every row of a table; none where there is no file yet."""
    if not file.exists():
        return []
    make_tables(file)
    table = TABLES[name]
    columns = [table.key, *table.columns]
    with _explained(file), closing(_open(file)) as state:
        rows = state.execute(f'SELECT {", ".join(map(_quoted, columns))} FROM "{name}"').fetchall()
    return [dict(zip(columns, row, strict=True)) for row in rows]


def _quoted(column: str) -> str:
    return f'"{column}"'


def _after(stamp: str) -> str:
    """A millisecond later."""
    later = datetime.fromisoformat(stamp) + timedelta(milliseconds=1)
    return f"{later:%Y-%m-%d %H:%M:%S.%f}"[:-3]


def _put(state: sqlite3.Connection, name: str, table: PlannerTable, row: Mapping[str, Told], at: str) -> bool:
    news = {one: value for one, value in row.items() if one != table.key}
    key = row[table.key]
    inserted = state.execute(
        f'INSERT INTO "{name}" ("{table.key}", row_version, changed_at) VALUES (?, 1, ?) ON CONFLICT DO NOTHING',
        (key, at),
    ).rowcount
    if not news:
        return bool(inserted)
    settings = ", ".join(f'"{one}" = ?' for one in news)
    differs = " OR ".join(f'"{one}" IS NOT ?' for one in news)
    changed = state.execute(
        f'UPDATE "{name}" SET {settings}, row_version = row_version + 1, changed_at = ? '
        f'WHERE "{table.key}" = ? AND ({differs})',
        (*news.values(), at, key, *news.values()),
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
