"""The HTTP wire: plain calls for connector authors, with connections that are used again and many requests at once.

Every protocol on HTTP goes through here, so that time-outs, limits, the egress allow-list and the meaning of errors are
the same everywhere. One request runs in the thread that asks; many share a few threads for as long as they take.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

from syncline.connectors.protocols.auth import Credentials
from syncline.connectors.protocols.egress import check_host, origin_of
from syncline.connectors.protocols.http_client import Client
from syncline.connectors.protocols.request import Request, Response, WireSettings
from syncline.connectors.protocols.verdict import HALTS, judge
from syncline.env import Env
from syncline.errors import SetupError, SynclineError, TransientError
from syncline.security.redaction import redact


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
        self._client: Client | None = None

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
        answer, error = self._judged(request)
        if error is not None:
            raise error
        return answer

    def send_all(self, requests: Sequence[Request], concurrency: int = 8) -> list[Response | SynclineError]:
        """Exchange many, at most `concurrency` at a time; answers and errors in the order of the requests.

        Once the system asks us to slow down or does not know us, what has not left stays here.
        """
        places = iter(range(len(requests)))  # shared: each place is taken by one thread
        answers: dict[int, Response | SynclineError] = {}
        halt: SynclineError | None = None

        def work() -> None:
            nonlocal halt
            for place in places:
                if halt is not None:
                    answers[place] = halt
                    continue
                try:
                    answer, problem = self._judged(requests[place])
                except SynclineError as error:
                    answers[place] = error
                    continue
                answers[place] = problem or answer
                if answer.status in HALTS:
                    halt = problem

        def stop() -> None:
            nonlocal halt
            halt = TransientError(f"Requests to {self.system} were stopped.")

        self._in_threads(min(concurrency, len(requests)), work, stop)
        return [answers[place] for place in range(len(requests))]

    def hide(self, text: str) -> str:
        """The text without our secrets, should the system repeat one."""
        return redact(self._credentials.hide(text), self._settings.headers.values())

    def close(self) -> None:
        """Let connections go; a later request starts anew."""
        with self._starting:
            client, self._client = self._client, None
        if client is not None:
            client.close()

    def _in_threads(self, threads: int, work: Callable[[], None], stop: Callable[[], None]) -> None:
        """Plain ones, of which this is the first: pools load logging and more, at every start."""
        broken: list[BaseException] = []

        def help_out() -> None:
            try:
                work()
            except BaseException as error:  # noqa: BLE001  raised where the threads are waited for
                broken.append(error)
                stop()

        name = f"syncline-wire-{self.system}"
        helpers = [threading.Thread(target=help_out, name=name) for _ in range(threads - 1)]
        try:
            for one in helpers:
                one.start()
            work()
        except BaseException:  # a person ends us: nothing more leaves, and nothing is waited for
            stop()
            self.close()
            raise
        finally:
            for one in helpers:
                if one.is_alive():
                    one.join()
        if broken:
            raise broken[0]

    def _judged(self, request: Request) -> tuple[Response, SynclineError | None]:
        answer = self._ready().exchange(request)
        setting = self._credentials.setting
        return answer, judge(request, answer, system=self.system, setting=setting, now=self._env.now())

    def _ready(self) -> Client:
        """The session; one for all threads."""
        with self._starting:
            if self._client is None:
                self._client = Client(
                    system=self.system, url=self._url, credentials=self._credentials, settings=self._settings,
                    env=self._env,
                )  # fmt: skip
            return self._client
