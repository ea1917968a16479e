"""The project that keeps a CRM in agreement with what Tryton buys, makes, keeps and may sell."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from syncline.config import write_blueprint

_SETTINGS = """
project: supply
store: sqlite:///.syncline/state.db

systems:
  crm:
    connector: rest
    url: "${CRM_URL}"
    auth: {type: bearer, token: "${secret:CRM_TOKEN}"}
    limits: {per_second: 500, burst: 500}
    contract: {precision: 0.001, lag: 1, settle: 0, effect: 2, skew: 1, read_back: body}
    errors: {in_200: {field: error}, message: error.message, code: error.code, codes: {busy: busy}}
    resources: !include systems/crm.yaml
  erp:
    connector: tryton
    url: "${ERP_URL}"
    database: "${ERP_DATABASE}"
    user: "${ERP_USER}"
    password: "${secret:ERP_PASSWORD}"
    overlap: 1
    effect: 5
    inactive: tombstone
    # a production carries the CRM's number in its reference, which finds it again
    marker: {production: none}
    domains:
      party.party: [[code, like, "C%"]]
      product.product: [[type, "=", goods]]
      sale.opportunity: [[description, "!=", null]]
      production: [[reference, "!=", null]]
      purchase.purchase: [[number, "!=", null]]
      stock.shipment.out: [[number, "!=", null]]

flows:
  customers: !include flows/customers.yaml
  products: !include flows/products.yaml
  opportunities:
    entity: opportunity
    own: {"*": {owner: crm}, state: latest, probability: latest, expected_close_on: latest}
    match: [[number]]
    required: [customer]
    creates: {crm: false}
    deletes: {crm: detach, erp: detach}
    systems:
      crm: {resource: opportunities, map: mapping/crm_opportunity.yaml}
      erp: {resource: sale.opportunity, map: mapping/erp_opportunity.yaml}
  work_orders:
    entity: work_order
    own:
      "*": {owner: erp}
      number: {owner: crm}
      product: {owner: crm}
      quantity: latest
      due_on: latest
      state: latest
    match: [[number]]
    required: [product]
    creates: {crm: false}
    deletes: {crm: detach, erp: archive}
    systems:
      crm: {resource: work_orders, map: mapping/crm_work_order.yaml}
      erp: {resource: production, map: mapping/erp_work_order.yaml}
  stock:
    entity: stock_level
    own: {"*": {owner: erp}}
    match: [[number]]
    required: [product]
    direction: {erp: from}
    deletes: {erp: recreate, crm: propagate}
    systems:
      erp: {resource: stock.level, map: mapping/erp_stock.yaml}
      crm: {resource: stock, map: mapping/crm_stock.yaml}
  suppliers:
    entity: supplier
    own: {"*": {owner: erp}}
    match: [[number]]
    direction: {erp: from}
    deletes: {erp: recreate, crm: archive}
    systems:
      erp: {resource: party.supplier, map: mapping/erp_supplier.yaml}
      crm: {resource: suppliers, map: mapping/crm_supplier.yaml}
  purchase_orders:
    entity: purchase_order
    own: {"*": {owner: erp}}
    match: [[number]]
    required: [supplier]
    direction: {erp: from}
    deletes: {erp: recreate, crm: detach}
    systems:
      erp: {resource: purchase.purchase, map: mapping/erp_purchase_order.yaml}
      crm: {resource: purchase_orders, map: mapping/crm_purchase_order.yaml}
  shipments:
    entity: shipment
    own: {"*": {owner: erp}}
    match: [[number]]
    direction: {erp: from}
    deletes: {erp: recreate, crm: detach}
    systems:
      erp: {resource: stock.shipment.out, map: mapping/erp_shipment.yaml}
      crm: {resource: shipments, map: mapping/crm_shipment.yaml}
"""
_MAPPINGS: Mapping[str, str] = {
    "crm_opportunity": """
number: number
customer: "customer_id | ref(customer)"
state: "stage | enum(~lead: open, qualified: open, proposal: open, negotiation: open, won: won, lost: lost)"
probability: "probability | number"
expected_close_on: "expected_on | date"
lines:
  each: lines
  key: number
  map:
    number: line_no
    product: "product_id | ref(product)"
    quantity: "quantity | decimal(3)"
""",
    "erp_opportunity": """
number: description
customer: "party | ref(customer)"
state: "state | enum(~lead: open, opportunity: open, converted: open, won: won, ~lost: lost, cancelled: lost)"
probability: "conversion_probability | decimal(4) | scale(100)"
expected_close_on: "end_date | date"
lines:
  each: lines
  key: number
  map:
    number: sequence
    product: "product | ref(product)"
    quantity: "quantity | decimal(3)"
""",
    "crm_work_order": """
number: number
product: "product_id | ref(product)"
quantity: "quantity | decimal(3)"
due_on: "due_on | date"
state: "status | enum(planned: planned, released: released, started: started, completed: completed, \
cancelled: cancelled)"
unit: "unit | enum(pcs: H87, kg: KGM)"
completed_quantity: "good_quantity | decimal(3)"
materials:
  each: materials
  key: number
  map:
    number: line_no
    x_material: material
    quantity: "quantity | decimal(3)"
    unit: "unit | enum(pcs: H87, kg: KGM)"
""",
    "erp_work_order": """
number: reference
product: "product | ref(product)"
quantity: "quantity | decimal(3)"
due_on: "planned_date | date"
state: "state | enum(request: planned, ~draft: planned, ~waiting: released, assigned: released, running: started, \
done: completed, cancelled: cancelled)"
unit: "unit | enum(u: H87, kg: KGM) | one-way"
completed_quantity: "outputs[state=done].quantity | decimal(3) | one-way"
materials:
  each: inputs
  key: number
  one-way: true
  map:
    number: number
    x_material: product_code
    quantity: "quantity | decimal(3)"
    unit: "unit | enum(u: H87, kg: KGM)"
""",
    "crm_stock": """
number: number
product: "product_id | ref(product)"
site: site
on_hand: "on_hand | decimal"
reserved: "reserved | decimal"
available: "available | decimal"
next_receipt_on: "available_on | date"
""",
    "erp_stock": """
number: id
product: "product | ref(product)"
site: site
on_hand: "on_hand | decimal"
reserved: "reserved | decimal"
available: "available | decimal"
next_receipt_on: "next_receipt_on | date"
""",
    "crm_supplier": """
number: number
name: name
email: "email | email"
country: "country | country(name)"
lead_time: "lead_days | number"
active: active
""",
    "erp_supplier": """
number: code
name: name
email: "email | email"
country: "country | country"
lead_time: "lead_time | decimal(0)"
active: active
""",
    "crm_purchase_order": """
number: number
supplier: "supplier_id | ref(supplier)"
site: site
state: "status | enum(draft: draft, sent: sent, confirmed: confirmed, closed: closed, cancelled: cancelled)"
ordered_on: "ordered_on | date"
promise_date: "expected_on | date"
lines:
  each: lines
  key: number
  map:
    number: line_no
    product: "product_id | ref(product)"
    quantity: "quantity | decimal(3)"
""",
    "erp_purchase_order": """
number: number
supplier: "party | ref(supplier)"
site: warehouse
state: "state | enum(draft: draft, quotation: sent, ~confirmed: confirmed, processing: confirmed, done: closed, \
cancelled: cancelled)"
ordered_on: "purchase_date | date"
promise_date: "delivery_date | date"
lines:
  each: lines
  key: number
  map:
    number: sequence
    product: "product | ref(product)"
    quantity: "quantity | decimal(3)"
""",
    "crm_shipment": """
number: number
site: site
carrier: carrier
tracking_number: tracking_number
lines:
  each: lines
  key: number
  map:
    number: line_no
    product: "product_id | ref(product)"
    quantity: "quantity | decimal(3)"
""",
    "erp_shipment": """
number: number
site: warehouse
carrier: carrier
tracking_number: tracking_number
lines:
  each: lines
  key: number
  map:
    number: number
    product: "product | ref(product)"
    quantity: "quantity | decimal(3)"
""",
}


def write_project(folder: Path) -> None:
    """Settings and mappings; customers and products are those of the blueprint."""
    write_blueprint("crm-erp", folder)
    (folder / "syncline.yaml").write_text(_SETTINGS)
    write_blueprint("all", folder / "more")
    (folder / "systems" / "crm.yaml").write_text((folder / "more" / "systems" / "crm.yaml").read_text())
    for name, text in _MAPPINGS.items():
        (folder / "mapping" / f"{name}.yaml").write_text(text.lstrip())
