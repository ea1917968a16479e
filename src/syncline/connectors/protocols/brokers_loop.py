"""A thread with an event loop, so that the clients of brokers, which know nothing else, are asked with plain calls."""

from __future__ import annotations

import asyncio
import logging
import ssl
import threading
from collections.abc import Awaitable, Callable, Coroutine
from concurrent.futures import CancelledError
from concurrent.futures import TimeoutError as LateError
from typing import TypeVar

from syncline.errors import DoubtError, SetupError, TransientError

_T = TypeVar("_T")
_SILENT = logging.CRITICAL + 1
_LIBRARIES = ("aio_pika", "aiormq", "aiokafka", "faststream")


class Loop:
    """One event loop in a thread of its own. Thread-safe; it starts with the first call."""

    def __init__(self, system: str) -> None:
        self._system = system
        self._starting = threading.Lock()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._thread: threading.Thread | None = None

    def run(self, work: Coroutine[object, object, _T], within: float) -> _T:
        """What the coroutine returns or raises; TransientError where it takes longer than `within` seconds."""
        done = asyncio.run_coroutine_threadsafe(work, self._started())
        try:
            return done.result(within)
        except LateError as error:
            done.cancel()
            msg = f"{self._system} did not answer within {within:g} s."
            raise TransientError(msg, cure="Is the broker at work?") from error
        except CancelledError as error:
            msg = f"What {self._system} was asked was given up: the connection was closed."
            raise TransientError(msg) from error

    def send(self, work: Coroutine[object, object, _T], within: float) -> _T:
        """As `run`, for work that sends: what went wrong on the way is a DoubtError, for nobody knows what left."""
        try:
            return self.run(work, within)
        except TransientError as error:
            raise DoubtError(error.what, cure=error.cure) from error

    def close(self, ending: Callable[[], Awaitable[None]], within: float) -> None:
        """Let `ending` run, for `within` seconds at most, and the thread with it."""
        with self._starting:
            loop, thread = self._loop, self._thread
            self._loop = self._thread = None
        if loop is None or thread is None:
            return

        async def end() -> None:
            try:
                await asyncio.wait_for(ending(), within)
            except Exception:  # noqa: BLE001  whatever a library thinks of it: we are leaving
                logging.getLogger(__name__).debug("a connection was not let go in order")
            finally:
                for task in asyncio.all_tasks(loop) - {asyncio.current_task(loop)}:
                    task.cancel()
                loop.call_soon(loop.stop)

        asyncio.run_coroutine_threadsafe(end(), loop)
        thread.join(within + 1.0)

    def _started(self) -> asyncio.AbstractEventLoop:
        with self._starting:
            if self._loop is None:
                _hush()
                self._loop = asyncio.new_event_loop()
                self._thread = threading.Thread(
                    target=_keep, args=(self._loop,), name=f"syncline-broker-{self._system}", daemon=True
                )
                self._thread.start()
            return self._loop


def _keep(loop: asyncio.AbstractEventLoop) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
        loop.run_until_complete(loop.shutdown_asyncgens())
    finally:
        loop.close()


def _hush() -> None:
    """Libraries log addresses, headers and bodies: what a person must know is told by our own errors."""
    for name in _LIBRARIES:
        logger = logging.getLogger(name)
        logger.propagate = False
        logger.setLevel(_SILENT)
        if not logger.handlers:
            logger.addHandler(logging.NullHandler())


def trust(system: str, ca_file: str) -> ssl.SSLContext:
    """TLS that checks certificate and host name, by the machine's authorities or those of a file."""
    try:
        context = ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError):
        msg = f"systems.{system}.ca_file holds no certificates that can be read."
        raise SetupError(msg, cure="Name a PEM file.") from None
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    return context


async def waited(event: asyncio.Event, seconds: float) -> bool:
    """Did the event come within `seconds`?"""
    try:
        await asyncio.wait_for(event.wait(), seconds)
    except TimeoutError:
        return False
    return True
