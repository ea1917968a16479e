"""The sandbox's applications as processes of this command, and talk with them through their side door."""

from __future__ import annotations

import json
import shutil
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from syncline.cli.ending import refuse
from syncline.cli.lazy import Asked
from syncline.cli.show import DIM, HEAD, Screen, document, value
from syncline.cli.stopping import Stop, stoppable
from syncline.errors import SetupError, SynclineError
from syncline.sandbox.process import Kind, Process, start

#: Every application, and where it listens unless told otherwise.
PORTS: Mapping[Kind, int] = {
    "crm": 8101, "erp": 8102, "scm": 8103, "warehouse": 8104, "mes": 8105, "products": 8106,
}  # fmt: skip
ALWAYS: Sequence[Kind] = ("crm", "erp")  #: the others are started when asked for
_OPTIONS: Mapping[Kind, Sequence[str]] = {"warehouse": ("--every", "5")}  #: its program works by itself
_PORT_MAX = 65_535
_PATIENCE = 30  #: for one answer of the side door [s]


def further(named: Sequence[str]) -> dict[Kind, int]:
    """Application -> port, of those that are not always started, from NAME or NAME=PORT."""
    usual = {kind: port for kind, port in PORTS.items() if kind not in ALWAYS}
    ports: dict[Kind, int] = {}
    for one in named:
        name, equals, port = one.partition("=")
        kind = next((kind for kind in usual if kind == name), None)
        if kind is None:
            refuse(f"`{name}` is none of {', '.join(usual)}.")
        if equals and not (port.isdecimal() and len(port) <= len("65535") and int(port) <= _PORT_MAX):
            refuse(f"`{port}` is no port.")
        ports[kind] = int(port) if equals else usual[kind]
    return ports


@dataclass(frozen=True, slots=True, kw_only=True)
class Playground:
    """A folder with the data of the applications, and where they were started last."""

    folder: Path
    asked: Asked

    def up(self, *, size: int, seed: int, ports: Mapping[Kind, int], fresh: bool) -> None:
        """Start one on each port, say where they are, wait for a signal, stop them."""
        if fresh:
            shutil.rmtree(self.folder, ignore_errors=True)
        with stoppable() as stop, ExitStack() as running:
            urls: dict[str, str] = {}
            for kind, port in ports.items():
                urls[kind] = running.enter_context(self._started(kind, size, seed, port)).url
            self._addresses.write_text(json.dumps(urls))
            self._show_up(urls)
            self._wait(stop)
        self._addresses.unlink(missing_ok=True)

    def get(self, system: str | None, page: str) -> dict[str, object]:
        """What one application, or each, says on a page of its side door."""
        return {kind: _answer(f"{url}/_sandbox/{page}", None) for kind, url in self._urls(system).items()}

    def post(self, system: str | None, page: str, body: Mapping[str, object]) -> dict[str, object]:
        """Ask something of one application, or of each."""
        return {kind: _answer(f"{url}/_sandbox/{page}", body) for kind, url in self._urls(system).items()}

    @property
    def _addresses(self) -> Path:
        return self.folder / "addresses.json"

    def _started(self, kind: Kind, size: int, seed: int, port: int) -> Process:
        try:
            return start(kind, data=self.folder, seed=seed, size=size, port=port, options=_OPTIONS.get(kind, ()))
        except RuntimeError as error:
            why = str(error).splitlines()[-1].removeprefix("The sandbox did not start: ")
            lacking, _, install = why.partition(" Install it: ")
            if install:
                raise SetupError(lacking, cure=f"Install it: {install}") from error
            taken = "address already in use" in str(error)
            what = f"Port {port} is taken." if taken else f"The {kind} did not start: {why}"
            another = f"--{kind}-port" if kind in ALWAYS else f"--with {kind}=PORT"
            cure = f"Stop what listens there, or choose another port with {another}."
            raise SetupError(what, cure=cure) from error

    def _urls(self, system: str | None) -> dict[str, str]:
        if system not in (None, *PORTS):
            msg = f"The sandbox has no system `{system}`."
            raise SetupError(msg, cure=f"It has {', '.join(PORTS)}.")
        try:
            known: dict[str, str] = json.loads(self._addresses.read_text())
        except (OSError, ValueError) as error:
            msg = f"No sandbox runs for {self.asked.folder()}."
            raise SetupError(msg, cure="Start it there with `syncline sandbox up`.") from error
        if system not in (None, *known):
            msg = f"The sandbox's {system} does not run for {self.asked.folder()}."
            raise SetupError(msg, cure=f"Start it there with `syncline sandbox up --with {system}`.")
        return {kind: url for kind, url in known.items() if system in (None, kind)}

    def _show_up(self, urls: Mapping[str, str]) -> None:
        if self.asked.json:
            sys.stdout.write(f"{json.dumps(urls)}\n")
            sys.stdout.flush()
            return
        screen = Screen(self.asked)
        screen.table([((kind, HEAD), self._place(kind, url)) for kind, url in urls.items()], indent=0)
        usual = {kind: f":{port}" for kind, port in PORTS.items() if kind in urls}
        moved = [f"{kind.upper()}_URL={urls[kind]}" for kind, port in usual.items() if not urls[kind].endswith(port)]
        screen.line("In another terminal, in the same folder:")
        if moved:
            screen.line("  ", (f"export {' '.join(moved)}", HEAD))
        steps = []
        if not (self.asked.folder() / "syncline.yaml").is_file():
            steps.append(("syncline init --blueprint sandbox", "makes the project for them"))
        steps += [
            ("syncline sync --approve", "the first pass creates much, so it needs approval"),
            ("syncline sandbox people", "lets people edit a few records"),
            ("syncline plan", "shows what that means, field by field"),
        ]
        screen.table([((command, HEAD), (told, DIM)) for command, told in steps], gap=3)
        screen.line((f"Ctrl-C stops {'both' if len(urls) == len(ALWAYS) else 'all'}; their records stay.", DIM))
        sys.stdout.flush()

    def _place(self, kind: str, url: str) -> str:
        """Where an application is reached: the warehouse by its database and its folder."""
        files = (self.folder / name for name in ("warehouse.sqlite", "drop"))
        return " and ".join(str(file) for file in files) if kind == "warehouse" else url

    def _wait(self, stop: Stop) -> None:
        try:
            while True:
                stop.sleep(3600)
        except KeyboardInterrupt:
            return


def _answer(url: str, body: Mapping[str, object] | None) -> object:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(url, data=data)  # noqa: S310  the sandbox's own address on this machine
    try:
        with urllib.request.urlopen(request, timeout=_PATIENCE) as answer:  # noqa: S310  see above
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        told = json.loads(error.read() or b"{}").get("error", error.reason)
        msg = f"The sandbox refused this: {told}."
        raise SynclineError(msg) from error
    except (urllib.error.URLError, TimeoutError) as error:
        msg = f"The sandbox does not answer at {url.partition('/_sandbox')[0]}."
        raise SetupError(msg, cure="Start it with `syncline sandbox up`.") from error


def show_edits(asked: Asked, done: Mapping[str, object]) -> None:
    """What people did, one line each."""
    if asked.json:
        document(done)
        return
    screen = Screen(asked)
    rows = [(system, *_edit(one)) for system, body in done.items() for one in _rows(body)]
    screen.table(rows, indent=0)
    screen.line("Next: ", ("syncline plan", HEAD), " shows what that means.")


def _rows(body: object) -> Sequence[Mapping[str, object]]:
    found = body.get("done", []) if isinstance(body, Mapping) else []
    return found if isinstance(found, list) else []


def _edit(one: Mapping[str, object]) -> tuple[str, str, str]:
    old, new = one.get("old"), one.get("new")
    told = ""
    if isinstance(old, Mapping) and isinstance(new, Mapping) and old and new:
        told = ", ".join(f"{name} {value(old.get(name), 24)} -> {value(new.get(name), 24)}" for name in new)
    return f"{one.get('action')}", f"{one.get('resource')} {one.get('id')}", told


def show_faults(asked: Asked, shown: Mapping[str, object]) -> None:
    """The faults that are on."""
    if asked.json:
        document(shown)
        return
    screen = Screen(asked)
    for system, body in shown.items():
        settings = body if isinstance(body, Mapping) else {}
        on = [f"{name} {number:g}" for name, number in settings.items() if _is_on(name, number)]
        screen.line((system, HEAD), f"  {', '.join(on) or 'no faults'}", hang=5)


def _is_on(name: str, number: object) -> bool:
    usual = {"seed", "retry_after", "hold_s", "late_s", "webhook_late_s"}
    return name not in usual and isinstance(number, int | float) and bool(number)


def show_stats(asked: Asked, shown: Mapping[str, object]) -> None:
    """Records, and what was asked of each application."""
    if asked.json:
        document(shown)
        return
    screen = Screen(asked)
    for system, body in shown.items():
        counts = body if isinstance(body, Mapping) else {}
        screen.line((system, HEAD))
        records, answers, faults = (counts.get(name) for name in ("records", "answers", "faults"))
        writes = {name: counts.get(name) for name in ("creates", "updates", "unchanged", "deletes")}
        rows = [
            ("records", _listed(records)), ("requests", str(counts.get("requests", 0))), ("answers", _listed(answers)),
            ("writes by the hub", _listed(writes)), ("faults", _listed(faults)),
        ]  # fmt: skip
        screen.table(rows)


def _listed(counts: object) -> str:
    told = [f"{name} {count:,}" for name, count in counts.items() if count] if isinstance(counts, Mapping) else []
    return ", ".join(told) or "none"
