"""The sql connector: tables of PostgreSQL, MySQL, MariaDB and SQLite, described in configuration alone."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from syncline.connectors.protocols.sql_checks import read_sql_options
from syncline.connectors.protocols.sql_options import SqlOptions
from syncline.connectors.spec import Spec
from syncline.env import Env
from syncline.errors import SetupError
from syncline.ports.connector import Connector

_NEEDS = {"postgresql": ("sqlalchemy", "psycopg"), "mysql": ("sqlalchemy", "pymysql"), "sqlite": ("sqlalchemy",)}


def open_sql(system: str, options: Mapping[str, object], env: Env) -> Connector:
    """A connector to the database that the options describe; SetupError with all their problems. Nothing is sent."""
    chosen = read_sql_options(system, options)
    missing = [name for name in _NEEDS[chosen.dialect] if find_spec(name) is None]
    if missing:
        msg = f"System {system} needs {' and '.join(missing)}, which is not installed."
        raise SetupError(msg, cure="Install it: pip install 'syncline[sql]'.")
    from syncline.connectors.protocols.sql_connector import SqlConnector  # noqa: PLC0415  its extra may be missing

    return SqlConnector(system, chosen, env)


SPEC = Spec(
    name="sql",
    summary="Tables of PostgreSQL, MySQL, MariaDB and SQLite, described in configuration.",
    settings=SqlOptions,
    open=open_sql,
)
