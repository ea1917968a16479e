"""What can be said about a GraphQL API in configuration: its operations as text, and where values go and come from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import msgspec

from syncline.connectors.protocols.auth import AuthOptions
from syncline.connectors.protocols.options import Pairs
from syncline.connectors.protocols.paths import Flag
from syncline.connectors.protocols.promises import Pace, Promise, Timeouts
from syncline.connectors.protocols.stamps import Format

_MEGABYTE = 1024 * 1024

#: What an error means. login: the session has ended; setup: a person must act.
Fate = Literal["refused", "gone", "stale", "busy", "doubt", "duplicate", "login", "setup"]


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One field of the query or mutation type. Values go in as variables only."""

    field: str  #: with its arguments: `product(id: $id)`
    variables: Pairs = {}  #: variable -> its GraphQL type: `ID!`
    select: str = "{record}"  #: what is asked of it; {record} stands for the fields of a record in braces
    constants: Mapping[str, object] = {}  #: variables that are always the same


class Listed(Operation, frozen=True, kw_only=True):
    """An operation that answers several records."""

    rows: str = ""  #: where the records are; "": the answer is the list
    node: str = ""  #: where a row holds the record, as `node` of Relay's edges; "": it is the record


class Paging(msgspec.Struct, frozen=True, kw_only=True):
    """How a list is divided."""

    type: Literal["relay", "offset", "none"] = "none"
    size: int = 100
    size_variable: str = "first"
    variable: str = "after"  #: takes the cursor, or the offset
    info: str = "pageInfo"  #: relay: where hasNextPage and endCursor are
    total: str = ""  #: offset: where the number of all records is


class Since(msgspec.Struct, frozen=True, kw_only=True):
    """Reading only what has changed."""

    field: str  #: where a record shows the time of its last change
    variable: str = ""  #: of the list, takes the lower bound; "": no incremental reading
    format: Format = "iso-ms"


class Fetching(Operation, frozen=True, kw_only=True):
    """Reading records by key."""

    key: str = "id"  #: the variable that takes the key
    record: str = ""  #: where the answer holds the record; "": it is the record
    size: int = 20  #: records that one request asks for, each by an alias of its own
    missing: Literal["gone", "error"] = "gone"  #: what it means when null stands in place of the record


class Writing(Operation, frozen=True, kw_only=True):
    """One kind of write."""

    input: str = "input"  #: the variable that takes the fields; "": each field is a variable
    key: str = ""  #: the variable that takes the key
    key_field: str = ""  #: the name under which the key stands among the fields
    version: str = ""  #: the variable that takes the version
    token: str = ""  #: the variable that takes our token of the create, by which it is known when repeated
    fields: Mapping[str, object] = {}  #: constants that go along with the fields
    record: str = ""  #: where the answer shows the stored record; "": the answer is it
    shown: str = ""  #: where the answer shows the key, if not in the record
    done: Sequence[str] = ()  #: types (`__typename`) of answers that mean done; none named: every answer
    done_when: Flag | None = None  #: where the answer says itself whether it was done; otherwise it was refused
    many: bool = False  #: the input is a list, all of it or nothing; answers come in its order


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """The writes that the system offers; one that is left out is not offered."""

    create: Writing | None = None
    update: Writing | None = None
    delete: Writing | None = None
    archive: Writing | None = None


class Batching(msgspec.Struct, frozen=True, kw_only=True):
    """Several writes in one request, each by an alias of its own."""

    size: int = 20
    atomic: bool = False  #: the system runs a request's mutations in one transaction


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """A field that carries the hub's own marker."""

    field: str  #: where a record shows it
    input: str = ""  #: name among the fields of a create, if it is another
    search: Listed | None = None  #: takes it as $value
    unique: bool = False


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """What changes with every write of a record."""

    field: str


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One collection."""

    fields: str  #: what is asked of a record: `id name variants { sku }`
    list: Listed
    key: str = "id"  #: where a record shows its key
    paging: Paging = Paging()
    since: Since | None = None
    get: Fetching | None = None
    version: Version | None = None
    write: Write = Write()
    batch: Batching | None = None
    marker: Marker | None = None
    search: Mapping[str, Listed] = {}  #: field -> the operation that takes its value as $value
    tombstones: Flag | None = None  #: a listed record that is deleted
    gone_when: Flag | None = None  #: a record that a get shows and that is to count as deleted
    contract: Promise = Promise()


class Login(msgspec.Struct, frozen=True, kw_only=True):
    """A mutation that opens a session, and where its token is."""

    operation: Operation
    header: str = ""  #: the header of its answer with the token
    token: str = ""  #: or where its answer shows the token
    sent_as: str = "Authorization"  #: the header of every request that carries the token
    scheme: str = "Bearer"  #: before the token; "": nothing
    life: float = 3600.0  #: how long a session is used [s]


class Errors(msgspec.Struct, frozen=True, kw_only=True):
    """How the system words a refusal."""

    codes: Mapping[str, Fate] = {}  #: of errors[].extensions.code, beside the usual ones
    types: Mapping[str, Fate] = {}  #: of answers by their `__typename`
    user_errors: str = ""  #: where a mutation's answer lists what was wrong: `userErrors`
    message: str = "message"  #: of a refusal among the answers


class GraphQLOptions(msgspec.Struct, frozen=True, kw_only=True):
    """A system with a GraphQL API."""

    url: str
    resources: Mapping[str, Resource]
    auth: AuthOptions = AuthOptions()
    login: Login | None = None
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
        """The address alone: headers and the login may hold secrets."""
        return f"GraphQLOptions(url={self.url!r})"
