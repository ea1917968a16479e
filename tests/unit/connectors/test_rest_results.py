"""The answer to a batch is decoded once, and still says the same of each item."""

import msgspec
import pytest

from syncline.connectors.protocols.rest_options import BatchAnswer, ResourceOptions, Since, Version
from syncline.connectors.protocols.rest_results import Results
from syncline.model.page import Item, Op, Outcome, Receipt

PLAIN = ResourceOptions(path="/t")
MARKED = ResourceOptions(path="/t", since=Since(field="at"), version=Version(field="rev"))
ANSWER = BatchAnswer(ref="ref", status="status", id="id")


def items(*refs, op=Op.CREATE):
    return [Item(ref=ref, op=op, key="" if op is Op.CREATE else f"k{ref}") for ref in refs]


def body(*results):
    return msgspec.json.encode({"results": results})


def paired(results, *refs):
    said = results.said
    return lambda answer: [(item.ref, place) for item, place in results.by_reference(items(*refs), said(answer))]


def test_results_find_their_items_in_any_order_and_spelling():
    pairs = paired(Results("results", ANSWER, PLAIN), 1, 2, 3)

    assert pairs(body({"ref": 1}, {"ref": 2}, {"ref": 3})) == [(1, 0), (2, 1), (3, 2)]
    assert pairs(body({"ref": "3"}, {"ref": 1}, {"ref": "2"})) == [(1, 1), (2, 2), (3, 0)]


def test_an_item_with_no_result_or_with_two_is_left_out():
    pairs = paired(Results("results", ANSWER, PLAIN), 1, 2)

    assert pairs(body({"ref": 1}, {"ref": 2}, {"ref": "2"})) == [(1, 0)]
    assert pairs(body({"ref": 2}, 7, {"id": 1})) == [(2, 0)]


def test_a_repeated_item_is_in_doubt_even_in_the_right_order():
    assert paired(Results("results", ANSWER, PLAIN), 1, 1)(body({"ref": 1}, {"ref": 1})) == []


def done(results, answer, item):
    return results.done(item, results.said(answer)[0])


def test_a_receipt_has_the_key_from_beside_the_record_or_from_within():
    beside = Results("results", ANSWER, ResourceOptions(path="/t", key="number"))
    within = Results("results", BatchAnswer(ref="ref", record="row"), PLAIN)
    (item,) = items(1)

    assert done(beside, body({"ref": 1, "id": 7}), item) == Receipt(ref=1, outcome=Outcome.DONE, key="7")
    assert done(within, body({"ref": 1, "row": {"id": "a"}}), item) == Receipt(ref=1, outcome=Outcome.DONE, key="a")
    assert done(within, body({"ref": 1, "row": None}), item) is None


def test_a_receipt_has_version_and_time_of_a_record_that_shows_them():
    answer = body({"ref": 1, "id": 7, "rev": 3, "at": "1970-01-01T00:00:01Z"})
    receipt = done(Results("results", ANSWER, MARKED), answer, items(1)[0])

    assert (receipt.version, receipt.stamp) == ("3", 1_000_000)


def test_what_was_deleted_keeps_its_key_and_shows_nothing():
    receipt = done(Results("results", ANSWER, MARKED), body({"ref": 1, "rev": 3}), items(1, op=Op.DELETE)[0])

    assert receipt == Receipt(ref=1, outcome=Outcome.DONE, key="k1")


def test_a_key_inside_of_what_is_asked_for_whole_needs_the_whole_result():
    results = Results("", BatchAnswer(ref="ref", id="row", record="row"), PLAIN)

    assert not results.shows_key
    assert results.id_of(results.said(b'[{"ref": 1, "row": 5}]')[0]) == "5"


@pytest.mark.parametrize("answer", [b"", b"{}", b"[]", b'{"results": 3}', b'{"results": [}', b"\xff", b"[" * 100_000])
def test_an_answer_without_results_says_nothing(answer):
    with pytest.raises(ValueError):  # noqa: PT011  the caller tells it in its own words
        Results("results", ANSWER, PLAIN).said(answer)
