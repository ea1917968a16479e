"""What each converter reads, writes and refuses."""

import sys
from subprocess import run

import msgspec
import pytest
from msgspec import UNSET

from syncline.errors import SetupError
from syncline.mapping import compile_lens, converters


def get(expression, value):
    mapped = compile_lens({"a": f"a | {expression}"}).get([msgspec.json.encode({"a": value})])
    return mapped.problems[0].reason if mapped.problems else mapped.columns[0][0]


def put(expression, value):
    problems = []
    record = compile_lens({"a": f"a | {expression}"}).put([[value]], problems=problems)[0]
    return problems[0].reason if problems else record.get("a", UNSET)


READ = [
    ("text", "  Anna \t Lee ", "Anna Lee"),
    ("text", "e\u0301", "é"),
    ("text", 7, "7"),
    ("trim", " a  b ", "a  b"),
    ("upper", "straße", "STRASSE"),
    ("lower", "ABC", "abc"),
    ("email", " Anna@EXAMPLE.Org ", "Anna@example.org"),
    ("email", "no address", "no address"),
    ("email(lower)", "Anna@EXAMPLE.Org", "anna@example.org"),
    ("email", 5, "5"),
    ("phone(CN)", "138 1234 5678", "+8613812345678"),
    ("phone(CN)", "0755-1234 5678", "+8675512345678"),
    ("phone(CN)", "+86 (0755) 1234-5678", "+8675512345678"),
    ("phone(CN)", "+49 30 901820", "+4930901820"),
    ("phone(CN)", "+800 1234 5678", "+80012345678"),
    ("phone(CN)", "+999 1234 5678", "+999 1234 5678"),
    ("phone(DE)", "+49 (0)30 901820", "+4930901820"),
    ("phone(de)", "030 901820 ext. 12", "+4930901820;ext=12"),
    ("phone(DE)", "030 901820;ext=12", "+4930901820;ext=12"),
    ("phone", "030 901820", "030 901820"),
    ("phone", "+49 30 901820", "+4930901820"),
    ("phone(CN)", "ask Anna", "ask Anna"),
    ("phone(CN)", "12", "12"),
    ("phone(CN)", "0755 1234 5678" + " " * 300 + "x", "0755 1234 5678" + " " * 300 + "x"),
    ("pad(300)", "1" * 300, "1" * 300),
    ("country", "China" + " " * 300, "CN"),
    ("phone(CN)", 13812345678, "+8613812345678"),
    ("prefix(C-)", "C-12", "12"),
    ("pad(6, 0)", "000120", "120"),
    ("pad(6)", "000000", "0"),
    ("truncate(3)", "abcdef", "abcdef"),
    ("decimal", "12.500", "12.5"),
    ("decimal(2)", 7, "7"),
    ("decimal", "-0.00", "0"),
    ("decimal", "+1e3", "1000"),
    ("decimal", " 5 ", "5"),
    ("number", 12.1, "12.1"),
    ("minor(2)", 1250, "12.5"),
    ("minor(0)", "7", "7"),
    ("integer", "42", 42),
    ("integer", 42.0, 42),
    ("scale(0.5)", 3, "1.5"),
    ("unit(lb, kg)", "10", "4.5359237"),
    ("unit(dozen, piece)", "2", "24"),
    ("unit(KGM, GRM)", "2", "2000"),
    ("unit(INH, cm)", "10", "25.4"),
    ("gtin", "4 006381 333931", "4006381333931"),
    ("gtin", 4006381333931, "4006381333931"),
    ("gtin(14)", "00012345678905", "0012345678905"),
    ("gln", "40 12345 00000 9", "4012345000009"),
    ("sscc", "(00)340123451234567895", "340123451234567895"),
    ("vat", "de 136.695.976", "DE136695976"),
    ("vat(AT)", "U13585627", "ATU13585627"),
    ("iban", "de89 3704 0044 0532 0130 00", "DE89370400440532013000"),
    ("unit code", "Stk.", "H87"),
    ("unit code(symbol)", "kg", "KGM"),
    ("unit(min, h)", "20", "0.333333333333333333"),
    ("date", "2024-02-29", "2024-02-29"),
    ('date("DD.MM.YYYY")', "29.02.2024", "2024-02-29"),
    ("instant", "2024-05-31T08:30:00+02:00", "2024-05-31T06:30:00Z"),
    ("instant", "2024-05-31 08:30", "2024-05-31T08:30:00Z"),
    ("instant", "2024-05-31T08:30:00.1200-0530", "2024-05-31T14:00:00.12Z"),
    ("instant", "2024-05-31T08:30:10z", "2024-05-31T08:30:10Z"),
    ("instant", "2024-05-31T08:30:10.123456789+02", "2024-05-31T06:30:10.123456Z"),
    ("instant(Europe/Berlin)", "2024-05-31T08:30:00", "2024-05-31T06:30:00Z"),
    ("instant(Europe/Berlin)", "2024-05-31T08:30:00Z", "2024-05-31T08:30:00Z"),
    ('instant(Asia/Shanghai, "DD.MM.YYYY HH:mm")', "31.05.2024 08:30", "2024-05-31T00:30:00Z"),
    ("unix seconds", 1717144200, "2024-05-31T08:30:00Z"),
    ("unix seconds", "1717144200.5", "2024-05-31T08:30:00.5Z"),
    ("unix milliseconds", 1717144200120, "2024-05-31T08:30:00.12Z"),
    ("enum(a: gold, 1: silver, true: tin)", "a", "gold"),
    ("enum(a: gold, 1: silver, true: tin)", 1, "silver"),
    ("enum(a: gold, 1: silver, true: tin)", True, "tin"),
    ("enum(a: gold, ~b: gold)", "a", "gold"),
    ("enum(a: gold, ~a: silver)", "a", "silver"),
    ('enum("a, b": gold)', "a, b", "gold"),
    ("boolean(true: J, false: N)", "J", True),
    ("boolean", "Yes", True),
    ("boolean", 0, False),
    ("boolean", True, True),
    ("country", "Deutschland", "DE"),
    ("country", "deu", "DE"),
    ("country", "cn", "CN"),
    ("country", "中国", "CN"),
    ("country", " The Netherlands", "NL"),
    ("country", "USA", "US"),
    ("country", "Allemagne", "DE"),
    ("language", "zh_CN", "zh-CN"),
    ("language", "DEU-at", "de-AT"),
    ("language", "ger", "de"),
    ("language", "zh-hans", "zh-Hans"),
    ("language", "Français", "fr"),
    ("language", "Mandarin", "zh"),
    ("currency", "€", "EUR"),
    ("currency", "renminbi", "CNY"),
    ("currency", "usd", "USD"),
    ("currency", "Schweizer Franken", "CHF"),
    ("list", ["b", "a", "b", " "], ["a", "b"]),
    ("list", "b, a", ["a", "b"]),
    ("tags", "b,a,,b", ["a", "b"]),
    ("tags", "", []),
    ("tags", None, None),
    ("json", {"b": [1.50, None], "a": "x"}, '{"a":"x","b":[1.5,null]}'),
    ("empty(n/a, -, 0)", " n/a ", None),
    ("empty(n/a, -, 0)", 0, None),
    ("empty(n/a, -, 0)", False, False),
    ("empty(n/a)", "", ""),
    ("default(x)", "", ""),
    ("ref(customer)", 12, "12"),
]

WRITTEN = [
    ("text", " a  b ", "a b"),
    ("email", " A@B.C", "A@b.c"),
    ("phone(CN)", "138 1234 5678", "+8613812345678"),
    ("phone(CN)", "+8613812345678", "+8613812345678"),
    ("phone(CN)", 13812345678, "+8613812345678"),
    ("prefix(C-)", "12", "C-12"),
    ("pad(6, 0)", "120", "000120"),
    ("pad(6, x)", "120", "xxx120"),
    ("truncate(3)", "abcdef", "abc"),
    ("decimal", "12.50", "12.5"),
    ("decimal(2)", "12.5", "12.50"),
    ("decimal(2)", "12.345", "12.35"),
    ("decimal(2)", 7, "7.00"),
    ("decimal(2)", "-0.001", "0.00"),
    ("decimal(2)", "-0", "0.00"),
    ("decimal(0)", "12", "12"),
    ("number", "12.10", 12.1),
    ("number", "12", 12),
    ("number(1)", "12.25", 12.3),
    ("minor(2)", "12.505", 1251),
    ("integer", "42", 42),
    ("scale(3)", "1", "0.33333333333333"),
    ("number | unit(g, kg)", "1.5", 1500),
    ("gtin(14)", "4006381333931", "04006381333931"),
    ("gtin(12)", "0012345678905", "012345678905"),
    ("vat(DE, bare)", "DE136695976", "136695976"),
    ("vat(GR, bare)", "EL094259216", "094259216"),
    ("iban(spaced)", "DE89370400440532013000", "DE89 3704 0044 0532 0130 00"),
    ("unit code(symbol)", "KGM", "kg"),
    ("unit code(word)", "H87", "pieces"),
    ("unit code(word)", "KWH", "kWh"),
    ('date("DD.MM.YYYY")', "2024-02-29", "29.02.2024"),
    ("instant", "2024-05-31T06:30:00Z", "2024-05-31T06:30:00Z"),
    ("instant(Europe/Berlin)", "2024-05-31T06:30:00.5Z", "2024-05-31T08:30:00.5"),
    ('instant(Asia/Shanghai, "DD.MM.YYYY HH:mm")', "2024-05-31T00:30:00Z", "31.05.2024 08:30"),
    ("unix seconds", "2024-05-31T08:30:00.5Z", 1717144200.5),
    ("unix milliseconds", "2024-05-31T08:30:00.12Z", 1717144200120),
    ("enum(a: gold, ~b: gold)", "gold", "b"),
    ("boolean(true: 1, false: 0)", True, 1),
    ("boolean", True, True),
    ("country(name)", "DE", "Germany"),
    ("country(name, de)", "DE", "Deutschland"),
    ("country(iso3)", "DE", "DEU"),
    ("language(locale)", "zh-CN", "zh_CN"),
    ("language(name)", "zh-CN", "Chinese"),
    ("language(iso3)", "de", "deu"),
    ("language", "de", "de"),
    ("currency(symbol)", "EUR", "€"),
    ("currency(symbol)", "XAF", "XAF"),
    ("currency(name)", "EUR", "Euro"),
    ("list", ["a", "b"], ["a", "b"]),
    ('tags(";")', ["a", "b"], "a;b"),
    ("tags", "a", "a"),
    ("tags", None, None),
    ("tags", [], ""),
    ("json", '{"a":1.5}', {"a": 1.5}),
    ("empty(n/a, -)", None, "n/a"),
    ("empty(n/a)", "x", "x"),
    ("default(5)", None, 5),
    ("default(none)", "", "none"),
    ("default(none)", UNSET, UNSET),
    ("ref(customer)", "12", "12"),
    ("ref(customer, number)", "12", 12),
]

UNREADABLE = [
    ("text", {"a": 1}, "this is an object, not text"),
    ("phone(CN)", ["1"], "this is a list, not text"),
    ("prefix(C-)", "12", "this does not begin with `C-`"),
    ("decimal", "1_000", "this text is not a number"),
    ("decimal", "many", "this text is not a number"),
    ("decimal", True, "this is a yes or no, not a number"),
    ("decimal", "NaN", "this number is out of range"),
    ("decimal", "1e999999", "this number is out of range"),
    ("integer", "1.5", "this is not a whole number"),
    ("integer", 2**64, "this whole number does not fit into 64 bits"),
    ("date", "2024-02-30", "there is no such date or time"),
    ("date", "29.02.2024", "this is not written as YYYY-MM-DD"),
    ("instant", "today", "this is not a date and time such as 2024-05-31T08:30:00Z"),
    ("instant", "2024-05-31T25:30:00Z", "there is no such date or time"),
    ("instant", "0001-01-01T00:00:00+10:00", "there is no such date or time"),
    ("unix seconds", 10**15, "there is no such date or time"),
    ("enum(a: gold)", "b", "this value has no meaning in the mapping: Known are: a."),
    ("enum(1: gold)", "1", "this value has no meaning in the mapping: it is text here; Did you mean `1`?"),
    ("enum(gold: g)", ["gold"], "this value has no meaning in the mapping: Did you mean `gold`?"),
    ("boolean", "maybe", "this is neither yes nor no; name the words as in boolean(true: J, false: N)"),
    ("country", "Germny", "no country is known by this name; did you mean germany?"),
    ("country", "Q", "no country is known by this name"),
    ("ref(customer)", [1, "x"], "this is a list, not an identifier"),
    ("gtin", "4006381333932", "the check digit of this GTIN is 2, and should be 1"),
    ("gln", "123", "a GLN has 13 digits"),
    ("vat", "DE136695977", "the check digits of this VAT number of DE are wrong"),
    ("iban", "DE88370400440532013000", "the check digits of this IBAN are wrong"),
    ("unit code", "furlong", "`furlong` is no unit"),
]

UNWRITABLE = [
    ("number", "0.12345678901234567891", "this has more digits than a JSON number keeps"),
    ("country", "ZZ", "this is no code of a country"),
    ("tags", ["a,b"], "`a,b` contains the separator `,`"),
    ("json", "{", "this is not JSON: Input data was truncated"),
    ("instant(Asia/Shanghai)", "9999-12-31T23:00:00Z", "there is no such date or time"),
    ("ref(customer, number)", "abc", "this text is not a number"),
    ("gtin(12)", "4006381333931", "this GTIN does not fit into 12 digits"),
    ("vat(DE, bare)", "ATU13585627", "this is no VAT number of DE, and the system keeps no other"),
    ("unit code", "kg", "`kg` is no unit; write its code of UN/ECE Recommendation 20, such as KGM or H87"),
]

REFUSED = [
    ("phone(XX)", "`XX` is not a region"),
    ("pad", "`pad` needs 1 argument"),
    ("pad(x)", "`x` is not a whole number from 0 to 1000"),
    ("pad(6, ab)", "`ab` is not one character"),
    ("pad(a: b)", "a pair is not expected here"),
    ("email(uper)", "`uper` is not one of lower"),
    ("scale(0)", "`0` is not a factor"),
    ("scale(x)", "`x` is not a factor"),
    ("unit(kg, parsec)", "`parsec` is not a unit"),
    ("unit(kg)", "`unit` needs 2 arguments"),
    ("unit(kg, m)", "`kg` cannot be turned into `m`"),
    ("gtin(11)", "no GTIN has 11 digits"),
    ("vat(Germany)", "`GERMANY` is not a country"),
    ("vat(DE, short)", "`short` is not one of bare"),
    ("iban(wide)", "`wide` is not one of spaced"),
    ("unit code(long)", "`long` is not one of code, symbol, word"),
    ("date(DD.MM)", "`DD.MM` is not a date format"),
    ("instant(Mars/Base)", "`Mars/Base` is not a time zone"),
    ("instant(../etc)", "`../etc` is not a time zone"),
    ("instant(UTC, HH)", "`HH` is not a date format"),
    ("enum", "`enum` has no pairs"),
    ("enum(a)", "`a` has no `:`"),
    ("enum(a: gold, b: gold)", "`gold` stands in 2 pairs"),
    ("enum(~a: gold, ~b: gold)", "`gold` stands in 2 pairs"),
    ("boolean(J: true)", "a pair of `boolean` begins with true or false"),
    ("country(iso4)", "`iso4` is not one of iso2, iso3, name"),
    ('tags(" ")', "the separator is blank"),
    ("empty", "`empty` needs 1 argument"),
    ("trim(1)", "`trim` takes no arguments"),
    ("phone(CN, DE)", "`phone` takes at most 1 argument"),
    ("unit(a, b, c)", "`unit` takes at most 2 arguments"),
]


@pytest.mark.parametrize(("expression", "value", "expected"), READ)
def test_a_value_is_read(expression, value, expected):
    found = get(expression, value)

    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(("expression", "value", "expected"), WRITTEN)
def test_a_value_is_written(expression, value, expected):
    found = put(expression, value)

    assert found == expected
    assert type(found) is type(expected)


@pytest.mark.parametrize(("expression", "value", "reason"), UNREADABLE)
def test_a_value_that_means_nothing_is_refused(expression, value, reason):
    assert get(expression, value) == reason


@pytest.mark.parametrize(("expression", "value", "reason"), UNWRITABLE)
def test_a_value_that_the_system_cannot_hold_is_refused(expression, value, reason):
    assert put(expression, value) == reason


@pytest.mark.parametrize(("expression", "reason"), REFUSED)
def test_a_wrong_argument_is_refused_when_the_mapping_is_compiled(expression, reason):
    with pytest.raises(SetupError) as caught:
        compile_lens({"a": f"a | {expression}"})

    assert reason in caught.value.what
    assert caught.value.cure


def test_one_and_true_are_not_confused_by_the_memory():
    lens = compile_lens({"a": "a | minor(0)"})

    assert lens.get([b'{"a":1}', b'{"a":"1"}', b'{"a":true}']).columns == [["1", "1", UNSET]]


def test_a_list_among_remembered_texts_is_a_problem_of_its_row():
    lens = compile_lens({"a": "a | country"})
    mapped = lens.get([b'{"a":"DE"}', b'{"a":["DE"]}', b'{"a":"FR"}'])

    assert mapped.columns == [["DE", UNSET, "FR"]]


def test_the_memory_is_bounded(monkeypatch):
    monkeypatch.setattr("syncline.mapping.converting._MEMORY", 5)
    lens = compile_lens({"a": "a | country"})
    raws = [msgspec.json.encode({"a": code}) for code in ("DE", "FR", "CN", "DE", "", None)]

    assert lens.get(raws).columns == [["DE", "FR", "CN", "DE", "", None]]


def test_every_example_compiles_and_every_parameter_is_explained():
    for name, spec in converters().items():
        assert name == spec.name
        assert compile_lens({"a": spec.example}).fields == ("a",)
        assert spec.summary.endswith(".")
        assert all(parameter.meaning for parameter in spec.parameters)


def test_importing_the_package_imports_nothing_heavy():
    heavy = "{'phonenumbers', 'babel', 'pycountry', 'email_validator'}"
    code = f"import sys; sys.path[:] = {sys.path}; import syncline.mapping; sys.exit(len({heavy} & set(sys.modules)))"

    assert run([sys.executable, "-c", code], check=False).returncode == 0


@pytest.mark.parametrize(
    ("shown", "kept"),
    [("100", "108.37"), ("0.01", "0.01"), ("123.455", "133.79"), ("-3.335", "-3.61"), ("-0.001", "0")],
)
def test_a_scaled_amount_is_rounded_half_up_to_the_places_that_are_named(shown, kept):
    lens = compile_lens({"usd": "eur | decimal | scale(1.0837, 2)"})

    assert lens.get([f'{{"eur": "{shown}"}}'.encode()]).columns == [[kept]]
