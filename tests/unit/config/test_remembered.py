"""What files say is remembered by their bytes alone, and nothing else is taken from a memory."""

import msgspec
import pytest

from syncline.config import Project, load_project
from syncline.config.remembered import FILE, Remembered, digest
from syncline.config.written import Sort, Written, parse
from syncline.errors import ConfigError
from syncline.security import EnvSecrets
from tests.unit.config.project import ENVIRON, SMALL, write


def load(folder, environ=ENVIRON) -> Project:
    (folder / ".syncline").mkdir(exist_ok=True)
    return load_project(folder, environ=environ, secrets=EnvSecrets(environ), memory=folder / ".syncline")


def remembered(folder) -> dict[str, Written]:
    return msgspec.msgpack.decode((folder / ".syncline" / FILE).read_bytes()[16:], type=dict[str, Written])


def forge(folder, known: dict[str, Written]) -> None:
    """A memory that says something else, as only its owner could write it."""
    body = msgspec.msgpack.encode(known)
    (folder / ".syncline" / FILE).write_bytes(digest(body) + body)


@pytest.fixture
def folder(tmp_path):
    write(tmp_path)
    return tmp_path


@pytest.fixture
def forged(folder):
    """A folder whose memory calls the project `other`."""
    load(folder)
    known = remembered(folder)
    for node in known.values():
        for key, value in node.pairs():
            if key.text == "project":
                node.inner[node.inner.index(value)] = msgspec.structs.replace(value, text="other")
    forge(folder, known)
    return folder


def test_a_project_is_the_same_from_memory(folder):
    first, second = load(folder), load(folder)

    assert repr(second.flows) == repr(first.flows)
    assert second.systems == first.systems


def test_what_is_remembered_is_what_is_used(forged):
    assert load(forged).name == "other"


def test_a_problem_is_told_at_its_place_from_memory(folder):
    with pytest.raises(ConfigError) as unknown:
        load(folder, environ={})
    load(folder)
    with pytest.raises(ConfigError) as known:
        load(folder, environ={})

    assert known.value.problems == unknown.value.problems
    assert known.value.problems[0][:2] == ("syncline.yaml", 3)


def test_a_mistake_is_not_remembered(folder):
    load(folder)
    write(folder, "project: [")

    for _ in range(2):
        with pytest.raises(ConfigError, match="not YAML"):
            load(folder)


def test_a_changed_file_is_read_anew(forged):
    write(forged, SMALL + "\n# changed\n")

    assert load(forged).name != "other"
    assert all("other" not in str(node) for node in remembered(forged).values())


@pytest.mark.parametrize("damage", ["cut", "flipped", "open", "link", "folder"])
def test_a_damaged_memory_is_as_if_it_were_not_there(forged, damage):
    file = forged / ".syncline" / FILE
    whole = file.read_bytes()
    if damage == "cut":
        file.write_bytes(whole[:-3])
    elif damage == "flipped":
        file.write_bytes(whole.replace(b"other", b"0ther"))
    elif damage == "open":
        file.chmod(0o666)
    else:
        file.unlink()
        (forged / "elsewhere").write_bytes(whole)
        file.symlink_to(forged / "elsewhere") if damage == "link" else file.mkdir()

    assert load(forged).name not in {"other", "0ther"}


def test_nobody_else_may_read_it(folder):
    load(folder)

    assert (folder / ".syncline" / FILE).stat().st_mode & 0o777 == 0o600
    assert [one.name for one in (folder / ".syncline").iterdir()] == [FILE]


@pytest.mark.parametrize(
    "text",
    [
        "b0: &b0 [1]\n" + "".join(f"b{n}: &b{n} [*b{n - 1}, *b{n - 1}]\n" for n in range(1, 40)),
        "ring: &ring [*ring]",
        "[" + "1, " * 20_000 + "1]",
    ],
    ids=["grows", "holds itself", "large"],
)
def test_what_would_take_more_room_than_reading_saves_is_not_remembered(tmp_path, text):
    node, memory = parse(text, "a file"), Remembered(folder=tmp_path)
    assert isinstance(node, Written)

    memory.find(text.encode())
    memory.learn(text.encode(), node)
    memory.learn(b"short", Written(Sort.SCALAR, "tag", "text", [], 1, 1))
    memory.keep()

    again = Remembered(folder=tmp_path)
    assert again.find(text.encode()) is None
    assert again.find(b"short") is not None


def test_nothing_is_kept_where_there_is_no_state(folder):
    load_project(folder, environ=ENVIRON, secrets=EnvSecrets(ENVIRON), memory=folder / "nowhere")

    assert not (folder / "nowhere").exists()
