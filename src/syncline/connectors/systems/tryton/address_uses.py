"""The address of a party that invoices go to, and the one that goods go to, as two values of the party.

Tryton keeps a list of addresses with two flags, and one address may serve both uses. Other systems keep one address per
use. So a party shows `invoice_address` and `delivery_address`, each the first living address with its flag; a change of
one parts an address that both share, joins two that become equal, and leaves every other address alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from syncline.connectors.systems.tryton.fields import Use
from syncline.errors import RejectedError

Entry = dict[str, object]  #: an address as a record shows it; a new one has no `id`


def shown_uses(uses: Iterable[Use], addresses: Sequence[Mapping[str, object]]) -> dict[str, object]:
    """Per use the members of its address; None where no address serves it."""
    return {use.name: _members(use, _serving(use, addresses)) for use in uses}


def with_uses(
    uses: Sequence[Use], given: Mapping[str, object], addresses: Sequence[Mapping[str, object]]
) -> list[Entry]:
    """The whole list of addresses once the uses among `given` are served as wanted."""
    wanted = {use.name: _wanted(use, given[use.name]) for use in uses if use.name in given}
    made: list[Entry] = [dict(each) for each in addresses]
    for use in uses:
        if use.name in wanted:
            [other] = [each for each in uses if each is not use]
            also = wanted.get(other.name, _members(other, _serving(other, made)))
            made = _served(made, use, other, wanted[use.name], is_shared=_equal(wanted[use.name], also))
    return made


def _served(made: list[Entry], use: Use, other: Use, wanted: Entry | None, *, is_shared: bool) -> list[Entry]:
    current = _serving(use, made)
    if wanted is None:
        return _unserved(made, use, other)
    if current is None:
        return _newly_served(made, use, other, wanted, is_shared=is_shared)
    if not _differs(current, wanted):
        return made
    if not current[other.flag] or is_shared:
        return [_changed(each, wanted) if each is current else each for each in made]
    return _parted(made, use, other, _changed(current, wanted))


def _unserved(made: list[Entry], use: Use, other: Use) -> list[Entry]:
    """An address that serves the other use too only loses its flag; one that serves nothing goes."""
    current = _serving(use, made)
    kept = [each for each in made if each is not current or each[other.flag]]
    return [{**each, use.flag: False} if each is current else each for each in kept]


def _newly_served(made: list[Entry], use: Use, other: Use, wanted: Entry, *, is_shared: bool) -> list[Entry]:
    twin = _serving(other, made) if is_shared else None
    if twin is not None and not _differs(twin, wanted):
        return [{**each, use.flag: True} if each is twin else each for each in made]
    return [*made, {**wanted, use.flag: True, other.flag: False}]


def _parted(made: list[Entry], use: Use, other: Use, changed: Entry) -> list[Entry]:
    """One address served both uses: the new one takes the use over, and must be the first to serve it."""
    current = _serving(use, made)
    rest = [each for each in made if each is not current]
    fresh = {name: value for name, value in changed.items() if name in use.members}
    if not any(each[use.flag] for each in rest) or any(each[other.flag] for each in rest):
        left: list[Entry] = [{**each, use.flag: False} for each in made]
        return [*left, {**fresh, use.flag: True, other.flag: False}]
    copy = {name: value for name, value in (current or {}).items() if name in use.members}
    here = [{**changed, other.flag: False} if each is current else each for each in made]
    return [*here, {**copy, use.flag: False, other.flag: True}]


def _serving(use: Use, addresses: Sequence[Mapping[str, object]]) -> Entry | None:
    """The very entry, for it is told apart by identity."""
    return next((each for each in addresses if each.get(use.flag)), None)  # type: ignore[return-value]  # entries


def _members(use: Use, address: Mapping[str, object] | None) -> Entry | None:
    return None if address is None else {name: address.get(name) for name in use.members}


def _wanted(use: Use, value: object) -> Entry | None:
    """The members that were given; None for an address that says nothing."""
    if value is None:
        return None
    unknown = sorted(set(value) - set(use.members)) if isinstance(value, Mapping) else [str(value)]
    if unknown or not isinstance(value, Mapping):
        what = f"{use.name} has no member {unknown[0]!r}."
        raise RejectedError(what, cure="Correct the mapping.")
    return {str(name): one for name, one in value.items()} if any(value.values()) else None


def _changed(address: Mapping[str, object], wanted: Entry) -> Entry:
    """A subdivision of the former country does not stay where the country changes."""
    moved = "country" in wanted and (wanted["country"] or None) != (address.get("country") or None)
    stays = wanted.get("subdivision") == address.get("subdivision")
    return {**address, **wanted, **({"subdivision": None} if moved and stays else {})}


def _differs(address: Mapping[str, object], wanted: Entry) -> bool:
    return any((address.get(name) or None) != (value or None) for name, value in wanted.items())


def _equal(one: Entry | None, other: Entry | None) -> bool:
    if one is None or other is None:
        return False
    return not _differs(one, other) and not _differs(other, one)
