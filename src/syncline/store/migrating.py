"""Brings a store's tables to the form that this version knows, or refuses one that a newer version has written."""

from __future__ import annotations

from syncline.errors import SetupError
from syncline.store.queries import migrations
from syncline.store.session import Session


def migrate(session: Session, dialect: str, *, label: str) -> None:
    """Apply the migrations that the store has not seen, all in one transaction."""
    session.begin()
    try:
        applied = applied_migrations(session, dialect, label=label)
        for number, name, sql in migrations(dialect):
            if number not in applied:
                session.script(sql)
                session.page("record_migration", [(number, name)])
        session.commit()
    except BaseException:
        session.rollback()
        raise


def require_current(session: Session, dialect: str, *, label: str) -> None:
    """A reader changes nothing, so it needs a store that is up to date."""
    known = {number for number, _name, _sql in migrations(dialect)}
    if known - applied_migrations(session, dialect, label=label):
        msg = f"{label} was not yet brought to this version of Syncline."
        raise SetupError(
            msg,
            cure="Run `syncline sync` once, then ask again.",
        )


def applied_migrations(session: Session, dialect: str, *, label: str) -> set[int]:
    """What the store has seen; a place that is not ours, or of a newer version, is refused."""
    if session.is_new():
        return set()
    if not session.rows("has_table", ("migration",)):
        msg = f"{label} holds something else than a hub's state."
        raise SetupError(msg, cure="Name another place in `store:`.")
    applied = {number for (number,) in session.rows("applied_migrations")}
    newest = max(number for number, _name, _sql in migrations(dialect))
    if applied and max(applied) > newest:
        msg = f"{label} was written by a newer version of Syncline (migration {max(applied)}, known here: {newest})."
        raise SetupError(
            msg,
            cure="Install that version, or restore the backup made before the upgrade.",
        )
    return applied
