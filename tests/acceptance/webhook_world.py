"""A daemon that waits for webhooks of the sandbox's CRM, and somebody who sends them, rightly or wrongly signed."""

from __future__ import annotations

import json
import os
import re
import select
import subprocess
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import Any

from syncline.security import Secret
from syncline.security.webhooks import PRESETS, signature
from tests.acceptance.cli_shell import Shell

SECRET, NEXT = "whsec_c2VjcmV0IG9mIHRoZSBzYW5kYm94", "whsec_dGhlIG5leHQgc2VjcmV0IG9mIGl0"
SIGNING = PRESETS["standard"]
LONGEST = 60.0  #: for anything that must happen [s]
_OFTEN = 0.005  #: between two looks [s]
_HOOKS = f"""
    webhooks:
      like: standard
      secrets: [{NEXT}, {SECRET}]
      key: "items[].id"
      type: type
      resources: {{customers: ["customer.*"], orders: ["order.*"]}}
"""


def with_webhooks(shell: Shell, *, when: str = "[{webhook: crm}, {every: 1h}]", more: str = "") -> Shell:
    """The project, its flows woken by webhooks of the CRM."""
    file = shell.folder / "syncline.yaml"
    known = "    resources: !include systems/crm.yaml\n"
    text = file.read_text().replace(known, known.rstrip() + _HOOKS, 1)
    file.write_text(text + "\nserver: {port: 0}\n" + more)
    for flow in (shell.folder / "flows").glob("*.yaml"):
        flow.write_text(re.sub(r"^when:.*$", f"when: {when}", flow.read_text(), flags=re.MULTILINE))
    return shell


@dataclass(slots=True, kw_only=True)
class Caller:
    """Whoever calls the daemon."""

    port: int
    number: int = 0

    def send(
        self, body: bytes, *, headers: Mapping[str, str] | None = None, path: str = "/webhooks/crm",
        secret: str = SECRET, stamp: float | None = None, told: str = "",
    ) -> tuple[int, dict[str, Any]]:  # fmt: skip
        """A webhook as the CRM signs it; status and answer."""
        self.number += 1
        when, name = str(int(time.time() if stamp is None else stamp)), told or f"msg_{time.time_ns()}_{self.number}"
        signed = signature(SIGNING, Secret(secret), body, stamp=when, told=name)
        usual = {
            "content-type": "application/json", "webhook-id": name, "webhook-timestamp": when,
            "webhook-signature": f"v1,{signed}",
        }  # fmt: skip
        return self.ask("POST", path, body, {**usual, **(headers or {})})

    def tell(self, *keys: str, resource: str = "customer") -> None:
        """These have changed; durable once it is answered."""
        status, answer = self.send(event(keys, resource))
        assert status == 202, answer

    def ask(
        self, method: str, path: str, body: bytes = b"", headers: Mapping[str, str] | None = None
    ) -> tuple[int, dict[str, Any]]:
        wire = HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            wire.request(method, path, body, dict(headers or {}))
            answer = wire.getresponse()
            text = answer.read()
        finally:
            wire.close()
        kind = answer.headers.get_content_type()
        return answer.status, json.loads(text) if kind == "application/json" else {"text": text.decode()}

    def metric(self, line: str) -> float:
        """A figure as it stands; 0 before it was ever counted."""
        _, answer = self.ask("GET", "/metrics")
        found = [one.rpartition(" ")[2] for one in answer["text"].splitlines() if one.startswith(f"{line} ")]
        return float(found[0]) if found else 0.0


def event(keys: Sequence[str], resource: str = "customer") -> bytes:
    """What the CRM says of some records."""
    return json.dumps({"type": f"{resource}.updated", "items": [{"id": key} for key in keys]}).encode()


@contextmanager
def daemon(shell: Shell, **environment: str) -> Iterator[tuple[subprocess.Popen[str], Caller]]:
    """`syncline run` that listens; killed at the end if it still lives."""
    with (shell.folder / "errors.log").open("a") as errors:
        process = subprocess.Popen(
            shell.command(["run"]), cwd=shell.folder, env=shell.environ | environment, stdout=subprocess.PIPE,
            stderr=errors, text=True,
        )  # fmt: skip
    try:
        yield process, Caller(port=_port(process, shell.folder / "errors.log"))
    finally:
        process.kill()
        process.communicate()


def _port(process: subprocess.Popen[str], errors: Path) -> int:
    """Read as it comes: what a buffer holds, no `select` tells of."""
    assert process.stdout
    deadline, said = time.monotonic() + LONGEST, b""
    while (left := deadline - time.monotonic()) > 0:
        ready, _, _ = select.select([process.stdout], [], [], left)
        piece = os.read(process.stdout.fileno(), 65_536) if ready else b""
        assert piece, f"it ended: {errors.read_text()}"
        said += piece
        if found := re.search(rb"listening at http://127\.0\.0\.1:(\d+)\D", said):
            return int(found[1])
    raise AssertionError("it never listened")


def until(happened: Callable[[], bool], *, longest: float = LONGEST) -> float:
    """Wait until it happened; how long that took [s]."""
    began = time.monotonic()
    ready = select.poll()  # of nothing: it waits, and may be interrupted
    while not happened():
        assert time.monotonic() - began < longest, "it never happened"
        ready.poll(_OFTEN * 1000)
    return time.monotonic() - began


def is_ready(caller: Caller) -> bool:
    """Has every flow had its first pass?"""
    try:
        status, answer = caller.ask("GET", "/health/ready")
    except (OSError, HTTPException):
        return False
    return status == 200 and len(answer["last_pass"]) > 0
