"""Converters of shape: sets, JSON, stand-ins for null, defaults and references."""

from __future__ import annotations

from decimal import Decimal
from typing import cast

import msgspec
from msgspec import UNSET

from syncline.mapping.converting import Arguments, Converter, ConverterSpec, Parameter
from syncline.mapping.values import as_integer, as_text, kind
from syncline.model.definitions import Kind

_json = msgspec.json.Encoder(decimal_format="number", order="deterministic")


def _members(value: object, separator: str) -> list[str]:
    parts = value if isinstance(value, list) else as_text(value).split(separator)
    return sorted({text for part in parts if (text := as_text(part).strip())})


def _list(_: Arguments) -> Converter:
    return Converter(get=lambda value: _members(value, ","), put=lambda value: _members(value, ","))


def _tags(arguments: Arguments) -> Converter:
    separator = arguments.text(0, ",")
    if not separator.strip():
        raise arguments.wrong(0, "the separator is blank", 'Write a character between quotes, such as tags(";").')

    def read(value: object) -> object:
        return value if value is None or value is UNSET else _members(value, separator)

    def write(value: object) -> object:
        if value is None or value is UNSET:
            return value
        members = value if isinstance(value, list) else [value]
        for member in members:
            if separator in as_text(member):
                msg = f"`{member}` contains the separator `{separator}`"
                raise ValueError(msg)
        return separator.join(_members(members, separator))

    return Converter(get=read, put=write, sees_blanks=True)


def _read_json(value: object) -> object:
    return _json.encode(value).decode()


def _write_json(value: object) -> object:
    try:
        return cast("object", msgspec.json.decode(as_text(value)))
    except msgspec.DecodeError as error:
        msg = f"this is not JSON: {error}"
        raise ValueError(msg) from None


def _empty(arguments: Arguments) -> Converter:
    arguments.text(0)
    markers = [literal.value for literal in arguments.all()]

    def read(value: object) -> object:
        found = value.strip() if isinstance(value, str) else value
        is_marker = any(found == marker and isinstance(found, bool) == isinstance(marker, bool) for marker in markers)
        return None if is_marker else value

    return Converter(
        get=read,
        put=lambda value: markers[0] if value is None else value,
        sees_blanks=True,
        loses="the stand-in itself",
    )


def _default(arguments: Arguments) -> Converter:
    default = arguments.value(0)
    return Converter(
        put=lambda value: default if value is None or value == "" else value,
        sees_blanks=True,
        loses=f"null and empty become `{default}`",
    )


def _reference(arguments: Arguments) -> Converter:
    entity = arguments.text(0)
    as_number = arguments.choice(1, ["text", "number"], "text") == "number"

    def read(value: object) -> object:
        if isinstance(value, (str, int, Decimal)) and not isinstance(value, bool):
            return value if isinstance(value, str) else str(as_integer(value))
        msg = f"this is {kind(value)}, not an identifier"
        raise ValueError(msg)

    return Converter(get=read, put=as_integer if as_number else as_text, refers_to=entity)


SPECS = (
    ConverterSpec(
        name="list",
        summary="A set of texts that the system keeps as a JSON list; their order does not matter.",
        example="labels | list",
        build=_list,
        gives=Kind.SET,
    ),
    ConverterSpec(
        name="tags",
        summary="A set of texts that the system keeps as one text with separators.",
        example='labels | tags(";")',
        build=_tags,
        gives=Kind.SET,
        parameters=(Parameter(name="separator", meaning="a comma if not given"),),
    ),
    ConverterSpec(
        name="json",
        summary="Any nested value, kept whole as JSON text.",
        example="settings | json",
        build=lambda _: Converter(get=_read_json, put=_write_json, loses="digits of a number after the 17th"),
        gives=Kind.TEXT,
    ),
    ConverterSpec(
        name="empty",
        summary="What the system writes where it means null; the first stand-in is written back.",
        example="fax | empty(n/a)",
        build=_empty,
        keeps=True,
        parameters=(Parameter(name="stand-in", meaning="a value that means null", optional=False, repeats=True),),
    ),
    ConverterSpec(
        name="default",
        summary="What is written where the canonical value is null or empty.",
        example="terms | default(net30)",
        build=_default,
        keeps=True,
        parameters=(Parameter(name="value", meaning="the value to write", optional=False),),
    ),
    ConverterSpec(
        name="ref",
        summary="The identifier of another record; in each system it is that system's own.",
        example="customer_id | ref(customer)",
        build=_reference,
        gives=Kind.REFERENCE,
        parameters=(
            Parameter(name="entity", meaning="type of the entity that is meant", optional=False),
            Parameter(name="form", meaning="`text` or `number`: how the system writes identifiers"),
        ),
    ),
)
