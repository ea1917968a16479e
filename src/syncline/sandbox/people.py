"""Simulated people who work in an application while others synchronise it.

They edit one field or several, save again without a change, create, delete,
archive, and change the lines of orders. The same seed on the same records gives
the same edits.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

import msgspec

from syncline.sandbox.companies import Company, company
from syncline.sandbox.serve import Business
from syncline.sandbox.state import Fields, Key
from syncline.sandbox.wording import Refusal

Draw: TypeAlias = random.Random
NewValue: TypeAlias = Callable[[Draw, object], object]

# One row per thing people do: how often of 100, on one resource.
_WEIGHTS = {
    "edit": 45,
    "edit_several": 15,
    "resave": 10,
    "create": 9,
    "delete": 4,
    "archive": 5,
    "add_line": 6,
    "change_line": 6,
}
_TRIES = 20  # a person who is refused does something else


class Request(msgspec.Struct, kw_only=True, frozen=True, forbid_unknown_fields=True):
    """What people are asked to do."""

    edits: int
    seed: int = 1
    resource: str | None = None  #: only this one
    actions: list[str] | None = None  #: only these
    fields: list[str] | None = None  #: only these are edited
    ids: list[str | int] | None = None  #: only these records are touched


@dataclass(frozen=True, slots=True, kw_only=True)
class Deed:
    """One further thing that people of one application do."""

    resource: str
    weight: int  #: how often, beside the 100 of what people do everywhere; 0: only when it is asked for
    do: Callable[[Draw, Key | None, str], Fields | None]  #: on a record, by whom; what it is now; None: makes no sense
    finds: bool = False  #: it finds its record itself, or makes one


def _nobody(_: Company) -> Fields:
    return {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Habits:
    """How people of one application work."""

    edits: Mapping[str, Mapping[str, NewValue]]  #: by resource and field
    shares: Mapping[str, int]  #: how often of 100 each resource is touched; 0: only where it is asked for
    archive: Mapping[str, tuple[str, object]]  #: field and value that archives
    key: Mapping[str, str]  #: by resource, the name of the key field
    computed: frozenset[str]  #: fields that change by themselves
    lines: tuple[str, str] = ("", "")  #: resource with lines, and the field that holds them
    amount: str = ""  #: the field of a line that people change
    new: Callable[[Company], Fields] = _nobody
    new_resource: str = ""  #: "": nobody enters a company
    deeds: Mapping[str, Deed] = field(default_factory=dict)


def edit(business: Business, habits: Habits, asked: Request) -> list[Fields]:
    """Let people do some edits; say what they did."""
    return _People(business, habits, asked).work()


class _People:
    def __init__(self, business: Business, habits: Habits, asked: Request) -> None:
        self._business = business
        self._habits = habits
        self._asked = asked
        self._draw = random.Random(f"people:{asked.seed}")
        self._keys: dict[str, list[Key]] = {}
        self._weights = {**_WEIGHTS, **{name: deed.weight for name, deed in habits.deeds.items()}}
        actions = asked.actions or list(self._weights)
        unknown = set(actions) - set(self._weights)
        if unknown or asked.resource not in {None, *business.state.tables}:
            raise Refusal(400, "bad_request", f"Unknown action or resource: {asked}")
        self._actions = actions
        self._resources = [asked.resource] if asked.resource else list(habits.shares)

    def work(self) -> list[Fields]:
        done: list[Fields] = []
        for _ in range(self._asked.edits):
            for _ in range(_TRIES):
                try:
                    one = self._one()
                except Refusal:
                    continue
                if one:
                    done.append(one)
                    break
        return done

    def _one(self) -> Fields | None:
        """Do one thing; None when it makes no sense for the drawn record."""
        weights = [self._weights[action] for action in self._actions]
        action = self._draw.choices(self._actions, weights if any(weights) else None)[0]
        if action == "create":
            return self._create()
        if deed := self._habits.deeds.get(action):
            return self._do(action, deed)
        resource = self._resource(action)
        key = self._key(resource)
        if resource is None or key is None:
            return None
        before = self._business.get(resource, key)
        who = f"user-{self._draw.randint(1, 9)}"
        if action == "delete":
            return self._delete(resource, key, before, who)
        given = self._given(action, resource, before)
        if given is None:
            return None
        after = self._business.update(resource, key, given, who)
        told = self._told(action, resource, before, after)
        return told if told["fields"] else {**told, "action": "resave"}

    def _resource(self, action: str) -> str | None:
        if action.endswith("_line"):
            resource = self._habits.lines[0]
            return resource if resource in self._resources else None
        shares = [self._habits.shares[name] for name in self._resources]
        return self._draw.choices(self._resources, shares if any(shares) else None)[0]

    def _key(self, resource: str | None) -> Key | None:
        if resource is None:
            return None
        if resource not in self._keys:
            keys = self._business.state.keys(resource)
            if self._asked.ids is not None:
                keys = [key for key in keys if key in self._asked.ids]
            self._keys[resource] = keys
        keys = self._keys[resource]
        return self._draw.choice(keys) if keys else None

    def _given(self, action: str, resource: str, before: Fields) -> Fields | None:
        match action:
            case "edit":
                return self._edited(resource, before, 1)
            case "edit_several":
                return self._edited(resource, before, self._draw.randint(2, 4))
            case "resave":
                names = self._habits.edits[resource]
                return {name: before[name] for name in names if name in before}
            case "archive":
                field, value = self._habits.archive.get(resource, ("", None))
                return {field: value} if field and before[field] != value else None
        return self._lined(action, before)

    def _edited(self, resource: str, before: Fields, count: int) -> Fields | None:
        edits = self._habits.edits[resource]
        only = self._asked.fields
        names = [name for name in edits if only is None or name in only]
        if not names:
            return None
        chosen = self._draw.sample(names, min(count, len(names)))
        return {name: edits[name](self._draw, before[name]) for name in chosen}

    def _lined(self, action: str, before: Fields) -> Fields | None:
        name = self._habits.lines[1]
        lines = [dict(line) for line in before[name]]
        if not lines:
            return None
        line = self._draw.choice(lines)
        amount = str(self._draw.randint(1, 60))
        if action == "change_line":
            line[self._habits.amount] = amount
            return {name: lines}
        number = next(iter(line))
        highest = max(other[number] for other in lines)
        added = {**line, number: highest + 1, self._habits.amount: amount}
        return {name: [*lines, added]}

    def _do(self, action: str, deed: Deed) -> Fields | None:
        if deed.resource not in self._resources:
            return None
        key = None if deed.finds else self._key(deed.resource)
        if key is None and not deed.finds:
            return None
        before = {} if key is None else self._business.get(deed.resource, key)
        after = deed.do(self._draw, key, f"user-{self._draw.randint(1, 9)}")
        if after is None:
            return None
        found = after[self._habits.key[deed.resource]]
        if found not in self._keys.get(deed.resource, [found]):
            self._keys[deed.resource].append(found)
        return self._told(action, deed.resource, before, after)

    def _create(self) -> Fields | None:
        resource = self._habits.new_resource
        if resource not in self._resources:
            return None
        number = 1_000_000 + self._draw.randrange(1_000_000)
        seed = int(self._business.state.meta("seed") or 0)
        given = self._habits.new(company(seed, number))
        after = self._business.create(resource, given, "user-1")
        self._keys.get(resource, []).append(after[self._habits.key[resource]])
        return self._told("create", resource, {}, after)

    def _delete(self, resource: str, key: Key, before: Fields, who: str) -> Fields:
        self._business.delete(resource, key, who)
        self._keys[resource].remove(key)
        told = self._told("delete", resource, before, {})
        return {**told, "id": key}

    def _told(self, action: str, resource: str, before: Fields, after: Fields) -> Fields:
        names = [
            name
            for name in (after or before)
            if name not in self._habits.computed and before.get(name) != after.get(name)
        ]
        return {
            "resource": resource,
            "id": after.get(self._habits.key[resource]),
            "action": action,
            "fields": names,
            "old": {name: before[name] for name in names if name in before},
            "new": {name: after[name] for name in names if name in after},
        }
