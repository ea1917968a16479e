"""The graphql connector: any system with a GraphQL API, its operations written in configuration."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from syncline.connectors.protocols.answers import settled
from syncline.connectors.protocols.auth import Credentials
from syncline.connectors.protocols.graphql_call import Api, Call
from syncline.connectors.protocols.graphql_checks import read_graphql_options
from syncline.connectors.protocols.graphql_login import SessionCredentials
from syncline.connectors.protocols.graphql_options import GraphQLOptions, Resource
from syncline.connectors.protocols.graphql_read import Reading
from syncline.connectors.protocols.graphql_results import Results
from syncline.connectors.protocols.graphql_write import VERBS, Writer
from syncline.connectors.protocols.http import Wire
from syncline.connectors.protocols.looks import looks
from syncline.connectors.protocols.options import configured
from syncline.connectors.protocols.promises import promised, wire_settings
from syncline.connectors.protocols.rest_page import Reader
from syncline.connectors.protocols.rest_schema import shown_by
from syncline.connectors.protocols.scanning import Clocks
from syncline.connectors.spec import Spec
from syncline.env import Env
from syncline.model.contract import BatchShape, Contract, Deletes, Limits, Locking, ReadBack
from syncline.model.page import Batch, Cursor, Gone, Page, Receipt, Record


class _Parts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that deals with one resource."""

    contract: Contract
    reader: Reader
    reading: Reading
    writer: Writer


class GraphQLConnector:
    """One system with a GraphQL API. Thread-safe: only connections and the session's token are kept."""

    def __init__(self, system: str, options: GraphQLOptions, env: Env) -> None:
        self._system = system
        session = SessionCredentials(options.login, options.url, system) if options.login else None
        credentials = session or Credentials(options.auth, system)
        settings = wire_settings(options)
        self._wire = Wire(system=system, url=options.url, credentials=credentials, env=env, settings=settings)
        #: for connectors of one application, which ask what no resource is
        self.api = Api(wire=self._wire, options=options, session=session, env=env)
        self._parts = {name: _parts(name, resource, self.api, env) for name, resource in options.resources.items()}

    def __repr__(self) -> str:
        """System and origin."""
        return f"GraphQLConnector({self._system} at {self._wire.origin})"

    def contract(self, resource: str) -> Contract:
        """What the configuration promises about `resource`."""
        return self._of(resource).contract

    def check(self) -> str:
        """Read one page of the first resource; one line about it."""
        name, parts = next(iter(self._parts.items()))
        count = len(parts.reading.sample())
        return f"{self._system} answers at {self._wire.origin}: {count} records on the first page of {name}."

    def schema(self, resource: str) -> Mapping[str, str]:
        """Field -> type, as a few records show them; what may be asked is written in the configuration."""
        return shown_by(self._of(resource).reading.sample())

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
        self._wire.close()

    def _of(self, resource: str) -> _Parts:
        return configured(self._system, self._parts, resource)


def open_graphql(system: str, options: Mapping[str, object], env: Env) -> GraphQLConnector:
    """A connector to the API that the options describe; OptionsError with all their problems. Nothing is sent yet."""
    return GraphQLConnector(system, read_graphql_options(system, options), env)


def _parts(name: str, resource: Resource, api: Api, env: Env) -> _Parts:
    contract = contract_of(resource, api.options)
    call = Call(api=api, name=name, resource=resource)
    reader = Reader(looks(resource), flag=None, record_limit=api.options.record_limit)
    reading = Reading(call=call, reader=reader, clocks=Clocks(contract=contract, env=env))
    results = Results(
        call=call,
        reader=reader,
        read_back=contract.read_back,
        find_marked=lambda marker: reading.search("", marker),
    )
    return _Parts(contract=contract, reader=reader, reading=reading, writer=Writer(call=call, results=results))


def contract_of(resource: Resource, options: GraphQLOptions) -> Contract:
    """What the configuration amounts to. What it does not say is what the cautious default says."""
    write, batch, marker = resource.write, resource.batch, resource.marker
    offered = {verb: getattr(write, verb) for verb in VERBS.values()}
    is_atomic = (batch is not None and batch.atomic) or any(one is not None and one.many for one in offered.values())
    contract = Contract(
        incremental=bool(resource.since and resource.since.variable),
        stamped=resource.since is not None,
        locking=Locking.ETAG if resource.version and write.update and write.update.version else Locking.NONE,
        deletes=Deletes.TOMBSTONES if resource.tombstones else Deletes.SWEEP,
        batch=BatchShape(size=batch.size, atomic=is_atomic) if batch else BatchShape(),
        marker=marker is not None and marker.search is not None,
        marker_unique=marker is not None and marker.unique,
        idempotency=bool(write.create and write.create.token),
        creatable=write.create is not None,
        deletable=write.delete is not None,
        archivable=write.archive is not None,
        searchable=frozenset(resource.search),
        limits=Limits(per_second=options.limits.per_second, burst=options.limits.burst, reserve=options.limits.reserve),
        read_back=ReadBack.GET,
    )
    return promised(promised(contract, options.contract), resource.contract)


SPEC = Spec(
    name="graphql",
    summary="Any system with a GraphQL API, its operations written in configuration.",
    settings=GraphQLOptions,
    open=open_graphql,
)
