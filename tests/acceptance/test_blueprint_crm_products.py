"""The blueprint crm-products on the sandbox: products to sales, needs to the product team, and their plan back."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from tests.acceptance.blueprint_pair import PASSES, Application, Pair, Row, differences, number, pair, rows_of

SIZE = 40
#: the recount's own table: what each side calls the same
STAGES = {
    "IDEA": "idea", "CONCEPT": "concept", "DEVELOPMENT": "development", "LAUNCHED": "active", "MATURE": "active",
    "PHASE_OUT": "phase_out", "RETIRED": "retired",
}  # fmt: skip
SOLD = {"LAUNCHED", "MATURE", "PHASE_OUT"}
STATES = {
    "NEW": "new", "UNDER_REVIEW": "accepted", "PLANNED": "planned", "IN_PROGRESS": "in_development",
    "SHIPPED": "released", "DECLINED": "declined",
}  # fmt: skip
IMPORTANCES = {"HIGH": "must", "MEDIUM": "should", "LOW": "could"}
_PRODUCTS = """query($after: String) { products(first: 100, after: $after) {
    edges { node { id itemNumber name description stage price { amountMinor currencyCode }
                   variants { sku name price { amountMinor } stockOnHand } } }
    pageInfo { hasNextPage endCursor } } }"""
_NEEDS = """query($after: String) { feedbackItems(first: 100, after: $after) {
    edges { node { id title body customerName customerEmail productId importance votes state featureTitle
                   plannedRelease plannedOn externalRef } }
    pageInfo { hasNextPage endCursor } } }"""
_NEW_RELEASE = """mutation($name: String!, $day: String) {
    createRelease(input: {name: $name, plannedOn: $day}) { ... on Release { id } } }"""
_NEW_FEATURE = """mutation($title: String!, $release: ID) {
    createFeature(input: {title: $title, releaseId: $release}) { ... on Feature { id } } }"""
_PLAN = """mutation($id: ID!, $feature: ID) {
    updateFeedbackItem(id: $id, input: {featureId: $feature, state: PLANNED}) { __typename } }"""
_VOTE = "mutation($id: ID!) { vote(feedbackItemId: $id) { __typename } }"
_MOVE = "mutation($id: ID!, $day: String) { updateRelease(id: $id, input: {plannedOn: $day}) { __typename } }"


@pytest.fixture
def agreed(tmp_path: Path) -> Iterator[Pair]:
    """A project whose first pass is done."""
    with pair("crm-products", "products", "Bearer products-token", tmp_path, size=SIZE) as made:
        assert "cases hold" in made.fine("test")
        assert "No problem." in made.fine("check")
        assert "linked by sku" in made.fine("match")
        made.fine("sync", "--approve")
        yield made


def said(products: Application, query: str, field: str) -> list[Row]:
    """Every record of the product management, over its API."""
    found: list[Row] = []
    after, more = None, True
    while more:
        page = graphql(products, query, after=after)[field]
        found += [edge["node"] for edge in page["edges"]]
        after, more = page["pageInfo"]["endCursor"], page["pageInfo"]["hasNextPage"]
    return found


def graphql(products: Application, query: str, **variables: object) -> Row:
    answer = products.ask("POST", "/graphql", {"query": query, "variables": variables})
    assert "errors" not in answer, answer
    return dict(answer["data"])


def test_products_and_needs_agree_through_edits_on_both_sides_and_every_fault(agreed: Pair):
    kept = plan_one(agreed)
    withdrawn = withdraw_one(agreed)
    for seed in (1, 2):
        people(agreed, seed)
        agreed.through_storms([100 * seed, 100 * seed + 10])
    agreement = agreed.rest()

    crm = {name: rows_of(agreed.crm, name) for name in ("products", "needs")}
    goods, wishes = said(agreed.other, _PRODUCTS, "products"), said(agreed.other, _NEEDS, "feedbackItems")
    assert (agreement["conflicts"], agreement["parked"]) == (0, 0)
    assert differences(map(sold, crm["products"]), map(offered, goods)) == []
    told = {wish["id"]: wish for wish in wishes if wish["externalRef"]}
    skus = {row["id"]: row["sku"] for row in crm["products"]}, {row["id"]: row["itemNumber"] for row in goods}
    assert told.pop(withdrawn)["title"] == "No longer wanted"
    assert len(told) == len(crm["needs"]) == SIZE // 10 + 1
    asked, known = [needed(row, skus[0]) for row in crm["needs"]], [wished(row, skus[1]) for row in told.values()]
    assert differences(asked, known) == []
    assert len(differences(asked[:-1], known)) == 1  # the recount sees one record
    assert_planned(kept, crm["needs"])
    assert len(wishes) == len(told) + 1 + SIZE // 4  # what the team hears elsewhere stayed there


def people(agreed: Pair, seed: int) -> None:
    """Both sides work; the need that the story is about is spared."""
    work = {"edits": 8, "seed": seed, "actions": ["edit", "edit_several", "resave"]}
    agreed.crm.people(**work, resource="needs", fields=["description", "votes"])
    agreed.crm.people(**work, resource="products", fields=["name", "price"])
    agreed.other.people(**work, resource="products")
    agreed.other.people(**work, resource="feedback_items", fields=["body", "state", "votes", "importance"])
    agreed.other.people(edits=2, seed=seed, actions=["edit"], resource="releases", fields=["notes"])


def plan_one(agreed: Pair) -> Row:
    """Sales asks for something for a customer; the team plans it for a release, and moves that release."""
    customer, product = rows_of(agreed.crm, "customers")[0], rows_of(agreed.crm, "products")[0]
    need = agreed.crm.ask("POST", "/api/needs", {
        "title": "Ships in a reusable crate", "customer_id": customer["id"], "product_id": product["id"],
        "importance": "must", "votes": 5,
    })  # fmt: skip
    agreed.fine("sync")
    wish = next(row for row in said(agreed.other, _NEEDS, "feedbackItems") if row["title"] == need["title"])
    release = graphql(agreed.other, _NEW_RELEASE, name="2027.1", day="2027-03-01")["createRelease"]["id"]
    feature = graphql(agreed.other, _NEW_FEATURE, title="Crates", release=release)["createFeature"]["id"]
    graphql(agreed.other, _PLAN, id=wish["id"], feature=feature)
    graphql(agreed.other, _VOTE, id=wish["id"])
    agreed.crm.ask("PATCH", f"/api/needs/{need['id']}", {"votes": 7})
    agreed.rest()
    graphql(agreed.other, _MOVE, id=release, day="2027-04-15")
    agreed.crm.ask("PATCH", f"/api/customers/{customer['id']}", {"name": "Quay Nine Chandlers"})
    shown: Row = agreed.crm.ask("GET", f"/api/needs/{need['id']}")
    assert (shown["votes"], shown["status"], shown["planned_on"]) == (8, "planned", "2027-03-01")
    return shown


def assert_planned(kept: Row, needs: list[Row]) -> None:
    """The need of the story shows its customer's new name and the new day of its release."""
    (shown,) = [row for row in needs if row["id"] == kept["id"]]
    assert shown["customer_name"] == "Quay Nine Chandlers"
    assert (shown["feature"], shown["planned_release"], shown["planned_on"]) == ("Crates", "2027.1", "2027-04-15")


def withdraw_one(agreed: Pair) -> str:
    """Sales asks for something, and deletes that again: the team sees it declined; the team's id of it."""
    need = agreed.crm.ask("POST", "/api/needs", {"title": "No longer wanted"})
    agreed.fine("sync")
    agreed.crm.ask("DELETE", f"/api/needs/{need['id']}")
    for _ in range(PASSES):
        agreed.fine("sync", "--full")
        (wish,) = [row for row in said(agreed.other, _NEEDS, "feedbackItems") if row["title"] == need["title"]]
        if wish["state"] == "DECLINED":
            return str(wish["id"])
    raise AssertionError(f"never declined: {wish}")


def sold(row: Row) -> tuple[object, ...]:
    """A product as sales sees it."""
    variants = sorted((one["sku"], one["name"], number(one["price"]), int(one["available"])) for one in row["variants"])
    return (
        row["sku"], row["name"], row["description"] or "", row["stage"], row["active"], number(row["price"]),
        row["currency"], repr(variants),
    )  # fmt: skip


def offered(row: Row) -> tuple[object, ...]:
    """A product as the product management keeps it."""
    variants = sorted((one["sku"], one["name"], cents(one["price"]), one["stockOnHand"]) for one in row["variants"])
    return (
        row["itemNumber"], row["name"], row["description"] or "", STAGES[row["stage"]], row["stage"] in SOLD,
        cents(row["price"]), row["price"]["currencyCode"], repr(variants),
    )  # fmt: skip


def cents(price: Row | None) -> Decimal | None:
    return None if price is None else (Decimal(price["amountMinor"]) / 100).quantize(Decimal("0.01"))


def needed(row: Row, skus: dict[str, str]) -> tuple[object, ...]:
    """A need as sales sees it."""
    return (
        row["title"], row["description"] or "", row["customer_name"], row["customer_email"],
        skus.get(row["product_id"]), row["importance"], row["votes"],
        "accepted" if row["status"] == "reviewed" else row["status"], row["feature"], row["planned_release"],
        row["planned_on"],
    )  # fmt: skip


def wished(row: Row, skus: dict[str, str]) -> tuple[object, ...]:
    """A need as the product team sees it."""
    return (
        row["title"], row["body"] or "", row["customerName"], row["customerEmail"], skus.get(row["productId"]),
        IMPORTANCES[row["importance"]], row["votes"], STATES[row["state"]], row["featureTitle"],
        row["plannedRelease"], row["plannedOn"],
    )  # fmt: skip
