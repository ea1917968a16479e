"""Connectors are found by name, those of other packages too."""

import pytest

from syncline import connectors
from syncline.connectors.protocols.rest import SPEC
from syncline.errors import SetupError


def test_the_rest_connector_is_found_without_installation():
    assert connectors.find("rest") is SPEC


def test_an_unknown_name_is_answered_with_the_list_and_a_guess():
    with pytest.raises(SetupError, match=r"Did you mean 'rest'\?.*rest, soap, sql, tryton"):
        connectors.find("rets")


def test_a_package_of_someone_else_adds_a_connector(tmp_path, monkeypatch):
    (tmp_path / "acme_pim.py").write_text(
        "import msgspec\nfrom syncline.connectors.spec import Spec\n"
        "SPEC = Spec(name='acme', summary='A PIM.', settings=msgspec.Struct, open=lambda *_: None)\n"
    )
    info = tmp_path / "acme_pim-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: acme-pim\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(
        "[syncline.connectors]\nacme = acme_pim:SPEC\nlost = no_such_module:SPEC\nodd = acme_pim:msgspec\n"
        "rest = acme_pim:SPEC\n"
    )
    monkeypatch.syspath_prepend(tmp_path)

    assert connectors.find("acme").summary == "A PIM."
    assert {"acme", "rest"} <= set(connectors.names())
    assert connectors.find("rest") is SPEC  # a name that is taken stays taken
    with pytest.raises(SetupError, match="no_such_module"):
        connectors.find("lost")
    with pytest.raises(SetupError, match="no Spec"):
        connectors.find("odd")


def test_a_spec_describes_its_settings_as_json_schema():
    assert "RestOptions" in str(SPEC.schema())
