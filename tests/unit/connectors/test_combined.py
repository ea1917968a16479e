"""One application with several interfaces: each resource goes to the interface that has it; all problems are told."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import closing

import pytest

from syncline.connectors.combined import open_combined
from syncline.env import RealEnv
from syncline.errors import OptionsError, SetupError

MASTER: Mapping[str, object] = {
    "connector": "rest",
    "url": "http://127.0.0.1:9",
    "auth": {"type": "bearer", "token": "t"},
    "contract": {"precision": 1},
    "resources": {"partners": {"path": "/partners", "key": "no", "rows": "rows"}},
}
FOLDER: Mapping[str, object] = {
    "connector": "files",
    "folder": "drop",
    "resources": {
        "deliveries": {"key": "no", "fields": ["no", "at"], "read": {"pattern": "d-*.csv", "ready": "rename"}}
    },
}


def refused(interfaces: object) -> str:
    with pytest.raises(OptionsError) as told:
        open_combined("erp", {"interfaces": interfaces}, RealEnv())
    return " ".join(one.what for one in told.value.problems)


def test_each_resource_belongs_to_the_interface_that_has_it(tmp_path):
    (tmp_path / "drop").mkdir()
    folder = {**FOLDER, "folder": str(tmp_path / "drop")}
    with closing(open_combined("erp", {"interfaces": {"master": MASTER, "files": folder}}, RealEnv())) as erp:
        (tmp_path / "drop" / "d-1.csv").write_text("no,at\n7,noon\n")
        pages = list(erp.list("deliveries", None))

        assert [key for page in pages for key in page.keys] == ["7"]
        assert erp.contract("partners").precision == 1
        assert "RestConnector(erp.interfaces.master" in repr(erp)
        with pytest.raises(SetupError, match=r"erp has no resource named 'items'"):
            erp.contract("items")


def test_a_resource_that_two_interfaces_have_is_told():
    told = refused({"one": MASTER, "two": MASTER})

    assert told == "systems.erp.interfaces.two.resources.partners is a resource of the interface one already."


def test_the_problems_of_all_interfaces_are_told_at_once_with_their_places():
    told = refused({"one": {**MASTER, "urll": 1}, "two": {**FOLDER, "pollder": 1}, "three": {}})

    assert "systems.erp.interfaces.one.urll is unknown" in told
    assert "systems.erp.interfaces.two.pollder is unknown" in told
    assert "systems.erp.interfaces.three.connector must name the connector" in told


def test_there_is_at_least_one_interface_and_none_is_combined_again():
    assert refused({}) == "systems.erp.interfaces is empty: name at least one."
    assert "must name the connector" in refused({"one": {"connector": "combined", "interfaces": {}}})


def test_an_interface_with_an_unknown_connector_is_told():
    assert "There is no connector named 'soup'" in refused({"one": {**MASTER, "connector": "soup"}})
