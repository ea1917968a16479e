"""Who may wake a flow: signatures as systems make them, and what is refused."""

import pytest

from syncline.security import Secret
from syncline.security.webhooks import PRESETS, Signing, Verdict, copy_id, message_id, signature, usable, verdict

NOW = 1_614_265_330.0
BODY = b'{"test": 2432232314}'
OWN = Signing(header="x-signature", over="{timestamp}.{body}", timestamp="x-time")
KEY, NEXT = Secret("the first secret"), Secret("the second secret")


def signed(signing: Signing, secret: Secret, body: bytes, *, stamp: float = NOW, told: str = "msg_1") -> dict[str, str]:
    """The headers of a message as its system sends them."""
    made = signature(signing, secret, body, stamp=str(int(stamp)), told=told)
    headers = {signing.header: f"{signing.prefix}{made}"}
    if signing.timestamp_prefix:
        headers[signing.header] = f"{signing.timestamp_prefix}{int(stamp)}{signing.split}{headers[signing.header]}"
    return headers | {signing.timestamp: str(int(stamp)), signing.id: told}


def test_the_example_of_standard_webhooks_is_fine():
    """As its specification's own libraries print it."""
    headers = {
        "webhook-id": "msg_p5jXN8AQM9LWM0D4loKWxJek",
        "webhook-timestamp": "1614265330",
        "webhook-signature": "v1,bm9ldHUjKzFob2VudXRob2VodWUz v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
    }
    secret = Secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")

    assert verdict(PRESETS["standard"], [secret], headers, BODY, now=NOW) is Verdict.FINE


def test_the_example_of_github_is_fine():
    """As its documentation prints it."""
    told = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
    secret = Secret("It's a Secret to Everybody")

    assert (
        verdict(PRESETS["github"], [secret], {"x-hub-signature-256": told}, b"Hello, World!", now=NOW) is Verdict.FINE
    )


@pytest.mark.parametrize("name", PRESETS)
def test_every_convention_takes_what_is_signed_and_nothing_else(name):
    signing = PRESETS[name]
    secret = Secret("whsec_c2VjcmV0IG9mIGEgdGVzdA==" if signing.key_encoding == "base64" else "secret of a test")
    headers = signed(signing, secret, BODY)

    assert verdict(signing, [secret], headers, BODY, now=NOW) is Verdict.FINE
    assert verdict(signing, [secret], headers | {signing.header: ""}, BODY, now=NOW) is Verdict.UNSIGNED
    assert verdict(signing, [Secret("c29tZWJvZHkgZWxzZQ==")], headers, BODY, now=NOW) is Verdict.ALTERED


def test_a_change_of_any_byte_shows():
    headers = signed(OWN, KEY, BODY)
    for place in range(len(BODY)):
        for other in (BODY[place] ^ 1, BODY[place] ^ 0x80):
            altered = BODY[:place] + bytes([other]) + BODY[place + 1 :]

            assert verdict(OWN, [KEY], headers, altered, now=NOW) is Verdict.ALTERED


def test_a_change_of_any_character_of_the_signature_shows():
    headers = signed(OWN, KEY, BODY)
    shown = headers[OWN.header]
    for place, character in enumerate(shown):
        other = shown[:place] + ("0" if character != "0" else "1") + shown[place + 1 :]

        assert verdict(OWN, [KEY], headers | {OWN.header: other}, BODY, now=NOW) is Verdict.ALTERED


def test_another_time_than_was_signed_shows():
    headers = signed(OWN, KEY, BODY) | {OWN.timestamp: str(int(NOW) + 1)}

    assert verdict(OWN, [KEY], headers, BODY, now=NOW) is Verdict.ALTERED


@pytest.mark.parametrize(("off", "wanted"), [(-301, "stale"), (-300, "fine"), (300, "fine"), (301, "stale")])
def test_a_message_counts_for_five_minutes(off, wanted):
    assert verdict(OWN, [KEY], signed(OWN, KEY, BODY, stamp=NOW + off), BODY, now=NOW) == wanted


def test_a_time_in_milliseconds_is_one():
    headers = signed(OWN, KEY, BODY, stamp=NOW * 1000)

    assert verdict(OWN, [KEY], headers, BODY, now=NOW) is Verdict.FINE


@pytest.mark.parametrize("stamp", ["", "soon", "-1", "1e9", "9" * 14, "١٢٣"])
def test_a_time_that_is_none_is_refused(stamp):
    made = signature(OWN, KEY, BODY, stamp=stamp)

    assert verdict(OWN, [KEY], {OWN.header: made, OWN.timestamp: stamp}, BODY, now=NOW) is not Verdict.FINE


def test_both_secrets_are_good_while_one_is_exchanged():
    for secret in (KEY, NEXT):
        assert verdict(OWN, [NEXT, KEY], signed(OWN, secret, BODY), BODY, now=NOW) is Verdict.FINE
    assert verdict(OWN, [NEXT], signed(OWN, KEY, BODY), BODY, now=NOW) is Verdict.ALTERED


@pytest.mark.parametrize("shown", ["é", "zz", "0", "ab " * 3000, ",,,,", "t=1"])
def test_a_header_of_nonsense_is_refused(shown):
    for signing in (OWN, *PRESETS.values()):
        headers = {signing.header: shown, signing.timestamp: str(int(NOW)), signing.id: "a"}

        assert verdict(signing, [Secret("c2VjcmV0IG9mIGEgdGVzdA==")], headers, BODY, now=NOW) is not Verdict.FINE


def test_no_more_signatures_than_a_rotation_needs_are_tried():
    signing = PRESETS["standard"]
    secret = Secret("whsec_c2VjcmV0IG9mIGEgdGVzdA==")
    headers = signed(signing, secret, BODY)
    headers[signing.header] = "v1,QQ== " * 100 + headers[signing.header]

    assert verdict(signing, [secret], headers, BODY, now=NOW) is Verdict.ALTERED


def test_a_message_is_remembered_by_its_id():
    signing = PRESETS["standard"]

    assert message_id(signing, {"webhook-id": "a"}) == message_id(signing, {"webhook-id": "a"})
    assert message_id(signing, {"webhook-id": "a"}) != message_id(signing, {"webhook-id": "b"})
    assert message_id(OWN, {"webhook-id": "a"}) == ""


def test_a_copy_is_a_message_that_was_signed_at_the_same_time():
    signing = PRESETS["standard"]
    headers = {"webhook-id": "a", "webhook-timestamp": "1700000000"}
    copy = copy_id(signing, headers, BODY)

    assert copy == copy_id(signing, {**headers, "webhook-signature": "v1,another secret of a rotation"}, BODY)
    for other in ({"webhook-id": "b"}, {"webhook-timestamp": "1700000001"}):
        assert copy != copy_id(signing, {**headers, **other}, BODY)
    assert copy != copy_id(signing, headers, BODY + b" ")


def test_messages_that_may_be_alike_are_no_copies_of_each_other():
    unnamed = Signing(header="x-signature", over="{timestamp}.{body}", timestamp="x-time")

    assert copy_id(unnamed, {"x-time": "1700000000"}, BODY) == ""
    assert copy_id(PRESETS["github"], {"x-github-delivery": "a"}, BODY) == ""
    assert copy_id(PRESETS["stripe"], {"stripe-signature": "t=1700000000,v1=00"}, BODY).startswith("copy ")


@pytest.mark.parametrize(
    ("name", "secret", "good"),
    [("standard", "whsec_c2VjcmV0IG9mIGEgdGVzdA==", True), ("standard", "whsec_!", False), ("github", "", False),
     ("github", "1234567", False), ("github", "12345678", True)],
)  # fmt: skip
def test_a_secret_that_anybody_guesses_is_none(name, secret, good):
    assert usable(PRESETS[name], Secret(secret)) is good
