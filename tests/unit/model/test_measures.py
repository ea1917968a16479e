"""Money, quantities and dates: exact, and never taken for something else."""

import datetime as dt
from decimal import Decimal
from fractions import Fraction
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.mapping.converters.world import _names
from syncline.model.dates import day_of, instant, local_date, start_of
from syncline.model.definitions import (
    Kind,
    choice,
    code,
    count,
    date,
    flag,
    key,
    reference,
    words,
)
from syncline.model.definitions import instant as instant_field
from syncline.model.definitions import (
    money as money_field,
)
from syncline.model.kinds import misfit
from syncline.model.money import minor, money, of_minor, places_of, rounded, total
from syncline.model.quantity import converted, factor, quantity, unit, unit_of, units

AMOUNTS = st.decimals(-(10**12), 10**12, places=4, allow_nan=False)
CODES = sorted(units())
CURRENCIES = ("EUR", "JPY", "KWD", "CLF")


@given(units_of=st.integers(-(10**15), 10**15), currency=st.sampled_from(CURRENCIES))
def test_smallest_units_and_amounts_are_the_same_money(units_of, currency):
    assert minor(of_minor(units_of, currency)) == units_of


@given(amounts=st.lists(AMOUNTS, min_size=1, max_size=20))
def test_a_total_is_exact(amounts):
    made = total([money(one, "EUR") for one in amounts])

    assert Fraction(made.amount) == sum(map(Fraction, amounts))


@given(amount=AMOUNTS, currency=st.sampled_from(CURRENCIES))
def test_rounding_is_half_up_to_a_whole_smallest_unit(amount, currency):
    made = rounded(money(amount, currency))

    assert minor(made) * Fraction(1, 10 ** places_of(currency)) == Fraction(made.amount)
    assert abs(Fraction(made.amount) - Fraction(amount)) <= Fraction(1, 2 * 10 ** places_of(currency))


@pytest.mark.parametrize("code", ["", "EURO", "eur", "XXQ"])
def test_what_is_no_currency_is_refused(code):
    with pytest.raises(ValueError, match="ISO 4217"):
        money(1, code)


def test_amounts_that_do_not_belong_together_are_not_added():
    with pytest.raises(ValueError, match="EUR and USD"):
        total([money(1, "EUR"), money(1, "USD")])
    with pytest.raises(ValueError, match="no currency"):
        total([])
    with pytest.raises(ValueError, match="no whole number"):
        minor(money("0.001", "EUR"))
    with pytest.raises(ValueError, match="finite"):
        money("NaN", "EUR")


def test_what_can_be_counted_in_is_what_has_a_name():
    """All codes but those of metals, funds and tests, which have no smallest unit."""
    known = set(_names("currencies").codes)
    counted = set(_all_currencies())

    assert counted <= known
    assert {code for code in known - counted if not code.startswith("X")} == set()


def _counts(code: str) -> bool:
    try:
        return places_of(code) >= 0
    except ValueError:
        return False


def _all_currencies() -> list[str]:
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
    return [code for a in letters for b in letters for c in letters if _counts(code := a + b + c)]


@given(value=AMOUNTS, one=st.sampled_from(CODES), other=st.sampled_from(CODES))
def test_a_conversion_is_undone_exactly_or_refused(value, one, other):
    if unit(one).dimension != unit(other).dimension:
        with pytest.raises(ValueError, match="cannot be turned into"):
            factor(one, other)
        return
    assert factor(one, other) * factor(other, one) == 1
    try:
        made = converted(quantity(value, one), other)
    except ValueError as refusal:
        assert "no exact number" in str(refusal)  # noqa: PT017  the refusal is right only when it says so
        return
    assert converted(made, one).value == value


@given(value=AMOUNTS, places=st.integers(0, 6))
def test_a_rounded_conversion_is_near(value, places):
    made = converted(quantity(value, "GRM"), "LBR", places)

    assert abs(Fraction(made.value) - Fraction(value) * factor("GRM", "LBR")) <= Fraction(1, 2 * 10**places)


def test_every_unit_is_found_by_what_people_write():
    for one in units().values():
        for word in (one.code, one.symbol, one.symbol.upper(), *one.words):
            assert unit_of(word).dimension == one.dimension, word
        assert unit_of(one.code) is unit_of(one.symbol) is one
    assert [unit_of(word).code for word in ("Stk.", "LITRE", "hours", "m2", "Box")] == [
        "H87",
        "LTR",
        "HUR",
        "MTK",
        "XBX",
    ]
    assert len({one.symbol for one in units().values()}) == len(units())
    for no_unit in ("", "furlong"):
        with pytest.raises(ValueError, match="no unit"):
            unit_of(no_unit)
    with pytest.raises(ValueError, match="Recommendation 20"):
        quantity(1, "kg")
    with pytest.raises(ValueError, match="finite"):
        quantity("Infinity", "KGM")


@given(moment=st.datetimes(dt.datetime(1900, 1, 2), dt.datetime(9998, 12, 30), timezones=st.timezones()))  # noqa: DTZ001
def test_an_instant_has_one_spelling(moment):
    made = instant(moment)

    assert instant(str(made)) == made
    # as UTC: a time of day that a change of the clock leaves out equals none that has another zone
    assert dt.datetime.fromisoformat(str(made)) == moment.astimezone(dt.UTC)


@given(
    day=st.dates(dt.date(1970, 1, 2), dt.date(2100, 1, 1)),
    zone=st.sampled_from(["UTC", "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Pacific/Apia"]),
)
def test_a_day_begins_on_itself(day, zone):
    if zone == "Pacific/Apia" and day == dt.date(2011, 12, 30):
        return  # the day that Samoa left out
    place = ZoneInfo(zone)

    assert day_of(start_of(local_date(day), place), place) == local_date(day)


@pytest.mark.parametrize(
    "text", ["2026-3-1", "20260301", "2026-02-30", "2026-W09-1", "01.03.2026", "", "2026-03-01T00:00"]
)
def test_what_is_no_day_is_refused(text):
    with pytest.raises(ValueError, match="day"):
        local_date(text)
    with pytest.raises(ValueError, match="day"):
        local_date(dt.datetime(2026, 3, 1, tzinfo=dt.UTC))


@pytest.mark.parametrize("text", ["2026-03-01", "2026-03-01T08:00:00", "soon", ""])
def test_what_is_no_point_in_time_is_refused(text):
    with pytest.raises(ValueError, match="point in time"):
        instant(text)


FITS = {
    "a number": (money_field("total", "all"), ["0", "12.5", "-3", "1000"], ["12.50", "-0", "1e3", 12, True, "01"]),
    "a whole number": (count("days", "some"), [0, 12, -3], ["12", True, 1.5]),
    "yes or no": (flag("active", "it is"), [True, False], ["true", 1, 0]),
    "a date": (date("due_on", "a day"), ["2026-03-01"], ["2026-03-01T00:00:00Z", "1.3.2026", 20260301]),
    "an instant": (instant_field("at", "when"), ["2026-03-01T00:00:00Z"], ["2026-03-01", "2026-03-01T00:00:00+01:00"]),
    "a choice": (choice("state", "open done", "how"), ["open"], ["Open", "closed", 1]),
    "a set": (words("tags", "labels"), [[], ["a", "b"]], [["b", "a"], ["a", "a"], "a,b"]),
    "a reference": (reference("customer", "customer", "who"), ["C1", 7], [True, ["C1"]]),
    "a country": (code("country", Kind.COUNTRY, "where"), ["CN"], ["China", "cn", 3]),
    "a language": (code("language", Kind.LANGUAGE, "which"), ["de", "zh-CN"], ["German", "zh_CN"]),
    "a currency": (code("currency", Kind.CURRENCY, "of"), ["EUR"], ["€", "EURO"]),
    "a unit": (code("unit", Kind.UNIT, "of"), ["KGM", "C62"], ["kg", "piece"]),
    "a GTIN": (code("gtin", Kind.GTIN, "of"), ["4006381333931"], ["04006381333931", "4006381333932"]),
    "a VAT number": (code("vat_id", Kind.VAT, "of"), ["DE136695976"], ["DE 136695976", "DE136695977"]),
    "an IBAN": (code("iban", Kind.IBAN, "of"), ["DE89370400440532013000"], ["DE89 3704 0044 0532 0130 00"]),
    "a text": (key("number", "of the line"), ["anything", "12.50", 12], [1.5, True, ["x"], {"a": 1}]),
}


@pytest.mark.parametrize("case", FITS.values(), ids=FITS.keys())
def test_a_value_fits_its_kind_or_it_is_said_why_not(case):
    field, fitting, misfitting = case

    assert {str(value): misfit(field, value) for value in [None, "", *fitting] if misfit(field, value)} == {}
    assert [value for value in misfitting if not misfit(field, value)] == []


def test_a_kind_is_a_word_of_every_page():
    assert len({one.value for one in Kind}) == len(Kind)
    assert msgspec.json.encode(Kind.MONEY) == b'"money"'
    assert Decimal(str(money("1.5", "EUR")).split()[0]) == Decimal("1.50")
