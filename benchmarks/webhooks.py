"""Measure webhooks: from the call of one application to the effect at the other, and what a storm of calls costs.

    .venv/bin/python benchmarks/webhooks.py [--rate 50] [--seconds 60] [--storm 1000000] [--singles 20000]

The applications are those of the sandbox, the daemon is `syncline run`, all processes of their own. An event is an edit
in the CRM and a signed webhook; its effect is when the ERP shows it over its own interface. Every event is looked for:
one that never has its effect ends the run. The last line is JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

import psutil
from processes import HERE

from syncline.app import open_hub
from syncline.config import write_blueprint
from syncline.model.state import Stream
from syncline.sandbox.process import Process, start
from syncline.security import Secret
from syncline.security.webhooks import PRESETS, signature

WORK = HERE / ".work" / f"webhooks-{os.getpid()}"
SIGNING, SECRET = PRESETS["standard"], Secret("whsec_c2VjcmV0IG9mIHRoZSBiZW5jaG1hcms=")
BASIC = "Basic aHViOmVycC10b2tlbg=="  # hub:erp-token, the sandbox's own
HOOKS = f"""
    webhooks: {{like: standard, secrets: [{SECRET.reveal()}], key: "items[].id", resources: {{customers: ["*"]}}}}
"""
LONGEST = 30.0  #: for one effect [s]
P50_MS, P99_MS = 15.0, 100.0  #: to be reached


@dataclass(slots=True, kw_only=True)
class Wire:
    """One kept-alive connection to a server of this machine."""

    port: int
    headers: dict[str, str] = field(default_factory=dict)
    connection: HTTPConnection = field(init=False)

    def __post_init__(self) -> None:
        self.connection = HTTPConnection("127.0.0.1", self.port, timeout=60)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> tuple[int, bytes]:
        """One request; status and body."""
        self.connection.request(method, path, body, {"content-type": "application/json", **self.headers, **headers})
        answer = self.connection.getresponse()
        return answer.status, answer.read()

    def tell(self, keys: Sequence[str], number: int) -> None:
        """A webhook that tells of these; answered once it is durable."""
        body = json.dumps({"items": [{"id": key} for key in keys]}).encode()
        stamp, told = str(int(time.time())), f"msg_{os.getpid()}_{number}"
        signed = signature(SIGNING, SECRET, body, stamp=stamp, told=told)
        headers = {"webhook-id": told, "webhook-timestamp": stamp, "webhook-signature": f"v1,{signed}"}
        status, answer = self.ask("POST", "/webhooks/crm", body, **headers)
        if status != 202:  # noqa: PLR2004
            sys.exit(f"A webhook was refused: {status} {answer!r}")


def project(folder: Path, crm: Process, erp: Process) -> dict[str, str]:
    """A project in agreement whose flows wait for webhooks; its environment."""
    write_blueprint("sandbox", folder)
    environ = {**os.environ, "CRM_URL": crm.url, "ERP_URL": erp.url, "PYTHONPATH": str(HERE.parent / "src")}
    command = [sys.executable, "-m", "syncline", "--project", str(folder)]
    subprocess.run([*command, "sync", "--approve"], env=environ, check=True, stdout=subprocess.DEVNULL)  # noqa: S603
    file = folder / "syncline.yaml"
    known = "    resources: !include systems/crm.yaml\n"
    text = file.read_text().replace(known, known.rstrip() + HOOKS, 1)
    file.write_text(text + "\nserver: {port: 0, body_limit: 4000000}\n")
    for flow in (folder / "flows").glob("*.yaml"):
        when = "[{webhook: crm}, {every: 1h}]" if flow.stem == "customers" else "{every: 1h}"
        flow.write_text(re.sub(r"^when:.*$", f"when: {when}", flow.read_text(), flags=re.MULTILINE))
    return environ


@contextmanager
def daemon(folder: Path, environ: dict[str, str]) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """`syncline run`, and the port at which it listens."""
    command = [sys.executable, "-m", "syncline", "--project", str(folder), "run"]
    process = subprocess.Popen(command, env=environ, stdout=subprocess.PIPE, text=True)  # noqa: S603
    try:
        port = 0
        for line in process.stdout or ():
            if found := re.search(r"listening at http://127\.0\.0\.1:(\d+)", line):
                port = int(found[1])
            if " read " in line:
                break
        threading.Thread(target=lambda: list(process.stdout or ()), daemon=True).start()
        yield process, port
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def pairs(folder: Path, environ: dict[str, str]) -> list[tuple[str, str]]:
    """The keys of the customers that both applications have."""
    os.environ.update({name: environ[name] for name in ("CRM_URL", "ERP_URL")})
    with open_hub(folder, writing=False) as hub:
        crm, erp = (
            {link.eid: link.key for page in hub.store.each_link(Stream(system, "customer")) for link in page}
            for system in ("crm", "erp")
        )
    return [(key, erp[eid]) for eid, key in crm.items() if eid in erp]


# --- events -----------------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Watch:
    """Looks for effects, one round after the other, over one connection."""

    wire: Wire
    open: dict[str, tuple[str, float]] = field(default_factory=dict)  #: ERP key -> (what it must show, since [s])
    took: list[float] = field(default_factory=list)  #: [s]
    answered: list[float] = field(default_factory=list)  #: until a webhook was answered [s]
    rate: float = 0.0  #: that was reached [events/s]
    lost: list[str] = field(default_factory=list)
    ended: bool = False

    def work(self) -> None:
        """Until ended, and nothing is open any more."""
        while not self.ended or self.open:
            for key, (wanted, since) in list(self.open.items()):
                _, body = self.wire.ask("GET", f"/rest/partners/{key}")
                now = time.perf_counter()
                if wanted in re.sub(rb"[^0-9a-zA-Z]", b"", body).decode():
                    self.took.append(now - since)
                    del self.open[key]
                elif now - since > LONGEST:
                    self.lost.append(key)
                    del self.open[key]
            time.sleep(0.001)


def events(linked: Sequence[tuple[str, str]], ports: Sequence[int], rate: float, numbers: range) -> Watch:
    """So many events a second, evenly."""
    port, crm, erp = ports
    people = Wire(port=crm, headers={"authorization": "Bearer crm-token"})
    caller = Wire(port=port)
    watch = Watch(wire=Wire(port=erp, headers={"authorization": BASIC}))
    watcher = threading.Thread(target=watch.work, daemon=True)
    watcher.start()
    begin = time.perf_counter()
    for number in numbers:
        key, other = linked[number % len(linked)]
        phone = f"+8621{55000000 + number}"
        while (early := begin + (number - numbers.start) / rate - time.perf_counter()) > 0:
            time.sleep(early)
        status, answer = people.ask("PATCH", f"/api/customers/{key}", json.dumps({"phone": phone}).encode())
        if status != 200:  # noqa: PLR2004
            sys.exit(f"An edit was refused: {status} {answer!r}")
        watch.open[other] = (phone[3:], time.perf_counter())
        told = time.perf_counter()
        caller.tell([key], number)
        watch.answered.append(time.perf_counter() - told)
    watch.rate = round(len(numbers) / (time.perf_counter() - begin), 1)
    watch.ended = True
    watcher.join()
    return watch


# --- the storm --------------------------------------------------------------------------------------------------------


def storm(linked: Sequence[tuple[str, str]], port: int, total: int, size: int, first: int) -> tuple[float, float]:
    """So many tellings of these records, `size` in one body; how long it took [s], and how many were followed."""
    keys = [crm for crm, _ in linked]
    draw = random.Random(7)  # noqa: S311
    caller = Wire(port=port)
    before, began = followed(caller), time.perf_counter()
    for number in range(total // size):
        caller.tell(keys if size == len(keys) else draw.sample(keys, size), first + number)
    took = time.perf_counter() - began
    deadline = time.perf_counter() + 120
    while figure(caller, "syncline_told_records") > 0 and time.perf_counter() < deadline:
        time.sleep(0.05)
    return took, followed(caller) - before


def stormed(name: str, linked: Sequence[tuple[str, str]], port: int, total: int, size: int) -> dict[str, float]:
    """What a storm came to; nothing when there is to be none."""
    if not total:
        return {}
    took, count = storm(linked, port, total, size, 10_000_000 * (1 + len(name)))
    print(f"{name}: {total} tellings of {len(linked)} records in {took:.1f} s: {count:.0f} followed")
    return {f"{name}_told": total, f"{name}_s": round(took, 1), f"{name}_followed": count}


def followed(wire: Wire) -> float:
    """Records that were followed."""
    return figure(wire, 'syncline_follow_seconds_count{system="crm"}')


def figure(wire: Wire, name: str) -> float:
    """A metric as it stands."""
    _, text = wire.ask("GET", "/metrics")
    found = [line.rpartition(" ")[2] for line in text.decode().splitlines() if line.startswith(f"{name} ")]
    return float(found[0]) if found else 0.0


def percentile(values: Sequence[float], share: float) -> float:
    """The value below which this share of all lies [ms]."""
    return round(sorted(values)[min(len(values) - 1, int(len(values) * share))] * 1000, 2)


def figures_of(watch: Watch, cpu: float) -> dict[str, float]:
    """What came of the events, and what they cost the daemon [s]."""
    return {
        "events": len(watch.took), "lost": len(watch.lost), "rate": watch.rate,
        "answer_p50_ms": percentile(watch.answered, 0.5), "p50_ms": percentile(watch.took, 0.5),
        "p99_ms": percentile(watch.took, 0.99), "worst_ms": percentile(watch.took, 1.0),
        "cpu_ms_per_event": round(cpu / max(1, len(watch.took)) * 1000, 2),
    }  # fmt: skip


def main() -> None:
    """Measure, print, and say whether the targets are reached."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=float, default=50.0, help="events a second")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--storm", type=int, default=1_000_000, help="tellings, in bodies of all records")
    parser.add_argument("--singles", type=int, default=20_000, help="tellings, each in a body of its own")
    asked = parser.parse_args()
    told: dict[str, float] = {}
    try:
        with ExitStack() as running:
            crm = running.enter_context(start("crm", data=WORK / "data", size=1_200))
            erp = running.enter_context(start("erp", data=WORK / "data", size=1_200))
            environ = project(WORK / "project", crm, erp)
            linked = pairs(WORK / "project", environ)[:1000]
            process, port = running.enter_context(daemon(WORK / "project", environ))
            ports, count = (port, crm.port, erp.port), int(asked.rate * asked.seconds)
            events(linked, ports, asked.rate, range(100))  # warm
            used = psutil.Process(process.pid).cpu_times()
            watch = events(linked, ports, asked.rate, range(1000, 1000 + count))
            cpu = sum(psutil.Process(process.pid).cpu_times()[:2]) - sum(used[:2])
            told = figures_of(watch, cpu)
            print(
                f"{told['events']} events at {told['rate']:g} a second: p50 {told['p50_ms']}, p99 {told['p99_ms']} ms"
            )
            for name, total, size in (("storm", asked.storm, len(linked)), ("singles", asked.singles, 1)):
                told |= stormed(name, linked, port, total, size)
            told["rss_mb"] = round(psutil.Process(process.pid).memory_info().rss / 1e6, 1)
    finally:
        shutil.rmtree(WORK, ignore_errors=True)
    told["reached"] = not told["lost"] and told["p50_ms"] <= P50_MS and told["p99_ms"] <= P99_MS
    print(json.dumps(told))


if __name__ == "__main__":
    main()
