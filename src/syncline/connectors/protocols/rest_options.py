"""What can be said about a JSON API in configuration, so that reaching one needs no code."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Literal

import msgspec

from syncline.connectors.protocols.answers import Fate
from syncline.connectors.protocols.auth import NEEDS, AuthOptions
from syncline.connectors.protocols.options import Fields, Pairs, read_options
from syncline.connectors.protocols.paging import PagingOptions
from syncline.connectors.protocols.paths import Flag
from syncline.connectors.protocols.promises import Pace, Promise, Timeouts, promise_problems
from syncline.connectors.protocols.stamps import Format
from syncline.errors import SetupError

_MEGABYTE = 1024 * 1024

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class Errors(msgspec.Struct, frozen=True, kw_only=True):
    """How the system words a refusal."""

    in_200: Flag | None = None  #: an answer with HTTP 200 that is an error nevertheless
    message: str = ""  #: where the system's own words stand
    code: str = ""  #: where the error's code stands
    codes: Mapping[str, Fate] = {}  #: codes that mean something else than a refusal


class GetMany(msgspec.Struct, frozen=True, kw_only=True):
    """Reading several records by key in one request on the list's path."""

    param: str
    join: str = ","
    max: int = 100


class Since(msgspec.Struct, frozen=True, kw_only=True):
    """Reading only what has changed."""

    field: str  #: where a record shows the time of its last change
    param: str = ""  #: the query parameter of the lower bound; "": no incremental reading
    format: Format = "iso-ms"
    ordered: bool = False  #: the list comes in the order of change, so that a broken scan can go on where it was


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """What changes with every write of a record."""

    field: str = ""  #: where a record shows its version
    header: str = ""  #: the header of a single get that shows it, where the record does not
    if_match: str = "If-Match"  #: the header that makes a write conditional; "": none
    match: str = "{version}"  #: how the version is written there


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of write."""

    method: Method | None = None
    path: str = ""
    fields: Fields = {}  #: constants that go along
    whole: bool = False  #: the system wants the whole record: what was just read, with the changes laid over


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """The writes that the system offers; one that is left out is not offered."""

    create: Call | None = None
    update: Call | None = None
    delete: Call | None = None
    archive: Call | None = None
    wrap: str = ""  #: name under which the fields are sent; "": they are the body
    record: str = ""  #: where the answer shows the stored record
    key: str = ""  #: where the answer to a create shows the key, if not in the record


class BatchKeys(msgspec.Struct, frozen=True, kw_only=True):
    """Names inside one item of a batch; "" leaves a part out, except `fields`: then they are the item itself."""

    op: str = ""
    ref: str = ""
    id: str = ""
    if_match: str = ""
    fields: str = ""
    idempotency: str = ""


class BatchAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Places inside one result of a batch."""

    ref: str = ""  #: "": results come in the order of the items
    status: str = ""  #: "": a result is there, so it is done
    id: str = ""
    record: str = ""  #: "": the result is the record
    error: str = ""  #: where the system's own words stand, if not where errors.message says


def _usual_ops() -> dict[Literal["create", "update", "delete", "archive"], str]:
    return {"create": "create", "update": "update"}


class Batching(msgspec.Struct, frozen=True, kw_only=True):
    """Several records in one write."""

    path: str
    method: Method = "POST"
    items: str = "items"  #: name of the list in the body; "": the list is the body
    size: int = 100
    atomic: bool = False  #: one refused item refuses them all
    ops: Mapping[Literal["create", "update", "delete", "archive"], str] = msgspec.field(default_factory=_usual_ops)
    keys: BatchKeys = BatchKeys()
    results: str = "results"  #: where the answer lists its results
    answer: BatchAnswer = BatchAnswer()
    statuses: Mapping[str, Literal["done", "refused", "gone", "stale", "busy", "doubt"]] = {}  #: words of the answer
    refused_at: str = ""  #: where an atomic refusal names the item, counted from 0


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """A field that carries the hub's own marker."""

    field: str
    param: str = ""  #: the query parameter that searches by it
    unique: bool = False
    existing: str = ""  #: where the refusal of a second create shows the key of the first


class Merged(msgspec.Struct, frozen=True, kw_only=True):
    """How a get tells that a record was absorbed by another."""

    field: str
    status: int = 410


class Idempotency(msgspec.Struct, frozen=True, kw_only=True):
    """The header by which the system knows a repeated write."""

    header: str = "Idempotency-Key"


class SchemaOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Where the system describes the resource's fields."""

    path: str
    fields: str = ""
    name: str = "name"
    type: str = "type"


class ResourceOptions(msgspec.Struct, frozen=True, kw_only=True):
    """One collection."""

    path: str
    key: str = "id"  #: where a record shows its key
    key_type: Literal["text", "integer"] = "text"  #: how a key is written into a batch
    rows: str = ""  #: where an answer lists its records; "": the answer is the list
    one: str = ""  #: path of a single record, with {key}; "": path/{key}
    record: str = ""  #: where the answer to a single get holds the record
    query: Pairs = {}  #: parameters of every list and search
    get_many: GetMany | None = None
    paging: PagingOptions = PagingOptions()
    since: Since | None = None
    version: Version | None = None
    write: Write = Write()
    batch: Batching | None = None
    marker: Marker | None = None
    search: Pairs = {}  #: system field -> query parameter
    tombstones: Flag | None = None  #: a listed record that is deleted
    gone_when: Flag | None = None  #: a record that a get shows and that is to count as deleted
    merged: Merged | None = None
    idempotency: Idempotency | None = None
    contract: Promise = Promise()
    schema: SchemaOptions | Literal["sample"] | None = None  #: sample: as a few records show them


class RestOptions(msgspec.Struct, frozen=True, kw_only=True):
    """A system with a JSON API."""

    url: str
    resources: Mapping[str, ResourceOptions]
    auth: AuthOptions = AuthOptions()
    headers: Pairs = {}
    timeout: Timeouts | float = Timeouts()
    limits: Pace = Pace()
    contract: Promise = Promise()
    errors: Errors = Errors()
    concurrency: int = 8
    response_limit: int = 64 * _MEGABYTE
    record_limit: int = _MEGABYTE
    ca_file: str = ""

    def __repr__(self) -> str:
        """The address alone: headers may hold secrets."""
        return f"RestOptions(url={self.url!r})"


def read_rest_options(system: str, given: Mapping[str, object]) -> RestOptions:
    """The options of a system, checked completely; SetupError with all problems at once."""
    path = f"systems.{system}"
    plain = {name: value for name, value in given.items() if name != "connector"}
    options = read_options(RestOptions, plain, path)
    problems = [f"{path}.{problem}" for problem in _problems(options)]
    if problems:
        raise SetupError(" ".join(problems))
    return options


def _problems(options: RestOptions) -> Iterator[str]:
    for field in NEEDS[options.auth.type]:
        if not getattr(options.auth, field):
            yield f"auth.{field} is missing: auth of type {options.auth.type} needs it."
    if options.auth.token_url and not options.auth.token_url.startswith(("https://", "http://")):
        yield "auth.token_url must begin with https://."
    if options.concurrency < 1:
        yield "concurrency must be at least 1."
    if not options.resources:
        yield "resources is empty: name at least one."
    yield from (f"{at} {what}" for at, what, _ in promise_problems("contract", options.contract))
    for name, resource in options.resources.items():
        for problem in _resource_problems(resource):
            yield f"resources.{name}.{problem}"


def _resource_problems(resource: ResourceOptions) -> Iterator[str]:
    if not resource.path.startswith("/"):
        yield "path must begin with /."
    if not resource.key:
        yield "key is empty: say where a record shows its key."
    if resource.one and "{key}" not in resource.one:
        yield "one must contain {key}."
    yield from (f"paging.{problem}" for problem in resource.paging.problems())
    if resource.version and not resource.version.field and not resource.version.header:
        yield "version needs field or header."
    if resource.batch:
        yield from _batch_problems(resource.batch)
        if "archive" in resource.batch.ops and not (resource.write.archive and resource.write.archive.fields):
            yield "write.archive.fields is missing: batch.ops has archive, and nothing says what that sets."
    yield from (f"{at} {what}" for at, what, _ in promise_problems("contract", resource.contract))
    yield from _write_problems(resource)


def _write_problems(resource: ResourceOptions) -> Iterator[str]:
    if resource.get_many and resource.get_many.max < 1:
        yield "get_many.max must be at least 1."
    for verb in ("update", "delete", "archive"):
        call = getattr(resource.write, verb)
        if call and call.path and "{key}" not in call.path:
            yield f"write.{verb}.path must contain {{key}}."


def _batch_problems(batch: Batching) -> Iterator[str]:
    if batch.size < 1:
        yield "batch.size must be at least 1."
    if not batch.path.startswith("/"):
        yield "batch.path must begin with /."
    if bool(batch.keys.ref) != bool(batch.answer.ref):
        yield "batch.keys.ref and batch.answer.ref belong together: set both or none."
    if not batch.answer.ref and not batch.atomic:
        yield "batch.answer.ref is missing: only an atomic batch may be answered by order."
    if "delete" in batch.ops and not batch.keys.op:
        yield "batch.keys.op is missing: nothing would tell a delete from an update."
    if not batch.keys.id and "update" in batch.ops:
        yield "batch.keys.id is missing: an update in a batch needs the key."
