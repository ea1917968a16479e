"""A project of one database and one topic of Kafka, with commands as a person runs them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from syncline.env import RealEnv
from tests.contract.kafka_cluster import KafkaCluster
from tests.contract.sql_databases import Business, in_sqlite

SOURCE = Path(__file__).resolve().parents[2] / "src"

PROJECT = """
project: acme
store: sqlite:///.syncline/acme.db
systems:
  crm:
    connector: sql
    url: "{crm}"
    contract: {{lag: 0.2, skew: 0.1, precision: 0.001, settle: 0, effect: 0.5}}
    resources:
      customers:
        table: customers
        since: {{column: updated_at}}
        marker: {{column: hub_marker, unique: true}}
        search: [email]
        writes: {{create: true, update: true, delete: hard, archive: {{active: false}}}}
  bus:
    connector: brokers
    url: "{bus}"
    group: "{topic}"
    timeout: 5
    resources:
      people:
        {{topic: "{topic}", key: data.id, body: data, marker: hub, search: [email], deleted: {{type: gone}},
          write: {{type: io.acme.person}}, contract: {{effect: 1}}}}
flows:
  customers:
    entity: customer
    own: {{"*": latest}}
    match: [[email]]
    deletes: {{crm: propagate, bus: propagate}}
    systems:
      crm: {{resource: customers, map: {{name: name, email: email, x_credit: "credit | decimal"}}}}
      bus: {{resource: people, map: {{name: name, email: email, x_credit: "credit | decimal"}}}}
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Events:
    """The project, and what stands in its two systems."""

    folder: Path
    crm: Business
    kafka: KafkaCluster
    topic: str

    def __call__(self, *words: str, code: int = 0, failpoint: str = "") -> str:
        """Run a command and hold it to its exit code and to no traceback."""
        environ = os.environ | {"PYTHONPATH": str(SOURCE), "SYNCLINE_FAILPOINT": failpoint}
        done = subprocess.run(
            [sys.executable, "-m", "syncline", *words], cwd=self.folder, env=environ, capture_output=True, text=True,
            timeout=120, check=False,
        )  # fmt: skip
        told = done.stdout + done.stderr
        assert done.returncode == (-signal.SIGKILL if failpoint else code), told
        assert "Traceback" not in told
        return told

    @contextmanager
    def running(self, *words: str) -> Iterator[subprocess.Popen[bytes]]:
        """A command at work for the length of a block."""
        environ = os.environ | {"PYTHONPATH": str(SOURCE)}
        command = [sys.executable, "-m", "syncline", *words]
        with (
            (self.folder / "run.log").open("wb") as log,
            subprocess.Popen(command, cwd=self.folder, env=environ, stdout=log, stderr=log) as process,
        ):
            try:
                yield process
            finally:
                process.kill()

    def say(self, key: str, kind: str = "changed", **fields: object) -> None:
        """Another application tells of a person."""
        data = {"id": key, **fields}
        event = {"specversion": "1.0", "id": key, "source": "/shop", "type": kind, "data": data}
        self.kafka.say(self.topic, (key, msgspec.json.encode(event)))

    def in_crm(self) -> dict[str, tuple[str, str]]:
        found = self.crm.run("SELECT email, name, credit FROM customers ORDER BY email")
        return {email: (name, f"{float(credit):g}") for email, name, credit in found}

    def on_bus(self) -> dict[str, tuple[str, str]]:
        """What somebody who reads the topic from its beginning holds, by e-mail."""
        newest: dict[str, Any] = {}
        for key, body in self.kafka.heard(self.topic):
            if body is not None and not body.endswith(b"}"):
                continue  # poison
            event = msgspec.json.decode(body or b'{"type": "gone"}')
            newest.pop(key, None)
            if event["type"] != "gone":
                newest[key] = event["data"]
        assert len({one["email"] for one in newest.values()}) == len(newest)
        return {one["email"]: (one["name"], f"{float(one['credit']):g}") for one in newest.values()}


@contextmanager
def events(folder: Path, kafka: KafkaCluster, more: str = "") -> Iterator[Events]:
    """A project in a folder, with a topic of its own; `more` is added to its settings."""
    with in_sqlite(folder) as crm:
        topic = f"people-{RealEnv().new_id()[:8]}"
        (folder / "syncline.yaml").write_text(PROJECT.format(crm=crm.url, bus=kafka.url, topic=topic) + more)
        yield Events(folder=folder, crm=crm, kafka=kafka, topic=topic)
