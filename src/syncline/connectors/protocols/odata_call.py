"""One entity set of an OData service: what it is called, what $metadata says about it, and what is read of it."""

from __future__ import annotations

from collections.abc import Iterator

from syncline.connectors.protocols.odata_metadata import EntityType
from syncline.connectors.protocols.odata_options import EntitySet
from syncline.connectors.protocols.odata_service import Service
from syncline.errors import SetupError


class Call:
    """One entity set of one service."""

    def __init__(self, *, service: Service, name: str, resource: EntitySet) -> None:
        self.service = service
        self.name = name
        self.resource = resource

    @property
    def setting(self) -> str:
        """Where the resource is configured."""
        return f"systems.{self.service.system}.resources.{self.name}"

    @property
    def entity(self) -> EntityType:
        """What $metadata says about the entities; SetupError where it does not know the set, or what is asked of it."""
        found = self.service.metadata.of_set(self.resource.set)
        if found is None or not found.keys:
            known = ", ".join(sorted(self.service.metadata.sets))
            msg = f"{self.service.system} has no entity set {self.resource.set} with a key."
            raise SetupError(msg, cure=f"Set {self.setting}.set to one of {known}.")
        lacking = [name for name in self._named() if name not in found.properties and name not in found.ways]
        if lacking:
            msg = f"{self.service.system}.{self.resource.set} has no property {', '.join(lacking)}."
            raise SetupError(msg, cure=f"Correct {self.setting}; it has {', '.join(found.properties)}.")
        return found

    def _named(self) -> Iterator[str]:
        resource = self.resource
        yield from (*resource.select, *resource.expand, *resource.search, *filter(None, [resource.since]))
        if resource.marker:
            yield resource.marker.field

    @property
    def shown(self) -> list[tuple[str, str]]:
        """The query that says which properties are read."""
        resource, entity = self.resource, self.entity
        is_v2 = self.service.version == "v2"
        query: list[tuple[str, str]] = []
        if resource.select:
            named = [*entity.keys, *self._named()]
            ways = resource.expand.items() if is_v2 else ()
            lines = [f"{way}/{one}" for way, inner in ways for one in inner or ["*"]]
            plain = [one for one in dict.fromkeys(named) if one not in entity.ways]
            query.append(("$select", ",".join([*plain, *lines])))
        if resource.expand:
            wanted = [
                way if is_v2 or not names else f"{way}($select={','.join(names)})"
                for way, names in resource.expand.items()
            ]
            query.append(("$expand", ",".join(wanted)))
        return query
