"""Codes of Tryton's small tables (countries, currencies, units, languages) and the ids that stand for them."""

from __future__ import annotations

import threading

from syncline.connectors.systems.tryton.fields import CODE_COLUMNS
from syncline.connectors.systems.tryton.session import Session
from syncline.connectors.systems.tryton.values import rows_of
from syncline.errors import RejectedError


class References:
    """Ids by code, asked for once. Thread-safe."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._lock = threading.Lock()
        self._ids: dict[tuple[str, str], int] = {}

    def id_of(self, model: str, code: str) -> int:
        """The id of the row with this code; RejectedError when Tryton has none."""
        with self._lock:
            known = self._ids.get((model, code))
        if known is not None:
            return known
        column = CODE_COLUMNS.get(model, "code")
        domain = [[column, "=", code]]
        found = rows_of(self._session.ask(f"model.{model}.search_read", domain, 0, 1, [["id", "ASC"]], [column]))
        if not found:
            what = f"Tryton has no {model} with the {column} {code!r}."
            raise RejectedError(what, cure="Add it in Tryton, or correct the value.")
        key = int(str(found[0]["id"]))
        with self._lock:
            self._ids[model, code] = key
        return key
