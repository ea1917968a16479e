"""What an error of a database means for the caller, decided in one place for all of them. Pure."""

from __future__ import annotations

import re
from enum import Enum

from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, InterfaceError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as NoConnectionError

from syncline.errors import BusyError, SetupError, SynclineError, TransientError


class Verdict(Enum):
    """What is wrong."""

    RECORD = "record"  #: with the values of one record
    BUSY = "busy"  #: somebody holds a lock, two transactions met, or there is no room; nothing was changed
    SETUP = "setup"  #: with the account, the tables or the options
    SLOW = "slow"  #: it took too long; nothing was changed
    LOST = "lost"  #: with the connection or the server


_STATES = {
    "25006": Verdict.SETUP,  # a server that is read only
    "25P03": Verdict.SLOW,
    "40001": Verdict.BUSY,
    "40P01": Verdict.BUSY,
    "55P03": Verdict.BUSY,
    "57014": Verdict.SLOW,
    "44000": Verdict.RECORD,
}
_CLASSES = {
    "22": Verdict.RECORD,
    "23": Verdict.RECORD,
    "27": Verdict.RECORD,
    "38": Verdict.RECORD,
    "P0": Verdict.RECORD,  # raised by a trigger
    "0A": Verdict.SETUP,
    "28": Verdict.SETUP,
    "3D": Verdict.SETUP,
    "3F": Verdict.SETUP,
    "42": Verdict.SETUP,
}
_NUMBERS = {
    **dict.fromkeys(
        (1044, 1045, 1049, 1054, 1064, 1109, 1142, 1143, 1146, 1227, 1290, 1370, 1698, 1792, 1836), Verdict.SETUP
    ),
    **dict.fromkeys((1020, 1021, 1030, 1114, 1205, 1206, 1213), Verdict.BUSY),
    **dict.fromkeys((1028, 1317, 1969, 3024), Verdict.SLOW),
    **dict.fromkeys((1040, 1041, 1053, 1077, 1080, 1129, 1152, 1159, 1161, 1180, 1203, 1226, 1927, 3100), Verdict.LOST),
}
_UNTRUSTED = re.compile(r"certificate.verify|doesn't support ssl", re.IGNORECASE)
_CLIENT = range(2000, 3000)  #: numbers that the client of MySQL gives, not the server
_WORDS = (
    (Verdict.BUSY, re.compile(r"database (table )?is (locked|busy)", re.IGNORECASE)),
    (Verdict.SLOW, re.compile(r"interrupted", re.IGNORECASE)),
    (
        Verdict.SETUP,
        re.compile(
            r"authentication failed|role \".*\" does not exist|database \".*\" does not exist|no pg_hba|"
            r"certificate verify|does not support ssl|ssl was required|no password supplied|"
            r"no such (table|column)|readonly database|not a database|"
            r"not authorized|permission denied|has no column|cannot modify .* because it is a view",
            re.IGNORECASE,
        ),
    ),
)


def verdict_of(error: SQLAlchemyError) -> Verdict:
    """What is wrong."""
    if not isinstance(error, DBAPIError):
        return Verdict.LOST if isinstance(error, NoConnectionError) else Verdict.SETUP
    said = error.orig
    number = said.args[0] if said is not None and said.args else None
    if isinstance(number, int):
        return _by_number(number, error)
    state = getattr(said, "sqlstate", None)
    if state:
        return _STATES.get(state) or _CLASSES.get(state[:2], Verdict.LOST)
    if isinstance(error, IntegrityError | DataError):
        return Verdict.RECORD
    return next((verdict for verdict, words in _WORDS if words.search(str(said))), Verdict.LOST)


def _by_number(number: int, error: DBAPIError) -> Verdict:
    known = _NUMBERS.get(number) or (Verdict.SETUP if _UNTRUSTED.search(str(error.orig)) else None)
    if known or number in _CLIENT or not number or isinstance(error, InterfaceError):
        return known or Verdict.LOST
    return Verdict.RECORD


def words_of(error: SQLAlchemyError) -> str:
    """The database's own words in one line, without the statement and without the whole row.

    PostgreSQL shows the row in a detail; only the detail of a constraint, which names one key, is told.
    """
    said = getattr(error, "orig", None)
    diagnosis = getattr(said, "diag", None)
    if diagnosis is not None and diagnosis.message_primary:
        detail = diagnosis.message_detail or ""
        return f"{diagnosis.message_primary} {detail if detail.startswith('Key ') else ''}".strip()
    text = str(said.args[1]) if said is not None and len(said.args) > 1 else str(said or error)
    return " ".join(text.split())[:500]


def fate_of(error: SQLAlchemyError, system: str, place: str) -> SynclineError:
    """The error that the hub understands. A record's error counts as a setup error here: reads have no values."""
    _forget_secrets(error)
    verdict, words = verdict_of(error), words_of(error)
    if verdict is Verdict.BUSY:
        return BusyError(f"{system} is busy at {place}: {words}.")
    if verdict is Verdict.SLOW:
        return TransientError(
            f"{system} took too long at {place}: {words}.",
            cure=f"If it lasts, add an index, or raise systems.{system}.timeout.",
        )
    if verdict is Verdict.LOST:
        return TransientError(f"{system} cannot be reached: {words}.", cure="Is the server running?")
    return SetupError(
        f"{system} refuses {place}: {words}.",
        cure=f"Check systems.{system}: url, user, password, tables and columns, and the rights of the account.",
    )


def _forget_secrets(error: BaseException | None) -> None:
    """The error of a connection that failed carries all it was tried with, the password too."""
    while error is not None:
        for one in (error, getattr(error, "orig", None)):
            if "_pgconn" in getattr(one, "__dict__", {}):
                vars(one)["_pgconn"] = None
        error = error.__cause__ or error.__context__
