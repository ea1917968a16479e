"""The demo plays to its end, and its last line is the recount's."""

from __future__ import annotations

import os
import re
import subprocess
import sys

from tests.acceptance.sandbox_world import DEMO, ROOT

STUCK = 600.0  #: far more than it takes on a busy machine [s]


def test_the_demo_ends_in_agreement() -> None:
    paths = [str(ROOT / "src"), *filter(None, [os.environ.get("PYTHONPATH")])]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(paths)}
    done = subprocess.run(
        [sys.executable, str(DEMO / "run.py"), "--quick"],
        env=environment, capture_output=True, text=True, timeout=STUCK, check=False,
    )  # fmt: skip
    last = done.stdout.splitlines()[-1] if done.stdout else ""

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert re.fullmatch(r"agreement: [\d,]+ records, [\d,]+ fields, 6 systems, 0 unexplained differences", last)
