"""Fill a sale in as the desktop client does: ask Tryton for its defaults and what follows from a party or a product.

The server stores what it is sent and computes nothing: a line without taxes is accepted, and refused much later when
its invoice is posted. So each value that nobody gave is asked for before the sale is created.
"""

from __future__ import annotations

from collections.abc import Mapping

from syncline.connectors.systems.tryton.session import Session
from syncline.errors import RejectedError, TransientError

_DEFAULTS = ("company", "currency", "warehouse", "payment_term", "invoice_method", "shipment_method")
_PARTY_LOOKS_AT = ("company", "party", "invoice_party", "shipment_party", "warehouse", "payment_term")
_PARTY_TAKES = ("invoice_party", "invoice_address", "shipment_party", "shipment_address", "payment_term")
_LINE_LOOKS_AT = ("company", "party", "invoice_party", "shipment_party", "warehouse", "currency", "sale_date")
_LINE_TAKES = ("unit", "unit_price", "taxes")

Values = Mapping[str, object]


class SaleForm:
    """Answers of Tryton's own form logic."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def header(self, given: Values) -> dict[str, object]:
        """The values of a new sale for which `given` is known."""
        if given.get("party") is None:
            raise RejectedError("A sale needs its party.", cure="Link the customer first.")
        self._require(given["party"])
        defaults = self._mapping("model.sale.sale.default_get", list(_DEFAULTS), False)  # noqa: FBT003  Tryton's order
        known = {**_without_labels(defaults), **_without_nothing(given)}
        form = {"id": -1, "lines": [], **{name: known.get(name) for name in _PARTY_LOOKS_AT}}
        follows = self._mapping("model.sale.sale.on_change", form, ["party"])
        return {**known, **_without_labels(follows), **_without_nothing(given)}

    def moved(self, party: object, sale: Values) -> dict[str, object]:
        """What follows from another party: addresses of the former one would be refused, or sent to."""
        self._require(party)
        known = {name: sale.get(name) for name in _PARTY_LOOKS_AT}
        form = {"id": -1, "lines": [], **known, **dict.fromkeys(_PARTY_TAKES), "party": party}
        follows = _without_labels(self._mapping("model.sale.sale.on_change", form, ["party"]))
        return {name: follows.get(name) for name in _PARTY_TAKES}

    def line(self, given: Values, sale: Values) -> dict[str, object]:
        """The values of a new line of this sale."""
        follows = self.follows(given, sale) if given.get("product") else {}
        return {"type": "line", **follows, **_without_nothing(given)}

    def follows(self, line: Values, sale: Values) -> dict[str, object]:
        """Unit, price and taxes that follow from the line's product and quantity."""
        form = {
            "id": -1,
            "type": "line",
            "taxes": [],
            "unit_price": None,
            **{name: line.get(name) for name in ("product", "quantity", "unit")},
            "sale": {"id": -1, **{name: sale.get(name) for name in _LINE_LOOKS_AT}},
        }
        found = _without_labels(self._mapping("model.sale.line.on_change", form, ["product", "quantity"]))
        return {name: found[name] for name in _LINE_TAKES if name in found}

    def _require(self, party: object) -> None:
        """On SQLite Tryton takes a sale for a party that was deleted, and cannot show it afterwards."""
        domain = [["id", "=", party], ["active", "in", [True, False]]]
        if not self._session.ask("model.party.party.search_count", domain, 0, None):
            what = f"Party {party} is not there any more."
            raise TransientError(what)

    def _mapping(self, method: str, *params: object) -> Values:
        answer = self._session.ask(method, *params)
        if not isinstance(answer, Mapping):
            raise TransientError("Tryton answered something else than a form.")
        return answer


def added_ids(value: object) -> list[object]:
    """The ids that a form's change of a list adds."""
    added = value.get("add", []) if isinstance(value, Mapping) else []
    return [entry[1]["id"] for entry in added if isinstance(entry, list)]


def added_by(commands: object) -> list[object]:
    """The ids in the commands of a list that is filled for the first time."""
    lists = [command[1] for command in commands if command[0] == "add"] if isinstance(commands, list) else []
    return [key for keys in lists for key in keys]


def _without_labels(values: Values) -> dict[str, object]:
    """Values to write: no `currency.` beside `currency`, and lists as commands."""
    return {
        name: [["add", added_ids(value)]] if isinstance(value, Mapping) and "add" in value else value
        for name, value in values.items()
        if not name.endswith(".")
    }


def _without_nothing(values: Values) -> dict[str, object]:
    """What was given: a null leaves the default."""
    return {name: value for name, value in values.items() if value is not None}
