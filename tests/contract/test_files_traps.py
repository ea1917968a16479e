"""Traps of drop folders: what would be lost, read twice or written late if nobody looked."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from syncline.connectors.protocols.files import open_files
from syncline.env import RealEnv
from syncline.errors import OptionsError
from syncline.testing.connector_steps import create
from tests.contract.test_connector_files import IN, OUT, drop, opened, read

# --- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pattern", "other", "told"),
    [
        ("orders*.csv", "stock*", "the hub writes for orders"),
        ("*.csv", "stock*", "the hub writes for orders"),
        ("in-*", "labels*", "the hub writes for labels"),
        ("in-*", "in-stock-*.csv", "files of stock"),
        ("in-?.csv", "*-[0-9].csv", "files of stock"),
    ],
)
def test_a_pattern_that_fits_files_of_another_reader_or_our_own_is_refused(
    tmp_path: Path, pattern: str, other: str, told: str
) -> None:
    resources = {
        "orders": {**OUT, "read": {"pattern": pattern}},
        "stock": {"key": "sku", "read": {"pattern": other}},
        "labels": OUT,
    }
    with pytest.raises(OptionsError) as caught:
        open_files("drop", {"folder": str(tmp_path), "resources": resources}, RealEnv())

    assert told in str(caught.value)


def test_patterns_that_share_no_name_are_accepted(tmp_path: Path) -> None:
    resources = {
        "orders": {**OUT, "read": {"pattern": "in-*.csv"}},
        "stock": {"key": "sku", "read": {"pattern": "stock-*.csv"}},
    }
    with opened(tmp_path, resources) as connector:
        assert read(connector, "orders") == {}


def test_what_the_hub_has_written_stays_for_its_receiver_even_if_the_pattern_is_changed_to_fit(tmp_path: Path) -> None:
    with opened(tmp_path, {"orders": OUT}) as connector:
        create(connector, "orders", {"number": "1", "note": "ours"})
    theirs: dict[str, Any] = {
        "orders": {"key": "number", "read": {"pattern": "orders*", "ready": "rename", "after": "move"}}
    }
    with opened(tmp_path, theirs) as connector:
        drop(tmp_path, "orders-from-them.csv", "number,note\n2,theirs\n")
        found = read(connector, "orders")

    assert found["2"] == {"number": "2", "note": "theirs"}
    assert found["1"]["op"] == "create"
    assert (tmp_path / "orders-0000000001.csv").exists()


# --- when a file is whole, and new ------------------------------------------------------------------------------------


def test_an_old_mark_vouches_for_no_newer_file(tmp_path: Path) -> None:
    marked = {**IN, "read": {"pattern": "stock*.csv", "ready": "done"}}
    with opened(tmp_path, {"stock": marked}) as connector:
        path = drop(tmp_path, "stock.csv", "sku,stock\nA,1\nB,2\n")
        mark = tmp_path / "stock.csv.done"
        mark.touch()
        assert read(connector).keys() == {"A", "B"}
        path.write_text("sku,stock\nA,7\nB")
        later = mark.stat().st_mtime_ns + 1_000_000_000
        os.utime(path, ns=(later, later))

        assert {key: one["stock"] for key, one in read(connector).items()} == {"A": "1", "B": "2"}
        path.write_text("sku,stock\nA,7\nB,8\n")
        os.utime(path, ns=(later, later))
        os.utime(mark, ns=(later, later))
        assert {key: one["stock"] for key, one in read(connector).items()} == {"A": "7", "B": "8"}
