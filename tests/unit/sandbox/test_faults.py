"""Each fault does what it says, to the wire and to the records."""

import http.client
import json

import pytest


def partners(erp):
    return erp.get("/_sandbox/stats")["records"]["partners"]


def create(erp, **fields):
    return erp.ask("POST", "/rest/partners", {"Name1": "Nord", **fields})


def statuses(crm):
    return [crm.ask("GET", "/api/customers?limit=1").status for _ in range(20)]


def test_the_same_seed_strikes_the_same_requests(crm):
    crm.faults(rate_429=0.4, seed=5)
    first = statuses(crm)
    crm.faults(rate_429=0.4, seed=5)
    again = statuses(crm)
    crm.faults(rate_429=0.4, seed=6)
    other = statuses(crm)

    assert set(first) == {200, 429}
    assert (first == again, first == other) == (True, False)


def test_too_many_requests_say_when_to_come_back(crm):
    crm.faults(rate_429=1, retry_after=7)
    told = crm.ask("GET", "/api/customers")
    crm.faults(rate_429=1, retry_after=None)
    silent = crm.ask("GET", "/api/customers")

    assert (told.status, told.headers["Retry-After"]) == (429, "7")
    assert "Retry-After" not in silent.headers


@pytest.mark.parametrize(
    ("fault", "status", "written"),
    [
        ("rate_500_before", 500, 0),
        ("rate_401", 401, 0),
        ("rate_500_after", 500, 1),
        ("error_200", 200, 0),
        ("html", 200, 0),
        ("duplicate", 200, 2),
    ],
)
def test_a_fault_answers_and_writes_as_told(erp, fault, status, written):
    before = partners(erp)
    erp.faults(**{fault: 1})

    answer = create(erp)

    assert (answer.status, partners(erp) - before) == (status, written)
    assert (b"<html>" in answer.raw) == (fault in {"html", "rate_401"})
    assert (b'"ok":false' in answer.raw) == (fault in {"rate_500_before", "rate_500_after", "error_200"})


@pytest.mark.parametrize(("fault", "written"), [("timeout_before_effect", 0), ("timeout_after_effect", 1)])
def test_a_timeout_closes_the_connection(erp, fault, written):
    before = partners(erp)
    erp.faults(hold_s=0.05, **{fault: 1})

    with pytest.raises(http.client.RemoteDisconnected):
        create(erp)

    assert partners(erp) - before == written


def test_a_late_effect_comes_after_the_connection_is_closed(erp):
    before = partners(erp)
    erp.faults(late_effect=1, late_s=0.3, methods=["POST"])
    with pytest.raises(http.client.RemoteDisconnected):
        create(erp, ForeignKey="late")
    at_once = partners(erp)
    counts = (partners(erp) for _ in range(5000))
    came = next((count for count in counts if count != at_once), at_once)

    assert (at_once - before, came - before) == (0, 1)


def test_a_truncated_answer_is_half_there_in_two_ways(crm):
    crm.faults(truncate=1)

    with pytest.raises(json.JSONDecodeError):
        crm.get("/api/customers?limit=5")
    with pytest.raises(http.client.IncompleteRead):
        crm.get("/api/customers?limit=5")


def test_a_duplicate_of_a_marked_create_shows_the_marker_taken(erp):
    erp.faults(duplicate=1, times=1)

    answer = create(erp, ForeignKey="proxy")

    assert answer.status == 409
    assert [row["PartnerNo"] for row in erp.get("/rest/partners?ForeignKey=proxy")["rows"]] == [
        answer.json["PartnerNo"]
    ]


def test_faults_keep_to_their_methods_their_path_and_their_number(crm):
    crm.faults(rate_500_before=1, methods=["PATCH"])
    other_method = crm.ask("GET", "/api/customers").status
    crm.faults(rate_500_before=1, path="/api/orders")
    other_path = crm.ask("GET", "/api/customers").status
    crm.faults(rate_500_before=1, times=1)
    struck = [crm.ask("GET", "/api/customers").status for _ in range(2)]

    assert (other_method, other_path, struck) == (200, 200, [500, 200])


def test_a_lagging_list_shows_the_past_and_a_get_the_present(crm):
    known = crm.dump("customers")[0]
    path, marker = f"/api/customers/{known['id']}", "/api/customers?external_ref=lagging"
    crm.faults(stale_list_s=30)
    made = crm.post("/api/customers", {"name": "New", "external_ref": "lagging"})
    crm.ask("PATCH", path, {"notes": "present"})

    listed = {c["id"]: c for c in crm.get("/api/customers?limit=500")["data"]}

    assert listed[known["id"]]["notes"] == known["notes"]
    assert crm.get(path)["notes"] == "present"
    assert (made["id"] in listed, crm.get(marker)["data"]) == (False, [])
    crm.faults()
    assert crm.get(marker)["data"] == [made]


def test_a_lagging_list_still_shows_the_deleted(erp):
    number = erp.dump("partners")[0]["PartnerNo"]
    erp.faults(stale_list_s=30)
    erp.ask("DELETE", f"/rest/partners/{number}")

    past = erp.get("/rest/partners?per_page=1")["rows"][0]["PartnerNo"]
    erp.faults()
    present = erp.get("/rest/partners?per_page=1")["rows"][0]["PartnerNo"]

    assert past == number
    assert present > number


def test_a_wrong_clock_shows_in_the_stamps(erp):
    right = create(erp).json["row"]["ChangedAt"]
    erp.faults(clock_skew_s=-300)

    wrong = create(erp).json["row"]["ChangedAt"]

    assert -300 <= wrong - right <= -295


def test_an_unknown_fault_is_refused(crm):
    assert crm.ask("POST", "/_sandbox/faults", {"gremlins": 1}).status == 400


def test_what_happened_is_counted(erp):
    erp.ask("DELETE", "/_sandbox/stats")
    made = create(erp).json["row"]
    path = f"/rest/partners/{made['PartnerNo']}"
    erp.ask("PUT", path, {"Remark": "new"})
    erp.ask("PUT", path, {"Remark": "new"})
    erp.ask("GET", path)
    erp.ask("DELETE", path)

    stats = erp.get("/_sandbox/stats")

    names = ("reads", "write_requests", "writes", "creates", "updates", "unchanged", "deletes")
    assert {name: stats[name] for name in names} == {
        "reads": 1,
        "write_requests": 4,
        "writes": 4,
        "creates": 1,
        "updates": 1,
        "unchanged": 1,
        "deletes": 1,
    }
