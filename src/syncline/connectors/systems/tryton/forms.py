"""Fill a document in as the desktop client does: ask Tryton for its defaults and what follows from what was given.

The server stores what it is sent and computes nothing: a line without taxes is accepted, and refused much later when
its invoice is posted; a production without its materials is carried out without any. So each value that nobody gave is
asked for before the document is created.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from syncline.connectors.systems.tryton.session import Session
from syncline.connectors.systems.tryton.values import Row, at_path, rows_of
from syncline.errors import RejectedError, SetupError, TransientError

Values = Mapping[str, object]


class Form(Protocol):
    """What Tryton's own form would fill in."""

    def header(self, given: Values) -> dict[str, object]:
        """The values of a new document for which `given` is known."""
        ...

    def changed(self, values: Values, row: Row) -> dict[str, object]:
        """What follows when these values of a document, as it stands in `row`, change."""
        ...

    def line(self, given: Values, document: Values) -> dict[str, object]:
        """The values of a new line of this document."""
        ...

    def follows(self, line: Values, document: Values) -> dict[str, object]:
        """What follows from the line's product and quantity."""
        ...

    def known(self, row: Row) -> dict[str, object]:
        """The document as it stands in `row`, as far as lines look at it."""
        ...


class OrderLayout(msgspec.Struct, frozen=True, kw_only=True):
    """What a form of one resource asks for, and what it looks at."""

    model: str
    what: str
    defaults: tuple[str, ...]
    looks_at: tuple[str, ...]  #: when the party changes
    takes: tuple[str, ...]  #: from the answer
    line_model: str
    parent: str  #: the line's reference to its document
    line_looks_at: tuple[str, ...]
    line_takes: tuple[str, ...]
    line_changes: tuple[str, ...] = ("product", "quantity")
    line_starts: Values = {}  #: values of a line before anything is known of it
    needs_party: bool = True
    traded: str = "salable"  #: flag of the products that may stand in a line


SALE_LAYOUT = OrderLayout(
    model="sale.sale",
    what="A sale",
    defaults=("company", "currency", "warehouse", "payment_term", "invoice_method", "shipment_method"),
    looks_at=("company", "party", "invoice_party", "shipment_party", "warehouse", "payment_term"),
    takes=("invoice_party", "invoice_address", "shipment_party", "shipment_address", "payment_term"),
    line_model="sale.line",
    parent="sale",
    line_looks_at=("company", "party", "invoice_party", "shipment_party", "warehouse", "currency", "sale_date"),
    line_takes=("unit", "unit_price", "taxes"),
    line_starts={"type": "line", "taxes": [], "unit_price": None},
)

PURCHASE_LAYOUT = OrderLayout(
    model="purchase.purchase",
    what="A purchase",
    defaults=("company", "currency", "warehouse", "payment_term", "invoice_method"),
    looks_at=("company", "party", "invoice_party", "payment_term"),
    takes=("invoice_party", "invoice_address", "payment_term"),
    line_model="purchase.line",
    parent="purchase",
    line_looks_at=("company", "party", "invoice_party", "warehouse", "currency", "purchase_date"),
    line_takes=("unit", "unit_price", "taxes", "product_supplier"),
    line_starts={"type": "line", "taxes": [], "unit_price": None, "product_supplier": None},
    traded="purchasable",
)

OPPORTUNITY_LAYOUT = OrderLayout(
    model="sale.opportunity",
    what="An opportunity",
    defaults=("company", "currency", "payment_term", "employee", "start_date"),
    looks_at=("company", "party", "amount"),
    takes=("payment_term",),
    line_model="sale.opportunity.line",
    parent="opportunity",
    line_looks_at=("company",),
    line_takes=("unit",),
    line_changes=("product",),
    needs_party=False,
)


class OrderForm:
    """Sales, purchases and opportunities: a party, and lines."""

    def __init__(self, session: Session, layout: OrderLayout) -> None:
        self._session = session
        self._layout = layout

    def header(self, given: Values) -> dict[str, object]:
        """Defaults, and what follows from the party."""
        layout = self._layout
        party = given.get("party")
        if party is None and layout.needs_party:
            raise RejectedError(f"{layout.what} needs its party.", cure="Link the party first.")
        defaults = defaults_of(self._session, layout.model, layout.defaults)
        known = {**without_labels(defaults), **without_nothing(given)}
        if party is None:
            return known
        self._require(party)
        form = {"id": -1, "lines": [], **{name: known.get(name) for name in layout.looks_at}}
        follows = mapping_of(self._session, f"model.{layout.model}.on_change", form, ["party"])
        return {**known, **without_labels(follows), **without_nothing(given)}

    def changed(self, values: Values, row: Row) -> dict[str, object]:
        """What follows from another party: addresses of the former one would be refused, or sent to."""
        if not values.get("party"):
            return {}
        self._require(values["party"])
        layout = self._layout
        known = {name: raw_of(row, name) for name in layout.looks_at}
        form = {"id": -1, "lines": [], **known, **dict.fromkeys(layout.takes), "party": values["party"]}
        follows = without_labels(mapping_of(self._session, f"model.{layout.model}.on_change", form, ["party"]))
        return {name: follows.get(name) for name in layout.takes}

    def line(self, given: Values, document: Values) -> dict[str, object]:
        """The line with unit, price and taxes."""
        follows = self.follows(given, document) if given.get("product") else {}
        kind = {"type": "line"} if "type" in self._layout.line_starts else {}
        return {**kind, **follows, **without_nothing(given)}

    def follows(self, line: Values, document: Values) -> dict[str, object]:
        """Unit, price and taxes that follow from the line's product and quantity."""
        layout = self._layout
        form = {
            "id": -1,
            **layout.line_starts,
            **{name: line.get(name) for name in ("product", "quantity", "unit")},
            layout.parent: {"id": -1, **{name: document.get(name) for name in layout.line_looks_at}},
        }
        found = without_labels(self._changed_line(form))
        return {name: found[name] for name in layout.line_takes if name in found}

    def _changed_line(self, form: Values) -> Values:
        """The form's answer; it breaks down over a product that is not traded, which is a fault of this line alone."""
        layout = self._layout
        try:
            return mapping_of(self._session, f"model.{layout.line_model}.on_change", form, list(layout.line_changes))
        except SetupError:
            method, domain = "model.product.product.search_read", [["id", "=", form["product"]]]
            rows = rows_of(self._session.ask(method, domain, 0, 1, None, [layout.traded]))
            if rows and rows[0].get(layout.traded):
                raise
            what = f"Product {form['product']} is not {layout.traded} in Tryton."
            raise RejectedError(what, cure="Make it so in its form, or take it out of the document.") from None

    def known(self, row: Row) -> dict[str, object]:
        """The document in Tryton's own values."""
        return {name: raw_of(row, name) for name in self._layout.line_looks_at}

    def _require(self, party: object) -> None:
        """On SQLite Tryton takes a sale for a party that was deleted, and cannot show it afterwards."""
        domain = [["id", "=", party], ["active", "in", [True, False]]]
        if not self._session.ask("model.party.party.search_count", domain, 0, None):
            what = f"Party {party} is not there any more."
            raise TransientError(what)


class NoForm:
    """Documents that Tryton makes itself: nothing follows from what is written."""

    def header(self, given: Values) -> dict[str, object]:
        """As given."""
        return dict(given)

    def changed(self, values: Values, row: Row) -> dict[str, object]:
        """Nothing."""
        return {}

    def line(self, given: Values, document: Values) -> dict[str, object]:
        """As given."""
        return dict(given)

    def follows(self, line: Values, document: Values) -> dict[str, object]:
        """Nothing."""
        return {}

    def known(self, row: Row) -> dict[str, object]:
        """Nothing."""
        return {}


def mapping_of(session: Session, method: str, *params: object) -> Values:
    """The answer of a form."""
    answer = session.ask(method, *params)
    if not isinstance(answer, Mapping):
        raise TransientError("Tryton answered something else than a form.")
    return answer


def defaults_of(session: Session, model: str, names: Sequence[str]) -> Values:
    """What Tryton starts a new form with."""
    return mapping_of(session, f"model.{model}.default_get", list(names), False)  # noqa: FBT003  Tryton's order


def raw_of(row: Row, name: str) -> object:
    """The value of a field in Tryton's own words; a reference by its id, even where only its code was asked for."""
    return row[name] if name in row else at_path(row, f"{name}.id")


def added_ids(value: object) -> list[object]:
    """The ids that a form's change of a list adds."""
    added = value.get("add", []) if isinstance(value, Mapping) else []
    return [entry[1]["id"] for entry in added if isinstance(entry, list)]


def added_by(commands: object) -> list[object]:
    """The ids in the commands of a list that is filled for the first time."""
    lists = [command[1] for command in commands if command[0] == "add"] if isinstance(commands, list) else []
    return [key for keys in lists for key in keys]


def without_labels(values: Values) -> dict[str, object]:
    """Values to write: no `currency.` beside `currency`, and lists as commands."""
    return {
        name: [["add", added_ids(value)]] if isinstance(value, Mapping) and "add" in value else value
        for name, value in values.items()
        if not name.endswith(".")
    }


def without_nothing(values: Values) -> dict[str, object]:
    """What was given: a null leaves the default."""
    return {name: value for name, value in values.items() if value is not None}
