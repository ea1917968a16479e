"""Values as XML Schema writes them, to and from plain ones. Pure.

What is no value of its type stays the text that it is: a number of a system may be empty, and that is not null.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, tzinfo
from decimal import Decimal
from xml.sax.saxutils import escape

from syncline.connectors.protocols.paths import text_of

_LONG = 18  #: digits that 64 bits surely hold
_WHOLE = re.compile(r"[+-]?\d{1,400}")
_NUMBER = re.compile(r"[+-]?(\d{1,400}(\.\d{0,400})?|\.\d{1,400})")
_REAL = re.compile(r"[+-]?(\d{1,40}(\.\d{0,40})?|\.\d{1,40})([eE][+-]?\d{1,3})?")
_DAY = re.compile(r"(-?\d{4,6}-\d\d-\d\d)(Z|[+-]\d\d:\d\d)")
_PLAIN_DAY = re.compile(r"\d{4}-\d\d-\d\d")
_MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,12})?(Z|[+-]\d\d:\d\d)?")
_ZONED = re.compile(r"(Z|[+-]\d\d:\d\d)$")
#: What no XML of version 1.0 can hold, not even by its number.
_UNSAYABLE = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BOOLEANS = {"true": True, "1": True, "false": False, "0": False}


class Scalars:
    """Values of one system. `zone` is that of times that show none; None leaves them as they are."""

    def __init__(self, zone: tzinfo | None = None) -> None:
        self._zone = zone
        self._shown: Mapping[str, Callable[[str], object]] = {
            "integer": _whole, "decimal": _number, "float": _real, "boolean": _boolean, "date": _day,
            "dateTime": self._moment if zone else str,
        }  # fmt: skip
        self._written: Mapping[str, Callable[[str], str]] = {
            "integer": _as_number, "decimal": _as_number, "float": _as_real, "boolean": _as_boolean, "date": _as_day,
            "dateTime": self._as_moment,
        }  # fmt: skip

    def shown(self, kind: str, text: str) -> object:
        """The value of an element or attribute.

        >>> Scalars().shown("decimal", " 12.50 "), Scalars().shown("decimal", ""), Scalars().shown("text", " a ")
        (Decimal('12.50'), '', ' a ')
        """
        read = self._shown.get(kind)
        return text if read is None else read(text.strip())

    def written(self, kind: str, value: object) -> str:
        """A value as text, not yet escaped; an empty one stays empty.

        Raises:
            ValueError: No value of this type is written so.

        >>> Scalars().written("decimal", Decimal("1E+3")), Scalars().written("boolean", True)
        ('1000', 'true')
        """
        if isinstance(value, dict | list):
            raise ValueError("holds more than a value")
        text = format(value, "f") if isinstance(value, Decimal) and value.is_finite() else text_of(value)
        write = self._written.get(kind)
        return write(text.strip()) if write and text.strip() else text

    def _moment(self, text: str) -> object:
        """A time with the offset that the zone has then. The hour that comes twice is its first."""
        if not _MOMENT.fullmatch(text) or _ZONED.search(text):
            return text
        try:
            offset = datetime.fromisoformat(text).replace(tzinfo=self._zone).strftime("%z")
        except ValueError:
            return text
        return f"{text}{offset[:3]}:{offset[3:5]}"

    def _as_moment(self, text: str) -> str:
        try:
            instant = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError("is no time") from None
        if not _MOMENT.fullmatch(text):
            text = instant.isoformat()
        if self._zone is None or instant.tzinfo is None:
            return text
        return instant.astimezone(self._zone).replace(tzinfo=None).isoformat()

    def bound(self, text: str) -> str:
        """A lower bound in UTC as the system's own clock would show it."""
        if self._zone is None or not text.endswith("Z"):
            return text
        instant = datetime.fromisoformat(text).replace(tzinfo=UTC)
        return instant.astimezone(self._zone).replace(tzinfo=None).isoformat(timespec="milliseconds")


def escaped(text: str, *, quoted: bool = False) -> str:
    r"""A text as it stands between tags, or in an attribute's quotation marks.

    Raises:
        ValueError: XML cannot say it.

    >>> escaped("a < b & c\r")
    'a &lt; b &amp; c&#13;'
    """
    if _UNSAYABLE.search(text):
        raise ValueError("has a character that XML cannot hold")
    marks = {"\r": "&#13;", '"': "&quot;", "\n": "&#10;", "\t": "&#9;"} if quoted else {"\r": "&#13;"}
    return escape(text, marks)


def _whole(text: str) -> object:
    if not _WHOLE.fullmatch(text):
        return text
    return int(text) if len(text) <= _LONG else Decimal(text)  # what JSON is read with stops at 64 bits


def _number(text: str) -> object:
    return Decimal(text) if _NUMBER.fullmatch(text) else text


def _real(text: str) -> object:
    return Decimal(text) if _REAL.fullmatch(text) else text


def _boolean(text: str) -> object:
    return _BOOLEANS.get(text, text)


def _day(text: str) -> object:
    """A day is a day, whatever offset a server adds to it."""
    found = _DAY.fullmatch(text)
    return found[1] if found else text


def _as_number(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise ValueError("is no number")
    return text


def _as_real(text: str) -> str:
    if not _REAL.fullmatch(text) and text not in {"INF", "-INF", "NaN"}:
        raise ValueError("is no number")
    return text


def _as_boolean(text: str) -> str:
    if text not in _BOOLEANS:
        raise ValueError("is neither true nor false")
    return text


def _as_day(text: str) -> str:
    try:
        if _PLAIN_DAY.fullmatch(text):
            date.fromisoformat(text)
            return text
    except ValueError:
        pass
    raise ValueError("is no date")
