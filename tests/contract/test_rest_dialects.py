"""The rest connector in dialects that the sandbox does not speak: cursors, headers, batches, refusals."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlsplit

import msgspec
import pytest

from syncline.connectors.protocols.rest import RestConnector, open_rest
from syncline.env import RealEnv
from syncline.errors import RejectedError, SetupError, TransientError
from syncline.model.page import Batch, Cursor, Gone, Item, Op, Outcome, Receipt, Record
from tests.contract.canned_server import Asked, Canned, Script, answer, canned

SECOND = 1_000_000
NOON = 1_772_366_400 * SECOND
NOON_DATE = "Sun, 01 Mar 2026 12:00:00 GMT"
PROMISE = {"lag": 10.0, "precision": 1.0, "skew": 5.0, "read_back": "body"}

Speaking = Callable[..., tuple[RestConnector, Canned]]


@pytest.fixture
def speaking() -> Iterator[Speaking]:
    """A connector to a canned system: `speaking(script, resource options, system options)`."""
    ends: list[Callable[[], object]] = []

    def make(script: Script, options: dict[str, object], **more: object) -> tuple[RestConnector, Canned]:
        context = canned(script)
        server = context.__enter__()
        resource = {"path": "/t", "rows": "data", **options}
        given = {"url": server.url, "timeout": 2, "contract": PROMISE, "resources": {"t": resource}, **more}
        connector = open_rest("crm", given, RealEnv())
        ends.append(lambda: (connector.close(), context.__exit__(None, None, None)))
        return connector, server

    yield make
    for end in ends:
        end()


def json(value: object, status: str = "200 OK", **headers: str) -> bytes:
    return answer(msgspec.json.encode(value), status, **headers)


def query(asked: Asked) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(asked.target).query).items()}


def sent(asked: Asked) -> object:
    return msgspec.json.decode(asked.body)


def write(connector: RestConnector, *items: Item) -> dict[int, Receipt]:
    receipts = connector.write(Batch(resource="t", items=items, send_by=time.monotonic() + 20))
    return {receipt.ref: receipt for receipt in receipts}


def creates(count: int) -> list[Item]:
    return [Item(ref=n, op=Op.CREATE, fields={"n": n}) for n in range(count)]


# --- cursors -----------------------------------------------------------------------

SINCE = {"since": {"param": "from", "field": "at", "format": "unix"}}


def test_the_lower_bound_is_the_cursor_less_lag_precision_and_skew(speaking: Speaking) -> None:
    connector, server = speaking(lambda _: json({"data": []}, Date=NOON_DATE), SINCE)

    list(connector.list("t", Cursor(stamp=NOON - 100 * SECOND)))

    assert query(server.asked[0]) == {"from": str(1_772_366_400 - 100 - 16)}


def test_a_cursor_of_the_future_is_put_back_to_the_systems_clock(speaking: Speaking) -> None:
    connector, server = speaking(lambda _: json({"data": []}, Date=NOON_DATE), SINCE)

    pages = list(connector.list("t", Cursor(stamp=NOON + 86_400 * SECOND)))

    assert query(server.asked[-1]) == {"from": str(1_772_366_400 - 16)}
    assert pages[-1].cursor == Cursor(stamp=NOON)


def test_a_stamp_of_the_future_does_not_carry_the_cursor_away(speaking: Speaking) -> None:
    rows = {"data": [{"id": 1, "at": 4_000_000_000}]}
    for options in (SINCE, {"since": {**SINCE["since"], "ordered": True}}):
        connector, _ = speaking(lambda _: json(rows, Date=NOON_DATE), options)

        assert list(connector.list("t", None))[-1].cursor == Cursor(stamp=NOON)


def test_a_list_in_no_order_gives_its_cursor_at_the_end_and_not_after_its_start(speaking: Speaking) -> None:
    def system(asked: Asked) -> bytes:
        page = int(query(asked)["p"])
        date = NOON_DATE if page == 1 else "Sun, 01 Mar 2026 12:09:00 GMT"
        return json({"data": [{"id": page, "at": 1_772_366_400 + 300 * (page - 1)}], "pages": 2}, Date=date)

    connector, _ = speaking(system, {**SINCE, "paging": {"type": "page", "param": "p", "pages": "pages"}})

    assert [page.cursor for page in connector.list("t", None)] == [None, Cursor(stamp=NOON)]


def test_a_list_in_the_order_of_change_gives_a_cursor_with_each_page(speaking: Speaking) -> None:
    def system(asked: Asked) -> bytes:
        page = int(query(asked)["p"])
        return json({"data": [{"id": page, "at": 1_772_000_000 + page}], "pages": 2}, Date=NOON_DATE)

    options = {"since": {**SINCE["since"], "ordered": True}}
    connector, _ = speaking(system, {**options, "paging": {"type": "page", "param": "p", "pages": "pages"}})

    stamps = [page.cursor.stamp // SECOND for page in connector.list("t", None) if page.cursor]
    assert stamps == [1_772_000_001, 1_772_000_002]


def test_next_links_are_followed_within_the_system_only(speaking: Speaking) -> None:
    def system(asked: Asked) -> bytes:
        number = query(asked).get("page", "1")
        link = {"1": "</t?page=2>; rel=next", "2": "<http://elsewhere.example/t?page=3>; rel=next"}[number]
        return json({"data": [{"id": number}]}, Link=link)

    connector, _ = speaking(system, {"paging": {"type": "link"}})
    pages = connector.list("t", None)

    assert [list(next(pages).keys), list(next(pages).keys)] == [["1"], ["2"]]
    with pytest.raises(SetupError, match="another system"):
        next(pages)


# --- gets and searches ---------------------------------------------------------------


def test_a_version_in_a_header_is_read_and_sent_back(speaking: Speaking) -> None:
    def system(asked: Asked) -> bytes:
        if asked.method == "GET":
            return json({"id": 1}, ETag='W/"abc"')
        return json({"id": 1}, "200 OK" if asked.headers["if-match"] == 'W/"abc"' else "412 Precondition Failed")

    connector, _ = speaking(system, {"version": {"header": "ETag"}, "write": {"update": {}}})
    record = connector.get("t", ["1"])[0]
    assert isinstance(record, Record)

    fresh = Item(ref=1, op=Op.UPDATE, key="1", fields={"a": 1}, version=record.version)
    stale = msgspec.structs.replace(fresh, ref=2, version='"old"')
    receipts = write(connector, fresh, stale)

    assert (receipts[1].outcome, receipts[2].outcome) == (Outcome.DONE, Outcome.STALE)


def test_keys_are_quoted_and_never_leave_their_path(speaking: Speaking) -> None:
    connector, server = speaking(lambda _: json({"id": "a/b?c"}), {})

    connector.get("t", ["a/b?c"])

    assert server.asked[0].target == "/t/a%2Fb%3Fc"
    with pytest.raises(RejectedError):
        connector.get("t", [".."])


def test_what_is_missing_among_many_is_asked_for_alone(speaking: Speaking) -> None:
    def system(asked: Asked) -> bytes:
        if asked.target.startswith("/t?"):
            return json({"data": [{"id": 1}]})
        merged = asked.target == "/t/2"
        return json({"into": "1"}, "410 Gone") if merged else json({}, "404 Not Found")

    connector, server = speaking(system, {"get_many": {"param": "ids"}, "merged": {"field": "into"}})

    found = connector.get("t", ["3", "1", "2"])

    assert found == [Gone(key="3"), Record(key="1", raw=b'{"id":1}'), Gone(key="2", merged_into="1")]
    assert query(server.asked[0]) == {"ids": "3,1,2"}


def test_a_search_finds_equal_values_only(speaking: Speaking) -> None:
    rows = [{"id": 1, "mail": "Ann@X.org"}, {"id": 2, "mail": "joann@x.org"}, {"id": 3, "mail": None}]
    connector, server = speaking(lambda _: json({"data": rows}), {"search": {"mail": "q"}})

    found = connector.search("t", "mail", "ann@x.org")

    assert [record.key for record in found] == ["1"]
    assert query(server.asked[0]) == {"q": "ann@x.org"}
    with pytest.raises(SetupError, match="cannot be searched by phone"):
        connector.search("t", "phone", "1")


def test_a_wrong_path_needs_a_person(speaking: Speaking) -> None:
    connector, _ = speaking(lambda _: json({"message": "no route"}, "404 Not Found"), {}, errors={"message": "message"})

    with pytest.raises(SetupError, match="no route") as caught:
        list(connector.list("t", None))

    assert "systems.crm.resources.t" in caught.value.cure


def test_an_answer_without_the_list_is_not_an_empty_list(speaking: Speaking) -> None:
    connector, _ = speaking(lambda _: json({"items": []}), {})

    with pytest.raises(TransientError, match="without a list at data"):
        list(connector.list("t", None))


def test_a_schema_is_read_where_the_system_describes_it(speaking: Speaking) -> None:
    fields = {"fields": [{"name": "mail", "kind": "text"}]}
    described = {"schema": {"path": "/meta/t", "fields": "fields", "type": "kind"}}
    connector, _ = speaking(lambda _: json(fields), described)

    assert connector.schema("t") == {"mail": "text"}
    assert speaking(lambda _: json({}), {})[0].schema("t") == {}


def test_a_schema_may_be_read_off_a_few_records(speaking: Speaking) -> None:
    rows = [{"id": 1, "name": "Anna", "tax": None}, {"id": 2, "name": None, "tax": None, "tags": []}]
    connector, _ = speaking(lambda _: json({"data": rows}), {"schema": "sample"})

    assert connector.schema("t") == {"id": "number", "name": "text", "tax": "unknown", "tags": "list"}


# --- single writes ---------------------------------------------------------------------


def test_a_create_carries_constants_marker_and_token_in_the_envelope(speaking: Speaking) -> None:
    options = {
        "write": {"create": {"fields": {"kind": "firm"}}, "wrap": "thing", "record": "thing"},
        "marker": {"field": "custom.hub", "param": "hub"},
        "idempotency": {},
    }
    connector, server = speaking(lambda _: json({"thing": {"id": 5}}, "201 Created"), options)

    receipts = write(connector, Item(ref=1, op=Op.CREATE, fields={"n": 1}, marker="m", idempotency="k"))

    assert sent(server.asked[0]) == {"thing": {"kind": "firm", "n": 1, "custom": {"hub": "m"}}}
    assert server.asked[0].headers["idempotency-key"] == "k"
    assert (receipts[1].outcome, receipts[1].key, receipts[1].raw) == (Outcome.DONE, "5", b'{"id":5}')


def test_a_create_may_show_its_key_in_the_location_only(speaking: Speaking) -> None:
    connector, _ = speaking(lambda _: answer(b"", "201 Created", Location="/t/77?x=1"), {"write": {"create": {}}})

    receipt = write(connector, *creates(1))[0]

    assert (receipt.outcome, receipt.key, receipt.raw) == (Outcome.DONE, "77", None)


def test_a_create_that_does_not_say_its_key_is_in_doubt(speaking: Speaking) -> None:
    connector, _ = speaking(lambda _: json({"status": "created"}, "201 Created"), {"write": {"create": {}}})

    assert write(connector, *creates(1))[0].outcome is Outcome.DOUBT


def test_an_update_of_a_whole_record_lays_the_changes_over_what_was_read(speaking: Speaking) -> None:
    options = {"write": {"update": {"method": "PUT", "whole": True}}}
    connector, server = speaking(lambda _: json({"id": 1}), options)
    item = Item(ref=1, op=Op.UPDATE, key="1", fields={"b": 3}, current=b'{"id":1,"a":1,"b":2}')

    receipts = write(connector, item, msgspec.structs.replace(item, ref=2, current=None))

    assert sent(server.asked[0]) == {"id": 1, "a": 1, "b": 3}
    assert receipts[2].outcome is Outcome.REFUSED
    assert len(server.asked) == 1


def test_what_is_not_offered_is_refused_without_a_request(speaking: Speaking) -> None:
    connector, server = speaking(lambda _: json({}), {"write": {"create": {}}})

    assert write(connector, Item(ref=1, op=Op.DELETE, key="1"))[1].outcome is Outcome.REFUSED
    assert server.asked == []
    assert not connector.contract("t").deletable


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        ("400 Bad Request", Outcome.REFUSED),
        ("404 Not Found", Outcome.GONE),
        ("409 Conflict", Outcome.STALE),
        ("410 Gone", Outcome.GONE),
        ("412 Precondition Failed", Outcome.STALE),
        ("422 Unprocessable Entity", Outcome.REFUSED),
        ("423 Locked", Outcome.BUSY),
        ("500 Internal Server Error", Outcome.DOUBT),
    ],
)
def test_each_status_has_its_outcome(speaking: Speaking, status: str, outcome: Outcome) -> None:
    connector, _ = speaking(
        lambda _: json({"why": "because" * 200}, status), {"write": {"update": {}}}, errors={"message": "why"}
    )

    receipt = write(connector, Item(ref=1, op=Op.UPDATE, key="1", fields={"a": 1}, version="1"))[1]

    assert receipt.outcome is outcome
    assert len(receipt.message) <= 500


def test_one_forbidden_record_is_refused_and_all_of_them_need_a_person(speaking: Speaking) -> None:
    def system(asked: Asked) -> bytes:
        return json({}, "403 Forbidden") if asked.target == "/t/1" else json({"id": 2})

    connector, _ = speaking(system, {"write": {"update": {}}})
    forbidden, allowed = (Item(ref=n, op=Op.UPDATE, key=str(n), fields={"a": 1}) for n in (1, 2))

    receipts = write(connector, forbidden, allowed)

    assert (receipts[1].outcome, receipts[2].outcome) == (Outcome.REFUSED, Outcome.DONE)
    with pytest.raises(SetupError):
        write(connector, forbidden)


def test_a_second_create_of_a_strangers_record_is_refused(speaking: Speaking) -> None:
    def system(asked: Asked) -> bytes:
        if asked.method == "POST":
            return json({"message": "taken", "existing": 9}, "409 Conflict")
        return json({"id": 9, "ref": "ours" if asked.headers.get("x-side") else "theirs"})

    options = {"write": {"create": {}}, "marker": {"field": "ref", "unique": True, "existing": "existing"}}
    item = Item(ref=1, op=Op.CREATE, fields={}, marker="ours")

    ours = write(speaking(system, options, headers={"X-Side": "ours"})[0], item)[1]
    theirs = write(speaking(system, options, errors={"message": "message"})[0], item)[1]

    assert (ours.outcome, ours.key) == (Outcome.DONE, "9")
    assert (theirs.outcome, theirs.message) == (Outcome.REFUSED, "taken")


def test_a_secret_that_the_system_repeats_is_struck_out(speaking: Speaking) -> None:
    auth = {"type": "bearer", "token": "canary-5555"}
    refusal = {"message": "token canary-5555 may not"}
    connector, _ = speaking(
        lambda _: json(refusal, "422 No"), {"write": {"create": {}}}, auth=auth, errors={"message": "message"}
    )

    assert write(connector, *creates(1))[0].message == "token *** may not"


# --- batches -----------------------------------------------------------------------------

BY_REF = {
    "write": {"create": {}, "update": {}},
    "batch": {
        "path": "/t/batch",
        "keys": {"op": "op", "ref": "ref", "id": "id", "fields": "fields"},
        "answer": {"ref": "ref", "status": "status", "id": "id", "record": "record"},
        "statuses": {"ok": "done", "bad": "refused", "late": "busy"},
    },
    "idempotency": {},
}
ATOMIC = {
    "write": {"create": {}, "update": {}},
    "batch": {"path": "/t/bulk", "items": "", "results": "", "atomic": True, "size": 64, "keys": {"id": "id"}},
}


def test_results_are_matched_by_reference_and_the_missing_are_in_doubt(speaking: Speaking) -> None:
    def system(_: Asked) -> bytes:
        results = [
            {"ref": "2", "status": "ok", "record": {"id": "b"}},
            {"ref": 0, "status": "ok", "id": "a"},
            {"ref": 3, "status": "bad"},
            {"ref": 4, "status": "what?"},
            {"ref": 5, "status": "ok", "id": "x"},
            {"ref": 5, "status": "bad"},
            {"ref": 99, "status": "ok", "id": "stranger"},
            "noise",
        ]
        return json({"results": results})

    connector, _ = speaking(system, BY_REF)

    receipts = write(connector, *creates(6))

    assert {ref: (one.outcome, one.key) for ref, one in receipts.items()} == {
        0: (Outcome.DONE, "a"),
        2: (Outcome.DONE, "b"),
        3: (Outcome.REFUSED, ""),
        4: (Outcome.DOUBT, ""),
    }


def test_the_same_intents_make_the_same_batch_key(speaking: Speaking) -> None:
    connector, server = speaking(lambda _: json({"results": []}), BY_REF)
    items = [msgspec.structs.replace(item, idempotency=f"k{item.ref}") for item in creates(2)]

    write(connector, *items)
    write(connector, *items)
    write(connector, *(msgspec.structs.replace(item, idempotency="new") for item in items))

    keys = [asked.headers["idempotency-key"] for asked in server.asked]
    assert keys[0] == keys[1] != keys[2]


def test_an_unknown_batch_address_needs_a_person_and_is_asked_once(speaking: Speaking) -> None:
    connector, server = speaking(lambda _: json({}, "404 Not Found"), BY_REF)

    with pytest.raises(SetupError, match="batch"):
        write(connector, *creates(200))

    assert len(server.asked) == 1


def test_refused_items_of_an_atomic_batch_are_found_by_halves(speaking: Speaking) -> None:
    stored: list[int] = []

    def system(asked: Asked) -> bytes:
        rows = msgspec.json.decode(asked.body)
        if any(row["n"] in {3, 40} for row in rows):
            return json({"message": "no"}, "422 Unprocessable Entity")
        stored.extend(row["n"] for row in rows)
        return json([{"id": row["n"] + 1000} for row in rows])

    connector, server = speaking(system, ATOMIC, errors={"message": "message"})

    receipts = write(connector, *creates(64))

    assert {ref for ref, one in receipts.items() if one.outcome is Outcome.REFUSED} == {3, 40}
    assert sorted(stored) == [n for n in range(64) if n not in {3, 40}]
    assert all(one.key == str(ref + 1000) for ref, one in receipts.items() if one.outcome is Outcome.DONE)
    assert len(server.asked) < 30


def test_an_atomic_answer_of_another_length_tells_of_nobody(speaking: Speaking) -> None:
    connector, _ = speaking(lambda _: json([{"id": 1}]), ATOMIC)

    assert write(connector, *creates(2)) == {}


def test_a_batch_without_results_is_in_doubt(speaking: Speaking) -> None:
    for body in ({"done": True}, {"results": None}, []):
        connector, _ = speaking(lambda _, body=body: json(body), BY_REF)  # type: ignore[misc]

        receipts = write(connector, *creates(2))

        assert {one.outcome for one in receipts.values()} == {Outcome.DOUBT}


def test_the_rest_waits_when_the_system_is_busy(speaking: Speaking) -> None:
    connector, server = speaking(
        lambda _: answer(status="429 Too Many Requests", Retry_After="4"),
        {**BY_REF, "batch": {**BY_REF["batch"], "size": 2}},
    )

    receipts = write(connector, *creates(10))

    assert {(one.outcome, one.wait) for one in receipts.values()} == {(Outcome.BUSY, 4.0)}
    assert len(receipts) == 10
    assert len(server.asked) == 1


def test_one_lost_batch_does_not_touch_the_others(speaking: Speaking) -> None:
    def system(asked: Asked) -> bytes | None:
        items = msgspec.json.decode(asked.body)["items"]
        if items[0]["ref"] == 0:
            return None
        return json({"results": [{"ref": item["ref"], "status": 201, "id": f"k{item['ref']}"} for item in items]})

    connector, _ = speaking(system, {**BY_REF, "batch": {**BY_REF["batch"], "size": 2}})

    receipts = write(connector, *creates(6))

    doubts = {ref for ref, one in receipts.items() if one.outcome is Outcome.DOUBT}
    assert doubts == {0, 1}
    assert {one.outcome for ref, one in receipts.items() if ref not in doubts} == {Outcome.DONE}


def test_an_item_that_cannot_be_sent_does_not_hold_up_its_batch(speaking: Speaking) -> None:
    def system(asked: Asked) -> bytes:
        return json([{"id": row["id"]} for row in msgspec.json.decode(asked.body)])

    connector, _ = speaking(system, {**ATOMIC, "write": {"update": {"whole": True}}})
    items = [Item(ref=n, op=Op.UPDATE, key=str(n), current=b'{"id":"%d"}' % n if n != 3 else None) for n in range(8)]

    receipts = write(connector, *items)

    assert {ref for ref, one in receipts.items() if one.outcome is Outcome.REFUSED} == {3}
    assert {one.outcome for ref, one in receipts.items() if ref != 3} == {Outcome.DONE}


def test_a_get_that_is_refused_is_no_missing_record(speaking: Speaking) -> None:
    connector, _ = speaking(lambda _: json({}, "400 Bad Request"), {})

    with pytest.raises(RejectedError):
        connector.get("t", ["1"])
    with pytest.raises(TransientError, match="without a record"):
        speaking(lambda _: json({"error": "undescribed"}), {})[0].get("t", ["1"])


def test_an_unknown_resource_is_named_with_those_there_are(speaking: Speaking) -> None:
    connector, _ = speaking(lambda _: json({}), {})

    with pytest.raises(SetupError, match="no resource named 'x'") as caught:
        connector.contract("x")

    assert "Configured: t." in caught.value.cure
