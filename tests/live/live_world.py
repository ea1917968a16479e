"""A CRM, a Tryton and a project that keeps them in agreement: started, adapted, and run as a person would run them."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from syncline.config import write_blueprint
from syncline.sandbox.process import start
from tests.live import tryton_server
from tests.live.tryton_people import People

ROOT = Path(__file__).resolve().parents[2]
LONGEST = 300.0  #: one command [s]
TOKEN = "crm-token"
#: What the blueprint leaves to its reader: how these two systems behave. Both are on this machine.
ADAPTED = {
    "    limits: {per_second: 10, burst: 20}\n": "    limits: {per_second: 500, burst: 500}\n"
    "    contract: {precision: 0.001, lag: 1, settle: 0, effect: 2, skew: 1, read_back: body}\n",
    "    company: 1\n": "    company: 1\n    overlap: 1\n    effect: 5\n",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused(Exception):  # noqa: N818  what the CRM did, not what went wrong here
    """The CRM did not take what it was given, in its own words."""

    status: int
    said: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Crm:
    """The CRM, over its own API, and its side door."""

    url: str

    def every(self, resource: str) -> list[dict]:
        """Every record, archived ones too."""
        found, cursor = [], ""
        while cursor is not None:
            page = self.ask("GET", f"/api/{resource}?limit=500" + (f"&cursor={cursor}" if cursor else ""))
            found += page["data"]
            cursor = page["next_cursor"]
        return found

    def ask(self, method: str, path: str, body: object = None) -> dict:
        """One request; it is made again when it failed, but nobody enters a record twice."""
        for attempt in range(8):
            try:
                return self._once(method, path, body)
            except Refused as error:
                harmless = error.status in {401, 429} or (error.status >= 500 and method != "POST")
                if not harmless:
                    raise
            except (OSError, ValueError, http.client.HTTPException):
                if method == "POST":
                    raise
            time.sleep(0.05 * attempt)
        raise Refused(status=0, said=f"{method} {path} was tried eight times")

    def side_door(self, path: str, body: object = None) -> dict:
        """Faults, people, counts."""
        return self._once("GET" if body is None else "POST", f"/_sandbox/{path}", body)

    def _once(self, method: str, path: str, body: object) -> dict:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Content-Type": "application/json", "Authorization": f"Bearer {TOKEN}"}
        request = urllib.request.Request(self.url + path, data, headers, method=method)  # noqa: S310  loopback
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:  # noqa: S310  loopback
                text = answer.read()
        except urllib.error.HTTPError as error:
            with error:
                raise Refused(status=error.code, said=error.read().decode(errors="replace")) from None
        return json.loads(text) if text else {}


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Both applications at work, and the project folder."""

    folder: Path
    crm: Crm
    tryton: tryton_server.Running
    people: People  #: in Tryton

    @property
    def project(self) -> Path:
        """The project folder."""
        return self.folder / "project"

    def start(self, *words: str, **environment: str) -> subprocess.Popen[str]:
        """Start one command and leave it running."""
        command = [sys.executable, "-m", "syncline", "--project", str(self.project), *words]
        return subprocess.Popen(
            command, env=self._environment(environment), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    def syncline(self, *words: str) -> subprocess.CompletedProcess[str]:
        """Run one command to its end."""
        process = self.start(*words)
        try:
            out, err = process.communicate(timeout=LONGEST)
        except subprocess.TimeoutExpired:
            process.kill()
            out, err = process.communicate()
            what = f"syncline {' '.join(words)} did not end within {LONGEST:.0f} s: {err}"
            raise RuntimeError(what) from None
        return subprocess.CompletedProcess(process.args, process.returncode, out, err)

    def told(self, *words: str) -> dict:
        """What a command says with --json."""
        done = self.syncline(*words, "--json")
        if not done.stdout:
            what = f"syncline {' '.join(words)} ended with {done.returncode}: {done.stderr}"
            raise RuntimeError(what)
        return json.loads(done.stdout)

    def waiting(self) -> dict:
        """What the hub itself says that it waits for."""
        return {**self.told("match", "--review"), **self.told("conflicts"), **self.told("parked")}

    def adapt(self, changes: Mapping[str, str]) -> None:
        """Change the project's settings as a person would."""
        file = self.project / "syncline.yaml"
        text = file.read_text()
        for before, after in changes.items():
            if before not in text:
                what = f"{file} has no line {before!r}"
                raise RuntimeError(what)
            text = text.replace(before, after)
        file.write_text(text)

    def _environment(self, more: Mapping[str, str]) -> dict[str, str]:
        paths = [str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
        return {
            **os.environ, "PYTHONPATH": os.pathsep.join(paths), "NO_COLOR": "1",
            "CRM_URL": self.crm.url, "SYNCLINE_SECRET_CRM_TOKEN": TOKEN,
            "ERP_URL": self.tryton.url, "ERP_DATABASE": tryton_server.DATABASE, "ERP_USER": tryton_server.USER,
            "SYNCLINE_SECRET_ERP_PASSWORD": tryton_server.PASSWORD, **more,
        }  # fmt: skip


@contextmanager
def world(*, keep: bool = False) -> Iterator[World]:
    """Start both applications and write the project; a CRM that knows nobody yet."""
    folder = Path(tempfile.mkdtemp(prefix="syncline-live-"))
    write_blueprint("crm-erp", folder / "project")
    running = tryton_server.start()
    crm = start("crm", data=folder / "data", size=1, options=["--products", "0", "--orders", "0"])
    try:
        made = World(folder=folder, crm=Crm(url=crm.url), tryton=running, people=People(running))
        made.adapt(ADAPTED)
        yield made
    finally:
        crm.stop()
        if keep:
            shutil.copy(running.folder / f"{tryton_server.DATABASE}.sqlite", folder / "tryton.sqlite")
        tryton_server.stop(running)
        if not keep:
            shutil.rmtree(folder)


def was_killed(process: subprocess.Popen[str]) -> bool:
    """Did it end by SIGKILL?"""
    return process.returncode == -signal.SIGKILL
