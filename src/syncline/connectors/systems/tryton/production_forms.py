"""Productions: Tryton's form explodes the bill of materials, and the hub writes what the form shows.

Without its materials a production passes through all its states and makes nothing out of nothing.
"""

from __future__ import annotations

from collections.abc import Mapping

from syncline.connectors.systems.tryton.forms import (
    Values,
    defaults_of,
    mapping_of,
    raw_of,
    without_labels,
    without_nothing,
)
from syncline.connectors.systems.tryton.session import Session
from syncline.connectors.systems.tryton.values import Row, children_at, rows_of
from syncline.errors import RejectedError

_MODEL = "production"
_DEFAULTS = ("company", "warehouse", "location", "type", "state")
_LOOKS_AT = ("company", "warehouse", "location", "type", "product", "bom", "quantity", "unit", "planned_date", "state")
_EXPLODES = ("product", "bom", "quantity", "unit", "warehouse")  #: what the materials follow from
_MOVE = ("product", "quantity", "unit", "from_location", "to_location", "company", "currency", "unit_price")
_LISTS = ("inputs", "outputs")


class ProductionForm:
    """Answers of Tryton's own form logic."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def header(self, given: Values) -> dict[str, object]:
        """The values of a new production, its materials among them."""
        if given.get("product") is None or given.get("quantity") is None:
            raise RejectedError("A production needs its product and its quantity.", cure="Correct the mapping.")
        answer = defaults_of(self._session, _MODEL, _DEFAULTS)
        known = {**without_labels(answer), **without_nothing(given)}
        known.pop("state", None)
        known = {**self._usual_bill(known), **known}
        follows = self._exploded({**known, "state": "draft"}, ["product", "bom", "quantity"])
        lists = {name: [["create", moves]] for name in _LISTS if (moves := _moves(follows, name))}
        planned = {name: follows[name] for name in ("unit", "planned_start_date") if follows.get(name) is not None}
        return {**known, **planned, **without_nothing(given), **lists}

    def changed(self, values: Values, row: Row) -> dict[str, object]:
        """Other materials, when the production is to make something else, or another quantity of it."""
        if not any(name in values for name in _EXPLODES):
            return {}
        now = {name: raw_of(row, name) for name in _LOOKS_AT}
        other = "product" in values and values["product"] != now["product"]
        fresh: dict[str, object] = {"bom": None, "unit": None} if other else {}
        wanted = {**now, **fresh, **values}
        if other and "bom" not in values:
            wanted = {**wanted, "bom": None, **self._usual_bill({"product": values["product"]})}
        follows = self._exploded(wanted, ["product", "bom", "quantity"])
        lists: dict[str, object] = {}
        for name in _LISTS:
            old = [child["id"] for child in children_at(row, name)]
            moves = _moves(follows, name)
            lists[name] = [*([["delete", old]] if old else []), *([["create", moves]] if moves else [])]
        unit = follows.get("unit") or wanted["unit"]
        return {"bom": wanted["bom"], "unit": unit, **lists}

    def line(self, given: Values, document: Values) -> dict[str, object]:
        """Materials are not given."""
        return dict(given)

    def follows(self, line: Values, document: Values) -> dict[str, object]:
        """Materials are not given."""
        return {}

    def known(self, row: Row) -> dict[str, object]:
        """Nothing looks at it."""
        return {}

    def _usual_bill(self, known: Values) -> dict[str, object]:
        """The product's own first bill of materials, where none was given."""
        if known.get("bom") is not None:
            return {}
        order = [["sequence", "ASC"], ["id", "ASC"]]
        method = "model.product.product-production.bom.search_read"
        found = rows_of(self._session.ask(method, [["product", "=", known["product"]]], 0, 1, order, ["bom"]))
        return {"bom": found[0]["bom"]} if found else {}

    def _exploded(self, known: Values, changed: list[str]) -> Values:
        form = {"id": -1, "inputs": [], "outputs": [], **{name: known.get(name) for name in _LOOKS_AT}}
        return mapping_of(self._session, f"model.{_MODEL}.on_change", form, changed)


def _moves(follows: Values, name: str) -> list[dict[str, object]]:
    """The materials that the form adds, as they are created."""
    change = follows.get(name)
    added = change.get("add", []) if isinstance(change, Mapping) else []
    return [{each: move[each] for each in _MOVE if each in move} for _, move in added]
