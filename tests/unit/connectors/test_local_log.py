"""A transaction that fails, wherever it fails, leaves nothing behind and nothing open."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncline.connectors.protocols.local_log import LocalLog
from syncline.env import RealEnv
from syncline.errors import SetupError, SynclineError

_SCHEMA = """
PRAGMA foreign_keys = ON;
CREATE TABLE IF NOT EXISTS parent (name TEXT PRIMARY KEY);
CREATE TABLE IF NOT EXISTS child (name TEXT REFERENCES parent (name) DEFERRABLE INITIALLY DEFERRED);
"""


class _Stumbling(RealEnv):
    """Stumbles at the first point."""

    stumbled = False

    def point(self, name: str) -> None:
        if not self.stumbled:
            self.stumbled = True
            raise SetupError(f"stumbled at {name}")


def log_of(tmp_path: Path, env: RealEnv) -> LocalLog:
    path = tmp_path / "log.sqlite"
    return LocalLog(path, env, schema=_SCHEMA, name="The log", place="The folder", point="log.commit", cure="")


@pytest.mark.parametrize("env", [RealEnv(), _Stumbling()])
def test_after_a_commit_that_failed_the_next_transaction_works(tmp_path: Path, env: RealEnv) -> None:
    log = log_of(tmp_path, env)
    with pytest.raises(SynclineError), log.transaction() as connection:
        connection.execute("INSERT INTO child VALUES ('nobody')")  # refused when it is committed

    with log.transaction() as connection:
        connection.execute("INSERT INTO parent VALUES ('a')")

    assert log.rows("SELECT * FROM child") == []
    assert log.rows("SELECT * FROM parent") == [("a",)]
    log.close()
