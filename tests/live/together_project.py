"""The project that keeps a CRM, Tryton, Vendure and a CAP service in agreement, with those of them that are there."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

from syncline.config import write_blueprint

#: name -> what `syncline.yaml` says of it. All are on this machine, and share its clock.
SYSTEMS = {
    "crm": """
    connector: rest
    url: "${CRM_URL}"
    auth: {type: bearer, token: "${secret:CRM_TOKEN}"}
    limits: {per_second: 500, burst: 500}
    contract: {precision: 0.001, lag: 1, settle: 0, effect: 2, skew: 1, read_back: body}
    errors: {in_200: {field: error}, message: error.message, code: error.code, codes: {busy: busy}}
    resources: !include systems/crm.yaml
""",
    "erp": """
    connector: tryton
    url: "${ERP_URL}"
    database: hub
    user: hub
    password: "${secret:ERP_PASSWORD}"
    overlap: 1
    effect: 5
    inactive: tombstone
    domains: {party.party: [[id, ">", 1]]}
""",
    "shop": """
    connector: vendure
    url: "${SHOP_URL}"
    user: hub
    password: "${secret:SHOP_PASSWORD}"
    overlap: 1
    effect: 5
    skew: 1
""",
    "cap": """
    connector: odata
    url: "${CAP_URL}/odata/v4/shop"
    version: v4
    auth: {type: basic, user: hub, password: "${secret:CAP_PASSWORD}"}
    contract: {precision: 0.001, lag: 1, settle: 0, effect: 3, skew: 1}
    batch: {format: json}
    resources:
      products:
        set: Products
        since: modifiedAt
        etag: true
        marker: {field: hubRef, unique: true}
        search: [sku]
        write: [create, update, delete]
""",
}
CUSTOMERS = {
    "crm": "{resource: customers, map: mapping/crm_customer.yaml}",
    "erp": "{resource: party.party, map: mapping/erp_customer.yaml}",
    "shop": '{resource: customers, map: {name: "concat(firstName, lastName)", email: "emailAddress | email", '
    'phone: "phoneNumber | phone"}}',
}
PRODUCTS = {
    "erp": "{resource: product.product, map: mapping/erp_product.yaml, direction: from}",
    "crm": "{resource: products, map: mapping/crm_product.yaml}",
    "shop": '{resource: productVariants, map: {sku: sku, name: name, price: "price | decimal(2)", active: enabled, '
    'x_stock: "stockAvailable | integer | one-way"}}',
    "cap": '{resource: products, map: {sku: sku, name: name, price: "price | decimal(2)", x_stock: "stock | integer"}}',
}
_FLOWS = """
flows:
  customers:
    entity: customer
    own: {"*": {owner: crm}, email: latest, phone: latest, billing_address: latest, shipping_address: latest}
    groups:
      billing_address: [street, postcode, city, address_country]
      shipping_address: [shipping_street, shipping_postcode, shipping_city, shipping_country]
    empty: {email: keep, phone: keep, tax_id: keep, website: keep, billing_address: keep, shipping_address: keep}
    match: [[tax_id], [email]]
    deletes: {DELETES}
    systems:
CUSTOMERS
  products:
    entity: product
    own: {"*": {owner: OWNER}, x_stock: {owner: STOCK}}
    match: [[sku]]
    deletes: {ARCHIVED}
    systems:
PRODUCTS
"""


def write_project(folder: Path, there: Collection[str]) -> None:
    """The settings for the systems that are there; the CRM always is."""
    write_blueprint("crm-erp", folder)
    systems = "".join(f"  {name}:{text}" for name, text in SYSTEMS.items() if name in there)
    customers = [name for name in CUSTOMERS if name in there]
    products = [name for name in PRODUCTS if name in there]
    deletes = {"crm": "archive", "erp": "archive", "shop": "propagate"}
    archived = {"crm": "archive", "shop": "archive", "cap": "propagate"}
    flows = _FLOWS.replace("{DELETES}", _pairs(deletes, customers)).replace("{ARCHIVED}", _pairs(archived, products))
    flows = flows.replace("OWNER", "erp" if "erp" in there else "crm")
    flows = flows.replace("STOCK", "shop" if "shop" in there else "crm")
    for word, parts, names in (("CUSTOMERS", CUSTOMERS, customers), ("PRODUCTS", PRODUCTS, products)):
        flows = flows.replace(word, "\n".join(f"      {name}: {parts[name]}" for name in names))
    text = f"project: together\nstore: sqlite:///.syncline/state.db\n\nsystems:\n{systems}{flows}"
    (folder / "syncline.yaml").write_text(text)


def _pairs(said: dict[str, str], names: Collection[str]) -> str:
    return "{" + ", ".join(f"{name}: {word}" for name, word in said.items() if name in names) + "}"
