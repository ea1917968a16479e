"""The planner connector's option and how it is opened: the sql connector over the planner's own tables, read alone."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import msgspec

from syncline.connectors.protocols.options import read_options
from syncline.connectors.protocols.sql import open_sql
from syncline.connectors.spec import Spec
from syncline.connectors.systems.planner.tables import MARKER, TABLES, make_tables
from syncline.env import Env
from syncline.ports.connector import Connector


class PlannerOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Options of the planner."""

    file: str = ".syncline/planner.db"  #: where analyses write, made when it is missing


def open_planner(system: str, options: Mapping[str, object], env: Env) -> Connector:
    """Make the tables that are missing, and the connector that reads them; SetupError when the file is none of ours."""
    plain = {name: value for name, value in options.items() if name != "connector"}
    chosen = read_options(PlannerOptions, plain, f"systems.{system}")
    file = Path(chosen.file).absolute()
    make_tables(file)
    return open_sql(system, {"url": f"sqlite:///{file}", "resources": _resources()}, env)


def _resources() -> Mapping[str, object]:
    """A row is stamped in the transaction that writes it, and nobody but the analyses writes."""
    promise = {"precision": 0.001, "lag": 1, "settle": 0, "effect": 0, "skew": 0, "read_back": "verbatim"}
    return {
        name: {
            "table": name, "key": table.key, "since": {"column": "changed_at"}, "version": "row_version",
            "marker": {"column": MARKER}, "contract": promise,
        }
        for name, table in TABLES.items()
    }  # fmt: skip


SPEC = Spec(
    name="planner",
    summary="What forecasts, supply plans and recommendations conclude, to be carried to the other systems.",
    settings=PlannerOptions,
    open=open_planner,
)
