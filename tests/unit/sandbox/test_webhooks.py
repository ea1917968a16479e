"""The sandbox's CRM tells its subscribers of changes, as Standard Webhooks says."""

from __future__ import annotations

import base64
import hashlib
import hmac
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from syncline.sandbox.process import Process, start
from tests.contract.rest_systems import CRM_SECRET, at_the_door
from tests.unit.sandbox.receiver import Letter, Receiver, receiver


@pytest.fixture(scope="module")
def crm(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    data: Path = tmp_path_factory.mktemp("crm")
    with start("crm", data=data, size=40) as process:
        yield process


@pytest.fixture
def hook() -> Iterator[Receiver]:
    with receiver() as found:
        yield found


@pytest.fixture
def subscription(crm: Process, hook: Receiver) -> Iterator[dict[str, Any]]:
    made = ask(crm, "POST", "webhooks", {"url": hook.url})
    yield made
    ask(crm, "DELETE", f"webhooks/{made['id']}")
    at_the_door(crm.url, "faults", {})


def ask(crm: Process, method: str, path: str, body: object = None, **headers: str) -> Any:
    data = None if body is None else msgspec.json.encode(body)
    given = {"Authorization": f"Bearer {CRM_SECRET}", **headers}
    request = urllib.request.Request(f"{crm.url}/api/{path}", data=data, headers=given, method=method)  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  loopback
        return msgspec.json.decode(answer.read() or b"null")


def refused(crm: Process, method: str, path: str, body: object = None) -> int:
    with pytest.raises(urllib.error.HTTPError) as caught:
        ask(crm, method, path, body)
    caught.value.close()
    return caught.value.code


def signed_by(letter: Letter, secret: str) -> bool:
    """As a receiver checks it, by the specification's own words."""
    signed = f"{letter.headers['webhook-id']}.{letter.headers['webhook-timestamp']}.".encode() + letter.body
    key = base64.b64decode(secret.removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return any(hmac.compare_digest(expected, one) for one in letter.headers["webhook-signature"].split())


def told(letters: list[Letter], key: str) -> list[str]:
    return [one.json()["type"] for one in letters if one.json()["data"]["id"] == key]


def test_every_change_is_told_once_and_signed(crm: Process, hook: Receiver, subscription: dict[str, Any]) -> None:
    key = ask(crm, "POST", "customers", {"name": "Maple Ltd"})["id"]
    ask(crm, "PATCH", f"customers/{key}", {"notes": "A"})
    at_the_door(crm.url, "people", {"edits": 1, "resource": "customers", "actions": ["edit"], "ids": [key]})
    ask(crm, "DELETE", f"customers/{key}")

    letters = hook.awaited(lambda all_: len(told(all_, key)) == 4)
    assert told(letters, key) == ["customers.created", *["customers.updated"] * 2, "customers.deleted"]
    assert len({one.headers["webhook-id"] for one in letters}) == len(letters)
    assert all(signed_by(one, subscription["secret"]) for one in letters)
    assert not any(signed_by(one, "whsec_" + base64.b64encode(b"another").decode()) for one in letters)


def test_a_batch_tells_of_each_record_and_a_refused_one_of_none(
    crm: Process, hook: Receiver, subscription: dict[str, Any]
) -> None:
    items = [{"op": "create", "ref": str(n), "fields": {"name": f"Maple {n}"}} for n in range(5)]
    items[2]["fields"] = {"name": "Bad", "email": "no e-mail"}
    results = ask(crm, "POST", "customers/batch", {"items": items})["results"]
    keys = {one["id"] for one in results if one["status"] == 201}

    letters = hook.awaited(lambda all_: len({one.json()["data"]["id"] for one in all_}) >= 4)
    assert {one.json()["data"]["id"] for one in letters} == keys
    assert subscription["resources"] == []


def test_only_what_was_subscribed_is_told(crm: Process, hook: Receiver) -> None:
    made = ask(crm, "POST", "webhooks", {"url": hook.url, "resources": ["needs"]})
    ask(crm, "POST", "customers", {"name": "Maple Ltd"})
    ask(crm, "POST", "needs", {"title": "Longer"})

    letters = hook.awaited(bool)
    ask(crm, "DELETE", f"webhooks/{made['id']}")
    assert {one.json()["data"]["resource"] for one in letters} == {"needs"}


def test_after_a_rotation_both_secrets_sign(crm: Process, hook: Receiver, subscription: dict[str, Any]) -> None:
    after = ask(crm, "POST", f"webhooks/{subscription['id']}/rotate")
    key = ask(crm, "POST", "customers", {"name": "Maple Ltd"})["id"]

    (letter,) = [
        one for one in hook.awaited(lambda all_: bool(told(all_, key))) if one.json()["data"]["id"] == key
    ]  # fmt: skip
    assert after["secret"] != subscription["secret"]
    assert signed_by(letter, after["secret"])
    assert signed_by(letter, subscription["secret"])


def test_a_message_that_is_tried_again_keeps_its_id(crm: Process, hook: Receiver, subscription: dict[str, Any]) -> None:
    hook.status = 500
    key = ask(crm, "POST", "customers", {"name": "Maple Ltd"})["id"]
    hook.awaited(lambda all_: bool(told(all_, key)))
    hook.status = 204

    letters = hook.awaited(lambda all_: len(told(all_, key)) > 1)
    assert len({one.headers["webhook-id"] for one in letters if one.json()["data"]["id"] == key}) == 1
    assert all(signed_by(one, subscription["secret"]) for one in letters)


def test_a_receiver_that_is_away_keeps_nobody_else_waiting(crm: Process, hook: Receiver) -> None:
    away = ask(crm, "POST", "webhooks", {"url": "http://127.0.0.1:9/none"})
    here = ask(crm, "POST", "webhooks", {"url": hook.url})
    keys = [ask(crm, "POST", "customers", {"name": f"Maple {n}"})["id"] for n in range(20)]

    letters = hook.awaited(lambda all_: len(all_) >= 20)
    for made in (away, here):
        ask(crm, "DELETE", f"webhooks/{made['id']}")
    assert [one.json()["data"]["id"] for one in letters] == keys


def test_messages_get_lost_come_twice_late_and_out_of_order_when_faults_say_so(
    crm: Process, hook: Receiver, subscription: dict[str, Any]
) -> None:
    faults = {"webhook_drop": 0.2, "webhook_duplicate": 0.3, "webhook_reorder": 0.3, "webhook_late": 0.1}
    at_the_door(crm.url, "faults", {**faults, "webhook_late_s": 0.1, "seed": 4})
    keys = [ask(crm, "POST", "customers", {"name": f"Maple {n}"})["id"] for n in range(60)]
    at_the_door(crm.url, "faults", {})
    last = ask(crm, "POST", "customers", {"name": "The last"})["id"]

    letters = hook.awaited(lambda all_: bool(told(all_, last)))
    came = [keys.index(one.json()["data"]["id"]) for one in letters if one.json()["data"]["id"] in keys]
    assert len(came) > len(set(came))
    assert came != sorted(came)
    assert 0 < len(set(came)) < len(keys)
    assert all(signed_by(one, subscription["secret"]) for one in letters)


def test_a_secret_is_shown_once(crm: Process, subscription: dict[str, Any]) -> None:
    listed = ask(crm, "GET", "webhooks")

    assert subscription["secret"].startswith("whsec_")
    assert [one["id"] for one in listed["data"]] == [subscription["id"]]
    assert subscription["secret"] not in str(listed)


def test_what_is_no_address_or_no_resource_is_refused(crm: Process) -> None:
    for given in (
        {}, {"url": "ftp://127.0.0.1/"}, {"url": "http://user:word@127.0.0.1/"}, {"url": 5},
        {"url": "http://127.0.0.1/", "resources": ["nothing"]}, {"url": "http://127.0.0.1/", "resources": "needs"},
    ):  # fmt: skip
        assert refused(crm, "POST", "webhooks", given) == 422
    assert refused(crm, "DELETE", "webhooks/wh_0") == 404


def test_subscriptions_outlive_the_process(tmp_path: Path, hook: Receiver) -> None:
    with start("crm", data=tmp_path, size=20) as first:
        made = ask(first, "POST", "webhooks", {"url": hook.url})
        first.kill()
    with start("crm", data=tmp_path, size=20) as again:
        key = ask(again, "POST", "customers", {"name": "Maple Ltd"})["id"]
        letters = hook.awaited(lambda all_: bool(told(all_, key)))

    assert all(signed_by(one, made["secret"]) for one in letters)
