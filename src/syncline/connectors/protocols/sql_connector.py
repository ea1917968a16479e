"""The sql connector at work: resources on tables, described by the database itself when they are first used."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence

import msgspec

from syncline.connectors.protocols.options import configured
from syncline.connectors.protocols.promises import promised
from syncline.connectors.protocols.sql_database import Database
from syncline.connectors.protocols.sql_fence import fence_of
from syncline.connectors.protocols.sql_layout import Layout, layout_of
from syncline.connectors.protocols.sql_options import SqlOptions, SqlResource
from syncline.connectors.protocols.sql_pages import Pages
from syncline.connectors.protocols.sql_read import Reading
from syncline.connectors.protocols.sql_write import Writing
from syncline.env import Env
from syncline.errors import TransientError
from syncline.model.contract import BatchShape, Contract, Deletes, Limits, Locking, ReadBack
from syncline.model.page import Batch, Cursor, Gone, Outcome, Page, Receipt, Record

_LAG = 5.0  #: usual longest time between a stamp and its commit [s]
_SKEW = 1.0  #: of clocks that stamp rows [s]


class _Parts(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that deals with one resource."""

    layout: Layout
    reading: Reading
    writing: Writing


class SqlConnector:
    """One database. Thread-safe."""

    def __init__(self, system: str, options: SqlOptions, env: Env) -> None:
        self._system = system
        self._options = options
        self._env = env
        self._database = Database(system, options, env)
        self._contracts = {name: contract_of(resource, options) for name, resource in options.resources.items()}
        self._parts: dict[str, _Parts] = {}
        self._making = threading.Lock()

    def __repr__(self) -> str:
        """System and place."""
        return f"SqlConnector({self._system} at {self._options.place})"

    def contract(self, resource: str) -> Contract:
        """What the configuration promises about `resource`."""
        return configured(self._system, self._contracts, resource)

    def check(self) -> str:
        """Sign in, and look at every table; one line about it."""
        for resource in self._options.resources:
            self._forget(resource)
            self._of(resource)
        with self._database.reading("its clock") as connection:
            fence = fence_of(connection, self._database.dialect)
        told = f"{self._system} answers at {self._options.place}: {len(self._options.resources)} tables as configured"
        fenced = [one for one in self._options.resources.values() if one.since and one.since.fence == "transactions"]
        if not fenced or fence.is_sure:
            return f"{told}."
        return f"{told}; transactions longer than the lag of the contract may be seen late: {fence.why_not}."

    def schema(self, resource: str) -> Mapping[str, str]:
        """Field -> type, in the database's own words."""
        self.contract(resource)
        self._forget(resource)
        layout = self._of(resource).layout
        lines = dict.fromkeys(layout.lines, "lines")
        return {name: layout.table.types[name] for name in layout.shown} | lines

    def list(self, resource: str, since: Cursor | None) -> Iterator[Page]:
        """Pages of records changed at or after `since` less the overlap; every record when None."""
        stamp = since.stamp if since and self.contract(resource).incremental else 0
        return Pages(self._of(resource).reading, stamp)

    def get(self, resource: str, keys: Sequence[str]) -> Sequence[Record | Gone]:
        """These records now, in the order of `keys`."""
        return self._of(resource).reading.get(keys)

    def search(self, resource: str, field: str, value: str) -> Sequence[Record]:
        """Records whose column equals `value`; field "" is the marker."""
        return self._of(resource).reading.search(field, value)

    def markers(self, resource: str, raws: Sequence[bytes]) -> Sequence[str]:
        """The hub's marker in each record; "" where its column is not among the fields."""
        marker = self._options.resources[resource].marker
        if marker is None:
            return [""] * len(raws)
        shown = (msgspec.json.decode(raw, type=dict[str, object]).get(marker.column) for raw in raws)
        return ["" if one is None else str(one) for one in shown]

    def write(self, batch: Batch) -> Sequence[Receipt]:
        """Try the batch once."""
        try:
            writing = self._of(batch.resource).writing
        except TransientError as error:
            return [Receipt(ref=item.ref, outcome=Outcome.BUSY, message=str(error)) for item in batch.items]
        return writing.write(batch.items, batch.send_by)

    def close(self) -> None:
        """Let connections go."""
        self._database.close()

    def _of(self, resource: str) -> _Parts:
        parts = self._parts.get(resource)
        if parts is None:
            with self._making:
                parts = self._parts.get(resource) or self._made(resource)
                self._parts[resource] = parts
        return parts

    def _made(self, resource: str) -> _Parts:
        contract, options = self.contract(resource), self._options
        layout = layout_of(self._database, resource, options)
        reading = Reading(self._database, layout, contract, page=options.page, record_limit=options.record_limit)
        writing = Writing(self._database, reading, contract, self._env)
        return _Parts(layout=layout, reading=reading, writing=writing)

    def _forget(self, resource: str) -> None:
        """Let the database describe the table anew."""
        self._parts.pop(resource, None)


def contract_of(resource: SqlResource, options: SqlOptions) -> Contract:
    """What the configuration amounts to."""
    writes, marker = resource.writes, resource.marker
    is_flagged = resource.deleted is not None and resource.since is not None and writes.delete != "hard"
    told = not resource.where and (resource.tombstones is not None or is_flagged)  # who leaves `where` tells nobody
    contract = Contract(
        lag=_LAG,
        settle=0.0,
        effect=options.timeout,
        skew=_SKEW,
        incremental=resource.since is not None,
        stamped=resource.since is not None,
        locking=Locking.ETAG,
        deletes=Deletes.TOMBSTONES if told else Deletes.SWEEP,
        read_back=ReadBack.BODY,
        batch=BatchShape(size=options.batch, atomic=False),
        marker=marker is not None,
        marker_unique=marker is not None and marker.unique,
        creatable=writes.create,
        deletable=writes.delete != "none",
        archivable=bool(writes.archive),
        searchable=frozenset(resource.search),
        limits=Limits(**msgspec.structs.asdict(options.limits)),
    )
    return promised(promised(contract, options.contract), resource.contract)
