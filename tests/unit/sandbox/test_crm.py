"""The CRM keeps the promises of its README, and its bad habits."""

from urllib.parse import quote

import pytest


def everything(crm, query):
    found, cursor = [], None
    while True:
        page = crm.get(f"/api/customers?{query}" + (f"&cursor={cursor}" if cursor else ""))
        found += page["data"]
        cursor = page["next_cursor"]
        if cursor is None:
            return found


def new(crm, **fields):
    return crm.post("/api/customers", {"name": "Nord Papier", **fields})


def test_a_stranger_is_asked_for_the_token(crm):
    answer = crm.ask("GET", "/api/customers", Authorization="Bearer wrong")

    assert (answer.status, answer.json["error"]["code"]) == (401, "unauthorized")


@pytest.mark.parametrize("limit", [1, 7, 500])
def test_pages_hold_every_customer_once_in_the_order_of_change(crm, limit):
    found = everything(crm, f"limit={limit}")

    assert [(c["updated_at"], c["id"]) for c in found] == sorted((c["updated_at"], c["id"]) for c in found)
    assert sorted(c["id"] for c in found) == [c["id"] for c in crm.dump("customers")]


def test_updated_since_includes_its_own_moment(crm):
    made = new(crm)

    found = everything(crm, f"limit=50&updated_since={quote(made['updated_at'])}")

    assert made in found
    assert min(c["updated_at"] for c in found) == made["updated_at"]


@pytest.mark.parametrize(
    "query", ["limit=0", "limit=501", "limit=x", "cursor=%21", "updated_since=2026-01-01T00:00:00"]
)
def test_wrong_parameters_are_refused(crm, query):
    assert crm.ask("GET", f"/api/customers?{query}").status == 400


def test_a_patch_changes_only_what_it_names_and_makes_a_new_version(crm):
    made = new(crm, phone="+49 30 1", tags=["a"])

    after = crm.ask("PATCH", f"/api/customers/{made['id']}", {"phone": "+49 30 2", "unknown": 1}).json

    volatile = {"phone", "version", "updated_at"}
    assert (after["phone"], after["version"]) == ("+49 30 2", 2)
    assert {k: v for k, v in after.items() if k not in volatile} == {k: v for k, v in made.items() if k not in volatile}


def test_a_stale_if_match_is_refused_and_a_fresh_one_is_not(crm):
    made = new(crm)
    path = f"/api/customers/{made['id']}"
    etag = crm.ask("GET", path).headers["ETag"]
    crm.ask("PATCH", path, {"notes": "first"}, If_Match=etag)

    stale = crm.ask("PATCH", path, {"notes": "second"}, If_Match=etag)
    fresh = crm.ask("PATCH", path, {"notes": "third"}, If_Match='W/"2"')

    assert (stale.status, fresh.status) == (412, 200)


def test_a_deleted_customer_leaves_no_trace_but_a_gap_in_its_orders(crm):
    order = crm.get("/api/orders?limit=1")["data"][0]
    path = f"/api/customers/{order['customer_id']}"

    deleted = crm.ask("DELETE", path)

    assert (deleted.status, crm.ask("GET", path).status) == (204, 404)
    assert crm.get(f"/api/orders/{order['id']}")["customer_id"] is None


def test_e_mails_are_checked_and_lower_cased(crm):
    made = new(crm, email="Office@Nord.Example")

    refused = crm.ask("PATCH", f"/api/customers/{made['id']}", {"email": "nobody"})

    assert made["email"] == "office@nord.example"
    assert (refused.status, refused.json["error"]) == (
        422,
        {"code": "invalid", "field": "email", "message": "Invalid e-mail"},
    )


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"name": None}, "name"),
        ({"name": "n" * 256}, "name"),
        ({"segment": "z"}, "segment"),
        ({"credit_limit": {"amount": "NaN", "currency": "EUR"}}, "credit_limit"),
        ({"addresses": [{"kind": "home"}]}, "addresses.kind"),
        ({"archived": "yes"}, "archived"),
    ],
)
def test_wrong_values_name_their_field(crm, fields, field):
    refused = crm.ask("POST", "/api/customers", {"name": "Nord", **fields})

    assert (refused.status, refused.json["error"]["field"]) == (422, field)


def test_exact_filters_find_by_marker_e_mail_and_tax_id(crm):
    made = new(crm, external_ref="hub:1", email="marker@nord.example", tax_id="DE 1")

    for query in ("external_ref=hub:1", "email=Marker@nord.example", "tax_id=DE%201"):
        assert crm.get(f"/api/customers?{query}")["data"] == [made]
    assert crm.get("/api/customers?external_ref=hub:2")["data"] == []


def test_a_batched_get_returns_those_that_exist(crm):
    ids = [customer["id"] for customer in crm.dump("customers")[:3]]

    found = crm.get("/api/customers?ids=" + ",".join([*ids, "000000000000"]))["data"]

    assert [customer["id"] for customer in found] == ids


def test_batch_items_stand_alone_and_answer_out_of_order(crm):
    one, two, three = new(crm), new(crm), new(crm)
    items = [
        {"op": "create", "ref": "c", "fields": {"name": "Fresh"}},
        {"op": "create", "ref": "bad", "fields": {"email": "x@y.example"}},
        {"op": "update", "ref": "u", "id": one["id"], "if_match": 1, "fields": {"notes": "n"}},
        {"op": "update", "ref": "stale", "id": two["id"], "if_match": 9, "fields": {"notes": "n"}},
        {"op": "delete", "ref": "d", "id": three["id"]},
        {"op": "delete", "ref": "none", "id": "000000000000"},
    ]

    results = crm.post("/api/customers/batch", {"items": items})["results"]

    by_ref = {result["ref"]: result["status"] for result in results}
    assert by_ref == {"c": 201, "bad": 422, "u": 200, "stale": 412, "d": 204, "none": 404}
    assert [result["ref"] for result in results] != [item["ref"] for item in items]


def test_an_idempotency_key_creates_once(crm):
    first = crm.ask("POST", "/api/customers", {"name": "Once"}, Idempotency_Key="k1")

    again = crm.ask("POST", "/api/customers", {"name": "Once"}, Idempotency_Key="k1")
    other = crm.ask("POST", "/api/customers", {"name": "Twice"}, Idempotency_Key="k1")

    assert (again.status, again.raw, again.headers["Idempotent-Replay"]) == (201, first.raw, "true")
    assert other.status == 422


def test_a_merged_customer_points_to_its_winner_for_ever(crm):
    winner, loser = new(crm, tags=["a"]), new(crm, tags=["b"])
    order = crm.post("/api/orders", {"customer_id": loser["id"]})

    after = crm.post(f"/api/customers/{winner['id']}/merge", {"loser": loser["id"]})

    gone = crm.ask("GET", f"/api/customers/{loser['id']}")
    assert (gone.status, gone.json) == (410, {"merged_into": winner["id"]})
    assert after["tags"] == ["a", "b"]
    assert crm.get(f"/api/orders/{order['id']}")["customer_id"] == winner["id"]


def test_orders_check_what_they_refer_to_and_sum_their_lines(crm):
    product = crm.get("/api/products?limit=1")["data"][0]
    line = {"product_id": product["id"], "quantity": "3.0", "unit_price": "12.5", "discount_percent": "10"}
    customer = new(crm)["id"]

    order = crm.post("/api/orders", {"customer_id": customer, "lines": [line]})
    stranger = crm.ask("POST", "/api/orders", {"customer_id": "000000000000"})

    assert (order["total"], order["lines"][0]["quantity"], order["number"][:2]) == ("33.75", "3", "O-")
    assert (stranger.status, stranger.json["error"]["field"]) == (422, "customer_id")


def test_an_order_goes_to_its_customer_unless_it_says_otherwise(crm):
    customer = crm.get("/api/customers?limit=1")["data"][0]
    elsewhere = {"name": "Site 4", "street": "Pier 1", "postcode": "20457", "city": "Hamburg", "country": "Germany"}

    usual = crm.post("/api/orders", {"customer_id": customer["id"]})["ship_to"]
    other = crm.post("/api/orders", {"customer_id": customer["id"], "ship_to": elsewhere})["ship_to"]
    address = next(row for row in reversed(customer["addresses"]))

    assert usual["name"] == customer["name"]
    assert {part: address[part] for part in ("street", "postcode", "city", "country")}.items() <= usual.items()
    assert other == elsewhere


def test_a_body_that_is_not_json_or_too_large_is_refused(crm):
    assert crm.ask("POST", "/api/customers", b"{").status == 400
    assert crm.ask("POST", "/api/customers", b" " * (10 * 1024 * 1024 + 1)).status == 413
