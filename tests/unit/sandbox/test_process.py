"""The processes start, stop, die and come back as told."""

import subprocess
import sys

import pytest

from syncline.sandbox.process import start
from tests.unit.sandbox.caller import Caller


def test_a_stopped_application_ends_well_and_keeps_its_data(tmp_path):
    first = start("crm", data=tmp_path, size=20)
    made = Caller(process=first).post("/api/customers", {"name": "Kept"})
    code = first.stop()

    with start("crm", data=tmp_path, size=5000, seed=99, port=first.port) as second:
        kept = Caller(process=second).dump("customers")

    assert (code, second.url) == (0, first.url)
    assert made in kept
    assert len(kept) == 21


@pytest.mark.parametrize("kind", ["crm", "erp"])
def test_a_killed_application_loses_nothing_that_was_answered(tmp_path, kind):
    path, fields = ("/api/customers", {"name": "n"}) if kind == "crm" else ("/rest/partners", {"Name1": "n"})
    answered = []
    for _ in range(3):
        process = start(kind, data=tmp_path, size=10)
        caller = Caller(process=process)
        answered += [caller.post(path, fields) for _ in range(5)]
        process.kill()

    with start(kind, data=tmp_path) as last:
        kept = Caller(process=last).dump(path.rpartition("/")[2])

    assert [record for record in answered if record.get("row", record) not in kept] == []
    assert len(kept) == 15 + 10


def test_an_idempotency_key_outlives_a_kill(tmp_path):
    process = start("crm", data=tmp_path, size=10)
    first = Caller(process=process).ask("POST", "/api/customers", {"name": "Once"}, Idempotency_Key="k")
    process.kill()

    with start("crm", data=tmp_path) as back:
        again = Caller(process=back).ask("POST", "/api/customers", {"name": "Once"}, Idempotency_Key="k")

    assert again.raw == first.raw


def test_a_crm_may_begin_without_products(tmp_path):
    with start("crm", data=tmp_path, size=20, options=["--products", "0"]) as process:
        records = Caller(process=process).get("/_sandbox/stats")["records"]

    assert {name: count for name, count in records.items() if count} == {"customers": 20}


def test_a_failed_start_says_why(tmp_path):
    with start("crm", data=tmp_path, size=5) as taken, pytest.raises(RuntimeError, match="address already in use"):
        start("erp", data=tmp_path, size=5, port=taken.port)


def test_the_line_of_a_ready_application_is_all_it_prints(tmp_path):
    command = [sys.executable, "-m", "syncline.sandbox", "erp", "--data", str(tmp_path), "--size", "5"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env={"PYTHONPATH": "src"}) as process:
        line = process.stdout.readline()
        process.terminate()
        rest = process.stdout.read()

    assert line.startswith("erp listening on http://127.0.0.1:")
    assert (rest, process.returncode) == ("", 0)
