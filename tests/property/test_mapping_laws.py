"""The lens laws, for every converter that is shipped, on the values that it is made for."""

from __future__ import annotations

import datetime as dt
import string
import unicodedata
from functools import partial

import msgspec
import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET
from stdnum.iso7064 import mod_11_10

from syncline.errors import SetupError, SynclineError
from syncline.mapping import check_laws, compile_lens, converters, is_lossy
from syncline.mapping.converters.phones import by_library
from syncline.mapping.converters.world import _names
from syncline.mapping.syntax import parse
from syncline.mapping.values import canonical_decimal
from syncline.model.identifiers import check_digit, gtin
from syncline.model.quantity import units


def _trimmed(text: str) -> str:
    return text.rstrip("0").rstrip(".")


def _canonical_json(value: object) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


def _with_check_digit(body: str) -> str:
    return f"{body}{check_digit(body)}"


def _digits(count: int) -> st.SearchStrategy[str]:
    return st.text(string.digits, min_size=count, max_size=count)


WORDS = st.text(string.ascii_letters + "äöüß中文é", min_size=1, max_size=8)
DECIMALS = st.decimals(-(10**9), 10**9, places=2, allow_nan=False).map(canonical_decimal)
WHOLE = st.integers(-(2**63), 2**63 - 1)
PHONES = st.from_regex(r"\+86(138|139|755)[0-9]{8}", fullmatch=True)
MOMENTS = st.datetimes(dt.datetime(1900, 1, 3), dt.datetime(9998, 12, 30))  # noqa: DTZ001  UTC is added as Z
SECONDS = MOMENTS.map(lambda moment: moment.replace(microsecond=0).isoformat() + "Z")
INSTANTS = MOMENTS.map(lambda moment: _trimmed(moment.isoformat(timespec="microseconds")) + "Z")
DATES = st.dates().map(str)
TEXTS = st.lists(WORDS, min_size=1, max_size=4).map(" ".join)
GTINS = st.sampled_from([7, 11, 12, 13]).flatmap(_digits).map(_with_check_digit).map(gtin)
IBANS = _digits(18).map(lambda body: f"DE{98 - int(f'{body}131400') % 97:02}{body}")
VATS = st.integers(10_000_000, 99_999_999).map(lambda body: f"DE{body}{mod_11_10.calc_check_digit(str(body))}")
SETS = st.lists(WORDS, max_size=4).map(lambda words: sorted(set(words)))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)

#: per converter: expressions, and canonical values of their domain; every shipped converter must be here
DOMAINS: dict[str, list[tuple[str, st.SearchStrategy[object]]]] = {
    "text": [("a | text", TEXTS.map(partial(unicodedata.normalize, "NFC")))],
    "trim": [("a | trim", TEXTS)],
    "spaces": [("a | spaces", TEXTS)],
    "upper": [("a | upper", TEXTS.map(str.upper).map(str.upper))],
    "lower": [("a | lower", TEXTS.map(str.lower).map(str.lower))],
    "email": [("a | email", st.emails().map(lambda mail: mail.rpartition("@")[0] + "@example.org"))],
    "phone": [("a | phone(CN)", PHONES), ("a | phone", PHONES), ("a | phone(DE)", PHONES)],
    "prefix": [("a | prefix(C-)", TEXTS)],
    "pad": [("a | pad(8, 0)", st.integers(0, 10**8 - 1).map(str))],
    "truncate": [("a | truncate(40)", TEXTS)],
    "decimal": [("a | decimal", DECIMALS), ("a | decimal(2)", DECIMALS)],
    "number": [("a | number", DECIMALS), ("a | number(2)", DECIMALS)],
    "minor": [("a | minor(2)", DECIMALS), ("a | minor", DECIMALS)],
    "integer": [("a | integer", WHOLE)],
    "scale": [("a | number | scale(0.001)", DECIMALS), ("a | scale(1000)", DECIMALS)],
    "unit": [("a | decimal | unit(g, kg)", DECIMALS), ("a | unit(min, h)", DECIMALS)],
    "date": [("a | date", DATES), ('a | date("DD.MM.YYYY")', DATES), ("a | date(YYYYMMDD)", DATES)],
    "instant": [
        ("a | instant", INSTANTS),
        ('a | instant("+08:00")', INSTANTS),
        ('a | instant(UTC, "YYYY-MM-DD HH:mm:ss")', SECONDS),
        ('a | instant("-05:30", "DD/MM/YYYY HH:mm:ss.f")', INSTANTS),
    ],
    "unix seconds": [("a | unix seconds", SECONDS)],
    "unix milliseconds": [("a | unix milliseconds", SECONDS)],
    "enum": [("a | enum(1: one, true: yes, x: 2, ~y: twin, z: twin)", st.sampled_from(["one", "yes", 2, "twin"]))],
    "boolean": [("a | boolean(true: J, false: N)", st.booleans()), ("a | boolean", st.booleans())],
    "country": [
        (f"a | country({form})", st.sampled_from(_names("countries").codes))
        for form in ("iso2", "iso3", "name", "name, zh")
    ],
    "language": [
        (f"a | language({form})", st.sampled_from(sorted(_names("languages").called()))) for form in ("name", "iso3")
    ]
    + [(f"a | language({form})", st.sampled_from(["zh-CN", "de", "zh-Hans", "es-419"])) for form in ("code", "locale")],
    "currency": [
        (f"a | currency({form})", st.sampled_from(_names("currencies").codes)) for form in ("code", "symbol", "name")
    ],
    "list": [("a | list", SETS)],
    "tags": [("a | tags", SETS), ('a | tags(";")', SETS)],
    "json": [("a | json", JSON.filter(lambda value: value not in (None, "")).map(_canonical_json))],
    "empty": [("a | empty(n/a)", TEXTS | st.none() | st.just(""))],
    "default": [("a | default(none)", TEXTS)],
    "gtin": [("a | gtin", GTINS), ("a | gtin(14)", GTINS), ("a | gtin(13)", GTINS.filter(lambda one: len(one) < 14))],
    "gln": [("a | gln", _digits(12).map(_with_check_digit))],
    "sscc": [("a | sscc", _digits(17).map(_with_check_digit))],
    "vat": [(f"a | vat{call}", VATS) for call in ("", "(DE)", "(DE, bare)")],
    "iban": [("a | iban", IBANS), ("a | iban(spaced)", IBANS)],
    "unit code": [(f"a | unit code{form}", st.sampled_from(sorted(units()))) for form in ("", "(symbol)", "(word)")],
    "ref": [("a | ref(customer)", TEXTS), ("a | ref(customer, number)", st.integers(0, 10**9).map(str))],
}
CASES = [(name, *case) for name, cases in DOMAINS.items() for case in cases]
#: what a put may lose by design, each for the reason that its converter gives
NOT_FOUR_VALUED = {"empty", "default", "tags"}


def _round_trip(expression: str, values: list[object]) -> list[object]:
    lens = compile_lens({"a": expression})
    records = lens.put([[value] for value in values])
    mapped = lens.get([msgspec.json.encode(record) for record in records])
    assert mapped.problems == []
    return mapped.columns[0]


def test_every_shipped_converter_has_a_domain():
    assert set(DOMAINS) == set(converters())


@pytest.mark.parametrize(("name", "expression", "domain"), CASES, ids=[case[1] for case in CASES])
@given(data=st.data())
def test_what_is_put_is_got_again(name, expression, domain, data):
    values = data.draw(st.lists(domain, min_size=1, max_size=5))

    assert _round_trip(expression, values) == values


@pytest.mark.parametrize(
    ("name", "expression", "domain"),
    [case for case in CASES if case[0] not in NOT_FOUR_VALUED],
    ids=[case[1] for case in CASES if case[0] not in NOT_FOUR_VALUED],
)
@given(data=st.data())
def test_null_empty_and_absent_survive_beside_values(name, expression, domain, data):
    values = data.draw(st.lists(domain | st.sampled_from([None, "", UNSET]), min_size=1, max_size=6))

    assert _round_trip(expression, values) == values


@pytest.mark.parametrize(("name", "expression", "domain"), CASES, ids=[case[1] for case in CASES])
@given(data=st.data())
def test_what_a_system_shows_after_a_write_is_written_again_unchanged(name, expression, domain, data):
    lens = compile_lens({"a": expression})
    written = msgspec.json.encode(lens.put([[data.draw(domain)]])[0])

    assert check_laws(lens, [written]) == []


@given(value=DECIMALS | WHOLE.map(str))
def test_a_decimal_with_more_digits_than_its_system_keeps_is_called_lossy(value):
    lens = compile_lens({"a": "a | decimal(0)"})
    breaks = check_laws(lens, [msgspec.json.encode({"a": value})])

    assert is_lossy(breaks) == ("." in value)


@given(
    text=st.from_regex(r"(\+|00)?[0-9]{1,3}[ -]?(\([0-9]{1,4}\))?[0-9 .-]{3,12}", fullmatch=True)
    | st.from_regex(r"\+?[0-9]{6,14}", fullmatch=True),
    region=st.sampled_from(["CN", "DE", "US", "IT", "MX", "AR", "BR", "RU", "GB", "FR", "IN", "CA"]),
)
def test_the_short_way_to_a_phone_number_finds_what_the_library_finds(text, region):
    lens = compile_lens({"a": f"a | phone({region})"})

    assert lens.get([msgspec.json.encode({"a": text})]).columns[0] == [by_library(text, region)]


@given(data=st.data(), region=st.sampled_from(["CN", "DE", "US", "IT", "MX", "AR", "BR", "RU", "GB", "FR", "IN"]))
def test_real_looking_phone_numbers_are_read_as_the_library_reads_them(data, region):
    example = phonenumbers.example_number_for_type(region, data.draw(st.sampled_from([0, 1])))
    form = data.draw(st.sampled_from([0, 1, 2]))
    text = phonenumbers.format_number(example, form)
    lens = compile_lens({"a": f"a | phone({region})"})

    assert lens.get([msgspec.json.encode({"a": text})]).columns[0] == [phonenumbers.format_number(example, 0)]


LINE = st.fixed_dictionaries({"no": st.integers(1, 99), "qty": DECIMALS, "product": TEXTS})


@given(orders=st.lists(st.lists(LINE, max_size=4, unique_by=lambda line: line["no"]), max_size=4))
def test_lines_survive_the_round_trip_sorted_by_their_keys(orders):
    lens = compile_lens(
        {
            "lines": {
                "each": "order.lines",
                "key": "no",
                "map": {"no": "n | integer", "qty": "q | decimal(2)", "product": "p | ref(product)"},
            }
        }
    )
    rows = [[{str(line["no"]): line for line in sorted(lines, key=lambda line: line["no"])}] for lines in orders]
    records = lens.put(rows)
    mapped = lens.get([msgspec.json.encode(record) for record in records])

    assert mapped.problems == []
    assert [[lines] for lines in mapped.columns[0]] == rows
    assert [list(lines) for lines in mapped.columns[0]] == [list(row[0]) for row in rows]


@given(text=st.text() | st.text("abc |(),:~\"'[]=.`0123456789\\", max_size=40))
def test_the_parser_refuses_nonsense_with_nothing_but_a_setup_error(text):
    try:
        parse(text)
        compile_lens({"a": text})
    except SetupError as error:
        assert error.what  # noqa: PT017  both ways are right; a refusal must say why
        assert error.cure  # noqa: PT017


CALLS = st.sampled_from([*converters(), "const", "concat", "split", "one-way", "nonsense"])
PIECES = st.sampled_from(["1", "0", "a", "a: b", "true: J", '""', '"x y"', "~a: b", "-1", "999999999999", "kg", "YYYY"])


@given(calls=st.lists(st.tuples(CALLS, st.lists(PIECES, max_size=3)), max_size=3), head=st.booleans(), raw=JSON)
def test_whatever_compiles_never_crashes_on_any_record(calls, head, raw):
    text = " | ".join([*(["a"] if head else []), *(f"{name}({', '.join(pieces)})" for name, pieces in calls)])
    try:
        lens = compile_lens({"a": text})
    except SetupError:
        return
    mapped = lens.get([msgspec.json.encode({"a": raw})])
    try:
        lens.put([[column[0] for column in mapped.columns]])
    except SynclineError as error:
        assert error.cure  # noqa: PT017  either it writes or it says why not


@given(raws=st.lists(st.binary(max_size=20) | JSON.map(msgspec.json.encode), max_size=6))
def test_bad_bytes_are_problems_of_their_own_rows(raws):
    lens = compile_lens({"a": "a | text", "b": "b.c | number"})
    good = msgspec.json.encode({"a": "x", "b": {"c": 1}})
    mapped = lens.get([good, *raws, good])

    assert [column[0] for column in mapped.columns] == ["x", "1"]
    assert [column[-1] for column in mapped.columns] == ["x", "1"]
    assert all(0 < problem.row <= len(raws) for problem in mapped.problems)
