"""Secrets are found where they are kept, refused where others can read them, and never shown."""

import base64
import copy
import json
import pickle
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.errors import SetupError
from syncline.security import (
    ChainedSecrets,
    EncryptedSecrets,
    EnvSecrets,
    FileSecrets,
    Secret,
    masked,
    redact,
    revealed,
)

CANARY = 'kanarie/+?&"vogel'
KEY = base64.b64encode(bytes(range(32))).decode()


def private(path, text):
    path.write_text(text)
    path.chmod(0o600)
    return path


def test_a_secret_never_shows():
    secret = Secret(CANARY)
    told = [
        str(secret),
        repr(secret),
        f"{secret}",
        repr({"a": [secret]}),
        json.dumps([secret], default=str),
    ]

    assert not [text for text in told if "kanarie" in text]
    assert secret.reveal() == CANARY
    assert copy.deepcopy(secret) == secret == Secret(CANARY) != Secret("other")
    assert len({secret, Secret(CANARY)}) == 1


@pytest.mark.parametrize("write", [pickle.dumps, json.dumps, lambda secret: "".join([secret])])
def test_a_secret_is_not_written_out(write):
    with pytest.raises(TypeError):
        write(Secret(CANARY))


def test_settings_are_revealed_or_masked_as_a_whole():
    settings = {"auth": {"token": Secret("t")}, "list": [Secret("u"), 1]}

    assert revealed(settings) == {"auth": {"token": "t"}, "list": ["u", 1]}
    assert masked(settings) == {"auth": {"token": "***"}, "list": ["***", 1]}


def test_the_environment_prefers_the_long_name():
    secrets = EnvSecrets({"SYNCLINE_SECRET_TOKEN": "long", "TOKEN": "short", "OTHER": "plain"})

    assert (secrets.secret("TOKEN"), secrets.secret("OTHER")) == ("long", "plain")


def test_a_folder_holds_a_file_per_secret(tmp_path):
    private(tmp_path / "TOKEN", "value\n")
    secrets = FileSecrets(tmp_path)

    assert secrets.secret("TOKEN") == "value"
    assert secrets.find("OTHER") is None


def test_a_file_holds_a_line_per_secret(tmp_path):
    path = private(tmp_path / "secrets.env", "# ours\nTOKEN=a=b\nexport OTHER='quoted '\n\n")
    secrets = FileSecrets(path)

    assert (secrets.secret("TOKEN"), secrets.secret("OTHER"), secrets.find("NONE")) == ("a=b", "quoted ", None)


def test_a_file_that_others_can_read_is_refused(tmp_path):
    path = private(tmp_path / "TOKEN", CANARY)
    path.chmod(0o640)

    with pytest.raises(SetupError, match="can be read by other users") as caught:
        FileSecrets(tmp_path).secret("TOKEN")
    assert "chmod 600" in caught.value.cure
    assert "kanarie" not in str(caught.value)


def test_a_broken_line_is_named_and_not_quoted(tmp_path):
    path = private(tmp_path / "secrets.env", f"TOKEN=x\n{CANARY}\n")

    with pytest.raises(SetupError, match=r"secrets\.env:2") as caught:
        FileSecrets(path).secret("TOKEN")
    assert "kanarie" not in str(caught.value)


@pytest.mark.parametrize("data", [b"\xff\xfe", b"x" * 70_000])
def test_a_file_that_holds_no_secret_is_refused(tmp_path, data):
    path = tmp_path / "TOKEN"
    path.write_bytes(data)
    path.chmod(0o600)

    with pytest.raises(SetupError):
        FileSecrets(tmp_path).secret("TOKEN")


@pytest.mark.parametrize("name", ["../etc/passwd", "", "a-b", "A/B", "1A"])
def test_a_name_is_never_a_path(tmp_path, name):
    with pytest.raises(SetupError, match="no name of a secret"):
        ChainedSecrets([FileSecrets(tmp_path)]).secret(name)


def test_the_first_place_that_knows_gives_the_secret(tmp_path):
    private(tmp_path / "TOKEN", "from file")
    secrets = ChainedSecrets([EnvSecrets({"OTHER": "from environment"}), FileSecrets(tmp_path)])

    assert (secrets.secret("OTHER"), secrets.secret("TOKEN")) == ("from environment", "from file")


def test_an_unknown_secret_names_every_place(tmp_path):
    encrypted = EncryptedSecrets(tmp_path / ".syncline", {})
    secrets = ChainedSecrets([EnvSecrets({}), FileSecrets(tmp_path), encrypted])

    with pytest.raises(SetupError) as caught:
        secrets.secret("CRM_TOKEN")

    told = str(caught.value)
    assert "SYNCLINE_SECRET_CRM_TOKEN or CRM_TOKEN in the environment" in told
    assert str(tmp_path / "CRM_TOKEN") in told
    assert "secrets.enc" in told


@pytest.mark.parametrize("environ", [{}, {"SYNCLINE_KEY": KEY}, {"SYNCLINE_KEY": "correct horse battery"}])
def test_the_encrypted_file_keeps_lists_and_forgets(tmp_path, environ):
    secrets = EncryptedSecrets(tmp_path / ".syncline", environ)

    secrets.set("TOKEN", CANARY)
    secrets.set("OTHER", "x")

    again = EncryptedSecrets(tmp_path / ".syncline", environ)
    assert again.names() == ("OTHER", "TOKEN")
    assert again.secret("TOKEN") == CANARY
    assert (again.remove("OTHER"), again.remove("OTHER"), again.names()) == (True, False, ("TOKEN",))


def test_the_encrypted_folder_shows_nothing_and_is_private(tmp_path):
    EncryptedSecrets(tmp_path, {}).set("TOKEN", CANARY)
    files = sorted(tmp_path.iterdir())

    assert [file.name for file in files] == ["key", "secrets.enc"]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert b"kanarie" not in (tmp_path / "secrets.enc").read_bytes()
    assert b"TOKEN" not in (tmp_path / "secrets.enc").read_bytes()


def test_every_write_is_sealed_anew(tmp_path):
    secrets = EncryptedSecrets(tmp_path, {"SYNCLINE_KEY": KEY})
    secrets.set("TOKEN", "x")
    before = json.loads((tmp_path / "secrets.enc").read_text())

    secrets.set("TOKEN", "x")

    after = json.loads((tmp_path / "secrets.enc").read_text())
    assert not [part for part in ("salt", "nonce", "box") if before[part] == after[part]]


def test_another_key_is_refused(tmp_path):
    EncryptedSecrets(tmp_path, {"SYNCLINE_KEY": KEY}).set("TOKEN", CANARY)

    with pytest.raises(SetupError, match="cannot be opened"):
        EncryptedSecrets(tmp_path, {"SYNCLINE_KEY": "another"}).secret("TOKEN")


def test_a_lost_key_is_not_replaced(tmp_path):
    secrets = EncryptedSecrets(tmp_path, {})
    secrets.set("TOKEN", CANARY)
    (tmp_path / "key").unlink()

    with pytest.raises(SetupError, match="no key"):
        secrets.set("OTHER", "x")
    assert not (tmp_path / "key").exists()


@pytest.mark.parametrize("part", ["salt", "nonce", "box", "format"])
def test_a_changed_file_is_refused(tmp_path, part):
    secrets = EncryptedSecrets(tmp_path, {"SYNCLINE_KEY": KEY})
    secrets.set("TOKEN", CANARY)
    path = tmp_path / "secrets.enc"
    body = json.loads(path.read_text())
    body[part] = ("B" if body[part][0] == "A" else "A") + body[part][1:]
    path.write_text(json.dumps(body))

    with pytest.raises(SetupError):
        secrets.secret("TOKEN")


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"format": 1, "salt": "?", "nonce": "", "box": ""}'])
def test_a_damaged_file_is_named(tmp_path, text):
    private(tmp_path / "secrets.enc", text)

    with pytest.raises(SetupError, match=r"secrets\.enc is damaged"):
        EncryptedSecrets(tmp_path, {"SYNCLINE_KEY": KEY}).names()


def test_an_empty_secret_is_refused(tmp_path):
    with pytest.raises(SetupError, match="is empty"):
        EncryptedSecrets(tmp_path, {}).set("TOKEN", "")


@pytest.mark.parametrize(
    "form",
    [
        CANARY,
        quote(CANARY, safe=""),
        json.dumps(CANARY),
        CANARY.encode().hex(),
        base64.b64encode(CANARY.encode()).decode(),
        base64.b64encode(f"u:{CANARY}".encode()).decode(),
        base64.urlsafe_b64encode(f"user:{CANARY}".encode()).decode(),
    ],
)
def test_a_secret_is_struck_out_in_every_form(form):
    text = redact(f"refused: {form} was sent", [Secret(CANARY)])

    assert text.startswith("refused: ")
    assert "***" in text
    assert form not in text
    assert "kanarie" not in text


def test_what_is_too_short_to_be_secret_stays():
    assert redact("a cab", ["a", ""]) == "a cab"


@given(
    secret=st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=4, max_size=20),
    before=st.text(max_size=10),
    after=st.text(max_size=10),
)
def test_no_text_keeps_a_secret(secret, before, after):
    assert secret not in redact(before + secret + after, [secret])
