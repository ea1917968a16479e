"""How a command ends when nobody foresaw what happened."""

import pytest

from syncline.cli.ending import Code, _code


def test_the_text_of_a_foreign_error_is_not_told(capsys: pytest.CaptureFixture[str]):
    def command() -> object:
        raise KeyError("postgresql://hub:secret@db/hub")

    code = _code(command, json=False, debug=False)

    told = capsys.readouterr().err
    assert code == Code.ERROR
    assert "Unexpected: KeyError." in told
    assert "secret" not in told
