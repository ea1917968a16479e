"""Where the demo plays: a folder, two running applications, and the command line as a person types it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from applications import Crm, Erp, Fields, side_door

from syncline.sandbox.process import start

ROOT = Path(__file__).resolve().parents[2]
_WIDTH = 100
_LONGEST_S = 120.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Two applications, a project between them, and somebody at the keyboard."""

    folder: Path
    crm: Crm
    erp: Erp
    partners: dict[str, int] = field(default_factory=dict)  #: the ERP's number of a customer of the story, by CRM key

    def partner(self, customer: Fields) -> Fields:
        """What the ERP shows of a customer of the story."""
        return self.erp.get("partners", self.partners[customer["id"]])

    @property
    def project(self) -> Path:
        """The project folder; every command is typed there."""
        return self.folder / "shop"

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

    def urls(self) -> tuple[str, str]:
        """The addresses of the two applications."""
        return self.crm.url, self.erp.url

    def strike(self, faults: Fields) -> None:
        """Let both applications fail as described; {} ends that."""
        for place, url in enumerate(self.urls()):
            side_door(url, "faults", {**faults, "seed": place + 1} if faults else {})

    def counted(self, name: str) -> int:
        """A count of the applications' own, since they started."""
        return sum(int(side_door(url, "stats")[name]) for url in self.urls())

    def struck(self) -> dict[str, int]:
        """Faults so far, by kind."""
        found: dict[str, int] = {}
        for url in self.urls():
            for kind, count in side_door(url, "stats")["faults"].items():
                found[kind] = found.get(kind, 0) + count
        return found

    def _run(self, words: tuple[str, ...], where: Path | None) -> subprocess.CompletedProcess[str]:
        return subprocess.run(  # noqa: S603  our own command line
            [sys.executable, "-m", "syncline", *words], cwd=where or self.project, env=self._environment(),
            capture_output=True, text=True, timeout=_LONGEST_S, check=False,
        )  # fmt: skip

    def _environment(self) -> dict[str, str]:
        paths = [os.environ.get("PYTHONPATH", ""), str(ROOT / "src")]
        return {
            **os.environ, "PYTHONPATH": os.pathsep.join(filter(None, paths)), "CRM_URL": self.crm.url,
            "ERP_URL": self.erp.url, "NO_COLOR": "1", "COLUMNS": str(_WIDTH),
        }  # fmt: skip


@contextmanager
def stage(*, size: int, seed: int, keep: bool) -> Iterator[Stage]:
    """Start everything in a folder of its own, and clear it away afterwards."""
    folder = Path(tempfile.mkdtemp(prefix="syncline-demo-"))
    with ExitStack() as open_things:
        if not keep:
            open_things.callback(shutil.rmtree, folder, ignore_errors=True)
        crm, erp = (
            open_things.enter_context(start(kind, data=folder / "data", size=size, seed=seed))
            for kind in ("crm", "erp")
        )
        yield Stage(folder=folder, crm=Crm(url=crm.url), erp=Erp(url=erp.url))
    if keep:
        print(f"\nKept: {folder}")


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
