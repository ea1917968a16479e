"""The match stage decides the same way, whatever the order, and says why."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec import UNSET

from syncline.matching import Pair, Part, Score, assign, block_keys, decide, match_key, score
from syncline.model.flow import MatchRule

TAX = MatchRule(fields=("tax_id",))
MAIL = MatchRule(fields=("email", "postcode"))
LIKE = MatchRule(fields=("name", "city", "phone"), at_least=0.92, ask_from=0.8)
JADE = {"name": "Jade River Trading Co., Ltd.", "city": "Shanghai", "phone": "+86 21 5555 0134"}

TEXT = (
    st.none() | st.text(max_size=20) | st.sampled_from(["Acme GmbH", "Acme AG", "S.A.R.L.", "上海翡翠河贸易有限公司"])
)
RECORD = st.fixed_dictionaries({"name": TEXT, "city": TEXT, "phone": TEXT, "email": TEXT, "tax_id": TEXT})
EVERY = MatchRule(fields=("name", "city", "phone", "email", "tax_id"), at_least=0.9)


def like(value):
    return Score(value=value, parts=(Part("name", "a", "b", value),))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("DE 123.456-789", "de123456789"),
        ("\uff24\uff25\uff11\uff12\uff13", "DE123"),
        ("Straße 5", "STRASSE 5"),
        (42, "42"),
    ],
)
def test_spellings_of_one_identifier_have_one_key(one, other):
    assert match_key(TAX, {"tax_id": one}) == match_key(TAX, {"tax_id": other})


@pytest.mark.parametrize(("one", "other"), [("DE1", "DE2"), ("कि", "का"), ("Acme GmbH", "Acme"), ("é", "e")])
def test_different_identifiers_have_different_keys(one, other):
    assert match_key(TAX, {"tax_id": one}) != match_key(TAX, {"tax_id": other})


@pytest.mark.parametrize("empty", [None, "", " - ", UNSET, {"1": {"sku": "x"}}, []])
def test_an_empty_value_has_no_key(empty):
    assert match_key(MAIL, {"email": empty, "postcode": "200120"}) is None


def test_values_do_not_run_into_each_other():
    assert match_key(MAIL, {"email": "ab", "postcode": "c"}) != match_key(MAIL, {"email": "a", "postcode": "bc"})


@given(st.text(min_size=1))
def test_a_key_fits_a_signed_64_bit_column(text):
    key = match_key(TAX, {"tax_id": text})

    assert key is None or -(2**63) <= key < 2**63


@pytest.mark.parametrize(
    "other",
    [
        {"name": "JADE RIVER TRADING", "city": "shanghai"},
        {"name": "Trading Jade River"},
        {"name": "Something Else", "phone": "021-5555 0134"},
    ],
)
def test_likely_twins_share_a_block(other):
    assert set(block_keys(LIKE, JADE)) & set(block_keys(LIKE, other))


def test_strangers_in_one_city_share_no_block():
    other = {"name": "Blue Harbour Logistics", "city": "Shanghai", "phone": "+86 21 7777 9999"}

    assert not set(block_keys(LIKE, JADE)) & set(block_keys(LIKE, other))


def test_a_company_domain_is_a_block_and_a_free_one_is_not():
    rule = MatchRule(fields=("email",), at_least=0.9)

    assert block_keys(rule, {"email": "a@jade.example"}) == block_keys(rule, {"email": "b@jade.example"})
    assert block_keys(rule, {"email": "a@gmail.com"}) != block_keys(rule, {"email": "b@gmail.com"})


def test_a_rule_without_known_kinds_blocks_by_its_values():
    rule = MatchRule(fields=("colour",), at_least=0.9)

    assert block_keys(rule, {"colour": "Red"}) == block_keys(rule, {"colour": "red "})
    assert block_keys(rule, {"colour": ""}) == ()


@given(a=RECORD, b=RECORD)
def test_a_score_has_no_direction(a, b):
    assert score(EVERY, a, b).value == score(EVERY, b, a).value


@given(a=RECORD, b=RECORD)
def test_a_score_lies_between_nothing_and_everything(a, b):
    assert 0.0 <= score(EVERY, a, b).value <= 1.0


@given(name=st.text(min_size=1).filter(str.strip), rest=RECORD)
def test_a_record_is_its_own_twin(name, rest):
    record = {**rest, "name": name}

    assert score(EVERY, record, record).value == 1.0


@given(a=RECORD, b=RECORD)
def test_a_score_is_the_same_every_time(a, b):
    assert score(EVERY, a, b) == score(EVERY, dict(a), dict(b))


def test_a_legal_form_weighs_little():
    same = score(LIKE, {"name": "Acme Werke GmbH"}, {"name": "Acme Werke"}).value
    other_form = score(LIKE, {"name": "Acme Werke GmbH"}, {"name": "Acme Werke AG"}).value
    other_name = score(LIKE, {"name": "Acme Werke GmbH"}, {"name": "Zeta Druck GmbH"}).value

    assert same > other_form > 0.9
    assert other_name < 0.6


def test_dotted_and_eastern_legal_forms_are_known():
    assert score(LIKE, {"name": "Café S.A.R.L."}, {"name": "CAFE SARL"}).value == 1.0
    assert score(LIKE, {"name": "上海翡翠河贸易有限公司"}, {"name": "上海翡翠河贸易"}).value > 0.98


def test_a_field_that_one_side_lacks_costs_a_little():
    whole = score(LIKE, JADE, JADE).value
    lacking = score(LIKE, JADE, {**JADE, "phone": None}).value
    both = score(LIKE, {**JADE, "phone": ""}, {**JADE, "phone": None}).value

    assert (whole, lacking, both) == (1.0, 0.98, 1.0)


def test_one_city_alone_is_no_evidence():
    assert score(LIKE, {"city": "Shanghai", "name": "Jade"}, {"city": "Shanghai"}).value < 0.5
    assert score(LIKE, {"name": "Jade"}, {"city": "Shanghai"}).value == 0.0


def test_a_phone_is_known_behind_its_country_code():
    assert score(LIKE, {"phone": "+86 21 5555 0134"}, {"phone": "021 55550134"}).value == 1.0
    assert score(LIKE, {"phone": "+86 21 5555 0134"}, {"phone": "+852 5555 0134"}).value == 0.9
    assert score(LIKE, {"phone": "+86 21 5555 0134"}, {"phone": "+86 21 5555 0199"}).value < 0.6


def test_two_mailboxes_of_one_company_are_a_hint_and_no_proof():
    rule = MatchRule(fields=("email",), at_least=0.9)

    assert score(rule, {"email": "a@jade.example"}, {"email": "zz@jade.example"}).value == 0.75
    assert score(rule, {"email": "anna@gmail.com"}, {"email": "otto@gmail.com"}).value < 0.6


def test_a_score_explains_itself():
    told = str(score(LIKE, JADE, {**JADE, "name": "Jade River Trade"}))

    assert told.startswith("0.9")
    assert "name 'Jade River Trading Co., Ltd.' ~ 'Jade River Trade'" in told
    assert "city equal" in told


def test_a_lone_good_candidate_is_linked():
    decision = decide([(7, like(0.95)), (8, like(0.5))], LIKE)

    assert (decision.outcome, decision.eid, [eid for eid, _ in decision.candidates]) == ("link", 7, [7])


@pytest.mark.parametrize("scores", [[(7, like(0.95)), (8, like(0.93))], [(7, like(0.85))]])
def test_a_rival_or_a_doubt_is_asked(scores):
    decision = decide(scores, LIKE)

    assert (decision.outcome, decision.eid, len(decision.candidates)) == ("ask", None, len(scores))
    assert decision.explanation


@pytest.mark.parametrize("scores", [[], [(7, like(0.4))]])
def test_nothing_alike_is_new(scores):
    assert decide(scores, LIKE).outcome == "new"


def test_an_exact_rule_links_one_and_asks_about_two():
    exact = Score(value=1.0, parts=())

    assert decide([(7, exact)], TAX).outcome == "link"
    assert decide([(7, exact), (9, exact)], TAX).outcome == "ask"


def test_without_an_asking_band_the_merely_similar_is_new():
    assert decide([(7, like(0.91))], MatchRule(fields=("name",), at_least=0.92)).outcome == "new"


PAIRS = st.lists(st.builds(Pair, st.sampled_from("abcd"), st.integers(1, 4), st.sampled_from([0.8, 0.9, 1.0])))


@given(pairs=PAIRS, seed=st.randoms(use_true_random=False))
def test_an_assignment_is_one_to_one_and_knows_no_order(pairs, seed):
    shuffled = list(pairs)
    seed.shuffle(shuffled)

    chosen = assign(pairs)

    assert chosen == assign(shuffled)
    assert len({pair.key for pair in chosen}) == len({pair.eid for pair in chosen}) == len(chosen)


def test_the_better_pair_goes_first():
    pairs = [Pair("a", 1, 0.9), Pair("b", 1, 0.95), Pair("a", 2, 0.8)]

    assert assign(pairs) == (Pair("b", 1, 0.95), Pair("a", 2, 0.8))


def test_what_tells_nothing_is_no_block():
    rule = MatchRule(fields=("name", "phone", "email"), at_least=0.9)

    assert block_keys(rule, {"name": " - ", "phone": "110", "email": "@"}) != ()
    assert block_keys(rule, {"name": "-", "phone": "-", "email": "-"}) == ()


def test_truths_and_sets_are_compared_as_they_are():
    rule = MatchRule(fields=("active", "tags"), at_least=0.9)

    assert match_key(rule, {"active": True, "tags": ["b", "a"]}) == match_key(
        rule, {"active": True, "tags": ["a", "b"]}
    )
    assert match_key(rule, {"active": True, "tags": ["a"]}) != match_key(rule, {"active": False, "tags": ["a"]})


def test_addresses_are_compared_by_their_words():
    rule = MatchRule(fields=("street",), at_least=0.9)

    assert score(rule, {"street": "88 Century Avenue"}, {"street": "Century Avenue 88, Pudong"}).value > 0.8


def test_the_case_of_an_address_does_not_matter():
    rule = MatchRule(fields=("email",), at_least=0.9)

    assert score(rule, {"email": "Sales@Jade.example"}, {"email": "sales@jade.example"}).value == 1.0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Kranich Moebel Aktiengesellschaft", "Kranich Möbel AG"),
        ("CHÊNE EMBALLAGES SOCIÉTÉ ANONYME", "Chêne Emballages SA"),
        ("SKAŁA OPAKOWANIA SPÓŁKA Z O.O.", "Skala Opakowania Sp. z o.o."),
        ("北京天成包装股份公司", "北京天成包装股份有限公司"),
    ],
)
def test_a_legal_form_may_be_spelled_out(one, other):
    assert score(LIKE, {"name": one}, {"name": other}).value > 0.95
