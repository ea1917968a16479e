"""How the records of a resource look, for protocols with words of their own: told to what reads records out of JSON."""

from __future__ import annotations

from typing import Protocol

from syncline.connectors.protocols import rest_options
from syncline.connectors.protocols.paths import Flag


class _Field(Protocol):
    @property
    def field(self) -> str: ...


class _Resource(Protocol):
    """What every such protocol says of a resource."""

    @property
    def key(self) -> str: ...

    @property
    def since(self) -> _Field | None: ...

    @property
    def version(self) -> _Field | None: ...

    @property
    def marker(self) -> _Field | None: ...

    @property
    def tombstones(self) -> Flag | None: ...

    @property
    def gone_when(self) -> Flag | None: ...


def looks(resource: _Resource) -> rest_options.ResourceOptions:
    """How a record of it looks; where it is reached is not told."""
    since, version, marker = resource.since, resource.version, resource.marker
    return rest_options.ResourceOptions(
        path="/",
        key=resource.key,
        since=rest_options.Since(field=since.field) if since else None,
        version=rest_options.Version(field=version.field) if version else None,
        marker=rest_options.Marker(field=marker.field) if marker else None,
        tombstones=resource.tombstones,
        gone_when=resource.gone_when,
    )
