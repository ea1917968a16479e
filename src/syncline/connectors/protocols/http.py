"""The HTTP wire: plain calls for connector authors, connection reuse and concurrency on a loop in the background.

Every protocol on HTTP goes through here, so that time-outs, limits, the egress allow-list and the meaning of errors are
the same everywhere. aiohttp is imported at the first request.
"""

from __future__ import annotations

import asyncio
import concurrent.futures
import threading
from collections.abc import Coroutine, Sequence
from typing import Protocol, TypeVar

from syncline.connectors.protocols.auth import Credentials
from syncline.connectors.protocols.egress import check_host, origin_of
from syncline.connectors.protocols.request import Request, Response, WireSettings
from syncline.connectors.protocols.verdict import HALTS, judge
from syncline.env import Env
from syncline.errors import SetupError, SynclineError
from syncline.security.redaction import redact

_T = TypeVar("_T")
_CLOSING = 5.0  #: longest time that letting go of connections takes [s]


class _Client(Protocol):
    async def exchange(self, request: Request) -> Response: ...

    async def close(self) -> None: ...


class Wire:
    """The way to one system. Thread-safe. Raises the three fates only, and never shows a secret."""

    def __init__(
        self, *, system: str, url: str, credentials: Credentials, env: Env, settings: WireSettings | None = None
    ) -> None:
        self.system = system
        try:
            self.origin = origin_of(url)
        except ValueError as error:
            msg = f"systems.{system}.url is no usable address: {error}."
            raise SetupError(msg, cure="Write it like https://crm.example.com.") from None
        check_host(self.origin, system)
        self._url = url
        self._credentials = credentials
        self._settings = settings or WireSettings()
        self._env = env
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None
        self._client: _Client | None = None

    def __repr__(self) -> str:
        """System and origin."""
        return f"Wire({self.system} at {self.origin})"

    def send(self, request: Request) -> Response:
        """One exchange. Returns an answer whose meaning is the protocol's: 2xx and most of 4xx.

        Raises:
            TransientError: Nothing was sent, or a read failed.
            BusyError: Not acted on: the system asks for a pause, or `send_by` had passed.
            DoubtError: A write may have left and has no trustworthy answer.
            SetupError: Credentials, certificate, address.
            RejectedError: The request itself cannot be sent.
        """
        return self._run(self._judged(request))

    def send_all(self, requests: Sequence[Request], concurrency: int = 8) -> list[Response | SynclineError]:
        """Exchange many, at most `concurrency` at a time; answers and errors in the order of the requests.

        Once the system asks us to slow down or does not know us, what has not left stays here.
        """
        return self._run(self._all(requests, concurrency))

    def hide(self, text: str) -> str:
        """The text without our secrets, should the system repeat one."""
        return redact(self._credentials.hide(text), self._settings.headers.values())

    def close(self) -> None:
        """Let connections and the thread go; a later request starts anew."""
        with self._starting:
            loop, thread, client = self._loop, self._thread, self._client
            self._loop = self._thread = self._client = None
        if loop is None or thread is None:
            return
        if client is not None:
            asyncio.run_coroutine_threadsafe(client.close(), loop).result(_CLOSING)
        loop.call_soon_threadsafe(loop.stop)
        thread.join(_CLOSING)
        if not thread.is_alive():
            loop.close()

    async def _judged(self, request: Request) -> Response:
        answer = await self._ready().exchange(request)
        error = self._judge(request, answer)
        if error is not None:
            raise error
        return answer

    def _judge(self, request: Request, answer: Response) -> SynclineError | None:
        setting = self._credentials.setting
        return judge(request, answer, system=self.system, setting=setting, now=self._env.now())

    async def _all(self, requests: Sequence[Request], concurrency: int) -> list[Response | SynclineError]:
        answers: list[Response | SynclineError | None] = [None] * len(requests)
        places = iter(range(len(requests)))
        halt: SynclineError | None = None

        async def work() -> None:
            nonlocal halt
            for place in places:
                if halt is not None:
                    answers[place] = halt
                    continue
                try:
                    answer = await self._ready().exchange(requests[place])
                except SynclineError as error:
                    answers[place] = error
                    continue
                problem = self._judge(requests[place], answer)
                answers[place] = problem or answer
                if answer.status in HALTS:
                    halt = problem

        await asyncio.gather(*(work() for _ in range(min(concurrency, len(requests)))))
        return [answer for answer in answers if answer is not None]

    def _ready(self) -> _Client:
        """The session; called on the loop, so that no two are made."""
        if self._client is None:
            # aiohttp takes a fifth of a second to import: paid at the first request, not at start.
            from syncline.connectors.protocols.http_client import Client  # noqa: PLC0415

            self._client = Client(
                system=self.system, url=self._url, credentials=self._credentials, settings=self._settings, env=self._env
            )
        return self._client

    def _run(self, work: Coroutine[object, object, _T]) -> _T:
        future = asyncio.run_coroutine_threadsafe(work, self._started())
        try:
            return future.result()
        except (KeyboardInterrupt, concurrent.futures.CancelledError):
            future.cancel()
            raise

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=self._loop.run_forever, name=f"syncline-wire-{self.system}", daemon=True
                )
                self._thread.start()
            return self._loop
