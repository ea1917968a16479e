"""Writes inside nested objects and lists leave alone what the mapping does not carry.

Many systems replace a nested object or list as a whole. So a change of `addresses[kind=billing].street` is laid over
the record as it was just read: members and elements that the mapping does not know stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from syncline.mapping.paths import Path


class ListKey(msgspec.Struct, frozen=True, kw_only=True):
    """How the elements of one list are told apart."""

    members: tuple[str, ...]  #: members of an element that name it
    picked: frozenset[tuple[object, ...]] | None  #: the elements that the mapping carries; None: all of them


Keys = Mapping[tuple[str, ...], ListKey]


def keys_of(paths: list[Path]) -> dict[tuple[str, ...], ListKey]:
    """For each picked list among `paths`, by the names that lead to it, its key and the elements picked."""
    found: dict[tuple[str, ...], ListKey] = {}
    for path in paths:
        names: tuple[str, ...] = ()
        for segment in path.segments:
            names = (*names, segment.name)
            if segment.pick is not None:
                known = found.get(names)
                picked = (known.picked if known and known.picked else frozenset()) | {(segment.pick.value,)}
                found[names] = ListKey(members=(segment.pick.key,), picked=picked)
    return found


def overlay(current: object, change: object, keys: Keys, at: tuple[str, ...] = ()) -> object:
    """`change` laid over `current`; where both are not of one kind, the change stands alone."""
    if isinstance(current, dict) and isinstance(change, dict):
        laid = dict(current)
        for name, value in change.items():
            laid[name] = overlay(current.get(name), value, keys, (*at, name))
        return laid
    if isinstance(current, list) and isinstance(change, list) and at in keys:
        return _overlay_list(current, change, keys, at)
    return change


def _overlay_list(current: list[object], change: list[object], keys: Keys, at: tuple[str, ...]) -> list[object]:
    key = keys[at]
    new = {_key(element, key): element for element in change if isinstance(element, dict)}
    laid: list[object] = []
    for element in current:
        name = _key(element, key)
        if name in new:
            laid.append(overlay(element, new.pop(name), keys, at))
        elif key.picked is not None and name not in key.picked:
            laid.append(element)
    return [*laid, *new.values()]


def _key(element: object, key: ListKey) -> tuple[object, ...]:
    return tuple(element.get(member) for member in key.members) if isinstance(element, dict) else ()
