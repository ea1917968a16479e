"""Which rule each field of a flow has: `own`, `empty`, `groups` and `required`, resolved to one Field each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from syncline.config.parts import FlowPart
from syncline.config.problems import Problems, Route, named, suggestion
from syncline.model.flow import Direction, Empties, Field, Rule, RuleKind

_BARE = {kind.value: kind for kind in (RuleKind.LATEST, RuleKind.MANUAL, RuleKind.ADD, RuleKind.UNION)}
_OWNED = {kind.value: kind for kind in (RuleKind.OWNER, RuleKind.OWNER_UNLESS_EMPTY)}
_CURE = "Write {owner: SYSTEM}, {owner-unless-empty: SYSTEM}, latest, manual, add or union."
_OTHERS = "*"


class Carried(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of a flow, before any rule: who carries them, what they point at."""

    systems: Mapping[str, Direction]  #: in the order of the file
    carriers: Mapping[str, Sequence[str]]  #: field -> systems, fields in order of first appearance
    references: Mapping[str, str]  #: field, or "lines.product" -> entity type


class FieldRules(msgspec.Struct, kw_only=True):
    """Works out the rules of one flow."""

    part: FlowPart
    carried: Carried
    route: Route
    problems: Problems
    notes: list[str] = []

    def fields(self) -> tuple[Field, ...]:
        """Every field with its rule."""
        groups = self._groups()
        own = {key: rule for key, value in self.part.own.items() if (rule := self._rule(key, value)) is not None}
        self._check_names("own", [*own, *self.part.empty], groups)
        self._check_required()
        default = own.get(_OTHERS) or self._first_owns(own, groups)
        fields = tuple(self._field(name, own, default, groups) for name in self.carried.carriers)
        self._check_groups(fields)
        return fields

    def _field(self, name: str, own: Mapping[str, Rule], default: Rule, groups: Mapping[str, str]) -> Field:
        group = groups.get(name, "")
        rule = own.get(name) or own.get(group)
        if rule is None:
            rule = self._carried_owner(name, default)
        elif rule.owner and rule.owner not in self.carried.carriers[name]:
            inner = (*self.route, "own", name if name in own else group)
            cure = f"Let {self.carried.carriers[name][0]} own it, or add it to the mapping of {rule.owner}."
            self.problems.add(inner, f"{named(inner)}: {rule.owner} does not carry {name}.", cure)
        return Field(
            name=name,
            rule=rule,
            empties=self._empties(name, group),
            group=group,
            reference=self.carried.references.get(name, ""),
            nullable=name not in self.part.required,
        )

    def _empties(self, name: str, group: str) -> Empties:
        empty = self.part.empty
        return empty.get(name) or empty.get(group) or empty.get(_OTHERS) or Empties.CLEAR

    def _carried_owner(self, name: str, default: Rule) -> Rule:
        """The default rule; where its owner does not carry the field, the first system that does owns it."""
        carriers = self.carried.carriers[name]
        if not default.owner or default.owner in carriers:
            return default
        givers = [system for system in carriers if self.carried.systems[system] is not Direction.TO]
        owner = (givers or carriers)[0]
        if len(carriers) > 1:
            self.notes.append(f"{owner} owns {name}: {default.owner} does not carry it")
        return Rule(kind=default.kind, owner=owner)

    def _first_owns(self, own: Mapping[str, Rule], groups: Mapping[str, str]) -> Rule:
        givers = [system for system, direction in self.carried.systems.items() if direction is not Direction.TO]
        owner = (givers or list(self.carried.systems))[0]
        unsaid = [
            name
            for name, carriers in self.carried.carriers.items()
            if name not in own and groups.get(name) not in own and owner in carriers and len(carriers) > 1
        ]
        if unsaid:
            self.notes.append(f"{owner} owns {', '.join(unsaid)}: no other rule is set")
        return Rule(kind=RuleKind.OWNER, owner=owner)

    def _rule(self, key: str, value: object) -> Rule | None:
        inner = (*self.route, "own", key)
        if isinstance(value, str) and value in _BARE:
            return Rule(kind=_BARE[value])
        if isinstance(value, dict) and len(value) == 1:
            word, owner = next(iter(value.items()))
            if word in _OWNED and isinstance(owner, str):
                return self._owned(_OWNED[word], owner, inner)
        self.problems.add(inner, f"{named(inner)} is no rule.", _CURE)
        return None

    def _owned(self, kind: RuleKind, owner: str, inner: Route) -> Rule | None:
        direction = self.carried.systems.get(owner)
        if direction is None:
            what = f"{named(inner)}: {owner} is no system of this flow."
            self.problems.add((*inner, kind.value), what, suggestion(owner, self.carried.systems))
            return None
        if direction is Direction.TO:
            what = f"{named(inner)}: {owner} is only written in this flow, so it cannot own."
            self.problems.add((*inner, kind.value), what, "Set its direction to `both`, or name another owner.")
            return None
        return Rule(kind=kind, owner=owner)

    def _groups(self) -> dict[str, str]:
        groups: dict[str, str] = {}
        for group, names in self.part.groups.items():
            inner = (*self.route, "groups", group)
            if group in self.carried.carriers:
                self.problems.add_key(
                    inner, f"{named(inner)}: a field has this name, too.", "Give the group another name."
                )
            for index, name in enumerate(names):
                if name not in self.carried.carriers:
                    what = f"{named(inner)}: the flow has no field {name}."
                    self.problems.add((*inner, index), what, suggestion(name, self.carried.carriers))
                elif name in groups:
                    self.problems.add((*inner, index), f"{named(inner)}: {name} is in two groups.", "Keep it in one.")
                groups.setdefault(name, group)
        return groups

    def _check_names(self, setting: str, keys: Sequence[str], groups: Mapping[str, str]) -> None:
        known = {*self.carried.carriers, *groups.values()}
        for key in keys:
            if key == _OTHERS or key in known:
                continue
            at = setting if key in self.part.own else "empty"
            inner = (*self.route, at, key)
            what = f"{named(inner)}: the flow has no field or group {key}."
            self.problems.add_key(inner, what, suggestion(key, known))

    def _check_required(self) -> None:
        for index, name in enumerate(self.part.required):
            if name not in self.carried.references:
                inner = (*self.route, "required", index)
                what = f"{named(inner)}: {name} is no reference of this flow."
                self.problems.add(inner, what, suggestion(name, self.carried.references))

    def _check_groups(self, fields: Sequence[Field]) -> None:
        for group, members in _by_group(fields):
            if len({(member.rule, member.empties) for member in members}) > 1:
                inner = (*self.route, "groups", group)
                what = f"{named(inner)}: its fields have different rules, and a group merges as one."
                self.problems.add_key(inner, what, f"Set one rule for `{group}` under own and empty.")


def _by_group(fields: Sequence[Field]) -> Iterator[tuple[str, list[Field]]]:
    groups = dict.fromkeys(field.group for field in fields if field.group)
    for group in groups:
        yield group, [field for field in fields if field.group == group]
