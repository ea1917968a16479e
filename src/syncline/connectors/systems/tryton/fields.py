"""What the hub sees of Tryton is data; these are its parts: fields, lists, resources, and the options they need."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from syncline.connectors.systems.tryton.values import Kind

#: Before the hub's marker where it lies among the identifiers of a party, so that nobody takes it for a number.
MARKER_PREFIX = "syncline:"
#: The column that holds the code of a small table's rows.
CODE_COLUMNS: Mapping[str, str] = {"product.uom": "symbol"}


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One value of a record."""

    name: str
    kind: Kind = Kind.TEXT
    path: str = ""  #: where Tryton keeps it, dotted through references; "" for the same name
    table: str = ""  #: for a code: the model whose rows have the codes
    written: bool = True
    optional: bool = False  #: of a module that this Tryton may lack; null there

    @property
    def source(self) -> str:
        """The name to read."""
        return self.path or self.name

    @property
    def target(self) -> str:
        """The name to write."""
        return self.source.partition(".")[0]


class Picked(msgspec.Struct, frozen=True, kw_only=True):
    """A flat value that Tryton keeps as the first entry of a kind in a list."""

    name: str
    path: str  #: the list
    model: str  #: of its entries
    value: str  #: field of the entry
    equals: str | None  #: the entry's `type`
    prefix: str = ""  #: of the value; not shown


class Collection(msgspec.Struct, frozen=True, kw_only=True):
    """A list of child records."""

    name: str
    fields: tuple[Field, ...]
    model: str = ""  #: empty where the hub only reads it
    path: str = ""  #: where Tryton keeps it; "" for the same name
    deactivable: bool = False
    only: str = ""  #: shown are children of this sort
    sort: str = "type"  #: where a child says of which sort it is
    optional: bool = False  #: of a module that this Tryton may lack; empty there
    numbered: bool = False  #: children are shown with their place, 1 for the oldest; Tryton gives them no number

    @property
    def source(self) -> str:
        """The list to read."""
        return self.path or self.name


class First(msgspec.Struct, frozen=True, kw_only=True):
    """A flat value that the first child of a list has; not written."""

    name: str
    path: str  #: the list, which is one of the resource's collections
    value: str  #: field of the child
    kind: Kind = Kind.TEXT


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """One address of a list, by what it is for."""

    name: str
    flag: str  #: set on the addresses that serve it
    members: tuple[str, ...] = ("name", "street", "postal_code", "city", "country", "subdivision")


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One resource: a record of Tryton with what belongs to it."""

    model: str
    fields: tuple[Field, ...]
    view: str = ""  #: the resource's name, where it is not the model's
    picked: tuple[Picked, ...] = ()
    collections: tuple[Collection, ...] = ()
    firsts: tuple[First, ...] = ()
    uses: tuple[Use, ...] = ()  #: of the addresses
    template: str = ""  #: a reference whose record, of the model product.template, is part of this one
    also: tuple[str, ...] = ()  #: read for the writer, not shown
    searchable: frozenset[str] = frozenset()
    markers: tuple[str, ...] = ()  #: what may carry the hub's marker; the first is the usual one
    creatable: bool = True
    deletable: bool = True
    writable: bool = True
    stamped: bool = True  #: a record tells when it was changed

    @property
    def name(self) -> str:
        """What flows and options call it."""
        return self.view or self.model

    @property
    def watched(self) -> tuple[str, ...]:
        """Lists and references whose changes are changes of this record."""
        lists = [collection.source for collection in self.collections]
        lists += [picked.path for picked in self.picked]
        return tuple(dict.fromkeys([*lists, *filter(None, [self.template])]))

    @property
    def models(self) -> Mapping[str, str]:
        """Path -> model of what belongs to the record and is written with it."""
        found = {each.path: each.model for each in self.picked}
        found |= {each.source: each.model for each in self.collections if each.model}
        return {**found, self.template: "product.template"} if self.template else found

    @property
    def asked(self) -> list[str]:
        """The fields that one read asks for."""
        names = ["_timestamp", "last_modified_at", *self.also, *(each.source for each in self.fields)]
        for path in self.watched:
            names += [f"{path}._timestamp", f"{path}.last_modified_at"]
        for picked in self.picked:
            names += [f"{picked.path}.{name}" for name in ("active", "type", picked.value)]
        for collection in self.collections:
            names += [f"{collection.source}.{each.source}" for each in collection.fields]
            names += [f"{collection.source}.active"] if collection.deactivable else []
            names += [f"{collection.source}.{collection.sort}"] if collection.only else []
        names += [f"{first.path}.{first.value}" for first in self.firsts]
        return list(dict.fromkeys(names))

    @property
    def optional(self) -> frozenset[str]:
        """Fields of Tryton that a module brings which may not be there."""
        fields = {each.target for each in self.fields if each.optional}
        return frozenset(fields | {each.source for each in self.collections if each.optional})


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """How this installation wants its records treated: the options that readers and writers need."""

    company: int
    markers: Mapping[str, str] = {}  #: resource -> where the marker lies
    domains: Mapping[str, list[object]] = {}  #: resource -> which records take part
    advance: Mapping[str, str] = {}  #: resource -> the state that a new record is moved to
    removal: str = "deactivate"
    address_key: str = ""
    inactive: str = "record"
    overlap: float = 2.0
    effect: float = 60.0
    page: int = 200
    levels: str = "warehouse"  #: stock is shown by `warehouse` or by `location`

    def marker(self, resource: Resource) -> str:
        """Where the hub's marker lies in this resource; "" for nowhere."""
        usual = resource.markers[0] if resource.markers else ""
        chosen = self.markers.get(resource.name, usual)
        return "" if chosen == "none" else chosen
