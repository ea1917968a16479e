"""The routes of the daemon. Every answer is short, plain JSON, and says nothing of what was sent."""

from __future__ import annotations

import asyncio
from typing import Annotated

import msgspec
from litestar import Litestar, Request, Response, get, post
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler
from litestar.params import Parameter

from syncline.app.intake import Intake
from syncline.app.pulse import Pulse
from syncline.ports.figures import Figures
from syncline.server.receiver import Receiver

READING = 10.0  #: how long a body may take to arrive [s]
_JSON = "application/json"
_PLAIN = "text/plain; version=0.0.4; charset=utf-8"
_TOO_LARGE = 413
_REASONS = {404: "There is nothing here.", 405: "This is not how to ask here.", 413: "This is too large."}

Asked = Request[None, None, object]  # type: ignore[type-var]  # of users, tokens and state, there is none
Named = Annotated[str, Parameter(max_length=63)]


def application(receiver: Receiver, pulse: Pulse, metrics: Figures, intake: Intake, *, body_limit: int) -> Litestar:
    """The application; `body_limit` in bytes."""
    return Litestar(
        [*_webhooks(receiver), *_health(pulse), _figures(metrics, intake)], openapi_config=None,
        request_max_body_size=body_limit, exception_handlers={HTTPException: _refused, Exception: _failed},
        debug=False, pdb_on_exception=False, logging_config=None,
    )  # fmt: skip


def _webhooks(receiver: Receiver) -> list[HTTPRouteHandler]:
    @post("/webhooks/{system:str}")
    async def webhook(request: Asked, system: Named) -> Response[bytes]:
        return await _received(receiver, request, system, "")

    @post("/webhooks/{system:str}/{resource:str}")
    async def webhook_of(request: Asked, system: Named, resource: Named) -> Response[bytes]:
        return await _received(receiver, request, system, resource)

    return [webhook, webhook_of]


def _health(pulse: Pulse) -> list[HTTPRouteHandler]:
    @get("/health/live")
    async def live() -> Response[bytes]:
        return _answer(200, {"live": True})

    @get("/health/ready")
    async def ready() -> Response[bytes]:
        problems = pulse.problems()
        body: dict[str, object] = {"ready": not problems, "problems": problems, **pulse.figures()}
        return _answer(503 if problems else 200, body)

    return [live, ready]


def _figures(metrics: Figures, intake: Intake) -> HTTPRouteHandler:
    @get("/metrics")
    async def figures() -> Response[bytes]:
        return Response(metrics.text(intake.held()), media_type=_PLAIN)

    return figures


async def _received(receiver: Receiver, request: Asked, system: str, resource: str) -> Response[bytes]:
    if not _is_json(request.headers.get("content-type", "")):
        receiver.count(system, "wrong_type")
        return _answer(415, {"problem": "A webhook is JSON here, and says so."})
    try:
        body = await asyncio.wait_for(request.body(), READING)
    except TimeoutError:
        receiver.count(system, "slow")
        return _answer(408, {"problem": "The body did not arrive in time."})
    except asyncio.CancelledError:  # nobody waits for the rest of it while the server ends
        receiver.count(system, "cut")
        return _answer(503, {"problem": "The hub is being stopped. Send it again."})
    except HTTPException as error:
        if error.status_code == _TOO_LARGE:
            receiver.count(system, "too_large")
        raise
    headers = {name.lower(): value for name, value in request.headers.items()}
    answer = await receiver.receive(system, resource, headers, body)
    if answer.status >= 400:  # noqa: PLR2004  as HTTP has it
        return _answer(answer.status, {"problem": answer.sentence})
    return _answer(answer.status, {"told": answer.sentence, "records": answer.records})


def _is_json(given: str) -> bool:
    kind = given.partition(";")[0].strip().lower()
    return kind == _JSON or (kind.startswith("application/") and kind.endswith("+json"))


def _answer(status: int, body: object) -> Response[bytes]:
    return Response(msgspec.json.encode(body), status_code=status, media_type=_JSON)


def _refused(_request: Asked, error: HTTPException) -> Response[bytes]:
    return _answer(error.status_code, {"problem": _REASONS.get(error.status_code, "This cannot be answered.")})


def _failed(_request: Asked, _error: Exception) -> Response[bytes]:
    return _answer(500, {"problem": "This is a fault of the hub. Send it again."})
