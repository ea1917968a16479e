"""What a mapping may say, and what it is told when it says something else."""

import pytest
from msgspec import UNSET

from syncline.errors import SetupError
from syncline.mapping import Converter, ConverterSpec, compile_lens

LINE_MAP = {"no": "line_no"}

REFUSED = [
    ({}, "A mapping has no fields."),
    ({"a.b": "x"}, "`a.b` is not a name of a canonical field."),
    ({1: "x"}, "`1` is not a name"),
    ({"a": 5}, "field a: `5` is not an expression."),
    ({"a": ""}, "At position 1 of ``: a path or a function is missing."),
    ({"a": "x |"}, "At position 4 of `x |`: a converter is missing."),
    ({"a": "x | phone(CN"}, "At position 13 of `x | phone(CN`: a `,` or `)` is missing."),
    ({"a": "x | phone(,)"}, "At position 11 of `x | phone(,)`: an argument is missing."),
    ({"a": "x | enum(a:)"}, "At position 12 of `x | enum(a:)`: a value after `:` is missing."),
    ({"a": "x )"}, "At position 3 of `x )`: `)` was not expected here."),
    ({"a": 'x | enum("a: b)'}, "At position 10"),
    ({"a": "account name"}, "a path is one word."),
    ({"a": '"quoted"'}, "a path is one word."),
    ({"a": "x" * 3000}, "The expression is longer than 2000 characters."),
    ({"a": "x | phne"}, "At position 5 of `x | phne`: there is no converter `phne`."),
    ({"a": "phone(x)"}, "`phone` is no function that reads a record."),
    ({"a": "konst(x)"}, "`konst` is no function that reads a record."),
    ({"a": "x..y"}, "`x..y` is not a path, from position 3 on."),
    ({"a": "x[kind].y"}, "is not a path, from position 2 on."),
    ({"a": "x.y[k=v]"}, "ends at a whole element of a list."),
    ({"a": "x\\y"}, "holds a control character, a quote or a backslash."),
    ({"a": "const()"}, "`const` needs 1 argument"),
    ({"a": "const(1, 2)"}, "`const` takes at most 1 argument"),
    ({"a": "const(x) | upper"}, "a constant takes no converters"),
    ({"a": "concat(x)"}, "`concat` needs two paths or more"),
    ({"a": 'concat(x, y, ",")'}, "`concat` needs two paths or more"),
    ({"a": 'concat(",", x, y)'}, "a separator is not expected here"),
    ({"a": 'concat(x, ",", ",", y)'}, "a separator is not expected here"),
    ({"a": 'concat(x, "", y)'}, "a separator is not expected here"),
    ({"a": "split(x)"}, "`split` needs 2 arguments"),
    ({"a": 'split(x, 0, "")'}, "the separator is empty"),
    ({"a": "split(x, 0, -, 2)"}, "`split` takes at most 3 arguments"),
    ({"a": "x", "b": "x | upper"}, "fields a and b both write `x`."),
    ({"a": "x", "b": "x.y"}, "fields a and b both write `x.y`."),
    ({"a": "x[k=1].y", "b": "x[l=1].y"}, "both write `x[l=1].y`."),
    ({"a": "x", "b": "x[k=1].y"}, "both write `x[k=1].y`."),
    ({"a": "`x y`.z", "b": "concat(v, `x y`.z)"}, "both write ``x y`.z`."),
    ({"a": {"convert": "upper"}}, "`path` is missing."),
    ({"a": {"path": "x", "convert": 5}}, "`convert` is not a list of converters."),
    ({"a": {"path": "x", "convert": [5]}}, "`convert` is not a list of converters."),
    ({"a": {"path": "x", "convert": "upper lower"}}, "there is no converter `upper lower`."),
    ({"a": {"path": "x", "convert": "upper)"}}, "`)` was not expected here."),
    ({"a": {"path": "x", "one-way": "yes"}}, "`one-way` must be true or false."),
    ({"a": {"path": "x", "oneway": True}}, "`oneway` is not known here."),
    ({"a": {"each": 5, "key": "no", "map": LINE_MAP}}, "`each` must be the path of a list."),
    ({"a": {"each": "x", "map": LINE_MAP}}, "`key` is missing"),
    ({"a": {"each": "x", "key": [1], "map": LINE_MAP}}, "`key` is missing"),
    ({"a": {"each": "x", "key": "num", "map": LINE_MAP}}, "the key `num` is not in its `map`."),
    ({"a": {"each": "x", "key": "no"}}, "A mapping has no fields."),
]


@pytest.mark.parametrize(("spec", "words"), REFUSED, ids=[words for _, words in REFUSED])
def test_a_mapping_that_cannot_work_is_refused_with_a_cure(spec, words):
    with pytest.raises(SetupError) as caught:
        compile_lens(spec)

    assert words in caught.value.what
    assert caught.value.cure


def test_an_error_names_the_place_the_field_and_the_nearest_word():
    with pytest.raises(SetupError) as caught:
        compile_lens({"phone": "phone | phne(CN)"}, where="customers.crm")

    assert caught.value.what == (
        "customers.crm: field phone: At position 9 of `phone | phne(CN)`: there is no converter `phne`."
    )
    assert caught.value.cure == "Did you mean `phone`?"


def test_lines_are_not_nested_without_end():
    spec = {"no": "no"}
    for _ in range(5):
        spec = {"no": "no", "lines": {"each": "x", "key": "no", "map": spec}}

    with pytest.raises(SetupError, match="nested deeper than 3 times"):
        compile_lens(spec)


@pytest.mark.parametrize(
    "entry",
    [
        {"path": "x", "convert": ["trim", "upper"]},
        {"path": "x | trim", "convert": "upper"},
        {"path": "x", "convert": "trim | upper"},
        "x | trim | upper",
    ],
)
def test_the_long_form_means_what_the_short_form_means(entry):
    lens = compile_lens({"a": entry})

    assert lens.get([b'{"x":" b "}']).columns == [["B"]]
    assert lens.put([["B"]]) == [{"x": "B"}]


@pytest.mark.parametrize("entry", [{"path": "x", "one-way": True}, "x | one-way", "concat(x, y) | one-way"])
def test_a_one_way_field_is_only_read(entry):
    assert compile_lens({"a": entry}).writable == frozenset()


def test_two_fields_may_read_one_value_when_one_writes_it():
    lens = compile_lens({"a": "x", "b": "x | upper | one-way"})

    assert lens.get([b'{"x":"v"}']).columns == [["v"], ["V"]]
    assert lens.put([["v", "V"]]) == [{"x": "v"}]


def test_quoted_text_may_hold_every_sign():
    lens = compile_lens({"a": r"""const("a, (b) | \"c\": ~'d'")"""})

    assert lens.get([b"{}"]).columns == [["a, (b) | \"c\": ~'d'"]]


def test_elements_with_different_keys_do_not_cross():
    assert compile_lens({"a": "x[k=1].y", "b": "x[k=2].y", "c": "x[k=2].z"}).writable == {"a", "b", "c"}


def shelf(code):
    aisle, place = code.split("-")
    return f"{aisle}/{int(place)}"


SHELF = ConverterSpec(
    name="shelf",
    summary="Our shelves.",
    example="bin | shelf",
    build=lambda _: Converter(get=shelf, put=lambda value: value.replace("/", "-")),
)


def test_a_project_can_bring_converters_of_its_own():
    lens = compile_lens({"place": "bin | shelf"}, own=[SHELF])

    assert lens.get([b'{"bin":"A-07"}', b'{"bin":null}']).columns == [["A/7", None]]
    assert lens.put([["A/7"]]) == [{"bin": "A-7"}]


def test_a_converter_of_the_project_that_trips_is_a_problem_of_that_value():
    lens = compile_lens({"place": "bin | shelf"}, own=[SHELF])
    mapped = lens.get([b'{"bin":"A-07"}', b'{"bin":7}'])

    assert mapped.columns[0][0] == "A/7"
    assert mapped.problems[0].reason.startswith("the project's converter failed: AttributeError")


def test_a_converter_of_the_project_must_make_plain_texts():
    class Word(str):
        __slots__ = ()

    spec = ConverterSpec(name="worded", summary=".", example="a | worded", build=lambda _: Converter(get=Word))
    mapped = compile_lens({"a": "a | worded"}, own=[spec]).get([b'{"a":"x"}'])

    assert mapped.columns == [[UNSET]]
    assert "no plain text" in mapped.problems[0].reason


def test_a_converter_of_the_project_may_do_nothing_on_the_way_back():
    spec = ConverterSpec(name="seen", summary=".", example="a | seen", build=lambda _: Converter(get=str))

    assert compile_lens({"a": "a | seen"}, own=[spec]).put([["x"]]) == [{"a": "x"}]


@pytest.mark.parametrize("name", ["phone", "concat", "one-way"])
def test_a_converter_of_the_project_needs_a_name_of_its_own(name):
    spec = ConverterSpec(name=name, summary=".", example="", build=lambda _: Converter())

    with pytest.raises(SetupError, match="has the name of a shipped one"):
        compile_lens({"a": "a"}, own=[spec])
