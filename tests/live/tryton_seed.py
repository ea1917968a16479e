"""Seed a Tryton database for the live tests; run by Tryton's own Python, with no server on the database.

usage: tryton_seed.py CONFIGURATION DATABASE FACTS.json CUSTOMERS PRODUCTS

Deterministic: the same numbers make the same records. Parties and products are created in batches; sales go through
proteus, so that every default, every on_change and every button runs as in the desktop client.
"""

import datetime as dt
import json
import pathlib
import sys
from decimal import Decimal

import stdnum.iso7064.mod_11_10
from proteus import Model, Wizard, config

CONFIGURATION, DATABASE, FACTS = sys.argv[1:4]
CUSTOMERS, PRODUCTS = int(sys.argv[4]), int(sys.argv[5])
SESSION = config.set_trytond(f"sqlite:///{DATABASE}", config_file=CONFIGURATION)

from trytond.modules.account.tests.tools import create_chart, create_fiscalyear, create_tax, get_accounts  # noqa: E402
from trytond.modules.account_invoice.tests.tools import (  # noqa: E402
    create_payment_term,
    set_fiscalyear_invoice_sequences,
)
from trytond.transaction import Transaction  # noqa: E402

TODAY = dt.datetime.now(dt.UTC).date()  # noqa: TID251  a stranger with a clock of its own
COUNTRIES = {"DE": "Germany", "FR": "France", "AT": "Austria", "NL": "Netherlands", "US": "United States"}
SUBDIVISIONS = {"DE": ("DE-NW", "Nordrhein-Westfalen", "land"), "US": ("US-TX", "Texas", "state")}
SUPPLIERS, BILLS = 4, 3
TREES = ["Ahorn", "Birke", "Châtaignier", "Eiche", "Érable", "Frêne", "Ginkgo", "Lärche", "Öl-Weide", "Pinède", "Ulme"]
TRADES = ["Anlagenbau", "Drukkerij", "Électronique", "Logistik", "Mühlen", "Optik", "Papier", "Textiles", "Werkzeuge"]
FORMS = ["GmbH", "AG", "SARL", "B.V.", "SA", "Inc."]
CITIES = {"DE": "Köln", "FR": "Lyon", "AT": "Wien", "NL": "Utrecht", "US": "Austin"}
GOODS = ["Ball valve", "Bracket", "Coupling", "Flange", "Gear wheel", "Housing", "Pump", "Sensor", "Spindle"]


def create(model: str, values: list[dict], size: int = 500) -> list[int]:
    """Create records as a server would, one transaction per batch; their ids."""
    ids: list[int] = []
    for start in range(0, len(values), size):
        with Transaction().start(DATABASE, SESSION.user, context=dict(SESSION.context)) as transaction:
            ids += [record.id for record in SESSION.pool.get(model).create(values[start : start + size])]
            transaction.commit()
    return ids


def countries() -> dict[str, int]:
    """Country ids by ISO code."""
    ids = create("country.country", [{"code": code, "name": name} for code, name in COUNTRIES.items()])
    by_code = dict(zip(COUNTRIES, ids, strict=True))
    create(
        "country.subdivision",
        [
            {"country": by_code[country], "code": code, "name": name, "type": kind}
            for country, (code, name, kind) in SUBDIVISIONS.items()
        ],
    )
    return by_code


def company() -> Model:
    """The company, in EUR, and the administrator as its user."""
    euro = Model.get("currency.currency")(name="Euro", symbol="€", code="EUR", numeric_code="978")
    euro.rates.new(date=dt.date(2020, 1, 1), rate=Decimal(1))
    euro.save()
    party = Model.get("party.party")(name="Seeded Manufacturing GmbH")
    party.save()
    wizard = Wizard("company.company.config")
    wizard.execute("company")
    wizard.form.party = party
    wizard.form.currency = euro
    wizard.execute("add")
    SESSION._context = Model.get("res.user").get_preferences(True, {})  # noqa: FBT003
    [found] = Model.get("company.company").find([])
    return found


def accounting() -> tuple[Model, Model]:
    """Chart of accounts, fiscal years around today, tax of 19 %; the category that products are accounted in."""
    create_chart()
    for year in sorted({(TODAY - dt.timedelta(60)).year, TODAY.year, (TODAY + dt.timedelta(200)).year}):
        span = (dt.date(year, 1, 1), dt.date(year, 12, 31))
        fiscal_year = set_fiscalyear_invoice_sequences(create_fiscalyear(today=span))
        fiscal_year.name = str(year)
        fiscal_year.start_date, fiscal_year.end_date = span
        fiscal_year.save()
        fiscal_year.click("create_period")
    tax = create_tax(Decimal("0.19"))
    tax.name = "VAT 19 %"
    tax.save()
    accounts = get_accounts()
    category = Model.get("product.category")(name="Taxed at 19 %", accounting=True)
    category.account_expense, category.account_revenue = accounts["expense"], accounts["revenue"]
    category.customer_taxes.append(tax)
    category.save()
    term = create_payment_term()
    term.save()
    return category, term


def users(the_company: Model) -> None:
    """An integration user who may do everything, and a clerk who may only sell."""
    group_model = Model.get("res.group")
    for login, password, groups in (
        ("hub", "integration-user-pw", group_model.find([])),
        ("clerk", "sales-clerk-pw", group_model.find([("name", "=", "Sales")])),
    ):
        user = Model.get("res.user")(name=login, login=login, password=password)
        for group in groups:
            user.groups.append(group_model(group.id))
        user.companies.append(type(the_company)(the_company.id))
        user.company = type(the_company)(the_company.id)
        if login == "hub":
            worker = employee(the_company)
            user.employees.append(worker)
            user.employee = type(worker)(worker.id)
        user.save()


def employee(the_company: Model) -> Model:
    """The person that the integration user stands for: opportunities ask for one."""
    party = Model.get("party.party")(name="Integration Desk")
    party.save()
    found = Model.get("company.employee")(party=party, company=the_company)
    found.save()
    return found


def vat(number: int) -> str:
    """A German VAT number whose check digit is right."""
    digits = f"{11111111 + number * 137:08d}"
    return f"DE{digits}{stdnum.iso7064.mod_11_10.calc_check_digit(digits)}"


def party(number: int, country_ids: dict[str, int]) -> dict:
    """The values of one customer."""
    code = list(COUNTRIES)[number % len(COUNTRIES)]
    name = f"{TREES[number % len(TREES)]} {TRADES[number % len(TRADES)]} {FORMS[number % len(FORMS)]} {number:04d}"
    values = {
        "name": name,
        "code": f"C{number:05d}",
        "addresses": [
            (
                "create",
                [
                    {
                        "street_unstructured": f"{TREES[number * 7 % len(TREES)]}weg {number + 1}",
                        "postal_code": f"{10000 + number * 37 % 80000}",
                        "city": CITIES[code],
                        "country": country_ids[code],
                        "invoice": True,
                        "delivery": True,
                    }
                ],
            )
        ],
        "contact_mechanisms": [
            (
                "create",
                [
                    {"type": "email", "value": f"office{number}@customers.example.com"},
                    {"type": "phone", "value": f"+49 221 {100000 + number}"},
                    {"type": "website", "value": f"https://customer{number}.example.com"},
                ],
            )
        ],
    }
    if code == "DE":
        values["identifiers"] = [("create", [{"type": "eu_vat", "code": vat(number)}])]
    return values


def product(number: int, category: int, unit: int) -> dict:
    """The values of one template with its variant."""
    return {
        "name": f"{GOODS[number % len(GOODS)]} {number:03d}",
        "code": f"P-{number:04d}",
        "type": "goods",
        "default_uom": unit,
        "sale_uom": unit,
        "salable": True,
        "purchase_uom": unit,
        "purchasable": True,
        "producible": True,
        "list_price": Decimal(1000 + number * 731) / 100,
        "account_category": category,
        "products": [("create", [{"suffix_code": "STD", "cost_price": Decimal(500 + number * 311) / 100}])],
    }


def stock(product_ids: list[int]) -> None:
    """An opening inventory, so that shipments can be packed."""
    [storage] = Model.get("stock.location").find([("code", "=", "STO")])
    lines = [{"product": key, "quantity": 1000.0} for key in product_ids]
    values = {"location": storage.id, "date": TODAY, "lines": [("create", lines)]}
    [inventory] = create("stock.inventory", [values])
    with Transaction().start(DATABASE, SESSION.user, context=dict(SESSION.context)) as transaction:
        inventories = SESSION.pool.get("stock.inventory")
        inventories.confirm([inventories(inventory)])
        transaction.commit()


def suppliers(product_ids: list[int], country_ids: dict[str, int], term: Model) -> list[int]:
    """Four parties that deliver: each every fourth product, the first two with a lead time of their own."""
    made = []
    for number in range(SUPPLIERS):
        values = party(9000 + number, country_ids) | {"name": f"Supplier {number:02d} GmbH", "code": f"S{number:05d}"}
        values["supplier_payment_term"] = term.id
        if number < 2:
            values["supplier_lead_time"] = dt.timedelta(days=10 + number)
        [key] = create("party.party", [values])
        made.append(key)
    templates = {each.id: each.template.id for each in Model.get("product.product").find([("id", "in", product_ids)])}
    create(
        "purchase.product_supplier",
        [
            {
                "party": made[number % SUPPLIERS],
                "product": key,
                "template": templates[key],
                "code": f"SUP-{number:04d}",
                "lead_time": dt.timedelta(days=5 + number % 7),
                "prices": [("create", [{"quantity": 1.0, "unit_price": Decimal(400 + number * 17) / 100}])],
            }
            for number, key in enumerate(product_ids)
        ],
    )
    return made


def bills(product_ids: list[int], unit: int) -> dict[str, list[int]]:
    """Three products made of the next ones; a routing of two steps, and the work centres for it."""
    made = [
        {
            "name": f"Bill {number}",
            "code": f"B-{number}",
            "inputs": [
                ("create", [
                    {"product": product_ids[BILLS + number * 2], "quantity": 2.0, "unit": unit},
                    {"product": product_ids[BILLS + number * 2 + 1], "quantity": 3.0, "unit": unit},
                ])
            ],
            "outputs": [("create", [{"product": product_ids[number], "quantity": 1.0, "unit": unit}])],
        }
        for number in range(BILLS)
    ]  # fmt: skip
    keys = create("production.bom", made)
    usual = [{"product": product_ids[number], "bom": keys[number]} for number in range(BILLS)]
    create("product.product-production.bom", usual)
    [category] = create("production.work.center.category", [{"name": "Assembly"}])
    [hall] = create("production.work.center", [{"name": "Hall 1"}])
    [bench] = create("production.work.center", [{"name": "Bench 1", "parent": hall, "category": category}])
    names = [{"name": "Assemble", "work_center_category": category}, {"name": "Test", "work_center_category": category}]
    steps = [
        {"sequence": 10 + at, "operation": key} for at, key in enumerate(create("production.routing.operation", names))
    ]
    [routing] = create(
        "production.routing", [{"name": "Line", "boms": [("add", [keys[0]])], "steps": [("create", steps)]}]
    )
    return {"boms": keys, "routing": [routing], "work_centres": [hall, bench]}


def carrier(category: int, unit: int) -> int:
    """Who takes shipments: without one Tryton asks whether they may go at all."""
    [template] = create(
        "product.template",
        [{
            "name": "Carriage", "code": "CARRIAGE", "type": "service", "default_uom": unit, "salable": True,
            "sale_uom": unit,
            "list_price": Decimal(5), "account_category": category, "products": [("create", [{}])],
        }],
    )  # fmt: skip
    [service] = Model.get("product.product").find([("template", "=", template)])
    [parcel] = create("party.party", [{"name": "Parcel Express"}])
    [made] = create("carrier", [{"party": parcel, "carrier_product": service.id}])
    return made


def sales(customer_ids: list[int], product_ids: list[int], term: Model) -> dict[str, int]:
    """One sale per state, by the state's name."""
    SESSION.skip_warning = True
    made = {}
    for number, state in enumerate(("draft", "quotation", "confirmed", "processing")):
        sale = Model.get("sale.sale")()
        sale.party = Model.get("party.party")(customer_ids[number])
        sale.payment_term = term
        sale.reference = f"WEB-{1000 + number}"
        for position in range(2):
            line = sale.lines.new()
            line.product = Model.get("product.product")(product_ids[(number + position) % len(product_ids)])
            line.quantity = float(position + 1)
        sale.save()
        for button in ("quote", "confirm", "process")[:number]:
            sale.click(button)
        made[state] = sale.id
    return made


def main() -> None:
    """Seed everything and write what a test needs to know."""
    the_company = company()
    country_ids = countries()
    category, term = accounting()
    users(the_company)
    customer_ids = create("party.party", [party(number, country_ids) for number in range(CUSTOMERS)])
    with Transaction().start(DATABASE, SESSION.user, context=dict(SESSION.context)) as transaction:
        parties = SESSION.pool.get("party.party")
        parties.write(parties.browse(customer_ids), {"customer_payment_term": term.id})
        transaction.commit()
    [unit] = Model.get("product.uom").find([("symbol", "=", "u")])
    templates = create("product.template", [product(number, category.id, unit.id) for number in range(PRODUCTS)])
    found = Model.get("product.product").find([("template", "in", templates)], order=[("id", "ASC")])
    product_ids = [each.id for each in found]
    stock(product_ids)
    made = bills(product_ids, unit.id)
    facts = {
        "company": the_company.id,
        "customers": customer_ids,
        "products": product_ids,
        "sales": sales(customer_ids, product_ids, term),
        "suppliers": suppliers(product_ids, country_ids, term),
        **made,
        "carrier": carrier(category.id, unit.id),
        "payment_term": term.id,
        "countries": country_ids,
    }
    pathlib.Path(FACTS).write_text(json.dumps(facts, indent=1))


if __name__ == "__main__":
    main()
