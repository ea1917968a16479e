"""How far a scan may be trusted: what is committed later has a stamp that is not before the fence.

A row carries the time at which its transaction or statement began, and shows only once that is committed. A reader who
goes by the newest stamp passes over a row that commits late. Where the server shows its open transactions, the cursor
is held back to the beginning of the oldest; elsewhere the contract's lag has to be longer than any transaction.
"""

from __future__ import annotations

from datetime import UTC, datetime

import msgspec
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from syncline.connectors.protocols.sql_errors import Verdict, verdict_of
from syncline.connectors.protocols.stamps import SECOND, micros

_POSTGRES = text(
    """
    SELECT clock_timestamp(),
      least((SELECT min(xact_start) FROM pg_stat_activity
             WHERE datname = current_database() AND pid <> pg_backend_pid()
               AND backend_type NOT IN ('autovacuum worker', 'parallel worker', 'walsender')),
            (SELECT min(prepared) FROM pg_prepared_xacts WHERE database = current_database())),
      (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND backend_type IS NULL),
      pg_is_in_recovery()
    """
)
_STANDBY = (
    "the server is a standby, which shows no transactions of its primary: set contract.lag, or read from the primary"
)
_HIDDEN = "GRANT pg_read_all_stats to the hub's account lets it see other transactions"
_MYSQL_NOW = text("SELECT UTC_TIMESTAMP(6)")
_MYSQL_OLDEST = text(
    """
    SELECT TIMESTAMPDIFF(SECOND, MIN(trx_started), NOW())
    FROM information_schema.innodb_trx WHERE trx_mysql_thread_id <> CONNECTION_ID()
    """
)
_SQLITE = text("SELECT strftime('%Y-%m-%d %H:%M:%f', 'now')")


class Fence(msgspec.Struct, frozen=True, kw_only=True):
    """The state of the server's clock and transactions before a scan [µs since 1970]."""

    now: int
    oldest: int  #: no commit from now on has a stamp before this, as far as is known
    is_sure: bool  #: every open transaction was seen
    why_not: str = ""


def fence_of(connection: Connection, dialect: str) -> Fence:
    """The fence of a scan that begins after this call."""
    if dialect == "postgresql":
        return _postgres(connection)
    if dialect == "mysql":
        return _mysql(connection)
    now = _micros(connection.execute(_SQLITE).scalar_one())
    return Fence(now=now, oldest=now, is_sure=True)  # one writer at a time: stamps are in the order of commits


def _postgres(connection: Connection) -> Fence:
    now, oldest, hidden, is_standby = connection.execute(_POSTGRES).one()
    stamp = micros(now)
    return Fence(
        now=stamp,
        oldest=min(stamp, micros(oldest)) if oldest else stamp,
        is_sure=not hidden and not is_standby,
        why_not=_STANDBY if is_standby else _HIDDEN if hidden else "",
    )


def _mysql(connection: Connection) -> Fence:
    now = _micros(connection.execute(_MYSQL_NOW).scalar_one())
    try:
        connection.exec_driver_sql("SET time_zone = 'SYSTEM'")  # the table shows times in it
        age = connection.execute(_MYSQL_OLDEST).scalar_one()
    except SQLAlchemyError as error:
        if verdict_of(error) is not Verdict.SETUP:
            raise
        return Fence(
            now=now, oldest=now, is_sure=False, why_not="GRANT PROCESS to the hub's account lets it see transactions"
        )
    finally:
        connection.exec_driver_sql("SET time_zone = '+00:00'")
    # Whole seconds, and the server renews the table ten times a second only: one second more is safe.
    return Fence(now=now, oldest=now - (int(age or 0) + 1) * SECOND, is_sure=True)


def _micros(value: object) -> int:
    found = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    return micros(found if found.tzinfo else found.replace(tzinfo=UTC))
