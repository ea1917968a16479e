"""One system with a SOAP service, behind the connector port."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from syncline.connectors.protocols.answers import settled
from syncline.connectors.protocols.looks import looks
from syncline.connectors.protocols.options import configured
from syncline.connectors.protocols.paths import steps_of
from syncline.connectors.protocols.promises import promised
from syncline.connectors.protocols.rest_page import Reader
from syncline.connectors.protocols.scanning import Clocks
from syncline.connectors.protocols.soap_layout import at, row_of
from syncline.connectors.protocols.soap_options import Resource, SoapOptions
from syncline.connectors.protocols.soap_read import Reading
from syncline.connectors.protocols.soap_service import Service
from syncline.connectors.protocols.soap_write import Writer
from syncline.env import Env
from syncline.model.contract import Contract, Deletes, Limits, Locking
from syncline.model.page import Batch, Cursor, Gone, Page, Receipt, Record


class _Parts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that deals with one resource."""

    resource: Resource
    contract: Contract
    reader: Reader
    reading: Reading
    writer: Writer


class SoapConnector:
    """One system with a SOAP service. Thread-safe: only connections and the description are kept."""

    def __init__(self, system: str, options: SoapOptions, env: Env) -> None:
        self._system = system
        self._service = Service(system, options, env)
        self._parts = {name: _parts(name, resource, self._service, env) for name, resource in options.resources.items()}

    def __repr__(self) -> str:
        """System and origin."""
        return f"SoapConnector({self._system} at {self._service.wire.origin})"

    def contract(self, resource: str) -> Contract:
        """What the configuration promises about `resource`."""
        return self._of(resource).contract

    def check(self) -> str:
        """Read the description and one page of the first resource; one line about it."""
        name, parts = next(iter(self._parts.items()))
        count = len(parts.reading.first_page().keys)
        where = self._service.wire.origin
        return f"{self._system} answers at {where}: {count} records on the first page of {name}."

    def schema(self, resource: str) -> Mapping[str, str]:
        """Field -> type, as the description tells it."""
        listed = self._of(resource).resource.list
        output = self._service.description.operation(listed.operation).output
        found = at(output.layout, steps_of(listed.rows)) if output else None
        row = row_of(found) if found is not None else None
        return row.kinds() if row else {}

    def list(self, resource: str, since: Cursor | None) -> Iterator[Page]:
        """Pages of records changed at or after `since` less the overlap; every record when None."""
        return self._of(resource).reading.pages(since)

    def get(self, resource: str, keys: Sequence[str]) -> Sequence[Record | Gone]:
        """These records now, in the order of `keys`."""
        return self._of(resource).reading.get(keys)

    def search(self, resource: str, field: str, value: str) -> Sequence[Record]:
        """Records whose field equals `value`; field "" is the marker."""
        return self._of(resource).reading.search(field, value)

    def markers(self, resource: str, raws: Sequence[bytes]) -> Sequence[str]:
        """The hub's marker in each record."""
        return list(map(self._of(resource).reader.marker, raws))

    def write(self, batch: Batch) -> Sequence[Receipt]:
        """Try the batch once."""
        return settled(self._of(batch.resource).writer.write(batch.items, batch.send_by))

    def close(self) -> None:
        """Let connections go."""
        self._service.close()

    def _of(self, resource: str) -> _Parts:
        return configured(self._system, self._parts, resource)


def _parts(name: str, resource: Resource, service: Service, env: Env) -> _Parts:
    contract = contract_of(resource, service.options)
    reader = Reader(looks(resource), flag=None, record_limit=service.options.record_limit)
    clocks = Clocks(contract=contract, env=env)
    reading = Reading(service=service, name=name, resource=resource, reader=reader, clocks=clocks)
    writer = Writer(
        service=service,
        name=name,
        resource=resource,
        reader=reader,
        read_back=contract.read_back,
        find_marked=lambda marker: reading.search("", marker),
    )
    return _Parts(resource=resource, contract=contract, reader=reader, reading=reading, writer=writer)


def contract_of(resource: Resource, options: SoapOptions) -> Contract:
    """What the configuration amounts to. What it does not say is what the cautious default says."""
    write, marker, pace = resource.write, resource.marker, options.limits
    contract = Contract(
        incremental=bool(resource.since and resource.since.to),
        stamped=resource.since is not None,
        locking=Locking.ETAG if resource.version and write.update and write.update.version else Locking.NONE,
        deletes=Deletes.TOMBSTONES if resource.tombstones else Deletes.SWEEP,
        marker=marker is not None and marker.search is not None,
        marker_unique=marker is not None and marker.unique,
        idempotency=bool(write.create and write.create.token),
        creatable=write.create is not None,
        deletable=write.delete is not None,
        archivable=write.archive is not None,
        searchable=frozenset(resource.search),
        limits=Limits(per_second=pace.per_second, burst=pace.burst, reserve=pace.reserve),
    )
    return promised(promised(contract, options.contract), resource.contract)
