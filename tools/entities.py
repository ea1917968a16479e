"""The pages of the canonical entities: what each field means, and what the standards call it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from syncline.model.definitions import EXTENSION, EntityDefinition, FieldDefinition, Kind
from syncline.model.entities import ENTITIES, definition

Table = Callable[[Sequence[str], Sequence[Sequence[str]]], str]

FOLDER = "entities"
ABOUT = f"""The words in which systems are compared. Name one of these entities in a flow (`entity: customer`) and its
mappings are held to it: a field that it does not have is told with its place and the nearest one that it has, a
converter that cannot give what the field holds as well. Any field whose name begins with `{EXTENSION}` is your own, in
every entity, and so are all fields of an entity that is not listed here."""
NOT_ALL = """Nobody needs all fields: a flow carries those that its mappings name. No field is needed but the key of a
line; where a table says *always*, the entity means little without it."""
_SHORT = {
    Kind.MONEY: "money, in `{of}`",
    Kind.QUANTITY: "quantity, in `{of}`",
    Kind.CHOICE: "{choices}",
}


def pages(table: Table) -> Iterator[tuple[str, list[str]]]:
    """Each page by its name, as blocks."""
    yield f"{FOLDER}/README.md", _index(table)
    for name in ENTITIES:
        entity = definition(name)
        if entity is not None:
            yield f"{FOLDER}/{name}.md", list(_page(entity, table))


def _index(table: Table) -> list[str]:
    found = [one for one in map(definition, ENTITIES) if one is not None]
    rows = [(f"[`{one.name}`]({one.name}.md)", one.meaning) for one in found]
    kinds = [(one.value, _KINDS[one]) for one in Kind]
    return ["# Entities", ABOUT, NOT_ALL, table(["entity", "what it is"], rows), "## Kinds",
            "What a field holds. The values are those that a mapping makes and a case expects.",
            table(["kind", "value"], kinds)]  # fmt: skip


def _page(entity: EntityDefinition, table: Table) -> Iterator[str]:
    yield f"# `{entity.name}`"
    yield f"{entity.meaning[0].upper()}{entity.meaning[1:]}."
    yield f"Semantics: {entity.standard}"
    yield "## Fields"
    yield _fields(entity.fields, table)
    for lines in entity.lines:
        yield f"## Lines: `{lines.name}`"
        term = f" ({lines.term})" if lines.term else ""
        yield f"{lines.meaning[0].upper()}{lines.meaning[1:]}{term}; named by `{lines.key}`."
        yield _fields(lines.fields, table)
    if entity.groups:
        yield "## Groups"
        yield ("Fields that change together. Name them under `groups` of the flow, and they merge as one: "
               "half an address, or an amount in another currency, is never made.")  # fmt: skip
        rows = [(f"`{name}`", ", ".join(f"`{one}`" for one in members)) for name, members in entity.groups.items()]
        yield table(["group", "fields"], rows)
    met = [one for one in map(definition, ENTITIES) if one is not None and _refers(one, entity.name)]
    if met:
        yield "Referred to by: " + ", ".join(f"[`{one.name}`]({one.name}.md)" for one in met) + "."
    yield "[All entities](README.md)"


def _fields(fields: Sequence[FieldDefinition], table: Table) -> str:
    rows = [(f"`{one.name}`", _kind(one), _meaning(one), one.term) for one in fields]
    return table(["field", "holds", "meaning", "term of the standard"], rows)


def _kind(field: FieldDefinition) -> str:
    if field.kind is Kind.REFERENCE:
        return f"[`{field.of}`]({field.of}.md)"
    listed = ", ".join(f"`{one}`" for one in field.choices)
    said = _SHORT.get(field.kind, field.kind.value).format(of=field.of, choices=listed)
    return f"{said} [{field.unit}]" if field.unit else said


def _meaning(field: FieldDefinition) -> str:
    return field.meaning if field.nullable else f"{field.meaning}; always"


def _refers(entity: EntityDefinition, name: str) -> bool:
    fields = [*entity.fields, *(one for lines in entity.lines for one in lines.fields)]
    return any(one.kind is Kind.REFERENCE and one.of == name for one in fields)


_KINDS = {
    Kind.TEXT: "any text, or a whole number that something is called by",
    Kind.INTEGER: "a whole number of 64 bits",
    Kind.DECIMAL: 'an exact number as text without trailing zeros: `"12.5"`; its unit stands behind it in brackets',
    Kind.BOOLEAN: "`true` or `false`",
    Kind.MONEY: "an exact number; its currency is another field",
    Kind.QUANTITY: "an exact number; its unit is another field",
    Kind.DATE: "a day of the calendar, in no time zone: `2026-03-01`",
    Kind.INSTANT: "a point in time, in UTC: `2026-03-01T08:00:00Z`",
    Kind.CHOICE: "one of the words that the page lists",
    Kind.REFERENCE: "another entity; in each system its own key, written as `ref(customer)`",
    Kind.SET: "texts without order, none twice",
    Kind.EMAIL: "an e-mail address",
    Kind.PHONE: "a phone number as E.164: `+8675512345678`",
    Kind.COUNTRY: "ISO 3166, two letters: `CN`",
    Kind.LANGUAGE: "ISO 639, with a region where that matters: `de`, `zh-CN`",
    Kind.CURRENCY: "ISO 4217, three letters: `EUR`",
    Kind.UNIT: "UN/ECE Recommendation 20: `KGM`, `H87` (piece), `MTR`",
    Kind.GTIN: "a global trade item number with a right check digit, of 8, 13 or 14 digits",
    Kind.GLN: "a global location number with a right check digit, of 13 digits",
    Kind.SSCC: "a serial shipping container code with a right check digit, of 18 digits",
    Kind.VAT: "a number for value added tax, its country first, right by the rules of that country: `DE136695976`",
    Kind.IBAN: "an international bank account number with right check digits, without spaces",
}
