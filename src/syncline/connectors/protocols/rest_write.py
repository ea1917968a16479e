"""Writing through a JSON API: each item alone, or several in a batch, and a receipt for every one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from syncline.connectors.protocols.answers import Result, failed
from syncline.connectors.protocols.paths import steps_of
from syncline.connectors.protocols.request import Request
from syncline.connectors.protocols.rest_answer import Answers
from syncline.connectors.protocols.rest_call import Call
from syncline.connectors.protocols.rest_options import Call as CallOptions
from syncline.errors import RejectedError
from syncline.model.page import Item, Op

encode = msgspec.json.Encoder(decimal_format="number").encode
VERBS = {Op.CREATE: "create", Op.UPDATE: "update", Op.DELETE: "delete", Op.ARCHIVE: "archive"}
_CREATE = Op.CREATE  #: a name of its own: looking it up in its class takes longer than the test
JSON = {"Content-Type": "application/json"}
_METHODS = {Op.CREATE: "POST", Op.UPDATE: "PATCH", Op.DELETE: "DELETE", Op.ARCHIVE: "PATCH"}


class Singles:
    """Writing one record per request."""

    def __init__(self, *, call: Call, answers: Answers, concurrency: int) -> None:
        self._call = call
        self._answers = answers
        self._concurrency = concurrency

    def write(self, items: Sequence[Item], send_by: float) -> list[Result]:
        """Send every item, several at a time."""
        results: list[Result] = []
        sent: list[tuple[Item, Request]] = []
        for item in items:
            try:
                sent.append((item, self._request(item, send_by)))
            except RejectedError as error:
                results.append(failed(item, error))
        answers = self._call.wire.send_all([request for _, request in sent], self._concurrency)
        for (item, request), answer in zip(sent, answers, strict=True):
            results.append(self._answers.single(item, request, answer))
        return results

    def _request(self, item: Item, send_by: float) -> Request:
        resource = self._call.resource
        offered: CallOptions | None = getattr(resource.write, VERBS[item.op])
        if offered is None:
            msg = f"{self._call.system}.{self._call.name} offers no {VERBS[item.op]}."
            raise RejectedError(msg, cure=f"Configure {self._call.setting}.write.{VERBS[item.op]}.")
        path = (offered.path or resource.path) if item.op is Op.CREATE else self._call.path_of(item.key, offered.path)
        method = offered.method or _METHODS[item.op]
        headers = dict(self._headers(item))
        body = None
        if method != "DELETE" or offered.fields:
            headers |= JSON
            fields = fields_of(item, offered, self._call)
            body = encode({resource.write.wrap: fields} if resource.write.wrap else fields)
        return Request(method=method, path=path, headers=headers, body=body, writes=True, send_by=send_by)

    def _headers(self, item: Item) -> Mapping[str, str]:
        resource, headers = self._call.resource, {}
        version = resource.version
        if version and version.if_match and item.version and item.op is not Op.CREATE:
            headers[version.if_match] = version.match.replace("{version}", item.version)
        if resource.idempotency and item.idempotency:
            headers[resource.idempotency.header] = item.idempotency
        return headers


def adds_nothing(op: Op, offered: CallOptions | None, call: Call) -> bool:
    """Are the fields of every item of this kind what is to be written, without constants, marker or former record?"""
    whole, constants = (offered.whole, offered.fields) if offered else (False, {})
    return not constants and not (call.resource.marker if op is _CREATE else whole)


def fields_of(item: Item, offered: CallOptions | None, call: Call) -> Mapping[str, object]:
    """What is to be written: constants and fields, with the marker if new, over the record where it goes whole."""
    marker = call.resource.marker if item.op is _CREATE and item.marker else None
    is_whole = offered is not None and offered.whole and item.op is not _CREATE
    constants = offered.fields if offered else {}
    if not (marker or is_whole or constants):
        return item.fields  # nothing is added: no copy
    fields = _whole_of(item, call) if is_whole else {}
    fields.update(constants)
    fields.update(item.fields)
    if marker:
        _put(fields, marker.field, item.marker)
    return fields


def _whole_of(item: Item, call: Call) -> dict[str, object]:
    if item.current is None:
        msg = f"{call.system}.{call.name} wants whole records, and {item.key} was not read before."
        raise RejectedError(msg)
    return msgspec.json.decode(item.current, type=dict[str, object])


def _put(fields: dict[str, object], path: str, value: object) -> None:
    """Set a value at a place, without touching objects that belong to someone else."""
    first, *rest = steps_of(path)
    if rest:
        inner = fields.get(first)
        below = dict(inner) if isinstance(inner, dict) else {}
        _put(below, ".".join(f"`{step}`" for step in rest), value)
        value = below
    fields[first] = value
