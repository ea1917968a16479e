"""The seed is the same on both sides, valid and hard to match for good reasons."""

import pytest
from phonenumbers import is_valid_number, parse
from stdnum.at import uid
from stdnum.cn import uscc
from stdnum.de import vat as de
from stdnum.fr import tva
from stdnum.gr import vat as gr
from stdnum.it import iva
from stdnum.jp import cn
from stdnum.pl import nip
from stdnum.ua import edrpou

from syncline.sandbox.companies import Likeness, Population, company, product
from syncline.sandbox.tax_ids import tax_id

_VALID = {"DE": de, "FR": tva, "IT": iva, "PL": nip, "AT": uid, "GR": gr, "UA": edrpou, "JP": cn, "CN": uscc}


@pytest.mark.parametrize("iso", _VALID)
def test_tax_numbers_pass_the_check_of_their_country(iso):
    numbers = [tax_id(iso, serial * 7919) for serial in range(300)]

    assert [number for number in numbers if not _VALID[iso].is_valid(number)] == []
    assert len(set(numbers)) == 300


def test_companies_differ_in_name_tax_number_and_e_mail():
    found = [company(7, number) for number in range(3000)]

    for distinct in ("name", "tax_id", "email"):
        assert len({getattr(one, distinct) for one in found}) == 3000
    assert [one.phone for one in found if not is_valid_number(parse(one.phone))] == []


def test_names_come_in_several_scripts():
    names = "".join(company(7, number).name for number in range(100))

    assert all(any(first <= letter <= last for letter in names) for first, last in ("az", "αω", "ая", "一龥"))


@pytest.mark.parametrize("size", [20, 200, 1000])
def test_four_of_five_partners_are_customers_too(size):
    population = Population(seed=7, size=size)

    numbers = population.erp()

    shared = [number for number in numbers if number in population.crm()]
    assert len(numbers) == len(set(numbers)) == round(size * 0.95)
    assert len(shared) == round(len(numbers) * 0.8)
    if size == 1000:
        kinds = [population.likeness(number) for number in shared]
        assert 0.6 < kinds.count(Likeness.TAX_ID) / len(kinds) < 0.8
        assert min(kinds.count(Likeness.MAIL), kinds.count(Likeness.VARIANT)) > 50


def test_a_look_alike_has_the_city_of_its_twin_and_a_tax_number_of_its_own():
    population = Population(seed=7, size=200)

    other, twin = population.company(203), company(7, 15)

    assert (other.city, other.name[:8]) == (twin.city, twin.name[:8])
    assert (other.tax_id != twin.tax_id, other.name != twin.name, other.email != twin.email) == (True, True, True)


def test_goods_have_a_number_of_their_own():
    assert len({product(7, number).sku for number in range(2000)}) == 2000


def test_both_applications_tell_of_the_same_companies(crm, erp):
    customers = {customer["id"]: customer for customer in crm.dump("customers")}
    partners = {str(partner["PartnerNo"]): partner for partner in erp.dump("partners")}
    by_company = {number: key for key, number in crm.get("/_sandbox/truth/customers").items()}
    pairs = [
        (customers[by_company[number]], partners[key])
        for key, number in erp.get("/_sandbox/truth/partners").items()
        if number in by_company and by_company[number] in customers and partners[key]["Rev"] == 1
    ]

    same = [customer["tax_id"] == partner["VatNo"] for customer, partner in pairs if partner["VatNo"]]
    assert len(pairs) > 60
    assert all(same)
    assert all(customer["addresses"][0]["city"] == partner["Addresses"][0]["City"] for customer, partner in pairs)


def test_both_applications_sell_the_same_goods(crm, erp):
    skus = {one["sku"] for one in crm.dump("products")}

    assert skus
    assert skus <= {one["ItemNo"] for one in erp.dump("items")}
