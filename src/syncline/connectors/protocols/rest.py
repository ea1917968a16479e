"""The rest connector: any system with a JSON API, described in configuration alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from syncline.connectors.protocols.answers import settled
from syncline.connectors.protocols.auth import Credentials
from syncline.connectors.protocols.http import Wire
from syncline.connectors.protocols.options import configured
from syncline.connectors.protocols.promises import promised, wire_settings
from syncline.connectors.protocols.rest_answer import Answers
from syncline.connectors.protocols.rest_bulk import Bulk
from syncline.connectors.protocols.rest_call import Call
from syncline.connectors.protocols.rest_options import (
    ResourceOptions,
    RestOptions,
    read_rest_options,
)
from syncline.connectors.protocols.rest_page import Reader
from syncline.connectors.protocols.rest_read import Reading
from syncline.connectors.protocols.rest_schema import schema_of
from syncline.connectors.protocols.rest_write import VERBS, Singles
from syncline.connectors.spec import Spec
from syncline.env import Env
from syncline.model.contract import BatchShape, Contract, Deletes, Limits, Locking
from syncline.model.page import Batch, Cursor, Gone, Op, Page, Receipt, Record


class _Parts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that deals with one resource."""

    call: Call
    contract: Contract
    reader: Reader
    reading: Reading
    singles: Singles
    bulk: Bulk | None
    together: frozenset[Op]  #: what goes in batches


class RestConnector:
    """One system with a JSON API. Thread-safe: nothing changes after it is made but the wire's connections."""

    def __init__(self, system: str, options: RestOptions, env: Env) -> None:
        self._system = system
        credentials = Credentials(options.auth, system)
        settings = wire_settings(options)
        self._wire = Wire(system=system, url=options.url, credentials=credentials, env=env, settings=settings)
        self._parts = {
            name: _parts(name, resource, options, self._wire, env) for name, resource in options.resources.items()
        }

    def __repr__(self) -> str:
        """System and origin."""
        return f"RestConnector({self._system} at {self._wire.origin})"

    def contract(self, resource: str) -> Contract:
        """What the configuration promises about `resource`."""
        return self._of(resource).contract

    def check(self) -> str:
        """Read one page of the first resource; one line about it."""
        name, parts = next(iter(self._parts.items()))
        page = next(parts.reading.pages(None))
        return f"{self._system} answers at {self._wire.origin}: {len(page.keys)} records on the first page of {name}."

    def schema(self, resource: str) -> Mapping[str, str]:
        """Field -> type, where the system describes them."""
        parts = self._of(resource)
        return schema_of(parts.call, parts.reading)

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
        parts = self._of(batch.resource)
        bulk = [item for item in batch.items if item.op in parts.together]
        single = [item for item in batch.items if item.op not in parts.together]
        results = parts.bulk.write(bulk, batch.send_by) if parts.bulk and bulk else []
        return settled([*results, *parts.singles.write(single, batch.send_by)] if single else results)

    def close(self) -> None:
        """Let connections go."""
        self._wire.close()

    def _of(self, resource: str) -> _Parts:
        return configured(self._system, self._parts, resource)


def open_rest(system: str, options: Mapping[str, object], env: Env) -> RestConnector:
    """A connector to the system that the options describe; SetupError with all their problems. Nothing is sent yet."""
    return RestConnector(system, read_rest_options(system, options), env)


def _parts(name: str, resource: ResourceOptions, options: RestOptions, wire: Wire, env: Env) -> _Parts:
    contract = contract_of(resource, options)
    call = Call(wire=wire, name=name, resource=resource, errors=options.errors)
    reader = Reader(resource, flag=options.errors.in_200, record_limit=options.record_limit)
    reading = Reading(call=call, reader=reader, contract=contract, concurrency=options.concurrency, env=env)

    def find_marked(marker: str) -> Record | None:
        return next(iter(reading.search("", marker)), None)

    answers = Answers(
        call=call,
        reader=reader,
        read_back=contract.read_back,
        find_marked=find_marked,
        get=lambda key: reading.get([key])[0],
    )
    batching = resource.batch
    return _Parts(
        call=call,
        contract=contract,
        reader=reader,
        reading=reading,
        singles=Singles(call=call, answers=answers, concurrency=options.concurrency),
        bulk=Bulk(call=call, batching=batching, answers=answers) if batching else None,
        together=frozenset(op for op, verb in VERBS.items() if batching and verb in batching.ops),
    )


def contract_of(resource: ResourceOptions, options: RestOptions) -> Contract:
    """What the configuration amounts to. What it does not say is what the cautious default says."""
    write, batch, marker, version = resource.write, resource.batch, resource.marker, resource.version
    batched: Collection[str] = batch.ops if batch else ()
    ops = {*batched, *(verb for verb in VERBS.values() if getattr(write, verb))}
    by_batch = batch.keys if batch and "update" in batched else None
    conditional = version is not None and bool(by_batch.if_match if by_batch else version.if_match)
    # A key for a whole batch knows the same batch again, not one of its items in another company.
    by_item = batch.keys.idempotency if batch and "create" in batched else resource.idempotency
    contract = Contract(
        incremental=bool(resource.since and resource.since.param),
        stamped=resource.since is not None,
        locking=Locking.ETAG if conditional else Locking.NONE,
        deletes=Deletes.TOMBSTONES if resource.tombstones else Deletes.SWEEP,
        batch=BatchShape(size=batch.size, atomic=batch.atomic) if batch else BatchShape(),
        marker=marker is not None and bool(marker.param),
        marker_unique=marker is not None and marker.unique,
        idempotency=bool(by_item),
        creatable="create" in ops,
        deletable="delete" in ops,
        archivable="archive" in ops,
        searchable=frozenset(resource.search),
        limits=Limits(**msgspec.structs.asdict(options.limits)),
    )
    return promised(promised(contract, options.contract), resource.contract)


SPEC = Spec(
    name="rest",
    summary="Any system with a JSON API, described in configuration.",
    settings=RestOptions,
    open=open_rest,
)
