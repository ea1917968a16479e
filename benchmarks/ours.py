"""One phase of the benchmark on our side, as a whole process: a pass over the job, or changes one by one."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from syncline.app import open_hub
from syncline.engine.event import follow, hint
from syncline.engine.run import ledger_rows, run

WARM_UP = 20  #: events that are not counted


class Change(msgspec.Struct):
    """A change in the source, or an effect in the target."""

    at: int  #: [ns, monotonic]
    ids: list[str] = []


def sync(folder: Path, *, full: bool) -> dict[str, object]:
    """Bring the flow into agreement once; what became of the records."""
    with open_hub(folder) as hub:
        done = run(hub, list(hub.flows.values()), full=full, approved=True)
        if done.held or done.paused:
            sys.exit(f"held: {done.held} paused: {done.paused}")
        return {system: {"reads": reads, "writes": writes} for _, system, reads, writes in ledger_rows(done)}


def events(folder: Path, source: str, target: str, count: int) -> dict[str, object]:
    """Change one record at a time, tell the resident hub, and measure from the change to its effect [ms]."""
    import http.client  # noqa: PLC0415  of this phase alone: the others are not to pay for it

    callers = {url: http.client.HTTPConnection(urlsplit(url).netloc) for url in (source, target)}

    def ask(url: str, path: str) -> Change:
        callers[url].request("GET", path)
        return msgspec.json.decode(callers[url].getresponse().read(), type=Change)

    took: list[float] = []
    with open_hub(folder) as hub:
        bound = hub.flows["customers"]
        for _ in range(count + WARM_UP):
            change = ask(source, "/_change?count=1")
            hint(hub, bound, "source", change.ids)  # what a webhook does, before it is answered
            follow(hub, bound, "source")
            took.append((ask(target, "/_applied").at - change.at) / 1e6)
    if min(took) <= 0:
        sys.exit("A change did not arrive.")
    return {"ms": took[WARM_UP:]}


def main() -> None:
    """Do one phase and print what happened as JSON."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("phase", choices=["sync", "full", "events"])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--source", default="")
    parser.add_argument("--target", default="")
    parser.add_argument("--count", type=int, default=300)
    given = parser.parse_args()
    if given.phase == "events":
        told = events(given.folder, given.source, given.target, given.count)
    else:
        told = sync(given.folder, full=given.phase == "full")
    print(json.dumps(told))


if __name__ == "__main__":
    main()
