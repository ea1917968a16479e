"""The product management speaks GraphQL as its README says, errors inside 200 included."""

import subprocess
import sys

import pytest

from syncline.sandbox.process import start
from tests.unit.sandbox.caller import Caller

WHOLE = "__typename ... on Product { id name version tags variants { sku stockOnHand } deletedAt }"
ERRORS = "... on ErrorResult { message } ... on InvalidInput { field } ... on VersionConflict { current }"


@pytest.fixture
def run(products):
    def asked(query, **variables):
        return products.ask("POST", "/graphql", {"query": query, "variables": variables})

    return asked


@pytest.fixture
def create(run):
    def created(**given):
        query = f"mutation($input: ProductInput!) {{ createProduct(input: $input) {{ {WHOLE} {ERRORS} }} }}"
        return run(query, input=given).json["data"]["createProduct"]

    return created


@pytest.fixture
def update(run):
    def updated(key, version=None, **given):
        query = (
            "mutation($id: ID!, $input: ProductInput!, $version: Int) "
            f"{{ updateProduct(id: $id, input: $input, version: $version) {{ {WHOLE} {ERRORS} }} }}"
        )
        seen = {} if version is None else {"version": version}
        return run(query, id=key, input=given, **seen).json["data"]["updateProduct"]

    return updated


def pages(run, field, select, first, **fixed):
    """Every page of a connection."""
    after = None
    while True:
        given = "".join(f", {name}: {value}" for name, value in fixed.items())
        query = (
            f"query($after: String) {{ {field}(first: {first}, after: $after{given}) "
            f"{{ edges {{ node {{ {select} }} }} pageInfo {{ hasNextPage endCursor }} totalCount }} }}"
        )
        found = run(query, after=after).json["data"][field]
        yield found
        if not found["pageInfo"]["hasNextPage"]:
            return
        after = found["pageInfo"]["endCursor"]


def test_the_erps_items_and_the_crms_customers_are_known_here(untouched):
    items = {row["ItemNo"]: row for row in untouched["items"]}
    known = {row["itemNumber"]: row for row in untouched["products"]}
    names = {number: key for key, number in untouched["truth/customers"].items()}
    customers = {row["id"]: row for row in untouched["customers"]}
    feedback = {row["id"]: row for row in untouched["feedback_items"]}

    assert known.keys() == items.keys()
    for number, row in known.items():
        assert row["price"] == {"amountMinor": items[number]["ListPrice"], "currencyCode": "EUR"}
        assert f"{sum(one['stockOnHand'] for one in row['variants'])}.000" == items[number]["StockQty"]
    assert len(feedback) == 15
    for key, number in untouched["truth/feedback_items"].items():
        assert feedback[key]["customerName"] == customers[names[number]]["name"]


def test_the_seeded_plan_of_a_wish_is_that_of_its_features_release(untouched):
    features = {row["id"]: row for row in untouched["features"]}
    releases = {row["id"]: row for row in untouched["releases"]}
    planned = 0
    for wish in untouched["feedback_items"]:
        feature = features.get(wish["featureId"], {"releaseId": None})
        release = releases.get(feature["releaseId"], {"name": None, "plannedOn": None})
        assert (wish["plannedRelease"], wish["plannedOn"]) == (release["name"], release["plannedOn"])
        assert wish["featureTitle"] == feature.get("title")
        planned += wish["plannedOn"] is not None
    assert planned > 0


def test_a_connection_goes_on_by_its_cursor(products, run):
    found = list(pages(run, "products", "id", 7))

    keys = [edge["node"]["id"] for page in found for edge in page["edges"]]
    assert len(found) > 5
    alive = [row for row in products.dump("products") if row["deletedAt"] is None]
    assert len(set(keys)) == len(keys) == found[0]["totalCount"] == len(alive)


def test_a_deleted_record_is_null_and_only_shown_to_who_asks_for_the_deleted(run, create):
    made = create(name="Short lived")
    query = "mutation($id: ID!) { deleteProduct(id: $id) { __typename } }"
    first = run(query, id=made["id"]).json["data"]["deleteProduct"]
    again = run(query, id=made["id"]).json["data"]["deleteProduct"]

    alone = run("query($id: ID!) { product(id: $id) { id } }", id=made["id"]).json["data"]
    listed = {edge["node"]["id"] for page in pages(run, "products", "id", 100) for edge in page["edges"]}
    every = pages(run, "products", "id deletedAt", 100, includeDeleted="true")
    stamps = {edge["node"]["id"]: edge["node"]["deletedAt"] for page in every for edge in page["edges"]}

    assert (first, again) == ({"__typename": "Deleted"}, {"__typename": "NotFound"})
    assert (alone, made["id"] in listed, bool(stamps[made["id"]])) == ({"product": None}, False, True)


def test_only_what_has_changed_since_a_time_is_shown(run, create):
    made = create(name="Recent")
    stamp = run("query($id: ID!) { product(id: $id) { updatedAt } }", id=made["id"]).json["data"]["product"][
        "updatedAt"
    ]

    found = next(pages(run, "products", "id updatedAt", 100, updatedSince=f'"{stamp}"'))

    assert made["id"] in {edge["node"]["id"] for edge in found["edges"]}
    assert all(edge["node"]["updatedAt"] >= stamp for edge in found["edges"])


def test_a_wrong_value_stands_in_the_place_of_the_record(create, update):
    made = create(name="Fine", externalRef="one")
    taken = create(name="Other", externalRef="one")
    wrong = create(name="Wrong", variants=[{"sku": "a", "name": "A"}, {"sku": "a", "name": "B"}])
    absent = update("nobody", name="x")

    assert (taken["__typename"], absent["__typename"]) == ("DuplicateReference", "NotFound")
    assert (wrong["__typename"], wrong["field"]) == ("InvalidInput", "variants.sku")
    assert create(stage="IDEA")["message"] == "name is required"
    assert made["tags"] == []


def test_a_writer_who_names_a_version_overwrites_nobody(create, update):
    made = create(name="One")
    second = update(made["id"], made["version"], name="Two")
    stale = update(made["id"], made["version"], name="Three")
    blind = update(made["id"], name="Four", tags=["b", "a", "b"])

    assert (second["version"], stale["__typename"], stale["current"]) == (2, "VersionConflict", 2)
    assert (blind["name"], blind["tags"]) == ("Four", ["a", "b"])


def test_a_new_date_of_a_release_reaches_what_waits_for_it(products, run):
    wish = next(one for one in products.dump("feedback_items") if one["plannedRelease"] == "2026.3")
    release = next(one for one in products.dump("releases") if one["name"] == "2026.3")
    query = "mutation($id: ID!, $input: ReleaseInput!) { updateRelease(id: $id, input: $input) { __typename } }"

    run(query, id=release["id"], input={"plannedOn": "2027-01-31"})

    after = next(one for one in products.dump("feedback_items") if one["id"] == wish["id"])
    assert (after["plannedOn"], after["version"]) == ("2027-01-31", wish["version"] + 1)
    assert after["updatedAt"] > wish["updatedAt"]


@pytest.mark.parametrize(
    ("query", "status", "code"),
    [
        ("query { products(first: 500) { totalCount } }", 200, "BAD_USER_INPUT"),
        ('query { products(after: "x") { totalCount } }', 200, "BAD_USER_INPUT"),
        ('query { products(updatedSince: "soon") { totalCount } }', 200, "BAD_USER_INPUT"),
        ("query { colours }", 400, "GRAPHQL_VALIDATION_FAILED"),
        ("query {", 400, "GRAPHQL_VALIDATION_FAILED"),
        ("query " + "{ a " * 5_000, 400, "GRAPHQL_VALIDATION_FAILED"),
        ("query { " + 'a: product(id: "x") { id } ' * 20_000 + "}", 400, "GRAPHQL_VALIDATION_FAILED"),
        ("query { " + " ".join(f'a{n}: product(id: "x") {{ id }}' for n in range(101)) + "}", 200, "TOO_COMPLEX"),
        ("mutation { updateProduct(id: 7) { __typename } }", 400, "GRAPHQL_VALIDATION_FAILED"),
    ],
)
def test_what_cannot_be_answered_is_an_error(run, query, status, code):
    answered = run(query)

    assert (answered.status, answered.json["errors"][0]["extensions"]["code"]) == (status, code)


def test_a_variable_that_its_type_cannot_hold_is_a_bad_request(run):
    answered = run("query($first: Int) { products(first: $first) { totalCount } }", first="many")

    assert (answered.status, "data" in answered.json) == (400, False)


@pytest.mark.parametrize("body", [b"", b"[]", b'{"query":7}', b"\xff", b"[" * 100_000])
def test_what_is_no_request_is_refused(products, body):
    assert products.ask("POST", "/graphql", body).status == 400


def test_who_asks_too_much_is_told_what_it_costs_and_when_to_come_back(run):
    query = "mutation { " + " ".join(f'a{n}: vote(feedbackItemId: "x") {{ __typename }}' for n in range(100)) + " }"

    answers = [run(query) for _ in range(60)]

    throttled = [one for one in answers if "errors" in one.json]
    assert {one.status for one in answers} == {200}
    assert throttled[0].json["errors"][0]["extensions"]["code"] == "THROTTLED"
    cost = throttled[0].json["extensions"]["cost"]
    assert cost["requestedQueryCost"] > cost["throttleStatus"]["currentlyAvailable"]
    assert "errors" not in answers[0].json


def test_a_stranger_and_a_busy_application_say_so_in_graphql(products, run):
    stranger = products.ask("POST", "/graphql", {"query": "query { __typename }"}, Authorization="Bearer x")
    products.faults(error_200=1)
    trap = run("query { __typename }")

    assert (stranger.status, stranger.json["errors"][0]["extensions"]["code"]) == (401, "UNAUTHENTICATED")
    assert (trap.status, trap.json["data"]) == (200, None)


def test_a_vote_counts_once(products, run):
    wish = products.dump("feedback_items")[0]
    query = "mutation($id: ID!) { vote(feedbackItemId: $id) { ... on FeedbackItem { votes } } }"

    assert run(query, id=wish["id"]).json["data"]["vote"]["votes"] == wish["votes"] + 1


def test_people_plan_and_listen(products):
    done = products.post("/_sandbox/people", {"edits": 60, "seed": 4})["done"]

    assert len(done) == 60
    assert {one["resource"] for one in done} >= {"products", "feedback_items", "features"}
    assert {one["action"] for one in done} >= {"edit", "create", "archive"}


def test_a_killed_product_management_loses_nothing_that_was_answered(tmp_path):
    query = 'mutation { createRelease(input: {name: "kept"}) { ... on Release { id } } }'
    process = start("products", data=tmp_path, size=10)
    made = Caller(process=process).post("/graphql", {"query": query})["data"]["createRelease"]["id"]
    process.kill()

    with start("products", data=tmp_path) as back:
        kept = Caller(process=back).dump("releases")

    assert [row["name"] for row in kept if row["id"] == made] == ["kept"]
    assert len(kept) == 5


def test_without_its_library_it_says_how_to_get_it(tmp_path):
    program = (
        "import sys; sys.modules['graphql'] = None\n"
        "from syncline.sandbox.__main__ import main\n"
        f"main(['products', '--data', {str(tmp_path)!r}])"
    )
    ended = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False, env={"PYTHONPATH": "src"}
    )

    assert ended.returncode == 1
    assert ended.stderr.strip() == (
        "The product management needs graphql-core. Install it: pip install 'syncline[sandbox]'."
    )
