"""What a GraphQL server has answered: data by alias, errors by what they mean, and whether anything was run. Pure.

HTTP 200 says nothing here. A request that failed before it ran has errors and no `data` at all; one that ran may have
data, errors with the path of what they concern, or both.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from syncline.connectors.protocols.graphql_options import Fate
from syncline.connectors.protocols.paths import find, shallow, text_of

_WORDS = 500  #: of a system that are kept [characters]
#: What usual codes mean, by Apollo's names and those of systems that are often met.
CODES: Mapping[str, Fate] = {
    "UNAUTHENTICATED": "login",
    "UNAUTHORIZED": "login",
    "FORBIDDEN": "setup",
    "ACCESS_DENIED": "setup",
    "GRAPHQL_PARSE_FAILED": "setup",
    "GRAPHQL_VALIDATION_FAILED": "setup",
    "OPERATION_RESOLUTION_FAILURE": "setup",
    "THROTTLED": "busy",
    "RATE_LIMITED": "busy",
    "TOO_MANY_REQUESTS": "busy",
    "BAD_USER_INPUT": "refused",
    "USER_INPUT_ERROR": "refused",
    "NOT_FOUND": "gone",
    "ENTITY_NOT_FOUND": "gone",
    "CONFLICT": "stale",
    "INTERNAL_SERVER_ERROR": "doubt",
    "TIMEOUT": "doubt",
}


class Error(msgspec.Struct, frozen=True, kw_only=True):
    """One error of a reply."""

    message: str
    code: str = ""
    path: Sequence[str | int] = ()
    wait: float | None = None  #: pause that it asks for [s]


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One reply, taken apart as far as every caller needs it."""

    data: Mapping[str, bytes | None]  #: alias -> the JSON of its answer; None: null
    errors: Sequence[Error] = ()
    has_run: bool = True  #: False: refused before anything was run
    wait: float | None = None  #: pause that the reply asks for, by what its request costs [s]

    def about(self, alias: str) -> Sequence[Error]:
        """The errors that concern one operation: its own, and those that concern all."""
        return [error for error in self.errors if not error.path or error.path[0] == alias]


class _Error(msgspec.Struct):
    message: object = ""
    path: list[str | int] | None = None
    extensions: dict[str, object] | None = None


class _Reply(msgspec.Struct):
    data: dict[str, msgspec.Raw] | msgspec.UnsetType | None = msgspec.UNSET
    errors: list[_Error] | None = None
    extensions: dict[str, object] | None = None


_decode = msgspec.json.Decoder(_Reply).decode


def read_reply(body: bytes) -> Reply:
    """The reply.

    Raises:
        ValueError: It is no JSON of GraphQL.
    """
    with shallow():
        if not body.isascii():
            body.decode(errors="strict")
        found = _decode(body)
    if found.data is msgspec.UNSET and not found.errors:
        raise ValueError("it has neither data nor errors")
    data = found.data if isinstance(found.data, dict) else {}
    return Reply(
        data={name: None if bytes(raw) == b"null" else bytes(raw) for name, raw in data.items()},
        errors=[_told(error) for error in found.errors or ()],
        has_run=found.data is not msgspec.UNSET,
        wait=_cost_wait(found.extensions),
    )


def _told(error: _Error) -> Error:
    extensions = error.extensions or {}
    wait = extensions.get("retryAfter", extensions.get("retry_after"))
    return Error(
        message=text_of(error.message),
        code=text_of(extensions.get("code")),
        path=error.path or (),
        wait=float(wait) if isinstance(wait, int | float) and not isinstance(wait, bool) else None,
    )


def _cost_wait(extensions: Mapping[str, object] | None) -> float | None:
    """How long until a request of this cost is let through [s], where the reply tells what is left of the budget."""
    cost = (extensions or {}).get("cost")
    asked = find(cost, "requestedQueryCost")
    left, rate = find(cost, "throttleStatus.currentlyAvailable"), find(cost, "throttleStatus.restoreRate")
    if not all(isinstance(one, int | float) for one in (asked, left, rate)) or not rate:
        return None
    return max(0.0, (float(str(asked)) - float(str(left))) / float(str(rate)))


class Meaning:
    """What errors and answers of one system mean."""

    def __init__(self, codes: Mapping[str, Fate], types: Mapping[str, Fate], *, relogs: bool) -> None:
        self._codes: dict[str, Fate] = {**CODES, **({"FORBIDDEN": "login"} if relogs else {}), **codes}
        self._types = types

    def of(self, errors: Sequence[Error]) -> Fate:
        """What the errors of one operation come to: the first that says more than that it was refused."""
        fates = list(self._each(errors))
        return next((fate for fate in fates if fate != "refused"), "refused")

    def _each(self, errors: Sequence[Error]) -> Iterator[Fate]:
        for error in errors:
            yield self._codes.get(error.code, "refused")

    def knows(self, errors: Sequence[Error]) -> bool:
        """Does one of their codes say what it means?"""
        return any(error.code in self._codes for error in errors)

    def of_type(self, name: str) -> Fate:
        """What an answer of this type means."""
        return self._types.get(name, "refused")

    def is_known(self, name: str) -> bool:
        """Was this type named as one that means a failure?"""
        return name in self._types


def words(errors: Sequence[Error]) -> str:
    """What the errors say, shortened."""
    said = [f"{error.message} ({error.code})" if error.code else error.message for error in errors]
    return " ".join(dict.fromkeys(filter(None, said)))[:_WORDS]
