"""What a JSON-RPC service has answered: results and errors by the number of their call. Pure.

JSON-RPC 2.0, https://www.jsonrpc.org/specification: the answers of a batch come in any order, and one may be missing.
HTTP 200 says nothing here.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec

from syncline.connectors.protocols.jsonrpc_options import Errors, Fate
from syncline.connectors.protocols.paths import shallow, text_of

_WORDS = 500  #: of a system that are kept [characters]
_SERVER_ERRORS = range(-32099, -31999)  #: the service's own failures: what came of the call is not known
#: What the codes of the specification mean.
CODES: Mapping[str, Fate] = {
    "-32700": "setup",
    "-32600": "setup",
    "-32601": "setup",
    "-32602": "refused",
    "-32603": "doubt",
}


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one call: a result, or an error."""

    result: bytes = b"null"  #: JSON
    fate: Fate | None = None  #: of an error
    said: str = ""  #: the system's words


class _Answer(msgspec.Struct):
    id: object = None
    result: msgspec.Raw | msgspec.UnsetType = msgspec.UNSET
    error: object = None


_decode_one, _decode_all = msgspec.json.Decoder(_Answer).decode, msgspec.json.Decoder(list[_Answer]).decode


def read_answers(body: bytes, ids: Sequence[int], errors: Errors) -> list[Answer | None]:
    """The answer to each call, None where there is none. One answer without a number answers all of them.

    Raises:
        ValueError: It is no JSON of JSON-RPC.

    >>> read_answers(b'[{"id": 2, "result": true}, {"id": 9, "result": 1}]', [1, 2], Errors())
    [None, Answer(result=b'true', fate=None, said='')]
    """
    with shallow():
        if not body.isascii():
            body.decode(errors="strict")
        found = _decode_all(body) if body.lstrip()[:1] == b"[" else [_decode_one(body)]
    if any(one.result is msgspec.UNSET and one.error is None for one in found):
        raise ValueError("it has neither a result nor an error")
    if len(found) == 1 and found[0].id is None and found[0].error is not None:
        return [_told(found[0], errors)] * len(ids)
    by_id = {one.id: one for one in found if isinstance(one.id, int) and not isinstance(one.id, bool)}
    return [_told(by_id[number], errors) if number in by_id else None for number in ids]


def _told(one: _Answer, errors: Errors) -> Answer:
    if one.error is None:
        return Answer(result=bytes(one.result) if isinstance(one.result, msgspec.Raw) else b"null")
    code, message = text_of(place_in(one.error, errors.code)), text_of(place_in(one.error, errors.message))
    said = f"{message} ({code})" if code and message else message or code
    return Answer(fate=_fate(code, errors), said=said[:_WORDS])


def place_in(value: object, path: str) -> object:
    """What stands at a place whose steps may be numbers of list entries; None where there is nothing.

    >>> place_in(["UserError", ["The code must be unique."]], "1.0")
    'The code must be unique.'
    """
    for step in filter(None, path.split(".")):
        if isinstance(value, list) and step.isdecimal() and int(step) < len(value):
            value = value[int(step)]
        else:
            value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _fate(code: str, errors: Errors) -> Fate:
    known = errors.codes.get(code) or CODES.get(code)
    if known:
        return known
    is_server = code.removeprefix("-").isdecimal() and int(code) in _SERVER_ERRORS
    return "doubt" if is_server else "refused"
