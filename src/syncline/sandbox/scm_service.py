"""One operation of the SCM's service, by itself or as a part of a batch: addresses, conditions, how entities look."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from urllib.parse import parse_qsl, quote, unquote

import msgspec

from syncline.sandbox.scm import REMOVED, VERSION, Scm
from syncline.sandbox.scm_list import Listed, listed
from syncline.sandbox.scm_metadata import metadata
from syncline.sandbox.scm_words import SETS, EntitySet, Property, key_of
from syncline.sandbox.state import Fields, Key, Row
from syncline.sandbox.tally import API
from syncline.sandbox.wording import Refusal, invalid

ROOT = "/odata/v4/scm"
_decode = msgspec.json.Decoder(float_hook=Decimal).decode
_encode = msgspec.json.Encoder(decimal_format="number").encode
_METADATA = metadata().encode()


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """What is asked. The address is below the root, percent-encoded; header names are in lower case."""

    method: str
    address: str
    headers: Mapping[str, str]
    body: bytes = b""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answered:
    """What is answered."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    content_type: str = "application/json;odata.metadata=minimal"


def answered(content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> Answered:
    """Answer with JSON."""
    return Answered(status=status, headers=headers or {}, body=_encode(content))


def worded(refusal: Refusal) -> Answered:
    """Word a refusal. What is wrong with a value is a bad request here."""
    status = 400 if refusal.status == 422 else refusal.status  # noqa: PLR2004 - the word of the other applications
    error: Fields = {"code": refusal.code.upper(), "message": refusal.message}
    if target := refusal.more.get("field"):
        error["target"] = target
    return answered({"error": error}, status)


class Service:
    """The service behind its root."""

    def __init__(self, scm: Scm) -> None:
        self._scm = scm

    def done(self, operation: Operation) -> Answered:
        """Do one operation; a refusal is raised."""
        path, _, query = operation.address.partition("?")
        path, asked = unquote(path), dict(parse_qsl(query, keep_blank_values=True))
        if operation.method == "GET" and path == "$metadata":
            return Answered(status=200, body=_METADATA, content_type="application/xml")
        if operation.method == "GET" and not path:
            return answered({"@odata.context": "$metadata", "value": [_told(one) for one in SETS.values()]})
        name, _, inner = path.partition("(")
        if name not in SETS or (inner and not inner.endswith(")")):
            raise Refusal(404, "404", f"There is no resource {path[:80]}")
        described = SETS[name]
        if inner:
            return self._one(described, _key(inner[:-1], described), operation, asked)
        if operation.method == "GET":
            return self._list(described, asked, operation.headers.get("prefer", ""))
        if operation.method == "POST":
            return self._create(described, operation)
        raise Refusal(405, "405", f"{operation.method} is not allowed here")

    # --- reading ----------------------------------------------------------------

    def _list(self, described: EntitySet, query: Mapping[str, str], prefer: str) -> Answered:
        self._scm.tally.record(described.name, "lists")
        found = listed(self._scm, described, query, prefer)
        look = _Look(described, query)
        body: Fields = {"@odata.context": f"$metadata#{described.name}"}
        if found.count is not None:
            body["@odata.count"] = found.count
        body["value"] = [look.row(row) for row in found.rows]
        body |= _links(described, found, query)
        tracked = {"Preference-Applied": "odata.track-changes"} if found.delta else {}
        return answered(body, headers=tracked)

    def _one(self, described: EntitySet, key: Key, operation: Operation, query: Mapping[str, str]) -> Answered:
        name, method = described.name, operation.method
        if method == "GET":
            self._scm.tally.record(name, "gets")
            return _shown(described, self._scm.get(name, key), query)
        if method not in {"PATCH", "DELETE"}:
            raise Refusal(405, "405", f"{method} is not allowed here")
        version = self._condition(name, key, operation.headers.get("if-match"))
        if method == "DELETE":
            if "return" in operation.headers.get("prefer", ""):
                raise Refusal(400, "400", "The 'return' preference is not allowed in DELETE requests")
            self._scm.delete(name, key, API, version)
            return Answered(status=204)
        fields = self._scm.update(name, key, _given(described, operation), API, version)
        return self._written(described, fields, operation, 200)

    # --- writing ----------------------------------------------------------------

    def _condition(self, name: str, key: Key, given: str | None) -> int | None:
        """The version that the writer has seen; None: whatever it is."""
        if given is None:
            self._scm.get(name, key)
            raise Refusal(428, "428", "This request needs If-Match with the ETag that was read")
        if given == "*":
            return None
        text = given.strip().removeprefix("W/").strip('"')
        return int(text) if text.isdecimal() and len(text) < 10 else 0  # noqa: PLR2004 - a version that fits

    def _create(self, described: EntitySet, operation: Operation) -> Answered:
        fields = self._scm.create(described.name, _given(described, operation), API)
        return self._written(described, fields, operation, 201)

    def _written(self, described: EntitySet, fields: Fields, operation: Operation, status: int) -> Answered:
        headers = {"ETag": _etag(fields)}
        if status == 201:  # noqa: PLR2004 - created
            headers["Location"] = f"{ROOT}/{_address(described, fields)}"
        if "return=minimal" in operation.headers.get("prefer", ""):
            applied = {"Preference-Applied": "return=minimal", "OData-EntityId": _address(described, fields)}
            return Answered(status=204, headers={**headers, **applied})
        # A write shows the lines that it brought, and no read does unless asked.
        sent = _given(described, operation)
        query = {"$expand": ",".join(name for name in described.lines if name in sent)}
        shown = _shown(described, fields, query)
        return Answered(status=status, headers={**shown.headers, **headers}, body=shown.body)


class _Look:
    """How the entities of one request look: which properties, with or without lines."""

    def __init__(self, described: EntitySet, query: Mapping[str, str]) -> None:
        self._described = described
        names = [one.strip() for one in query.get("$select", "").split(",") if one.strip()]
        if strange := [one for one in names if one != "*" and one not in described.properties]:
            raise Refusal(400, "400", f"$select: there is no property {strange[0]}")
        chosen = [*described.keys, *names] if names and "*" not in names else list(described.properties)
        self._properties = _chosen(described.properties, chosen)
        self._lines: dict[str, list[tuple[str, Callable[[object], object]]]] = {}
        for name, inner in _expanded(query.get("$expand", "")):
            if name not in described.lines:
                raise Refusal(400, "400", f"$expand: there is no navigation property {name}")
            known = described.lines[name].properties
            if any(one not in known for one in inner):
                raise Refusal(400, "400", f"$expand: {name} has no such property")
            self._lines[name] = _chosen(known, [described.lines[name].number, *inner] if inner else list(known))

    def row(self, row: Row) -> Fields:
        """A row of a list; of a delta link it may be one that is gone."""
        fields = row.fields()
        if REMOVED in fields:
            context = f"$metadata#{self._described.name}/$deletedEntity"
            return {"@odata.context": context, "id": _address(self._described, fields), "reason": "deleted"}
        return self.entity(fields)

    def entity(self, fields: Fields) -> Fields:
        """One entity."""
        shown: Fields = {"@odata.etag": _etag(fields)}
        shown |= {name: wire(fields[name]) for name, wire in self._properties}
        for name, properties in self._lines.items():
            shown[name] = [{one: wire(line[one]) for one, wire in properties} for line in fields[name]]
        return shown


def _shown(described: EntitySet, fields: Fields, query: Mapping[str, str]) -> Answered:
    body = {"@odata.context": f"$metadata#{described.name}/$entity", **_Look(described, query).entity(fields)}
    return answered(body, headers={"ETag": _etag(fields)})


def _chosen(properties: Mapping[str, Property], names: Sequence[str]) -> list[tuple[str, Callable[[object], object]]]:
    chosen = {name: one.type for name, one in properties.items() if name in names}
    return [(name, _wired if kind == "Edm.Decimal" else _plain) for name, kind in chosen.items()]


def _plain(value: object) -> object:
    return value


def _wired(value: object) -> object:
    """A decimal as a number of JSON, with all its places."""
    return None if value is None else Decimal(str(value))


def _expanded(text: str) -> list[tuple[str, list[str]]]:
    """Navigation property and what of it, from `Items` or `Items($select=A,B)`."""
    if not text:
        return []
    name, _, inner = text.partition("(")
    names = inner.removesuffix(")").removeprefix("$select=").split(",") if inner else []
    return [(name.strip(), [one.strip() for one in names])]


def _links(described: EntitySet, found: Listed, query: Mapping[str, str]) -> Fields:
    kept = {name: value for name, value in query.items() if name not in {"$skiptoken", "$deltatoken", "$top"}}
    links: Fields = {}
    for name, option, token in (("nextLink", "$skiptoken", found.next), ("deltaLink", "$deltatoken", found.delta)):
        if token:
            asked = "&".join(f"{quote(one, safe='$')}={quote(value)}" for one, value in {**kept, option: token}.items())
            links[f"@odata.{name}"] = f"{described.name}?{asked}"
    return links


def _given(described: EntitySet, operation: Operation) -> Fields:
    """The body of a write. A decimal is a number of JSON unless the request says that it sends text."""
    try:
        body = _decode(operation.body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as problem:
        raise Refusal(400, "400", f"The body is no JSON: {problem}") from None
    if not isinstance(body, dict):
        raise Refusal(400, "400", "The body must be an object")
    as_text = "ieee754compatible=true" in operation.headers.get("content-type", "").lower()
    given = {name: value for name, value in body.items() if "@" not in name}
    for name, value in given.items():
        kind = described.properties[name].type if name in described.properties else ""
        wrong = isinstance(value, str) and not as_text if kind == "Edm.Decimal" else isinstance(value, Decimal)
        if wrong:
            raise invalid(name, f"{name}: this is no {kind}")
    return given


def _key(inner: str, described: EntitySet) -> Key:
    """The key in an address: `'A-1'`, or `Material='A-1',Site='WH-1'`."""
    if "''" in inner:
        raise Refusal(404, "404", f"{described.name} has no key with a quote")
    pieces = inner.split("'")
    values, names = pieces[1::2], [piece.strip(" ,=") for piece in pieces[0::2]]
    if len(described.keys) == 1:
        is_fine = len(values) == 1 and names in (["", ""], [described.keys[0], ""])
    else:
        is_fine = names == [*described.keys, ""] and len(values) == len(described.keys)
    if not is_fine:
        raise Refusal(400, "400", f"This is no key of {described.name}: {inner[:80]}")
    return key_of(values)


def _address(described: EntitySet, fields: Fields) -> str:
    values = [f"'{quote(str(fields[name]), safe='')}'" for name in described.keys]
    named = [f"{name}={value}" for name, value in zip(described.keys, values, strict=True)]
    return f"{described.name}({','.join(named) if len(named) > 1 else values[0]})"


def _etag(fields: Fields) -> str:
    return f'W/"{fields[VERSION]}"'


def _told(described: EntitySet) -> Fields:
    return {"name": described.name, "kind": "EntitySet", "url": described.name}
