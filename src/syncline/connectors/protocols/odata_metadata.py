"""What an OData service says about itself in $metadata: sets, keys, properties and the ways between them. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from syncline.connectors.protocols.xml_document import Element, read_xml


class Property(msgspec.Struct, frozen=True, kw_only=True):
    """One property of an entity."""

    type: str  #: "Edm.String", "Collection(Edm.String)", or the name of a complex type
    nullable: bool = True
    max_length: int = 0  #: 0: not told
    scale: int | None = None  #: places after the point
    is_date: bool = False  #: v2: an Edm.DateTime that is shown as a day

    @property
    def told(self) -> str:
        """The type as a person reads it."""
        size = f"({self.max_length})" if self.max_length else ""
        return f"{self.type}{size}{'' if self.nullable else ', not null'}"


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """A navigation property: where it leads, and to how many."""

    type: str
    many: bool


class EntityType(msgspec.Struct, frozen=True, kw_only=True):
    """What an entity, or a complex value, consists of."""

    keys: Sequence[str]
    properties: Mapping[str, Property]
    ways: Mapping[str, Way]


class Metadata(msgspec.Struct, frozen=True, kw_only=True):
    """One service."""

    types: Mapping[str, EntityType]
    sets: Mapping[str, str]  #: entity set -> its type

    def of_set(self, name: str) -> EntityType | None:
        """The type of a set's entities."""
        return self.types.get(self.sets.get(name, ""))


def read_metadata(body: bytes) -> Metadata:
    """The service as its $metadata describes it, in version 2 or 4.

    Raises:
        ValueError: It is no XML that may be read, or describes no set.
    """
    document = read_xml(body)
    schemas = list(document.all("Schema"))
    named = [one.attributes for one in schemas if "Alias" in one.attributes]
    aliases = {one["Alias"]: one.get("Namespace", "") for one in named}
    read = _Reading(aliases, schemas)
    found = {name: read.type_of(name) for name in read.elements}
    sets = {
        one.attributes["Name"]: read.full(one.attributes["EntityType"])
        for one in document.all("EntitySet")
        if "Name" in one.attributes and "EntityType" in one.attributes
    }
    if not sets:
        raise ValueError("it describes no entity set")
    return Metadata(types=found, sets=sets)


class _Reading:
    """One document on its way to plain data."""

    def __init__(self, aliases: Mapping[str, str], schemas: Sequence[Element]) -> None:
        self._aliases = aliases
        self.elements: dict[str, Element] = {}
        self._ends: dict[tuple[str, str], Element] = {}
        for schema in schemas:
            space = schema.attributes.get("Namespace", "")
            for one in schema.children:
                name = f"{space}.{one.attributes.get('Name', '')}"
                if one.name in {"EntityType", "ComplexType"}:
                    self.elements[name] = one
                if one.name == "Association":
                    self._ends |= {(name, end.attributes.get("Role", "")): end for end in one.each("End")}

    def full(self, name: str) -> str:
        """A type's name with its namespace instead of an alias."""
        inner = name.removeprefix("Collection(").removesuffix(")")
        space, _, last = inner.rpartition(".")
        return f"{self._aliases.get(space, space)}.{last}"

    def type_of(self, name: str, above: frozenset[str] = frozenset()) -> EntityType:
        """The type with what it inherits."""
        element = self.elements.get(name)
        if element is None or name in above:
            return EntityType(keys=(), properties={}, ways={})
        base = element.attributes.get("BaseType", "")
        parent = self.type_of(self.full(base), above | {name}) if base else EntityType(keys=(), properties={}, ways={})
        keys = [ref.attributes["Name"] for key in element.each("Key") for ref in key.each("PropertyRef")]
        return EntityType(
            keys=keys or parent.keys,
            properties={**parent.properties, **dict(self._properties(element))},
            ways={**parent.ways, **dict(self._ways(element))},
        )

    def _properties(self, element: Element) -> Iterator[tuple[str, Property]]:
        for one in element.each("Property"):
            given = one.attributes
            kind = given.get("Type", "Edm.String")
            yield (
                given.get("Name", ""),
                Property(
                    type=kind if "Edm." in kind else self._named(kind),
                    nullable=given.get("Nullable", "true") != "false",
                    max_length=_whole(given.get("MaxLength", "")) or 0,
                    scale=_whole(given.get("Scale", "")),
                    is_date=given.get("display-format") == "Date",
                ),
            )

    def _named(self, kind: str) -> str:
        return f"Collection({self.full(kind)})" if kind.startswith("Collection(") else self.full(kind)

    def _ways(self, element: Element) -> Iterator[tuple[str, Way]]:
        for one in element.each("NavigationProperty"):
            given = one.attributes
            if "Type" in given:
                yield given.get("Name", ""), Way(type=self.full(given["Type"]), many=given["Type"].startswith("Coll"))
                continue
            end = self._ends.get((self.full(given.get("Relationship", "")), given.get("ToRole", "")))
            if end is not None:
                many = end.attributes.get("Multiplicity") == "*"
                yield given.get("Name", ""), Way(type=self.full(end.attributes.get("Type", "")), many=many)


def _whole(text: str) -> int | None:
    return int(text) if text.isdecimal() else None
