"""The MES's interface: REST by HTTP Basic, pages by offset, a header that says which version is changed, and events."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Iterable
from decimal import Decimal

from aiohttp import web

from syncline.sandbox.faults import Faults
from syncline.sandbox.mes import Mes
from syncline.sandbox.mes_events import Events
from syncline.sandbox.mes_words import RESOURCES, amount
from syncline.sandbox.serve import Background, json_answer, json_object
from syncline.sandbox.state import Key, Row, encode
from syncline.sandbox.tally import API
from syncline.sandbox.wording import Refusal, milliseconds

USER = "hub"
PREFIX = "/mes/v2"
_VERSION = "X-Row-Version"
_PAGE = 50
_PAGE_MAX = 200
_KEYS_MAX = 200
_DIGITS_MAX = 9
_NEVER = frozenset({"centre"})  # columns that only the application searches by


class MesInterface:
    """How the MES is reached over HTTP."""

    kind = "mes"

    def __init__(self, mes: Mes, token: str, events: Events) -> None:
        self.business = mes
        self._events = events
        self._expected = base64.b64encode(f"{USER}:{token}".encode())

    def routes(self) -> Iterable[web.RouteDef]:
        """Paths and what answers them."""
        yield web.get(f"{PREFIX}/eventTarget", self._target)
        yield web.put(f"{PREFIX}/eventTarget", self._set_target)
        yield web.delete(f"{PREFIX}/eventTarget", self._no_target)
        yield web.post(f"{PREFIX}/workOrders/{{key}}/advance", self._advance)
        for name in RESOURCES:
            yield web.get(f"{PREFIX}/{name}", self._list)
            yield web.post(f"{PREFIX}/{name}", self._create)
            yield web.get(f"{PREFIX}/{name}/{{key}}", self._get)
            yield web.patch(f"{PREFIX}/{name}/{{key}}", self._update)
            yield web.delete(f"{PREFIX}/{name}/{{key}}", self._delete)

    def background(self, faults: Faults) -> Iterable[Background]:
        """What works beside the answers: the events."""
        return self._events.background(faults)

    def stranger(self, request: web.Request) -> web.Response | None:
        """Ask for user and password."""
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() == "basic" and hmac.compare_digest(given.strip().encode(), self._expected):
            return None
        answer = self.refused(Refusal(401, "LOGIN", "User and password expected"))
        answer.headers["WWW-Authenticate"] = 'Basic realm="MES"'
        return answer

    def refused(self, refusal: Refusal) -> web.Response:
        """Word a refusal."""
        return json_answer({"fault": {"code": refusal.code, "text": refusal.message, **refusal.more}}, refusal.status)

    def failure(self, status: int) -> web.Response:
        """Word a fault."""
        code, message = {
            401: ("LOGIN", "The session has ended"),
            429: ("SLOW_DOWN", "Too many requests"),
            200: ("BUSY", "The plant server is busy"),
        }.get(status, ("SERVER", "The plant server has failed"))
        return self.refused(Refusal(status, code, message))

    # --- reading --------------------------------------------------------------

    async def _list(self, request: web.Request) -> web.Response:
        resource, query, state = _resource(request), request.query, self.business.state
        self.business.tally.record(resource, "lists")
        if "keys" in query:
            keys = [key for key in query["keys"].split(",") if key]
            if len(keys) > _KEYS_MAX:
                raise Refusal(400, "KEYS", f"keys: at most {_KEYS_MAX}")
            return _page(state.get_many(resource, keys), 0, None)
        for column in RESOURCES[resource].table.lookups:
            if column in query and column not in _NEVER:
                return _page(state.search(resource, column, query[column]), 0, None)
        since, skip = _since(query.get("changedSince")), _whole(request, "offset", 0)
        limit = min(_whole(request, "limit", _PAGE), _PAGE_MAX)
        total = state.count(resource, since=since, everything=True)
        if resource == "materials" and "kind" in query:
            kinds = query["kind"].split(",")
            whole = state.page_by_number(resource, since=since, everything=True, skip=0, limit=total)
            found = [row for row in whole if row.fields()["kind"] in kinds]
            return _page(found[skip : skip + limit], skip, len(found))
        rows = state.page_by_number(resource, since=since, everything=True, skip=skip, limit=limit)
        return _page(rows, skip, total)

    async def _get(self, request: web.Request) -> web.Response:
        resource = _resource(request)
        self.business.tally.record(resource, "gets")
        return json_answer(self.business.get(resource, _key(request)))

    # --- writing --------------------------------------------------------------

    async def _create(self, request: web.Request) -> web.Response:
        made = self.business.create(_resource(request), await json_object(request), API)
        return json_answer(made, 201)

    async def _update(self, request: web.Request) -> web.Response:
        given = await json_object(request)
        return json_answer(self.business.update(_resource(request), _key(request), given, API, _version(request)))

    async def _delete(self, request: web.Request) -> web.Response:
        self.business.delete(_resource(request), _key(request), API, _version(request))
        return web.Response(status=204)

    async def _advance(self, request: web.Request) -> web.Response:
        """What a terminal on the shop floor sends: on to the next status, or what was made."""
        given = await json_object(request) if request.can_read_body else {}
        good, scrap = (given.get(name) for name in ("good", "scrap"))
        for name, value in (("good", good), ("scrap", scrap)):
            if value is not None:
                amount(3)(name, value)
        made = None if good is None else str(Decimal(str(good)))
        return json_answer(self.business.advance(_key(request), API, good=made, scrap=str(scrap or "0")))

    # --- events ---------------------------------------------------------------

    async def _target(self, _: web.Request) -> web.Response:
        return json_answer(self._events.shown())

    async def _set_target(self, request: web.Request) -> web.Response:
        self._events.aim(await json_object(request))
        return json_answer(self._events.shown())

    async def _no_target(self, _: web.Request) -> web.Response:
        self._events.aim({"url": ""})
        return web.Response(status=204)


def _resource(request: web.Request) -> str:
    return request.path.split("/")[3]


def _key(request: web.Request) -> Key:
    return request.match_info["key"]


def _version(request: web.Request) -> int | None:
    given = request.headers.get(_VERSION)
    if given is None:
        return None
    if not given.isdecimal() or len(given) > _DIGITS_MAX:
        raise Refusal(400, "VERSION", f"{_VERSION}: whole number expected")
    return int(given)


def _whole(request: web.Request, name: str, default: int) -> int:
    given = request.query.get(name)
    if given is None:
        return default
    if not given.isdecimal() or len(given) > _DIGITS_MAX or (name == "limit" and int(given) < 1):
        raise Refusal(400, "PARAMETER", f"{name}: whole number expected")
    return int(given)


def _since(given: str | None) -> int:
    try:
        return milliseconds(given) if given else 0
    except ValueError:
        raise Refusal(400, "PARAMETER", "changedSince: ISO 8601 with an offset expected") from None


def _page(rows: list[Row], offset: int, total: int | None) -> web.Response:
    items = b",".join(row.body for row in rows)
    count = len(rows) if total is None else total
    return json_answer(b'{"total":%b,"offset":%b,"items":[%b]}' % (encode(count), encode(offset), items))
