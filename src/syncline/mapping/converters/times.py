"""Converters of dates and instants: any wire format to ISO 8601, instants always in UTC."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from decimal import Decimal
from typing import TypeVar

from syncline.mapping.converters.numbers import json_number
from syncline.mapping.converting import Arguments, Converter, ConverterSpec, Parameter
from syncline.mapping.values import as_decimal, as_text
from syncline.model.definitions import Kind

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_ISO_DATE = "YYYY-MM-DD"
_ISO_INSTANT = re.compile(
    r"(?P<YYYY>\d{4})-(?P<MM>\d\d)-(?P<DD>\d\d)[T ](?P<HH>\d\d):(?P<mm>\d\d)(?::(?P<ss>\d\d)(?:[.,](?P<f>\d{1,9}))?)?"
    r" ?(?P<zone>Z|z|[+-]\d\d(?::?\d\d)?)?",
    re.ASCII,
)
_PIECES = {"YYYY": r"\d{4}", "MM": r"\d\d", "DD": r"\d\d", "HH": r"\d\d", "mm": r"\d\d", "ss": r"\d\d", "f": r"\d{1,9}"}
_PIECE = re.compile("|".join(_PIECES))
_NEEDED_IN_DATES = ("YYYY", "MM", "DD")
_MICROSECONDS = 6

Part = dict[str, int]
T = TypeVar("T")


def iso_instant(moment: datetime) -> str:
    """An aware instant in its one canonical spelling: UTC, fraction only where there is one, without trailing zeros."""
    return _naive_iso(moment.astimezone(UTC)) + "Z"


def _naive_iso(moment: datetime) -> str:
    text = moment.replace(tzinfo=None).isoformat(timespec="microseconds")
    return text.rstrip("0").rstrip(".") if text.endswith("0") else text


def _date(arguments: Arguments) -> Converter:
    wire = _Format(arguments.text(0, _ISO_DATE), arguments, 0)
    canonical = _Format(_ISO_DATE, arguments, 0)

    def read(value: object) -> object:
        return _day(wire, value).isoformat()

    def write(value: object) -> object:
        return wire.write(datetime.combine(_day(canonical, value), datetime.min.time()))

    return Converter(get=read, put=write, remembers=True)


def _day(layout: _Format, value: object) -> date:
    found = layout.read(as_text(value).strip())
    return _real(lambda: date(found["YYYY"], found["MM"], found["DD"]))


def _instant(arguments: Arguments) -> Converter:
    zone = _zone(arguments)
    layout = _Format(arguments.text(1), arguments, 1) if len(arguments) > 1 else None
    is_local = len(arguments) > 0

    def read(value: object) -> object:
        text = as_text(value).strip()
        found = None if layout is None else layout.read(text)
        moment = _moment(text, zone) if found is None else _real(lambda: _combined(found, zone))
        return _real(lambda: iso_instant(moment))

    def write(value: object) -> object:
        moment = _moment(as_text(value).strip(), UTC)
        local = _real(lambda: moment.astimezone(zone))
        if layout is not None:
            return layout.write(local)
        return _naive_iso(local) if is_local else iso_instant(moment)

    return Converter(
        get=read, put=write, remembers=True, loses="the hour that a clock change repeats" if is_local else ""
    )


def _unix(per_second: int) -> Converter:
    def read(value: object) -> object:
        microseconds = int(as_decimal(value) * 1_000_000 / per_second)
        return _real(lambda: iso_instant(_EPOCH + timedelta(microseconds=microseconds)))

    def write(value: object) -> object:
        microseconds = (_moment(as_text(value).strip(), UTC) - _EPOCH) // timedelta(microseconds=1)
        return json_number(Decimal(microseconds) * per_second / 1_000_000)

    return Converter(get=read, put=write, remembers=True)


def _moment(text: str, zone: tzinfo) -> datetime:
    match = _ISO_INSTANT.fullmatch(text)
    if match is None:
        msg = "this is not a date and time such as 2024-05-31T08:30:00Z"
        raise ValueError(msg)
    found = {name: _whole(name, text) for name, text in match.groupdict().items() if text and name != "zone"}
    own = match["zone"]
    return _real(lambda: _combined(found, zone if own is None else _offset(own)))


def _combined(found: Part, zone: tzinfo) -> datetime:
    times = [found.get(name, 0) for name in ("HH", "mm", "ss", "f")]
    return datetime(found["YYYY"], found["MM"], found["DD"], times[0], times[1], times[2], times[3], tzinfo=zone)


def _whole(name: str, text: str) -> int:
    return int(text[:_MICROSECONDS].ljust(_MICROSECONDS, "0")) if name == "f" else int(text)


def _offset(text: str) -> tzinfo:
    if text in {"Z", "z"}:
        return UTC
    digits = text[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if text[0] == "-" else offset)


def _zone(arguments: Arguments) -> tzinfo:
    name = arguments.text(0, "UTC")
    try:
        return _zone_named(name)
    except (ValueError, OSError, LookupError):
        cure = 'Write a zone such as Europe/Berlin, or an offset between quotes such as "+08:00".'
        raise arguments.wrong(0, f"`{name}` is not a time zone", cure) from None


def _zone_named(name: str) -> tzinfo:
    if name == "UTC":
        return UTC
    if re.fullmatch(r"[+-]\d\d(?::?\d\d)?", name, re.ASCII):
        return _offset(name)
    from zoneinfo import ZoneInfo  # noqa: PLC0415  most systems speak UTC

    return ZoneInfo(name)


def _real(make: Callable[[], T]) -> T:
    try:
        return make()
    except (ValueError, OverflowError):
        msg = "there is no such date or time"
        raise ValueError(msg) from None


class _Format:
    """A layout of digits such as DD.MM.YYYY, for reading and writing."""

    __slots__ = ("_layout", "_pattern")

    def __init__(self, layout: str, arguments: Arguments, index: int) -> None:
        pieces = _PIECE.findall(layout)
        if any(pieces.count(piece) != 1 for piece in _NEEDED_IN_DATES) or len(set(pieces)) < len(pieces):
            cure = "Write YYYY, MM and DD once each, with HH, mm, ss and f for times, such as DD.MM.YYYY."
            raise arguments.wrong(index, f"`{layout}` is not a date format", cure)
        self._layout = layout
        literal = _PIECE.split(layout)
        groups = [f"(?P<{piece}>{_PIECES[piece]})" for piece in pieces]
        ends = [re.escape(text) for text in literal]
        self._pattern = re.compile("".join(a + b for a, b in zip(ends, [*groups, ""], strict=True)), re.ASCII)

    def read(self, text: str) -> Part:
        match = self._pattern.fullmatch(text)
        if match is None:
            msg = f"this is not written as {self._layout}"
            raise ValueError(msg)
        return {name: _whole(name, found) for name, found in match.groupdict().items()}

    def write(self, moment: datetime) -> str:
        known = {"YYYY": f"{moment.year:04}", "MM": f"{moment.month:02}", "DD": f"{moment.day:02}"}
        known |= {"HH": f"{moment.hour:02}", "mm": f"{moment.minute:02}", "ss": f"{moment.second:02}"}
        known["f"] = f"{moment.microsecond:06}"
        return _PIECE.sub(lambda match: known[match[0]], self._layout)


SPECS = (
    ConverterSpec(
        name="date",
        summary="A calendar date, in the system's format.",
        example='born | date("DD.MM.YYYY")',
        build=_date,
        gives=Kind.DATE,
        parameters=(Parameter(name="format", meaning="YYYY, MM and DD with anything between; ISO if not given"),),
    ),
    ConverterSpec(
        name="instant",
        summary="A point in time. With a zone, the system writes its local time without an offset.",
        example='changed | instant(Asia/Shanghai, "YYYY-MM-DD HH:mm:ss")',
        build=_instant,
        gives=Kind.INSTANT,
        parameters=(
            Parameter(name="zone", meaning="name or offset of the system's clock, UTC if not given"),
            Parameter(name="format", meaning="YYYY MM DD HH mm ss f with anything between; ISO if not given"),
        ),
    ),
    ConverterSpec(
        name="unix seconds",
        summary="A point in time as seconds since 1970, as a JSON number.",
        example="changed | unix seconds",
        build=lambda _: _unix(1),
        gives=Kind.INSTANT,
    ),
    ConverterSpec(
        name="unix milliseconds",
        summary="A point in time as milliseconds since 1970, as a JSON number.",
        example="changed | unix milliseconds",
        build=lambda _: _unix(1000),
        gives=Kind.INSTANT,
    ),
)
