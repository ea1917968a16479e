"""One phase of the benchmark on our side, as a whole process: a pass over the job, or changes one by one."""

from __future__ import annotations

import argparse
import http.client
import json
import sys
from pathlib import Path
from urllib.parse import urlsplit

from syncline.app import open_hub
from syncline.engine.deliver import deliver
from syncline.engine.hub import Hub, Pass
from syncline.engine.refresh import refresh
from syncline.engine.run import ledger_rows, run
from syncline.engine.runs import close_run, open_run
from syncline.model.page import Op
from syncline.model.state import Hint, IntentState


def sync(folder: Path, *, full: bool) -> dict[str, object]:
    """Bring the flow into agreement once; what became of the records."""
    with open_hub(folder) as hub:
        done = run(hub, list(hub.flows.values()), full=full, approved=True)
        if done.held or done.paused:
            sys.exit(f"held: {done.held} paused: {done.paused}")
        return {system: {"reads": reads, "writes": writes} for _, system, reads, writes in ledger_rows(done)}


def events(folder: Path, source: str, target: str, count: int) -> dict[str, object]:
    """Change one record at a time, tell the resident hub, and measure from the change to its effect [ms]."""
    callers = {url: http.client.HTTPConnection(urlsplit(url).netloc) for url in (source, target)}

    def ask(url: str, path: str) -> dict[str, object]:
        callers[url].request("GET", path)
        return dict(json.loads(callers[url].getresponse().read()))

    took: list[float] = []
    with open_hub(folder) as hub:
        passes = _passes(hub)
        for _ in range(count + 20):  # the first 20 warm up
            change = ask(source, "/_change?count=1")
            _touch(passes["source"], passes["target"], str(change["ids"][0]))  # type: ignore[index]
            applied = ask(target, "/_applied")["at"]
            took.append((int(str(applied)) - int(str(change["at"]))) / 1e6)
        close_run(hub, passes["source"].run)
    if min(took) <= 0:
        sys.exit("A change did not arrive.")
    return {"ms": took[20:]}


def _passes(hub: Hub) -> dict[str, Pass]:
    this = open_run(hub, full=False, approved=True, send=True)
    bound = hub.flows["customers"]
    return {name: Pass(hub=hub, run=this, bound=bound, side=side) for name, side in bound.sides.items()}


def _touch(source: Pass, target: Pass, key: str) -> None:
    """What a webhook does: a durable hint, a read by key, a merge, a delivery."""
    hub = source.hub
    with hub.store.transaction() as tx:
        tx.put_hints([Hint(stream=source.side.stream, key=key, reason="webhook", due=hub.now(), at=hub.now())])
    refresh(source)
    for intent in hub.store.intents(IntentState.PLANNED, target.side.stream):
        if intent.op is Op.UPDATE:
            deliver(target, intent)


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
