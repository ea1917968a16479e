"""Messages about changes: signed, sent to the URLs that asked for them, after the commit.

They get lost, come twice, late and out of order when the faults say so, and once in a while without: a receiver that
does not answer is tried again, and what comes behind does not wait. Nothing is kept on the disk: a killed application
forgets what it had not sent.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import random
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from dataclasses import dataclass

import aiohttp
from aiohttp import web

from syncline.sandbox.faults import Settings
from syncline.sandbox.tally import Tally

_PATIENCE_S = 5  # for one answer
_TRIES = 10
_FIRST_PAUSE_S = 0.25  # doubled after each try
_LONGEST_PAUSE_S = 30.0
_WAITING_MAX = 100_000  # messages per receiver
_OVERTAKEN_S = 0.5  # how long an overtaken message waits for the one that overtakes it
_FATES = ("webhook_drop", "webhook_duplicate", "webhook_reorder", "webhook_late")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """One message to one receiver."""

    url: str
    body: bytes
    headers: Callable[[int], Mapping[str, str]]  #: for a try at so many seconds since 1970


def standard_headers(message_id: str, body: bytes, secrets: list[str]) -> Callable[[int], Mapping[str, str]]:
    """Sign as Standard Webhooks does: over id, time and body; with each secret that is valid now.

    Source:
        https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md
    """
    keys = [base64.b64decode(secret.removeprefix("whsec_")) for secret in secrets]

    def at(now: int) -> Mapping[str, str]:
        signed = b"%b.%d.%b" % (message_id.encode(), now, body)
        signatures = [base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode() for key in keys]
        return {
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": str(now),
            "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
        }

    return at


def stamped_headers(name: str, body: bytes, secret: str) -> Callable[[int], Mapping[str, str]]:
    """Sign time and body in one header: `t=1700000000,v1=` and hexadecimal digits."""

    def at(now: int) -> Mapping[str, str]:
        digest = hmac.digest(secret.encode(), b"%d.%b" % (now, body), hashlib.sha256)
        return {"Content-Type": "application/json", name: f"t={now},v1={digest.hex()}"}

    return at


class Postman:
    """Brings messages to their receivers, each receiver in its own time."""

    def __init__(self, tally: Tally) -> None:
        self.settings: Callable[[], Settings] = Settings
        self._tally = tally
        self._queues: dict[str, asyncio.Queue[Message]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None
        self._passed = 0

    async def at_work(self, _: web.Application) -> AsyncIterator[None]:
        """Work for as long as the application is served."""
        timeout = aiohttp.ClientTimeout(total=_PATIENCE_S)
        async with aiohttp.ClientSession(timeout=timeout) as self._session:
            yield
            for task in self._tasks:
                task.cancel()
            await asyncio.gather(*self._tasks, return_exceptions=True)
        self._session = None

    def post(self, message: Message) -> None:
        """Take a message; it is sent soon. Without a served application it is lost."""
        if self._session is None:
            return
        if message.url not in self._queues:
            self._queues[message.url] = asyncio.Queue(_WAITING_MAX)
            self._start(self._round(self._queues[message.url]))
        try:
            self._queues[message.url].put_nowait(message)
        except asyncio.QueueFull:
            self._count("lost")

    async def _round(self, queue: asyncio.Queue[Message]) -> None:
        """Send one message after the other."""
        while True:
            message = await queue.get()
            fate = self._fate()
            if fate == "webhook_drop":
                continue
            if fate == "webhook_late":
                self._start(self._send(message, after=self.settings().webhook_late_s))
                continue
            if fate == "webhook_reorder":
                await self._overtaken(queue)
            await self._first(message)
            if fate == "webhook_duplicate":
                await self._first(message)

    async def _overtaken(self, queue: asyncio.Queue[Message]) -> None:
        """Let the next message go first, if one comes soon."""
        try:
            await self._first(await asyncio.wait_for(queue.get(), _OVERTAKEN_S))
        except TimeoutError:
            return

    def _fate(self) -> str | None:
        settings = self.settings()
        self._passed += 1
        draw = random.Random(f"{settings.seed}:message:{self._passed}")
        for fate in _FATES:
            if draw.random() < getattr(settings, fate):
                self._tally.faults[fate] += 1
                return fate
        return None

    async def _first(self, message: Message) -> None:
        """Try once; further tries do not keep the next message waiting."""
        if not await self._try(message):
            self._start(self._send(message, after=_FIRST_PAUSE_S, tries=_TRIES - 1))

    async def _send(self, message: Message, *, after: float, tries: int = _TRIES) -> None:
        pause = after
        for _ in range(tries):
            await asyncio.sleep(pause)
            if await self._try(message):
                return
            pause = min(_LONGEST_PAUSE_S, max(_FIRST_PAUSE_S, pause * 2))
        self._count("lost")

    async def _try(self, message: Message) -> bool:
        if self._session is None:
            return False
        headers = message.headers(int(time.time()))
        self._count("tries")
        try:
            sent = self._session.post(message.url, data=message.body, headers=headers, allow_redirects=False)
            async with sent as answer:
                taken = 200 <= answer.status < 300  # noqa: PLR2004 - success
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return False
        if taken:
            self._count("taken")
        return taken

    def _count(self, what: str) -> None:
        self._tally.messages[what] += 1

    def _start(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
