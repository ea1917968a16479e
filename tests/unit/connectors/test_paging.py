"""Walks through lists: every kind of paging, circles, and lists that end too soon."""

import msgspec
import pytest

from syncline.connectors.protocols.paging import Landing, PagingOptions, Walk, next_link
from syncline.errors import TransientError


def walk(**options):
    return Walk(PagingOptions(**options), "crm /things")


def page(*keys, **said):
    return Landing(keys=keys, **said)


def test_a_list_without_paging_is_one_page():
    one = walk()

    assert one.first().query == []
    assert one.after(page("a", "b")) is None


def test_numbered_pages_end_with_the_number_of_pages():
    numbered = walk(type="page", param="p", pages="pages", size=2, size_param="n")

    assert numbered.first().query == [("n", "2"), ("p", "1")]
    assert numbered.after(page("a", "b", pages=2)).query == [("n", "2"), ("p", "2")]
    assert numbered.after(page("c", pages=2)) is None


def test_numbered_pages_without_a_count_end_with_an_empty_page_not_with_a_short_one():
    numbered = walk(type="page", param="p", size=100, size_param="n")
    numbered.first()

    assert numbered.after(page("a")).query[-1] == ("p", "2")
    assert numbered.after(page()) is None


def test_an_offset_counts_what_came_not_what_was_asked_for():
    offset = walk(type="offset", param="skip", total="total", size=100, size_param="take")

    assert offset.first().query[-1] == ("skip", "0")
    assert offset.after(page("a", "b", total=3)).query[-1] == ("skip", "2")
    assert offset.after(page("c", total=3)) is None


def test_a_list_that_ends_before_its_total_is_not_taken_for_complete():
    offset = walk(type="offset", param="skip", total="total")
    offset.first()
    offset.after(page("a", total=5))

    with pytest.raises(TransientError, match="ended before its end"):
        offset.after(page(total=5))


@pytest.mark.parametrize(
    "said", [{"type": "offset"}, {"type": "page", "start": 0}, {"type": "page", "size": 3}], ids=str
)
@pytest.mark.parametrize("deleted", ["a", "b", "abc", "ace", "e", "h", "abcdefgh"])
@pytest.mark.parametrize("moment", [1, 2])
def test_no_row_is_passed_over_when_others_are_deleted_meanwhile(said, deleted, moment):
    rows, size, listed = list("abcdefgh"), 3, ""
    numbered = walk(param="p", total="total", size_param="n" if "size" in said else "", **said)
    place, pages = numbered.first(), 0
    while place is not None and pages < 12:
        at = int(place.query[-1][1])
        start = at if said["type"] == "offset" else (at - said.get("start", 1)) * size
        shown = rows[start : start + size]
        listed, pages = listed + "".join(shown), pages + 1
        place = numbered.after(page(*shown, total=len(rows)))
        if pages == moment:
            rows = [row for row in rows if row not in deleted]

    assert set(rows) <= set(listed)
    assert pages < 8


def test_a_total_that_counts_what_is_left_is_no_way_back_without_end():
    offset = walk(type="offset", param="skip", total="total")
    offset.first()
    for one in [page("a", total=9), page("b", total=8), page("a", total=9)]:
        offset.after(one)

    with pytest.raises(TransientError, match="circles"):
        offset.after(page("b", total=8))


def test_an_empty_page_in_the_middle_is_not_the_end():
    numbered = walk(type="page", param="p", pages="pages")
    numbered.first()

    with pytest.raises(TransientError, match="ended before its end"):
        numbered.after(page(pages=3))


def test_a_cursor_goes_on_until_there_is_none():
    cursor = walk(type="cursor", param="after", next="next")
    cursor.first()

    assert cursor.after(page("a", next="x")).query == [("after", "x")]
    assert cursor.after(page("b", next=7)).query == [("after", "7")]
    assert cursor.after(page("c", next=None)) is None


@pytest.mark.parametrize("said", [{"next": ""}, {"next": "x", "more": False}])
def test_a_cursor_can_end_in_other_ways(said):
    cursor = walk(type="cursor", param="after", next="next")
    cursor.first()

    assert cursor.after(page("a", **said)) is None


def test_a_cursor_that_comes_again_is_a_circle():
    cursor = walk(type="cursor", param="after", next="next")
    cursor.first()
    cursor.after(page("a", next="x"))

    with pytest.raises(TransientError, match="in circles"):
        cursor.after(page("b", next="x"))


def test_a_page_that_comes_again_is_a_circle():
    numbered = walk(type="page", param="ignored")
    numbered.first()
    numbered.after(page("a", "b"))

    with pytest.raises(TransientError, match="the same page"):
        numbered.after(page("a", "b"))


def test_a_keyset_goes_on_behind_the_last_record():
    keyset = walk(type="keyset", params={"after": "changed", "after_id": "id"})
    keyset.first()
    last = msgspec.json.encode({"id": 9, "changed": "2026-01-01"})

    assert keyset.after(page("8", "9", last=last)).query == [("after", "2026-01-01"), ("after_id", "9")]
    assert keyset.after(page()) is None


def test_links_lead_on():
    linked, url = walk(type="link"), walk(type="next-url", next="next")

    assert linked.after(page("a", link='</t?page=2>; rel="next", </t?page=9>; rel="last"')).url == "/t?page=2"
    assert linked.after(page("b", link='</t?page=1>; rel="prev"')) is None
    assert url.after(page("a", next="https://crm.example/t?x=1")).url == "https://crm.example/t?x=1"
    assert url.after(page("b", next=None)) is None


@pytest.mark.parametrize(
    ("header", "url"),
    [
        ("", ""),
        ("</a>; rel=next", "/a"),
        ('</a>; title="x"; rel="next"', "/a"),
        ('</a>; rel="nextish"', ""),
        ('</a>; rel="prev", </b>; rel="next"', "/b"),
    ],
)
def test_the_next_link_is_read_out_of_its_header(header, url):
    assert next_link(header) == url
