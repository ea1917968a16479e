"""The canonical entities, by name. A module is loaded when the first of its entities is asked for."""

from __future__ import annotations

from importlib import import_module
from typing import cast

from syncline.model.definitions import EntityDefinition

_MODULES = {
    "customers": ("customer", "contact", "interaction", "campaign"),
    "selling": ("opportunity", "sales_order", "invoice"),
    "service": ("service_case", "need"),
    "products": ("product", "price", "bill_of_materials"),
    "supply": ("stock_level", "supplier", "purchase_order", "shipment"),
    "production": ("work_order", "work_centre"),
}
_HOME = {name: module for module, names in _MODULES.items() for name in names}

#: every canonical entity, in the order of a reader: who, what was sold, what it is, where it comes from
ENTITIES = tuple(_HOME)


def definition(name: str) -> EntityDefinition | None:
    """The canonical entity of this name; None for any other, whose fields are free.

    >>> definition("customer").field("credit_limit").kind
    <Kind.MONEY: 'money'>
    >>> definition("spaceship") is None
    True
    """
    home = _HOME.get(name)
    if home is None:
        return None
    module = import_module(f"{__name__}.{home}")
    return cast("EntityDefinition", getattr(module, name.upper()))
