"""Every option of every connector has a name that YAML reads as a text."""

from __future__ import annotations

import pytest
from ruamel.yaml import YAML

from syncline.connectors import find, names


@pytest.mark.parametrize("connector", names())
def test_no_option_has_a_name_that_yaml_reads_as_something_else(connector):
    document = find(connector).schema()

    options = {name for kind in document["$defs"].values() for name in kind.get("properties", {})}

    assert options
    assert YAML(typ="safe").load("".join(f"{name}: 1\n" for name in sorted(options))).keys() == options
