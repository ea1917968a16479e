"""What is wrong with the options of connectors is told with all the rest, each at its place and with its cure."""

from pathlib import Path

import pytest

from syncline.app import open_hub
from syncline.app.checking import check
from syncline.app.opening import open_project
from syncline.env import RealEnv
from syncline.errors import ConfigError

WRONG = """\
project: acme
systems:
  crm:
    connector: rest
    url: "http://127.0.0.1:1"
    authh: 3
    resources: {customers: {path: /customers, keyy: id}}
  erp: {connector: tryton, url: "http://127.0.0.1:1", database: hub, user: hub, password: x, company: one}
  mes: {connector: nonesuch, url: "http://127.0.0.1:1"}
flows:
  customers:
    entity: client
    systems:
      crm: {resource: customers, map: {name: name}}
      erp: {resource: party.party, map: {name: name}}
"""
OPTIONS = [(6, "authh is unknown"), (7, "keyy is unknown"), (8, "company"), (9, "no connector named")]


def written(folder: Path, text: str) -> Path:
    (folder / "syncline.yaml").write_text(text, encoding="utf-8")
    return folder


def told(error: ConfigError, wanted: list[tuple[int, str]]) -> None:
    """Exactly these lines and words, each with a cure."""
    found = [(one.line, one.what) for one in error.problems]
    assert len(found) == len(wanted), found
    for (line, what), (number, words) in zip(found, wanted, strict=True):
        assert line == number
        assert words in what
    assert all(one.file == "syncline.yaml" and one.column > 1 for one in error.problems)
    assert all(one.cure or "did you mean" in one.what for one in error.problems)


def test_the_options_of_every_connector_are_told_at_once(tmp_path):
    with pytest.raises(ConfigError) as caught, open_hub(written(tmp_path, WRONG)):
        pass

    told(caught.value, OPTIONS)


def test_they_are_told_together_with_what_is_wrong_elsewhere(tmp_path):
    text = WRONG.replace("entity: client", "entity: client\n    onw: 3")
    with pytest.raises(ConfigError) as caught:
        open_project(written(tmp_path, text))

    told(caught.value, [*OPTIONS, (13, "flows.customers.onw: unknown setting")])


def test_a_system_whose_settings_cannot_be_read_brings_no_further_problems(tmp_path):
    text = WRONG.replace('"http://127.0.0.1:1"\n    authh', '"${CRM_PLACE_OF_NOBODY}"\n    authh')
    with pytest.raises(ConfigError) as caught:
        open_project(written(tmp_path, text))

    told(caught.value, [(5, "CRM_PLACE_OF_NOBODY"), *OPTIONS[2:]])


def test_check_finds_each_at_its_place(tmp_path):
    found = check(written(tmp_path, WRONG), RealEnv()).findings

    assert [(one.line, words in one.what) for one, (_, words) in zip(found, OPTIONS, strict=True)] == [
        (line, True) for line, _ in OPTIONS
    ]
    assert all(one.cure for one in found)
