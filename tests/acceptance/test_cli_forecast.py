"""`syncline forecast` for somebody at the keyboard: on the agreed orders, on a file, and on files that are none."""

from __future__ import annotations

import datetime as dt
import json
import os
import random
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from syncline.sandbox.process import Process
from tests.acceptance.cli_shell import SOURCE, Shell, two_applications

WEEKS = 60


@pytest.fixture(scope="module")
def applications(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Process, Process]]:
    yield from two_applications(tmp_path_factory.mktemp("applications"), size=60)


@pytest.fixture(scope="module")
def shell(applications: tuple[Process, Process], tmp_path_factory: pytest.TempPathFactory) -> Shell:
    crm, erp = applications
    made = Shell(folder=tmp_path_factory.mktemp("project"), crm=crm, erp=erp)
    assert made("init", "--blueprint", "sandbox").code == 0
    assert made("sync", "--approve").code == 0
    return made


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    draw, file = random.Random(5), tmp_path / "orders.csv"  # noqa: S311
    lines = ["sku;day;pieces"]
    for week in range(WEEKS):
        day = dt.date(2025, 1, 6) + dt.timedelta(weeks=week)
        lines += [f"P-{number};{day};{draw.randrange(10 * number, 20 * number)}" for number in (1, 2, 3)]
    file.write_text("\n".join(lines) + "\n")
    return file


def alone(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Without any project."""
    return subprocess.run(
        [sys.executable, "-m", "syncline", *words], cwd=folder, env=os.environ | {"PYTHONPATH": str(SOURCE)},
        capture_output=True, text=True, timeout=300, check=False,
    )  # fmt: skip


COLUMNS = "key=sku,date=day,qty=pieces"


def test_a_file_of_orders_is_forecast_without_a_project(orders: Path, tmp_path: Path):
    done = alone(
        "forecast", "--orders", str(orders), "--columns", COLUMNS, "--horizon", "4", "--json",
        "--out", "ahead.parquet", "--plot", "ahead.svg", folder=tmp_path,
    )  # fmt: skip

    assert (done.returncode, done.stderr) == (0, "")
    told = json.loads(done.stdout)
    assert told["as_of"] == "2026-03-01"
    first = {row["key"]: row for row in told["rows"] if row["period"] == "2026-03-02"}
    assert sorted(first) == ["P-1", "P-2", "P-3"]
    assert 20 < first["P-2"]["mean"] < 40
    assert all(row["q10"] <= row["mean"] <= row["q95"] for row in told["rows"])
    parts = ("level", "season", "price", "promo", "pipeline", "other")
    assert all(sum(row[part] for part in parts) == pytest.approx(row["mean"]) for row in told["rows"])
    table = pq.read_table(tmp_path / "ahead.parquet")
    assert len(table) == 12
    assert table.schema.field("mean").metadata[b"unit"] == b"unit"
    assert (tmp_path / "ahead.svg").read_text().rstrip().endswith("</svg>")


def test_people_read_one_line_for_each_product(orders: Path, tmp_path: Path):
    done = alone("forecast", "--orders", str(orders), "--columns", COLUMNS, "--top", "2", folder=tmp_path)

    assert done.stdout.startswith("2 products, the next 8 weeks after 2026-03-01, in units of each product")
    assert [line.split()[0] for line in done.stdout.splitlines() if line.startswith("P-")] == ["P-3", "P-2"]
    assert "The last order is of 2026-02-23" in done.stdout
    assert max(map(len, done.stdout.splitlines())) <= 100
    assert done.stderr == ""


def test_the_agreed_orders_are_forecast_and_the_same_again(shell: Shell):
    told = shell("forecast", "--freq", "M", "--horizon", "3", "--json").document
    again = shell("forecast", "--freq", "M", "--horizon", "3", "--json").document

    assert told == again
    skus = {row["sku"] for row in shell.ask("crm", "GET", "/api/products?limit=500")["data"]}
    assert {row["key"] for row in told["rows"]} <= skus  # type: ignore[attr-defined]
    assert told["as_of"] < "2026-12-01"  # type: ignore[operator]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("sku;day\nP;2026-01-05\n", "has no column pieces"),
        ("sku;day;pieces\nP;2026-01-05;many\n", "pieces|qty"),
        ("sku;day;pieces\nP;2026-01-05;\n", "missing, infinite or no number"),
        ("sku;day;pieces\n", "no orders"),
        ("sku;day;pieces\nP;2026-13-05;1\n", "date of orders.csv"),
        ("sku;day;pieces\nP;0203-01-05;1\nP;2026-01-05;1\n", "2026|periods|apart"),
    ],
)
def test_a_bad_file_is_said_in_one_sentence(text: str, said: str, tmp_path: Path):
    (tmp_path / "orders.csv").write_text(text)

    done = alone("forecast", "--orders", "orders.csv", "--columns", COLUMNS, folder=tmp_path)

    assert done.returncode not in {0, 70}, done.stdout
    assert any(word in done.stderr for word in said.split("|")), done.stderr
    assert "Traceback" not in done.stderr


def test_a_name_that_a_spreadsheet_would_run_is_made_harmless(tmp_path: Path):
    weeks = [dt.date(2025, 1, 6) + dt.timedelta(weeks=week) for week in range(20)]
    (tmp_path / "orders.csv").write_text("key,date,qty\n" + "".join(f"=cmd|calc,{day},3\n" for day in weeks))

    done = alone("forecast", "--orders", "orders.csv", "--out", "ahead.csv", "--plot", "a$x_{$.svg", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert "'=cmd|calc" in (tmp_path / "ahead.csv").read_text()


def test_wrong_requests_are_said(orders: Path, tmp_path: Path):
    for words, said in (
        (["--freq", "X"], "no frequency 'X'"), (["--horizon", "0"], "horizon of 0"),
        (["--method", "magic"], "no method"),
        (["--out", "ahead.txt"], "neither .csv nor .parquet"), (["--plot", "ahead.txt"], "neither .svg nor .png"),
        (["--columns", "key"], "names no columns"),
    ):  # fmt: skip
        done = alone("forecast", "--orders", str(orders), "--columns", COLUMNS, *words, folder=tmp_path)
        assert done.returncode != 0, words
        assert said in done.stderr, (words, done.stderr)
