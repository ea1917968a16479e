"""What Tryton is sent for a record: plain values, and commands for the lists of what belongs to it.

A list is written by commands (create, write, delete, add, remove). The hub gives the whole merged list; compared with
the record as it stands, it becomes the fewest commands.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from syncline.connectors.systems.tryton.documents import live_children, picked_child, shown_fields
from syncline.connectors.systems.tryton.fields import Collection, Field, Picked, Resource
from syncline.connectors.systems.tryton.references import References
from syncline.connectors.systems.tryton.values import Kind, Row, children_at, sent
from syncline.errors import RejectedError

Command = list[object]


def encoded(field: Field, value: object, references: References) -> object:
    """The value of one field as Tryton takes it."""
    if field.kind is not Kind.CODE:
        return sent(field.kind, value)
    return None if value is None or value == "" else references.id_of(field.table, str(value))


def plain_values(fields: Iterable[Field], given: Mapping[str, object], references: References) -> dict[str, object]:
    """The plain fields among those given, by Tryton's names."""
    return {
        field.target: encoded(field, given[field.name], references)
        for field in fields
        if field.name in given and field.written
    }


def check_names(resource: Resource, given: Mapping[str, object], model: str = "") -> None:
    """Refuse a field that the hub may not write."""
    allowed = {each.name for each in resource.fields if each.written} | {each.name for each in resource.picked}
    allowed |= {each.name for each in resource.collections if each.model} | {each.name for each in resource.uses}
    unknown = sorted(set(given) - allowed)
    if unknown:
        what = f"{model or resource.name} has no field {unknown[0]!r} that can be written."
        raise RejectedError(what, cure="Correct the mapping.")


def picked_commands(picked: Picked, value: object, row: Row | None, removal: str) -> list[Command]:
    """Commands that make the first entry of a kind hold `value`; None and "" take it away."""
    child = None if row is None else picked_child(picked, row)
    text = "" if value is None else picked.prefix + str(value)
    if child is None:
        return [["create", [{"type": picked.equals, picked.value: text}]]] if text else []
    if not text:
        return [_removal([int(str(child["id"]))], removal)]
    return [] if child.get(picked.value) == text else [["write", [child["id"]], {picked.value: text}]]


def _removal(ids: Sequence[int], removal: str) -> Command:
    """Deactivated by default: deleting what a sale points to would empty the reference without a word."""
    return ["delete", list(ids)] if removal == "delete" else ["write", list(ids), {"active": False}]


class ListDiff:
    """Compares a wanted list of children with the living ones."""

    def __init__(
        self, collection: Collection, references: References, *, key_field: str = "", removal: str = "delete"
    ) -> None:
        self._collection = collection
        self._references = references
        self._key_field = key_field
        self._removal = removal if collection.deactivable else "delete"
        self._names = {field.name: field for field in collection.fields}

    def commands(self, wanted: object, row: Row | None) -> list[Command]:
        """Commands that make the list hold what is wanted; entries are known by `id`, else by the key field."""
        alive = {} if row is None else {str(child["id"]): child for child in live_children(self._collection, row)}
        commands: list[Command] = []
        created: list[Mapping[str, object]] = []
        kept: set[str] = set()
        for entry in self.entries(wanted):
            key = self._key_of(entry, alive, kept)
            if not key:
                created.append(self.values(entry))
                continue
            kept.add(key)
            changes = self.changes(entry, alive[key])
            if changes:
                commands.append(["write", [int(key)], changes])
        removed = [int(key) for key in alive if key not in kept]
        if removed:
            commands.append(_removal(removed, self._removal))
        return [*commands, ["create", created]] if created else commands

    def entries(self, wanted: object) -> Sequence[Mapping[str, object]]:
        """The entries of a list that was given, checked."""
        if wanted is None:
            return ()
        if not isinstance(wanted, (list, tuple)) or not all(isinstance(entry, Mapping) for entry in wanted):
            what = f"{self._collection.name} is no list of records."
            raise RejectedError(what, cure="Correct the mapping.")
        for entry in wanted:
            unknown = sorted(set(entry) - set(self._names) - {"id", *(["number"] if self._collection.numbered else [])})
            if unknown:
                what = f"{self._collection.name} have no field {unknown[0]!r}."
                raise RejectedError(what, cure="Correct the mapping.")
        return wanted

    def values(self, entry: Mapping[str, object]) -> dict[str, object]:
        """What a new child is created with."""
        values = plain_values(self._collection.fields, entry, self._references)
        return {name: _as_added(value) for name, value in values.items()}

    def changes(self, entry: Mapping[str, object], child: Row) -> dict[str, object]:
        """What differs from the child as it stands."""
        now = shown_fields(self._collection.fields, child)
        changes: dict[str, object] = {}
        for name, value in entry.items():
            field = self._names.get(name)
            if field is None or not field.written or value == now[name]:
                continue
            encoded_value = encoded(field, value, self._references)
            if encoded_value != encoded(field, now[name], self._references):
                changes[field.target] = _replaced(encoded_value, now[name], field)
        return changes

    def _key_of(self, entry: Mapping[str, object], alive: Mapping[str, Row], kept: set[str]) -> str:
        key = str(entry.get("id") or "")
        if key:
            return key if key in alive else ""
        if self._collection.numbered:
            found = _numbered_key(entry.get("number"), alive)
            return "" if found in kept else found
        field = self._names.get(self._key_field)
        if field is None or not entry.get(field.name):
            return ""
        wanted = encoded(field, entry[field.name], self._references)
        for other, child in alive.items():
            now = shown_fields((field,), child)[field.name]
            if other not in kept and encoded(field, now, self._references) == wanted:
                return other
        return ""


def _numbered_key(number: object, alive: Mapping[str, Row]) -> str:
    """The key of the child at this place; "" for none."""
    text, keys = str(number or ""), list(alive)
    return keys[int(text) - 1] if text.isdecimal() and 0 < int(text) <= len(keys) else ""


def _as_added(value: object) -> object:
    """References of a new record are added by a command."""
    return [["add", value]] if isinstance(value, list) else value


def _replaced(value: object, now: object, field: Field) -> object:
    if field.kind is not Kind.REFERENCES:
        return value
    return exchanged(sent(field.kind, now), value)


def exchanged(old: object, new: object) -> list[Command]:
    """Commands that turn one list of references into another; what stays is left alone (Tryton adds first)."""
    before = old if isinstance(old, list) else []
    after = new if isinstance(new, list) else []
    removed, added = [key for key in before if key not in after], [key for key in after if key not in before]
    return [[verb, keys] for verb, keys in (("remove", removed), ("add", added)) if keys]


def stamps_of(resource: Resource, row: Row) -> dict[str, str]:
    """The time stamps that a write of the record and its children is made conditional on."""
    stamps = {f"{resource.model},{row['id']}": str(row.get("_timestamp"))}
    for path, model in resource.models.items():
        stamps |= {f"{model},{child['id']}": str(child.get("_timestamp")) for child in children_at(row, path)}
    return stamps
