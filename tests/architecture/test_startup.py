"""`syncline --help` answers at once: it loads what it prints, and nothing else."""

import json
import os
import subprocess
import sys

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
