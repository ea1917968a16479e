"""The odata connector: any service of OData 2 or 4, described in configuration and by its own $metadata."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence

from syncline.connectors.protocols.answers import failed, settled
from syncline.connectors.protocols.auth import Credentials
from syncline.connectors.protocols.http import Wire
from syncline.connectors.protocols.odata_bulk import Bulk
from syncline.connectors.protocols.odata_call import Call
from syncline.connectors.protocols.odata_options import EntitySet, ODataOptions, read_odata_options
from syncline.connectors.protocols.odata_page import Reader
from syncline.connectors.protocols.odata_read import Reading
from syncline.connectors.protocols.odata_results import Results
from syncline.connectors.protocols.odata_service import Service
from syncline.connectors.protocols.odata_write import Forms, Singles
from syncline.connectors.protocols.options import configured
from syncline.connectors.protocols.promises import promised, wire_settings
from syncline.connectors.protocols.scanning import Clocks
from syncline.connectors.spec import Spec
from syncline.env import Env
from syncline.errors import SetupError, SynclineError
from syncline.model.contract import BatchShape, Contract, Deletes, Limits, Locking, ReadBack
from syncline.model.page import Batch, Cursor, Gone, Page, Receipt, Record


class _Parts:
    """Everything that deals with one entity set. How its entities look is asked of the service at the first use."""

    def __init__(self, name: str, resource: EntitySet, service: Service, env: Env) -> None:
        options = service.options
        self.contract = contract_of(resource, options)
        self.call = Call(service=service, name=name, resource=resource)
        self._reading_metadata = threading.Lock()
        self._reader: Reader | None = None
        self.reading = Reading(call=self.call, reader=self.reader, clocks=Clocks(contract=self.contract, env=env))
        read_back = self.contract.read_back
        results = Results(call=self.call, reader=self.reader, reading=self.reading, read_back=read_back, env=env)
        forms = Forms(call=self.call, read_back=read_back)
        self.writing: Singles | Bulk = Singles(call=self.call, forms=forms, results=results)
        if options.batch:
            self.writing = Bulk(call=self.call, batching=options.batch, forms=forms, results=results, env=env)

    def reader(self) -> Reader:
        """How the entities look, once the service has said it."""
        with self._reading_metadata:
            if self._reader is None:
                service = self.call.service
                self._reader = Reader(
                    resource=self.call.resource,
                    entity=self.call.entity,
                    metadata=service.metadata,
                    bodies=service.bodies,
                    limit=service.options.record_limit,
                )
            return self._reader


class ODataConnector:
    """One OData service. Thread-safe: only the token and what the service says about itself are kept."""

    def __init__(self, system: str, options: ODataOptions, env: Env) -> None:
        self._system = system
        credentials = Credentials(options.auth, system)
        settings = wire_settings(options)
        self._wire = Wire(system=system, url=options.url, credentials=credentials, env=env, settings=settings)
        service = Service(wire=self._wire, options=options)
        self._parts = {name: _Parts(name, one, service, env) for name, one in options.resources.items()}

    def __repr__(self) -> str:
        """System and origin."""
        return f"ODataConnector({self._system} at {self._wire.origin})"

    def contract(self, resource: str) -> Contract:
        """What the configuration promises about `resource`."""
        return self._of(resource).contract

    def check(self) -> str:
        """Read the description and one page of the first resource; one line about it."""
        name, parts = next(iter(self._parts.items()))
        for each in self._parts.values():
            each.reader()
        count = len(parts.reading.first_page().keys)
        return f"{self._system} answers at {self._wire.origin}: {count} records on the first page of {name}."

    def schema(self, resource: str) -> Mapping[str, str]:
        """Field -> type, as $metadata tells it."""
        call = self._of(resource).call
        entity, given = call.entity, call.resource
        chosen = frozenset([*given.select, *entity.keys]) if given.select else entity.properties.keys()
        told = {name: one.told for name, one in entity.properties.items() if name in chosen}
        lines = {name: "list" if entity.ways[name].many else "object" for name in given.expand}
        return {**told, **lines}

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
        return list(map(self._of(resource).reader().marker, raws))

    def write(self, batch: Batch) -> Sequence[Receipt]:
        """Try the batch once."""
        parts = self._of(batch.resource)
        try:
            parts.reader()
        except SetupError:
            raise
        except SynclineError as error:  # the service could not be asked what it looks like: nothing was sent
            return settled([failed(item, error) for item in batch.items])
        return settled(parts.writing.write(batch.items, batch.send_by))

    def close(self) -> None:
        """Let connections go."""
        self._wire.close()

    def _of(self, resource: str) -> _Parts:
        return configured(self._system, self._parts, resource)


def open_odata(system: str, options: Mapping[str, object], env: Env) -> ODataConnector:
    """A connector to the service that the options describe; OptionsError with all their problems. Nothing is sent."""
    return ODataConnector(system, read_odata_options(system, options), env)


def contract_of(resource: EntitySet, options: ODataOptions) -> Contract:
    """What the configuration amounts to. What it does not say is what the cautious default says."""
    batch, marker = options.batch, resource.marker
    contract = Contract(
        incremental=bool(resource.since) or resource.delta,
        stamped=bool(resource.since),
        locking=Locking.ETAG if resource.etag else Locking.NONE,
        deletes=Deletes.TOMBSTONES if resource.delta or resource.tombstones else Deletes.SWEEP,
        batch=BatchShape(size=batch.size, atomic=batch.atomic) if batch else BatchShape(),
        marker=marker is not None,
        marker_unique=marker is not None and marker.unique,
        creatable="create" in resource.write,
        deletable="delete" in resource.write,
        archivable="archive" in resource.write,
        searchable=frozenset(resource.search),
        limits=Limits(per_second=options.limits.per_second, burst=options.limits.burst, reserve=options.limits.reserve),
        read_back=ReadBack.GET,
    )
    return promised(promised(contract, options.contract), resource.contract)


SPEC = Spec(
    name="odata",
    summary="Any service of OData 2 or 4, such as SAP's and Microsoft's.",
    settings=ODataOptions,
    open=open_odata,
)
