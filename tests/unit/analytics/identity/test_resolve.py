"""Which records are one: numbers prove, likeness persuades, and nothing is merged that a number contradicts."""

from __future__ import annotations

import pyarrow as pa
import pytest

from syncline.analytics.identity.records import CLUSTERS, PAIRS, IdentityConfig
from syncline.analytics.identity.resolve import resolve_entities
from syncline.errors import RejectedError, SetupError
from tests.unit.analytics.identity.tables import people, products

BY_NAME = IdentityConfig(fields=("name",))
BY_VAT = IdentityConfig(fields=("name",), verified={"vat": "vat"})
PERSON = IdentityConfig(fields=("first_name", "surname", "born", "phone", "city"), kind="people")


def companies(*rows: tuple[str, str, str | None]) -> pa.Table:
    return pa.table(dict(zip(("key", "name", "vat"), map(list, zip(*rows, strict=True)), strict=True)))


def outcomes(pairs: pa.Table) -> dict[tuple[str, str], str]:
    return {(row["l"], row["r"]): row["outcome"] for row in pairs.to_pylist()}


def golden(clusters: pa.Table) -> dict[tuple[str, str], str]:
    return {(row["side"], row["key"]): row["golden_id"] for row in clusters.to_pylist()}


def test_equal_verified_numbers_prove_whatever_the_names_are():
    left = companies(("a", "Jade River", "DE136695976"), ("b", "Nord", None))
    right = companies(("1", "Something else", "de 136.695.976"), ("2", "Nord", None))

    found = resolve_entities(left, right, BY_VAT)
    ids = golden(found.clusters)

    assert outcomes(found.pairs)["a", "1"] == "same"
    assert ids["left", "a"] == ids["right", "1"]
    assert len(set(ids.values())) == 3
    assert found.pairs.schema.equals(PAIRS.schema, check_metadata=True)
    assert found.clusters.schema.equals(CLUSTERS.schema, check_metadata=True)


def test_different_verified_numbers_are_never_merged():
    left, right, truth = products(150, seed=3)
    numbers = {"vat": [f"{row}" for row in range(150)]}
    others = {"vat": [f"{row + 1}" for row in range(150)]}
    config = IdentityConfig(fields=("name",), verified={"vat": "number"})
    left = left.append_column("vat", pa.array(numbers["vat"]))
    right = right.append_column("vat", pa.array(others["vat"]))

    found = resolve_entities(left, right, config)

    merged = {pair for pair, outcome in outcomes(found.pairs).items() if outcome == "same"}
    assert merged == {(f"a{row + 1}", f"b{row}") for row in range(149)}
    assert merged.isdisjoint(truth)


def test_a_merge_that_a_number_of_the_thing_contradicts_waits_for_a_person():
    table = pa.table(
        {
            "key": ["a", "b", "c"],
            "name": ["Nord", "Nord", "Nord"],
            "vat": ["DE136695976", None, "EL094259216"],
            "duns": ["1", "1", None],
            "lei": [None, "x", "x"],
        }
    )
    config = IdentityConfig(fields=("name",), verified={"vat": "vat", "duns": "number", "lei": "number"})

    found = resolve_entities(table, None, config)

    told = found.review.to_pylist()
    assert [(row["l"], row["r"], row["outcome"]) for row in told if row["rule"] == "identifier"] == [("b", "c", "ask")]
    assert "vat differ" in told[0]["explanation"]


def test_a_number_with_wrong_check_digits_is_no_evidence():
    left = companies(("a", "Jade", "DE136695977"))
    right = companies(("1", "Other", "DE136695977"))

    assert outcomes(resolve_entities(left, right, BY_VAT).pairs) == {}


def test_a_number_of_several_records_is_a_question():
    left = companies(("a", "Jade", "DE136695976"))
    right = companies(("1", "Jade", "DE136695976"), ("2", "Jade", "DE136695976"))

    found = resolve_entities(left, right, BY_VAT)

    assert outcomes(found.pairs) == {("a", "1"): "ask", ("a", "2"): "ask"}
    assert [row["p"] for row in found.review.to_pylist()] == [0.5, 0.5]


def test_few_records_are_shown_and_never_merged_by_likeness():
    left = companies(("a", "Jade River Trading", None), ("b", "Nordlicht", None))
    right = companies(("1", "JADE RIVER TRADING CO", None), ("2", "Suedstern", None))

    found = resolve_entities(left, right, BY_VAT)

    assert outcomes(found.pairs) == {("a", "1"): "ask"}
    assert "Fewer than 100 records" in found.flag


def test_products_are_found_by_their_texts_one_to_one_and_surely():
    left, right, truth = products(400, seed=5, shared=0.7)

    found = resolve_entities(left, right, BY_NAME)
    rows = found.pairs.to_pylist()
    likely = {(row["l"], row["r"]) for row in rows if row["p"] >= 0.5}
    sure = {(row["l"], row["r"]) for row in rows if row["outcome"] == "same"}

    assert found.flag == ""
    assert 2 * len(likely & truth) / (len(likely) + len(truth)) > 0.95
    assert len(sure & truth) >= 0.95 * len(sure) > 0
    assert len({left for left, _ in sure}) == len({right for _, right in sure}) == len(sure)
    assert all(row["explanation"] and row["parts"] for row in rows)


def test_tables_with_nothing_in_common_are_hardly_merged():
    left, right, truth = products(400, seed=6, shared=0.0)

    sure = [
        pair for pair, outcome in outcomes(resolve_entities(left, right, BY_NAME).pairs).items() if outcome == "same"
    ]

    assert truth == set()
    assert len(sure) <= 0.02 * 400


def test_the_same_tables_give_the_same_result_in_any_order_of_rows():
    left, right, _ = products(150, seed=7)
    turned = left.take(list(range(149, -1, -1)))

    first, again = (resolve_entities(one, right, BY_NAME) for one in (left, turned))

    assert golden(first.clusters) == golden(again.clusters)


def test_likeness_alone_merges_nothing_within_one_table():
    left, right, _ = products(200, seed=8)

    found = resolve_entities(pa.concat_tables([left, right]), None, BY_NAME)

    assert set(outcomes(found.pairs).values()) == {"ask"}


def test_people_are_found_in_spite_of_errors_and_every_field_says_its_bits():
    left, right = people(400, seed=9)

    found = resolve_entities(left, right, PERSON)
    rows = [row for row in found.pairs.to_pylist() if row["p"] >= 0.5]

    assert sum(row["l"] == row["r"] for row in rows) >= 0.98 * 400
    assert sum(row["l"] != row["r"] for row in rows) <= 4
    assert "bits" in rows[0]["explanation"]
    assert {part["field"] for part in rows[0]["parts"]} == set(PERSON.fields)


def test_people_are_found_within_one_table():
    left, right = people(200, seed=10)
    twice = pa.table(right.to_pydict() | {"key": [f"again {key}" for key in right.column("key").to_pylist()]})

    found = resolve_entities(pa.concat_tables([left, twice]), None, PERSON)
    likely = {(row["l"], row["r"]) for row in found.pairs.to_pylist() if row["p"] >= 0.5}

    assert len(likely & {(f"p{i}", f"again p{i}") for i in range(200)}) >= 0.95 * 200
    assert len(likely) <= 1.05 * 200


def test_few_people_are_shown_and_not_merged():
    left, right = people(10, seed=11)

    found = resolve_entities(left, right, PERSON)

    assert set(outcomes(found.pairs).values()) == {"ask"}
    assert "merges nobody" in found.flag


def test_people_of_one_field_are_shown_and_not_merged():
    table = pa.table({"key": [f"{i}" for i in range(300)], "name": [f"anna bauer {i // 2}" for i in range(300)]})

    found = resolve_entities(table, table, IdentityConfig(fields=("name",), kind="people"))

    assert set(outcomes(found.pairs).values()) == {"ask"}
    assert "merges nobody" in found.flag


@pytest.mark.parametrize("text", ["same", "!!! ???", "'; drop table x --", "abc " * 20_000])
@pytest.mark.parametrize("kind", ["people", "things"])
def test_a_table_of_one_text_is_borne(text: str, kind: str):
    table = pa.table({"key": [f"{i}" for i in range(120)], "select": [text] * 120, "match_weight": [text] * 120})
    config = IdentityConfig(fields=("select", "match_weight"), kind=kind)

    found = resolve_entities(table, table, config)

    assert {row["outcome"] for row in found.pairs.to_pylist()} <= {"ask"}


def test_with_labels_things_are_judged_as_people_judged_them():
    left, right, truth = products(400, seed=12)
    wrong = [(f"a{i}", f"b{(i + 7) % 400}") for i in range(300)]
    pairs = [*sorted(truth)[:300], *wrong]
    labels = pa.table(
        {"l": [a for a, _ in pairs], "r": [b for _, b in pairs], "same": [pair in truth for pair in pairs]}
    )

    found = resolve_entities(left, right, BY_NAME, labels=labels)
    sure = {pair for pair, outcome in outcomes(found.pairs).items() if outcome == "same"}

    assert 2 * len(sure & truth) / (len(sure) + len(truth)) > 0.95
    assert {row["rule"] for row in found.pairs.to_pylist()} == {"labels"}
    assert "texts alike" in found.pairs.to_pylist()[0]["explanation"]


def test_labels_that_cannot_teach_are_refused():
    left, right, _ = products(600, seed=13)
    same = pa.table({"l": [f"a{i}" for i in range(600)], "r": [f"b{i}" for i in range(600)], "same": [True] * 600})
    unknown = same.set_column(0, "l", pa.array(["nobody"] * 600))

    with pytest.raises(RejectedError, match="600 say that the records are the same"):
        resolve_entities(left, right, BY_NAME, labels=same)
    with pytest.raises(RejectedError, match="nobody and b0 names a record that is not there"):
        resolve_entities(left, right, BY_NAME, labels=unknown)


def test_an_empty_table_gives_an_empty_result_that_says_so():
    left = pa.table({"key": pa.array([], pa.string()), "name": pa.array([], pa.string())})
    right = pa.table({"key": ["1"], "name": ["Nord"]})

    found = resolve_entities(left, right, BY_NAME)

    assert found.pairs.num_rows == 0
    assert found.clusters.num_rows == 1
    assert found.flag == "One of the tables is empty."


@pytest.mark.parametrize("kind", ["people", "things"])
def test_records_without_any_text_are_alone(kind: str):
    table = pa.table({"key": [f"{i}" for i in range(200)], "name": pa.array([None] * 200, pa.string())})

    found = resolve_entities(table, None, IdentityConfig(fields=("name",), kind=kind))

    assert found.pairs.num_rows == 0
    assert len(set(golden(found.clusters).values())) == 200


def test_a_key_that_is_there_twice_is_refused():
    with pytest.raises(RejectedError, match="The key a of left is there twice"):
        resolve_entities(pa.table({"key": ["a", "a"], "name": ["x", "y"]}), None, BY_NAME)


def test_what_is_not_there_cannot_be_compared():
    with pytest.raises(SetupError, match="has no column name"):
        resolve_entities(pa.table({"key": ["a"]}), None, BY_NAME)
    with pytest.raises(SetupError, match="No field is given"):
        resolve_entities(pa.table({"key": ["a"]}), None, IdentityConfig(fields=()))


def test_golden_ids_go_on_in_the_next_run():
    left = companies(("a", "Jade", "DE136695976"), ("b", "Nord", None))
    right = companies(("1", "Jade", "DE136695976"))
    first = resolve_entities(left, right, BY_VAT)

    more = companies(("0", "New", None), ("a", "Jade", "DE136695976"), ("b", "Nord", None))
    again = resolve_entities(more, right, BY_VAT, known=first.clusters)

    before, after = golden(first.clusters), golden(again.clusters)
    assert {member: after[member] for member in before} == before
    assert after["left", "0"] not in before.values()
