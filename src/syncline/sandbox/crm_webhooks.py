"""The CRM's webhooks: who subscribes by its API is told of each change, signed as Standard Webhooks says.

A secret is shown once, when it is made. After a rotation the old one signs beside the new one for a day.
"""

from __future__ import annotations

import base64
import secrets
from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec
from aiohttp import web

from syncline.sandbox.crm import Crm
from syncline.sandbox.crm_resources import RESOURCES
from syncline.sandbox.faults import Faults
from syncline.sandbox.serve import Background, json_answer, json_object
from syncline.sandbox.state import Change, Fields, encode
from syncline.sandbox.webhooks import Message, Postman, standard_headers
from syncline.sandbox.wording import Refusal, invalid, iso

PATH = "/api/webhooks"
_MOST = 20
_URL_MAX = 2_000
_DAY_MS = 86_400_000
_SECRET_BYTES = 24


class Subscription(msgspec.Struct, kw_only=True):
    """Who is told of what."""

    id: str
    url: str
    resources: list[str]  #: none: all
    secret: str
    created_at: str
    former: str = ""  #: the secret before the last rotation
    former_until: int = 0  #: milliseconds since the epoch

    def shown(self) -> Fields:
        """As the API shows it, without secrets."""
        return {"id": self.id, "url": self.url, "resources": self.resources, "created_at": self.created_at}


class Webhooks:
    """The subscriptions of one CRM."""

    def __init__(self, crm: Crm) -> None:
        self._crm = crm
        self._postman = Postman(crm.tally)
        kept = crm.state.meta("webhooks")
        self._all = msgspec.json.decode(kept, type=list[Subscription]) if kept else []
        crm.state.told = self._tell

    def routes(self) -> Iterable[web.RouteDef]:
        """Paths and what answers them."""
        yield web.get(PATH, self._list)
        yield web.post(PATH, self._subscribe)
        yield web.post(f"{PATH}/{{key}}/rotate", self._rotate)
        yield web.delete(f"{PATH}/{{key}}", self._unsubscribe)

    def background(self, faults: Faults) -> Iterable[Background]:
        """What brings the messages, for as long as the application is served."""
        self._postman.settings = lambda: faults.settings
        return (self._postman.at_work,)

    # --- the API ----------------------------------------------------------------

    async def _list(self, _: web.Request) -> web.Response:
        return json_answer({"data": [one.shown() for one in self._all]})

    async def _subscribe(self, request: web.Request) -> web.Response:
        given = await json_object(request)
        if len(self._all) >= _MOST:
            raise Refusal(422, "too_many", f"At most {_MOST} webhooks")
        state = self._crm.state
        made = Subscription(
            id=f"wh_{state.next_number('webhook')}",
            url=_url(given.get("url")),
            resources=_resources(given.get("resources")),
            secret=_new_secret(),
            created_at=iso(state.clock.now_ms()),
        )
        self._keep([*self._all, made])
        return json_answer({**made.shown(), "secret": made.secret}, 201)

    async def _rotate(self, request: web.Request) -> web.Response:
        found = self._asked(request)
        found.former, found.former_until = found.secret, self._crm.state.clock.now_ms() + _DAY_MS
        found.secret = _new_secret()
        self._keep(self._all)
        return json_answer({**found.shown(), "secret": found.secret})

    async def _unsubscribe(self, request: web.Request) -> web.Response:
        found = self._asked(request)
        self._keep([one for one in self._all if one is not found])
        return web.Response(status=204)

    def _asked(self, request: web.Request) -> Subscription:
        key = request.match_info["key"]
        for one in self._all:
            if one.id == key:
                return one
        raise Refusal(404, "not_found", f"No webhook {key}")

    def _keep(self, subscriptions: list[Subscription]) -> None:
        self._all = subscriptions
        self._crm.state.set_meta("webhooks", encode(subscriptions).decode())

    # --- telling ----------------------------------------------------------------

    def _tell(self, change: Change) -> None:
        interested = [one for one in self._all if not one.resources or change.resource in one.resources]
        if not interested:
            return
        now = self._crm.state.clock.now_ms()
        number = self._crm.state.next_number("message")
        body = encode({
            "type": f"{change.resource}.{change.what}",
            "timestamp": iso(now),
            "data": {"resource": change.resource, "id": change.key},
        })  # fmt: skip
        for one in interested:
            signing = [one.secret, *([one.former] if one.former_until > now else [])]
            self._postman.post(
                Message(url=one.url, body=body, headers=standard_headers(f"msg_{one.id}_{number}", body, signing))
            )


def _new_secret() -> str:
    return f"whsec_{base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()}"


def _url(given: object) -> str:
    text = given if isinstance(given, str) and len(given) <= _URL_MAX else ""
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname or parts.username:
        raise invalid("url", "url must be an http or https address without a user")
    return text


def _resources(given: object) -> list[str]:
    names = [] if given is None else given
    if not isinstance(names, list) or not all(isinstance(name, str) and name in RESOURCES for name in names):
        raise invalid("resources", f"resources must be some of {', '.join(RESOURCES)}")
    return names
