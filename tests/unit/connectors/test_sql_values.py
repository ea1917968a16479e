"""Values of databases: what a column shows, and what may be written into it."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.connectors.protocols.sql_table import key_of
from syncline.connectors.protocols.sql_values import Kind, decoder, encode

BERLIN, UTC_ZONE = ZoneInfo("Europe/Berlin"), ZoneInfo("UTC")


@pytest.mark.parametrize(
    ("kind", "value", "bound"),
    [
        (Kind.TEXT, "a", "a"),
        (Kind.TEXT, 5, "5"),
        (Kind.INTEGER, "17", 17),
        (Kind.DECIMAL, "1E+2", "100"),
        (Kind.DECIMAL, 12.5, "12.5"),
        (Kind.BOOLEAN, 1, True),
        (Kind.DATE, "2024-02-29", "2024-02-29"),
        (Kind.TIME, "14:30", "14:30:00"),
        (Kind.INSTANT, "2026-03-29T14:30:00+02:00", "2026-03-29 12:30:00+00:00"),
        (Kind.UTC, "2026-03-29T14:30:00+02:00", "2026-03-29 12:30:00"),
        (Kind.LOCAL, "2026-07-01T12:00:00Z", "2026-07-01 14:00:00"),
        (Kind.JSON, {"a": [1, None]}, '{"a":[1,null]}'),
        (Kind.BYTES, "AAH/", b"\x00\x01\xff"),
        (Kind.UUID, "5F0C1A38000040008000000000000000", "5f0c1a38-0000-4000-8000-000000000000"),
    ],
)
def test_what_is_bound(kind, value, bound):
    assert encode(kind, value, BERLIN) == bound
    assert encode(kind, None, BERLIN) is None


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (Kind.TEXT, ["a"]),
        (Kind.TEXT, True),
        (Kind.INTEGER, "1.5"),
        (Kind.INTEGER, 2**63),
        (Kind.INTEGER, True),
        (Kind.DECIMAL, "twelve"),
        (Kind.DECIMAL, "NaN"),
        (Kind.DECIMAL, "Infinity"),
        (Kind.BOOLEAN, "yes"),
        (Kind.BOOLEAN, 2),
        (Kind.DATE, "2023-02-29"),
        (Kind.DATE, "today"),
        (Kind.DATE, 20240229),
        (Kind.TIME, "25:00"),
        (Kind.INSTANT, "now"),
        (Kind.INSTANT, "2026-13-01T00:00:00Z"),
        (Kind.UUID, "5f0c"),
        (Kind.BYTES, "no base64!"),
    ],
)
def test_what_cannot_be_is_refused_with_what_was_expected(kind, value):
    with pytest.raises(ValueError, match="must be "):
        encode(kind, value, UTC_ZONE)


@pytest.mark.parametrize(
    ("kind", "key", "bound"),
    [
        (Kind.INTEGER, "12", 12),
        (Kind.INTEGER, "-3", -3),
        (Kind.INTEGER, "012", None),
        (Kind.INTEGER, " 12", None),
        (Kind.INTEGER, "1_2", None),
        (Kind.INTEGER, "99999999999999999999", None),
        (Kind.TEXT, "a b", "a b"),
        (Kind.TEXT, "a\x00", None),
        (Kind.UUID, "5f0c1a38-0000-4000-8000-000000000000", "5f0c1a38-0000-4000-8000-000000000000"),
        (Kind.UUID, "5F0C1A38-0000-4000-8000-000000000000", None),
    ],
)
def test_a_key_that_no_row_shows_is_not_asked_for(kind, key, bound):
    assert key_of(kind, key) == bound


def test_times_without_a_zone_lie_in_that_of_the_options():
    decode = decoder(Kind.LOCAL, BERLIN, "postgresql")
    assert decode is not None

    shown = decode([datetime(2026, 7, 1, 14), None, datetime(2026, 1, 1, 13)])  # noqa: DTZ001  as a driver gives them

    assert shown == [datetime(2026, 7, 1, 12, tzinfo=UTC), None, datetime(2026, 1, 1, 12, tzinfo=UTC)]


@pytest.mark.parametrize(("kind", "value"), [(Kind.DECIMAL, "1,5"), (Kind.LOCAL, "soon"), (Kind.BOOLEAN, 7)])
def test_a_value_of_sqlite_that_is_not_what_its_column_says_is_an_error(kind, value):
    decode = decoder(kind, UTC_ZONE, "sqlite")
    assert decode is not None
    with pytest.raises((ValueError, ArithmeticError)):
        decode([value])


@given(at=st.datetimes(min_value=datetime(1971, 1, 1), max_value=datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_an_instant_survives_the_way_through_a_column_except_the_hour_that_is_repeated(at):
    decode = decoder(Kind.LOCAL, BERLIN, "sqlite")
    assert decode is not None

    (back,) = decode([encode(Kind.LOCAL, at.isoformat(), BERLIN)])

    local = at.astimezone(BERLIN)
    assert back == at or local.fold == 1


@given(number=st.decimals(allow_nan=False, allow_infinity=False, places=6, min_value=-(10**12), max_value=10**12))
def test_a_decimal_is_bound_exactly(number):
    assert Decimal(str(encode(Kind.DECIMAL, str(number), UTC_ZONE))) == number
