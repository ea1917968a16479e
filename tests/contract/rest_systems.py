"""The sandbox's applications as a user would configure them for the rest connector."""

from __future__ import annotations

import urllib.request
from collections.abc import Mapping

import msgspec

CRM_SECRET = "crm-token"
ERP_SECRET = "erp-token"
_FACTS = {"lag": 1.0, "settle": 0.0, "effect": 2.0, "skew": 2.0, "read_back": "body"}


def crm_options(url: str, *, token: str = CRM_SECRET) -> dict[str, object]:
    """The CRM: cursor paging, ETag, batches answered by reference."""
    resources = {name: _crm_resource(name) for name in ("customers", "products", "orders")}
    resources["customers"]["search"] = {"email": "email", "tax_id": "tax_id"}
    return {
        "connector": "rest",
        "url": url,
        "auth": {"type": "bearer", "token": token},
        "timeout": {"connect": 2, "read": 2, "total": 2},
        "contract": {"precision": 0.001, **_FACTS},
        "errors": {
            "in_200": {"field": "error"},
            "message": "error.message",
            "code": "error.code",
            "codes": {"busy": "busy"},
        },
        "resources": resources,
    }


def _crm_resource(name: str) -> dict[str, object]:
    path = f"/api/{name}"
    return {
        "path": path,
        "key": "id",
        "rows": "data",
        "one": path + "/{key}",
        "get_many": {"param": "ids", "max": 500},
        "paging": {"type": "cursor", "param": "cursor", "next": "next_cursor", "size_param": "limit", "size": 50},
        "since": {"param": "updated_since", "field": "updated_at", "format": "iso-ms", "ordered": True},
        "version": {"field": "version", "match": '"{version}"'},
        "merged": {"status": 410, "field": "merged_into"},
        "marker": {"field": "external_ref", "param": "external_ref"},
        "idempotency": {"header": "Idempotency-Key"},
        "write": {"create": {}, "update": {}, "delete": {}, "archive": {"fields": {"archived": True}}},
        "batch": {
            "path": path + "/batch",
            "size": 500,
            "ops": {"create": "create", "update": "update", "delete": "delete", "archive": "update"},
            "keys": {"op": "op", "ref": "ref", "id": "id", "if_match": "if_match", "fields": "fields"},
            "results": "results",
            "answer": {"ref": "ref", "status": "status", "id": "id", "record": "record"},
        },
    }


def erp_options(url: str, *, password: str = ERP_SECRET) -> dict[str, object]:
    """The ERP: numbered pages, basic auth, errors behind HTTP 200, atomic bulk, a unique marker, soft deletes."""
    return {
        "connector": "rest",
        "url": url,
        "auth": {"type": "basic", "user": "hub", "password": password},
        "timeout": {"connect": 2, "read": 2, "total": 2},
        "contract": {"precision": 1.0, **_FACTS},
        "errors": {
            "in_200": {"field": "ok", "equals": False},
            "message": "msg",
            "code": "code",
            "codes": {"E999": "busy", "E404": "gone", "E409": "duplicate"},
        },
        "resources": {
            "partners": {
                "path": "/rest/partners",
                "key": "PartnerNo",
                "key_type": "integer",
                "rows": "rows",
                "query": {"inactive": "1"},
                "get_many": {"param": "nos", "max": 500},
                "paging": {"type": "page", "param": "page", "pages": "pages", "size_param": "per_page", "size": 50},
                "since": {"param": "changed_from", "field": "ChangedAt", "format": "unix"},
                "marker": {"field": "ForeignKey", "param": "ForeignKey", "unique": True, "existing": "PartnerNo"},
                "search": {"Mail": "Mail", "VatNo": "VatNo"},
                "tombstones": {"field": "Active", "equals": False},
                "gone_when": {"field": "Active", "equals": False},
                "write": {
                    "create": {},
                    "update": {"method": "PUT"},
                    "delete": {},
                    "record": "row",
                },
                "batch": {
                    "path": "/rest/partners/bulk",
                    "items": "rows",
                    "size": 500,
                    "atomic": True,
                    "ops": {"create": "", "update": ""},
                    "keys": {"id": "PartnerNo"},
                    "results": "rows",
                    "refused_at": "row",
                },
            }
        },
    }


def without_batches(options: Mapping[str, object], resource: str) -> dict[str, object]:
    """The same system as if it could take one record at a time only."""
    copy: dict[str, object] = msgspec.json.decode(msgspec.json.encode(options))
    copy["resources"] = {resource: copy["resources"][resource]}  # type: ignore[index]
    del copy["resources"][resource]["batch"]  # type: ignore[index]
    return copy


def at_the_door(url: str, path: str, body: object = None) -> object:
    """Ask the sandbox's side door; a body makes it a POST."""
    data = msgspec.json.encode(body) if body is not None else None
    with urllib.request.urlopen(urllib.request.Request(f"{url}/_sandbox/{path}", data=data)) as answer:  # noqa: S310
        return msgspec.json.decode(answer.read())
