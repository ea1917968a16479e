"""`make live`: real systems and the CRM of the sandbox, people in all of them, and recounts at the end.

What cannot be had on this machine is skipped, and the reason is told.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "src")]

from tests.live import live_scenario, supply_scenario, together, tryton_server  # noqa: E402  found beside this file
from tests.live.node_server import NotToBeHadError  # noqa: E402

POINTS = int(os.environ.get("SYNCLINE_KILL_POINTS", "200"))  #: moments at which a sync is killed
DATABASES = ["tests/contract/test_connector_sql.py", "-k", "Postgres or Maria"]
KILLS = sorted(str(file.relative_to(ROOT)) for file in (ROOT / "tests" / "processes").glob("test_kill*.py"))


def main() -> int:
    """Each step with its heading; 0 when all of them held."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="without the kill points")
    parser.add_argument("--scenario", action="store_true", help="only the scenario of the CRM and Tryton")
    parser.add_argument("--supply", action="store_true", help="only the scenario of what Tryton buys and makes")
    parser.add_argument("--together", action="store_true", help="only the scenario of all systems together")
    parser.add_argument("--seed", type=int, default=1, help="what people do and when")
    parser.add_argument("--rounds", type=int, default=live_scenario.ROUNDS, help="rounds of work")
    parser.add_argument("--keep", action="store_true", help="keep the project and the CRM's data")
    given = parser.parse_args()
    is_whole = not (given.scenario or given.together or given.supply)
    _head("Tryton 8, installed and seeded in a folder of its own")
    missing = _missing()
    results: list[str] = []
    if is_whole:
        results.append(_suite("The connectors against Tryton, CAP, Vendure and RabbitMQ", ["-m", "live", "tests/live"]))
        results.append(_suite("The sql connector against PostgreSQL and MariaDB", DATABASES))
    if is_whole or given.scenario:
        results.append(missing or _scenario(given.seed, given.rounds, keep=given.keep))
    if is_whole or given.scenario or given.supply:
        results.append(missing or _supply(given.seed))
    if is_whole or given.together:
        results.append(_together(given.seed))
    if is_whole and not given.quick:
        results.append(_suite(f"kill -9 at {POINTS} points", KILLS, SYNCLINE_KILL_POINTS=str(POINTS)))
    _head("Result")
    for line in results:
        _say(line)
    return 1 if any("FAILED" in one for one in results) else 0


def _missing() -> str:
    """Why Tryton cannot be had; "" when it can."""
    try:
        tryton_server.seed()
    except (subprocess.CalledProcessError, OSError) as reason:
        return f"The CRM and Tryton: skipped: {reason}"
    return ""


def _suite(title: str, arguments: list[str], **environment: str) -> str:
    """Run tests; one line of what came of it."""
    _head(title)
    began = time.monotonic()
    command = [sys.executable, "-m", "pytest", "-q", "-rs", "-p", "no:cacheprovider", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=os.environ | environment, check=False)
    verdict = "passed" if done.returncode == 0 else "FAILED"
    return f"{title}: {verdict} in {time.monotonic() - began:.0f} s"


def _scenario(seed: int, rounds: int, *, keep: bool) -> str:
    """The agreement line, or what was wrong."""
    _head("The CRM and Tryton, edited while syncs run")
    began = time.monotonic()
    try:
        agreement = live_scenario.play(seed=seed, rounds=rounds, say=_say, keep=keep)
    except RuntimeError as error:
        return f"FAILED: {error}"
    _say(f"took {time.monotonic() - began:.0f} s")
    return agreement


def _supply(seed: int) -> str:
    """The agreement line of what Tryton buys, makes, keeps and may sell, or what was wrong."""
    _head("The CRM and Tryton's purchasing, plant and warehouse, edited while syncs run")
    began = time.monotonic()
    try:
        agreement = supply_scenario.play(seed=seed, say=_say)
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return f"FAILED: {error}"
    _say(f"took {time.monotonic() - began:.0f} s")
    return agreement


def _together(seed: int) -> str:
    """The agreement line of all systems, or what was wrong."""
    _head("Tryton, Vendure and CAP under one CRM, edited while syncs run")
    began = time.monotonic()
    try:
        agreement = together.play(seed=seed, rounds=together.ROUNDS, say=_say)
    except NotToBeHadError as reason:
        return f"All systems together: skipped: {reason}"
    except (RuntimeError, subprocess.TimeoutExpired) as error:
        return f"FAILED: {error}"
    _say(f"took {time.monotonic() - began:.0f} s")
    return agreement


def _head(title: str) -> None:
    _say(f"\n== {title}")


def _say(line: str) -> None:
    print(line, flush=True)  # noqa: T201  a person reads this


if __name__ == "__main__":
    sys.exit(main())
