"""What is said of webhooks, of hours at which a system is closed, and of where the daemon listens."""

import pytest

from syncline.config import Schedule
from syncline.config.settings import Closed, ServerSettings
from syncline.security import Secret
from syncline.security.webhooks import PRESETS
from tests.unit.config.project import ENVIRON, SMALL, load, problem

CRM = 'token: "${secret:CRM_TOKEN}"}'
HOOKS = 'webhooks: {like: github, secrets: ["${secret:HOOK}"], key: data.id, resources: {customers: ["customer.*"]}}'
KNOWN = ENVIRON | {"SYNCLINE_SECRET_HOOK": "kanarie of a webhook"}


def with_crm(setting: str) -> str:
    return SMALL.replace(CRM, f"{CRM}, {setting}")


def test_webhooks_are_read(tmp_path):
    text = with_crm(HOOKS).replace("every: 30s", "webhook: crm")

    project = load(tmp_path, text, environ=KNOWN)
    hooks = project.systems["crm"].webhooks

    assert hooks.signing == PRESETS["github"]
    assert hooks.secrets == (Secret("kanarie of a webhook"),)
    assert (hooks.key, hooks.resources) == ("data.id", {"customers": ("customer.*",)})
    assert "webhooks" not in project.systems["crm"].options
    assert project.flows[0].when == (Schedule(webhook="crm"),)
    assert "kanarie" not in repr(project)


def test_a_system_signs_in_its_own_way(tmp_path):
    signature = "{header: X-Sign, algorithm: sha512, encoding: base64, over: '{timestamp}:{body}', timestamp: X-Time}"
    text = with_crm(f"webhooks: {{secrets: [a long secret], signature: {signature}, tolerance: 1min}}")

    signing = load(tmp_path, text).systems["crm"].webhooks.signing

    assert (signing.header, signing.timestamp, signing.tolerance) == ("x-sign", "x-time", 60.0)
    assert (signing.algorithm, signing.encoding, signing.over) == ("sha512", "base64", "{timestamp}:{body}")


@pytest.mark.parametrize(
    ("written", "told"),
    [
        ("{like: github, secrets: []}", "secrets is empty"),
        ("{like: github, secrets: [short]}", "at least 8 bytes"),
        ("{like: standard, secrets: ['not base64!']}", "is base64"),
        ("{secrets: [a long secret]}", "does not say how the system signs"),
        ("{like: gitlab, secrets: [a long secret]}", "unknown value"),
        ("{like: github, secrets: [a long secret], signature: {over: '{id}'}}", "over lacks {body}"),
        ("{like: github, secrets: [a long secret], signature: {timestamp: x-time}}", "belong together"),
        ("{signature: {header: x, over: '{id}.{body}'}, secrets: [a long secret]}", "nothing says where the id"),
        ("{like: github, secrets: [a long secret], tolerance: soon}", "`soon` is no duration"),
        ("{like: github, secrets: [a long secret], key: 'a..b'}", "is no place in a body"),
        ("{like: github, secrets: [a long secret], kye: id}", "unknown setting"),
    ],
)
def test_webhooks_that_are_not_safe_or_make_no_sense_are_refused(tmp_path, written, told):
    assert told in problem(tmp_path, with_crm(f"webhooks: {written}")).what


def test_a_flow_waits_for_no_webhook_that_anybody_could_send(tmp_path):
    found = problem(tmp_path, SMALL.replace("every: 30s", "webhook: crm"))

    assert "systems.crm does not say how its webhooks are signed" in found.what
    assert "systems.crm.webhooks" in found.cure


@pytest.mark.parametrize(
    ("written", "wanted"),
    [
        ("{days: [sat, sun], start: '22:00', end: '6:30', zone: Europe/Paris}",
         Closed(zone="Europe/Paris", days=frozenset({5, 6}), start=1320, end=390)),
        ("{start: '01:00', end: '02:00'}", Closed(zone="UTC", start=60, end=120)),
        ("{cron: '0 2 * * sun', lasts: 2h}", Closed(zone="UTC", cron="0 2 * * sun", lasts=7200.0)),
    ],
)  # fmt: skip
def test_the_hours_of_a_closed_system_are_read(tmp_path, written, wanted):
    assert load(tmp_path, with_crm(f"closed: [{written}]")).systems["crm"].closed == (wanted,)


@pytest.mark.parametrize(
    "written",
    ["{start: '25:00', end: '06:00'}", "{start: '22:00'}", "{cron: '0 2 * * *'}", "{}", "{days: [sat]}",
     "{start: '22:00', end: '23:00', cron: '0 2 * * *', lasts: 1h}", "{start: '1:00', end: '2:00', zone: Mars/One}"],
)  # fmt: skip
def test_hours_that_make_no_sense_are_refused(tmp_path, written):
    assert "{days: [sat], start: 22:00" in problem(tmp_path, with_crm(f"closed: [{written}]")).cure


def test_jitter_belongs_to_a_time(tmp_path):
    flows = load(tmp_path, SMALL.replace("every: 30s", "every: 30s, jitter: 5s")).flows

    assert flows[0].when == (Schedule(every=30.0, jitter=5.0),)
    told = problem(
        tmp_path,
        with_crm(HOOKS.replace("${secret:HOOK}", "a long secret")).replace("every: 30s", "webhook: crm, jitter: 5s"),
    )
    assert "exactly one of" in told.what


def test_the_daemon_listens_to_this_machine_alone_unless_told(tmp_path):
    assert load(tmp_path).server is None
    assert load(tmp_path, SMALL + "server: {port: 0}\n").server == ServerSettings(host="127.0.0.1", port=0)
    assert "valid integer" in problem(tmp_path, SMALL + "server: {port: high}\n").what
