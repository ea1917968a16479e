"""What can be said about a SOAP service in configuration: its operations, and where values go and come from.

A place is dotted: `request.filter.since`. One in a request is below the element of the operation, one in an answer
below the element that answers it. An element that only holds a list of others stands for that list, and a number in a
place of a request for one of several: `criteria.0.value`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

import msgspec

from syncline.connectors.protocols.auth import AuthOptions
from syncline.connectors.protocols.options import Fields, Pairs
from syncline.connectors.protocols.paths import Flag
from syncline.connectors.protocols.promises import Pace, Promise, Timeouts
from syncline.connectors.protocols.stamps import Format

_MEGABYTE = 1024 * 1024

#: What a fault means. setup: a person must act.
Fate = Literal["refused", "gone", "stale", "busy", "doubt", "duplicate", "setup"]
#: How null is said of an element: xsi:nil, no content, or by leaving it out.
Null = Literal["nil", "empty", "absent"]


class UsernameToken(msgspec.Struct, frozen=True, kw_only=True):
    """Who asks, told in the header of the envelope (WS-Security 1.0)."""

    user: str
    password: str
    digest: bool = True  #: a digest of the password, a nonce and the time; false: the password as it is

    def __repr__(self) -> str:
        """Nothing of it may be shown."""
        return "UsernameToken()"


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """One operation of the service."""

    operation: str
    constants: Fields = {}  #: place in the request -> a value that is always the same


class Listed(Operation, frozen=True, kw_only=True):
    """An operation that answers several records."""

    rows: str  #: where the records are in the answer


class Searching(Listed, frozen=True, kw_only=True):
    """Reading the records in which a field has a value."""

    value: str  #: where the value goes


class Paging(msgspec.Struct, frozen=True, kw_only=True):
    """How a list is divided. Places in the request end in `_to`, the others are in the answer."""

    type: Literal["offset", "page", "cursor", "keyset", "none"] = "none"
    size: int = 100
    size_to: str = ""
    to: str = ""  #: takes the offset, the number of the page, the cursor or the last key
    first: int = 1  #: number of the first page
    next: str = ""  #: cursor: where the next one is
    more: str = ""  #: where it says whether there is more
    total: str = ""  #: where the number of all records is


class Since(msgspec.Struct, frozen=True, kw_only=True):
    """Reading only what has changed."""

    field: str  #: where a record shows the time of its last change
    to: str = ""  #: takes the lower bound; "": no incremental reading
    format: Format = "iso-ms"
    constants: Fields = {}  #: place in the request -> a value that goes along with the lower bound


class Fetching(Operation, frozen=True, kw_only=True):
    """Reading records by key."""

    key: str  #: where the key goes
    record: str  #: where the answer holds the record; with `many`, the records
    many: bool = False  #: takes a list of keys; what it does not answer is missing
    size: int = 50  #: keys of one request, with `many`
    missing: Literal["gone", "error"] = "gone"  #: what it means when no record is answered


class Writing(Operation, frozen=True, kw_only=True):
    """One kind of write."""

    fields: str = ""  #: where the fields go; "": right into the request
    key: str = ""  #: where the key goes
    version: str = ""  #: where the version goes that must still hold
    token: str = ""  #: where our token of the create goes, by which it is known when repeated
    whole: bool = False  #: the record is replaced: what is not sent is lost
    record: str = ""  #: where the answer shows the stored record
    shown: str = ""  #: where the answer shows the key, if not in the record
    done: Flag | None = None  #: what the answer says when it was done; none: every answer that is no fault
    code: str = ""  #: where an answer that does not say so has its code, which `faults.codes` explains
    message: str = ""  #: and its words


class Write(msgspec.Struct, frozen=True, kw_only=True):
    """The writes that the system offers; one that is left out is not offered."""

    create: Writing | None = None
    update: Writing | None = None
    delete: Writing | None = None
    archive: Writing | None = None


class Marker(msgspec.Struct, frozen=True, kw_only=True):
    """A field that carries the hub's own marker."""

    field: str  #: where a record shows it
    input: str = ""  #: where it stands among the fields of a create, if elsewhere
    search: Searching | None = None
    unique: bool = False


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """What changes with every write of a record."""

    field: str


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """One collection."""

    list: Listed
    key: str = "id"  #: where a record shows its key
    paging: Paging = Paging()
    since: Since | None = None
    get: Fetching | None = None
    version: Version | None = None
    write: Write = Write()
    nulls: Null = "nil"  #: how null is written
    marker: Marker | None = None
    search: Mapping[str, Searching] = {}  #: field -> the operation that takes its value
    tombstones: Flag | None = None  #: a listed record that is deleted
    gone_when: Flag | None = None  #: a record that a get shows and that is to count as deleted
    contract: Promise = Promise()


class Faults(msgspec.Struct, frozen=True, kw_only=True):
    """How the system words a refusal."""

    codes: Mapping[str, Fate] = {}  #: fault code, subcode, element of the detail, or the code in it -> what it means
    code: str = ""  #: where the detail of a fault has the system's own code


class SoapOptions(msgspec.Struct, frozen=True, kw_only=True):
    """A system with a SOAP service."""

    wsdl: str  #: address of its description, or a file in the project
    resources: Mapping[str, Resource]
    url: str = ""  #: where it is asked; "": where the description says
    service: str = ""
    port: str = ""  #: of several; "": the first that speaks SOAP
    auth: AuthOptions = AuthOptions()
    username_token: UsernameToken | None = None
    soap_headers: Fields = {}  #: element of the header -> what it holds, in every request
    headers: Pairs = {}
    zone: str = ""  #: of times that show none, such as Europe/Berlin; "": they stay without
    faults: Faults = Faults()
    timeout: Timeouts | float = Timeouts()
    limits: Pace = Pace()
    contract: Promise = Promise()
    concurrency: int = 4
    response_limit: int = 64 * _MEGABYTE
    record_limit: int = _MEGABYTE
    ca_file: str = ""

    def __repr__(self) -> str:
        """The address alone: headers may hold secrets."""
        return f"SoapOptions(wsdl={self.wsdl!r})"
