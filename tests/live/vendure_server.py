"""Vendure with an empty shop of its own on SQLite, over its GraphQL API for administrators."""

from __future__ import annotations

import contextlib
import json
import tempfile
import urllib.request
from collections.abc import Iterator
from typing import Any

from tests.live.node_server import free_port, installed, running

USER, PASSWORD = "hub", "integration-user-pw"
_LOGIN = "mutation($name: String!, $word: String!) { login(username: $name, password: $word) { __typename } }"


@contextlib.contextmanager
def serving() -> Iterator[str]:
    """The origin of a fresh server."""
    home, port = installed("vendure"), free_port()
    with tempfile.TemporaryDirectory(prefix="vendure-") as data:
        environ = {"VENDURE_DATA": data, "VENDURE_PORT": str(port)}
        with running(home, ["node", "server.js"], port, environ) as url:
            yield url.replace("localhost", "127.0.0.1")


class Clerk:
    """Somebody who works in the shop, over its own API."""

    def __init__(self, url: str) -> None:
        self._url = f"{url}/admin-api"
        self._token = ""
        self.ask(_LOGIN, name=USER, word=PASSWORD)

    def ask(self, text: str, **variables: object) -> Any:
        """The data of the answer; RuntimeError with the first error."""
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {self._token}"}
        body = json.dumps({"query": text, "variables": variables}).encode()
        request = urllib.request.Request(self._url, body, headers)  # noqa: S310  loopback
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  loopback
            self._token = answer.headers.get("vendure-auth-token") or self._token
            found = json.loads(answer.read())
        if found.get("errors"):
            raise RuntimeError(found["errors"][0]["message"])
        return found["data"]

    def an_order(self, variant: str, customer: str, quantity: int = 2) -> str:
        """An order that is paid; its id."""
        order = self.ask("mutation { createDraftOrder { id } }")["createDraftOrder"]["id"]
        for text in (
            "addItemToDraftOrder(orderId: $o, input: {productVariantId: $v, quantity: $q})",
            "setCustomerForDraftOrder(orderId: $o, customerId: $c)",
            'setDraftOrderShippingAddress(orderId: $o, input: {streetLine1: "Weg 1", countryCode: "DE"})',
            "setDraftOrderShippingMethod(orderId: $o, shippingMethodId: 1)",
            'transitionOrderToState(id: $o, state: "ArrangingPayment")',
            'addManualPaymentToOrder(input: {orderId: $o, method: "cash", metadata: {}})',
        ):
            names = {"o": ("ID!", order), "v": ("ID!", variant), "c": ("ID!", customer), "q": ("Int!", quantity)}
            used = {name: pair for name, pair in names.items() if f"${name}" in text}
            head = ", ".join(f"${name}: {kind}" for name, (kind, _) in used.items())
            values = {name: value for name, (_, value) in used.items()}
            found = self.ask(f"mutation({head}) {{ done: {text} {{ __typename }} }}", **values)["done"]["__typename"]
            if found != "Order":
                raise RuntimeError(found)
        return order


def furnish(url: str) -> None:
    """Germany, 19 % of tax, and a way to send goods."""
    clerk = Clerk(url)
    country = '{code: "DE", enabled: true, translations: [{languageCode: en, name: "Germany"}]}'
    member = clerk.ask(f"mutation {{ createCountry(input: {country}) {{ id }} }}")["createCountry"]["id"]
    zone = clerk.ask(
        'mutation($m: [ID!]) { createZone(input: {name: "Home", memberIds: $m}) { id } }', m=[member]
    )["createZone"]["id"]  # fmt: skip
    tax = clerk.ask('mutation { createTaxCategory(input: {name: "Standard", isDefault: true}) { id } }')
    clerk.ask(
        'mutation($t: ID!, $z: ID!) { createTaxRate(input: {name: "VAT", enabled: true, value: 19, categoryId: $t, '
        "zoneId: $z}) { id } }",
        t=tax["createTaxCategory"]["id"], z=zone,
    )  # fmt: skip
    clerk.ask(
        "mutation($z: ID!) { updateChannel(input: {id: 1, defaultTaxZoneId: $z, defaultShippingZoneId: $z}) "
        "{ __typename } }",
        z=zone,
    )
    checker = '{code: "default-shipping-eligibility-checker", arguments: [{name: "orderMinimum", value: "0"}]}'
    rates = {"rate": "500", "includesTax": "exclude", "taxRate": "19"}
    given = ", ".join(f'{{name: "{name}", value: "{value}"}}' for name, value in rates.items())
    calculator = f'{{code: "default-shipping-calculator", arguments: [{given}]}}'
    clerk.ask(
        f'mutation {{ createShippingMethod(input: {{code: "parcel", fulfillmentHandler: "manual-fulfillment", checker: '
        f"{checker}, calculator: {calculator}, translations: "
        '[{languageCode: en, name: "Parcel", description: ""}]}) { id } }'
    )
