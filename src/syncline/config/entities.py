"""Mappings and cases against the definition of a canonical entity: its fields, their kinds, references and lines.

An entity that nobody has defined has the fields that its mappings give it. Fields whose names begin with `x_` are a
project's own in every entity; what their converters give is their kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import msgspec

from syncline.config.problems import Problems, Route, named, suggestion
from syncline.mapping.fields import FieldSet, Given
from syncline.mapping.lines import Lines
from syncline.mapping.values import plain_words
from syncline.model.definitions import EXTENSION, EntityDefinition, FieldDefinition, Kind, LinesDefinition, is_extension
from syncline.model.flow import Field, RuleKind
from syncline.model.kinds import TEXTS, misfit

_NUMBERS = frozenset({Kind.DECIMAL, Kind.MONEY, Kind.QUANTITY})
_STRICT_TEXTS = frozenset({Kind.DATE, Kind.INSTANT, Kind.REFERENCE})  #: text that trimming alone does not make
_CONVERTERS = {
    **dict.fromkeys(_NUMBERS, "decimal"), Kind.INTEGER: "integer", Kind.BOOLEAN: "boolean", Kind.DATE: "date",
    Kind.INSTANT: "instant", Kind.SET: "list", Kind.CHOICE: "enum(theirs: ours, ...)", Kind.EMAIL: "email",
    Kind.PHONE: "phone", Kind.COUNTRY: "country", Kind.LANGUAGE: "language", Kind.CURRENCY: "currency",
    Kind.UNIT: "unit code", Kind.GTIN: "gtin", Kind.GLN: "gln", Kind.SSCC: "sscc", Kind.VAT: "vat", Kind.IBAN: "iban",
    Kind.TEXT: "text",
}  # fmt: skip


class _Scope(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of an entity, or of its lines, and where a mapping of them is written."""

    owner: str  #: as people say it: "customer", "lines of sales_order"
    known: Callable[[str], FieldDefinition | None]
    names: tuple[str, ...]
    route: Route
    problems: Problems

    def tell(self, name: str, what: str, cure: str) -> None:
        """A problem with the mapping of a field."""
        self.problems.add_key((*self.route, name), f"{named(self.route)}: {what}", cure)


def check_mapping(entity: EntityDefinition, fields: FieldSet, route: Route, problems: Problems) -> None:
    """Tell what the mapping at `route` says of this entity that the entity is not."""
    names = tuple(entity.names())
    scope = _Scope(owner=entity.name, known=entity.field, names=names, route=route, problems=problems)
    for name, feed in fields.feeds.items():
        lines = entity.lines_of(name)
        if lines is None:
            _check_field(name, fields, scope)
        elif isinstance(feed, Lines):
            _check_lines(entity, lines, feed.inner, (*route, name, "map"), problems)
        else:
            cure = f"Write {name}: {{each: path of the list, key: {lines.key}, map: {{...}}}}."
            scope.tell(name, f"{name} of {entity.name} are lines.", cure)


def check_keys(entity: EntityDefinition, sides: Mapping[str, FieldSet], route: Route, problems: Problems) -> None:
    """Tell where two systems name the lines of an entity by different fields: their lines would never meet."""
    for lines in entity.lines:
        found = {
            system: feed.key for system, one in sides.items() if isinstance(feed := one.feeds.get(lines.name), Lines)
        }
        if len(set(found.values())) > 1:
            told = ", ".join(f"{'/'.join(keys)} in {system}" for system, keys in found.items())
            inner = (*route, "systems", next(reversed(found)), "map", lines.name, "key")
            what = f"{named(inner)}: the {lines.name} of {entity.name} have different keys: {told}."
            problems.add(inner, what, f"Use one for all, such as key: {lines.key}.")


def apart(entity: EntityDefinition, fields: Sequence[Field]) -> Iterator[str]:
    """What is worth a word: fields that change together, which the flow lets two systems change one by one.

    Where all have one owner, they come from it together anyway.
    """
    for group, names in entity.groups.items():
        members = [one for one in fields if one.name in names]
        told = ", ".join(one.name for one in members)
        owned = {one.rule.owner if one.rule.kind is RuleKind.OWNER else "" for one in members}
        together = len({one.group for one in members}) == 1 and members[0].group
        if len(members) > 1 and not together and (len(owned) > 1 or "" in owned):
            yield f"{told} of {entity.name} are merged one by one: `groups: {{{group}: [{told}]}}` keeps them together"


def check_case(entity: EntityDefinition, values: Mapping[str, object], route: Route, problems: Problems) -> None:
    """Tell which values that a case expects cannot be values of their fields."""
    for name, value in values.items():
        lines = entity.lines_of(name)
        if lines is None:
            _check_value(entity.field(name), value, (*route, name), problems)
        elif isinstance(value, dict):
            for key, line in value.items():
                for inner, held in line.items() if isinstance(line, dict) else ():
                    _check_value(lines.field(str(inner)), held, (*route, name, key, inner), problems)


def _check_value(field: FieldDefinition | None, value: object, route: Route, problems: Problems) -> None:
    reason = misfit(field, value) if field is not None else ""
    if field is not None and reason:
        what = f"{named(route)}: this is not of the kind `{field.kind.value}`: {reason}."
        problems.add(route, what, f"Write the canonical value: `{_said(field)}` makes it." if _said(field) else "")


def _check_lines(
    entity: EntityDefinition, lines: LinesDefinition, fields: FieldSet, route: Route, problems: Problems
) -> None:
    names = tuple(one.name for one in lines.fields)
    owner = f"{lines.name} of {entity.name}"
    scope = _Scope(owner=owner, known=lines.field, names=names, route=route, problems=problems)
    for name in fields.feeds:
        _check_field(name, fields, scope)


def _check_field(name: str, fields: FieldSet, scope: _Scope) -> None:
    if is_extension(name):
        return
    field = scope.known(name)
    if field is None:
        own = f"A field of your own begins with {EXTENSION}: `{EXTENSION}{name}`."
        near = suggestion(name, scope.names)
        cure = f"{near} {own}" if near.startswith("Did") else own
        scope.tell(name, f"{scope.owner} has no field {name}.", cure)
    elif isinstance(fields.feeds[name], Lines):
        scope.tell(name, f"{name} of {scope.owner} is one value, not lines.", f"Write {name}: path in the record.")
    elif field.kind is Kind.REFERENCE or name in fields.references:
        _check_reference(field, fields.references.get(name, ""), scope)
    else:
        _check_kind(field, fields.gives.get(name, Given()), scope)


def _check_reference(field: FieldDefinition, meant: str, scope: _Scope) -> None:
    if field.kind is not Kind.REFERENCE:
        cure = f"Take `ref({meant})` away, or call the field `{EXTENSION}{field.name}`."
        scope.tell(field.name, f"{field.name} of {scope.owner} is no reference.", cure)
    elif meant != field.of:
        cure = f"Write `| ref({field.of})`; `{EXTENSION}{field.name}` may hold anything."
        scope.tell(field.name, f"{field.name} of {scope.owner} is a reference to {field.of}.", cure)


def _check_kind(field: FieldDefinition, given: Given, scope: _Scope) -> None:
    wrong = [(one, reason) for one in given.choices if (reason := misfit(field, one))]
    what = f"{field.name} of {scope.owner} is of the kind `{field.kind.value}`"
    for value, reason in wrong:
        scope.tell(field.name, f"{what}, and `{plain_words(value)}` is not: {reason}.", _cure(field))
    if not given.choices and given.kind is not None and not _can_be(given.kind, field.kind):
        scope.tell(field.name, f"{what}, and its converter gives the kind `{given.kind.value}`.", _cure(field))


def _can_be(given: Kind, wanted: Kind) -> bool:
    """May a value of one kind stand where another is wanted?"""
    if given is wanted or (given is Kind.DECIMAL and wanted in _NUMBERS):
        return True
    if wanted is Kind.TEXT:
        return given in TEXTS or given in {Kind.INTEGER, Kind.DECIMAL}
    return given is Kind.TEXT and wanted in TEXTS - _STRICT_TEXTS


def _cure(field: FieldDefinition) -> str:
    own = f"`{EXTENSION}{field.name}` may hold anything."
    if field.kind is Kind.CHOICE:
        return f"Write `| enum(theirs: ours, ...)` with {_listed(field.choices)}; {own}"
    return f"Write `| {_said(field)}`; {own}"


def _said(field: FieldDefinition) -> str:
    """The converter that makes values of this field."""
    return f"ref({field.of})" if field.kind is Kind.REFERENCE else _CONVERTERS[field.kind]


def _listed(words: Iterable[str]) -> str:
    return ", ".join(words)
