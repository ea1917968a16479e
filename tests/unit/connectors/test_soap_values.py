"""Values, requests and answers of SOAP, without a service."""

import json
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.connectors.protocols.json_values import as_record
from syncline.connectors.protocols.soap_answer import SPACES, XSI, Answer, read_answer
from syncline.connectors.protocols.soap_body import Body, placed
from syncline.connectors.protocols.soap_layout import Layout, Message, Part, at, is_list
from syncline.connectors.protocols.soap_values import Scalars
from syncline.connectors.protocols.xml_document import look_through, read_xml

_PLAIN = Scalars()
_BERLIN = Scalars(ZoneInfo("Europe/Berlin"))


def _layout(*parts: Part, **attributes: str) -> Layout:
    made = Layout()
    made.fill({part.name: part for part in parts}, {f"@{name}": kind for name, kind in attributes.items()}, "")
    return made


def _value(name: str, kind: str = "text", *, many: bool = False) -> Part:
    return Part(name=name, space="urn:a", layout=Layout(kind=kind, told=kind), nillable=True, many=many)


_LINE = _layout(_value("sku"), _value("count", "decimal"), no="integer")
_LINES = _layout(Part(name="line", space="urn:b", layout=_LINE, many=True, nillable=True))
_ORDER = _layout(
    _value("name"), _value("total", "decimal"), _value("paid", "boolean"), _value("tag", many=True),
    Part(name="lines", space="urn:a", layout=_LINES, nillable=True),
)  # fmt: skip
_MESSAGE = Message(name="Order", space="urn:a", layout=_ORDER)


def said_and_heard(value: object) -> object:
    """What comes back from an echo."""
    body = Body(_PLAIN, "nil")
    inner = body.element(_MESSAGE, value)
    whole = f'<e:Envelope xmlns:e="{SPACES[0]}" xmlns:xsi="{XSI}"{body.declared}><e:Body>{inner}</e:Body></e:Envelope>'
    return read_answer(whole.encode(), _MESSAGE, _PLAIN, lambda _: None, is_loose=False).value


_TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufffe\uffff")) | st.just("a\r\n\tb")
_NUMBER = st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**12), max_value=10**12)
_LINES_OF = st.lists(st.fixed_dictionaries({}, optional={"sku": _TEXT, "count": _NUMBER, "@no": st.integers(0, 9)}))


@given(
    st.fixed_dictionaries(
        {"tag": st.lists(_TEXT)},
        optional={
            "name": st.none() | _TEXT, "total": st.none() | _NUMBER, "paid": st.none() | st.booleans(),
            "lines": st.none() | _LINES_OF,
        },
    )
)  # fmt: skip
def test_what_was_said_is_heard(value):
    assert said_and_heard(value) == value


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("integer", "+07", 7), ("integer", "", ""), ("integer", "1.0", "1.0"), ("integer", "9" * 30, Decimal("9" * 30)),
        ("decimal", "-0.00", Decimal("-0.00")), ("decimal", ".5", Decimal("0.5")), ("decimal", "1e3", "1e3"),
        ("float", "1.5E3", Decimal("1.5E3")), ("float", "NaN", "NaN"), ("float", "-INF", "-INF"),
        ("boolean", "1", True), ("boolean", "false", False), ("boolean", "TRUE", "TRUE"),
        ("date", "2026-01-31Z", "2026-01-31"), ("date", "2026-01-31", "2026-01-31"),
        ("dateTime", "2026-01-31T00:00:00", "2026-01-31T00:00:00"), ("text", " a ", " a "),
    ],
)  # fmt: skip
def test_a_value_is_read_by_its_type_and_stays_text_where_it_is_none(kind, text, value):
    shown = _PLAIN.shown(kind, text)

    assert shown == value
    assert type(shown) is type(value)
    assert json.loads(as_record({"a": shown}))["a"] is not None


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("2026-07-01T10:00:00+02:00", "2026-07-01T10:00:00"), ("2026-12-31T23:30:00Z", "2027-01-01T00:30:00"),
        ("2026-10-25T01:30:00+00:00", "2026-10-25T02:30:00"), ("2026-07-01T10:00:00", "2026-07-01T10:00:00"),
    ],
)  # fmt: skip
def test_a_time_goes_out_as_the_systems_own_clock_shows_it(sent, shown):
    assert _BERLIN.written("dateTime", sent) == shown


def test_the_hour_that_comes_twice_is_its_first():
    assert _BERLIN.shown("dateTime", "2026-10-25T02:30:00") == "2026-10-25T02:30:00+02:00"


@pytest.mark.parametrize("text", ["2026-02-30T00:00:00", "24:00", "2026-01-01T00:00:00.123456789Z"])
def test_what_is_no_time_of_a_zone_stays_as_it_is(text):
    assert _BERLIN.shown("dateTime", text) == text


def test_a_value_is_placed_beside_what_is_there():
    there = {"a": {"b": 1}, "c": 2}

    assert placed(there, ("a", "d"), 3) == {"a": {"b": 1, "d": 3}, "c": 2}
    assert placed(there, (), {"c": 4}) == {"a": {"b": 1}, "c": 4}
    assert there == {"a": {"b": 1}, "c": 2}


def test_a_place_inside_of_a_list_is_none():
    found = at(_ORDER, ("lines",))

    assert found is not None
    assert is_list(found)
    assert at(_ORDER, ("lines", "line")) is None
    assert at(_ORDER, ("name", "more")) is None
    assert at(_LINE, ("@no",)) is not None


def test_a_fault_of_version_1_2_is_told_by_its_deepest_code():
    body = (
        f'<e:Envelope xmlns:e="{SPACES[1]}"><e:Body><e:Fault><e:Code><e:Value>e:Sender</e:Value><e:Subcode>'
        "<e:Value>m:Bad</e:Value><e:Subcode><e:Value>m:Worse</e:Value></e:Subcode></e:Subcode></e:Code>"
        '<e:Reason><e:Text xml:lang="en">no</e:Text></e:Reason><e:Detail><x><code> 7 </code></x></e:Detail>'
        "</e:Fault></e:Body></e:Envelope>"
    )
    found = read_answer(body.encode(), _MESSAGE, _PLAIN, lambda _: None, is_loose=False)

    assert isinstance(found, Answer)
    assert found.fault is not None
    assert list(found.fault.codes) == ["x", "Worse", "Bad", "Sender"]
    assert (found.fault.words, dict(found.fault.detail)) == ("no", {"x": "", "x.code": "7"})


_SOUND = (
    f'<?xml version="1.0" encoding="UTF-8"?><e:Envelope xmlns:e="{SPACES[0]}" xmlns:xsi="{XSI}" xmlns="urn:a"><e:Body>'
    '<Order><name xsi:nil="true"/><total>1.50</total><tag>a &amp; b</tag><lines><line no="1"><sku>x</sku></line>'
    "</lines></Order></e:Body></e:Envelope>"
).encode()


@given(st.integers(0, len(_SOUND) - 1), st.integers(0, 40), st.binary(max_size=12))
def test_a_damaged_answer_is_read_or_refused_and_nothing_else(place, length, other):
    damaged = _SOUND[:place] + other + _SOUND[place + length :]
    try:
        found = read_answer(damaged, _MESSAGE, _PLAIN, lambda _: None, is_loose=False)
    except ValueError:
        return
    assert isinstance(found, Answer)


@pytest.mark.parametrize("encoding", ["nobody-knows-it", "rot13", "hex", "utf-7", "gbk", "idna", "undefined"])
def test_an_encoding_that_cannot_be_read_is_no_xml(encoding):
    body = _SOUND.replace(b"UTF-8", encoding.encode())

    with pytest.raises(ValueError, match=r"."):
        read_answer(body, _MESSAGE, _PLAIN, lambda _: None, is_loose=False)
    with pytest.raises(ValueError, match=r"."):
        read_xml(body)
    with pytest.raises((ValueError, SyntaxError)):
        look_through([body])
