"""What can be said about an OData service in configuration; its fields and keys it tells itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

import msgspec

from syncline.connectors.protocols.answers import Fate
from syncline.connectors.protocols.auth import NEEDS, AuthOptions
from syncline.connectors.protocols.options import Fields, Pairs, read_options
from syncline.connectors.protocols.paths import Flag
from syncline.connectors.protocols.promises import Pace, Promise, Timeouts, promise_problems
from syncline.errors import OptionProblem, OptionsError

_MEGABYTE = 1024 * 1024

Verb = Literal["create", "update", "delete", "archive"]


class Archive(msgspec.Struct, frozen=True, kw_only=True):
    """What takes an entity out of use."""

    fields: Fields = {}  #: properties that are set
    action: str = ""  #: name of a bound action, with its namespace (v4), or of a function import (v2)


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """A property that carries the hub's own marker."""

    field: str
    unique: bool = False  #: the service refuses a second entity with it


class Batching(msgspec.Struct, frozen=True, kw_only=True):
    """Several writes in one request to $batch."""

    format: Literal["json", "multipart"] = "multipart"  #: json: version 4.01 and later
    size: int = 100
    atomic: bool = False  #: all of them in one changeset: one refused write refuses them all


class EntitySet(msgspec.Struct, frozen=True, kw_only=True):
    """One collection."""

    set: str  #: name of the entity set
    select: Sequence[str] = ()  #: properties that are read; none named: all
    expand: Mapping[str, Sequence[str]] = {}  #: navigation property -> properties of it that are read; []: all
    filter: str = ""  #: a filter in OData's words that every read carries
    since: str = ""  #: property with the time of the last change
    delta: bool = False  #: the service tracks changes: reads go on by its delta links
    etag: bool = False  #: entities have an ETag, and writes are conditional on it
    write: Sequence[Verb] = ("create", "update")
    archive: Archive = Archive()
    marker: Marker | None = None
    search: Sequence[str] = ()  #: properties that may be searched by
    tombstones: Flag | None = None  #: an entity in a list that is deleted
    gone_when: Flag | None = None  #: an entity that a get shows and that is to count as deleted
    get_many: int = 20  #: entities that one get reads by a filter on their keys; 1: each by itself
    contract: Promise = Promise()


class ODataOptions(msgspec.Struct, frozen=True, kw_only=True):
    """An OData service."""

    url: str  #: the service root, below which $metadata is
    resources: Mapping[str, EntitySet]
    version: Literal["v4", "v2"] = "v4"
    auth: AuthOptions = AuthOptions()
    headers: Pairs = {}
    query: Pairs = {}  #: parameters of every request, such as sap-client
    csrf: bool = False  #: writes need a token that a read fetches (x-csrf-token)
    paging: Literal["server", "keyset"] = "server"  #: keyset: by the key of the last entity, whatever rows move
    page: int = 500  #: entities of a page
    decimals: Literal["number", "text"] = "number"  #: v4: how decimals and 64 bit numbers travel
    update: Literal["", "PATCH", "MERGE", "PUT"] = ""  #: "": PATCH in version 4, MERGE in version 2
    batch: Batching | None = None
    codes: Mapping[str, Fate] = {}  #: error codes that mean something else than their status
    timeout: Timeouts | float = Timeouts()
    limits: Pace = Pace()
    contract: Promise = Promise()
    concurrency: int = 8
    response_limit: int = 64 * _MEGABYTE
    record_limit: int = _MEGABYTE
    ca_file: str = ""

    def __repr__(self) -> str:
        """The address alone: headers may hold secrets."""
        return f"ODataOptions(url={self.url!r})"


def read_odata_options(system: str, given: Mapping[str, object]) -> ODataOptions:
    """The options of a system, checked completely; OptionsError with all problems at once."""
    path = f"systems.{system}"
    plain = {name: value for name, value in given.items() if name != "connector"}
    options = read_options(ODataOptions, plain, path)
    problems = [OptionProblem(f"{path}.{at}", f"{path}.{at} {what}", cure) for at, what, cure in _problems(options)]
    if problems:
        raise OptionsError(problems)
    return options


_Problem = tuple[str, str, str]


def _problems(options: ODataOptions) -> Iterator[_Problem]:
    for field in NEEDS[options.auth.type]:
        if not getattr(options.auth, field):
            yield f"auth.{field}", f"is missing: auth of type {options.auth.type} needs it.", "Add it."
    if not options.resources:
        yield "resources", "is empty: name at least one.", "Name an entity set."
    for field in ("concurrency", "page"):
        if getattr(options, field) < 1:
            yield field, "must be at least 1.", "Correct it."
    yield from _batch_problems(options)
    yield from promise_problems("contract", options.contract)
    for name, resource in options.resources.items():
        for at, what, cure in _resource_problems(resource, options):
            yield f"resources.{name}.{at}", what, cure


def _batch_problems(options: ODataOptions) -> Iterator[_Problem]:
    batch = options.batch
    if batch and batch.size < 1:
        yield "batch.size", "must be at least 1.", "Correct it."
    if batch and batch.format == "json" and options.version == "v2":
        yield "batch.format", "is json, which version 2 does not know.", "Set multipart."


def _resource_problems(resource: EntitySet, options: ODataOptions) -> Iterator[_Problem]:
    if not resource.set or not resource.set.isidentifier():
        yield "set", "must be the name of an entity set.", "Look into $metadata."
    if resource.get_many < 1:
        yield "get_many", "must be at least 1.", "Correct it."
    if "archive" in resource.write and not (resource.archive.fields or resource.archive.action):
        yield "archive", "is missing: write has archive, and nothing says what that does.", "Set fields or action."
    if resource.delta and options.version == "v2":
        yield "delta", "needs version v4.", "Use since."
    if resource.delta and options.paging == "keyset":
        yield "delta", "goes on by the service's links, so paging must be server.", "Choose one of them."
    yield from promise_problems("contract", resource.contract)
