"""A project folder becomes frozen settings that the engine can run."""

from pathlib import Path

import pytest

from syncline.config import Schedule, load_project
from syncline.errors import SetupError
from syncline.model.flow import DeletePolicy, Direction, Empties, Rule, RuleKind
from syncline.security import EnvSecrets, Secret, masked, revealed
from tests.unit.config.project import ENVIRON, ORDERS, SMALL, changed, load, problem, problems, write


def test_a_project_is_read(tmp_path):
    project = load(tmp_path)
    settings = project.flow("customers")

    assert (project.name, project.folder, sorted(project.systems)) == ("acme", tmp_path.resolve(), ["crm", "erp"])
    assert project.systems["crm"].connector == "rest"
    assert [side.resource for side in settings.flow.sides] == ["customers", "party.party"]
    assert [field.name for field in settings.flow.fields] == [
        "name",
        "phone",
        "tax_id",
        "credit_limit",
        "payment_terms",
    ]
    assert settings.when == (Schedule(every=30.0),)
    assert settings.lenses["erp"].paths == {"name", "phone", "vat", "limit", "terms"}


def test_a_file_may_be_named_instead_of_its_folder(tmp_path):
    path = write(tmp_path) / "syncline.yaml"

    assert load_project(path, environ=ENVIRON, secrets=EnvSecrets(ENVIRON)).name == "acme"


def test_a_folder_without_a_project_says_how_to_make_one(tmp_path):
    with pytest.raises(SetupError, match=r"no syncline\.yaml") as caught:
        load_project(tmp_path, environ={}, secrets=EnvSecrets({}))
    assert "syncline init" in caught.value.cure


def test_rules_are_resolved_per_field(tmp_path):
    rules = {field.name: field.rule for field in load(tmp_path).flow("customers").flow.fields}

    assert rules == {
        "name": Rule(kind=RuleKind.OWNER, owner="crm"),
        "phone": Rule(kind=RuleKind.LATEST),
        "tax_id": Rule(kind=RuleKind.OWNER, owner="crm"),
        "credit_limit": Rule(kind=RuleKind.OWNER, owner="erp"),
        "payment_terms": Rule(kind=RuleKind.OWNER, owner="erp"),  # crm does not carry it
    }


def test_the_first_system_owns_what_nobody_speaks_of_and_it_is_said(tmp_path):
    text = changed('    own: {"*": {owner: crm}, credit_limit: {owner: erp}, phone: latest}\n', "")
    settings = load(tmp_path, text).flow("customers")

    assert settings.notes[0] == "crm owns name, phone, tax_id, credit_limit: no other rule is set"
    assert settings.flow.fields[0].rule == Rule(kind=RuleKind.OWNER, owner="crm")


def test_a_group_has_one_rule_and_one_way_with_empties(tmp_path):
    text = changed("credit_limit: {owner: erp}, ", "credit: {owner-unless-empty: erp}, ")
    text = changed(
        "    match:",
        "    groups: {credit: [credit_limit, tax_id]}\n    empty: {credit: keep, '*': fill-only}\n    match:",
        text,
    )
    fields = {field.name: field for field in load(tmp_path, text).flow("customers").flow.fields}

    assert fields["tax_id"].rule == Rule(kind=RuleKind.OWNER_UNLESS_EMPTY, owner="erp")
    assert (fields["tax_id"].group, fields["tax_id"].empties) == ("credit", Empties.KEEP)
    assert (fields["name"].group, fields["name"].empties) == ("", Empties.FILL_ONLY)


def test_sides_say_direction_deletes_and_creates(tmp_path):
    text = changed("resource: party.party", "resource: party.party\n        direction: from\n        rank: 2")
    text = changed("    match:", "    deletes: {crm: propagate}\n    creates: {crm: false}\n    match:", text)
    crm, erp = load(tmp_path, text).flow("customers").flow.sides

    assert (crm.direction, crm.deletes, crm.creates) == (Direction.BOTH, DeletePolicy.PROPAGATE, False)
    assert (erp.direction, erp.deletes, erp.creates, erp.rank) == (Direction.FROM, DeletePolicy.ARCHIVE, False, 2)
    assert erp.writable == frozenset()


def test_creating_can_be_switched_off_everywhere(tmp_path):
    text = changed("    match:", "    creates: false\n    match:")

    assert [side.creates for side in load(tmp_path, text).flow("customers").flow.sides] == [False, False]


def test_references_order_the_flows(tmp_path):
    customers, orders = SMALL.partition("  customers:")[::2]
    text = f"{customers.rstrip()}{ORDERS}  customers:{orders}"
    project = load(tmp_path, text)

    assert [settings.flow.name for settings in project.flows] == ["customers", "orders"]
    customer = next(field for field in project.flow("orders").flow.fields if field.name == "customer")
    assert (customer.reference, customer.nullable) == ("customer", True)


def test_lines_and_their_references_are_known(tmp_path):
    lines = "{each: rows, key: no, map: {no: no, who: 'party | ref(customer)'}}"
    text = SMALL + ORDERS.replace("number: number, customer", f"lines: {lines}, customer")
    flow = load(tmp_path, text).flow("orders").flow

    assert flow.lines == {"lines"}
    assert flow.line_references == (("lines", "who", "customer"),)


def test_mappings_cases_and_parts_may_stand_in_files(tmp_path):
    text = changed("map: {name: name, phone: phone, tax_id: tax_id, credit_limit: limit}", "map: maps/crm.yaml")
    text = changed("    match:", "    cases: cases.yaml\n    match:", text)
    cases = """
        - {name: plain, system: crm, record: {name: Jade}, entity: {name: Jade}}
        - {name: back, system: erp, entity: {name: Jade}, back: {name: Jade}}
    """
    settings = load(tmp_path, text, maps__crm="{name: name, phone: phone, tax_id: no}", cases=cases).flow("customers")

    assert settings.lenses["crm"].paths == {"name", "phone", "no"}
    assert settings.samples("crm") == ({"name": "Jade"},)
    assert settings.samples("erp") == ()
    assert settings.cases[1].said == {"entity": {"name": "Jade"}, "back": {"name": "Jade"}}
    assert settings.cases[0].place.file == "cases.yaml"


def test_secrets_are_wrapped_and_never_shown(tmp_path):
    project = load(tmp_path)
    options = project.systems["crm"].options

    assert "kanarie" not in repr(project)
    assert masked(options) == {"url": "http://crm.example", "auth": {"type": "bearer", "token": "***"}}
    assert revealed(options)["auth"]["token"] == "kanarie"
    assert isinstance(options["auth"]["token"], Secret)


def test_a_text_around_a_secret_is_secret_as_a_whole(tmp_path):
    text = changed("project: acme", 'project: acme\nstore: "postgresql://hub:${secret:CRM_TOKEN}@db/hub"')
    project = load(tmp_path, text)

    assert "kanarie" not in repr(project)
    assert (project.store.kind, project.store.url.reveal()) == ("postgresql", "postgresql://hub:kanarie@db/hub")


def test_defaults_and_escapes_of_placeholders(tmp_path):
    text = changed("database: hub", 'database: "${NONE:-fallback}", prefix: "$${CRM_URL}"')

    options = load(tmp_path, text).systems["erp"].options
    assert (options["database"], options["prefix"]) == ("fallback", "${CRM_URL}")


def test_what_the_environment_and_the_vault_lack_is_said_with_the_cure(tmp_path):
    write(tmp_path)
    found = problems(tmp_path, SMALL.replace("CRM_URL", "NO_URL").replace("CRM_TOKEN", "NO_TOKEN"))

    assert [(one.line, one.column) for one in found] == [(3, 31), (3, 72)]
    assert "NO_URL is not set" in found[0].what
    assert "export NO_URL" in found[0].cure
    assert "SYNCLINE_SECRET_NO_TOKEN" in found[1].what
    assert "kanarie" not in str(found)


@pytest.mark.parametrize(
    ("store", "path"),
    [("sqlite:///.syncline/a.db", "{folder}/.syncline/a.db"), ("sqlite:////var/a.db", "/var/a.db")],
)
def test_the_store_lies_in_the_project_folder_unless_its_path_is_absolute(tmp_path, store, path):
    found = load(tmp_path, changed("project: acme", f"project: acme\nstore: {store}")).store

    assert found.path == Path(path.format(folder=tmp_path.resolve()))
    assert found.url.reveal() == f"sqlite:///{found.path}"


@pytest.mark.parametrize("store", ["mysql://x", "state.db", "sqlite://", "3"])
def test_another_store_is_refused(tmp_path, store):
    assert problem(tmp_path, changed("project: acme", f"project: acme\nstore: {store}")).cure.startswith("Write sqlite")


def test_an_option_knows_where_it_is_written(tmp_path):
    system = load(tmp_path).systems["crm"]

    assert system.where("auth.token") == ("syncline.yaml", 3, 73)
    assert system.where("auth.nothing") == ("syncline.yaml", 3, 51)
    assert system.where("nothing") == ("syncline.yaml", 3, 3)


@pytest.mark.parametrize(
    ("written", "schedule"),
    [
        ("{every: 2.5m}", Schedule(every=150.0)),
        ("{every: 30}", Schedule(every=30.0)),
        ('{cron: "0 2 * * *", zone: Asia/Shanghai}', Schedule(cron="0 2 * * *", zone="Asia/Shanghai")),
        ("[{event: erp.orders}]", Schedule(event="erp.orders")),
    ],
)
def test_a_flow_runs_when_it_is_told(tmp_path, written, schedule):
    settings = load(tmp_path, changed("when: {every: 30s}", f"when: {written}")).flow("customers")

    assert settings.when == (schedule,)


def test_a_match_rule_may_be_one_word_and_say_when_to_ask(tmp_path):
    text = changed(
        "[[tax_id], {score: [name, phone], at_least: 0.92}]", "[tax_id, {score: [name], at_least: 1, ask_from: 0.5}]"
    )
    exact, scored = load(tmp_path, text).flow("customers").flow.match

    assert (exact.fields, exact.at_least) == (("tax_id",), None)
    assert (scored.fields, scored.at_least, scored.ask_from) == (("name",), 1.0, 0.5)


def test_a_flow_that_does_not_exist_is_no_flow(tmp_path):
    with pytest.raises(KeyError):
        load(tmp_path).flow("orders")


def test_a_store_in_memory_is_for_trials(tmp_path):
    assert load(tmp_path, changed("project: acme", 'project: acme\nstore: "memory:"')).store.kind == "memory"
