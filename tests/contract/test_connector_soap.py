"""The soap connector keeps the port's promises against spyne, with each kind of paging, credentials and version."""

from __future__ import annotations

from typing import ClassVar

from tests.contract.soap_kit import BY_CURSOR, BY_KEY, ORDERS, SoapSuite

_MANY = {"operation": "GetOrders", "key": "ids", "record": "GetOrdersResult", "many": True, "size": 5}


class TestByOffset(SoapSuite):
    title = "soap.offset"


class TestByKeyWithATokenInTheEnvelope(SoapSuite):
    """Pages by key that name the deleted, several records a get, WS-Security with digests, creates known by a token."""

    title = "soap.keyset"
    manner: ClassVar = {"security": "wsse", "buries": True}
    says: ClassVar = {
        "wsse": "digest",
        "resources": {
            "orders": {
                **BY_KEY,
                **ORDERS,
                "get": _MANY,
                "tombstones": {"field": "deleted", "equals": True},
                "write": {
                    **ORDERS["write"],
                    "create": {**ORDERS["write"]["create"], "token": "requestId"},
                    "archive": {"operation": "ArchiveOrder", "key": "id", "version": "version"},
                },
                "contract": {"read_back": "body"},
            }
        },
    }


class TestVersionOnePointTwoWithWholeRecords(SoapSuite):
    """SOAP 1.2, by cursor, with the password as it is, busy inside of a fault, and updates that replace the record."""

    title = "soap.version-1-2"
    manner: ClassVar = {"version": "1.2", "security": "wsse", "busy_inside": True}
    says: ClassVar = {
        "wsse": "text",
        "resources": {
            "orders": {
                **BY_CURSOR,
                **ORDERS,
                "write": {**ORDERS["write"], "update": {**ORDERS["write"]["update"], "whole": True}},
            }
        },
    }
