"""What can be said about a JSON-RPC service in configuration: its methods, and where values go and come from."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from syncline.connectors.protocols.answers import Fate as ItemFate
from syncline.connectors.protocols.auth import AuthOptions
from syncline.connectors.protocols.options import Pairs
from syncline.connectors.protocols.paths import Flag
from syncline.connectors.protocols.promises import Pace, Promise, Timeouts
from syncline.connectors.protocols.stamps import Format

_MEGABYTE = 1024 * 1024

#: What an error means. setup: a person must act.
Fate = ItemFate | Literal["setup"]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One call. In `params`, texts that begin with $ stand for values: $key, $fields, ...; $$ begins a plain text."""

    method: str
    params: object = ()  #: a list or a mapping


class Listed(Operation, frozen=True, kw_only=True):
    """A call that answers several records."""

    rows: str = ""  #: where the records are; "": the result is the list


class Paging(msgspec.Struct, frozen=True, kw_only=True):
    """How a list is divided. Its params take $size, and $offset or $cursor."""

    type: Literal["offset", "cursor", "none"] = "none"
    size: int = 100
    next: str = ""  #: cursor: where the result shows the next one
    total: str = ""  #: offset: where the result shows the number of all records


class Since(msgspec.Struct, frozen=True, kw_only=True):
    """Reading only what has changed."""

    field: str  #: where a record shows the time of its last change
    list: Listed | None = None  #: takes the lower bound as $since; none: no incremental reading
    format: Format = "iso-ms"


class Fetching(Operation, frozen=True, kw_only=True):
    """Reading records by key: by $keys, several in one call, or by $key."""

    rows: str = ""  #: with $keys: where the records are; "": the result is the list
    record: str = ""  #: with $key: where the record is; "": the result is it
    size: int = 50  #: keys in one call, or calls in one request
    missing: Literal["gone", "error"] = "gone"  #: what null in place of a record means


class Writing(Operation, frozen=True, kw_only=True):
    """One kind of write. Its params take $key, $fields, $version, $token (our name of a create)."""

    fields: Mapping[str, object] = {}  #: constants that go along with the fields
    record: str | None = None  #: where the result shows the stored record; "": the result is it
    key: str | None = None  #: where the result of a create shows the key; "": the result is it
    refused: Flag | None = None  #: a result that means a refusal


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """The writes that the system offers; one that is left out is not offered."""

    create: Writing | None = None
    update: Writing | None = None
    delete: Writing | None = None
    archive: Writing | None = None


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """A field that carries the hub's own marker."""

    field: str
    search: Listed | None = None  #: takes it as $value
    unique: bool = False


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """What changes with every write of a record."""

    field: str


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One collection."""

    list: Listed
    key: str = "id"  #: where a record shows its key
    key_type: Literal["integer", "text"] = "text"  #: how $key is written
    paging: Paging = Paging()
    since: Since | None = None
    get: Fetching | None = None
    version: Version | None = None
    write: Write = Write()
    marker: Marker | None = None
    search: Mapping[str, Listed] = {}  #: field -> the call that takes its value as $value
    tombstones: Flag | None = None  #: a listed record that is deleted
    gone_when: Flag | None = None  #: a record that a get shows and that is to count as deleted
    contract: Promise = Promise()


class Errors(msgspec.Struct, frozen=True, kw_only=True):
    """Where an error object says what, and what its codes mean."""

    code: str = "code"
    message: str = "message"
    codes: Mapping[str, Fate] = {}


class JsonRpcOptions(msgspec.Struct, frozen=True, kw_only=True):
    """A system with a JSON-RPC service."""

    url: str  #: to which every call is posted
    resources: Mapping[str, Resource]
    version: Literal["2.0", "1.0"] = "2.0"
    batch: int = 1  #: calls in one request; 1: the service takes no batches
    auth: AuthOptions = AuthOptions()
    headers: Pairs = {}
    errors: Errors = Errors()
    timeout: Timeouts | float = Timeouts()
    limits: Pace = Pace()
    contract: Promise = Promise()
    concurrency: int = 4
    response_limit: int = 64 * _MEGABYTE
    record_limit: int = _MEGABYTE
    ca_file: str = ""

    def __repr__(self) -> str:
        """The address alone: headers and auth may hold secrets."""
        return f"JsonRpcOptions(url={self.url!r})"
