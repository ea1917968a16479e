"""A RabbitMQ server of our own, from the machine's package; tests that need it are skipped where there is none."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import aio_pika
import pytest

from syncline.connectors.protocols.brokers_loop import Loop
from syncline.env import RealEnv

USER, PASSWORD = "guest", "guest"  #: who may come in from this machine at first
_PROGRAM = Path("/usr/lib/rabbitmq/bin/rabbitmq-server")
_LONGEST = 90.0  #: a start, a stop [s]
_ENV = RealEnv()


@dataclass(slots=True, kw_only=True)
class RabbitServer:
    """One server on this machine, and another application that publishes and reads there."""

    port: int
    command: list[str]
    log: Path
    process: subprocess.Popen[bytes] | None = None
    loop: Loop = field(default_factory=lambda: Loop("rabbit"))

    @property
    def url(self) -> str:
        return f"amqp://{USER}:{PASSWORD}@127.0.0.1:{self.port}/"

    def start(self) -> None:
        """Begin, and wait until it answers."""
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(self.command, stdout=log, stderr=log, start_new_session=True)
        begun = _ENV.monotonic()
        while not self.answers():
            if _ENV.monotonic() - begun > _LONGEST or self.process.poll() is not None:
                pytest.fail(f"RabbitMQ did not start: {self.log.read_text()[-2000:]}")
            _ENV.sleep(0.2)

    def stop(self) -> None:
        """End it, with all that it has begun."""
        process, self.process = self.process, None
        if process is not None:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(_LONGEST)

    def answers(self) -> bool:
        try:
            self.do(lambda channel: channel.get_exchange("amq.topic"))
        except (OSError, aio_pika.exceptions.AMQPError):
            return False
        return True

    # --- another application ------------------------------------------------------------------------------------------

    def do(self, deed: Callable[[Any], Any]) -> Any:
        """Do something over a channel of its own."""

        async def done() -> Any:
            async with await aio_pika.connect(self.url, timeout=10) as connection:
                return await deed(await connection.channel())

        return self.loop.run(done(), 30)

    def make(self, queue: str, exchange: str = "") -> None:
        """A queue that survives, bound to an exchange where one is named."""

        async def made(channel: Any) -> None:
            one = await channel.declare_queue(queue, durable=True)
            if exchange:
                await one.bind(await channel.declare_exchange(exchange, "topic", durable=True), queue)

        self.do(made)

    def say(self, queue: str, *bodies: bytes, ids: bool = True, **properties: Any) -> None:
        """Publish to a queue, in this order."""

        async def said(channel: Any) -> None:
            for body in bodies:
                name = _ENV.new_id() if ids else None
                message = aio_pika.Message(body, delivery_mode=2, **({"message_id": name} | properties))
                await channel.default_exchange.publish(message, queue)

        self.do(said)

    def heard(self, queue: str) -> list[tuple[Mapping[str, Any], bytes]]:
        """Take all that a queue holds: (headers and content type, body)."""

        async def taken(channel: Any) -> list[tuple[Mapping[str, Any], bytes]]:
            one = await channel.declare_queue(queue, passive=True)
            found = []
            while (message := await one.get(fail=False)) is not None:
                await message.ack()
                found.append(({**message.headers, "content-type": message.content_type}, message.body))
            return found

        return list(self.do(taken))


@contextmanager
def rabbit_server() -> Iterator[RabbitServer]:
    """Start a server; skip the test where there is none to be had."""
    if not _PROGRAM.exists() or os.geteuid() != 0:
        pytest.skip("no RabbitMQ server: install Debian's package rabbitmq-server, and be root")
    with TemporaryDirectory(prefix="rabbitmq-") as name:
        folder = Path(name)
        port, mapper, inner = (_free_port() for _ in range(3))
        (folder / "conf").write_text(f"listeners.tcp.1 = 127.0.0.1:{port}\nloopback_users.guest = true\n")
        (folder / "plugins").write_text("[].\n")
        shutil.chown(folder, "rabbitmq", "rabbitmq")
        folder.chmod(0o755)
        as_rabbit = ["runuser", "-u", "rabbitmq", "--"]
        settings = [
            f"HOME={folder}", f"RABBITMQ_NODENAME=syncline{port}@localhost", f"RABBITMQ_CONFIG_FILE={folder}/conf",
            f"RABBITMQ_ENABLED_PLUGINS_FILE={folder}/plugins", f"RABBITMQ_MNESIA_BASE={folder}/mnesia",
            f"RABBITMQ_LOG_BASE={folder}/log", f"RABBITMQ_DIST_PORT={inner}", "ERL_EPMD_ADDRESS=127.0.0.1",
            f"ERL_EPMD_PORT={mapper}",
            "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=-kernel inet_dist_use_interface {127,0,0,1}",
        ]  # fmt: skip
        # A port mapper of our own, so that none is left behind.
        names = subprocess.Popen([*as_rabbit, "epmd", "-address", "127.0.0.1", "-port", str(mapper)])
        server = RabbitServer(port=port, command=[*as_rabbit, "env", *settings, str(_PROGRAM)], log=folder / "out")
        try:
            server.start()
            yield server
        finally:
            server.stop()
            names.terminate()
            names.wait(_LONGEST)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
