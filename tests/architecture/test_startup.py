"""`syncline --help` answers at once: it loads what it prints, and nothing else."""

import json
import os
import shutil
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.architecture.repository import ROOT, SOURCE

pytestmark = pytest.mark.skipif(not (SOURCE / "cli" / "__init__.py").exists(), reason="there is no command line yet")

HEAVY = {"aiohttp", "apsw", "babel", "phonenumbers", "psycopg", "pydantic"}
CPU_SECONDS = 0.6  #: user and system; a quick machine needs a third of it

HELP = """
import json, os, sys
sys.argv = ["syncline", "--help"]
from syncline.cli import main
try:
    main()
except SystemExit:
    pass
used = os.times()
print(json.dumps({"modules": list(sys.modules), "cpu": used.user + used.system}))
"""


def ask_for_help() -> tuple[set[str], float]:
    """The modules that help loaded, and the seconds of CPU it took."""
    answer = subprocess.run(
        [sys.executable, "-c", HELP],
        check=True,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
    )
    told = json.loads(answer.stdout.splitlines()[-1])
    return set(told["modules"]), told["cpu"]


def test_help_imports_nothing_heavy():
    loaded, _ = ask_for_help()

    assert HEAVY & loaded == set()


def test_help_is_quick():
    quickest = min(ask_for_help()[1] for _ in range(3))

    assert quickest < CPU_SECONDS


#: What a short pass does without: each of these has been loaded by every pass once, for nothing.
UNUSED = {
    "cronsim", "dataclasses", "difflib", "ruamel.yaml", "zoneinfo",
    "syncline.app.intake", "syncline.engine.figures", "syncline.engine.undo", "syncline.quality.rules",
    "syncline.server", "syncline.store.postgres",
}  # fmt: skip
MOST = 185  #: modules of ours that a pass of one flow over HTTP may load

PASS = """
import json, sys
from pathlib import Path
from syncline.app import open_hub
from syncline.engine.run import run
loaded = []
with open_hub(Path(sys.argv[1])) as hub:
    done = run(hub, list(hub.flows.values()))
print(json.dumps({"modules": list(sys.modules), "paused": list(done.paused)}))
"""


class NoRecords(BaseHTTPRequestHandler):
    """A system that has none."""

    def do_GET(self) -> None:
        body = b'{"data": [], "next": null}'
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_parts: object) -> None:
        return


@pytest.fixture
def nothing():
    """The URL of a system without records."""
    with ThreadingHTTPServer(("127.0.0.1", 0), NoRecords) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_short_pass_loads_what_it_needs(tmp_path, nothing):
    shutil.copytree(ROOT / "benchmarks" / "job", tmp_path, dirs_exist_ok=True)
    environ = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "SOURCE_URL": nothing, "TARGET_URL": nothing}

    def do_pass() -> dict[str, list[str]]:
        command = [sys.executable, "-c", PASS, str(tmp_path)]
        answer = subprocess.run(command, check=True, capture_output=True, text=True, env=environ)
        told: dict[str, list[str]] = json.loads(answer.stdout)
        return told

    do_pass()  # makes the state
    do_pass()  # remembers what the files say
    told = do_pass()
    loaded = set(told["modules"])

    assert not told["paused"]
    assert UNUSED & loaded == set()
    assert len([name for name in loaded if name.partition(".")[0] == "syncline"]) <= MOST
