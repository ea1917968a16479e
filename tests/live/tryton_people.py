"""People at work in Tryton itself: edits made past the hub, through the same calls as the desktop client."""

from __future__ import annotations

import base64
import json
import urllib.request

from tests.live.tryton_server import DATABASE, PASSWORD, USER, Running


class People:
    """Someone with Tryton's client open."""

    def __init__(self, running: Running, user: str = USER, password: str = PASSWORD) -> None:
        self._url = f"{running.url}/{DATABASE}/rpc/"
        self._header = ""
        key, token, _ = self.call("common.db.login", user, {"password": password})
        self._header = "Session " + base64.b64encode(f"{user}:{key}:{token}".encode()).decode()
        self._context = self.call("model.res.user.get_preferences", True, {})  # noqa: FBT003  Tryton's order

    def call(self, method: str, *params):
        """One call as it is."""
        body = json.dumps({"id": 1, "method": method, "params": params}).encode()
        headers = {"Content-Type": "application/json", "Authorization": self._header}
        request = urllib.request.Request(self._url, body, headers)  # noqa: S310  loopback
        with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310  loopback
            found = json.loads(answer.read())
        if found.get("error"):
            raise RuntimeError(found["error"])
        return found["result"]

    def on(self, method: str, *params):
        """One call of a model, with the person's context."""
        return self.call(f"model.{method}", *params, self._context)

    def create(self, model: str, **values) -> int:
        """A new record."""
        return self.on(f"{model}.create", [values])[0]

    def read(self, model: str, key: int, *fields: str) -> dict:
        """A record as it stands."""
        return self.on(f"{model}.read", [key], list(fields))[0]

    def rename_party(self, party: int, name: str) -> None:
        """In the party's form."""
        self.on("party.party.write", [party], {"name": name})

    def delete_party(self, party: int) -> None:
        """Gone at once, unless something refers to it."""
        self.on("party.party.delete", [party])

    def merge_parties(self, loser: int, winner: int) -> None:
        """With the wizard "Replace"."""
        session, _, _ = self.call("wizard.party.replace.create", self._context)
        context = self._context | {"active_model": "party.party", "active_id": loser, "active_ids": [loser]}
        asked = {"ask": {"source": loser, "destination": winner}}
        self.call("wizard.party.replace.execute", session, asked, "replace", context)
        self.call("wizard.party.replace.delete", session, self._context)

    def change_phone(self, party: int, phone: str) -> None:
        """In the list of contact mechanisms: the party itself is not touched."""
        mechanisms = self.read("party.party", party, "contact_mechanisms.type")["contact_mechanisms."]
        [first, *_] = [each["id"] for each in mechanisms if each["type"] == "phone"]
        self.on("party.contact_mechanism.write", [first], {"value": phone})

    def add_address(self, party: int, **values) -> int:
        """In the list of addresses: the party itself is not touched."""
        return self.create("party.address", party=party, **values)

    def change_address(self, address: int, **values) -> None:
        """In the list of addresses."""
        self.on("party.address.write", [address], values)

    def change_price(self, template: int, price: str) -> None:
        """In the product's form."""
        self.on("product.template.write", [template], {"list_price": {"__class__": "Decimal", "decimal": price}})

    def move_sale(self, sale: int, *buttons: str) -> None:
        """Press buttons: quote, confirm, process, cancel, draft."""
        for button in buttons:
            self.on(f"sale.sale.{button}", [sale])

    def post_invoice(self, invoice: int) -> None:
        """The invoice gets its number."""
        self.on("account.invoice.post", [invoice])

    def ship(self, shipment: int) -> None:
        """Take the goods from stock, pack and send them; a carrier is named, or Tryton asks for one."""
        [carrier] = self.on("carrier.search", [], 0, 1, None)
        self.on("stock.shipment.out.write", [shipment], {"carrier": carrier})
        for button in ("assign_force", "pick", "pack", "do"):
            self.on(f"stock.shipment.out.{button}", [shipment])
