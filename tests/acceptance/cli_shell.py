"""A person at the keyboard, for tests of the command line: real commands in a real project folder."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

from syncline.sandbox.process import Process, start

SOURCE = Path(__file__).resolve().parents[2] / "src"


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, object]:
        return json.loads(self.out)


@dataclass(frozen=True, slots=True, kw_only=True)
class Shell:
    """A project folder, its two applications, and a person at the keyboard."""

    folder: Path
    crm: Process
    erp: Process

    @property
    def environ(self) -> dict[str, str]:
        return os.environ | {"PYTHONPATH": str(SOURCE), "CRM_URL": self.crm.url, "ERP_URL": self.erp.url}

    def command(self, words: Sequence[str]) -> list[str]:
        return [sys.executable, "-m", "syncline", *words]

    def __call__(self, *words: str) -> Told:
        done = subprocess.run(
            self.command(words),
            cwd=self.folder,
            env=self.environ,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        assert "Traceback" not in done.stderr, done.stderr
        return Told(code=done.returncode, out=done.stdout, err=done.stderr)

    def begin(self, *words: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            self.command(words), cwd=self.folder, env=self.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            text=True,
        )  # fmt: skip

    def ask(self, system: str, method: str, path: str, body: Mapping[str, object] | None = None) -> Any:
        """What an application says to somebody who works in it."""
        wire = HTTPConnection("127.0.0.1", (self.crm if system == "crm" else self.erp).port, timeout=10)
        token = "Bearer crm-token" if system == "crm" else BASIC
        wire.request(method, path, json.dumps(body), {"Content-Type": "application/json", "Authorization": token})
        answer = wire.getresponse()
        told = json.loads(answer.read())
        wire.close()
        assert answer.status < 300, told
        return told

    def edit(self, key: str, **fields: object) -> None:
        """Somebody edits a customer in the CRM."""
        self.ask("crm", "PATCH", f"/api/customers/{key}", fields)


BASIC = "Basic aHViOmVycC10b2tlbg=="  # hub:erp-token, the sandbox's own


@cache
def linked_customer(shell: Shell) -> tuple[str, str]:
    """The keys of a customer that both applications have."""
    for eid in range(1, 20):
        keys = shell("history", f"customer:#{eid}", "--json").document["keys"]
        if isinstance(keys, dict) and len(keys) == 2:
            return keys["crm"], keys["erp"]
    raise AssertionError("no customer of the first twenty is linked")


def two_applications(data: Path, *, size: int) -> Iterator[tuple[Process, Process]]:
    """A CRM and an ERP, running until the generator ends."""
    with start("crm", data=data, size=size) as crm, start("erp", data=data, size=size) as erp:
        yield crm, erp
