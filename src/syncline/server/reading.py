"""Which records a webhook tells of. Its content is never truth: of all that it says, keys alone are taken."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

import msgspec

from syncline.config.settings import Webhooks
from syncline.errors import RejectedError

MOST_KEYS = 10_000  #: of one body
LONGEST_KEY = 512  #: characters
_LONGEST_TYPE = 200  #: characters


def decoded(body: bytes) -> object:
    """The body as data; RejectedError when it is none. No error of this module shows any of the body."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise RejectedError("The body is not JSON.") from error


def keys_of(settings: Webhooks, body: object) -> list[str]:
    """The keys that a body shows, each once."""
    found: dict[str, None] = {}
    for value in _at(body, settings.key.replace("[]", ".[]").strip(".").split(".")):
        found[_key(value)] = None
        if len(found) > MOST_KEYS:
            raise RejectedError(f"The body shows more than {MOST_KEYS} keys.")
    return list(found)


def resources_of(settings: Webhooks, body: object, headers: Mapping[str, str]) -> list[str]:
    """The resources that what happened is about."""
    told = headers.get(settings.type_header, "") if settings.type_header else ""
    if settings.type:
        found = list(_at(body, settings.type.split(".")))
        told = found[0] if found and isinstance(found[0], str) else ""
    if len(told) > _LONGEST_TYPE:
        return []
    return [name for name, patterns in settings.resources.items() if any(fnmatchcase(told, one) for one in patterns)]


def _at(value: object, steps: list[str]) -> Iterator[object]:
    """What stands at the end of the way; nothing where it leads nowhere."""
    if not steps:
        yield value
    elif steps[0] == "[]":
        for one in value if isinstance(value, list) else ():
            yield from _at(one, steps[1:])
    elif isinstance(value, dict) and steps[0] in value:
        yield from _at(value[steps[0]], steps[1:])


def _key(value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and 0 < len(value) <= LONGEST_KEY and value.isprintable():
        return value
    raise RejectedError("The body shows something as a key that is none.")
