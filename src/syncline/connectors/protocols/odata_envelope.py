"""What stands around the entities of an answer of OData, in each version: rows, the next link and the delta link."""

from __future__ import annotations

import msgspec


class _Answer(msgspec.Struct, rename={"next": "@odata.nextLink", "delta": "@odata.deltaLink"}):
    value: list[msgspec.Raw] | None = None
    next: str = ""
    delta: str = ""


class _ShortAnswer(msgspec.Struct, rename={"next": "@nextLink", "delta": "@deltaLink"}):
    """As version 4.01 may write it."""

    value: list[msgspec.Raw] | None = None
    next: str = ""
    delta: str = ""


class _Results(msgspec.Struct, rename={"next": "__next"}):
    results: list[msgspec.Raw] | None = None
    next: str = ""


class Wrapped(msgspec.Struct):
    """Version 2 puts everything below one name."""

    d: msgspec.Raw


def envelope_of(body: bytes, version: str) -> tuple[list[msgspec.Raw], str, str] | None:
    """The rows, the link to the next page and the delta link."""
    try:
        if version == "v2":
            inner = bytes(msgspec.json.decode(body, type=Wrapped).d)
            if inner[:1] == b"[":  # version 1 of the protocol, which version 2 may answer
                return msgspec.json.decode(inner, type=list[msgspec.Raw]), "", ""
            found = msgspec.json.decode(inner, type=_Results)
            return None if found.results is None else (found.results, found.next, "")
        answer = msgspec.json.decode(body, type=_Answer)
        if answer.value is not None and not (answer.next or answer.delta):
            short = msgspec.json.decode(body, type=_ShortAnswer)
            return answer.value, short.next, short.delta
    except msgspec.ValidationError:
        return None
    return None if answer.value is None else (answer.value, answer.next, answer.delta)
