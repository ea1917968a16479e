"""Plain records with lists: bills of materials, what suppliers deliver, work centres."""

from __future__ import annotations

from syncline.connectors.systems.tryton.documents import Document
from syncline.connectors.systems.tryton.fields import Resource
from syncline.connectors.systems.tryton.nested import ListDiff, check_names, plain_values
from syncline.connectors.systems.tryton.references import References
from syncline.connectors.systems.tryton.session import Session
from syncline.connectors.systems.tryton.supply import PRODUCT_SUPPLIER
from syncline.connectors.systems.tryton.values import rows_of
from syncline.errors import RejectedError
from syncline.model.page import Item, Op


class PlainShape:
    """Values as they are, and lists by the fewest commands; entries are known by their ids."""

    def __init__(self, resource: Resource, session: Session, references: References) -> None:
        self.resource = resource
        self.model = resource.model
        self._session = session
        self._references = references
        self._lists = {each.name: ListDiff(each, references) for each in resource.collections if each.model}
        self._paths = {each.name: each.source for each in resource.collections}

    def needs_current(self, item: Item) -> bool:
        """Lists are compared with what is there; plain values are not."""
        return any(name in item.fields for name in self._lists)

    def target(self, item: Item, current: Document | None) -> int:
        """The record itself."""
        return int(item.key)

    def values(self, item: Item, current: Document | None) -> dict[str, object]:
        """Plain values, and commands for the lists."""
        given = {**item.fields, "active": False} if item.op is Op.ARCHIVE else item.fields
        check_names(self.resource, given)
        values = plain_values(self.resource.fields, given, self._references)
        for name, one in self._lists.items():
            if name in given:
                commands = one.commands(given[name], current.row if current else None)
                values |= {self._paths[name]: commands} if commands else {}
        if self.resource is PRODUCT_SUPPLIER and item.op is Op.CREATE and not values.get("template"):
            values["template"] = self._template(values.get("product"))
        return values

    def _template(self, product: object) -> object:
        """Tryton asks for the template, and would derive it from the variant in its form only."""
        method = "model.product.product.search_read"
        rows = rows_of(self._session.ask(method, [["id", "=", product]], 0, 1, None, ["template"]))
        if not rows:
            raise RejectedError("It does not say which product is delivered.", cure="Give `product` or `template`.")
        return rows[0]["template"]
