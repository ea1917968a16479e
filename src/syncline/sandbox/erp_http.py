"""The ERP's interface: numbered pages, CamelCase, and errors with HTTP 200; documents over SOAP beside it."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable

from aiohttp import web

from syncline.sandbox.erp import Erp
from syncline.sandbox.erp_soap import PATH, SoapInterface, failure
from syncline.sandbox.erp_words import RESOURCES
from syncline.sandbox.serve import json_answer, json_object
from syncline.sandbox.state import Key, Row, encode
from syncline.sandbox.tally import API
from syncline.sandbox.wording import Refusal

USER = "hub"
_PAGE_MAX = 100
_KEYS_MAX = 500
_BULK_MAX = 500
_REST = tuple(name for name in RESOURCES if name != "invoices")  # these are shown over SOAP alone
_UNAUTHORISED = (
    "<html><head><title>401 Unauthorized</title></head>"
    "<body><h1>Unauthorized</h1><p>Log on with your user and password.</p></body></html>"
)


class ErpInterface:
    """How the ERP is reached over HTTP."""

    kind = "erp"

    def __init__(self, erp: Erp, token: str) -> None:
        self.business = erp
        self._expected = base64.b64encode(f"{USER}:{token}".encode())
        self._soap = SoapInterface(erp)

    def routes(self) -> Iterable[web.RouteDef]:
        """Paths and what answers them."""
        yield from self._soap.routes()
        yield web.post("/rest/salesdocs/{key}/advance", self._advance)
        for name in _REST:
            yield web.get(f"/rest/{name}", self._list)
            yield web.post(f"/rest/{name}", self._create)
            yield web.post(f"/rest/{name}/bulk", self._bulk)
            yield web.get(f"/rest/{name}/{{key}}", self._get)
            yield web.put(f"/rest/{name}/{{key}}", self._update)
            yield web.delete(f"/rest/{name}/{{key}}", self._delete)

    def stranger(self, request: web.Request) -> web.Response | None:
        """Ask for user and password; answer in HTML."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        known = hmac.compare_digest(given.strip().encode(), self._expected)
        if scheme.lower() == "basic" and known:
            return None
        return _unauthorised()

    def refused(self, refusal: Refusal) -> web.Response:
        """Word a refusal; a refused bulk is HTTP 200 whatever the row's fault."""
        body = {"ok": False, "code": refusal.code, "msg": refusal.message}
        status = 200 if "row" in refusal.more else refusal.status
        return json_answer({**body, **refusal.more}, status)

    def failure(self, status: int) -> web.Response:
        """Word a fault."""
        if status == 401:  # noqa: PLR2004 - a page, as for every stranger
            return _unauthorised()
        code = {429: "E429", 200: "E999"}.get(status, "E500")
        message = {429: "Too many requests", 200: "Database busy, try again"}.get(status, "Internal error")
        return json_answer({"ok": False, "code": code, "msg": message}, status)

    def failure_at(self, path: str, status: int) -> web.Response:
        """Word a fault in the words of what was asked."""
        is_soap = path == PATH and status != 401  # noqa: PLR2004 - a page, as for every stranger
        return failure(status) if is_soap else self.failure(status)

    # --- reading --------------------------------------------------------------

    async def _list(self, request: web.Request) -> web.Response:
        resource, query = _resource(request), request.query
        self.business.tally.record(resource, "lists")
        state, everything = self.business.state, query.get("inactive") == "1"
        if "nos" in query:
            keys = [_key(resource, no) for no in query["nos"].split(",") if no]
            if len(keys) > _KEYS_MAX:
                raise Refusal(400, "E131", f"nos: at most {_KEYS_MAX}")
            return _page(state.get_many(resource, keys), 1, 1)
        for column in RESOURCES[resource].table.lookups:
            if column in query:
                wanted: Key = query[column]
                if column == "PartnerNo":
                    wanted = _key("partners", query[column])
                rows = state.search(resource, column, wanted)
                return _page([r for r in rows if everything or r.listed], 1, 1)
        return self._numbered(request, resource, everything=everything)

    def _numbered(self, request: web.Request, resource: str, *, everything: bool) -> web.Response:
        page = _positive(request, "page", 1)
        size = min(_positive(request, "per_page", _PAGE_MAX), _PAGE_MAX)
        since = _positive(request, "changed_from", 0) * 1000
        state = self.business.state
        found = state.count(resource, since=since, everything=everything)
        rows = state.page_by_number(
            resource,
            since=since,
            everything=everything,
            skip=(page - 1) * size,
            limit=size,
        )
        return _page(rows, page, -(-found // size))

    async def _get(self, request: web.Request) -> web.Response:
        resource = _resource(request)
        self.business.tally.record(resource, "gets")
        return json_answer(self.business.get(resource, _path_key(request)))

    # --- writing --------------------------------------------------------------

    async def _create(self, request: web.Request) -> web.Response:
        given = await json_object(request)
        return _written(self.business.create(_resource(request), given, API))

    async def _update(self, request: web.Request) -> web.Response:
        given = await json_object(request)
        key = _path_key(request)
        return _written(self.business.update(_resource(request), key, given, API))

    async def _delete(self, request: web.Request) -> web.Response:
        key = _path_key(request)
        return _written(self.business.delete(_resource(request), key, API))

    async def _advance(self, request: web.Request) -> web.Response:
        return _written(self.business.advance(_path_key(request), API))

    async def _bulk(self, request: web.Request) -> web.Response:
        rows = (await json_object(request)).get("rows")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Refusal(200, "E107", "rows: list of objects expected")
        if len(rows) > _BULK_MAX:
            raise Refusal(200, "E132", f"rows: at most {_BULK_MAX}")
        written = self.business.write_all(_resource(request), rows, API)
        return json_answer({"ok": True, "rows": written})


def _unauthorised() -> web.Response:
    return web.Response(
        text=_UNAUTHORISED,
        status=401,
        content_type="text/html",
        headers={"WWW-Authenticate": 'Basic realm="ERP"'},
    )


def _resource(request: web.Request) -> str:
    return request.path.split("/")[2]


def _key(resource: str, given: str) -> Key:
    if resource == "items":
        return given
    if not given.isdecimal() or len(given) > 15:  # noqa: PLR2004 - within 64 bits
        raise Refusal(404, "E404", f"{RESOURCES[resource].number} {given} not found")
    return int(given)


def _path_key(request: web.Request) -> Key:
    return _key(_resource(request), request.match_info["key"])


def _positive(request: web.Request, name: str, default: int) -> int:
    given = request.query.get(name)
    if given is None:
        return default
    least = min(default, 1)
    if not given.isdecimal() or len(given) > 12 or int(given) < least:  # noqa: PLR2004
        raise Refusal(400, "E130", f"{name}: whole number from {least} expected")
    return int(given)


def _written(fields: object) -> web.Response:
    return json_answer({"ok": True, "row": fields})


def _page(rows: list[Row], page: int, pages: int) -> web.Response:
    data = b",".join(row.body for row in rows)
    head = b'{"page":%b,"pages":%b,"rows":[' % (encode(page), encode(pages))
    return json_answer(head + data + b"]}")
