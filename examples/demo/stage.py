"""Where the demo plays: a folder, six running applications, and the command line as a person types it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from applications import Crm, Erp, Fields, side_door
from further_applications import Documents, Mes, ProductManagement, Scm, Warehouse
from recount import Systems

from syncline.sandbox.process import Kind, start

ROOT = Path(__file__).resolve().parents[2]
KINDS: tuple[Kind, ...] = ("crm", "erp", "scm", "warehouse", "mes", "products")
_WIDTH = 100
_LONGEST_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Six applications, a project among them, and somebody at the keyboard."""

    folder: Path
    urls: dict[str, str]  #: where each application listens
    systems: Systems
    partners: dict[str, int] = field(default_factory=dict)  #: the ERP's number of a customer of the story, by CRM key

    @property
    def crm(self) -> Crm:
        """The CRM, as its people use it."""
        return self.systems.crm

    @property
    def erp(self) -> Erp:
        """The ERP, as its people use it."""
        return self.systems.erp

    def partner(self, customer: Fields) -> Fields:
        """What the ERP shows of a customer of the story."""
        return self.erp.get("partners", self.partners[customer["id"]])

    @property
    def project(self) -> Path:
        """The project folder; every command is typed there."""
        return self.folder / "together"

    def sync(self, *words: str) -> None:
        """Make one pass; of its ledger what was sent, and how things stand after it."""
        print(f"\n$ syncline {' '.join(('sync', *words))}")
        done = self._run(("sync", *words), None)
        lines = (done.stdout + done.stderr).rstrip().splitlines()
        after = next((place for place, line in enumerate(lines) if line.startswith("in agreement")), 0)
        print("\n".join([*_sent(lines[:after]), *lines[after:]]))

    def type(self, *words: str, most: int = 30, where: Path | None = None) -> str:
        """Run one command, show it and what it says; the whole of what it said."""
        print(f"\n$ syncline {' '.join(words)}")
        done = self._run(words, where)
        said = (done.stdout + done.stderr).rstrip()
        lines = said.splitlines()
        if len(lines) > most:
            lines = [*lines[: most - 4], f"  ... {len(lines) - most + 1} more lines", *lines[-3:]]
        print("\n".join(lines))
        return said

    def read(self, *words: str) -> Fields:
        """What a command says with --json, unseen."""
        done = self._run((*words, "--json"), None)
        if not done.stdout:
            raise SystemExit(f"syncline {' '.join(words)} ended with {done.returncode}: {done.stderr}")
        answer: Fields = json.loads(done.stdout)
        return answer

    def do(self, kind: str, resource: str, action: str, **more: object) -> list[Fields]:
        """Let the people of an application do something once; what they did."""
        asked = {"edits": 1, "resource": resource, "actions": [action], **more}
        done: list[Fields] = side_door(self.urls[kind], "people", asked)["done"]
        return done

    def strike(self, faults: Fields, files: Fields) -> None:
        """Let the applications fail as described, the warehouse with its files; {} ends that."""
        for place, (kind, url) in enumerate(self.urls.items()):
            chosen = files if kind == "warehouse" else faults
            side_door(url, "faults", {**chosen, "seed": place + 1} if chosen else {})

    def written(self) -> int:
        """How often records were written so far: by the applications' own count, in the warehouse by row versions."""
        counted = sum(int(side_door(url, "stats")["writes"]) for kind, url in self.urls.items() if kind != "warehouse")
        return counted + self.systems.warehouse.versions()

    def struck(self) -> dict[str, int]:
        """Faults so far, by kind."""
        found: dict[str, int] = {}
        for url in self.urls.values():
            for kind, count in side_door(url, "stats")["faults"].items():
                found[kind] = found.get(kind, 0) + count
        return found

    def _run(self, words: tuple[str, ...], where: Path | None) -> subprocess.CompletedProcess[str]:
        try:
            return subprocess.run(  # noqa: S603  our own command line
                [sys.executable, "-m", "syncline", *words], cwd=where or self.project, env=self._environment(),
                capture_output=True, text=True, timeout=_LONGEST_S, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired as error:
            raise SystemExit(f"syncline {' '.join(words)} had not ended after {_LONGEST_S:.0f} s.") from error

    def _environment(self) -> dict[str, str]:
        paths = [os.environ.get("PYTHONPATH", ""), str(ROOT / "src")]
        return {
            **os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "NO_COLOR": "1", "COLUMNS": str(_WIDTH),
            **{f"{kind.upper()}_URL": url for kind, url in self.urls.items()},
            "WAREHOUSE_URL": f"sqlite:///{self.systems.warehouse.database}",
            "DROP_FOLDER": str(self.systems.warehouse.drop),
        }  # fmt: skip


@contextmanager
def stage(*, size: int, seed: int, keep: bool) -> Iterator[Stage]:
    """Start everything in a folder of its own, and clear it away afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="syncline-demo-"))
    data = folder / "data"
    with ExitStack() as open_things:
        if not keep:
            open_things.callback(shutil.rmtree, folder, ignore_errors=True)
        with ThreadPoolExecutor(len(KINDS)) as pool:
            starts = [pool.submit(start, kind, data=data, size=size, seed=seed) for kind in KINDS]
        for one in starts:
            if one.exception() is None:
                open_things.enter_context(one.result())
        try:
            urls = {one.result().kind: one.result().url for one in starts}
        except RuntimeError as error:
            raise SystemExit(str(error)) from error
        yield Stage(folder=folder, urls=urls, systems=_systems(urls, data))
    if keep:
        print(f"\nKept: {folder}")


def _systems(urls: dict[str, str], data: Path) -> Systems:
    return Systems(
        crm=Crm(url=urls["crm"]), erp=Erp(url=urls["erp"]), documents=Documents(url=urls["erp"]),
        scm=Scm(url=urls["scm"]), warehouse=Warehouse(database=data / "warehouse.sqlite", drop=data / "drop"),
        mes=Mes(url=urls["mes"]), products=ProductManagement(url=urls["products"]),
    )  # fmt: skip


def _sent(lines: list[str]) -> list[str]:
    """The rows of a ledger that tell of writes, each with its flow and its system, and what is said beside them."""
    told: list[str] = []
    flow = system = ""
    for line in lines:
        words = line.split()
        if words and line[:1].strip() and "read" in words:
            flow, system = words[0], words[1]
        elif ("read" in words and "=" in words) or words[1:2] == ["read"]:
            system = words[0]
        elif words[:1] == ["sent"]:
            told.append(f"  {flow} to {system}: {' '.join(words)}")
        elif line[:1].strip():
            told.append(line)
    return told


def act(number: int, title: str) -> None:
    """A new act."""
    heading = f"{number}  {title}"
    print(f"\n\n{heading}\n{'-' * len(heading)}")


def say(text: str) -> None:
    """One sentence of the story."""
    print("\n" + textwrap.fill(" ".join(text.split()), _WIDTH))


def note(text: str) -> None:
    """One thing that happened, in a list of several."""
    print(textwrap.fill(" ".join(text.split()), _WIDTH, initial_indent="  - ", subsequent_indent="    "))


def expect(true: object, otherwise: str) -> None:
    """Stop where the story does not come true."""
    if not true:
        raise SystemExit(f"The demo failed: {otherwise}.")
