"""The CRM's interface: REST with snake_case JSON, cursors, ETags, batches and webhooks."""

from __future__ import annotations

import base64
import hashlib
import hmac
import random
from collections.abc import Callable, Iterable

from aiohttp import web

from syncline.sandbox.crm import Crm
from syncline.sandbox.crm_resources import RESOURCES
from syncline.sandbox.crm_webhooks import Webhooks
from syncline.sandbox.faults import Faults
from syncline.sandbox.serve import Background, json_answer, json_object
from syncline.sandbox.state import Fields, Row, encode
from syncline.sandbox.tally import API
from syncline.sandbox.wording import Refusal, milliseconds

_PAGE = 200
_PAGE_MAX = 500
_BATCH_MAX = 500
_DAY_MS = 86_400_000


class CrmInterface:
    """How the CRM is reached over HTTP."""

    kind = "crm"

    def __init__(self, crm: Crm, token: str) -> None:
        self.business = crm
        self._token = token
        self._webhooks = Webhooks(crm)

    def background(self, faults: Faults) -> Iterable[Background]:
        """What works beside the answers: the webhooks."""
        return self._webhooks.background(faults)

    def routes(self) -> Iterable[web.RouteDef]:
        """Paths and what answers them."""
        yield from self._webhooks.routes()
        yield web.post("/api/customers/{key}/merge", self._merge)
        for name in RESOURCES:
            yield web.get(f"/api/{name}", self._list)
            yield web.post(f"/api/{name}", self._create)
            yield web.post(f"/api/{name}/batch", self._batch)
            yield web.get(f"/api/{name}/{{key}}", self._get)
            yield web.patch(f"/api/{name}/{{key}}", self._update)
            yield web.delete(f"/api/{name}/{{key}}", self._delete)

    def stranger(self, request: web.Request) -> web.Response | None:
        """Ask for the bearer token."""
        given = request.headers.get("Authorization", "").encode()
        if hmac.compare_digest(given, f"Bearer {self._token}".encode()):
            return None
        answer = self.refused(Refusal(401, "unauthorized", "Missing or wrong token"))
        answer.headers["WWW-Authenticate"] = "Bearer"
        return answer

    def refused(self, refusal: Refusal) -> web.Response:
        """Word a refusal."""
        return json_answer(_worded(refusal), refusal.status)

    def failure(self, status: int) -> web.Response:
        """Word a fault."""
        code, message = {
            401: ("unauthorized", "The token has expired"),
            429: ("rate_limited", "Too many requests"),
            200: ("busy", "The database is busy, try again"),
        }.get(status, ("internal", "Something went wrong"))
        return json_answer({"error": {"code": code, "message": message}}, status)

    # --- reading --------------------------------------------------------------

    async def _list(self, request: web.Request) -> web.Response:
        resource = _resource(request)
        query = request.query
        self.business.tally.record(resource, "lists")
        if "ids" in query:
            keys = [key for key in query["ids"].split(",") if key]
            if len(keys) > _PAGE_MAX:
                raise Refusal(400, "invalid_ids", f"At most {_PAGE_MAX} ids")
            return _page(self.business.state.get_many(resource, keys), None)
        for column in RESOURCES[resource].table.lookups:
            if column in query:
                wanted = query[column]
                value = wanted.lower() if column == "email" else wanted
                return _page(self.business.state.search(resource, column, value), None)
        return self._window(request, resource)

    def _window(self, request: web.Request, resource: str) -> web.Response:
        query = request.query
        limit = _limit(query.get("limit"))
        since = _since(query.get("updated_since"))
        after = _place(query["cursor"]) if query.get("cursor") else (since, "")
        after = max(after, (since, ""))
        rows = self.business.state.page_by_change(resource, after, limit + 1)
        more = len(rows) > limit
        rows = rows[:limit]
        cursor = _cursor(rows[-1]) if more else None
        return _page(rows, cursor)

    async def _get(self, request: web.Request) -> web.Response:
        resource = _resource(request)
        self.business.tally.record(resource, "gets")
        return _one(self.business.get(resource, request.match_info["key"]))

    # --- writing --------------------------------------------------------------

    async def _create(self, request: web.Request) -> web.Response:
        resource = _resource(request)
        given = await json_object(request)

        def create() -> web.Response:
            return _one(self.business.create(resource, given, API), 201)

        return await self._once(request, create)

    async def _update(self, request: web.Request) -> web.Response:
        given = await json_object(request)
        after = self.business.update(
            _resource(request),
            request.match_info["key"],
            given,
            API,
            _version(request.headers.get("If-Match")),
        )
        return _one(after)

    async def _delete(self, request: web.Request) -> web.Response:
        version = _version(request.headers.get("If-Match"))
        key = request.match_info["key"]
        self.business.delete(_resource(request), key, API, version)
        return web.Response(status=204)

    async def _merge(self, request: web.Request) -> web.Response:
        given = await json_object(request)
        winner = request.match_info["key"]
        return _one(self.business.merge(winner, str(given.get("loser")), API))

    async def _batch(self, request: web.Request) -> web.Response:
        resource = _resource(request)
        items = (await json_object(request)).get("items")
        if not isinstance(items, list) or not all(isinstance(it, dict) for it in items):
            raise Refusal(400, "invalid_batch", "items must be a list of objects")
        if len(items) > _BATCH_MAX:
            raise Refusal(400, "invalid_batch", f"At most {_BATCH_MAX} items")

        def run() -> web.Response:
            results = [self._item(resource, item) for item in items]
            asked = hashlib.sha256(encode(items)).digest()
            random.Random(asked).shuffle(results)
            return json_answer({"results": results})

        return await self._once(request, run)

    def _item(self, resource: str, item: Fields) -> Fields:
        """Do one item of a batch; the others do not depend on it."""
        result: Fields = {"ref": item.get("ref"), "id": item.get("id")}
        try:
            status, record = self._done(resource, item)
        except Refusal as refusal:
            return {**result, "status": refusal.status, **_worded(refusal)}
        if record is not None:
            result = {**result, "id": record["id"], "record": record}
        return {**result, "status": status}

    def _done(self, resource: str, item: Fields) -> tuple[int, Fields | None]:
        key, given = str(item.get("id")), item.get("fields") or {}
        if not isinstance(given, dict):
            raise Refusal(422, "invalid", "fields must be an object")
        version = _version(item.get("if_match"))
        match item.get("op"):
            case "create":
                return 201, self.business.create(resource, given, API)
            case "update":
                return 200, self.business.update(resource, key, given, API, version)
            case "delete":
                self.business.delete(resource, key, API, version)
                return 204, None
        raise Refusal(422, "invalid", "op must be create, update or delete")

    async def _once(self, request: web.Request, write: Callable[[], web.Response]) -> web.Response:
        """Write in one transaction, and once per Idempotency-Key of the last day."""
        state = self.business.state
        key = request.headers.get("Idempotency-Key")
        asked = hashlib.sha256(await request.read()).digest()
        token = f"{request.path} {key}"
        with state.transaction():
            if key:
                known = state.answer_of(token, state.clock.now_ms() - _DAY_MS)
                if known:
                    return _again(asked, *known)
            answer = write()
            if key and isinstance(answer.body, bytes):
                state.keep_answer(token, asked, answer.status, answer.body)
        return answer


def _again(asked: bytes, before: bytes, status: int, body: bytes) -> web.Response:
    if asked != before:
        message = "This Idempotency-Key was used for another body"
        raise Refusal(422, "idempotency_key_reused", message)
    answer = json_answer(body, status)
    answer.headers["Idempotent-Replay"] = "true"
    return answer


def _resource(request: web.Request) -> str:
    return request.path.split("/")[2]


def _worded(refusal: Refusal) -> Fields:
    if "merged_into" in refusal.more:
        return dict(refusal.more)
    message = {"code": refusal.code, "message": refusal.message}
    return {"error": {**message, **refusal.more}}


def _one(fields: Fields, status: int = 200) -> web.Response:
    answer = json_answer(fields, status)
    answer.headers["ETag"] = f'"{fields["version"]}"'
    return answer


def _page(rows: list[Row], cursor: str | None) -> web.Response:
    data = b",".join(row.body for row in rows)
    return json_answer(b'{"data":[%b],"next_cursor":%b}' % (data, encode(cursor)))


def _limit(given: str | None) -> int:
    limit = int(given) if given and given.isdecimal() else 0 if given else _PAGE
    if not 1 <= limit <= _PAGE_MAX:
        raise Refusal(400, "invalid_limit", f"limit must be 1 to {_PAGE_MAX}")
    return limit


def _since(given: str | None) -> int:
    try:
        return milliseconds(given) if given else 0
    except ValueError:
        message = "updated_since must be ISO 8601 with an offset"
        raise Refusal(400, "invalid_updated_since", message) from None


def _cursor(row: Row) -> str:
    return base64.urlsafe_b64encode(f"{row.changed}:{row.key}".encode()).decode()


def _place(cursor: str) -> tuple[int, str]:
    try:
        changed, _, key = base64.urlsafe_b64decode(cursor).decode().partition(":")
        return int(changed), key
    except ValueError:
        raise Refusal(400, "invalid_cursor", "Not a cursor of this list") from None


def _version(given: object) -> int | None:
    """Read an ETag: `"3"`, `W/"3"` and 3 are all version 3."""
    if given is None or given == "*":
        return None
    text = str(given).strip().removeprefix("W/").strip('"')
    return int(text) if text.isdecimal() else 0
