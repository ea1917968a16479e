"""Every problem of a configuration is told at once, at its place, with its cure."""

import pytest

from tests.unit.config.project import ORDERS, SMALL, changed, problem, problems


def test_every_problem_is_told_at_once(tmp_path):
    text = SMALL.replace("own:", "onw:").replace("resource: party.party", "resorce: party.party").replace("30s", "soon")
    found = problems(tmp_path, text + "extra: 1\n")

    assert [one.what.partition(" ")[0] for one in found] == [
        "flows.customers.onw:",
        "flows.customers.systems.erp.resource",
        "flows.customers.systems.erp.resorce:",
        "extra:",
    ]


def test_a_problem_reads_like_an_editor_wants_it(tmp_path):
    text = changed("resource: customers", "resorce: customers")
    found = problems(tmp_path, text)

    assert str(found[1]) == (
        "syncline.yaml:13:9  flows.customers.systems.crm.resorce: unknown setting. Did you mean `resource`?"
    )


ERP_MAP = "map: {name: name, phone: phone, tax_id: vat,"

#: what is replaced, by what, the text that the problem points at, what is said, and the cure
CASES = {
    "a rule that is none": ("phone: latest", "phone: newest", "newest", "is no rule", "latest"),
    "an owner that is no system": ("{owner: erp}", "{owner: epr}", "epr", "epr is no system", "Did you mean `erp`?"),
    "a rule of no field": ("phone: latest", "fone: latest", "fone", "no field or group fone", "`phone`"),
    "an owner that lacks it": (
        "phone: latest",
        "payment_terms: {owner: crm}",
        "{owner: crm}}",
        "does not carry payment_terms",
        "erp",
    ),
    "a match by no field": ("[[tax_id]", "[[taxid]", "taxid", "no field taxid", "`tax_id`"),
    "a match by one system's field": (
        "[[tax_id]",
        "[[payment_terms]",
        "payment_terms",
        "only erp carries payment_terms",
        "both",
    ),
    "a match rule that is none": ("[[tax_id]", "[3", "3,", "no match rule", "[tax_id]"),
    "a share above one": ("at_least: 0.92", "at_least: 92", "92", "above 0, 1 at most", "0.92"),
    "an unknown part of a score": ("at_least: 0.92", "at_least: 1, ask: 1", "ask:", "unknown setting", "ask_from"),
    "asking above linking": ("at_least: 0.92", "at_least: 0.8, ask_from: 0.9", "0.9", "above at_least", "Lower"),
    "a duration that is none": ("every: 30s", "every: soon", "soon", "`soon` is no duration", "{every: 30s}"),
    "a cron that is none": ("every: 30s", "cron: 99 * * * *", "99 ", "no cron expression", "cron"),
    "a zone that is none": ("every: 30s", 'cron: "0 2 * * *", zone: Mars/One', '"0 2', "no time zone", "zone"),
    "two schedules in one": ("{every: 30s", "{every: 30s, webhook: crm", "{every", "exactly one", "{every: 30s}"),
    "a webhook of no system": ("every: 30s", "webhook: cmr", "cmr", "`cmr` is no system", "webhook"),
    "an unknown schedule": ("every: 30s", "evry: 30s", "evry", "unknown setting", "`every`"),
    "a mapping that is none": (ERP_MAP, "map: [1] #", "[1]", "no mapping", "path"),
    "a converter that is none": ("phone: phone, tax_id: tax_id", "phone: 'a | phne'", "'a | phne'", "phne", "`phone`"),
    "a file that is missing": (ERP_MAP, "map: none.yaml #", "none.yaml", "does not exist", "relative"),
    "a key twice": ("database: hub", "database: hub, host: x, database: b", "database: b", "written twice", "Keep one"),
    "a system of no project": ("      erp:\n", "      rep:\n", "rep:", "rep is no system of this project", "`erp`"),
    "a tag that makes objects": ("project: acme", "project: !!python/object:x y", "!!python", "not allowed", "plain"),
    "an unknown direction": ("party.party", "party.party\n        direction: up", "up", "unknown value", "'both'"),
    "a name with capitals": ("  erp: {connector", "  ERP: {connector", "ERP", "`ERP` is not a name", "small letters"),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_a_problem_has_its_place_and_its_cure(tmp_path, case):
    old, new, at, what, cure = case
    text = SMALL.replace(old, new, 1)
    before = text[: text.index(at, text.index(new.partition("\n")[0]))]

    found = next(one for one in problems(tmp_path, text) if what in one.what)

    assert (found.line, found.column) == (before.count("\n") + 1, len(before) - before.rfind("\n"))
    assert cure in found.cure


@pytest.mark.parametrize("text", ["", "- a\n- b\n", "just text", "a: [", "\t", "[" * 2000, "a: &a\n"])
def test_what_is_no_project_is_said(tmp_path, text):
    assert problems(tmp_path, text)


def test_one_flow_per_entity(tmp_path):
    found = problem(
        tmp_path, changed("entity: customer", "entity: order") + ORDERS.replace("| ref(customer)", "| trim")
    )

    assert "the flow customers has the entity order already" in found.what


def test_a_reference_needs_a_flow_of_its_entity(tmp_path):
    found = problems(tmp_path, SMALL + ORDERS.replace("ref(customer)", "ref(client)"))

    assert "customer refers to client, and no flow has this entity" in found[0].what


def test_a_flow_with_problems_does_not_make_others_wrong(tmp_path):
    found = problem(tmp_path, SMALL.replace("every: 30s", "every: x") + ORDERS)

    assert "no duration" in found.what


CIRCLE = SMALL.replace("payment_terms: terms}", "payment_terms: terms, x_first: 'first | ref(order)'}") + ORDERS


def test_a_circle_of_references_may_hold_a_nullable_one(tmp_path):
    found = problem(
        tmp_path,
        CIRCLE.replace("    match:", "    required: [x_first]\n    match:").replace(
            "    entity: order", "    entity: order\n    required: [customer]"
        ),
    )

    assert "customer -> order -> customer" in found.what or "order -> customer -> order" in found.what
    assert "`required`" in found.cure


def test_what_is_required_must_be_a_reference(tmp_path):
    found = problem(tmp_path, SMALL + ORDERS.replace("entity: order", "entity: order\n    required: [number]"))

    assert "number is no reference" in found.what


def test_groups_are_checked(tmp_path):
    groups = "groups: {name: [phone], a: [tax_id, nme], b: [tax_id, credit_limit]}"
    found = problems(tmp_path, changed("    match:", f"    {groups}\n    match:"))

    told = " ".join(one.what for one in found)
    assert "a field has this name, too" in told
    assert "no field nme" in told
    assert "tax_id is in two groups" in told
    assert "different rules" in told or len(found) >= 3


def test_a_group_with_two_rules_is_refused(tmp_path):
    found = problem(tmp_path, changed("    match:", "    groups: {a: [tax_id, credit_limit]}\n    match:"))

    assert "different rules" in found.what


def test_a_side_that_is_only_written_cannot_own(tmp_path):
    found = problem(tmp_path, changed("resource: party.party", "resource: party.party\n        direction: to"))

    assert "erp is only written" in found.what


def test_a_setting_is_said_once(tmp_path):
    text = changed("resource: customers", "resource: customers\n        deletes: detach")
    found = problem(tmp_path, changed("    match:", "    deletes: {crm: archive}\n    match:", text))

    assert "flows.customers.deletes.crm is set twice" in found.what


def test_every_wrong_field_of_a_mapping_is_told(tmp_path):
    text = changed(
        "{name: name, phone: phone, tax_id: tax_id,", "{name: 'name | nam', phone: 'phone | phne', tax_id: x,"
    )
    found = problems(tmp_path, text)

    assert [(one.line, "field" in one.what) for one in found] == [(14, True), (14, True)]


@pytest.mark.parametrize(
    ("cases", "what"),
    [
        ("{a: 1}", "no list of cases"),
        ("[{name: a, system: crm, record: {}, entity: {nme: 1}}]", "crm carries no field nme"),
        ("[{name: a, system: cmr, record: {}, entity: {}}]", "cmr is no system"),
        ("[{name: a, system: crm, entity: {}}]", "needs `record` or `back`"),
        ("[{name: a, system: crm, recrd: {}, entity: {}}]", "unknown setting"),
    ],
)
def test_cases_are_checked(tmp_path, cases, what):
    found = problems(tmp_path, changed("    match:", "    cases: cases.yaml\n    match:"), cases=cases)

    assert what in found[0].what
    assert found[0].file in {"cases.yaml", "syncline.yaml"}


MORE = {
    "a schedule that is none": ("{every: 30s}", "30s", "is no schedule"),
    "an event of no system": ("{every: 30s}", "{event: epr.orders}", "`epr` is no system"),
    "a duration without end": ("every: 30s", "every: .inf", "is no duration"),
    "asking from a word": ("at_least: 0.92", "at_least: 0.9, ask_from: often", "ask_from must be a number"),
    "a rule of two words": ("{owner: erp}", "{owner: erp, latest: 1}", "is no rule"),
    "a mapping that writes twice": ("phone: phone, tax_id: tax_id", "phone: x, tax_id: x", "both write `x`"),
    "an option of no flow system": (
        "    match:",
        "    deletes: {rep: archive}\n    match:",
        "rep is no system of this flow",
    ),
    "a placeholder of nothing": ("database: hub", 'database: "${1}"', "names nothing"),
    "a key that is a list": ("database: hub", "[a]: hub", "a key must be a single word"),
    "a merge of no mapping": ("database: hub", "<<: [x]", "takes a mapping"),
    "an include of nothing": ("database: hub", "database: !include [a]", "needs the name of a file"),
    "a flow without systems": ("    systems:\n      crm:", "    systems: {}\n    x:\n      crm:", "at least 1 item"),
    "a wrong type": ("entity: customer", "entity: [customer]", "valid string"),
    "an entity with capitals": ("entity: customer", "entity: Customer", "is not a name"),
    "settings that are none": ("flows:\n", "flows: 3\nx:\n", "dictionary"),
}


@pytest.mark.parametrize("case", MORE.values(), ids=MORE.keys())
def test_a_problem_says_what_it_is(tmp_path, case):
    old, new, what = case

    found = problems(tmp_path, changed(old, new))

    assert any(what in one.what for one in found), found
