"""The odata connector keeps the port's promises, in both versions and with each kind of batch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import pytest

from syncline.testing import Tried
from tests.contract.odata_kit import PRODUCTS, ODataSuite
from tests.contract.odata_system import Manner


class TestV4(ODataSuite):
    title = "odata.v4"
    manner = Manner(unique=True)
    says: ClassVar = {
        "resources": {"products": PRODUCTS | {"marker": {"field": "hubRef", "unique": True}}},
        "batch": {"format": "json"},
    }


class TestV4OneByOne(ODataSuite):
    """Writes alone, behind a CSRF token, with the answer as the read-back, by keyset."""

    manner = Manner(csrf=True)
    says: ClassVar = {
        "csrf": True,
        "paging": "keyset",
        "page": 7,
        "resources": {"products": {name: value for name, value in PRODUCTS.items() if name != "expand"}
                      | {"select": ["sku", "name", "price", "stock"], "contract": {"read_back": "body"}}},
    }  # fmt: skip


class TestV4Tracked(ODataSuite):
    """Delta links, and batches as multipart."""

    title = "odata.v4.delta"
    manner = Manner(tracks=True)
    says: ClassVar = {"resources": {"products": PRODUCTS | {"delta": True}}, "batch": {}}


class TestV4TrackedShortly(TestV4Tracked):
    """The same in the words of 4.01."""

    title = ""
    manner = Manner(tracks=True, short=True)


class TestV4Atomic(ODataSuite):
    """One changeset for all, of a service that says 201 where it has rolled back."""

    manner = Manner(lies=True)
    says: ClassVar = {"batch": {"format": "json", "atomic": True}}


class TestV4AtomicMultipart(ODataSuite):
    manner = Manner(lies=True)
    says: ClassVar = {"batch": {"atomic": True}}


class TestV2(ODataSuite):
    title = "odata.v2"
    manner = Manner(version="v2", csrf=True)
    says: ClassVar = {"version": "v2", "csrf": True, "batch": {}}


class TestV2OneByOne(ODataSuite):
    manner = Manner(version="v2", etag=False)
    says: ClassVar = {"version": "v2", "resources": {"products": PRODUCTS | {"etag": False}}}


class TestKeysOfSeveralParts(ODataSuite):
    manner = Manner()
    says: ClassVar = {
        "batch": {},
        "paging": "keyset",
        "page": 7,
        "resources": {"items": {**PRODUCTS, "set": "Items", "expand": {}, "search": ["Item"]}},
    }
    tried = Tried(
        resource="items",
        text_field="note",
        fields_of=lambda number: {"Order": number, "note": f"Note {number}"},
        bad_fields={"Order": 1, "colour": "red"},
        unknown_key="Order=1,Item=nobody",
    )

    @pytest.fixture
    def values(self) -> Mapping[str, str]:
        return {"note": "text"}


class TestKeysOfSeveralPartsV2(TestKeysOfSeveralParts):
    manner = Manner(version="v2")
    says: ClassVar = {**TestKeysOfSeveralParts.says, "version": "v2", "paging": "server"}
