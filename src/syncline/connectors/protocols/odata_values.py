"""Values as OData writes them: literals in addresses by their Edm type, and bodies of requests and answers. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal, InvalidOperation
from urllib.parse import quote, unquote

from syncline.connectors.protocols.odata_metadata import EntityType, Metadata, Property
from syncline.connectors.protocols.paths import text_of

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)
_TICKS = re.compile(r"/Date\((-?\d{1,15})([+-]\d{1,4})?\)/")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_IN_PARENTHESES = re.compile(r"\w\((.*)\)/?$")
_KEY_PART = re.compile(r"(?:(\w+)=)?((?:\w*'(?:[^']|'')*')|[^,]*)(?:,|$)")
_WHOLE = re.compile(r"-?\d{1,19}")
_NUMBER = re.compile(r"-?\d+(\.\d+)?")
_TIME_OF_DAY = re.compile(r"[0-9:.]{5,18}|PT[0-9HMS.]+")
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_WHOLES = frozenset({"Edm.Byte", "Edm.SByte", "Edm.Int16", "Edm.Int32", "Edm.Int64"})
_REALS = frozenset({"Edm.Single", "Edm.Double"})
_TIMES = frozenset({"Edm.DateTime", "Edm.DateTimeOffset"})

#: Type -> how its text must look to be a literal at all.
_LOOKS: Mapping[str, Callable[[str], object]] = {
    "Edm.Guid": _GUID.fullmatch,
    "Edm.Decimal": _NUMBER.fullmatch,
    "Edm.Boolean": frozenset({"true", "false"}).__contains__,
    "Edm.Date": _DAY.fullmatch,
    "Edm.TimeOfDay": _TIME_OF_DAY.fullmatch,
    "Edm.Time": _TIME_OF_DAY.fullmatch,
    **dict.fromkeys(_WHOLES, _WHOLE.fullmatch),
    **dict.fromkeys(_REALS, _NUMBER.fullmatch),
}
#: Version 2 says the type in the literal.
_V2 = {
    "Edm.Guid": "guid'{}'", "Edm.Int64": "{}L", "Edm.Decimal": "{}M", "Edm.Double": "{}d", "Edm.Single": "{}f",
    "Edm.Time": "time'{}'",
}  # fmt: skip


def literal(text: str, kind: str, version: str) -> str:
    """A value in an address, not yet percent-encoded.

    Raises:
        ValueError: No value of this type is written so.

    >>> literal("O'Hara", "Edm.String", "v4"), literal("7", "Edm.Int64", "v2")
    ("'O''Hara'", '7L')
    """
    if kind in _TIMES:
        return _time_literal(text, kind, version)
    looks = _LOOKS.get(kind)
    if looks is None:
        return "'" + text.replace("'", "''") + "'"
    if not looks(text):
        msg = f"{text!r} is no {kind}"
        raise ValueError(msg)
    return _V2[kind].format(text) if version == "v2" and kind in _V2 else text


def _time_literal(text: str, kind: str, version: str) -> str:
    instant = datetime.fromisoformat(text)
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    plain = aware.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds").rstrip("0").rstrip(".")
    if version == "v4":
        return f"{plain}Z"
    return f"datetime'{plain}'" if kind == "Edm.DateTime" else f"datetimeoffset'{plain}Z'"


# --- keys -------------------------------------------------------------------------------------------------------------


def key_of(values: Sequence[str], names: Sequence[str]) -> str:
    """The key of a record: the value itself, or with several parts each with its name.

    >>> key_of(["a,b", "10"], ["Order", "Item"])
    'Order=a%2Cb,Item=10'
    """
    if len(names) == 1:
        return values[0]
    return ",".join(f"{name}={quote(value, safe=' ')}" for name, value in zip(names, values, strict=True))


def parts_of(key: str, names: Sequence[str]) -> Sequence[str]:
    """The values of a key's parts.

    Raises:
        ValueError: It is no key of these parts.
    """
    if len(names) == 1:
        return [key]
    found = dict(pair.split("=", 1) for pair in key.split(","))
    if list(found) != list(names):
        msg = f"{key!r} has not the parts {', '.join(names)}"
        raise ValueError(msg)
    return [unquote(value) for value in found.values()]


def address_of(key: str, entity: EntityType, version: str) -> str:
    """The key in parentheses as it stands in an address, percent-encoded.

    Raises:
        ValueError: No entity of this type has this key.
    """
    written = [
        quote(literal(value, entity.properties[name].type, version), safe="'")
        for name, value in zip(entity.keys, parts_of(key, entity.keys), strict=True)
    ]
    if len(written) == 1:
        return f"({written[0]})"
    return "(" + ",".join(f"{name}={value}" for name, value in zip(entity.keys, written, strict=True)) + ")"


def key_at(address: str, entity: EntityType) -> str:
    """The key in the address of an entity, such as Location or @odata.id; "" where there is none.

    >>> from syncline.connectors.protocols.odata_metadata import EntityType
    >>> key_at("Orders(Order=1,Item='a''b%2F')", EntityType(keys=["Order", "Item"], properties={}, ways={}))
    'Order=1,Item=a%27b%2F'
    """
    inner = _IN_PARENTHESES.search(address)
    if inner is None:
        return ""
    pieces = _KEY_PART.findall(inner[1])[: len(entity.keys)]
    found = {name or (entity.keys[0] if len(entity.keys) == 1 else ""): _bare(value) for name, value in pieces}
    try:
        return key_of([found[name] for name in entity.keys], entity.keys)
    except KeyError:
        return ""


def _bare(value: str) -> str:
    """A literal without what says its type."""
    if value.endswith("'"):
        return unquote(value.partition("'")[2][:-1]).replace("''", "'")
    plain = unquote(value)
    return plain[:-1] if plain[-1:] in {"L", "M"} and plain[:-1].lstrip("-").isdecimal() else plain


# --- bodies -----------------------------------------------------------------------------------------------------------


class Bodies:
    """Fields of a record to and from the body of a request, for one service."""

    def __init__(self, metadata: Metadata, *, version: str, decimals_as_text: bool) -> None:
        self._metadata = metadata
        self._is_v2 = version == "v2"
        self._as_text = decimals_as_text or self._is_v2

    def sent(self, fields: Mapping[str, object], entity: EntityType) -> dict[str, object]:
        """The fields as the service wants them."""
        return {name: self._sent(value, name, entity) for name, value in fields.items()}

    def _sent(self, value: object, name: str, entity: EntityType) -> object:
        way, known = entity.ways.get(name), entity.properties.get(name)
        if way is not None or (known is not None and known.type in self._metadata.types):
            inner = self._metadata.types.get(way.type if way else known.type if known else "")
            if inner is not None and isinstance(value, Mapping):
                return self.sent(value, inner)
            if inner is not None and isinstance(value, list | tuple):
                return [self.sent(one, inner) if isinstance(one, Mapping) else one for one in value]
        return value if known is None or value is None else self._single(value, known)

    def _single(self, value: object, known: Property) -> object:
        kind = known.type
        if kind == "Edm.Decimal" or kind == "Edm.Int64":
            return _exact(value, as_text=self._as_text)
        if kind in _WHOLES and isinstance(value, str) and _WHOLE.fullmatch(value):
            return int(value)
        if kind in _REALS and isinstance(value, str) and _NUMBER.fullmatch(value):
            return Decimal(value)
        if kind == "Edm.Boolean" and value in ("true", "false"):
            return value == "true"
        if kind in _TIMES and self._is_v2 and isinstance(value, str):
            return _ticks(value, kind)
        return value

    def shown(self, value: object, known: Property | None) -> object:
        """A value of version 2 in plain words: /Date(…)/ as ISO 8601."""
        if known is None or known.type not in _TIMES or not isinstance(value, str):
            return value
        found = _TICKS.fullmatch(value)
        if found is None:
            return value
        instant = (_EPOCH + int(found[1]) * _MILLISECOND).replace(tzinfo=None)
        if known.is_date:
            return instant.date().isoformat()
        text = instant.isoformat(timespec="milliseconds" if instant.microsecond else "seconds")
        return text if known.type == "Edm.DateTime" else f"{text}Z"


def _exact(value: object, *, as_text: bool) -> object:
    """A number without a detour through binary fractions."""
    if isinstance(value, bool) or not isinstance(value, str | int | float | Decimal):
        return value
    try:
        number = Decimal(str(value))
    except InvalidOperation:  # the service shall refuse it
        return value
    if not number.is_finite():
        return text_of(value)
    return f"{number:f}" if as_text else Decimal(f"{number:f}")


def _ticks(text: str, kind: str) -> str:
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:  # the service shall refuse it
        return text
    aware = instant if instant.tzinfo else instant.replace(tzinfo=UTC)
    return f"/Date({(aware - _EPOCH) // _MILLISECOND}{'' if kind == 'Edm.DateTime' else '+0000'})/"
