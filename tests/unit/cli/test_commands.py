import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from syncline import __version__
from syncline.cli import app
from syncline.cli.lazy import GROUPS, PLACES, load

EVERYWHERE = ("--project", "--json", "--debug", "--no-color")


def syncline(*words: str) -> Result:
    return CliRunner().invoke(app, list(words))


def test_help_names_every_command_and_every_exit_code():
    told = syncline("--help")

    assert told.exit_code == 0
    assert [name for name in PLACES if f"\n  {name} " not in told.stdout] == []
    assert [code for code in ("0 ", "1 ", "2 ", "3 ", "64 ", "130 ") if f"\n  {code}" not in told.stdout] == []


def test_the_version_is_told():
    assert syncline("--version").stdout == f"syncline {__version__}\n"


def test_no_word_at_all_asks_for_help():
    assert syncline().stdout == syncline("--help").stdout


@pytest.mark.parametrize("name", PLACES)
def test_a_command_is_where_the_list_says(name: str):
    assert load(name).name == name


@pytest.mark.parametrize("name", sorted(PLACES.keys() - GROUPS))
def test_every_command_takes_the_shared_options(name: str):
    told = syncline(name, "--help")

    assert told.exit_code == 0
    assert [option for option in EVERYWHERE if option not in told.stdout] == []


def test_an_unknown_command_is_told_the_nearest_one():
    told = syncline("snyc")

    assert told.exit_code == 64
    assert told.stderr == "There is no command `snyc`. Did you mean `sync`?\n"


def test_an_unknown_option_is_a_usage_error():
    assert syncline("sync", "--fulll").exit_code == 64


def test_a_missing_argument_is_a_usage_error():
    assert syncline("apply").exit_code == 64


def test_a_usage_error_is_json_where_json_was_asked_for():
    told = syncline("--json", "apply")

    assert told.stdout == ""
    assert json.loads(told.stderr)["error"]["kind"] == "usage"


def test_a_folder_without_a_project_is_told_with_its_cure(tmp_path: Path):
    told = syncline("status", "--project", str(tmp_path))

    assert told.exit_code == 1
    assert "There is no syncline.yaml" in told.stderr
    assert "syncline init" in told.stderr
    assert "Traceback" not in told.stderr


def test_a_folder_that_does_not_exist_is_a_usage_error(tmp_path: Path):
    told = syncline("status", "--project", str(tmp_path / "nowhere"))

    assert told.exit_code == 64
    assert "There is no folder" in told.stderr


def test_the_project_is_taken_before_the_command_and_behind_it(tmp_path: Path):
    before, behind = syncline("--project", str(tmp_path), "status"), syncline("status", "--project", str(tmp_path))

    assert before.stderr == behind.stderr


def test_an_error_is_one_json_document_on_stderr(tmp_path: Path):
    told = syncline("status", "--json", "--project", str(tmp_path))

    assert told.stdout == ""
    assert json.loads(told.stderr)["error"]["what"].startswith("There is no syncline.yaml")


def test_init_without_a_blueprint_lists_them(tmp_path: Path):
    told = syncline("init", str(tmp_path))

    assert told.exit_code == 64
    assert "sandbox" in told.stdout
    assert list(tmp_path.iterdir()) == []


def test_init_makes_a_project_that_keeps_its_state_out_of_git(tmp_path: Path):
    told = syncline("init", str(tmp_path / "new"), "--blueprint", "sandbox")

    assert told.exit_code == 0
    assert (tmp_path / "new" / "syncline.yaml").is_file()
    assert ".syncline/" in (tmp_path / "new" / ".gitignore").read_text().splitlines()


def test_init_never_writes_over_a_project(tmp_path: Path):
    syncline("init", str(tmp_path), "--blueprint", "sandbox")
    (tmp_path / "syncline.yaml").write_text("project: mine\n")

    told = syncline("init", str(tmp_path), "--blueprint", "sandbox")

    assert told.exit_code == 1
    assert (tmp_path / "syncline.yaml").read_text() == "project: mine\n"


def test_every_problem_of_the_configuration_is_told_at_its_place(tmp_path: Path):
    (tmp_path / "syncline.yaml").write_text("project: acme\nsytems: {}\nstore: nowhere\n")

    told = syncline("check", "--project", str(tmp_path))

    assert told.exit_code == 1
    assert "syncline.yaml:2:1  " in told.stderr
    assert "Did you mean `systems`?" in told.stderr
    assert "syncline.yaml:3:8  " in told.stderr


def test_problems_of_the_configuration_are_a_list_in_json(tmp_path: Path):
    (tmp_path / "syncline.yaml").write_text("project: acme\nsytems: {}\n")

    told = syncline("check", "--json", "--project", str(tmp_path))

    problems = json.loads(told.stderr)["error"]["problems"]
    assert ("syncline.yaml", 2, 1) in [(one["file"], one["line"], one["column"]) for one in problems]


def test_the_cases_of_a_blueprint_hold(tmp_path: Path):
    syncline("init", str(tmp_path), "--blueprint", "sandbox")

    told = syncline("test", "--project", str(tmp_path))

    assert told.exit_code == 0
    assert "6 cases hold" in told.stdout


def test_a_case_that_fails_says_what_differs_and_where(tmp_path: Path):
    syncline("init", str(tmp_path), "--blueprint", "sandbox")
    cases = tmp_path / "cases" / "products.yaml"
    cases.write_text(cases.read_text().replace("entity: {sku: A-100", "entity: {sku: A-999", 1))

    told = syncline("test", "products", "--project", str(tmp_path))

    assert told.exit_code == 1
    assert "cases/products.yaml:1" in told.stdout
    assert "expected text `A-999`, got text `A-100`" in told.stdout


def test_a_secret_is_kept_without_ever_being_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.delenv("SYNCLINE_KEY", raising=False)
    (tmp_path / "syncline.yaml").write_text("project: acme\n")
    where = ("--project", str(tmp_path))

    kept = CliRunner().invoke(app, ["secrets", "set", "CRM_TOKEN", *where], input="s3cret\n")
    named = syncline("secrets", "list", *where)
    gone = syncline("secrets", "remove", "CRM_TOKEN", *where)

    assert [kept.exit_code, named.exit_code, gone.exit_code] == [0, 0, 0]
    assert named.stdout == "CRM_TOKEN\n"
    assert "s3cret" not in kept.output + named.output + gone.output
    assert b"s3cret" not in b"".join(path.read_bytes() for path in tmp_path.rglob("*") if path.is_file())


def test_two_ways_to_decide_one_conflict_are_a_usage_error(tmp_path: Path):
    told = syncline("conflicts", "3", "--keep", "crm", "--value", "x", "--project", str(tmp_path))

    assert told.exit_code == 64


@pytest.mark.parametrize("words", [["parked", "3", "--set", "email"], ["sandbox", "faults", "rate_429=often"]])
def test_a_setting_without_a_value_is_a_usage_error(words: list[str]):
    assert syncline(*words).exit_code == 64
