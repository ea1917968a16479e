"""Is a webhook what its system has signed, and is it of now? Pure: a request and the time in, a verdict out.

The signature is an HMAC over the body, mostly with the time and the id of the message, made with a secret that both
sides have. While a secret is exchanged for another, both are good.

Source: Standard Webhooks specification 1.0 (id.timestamp.body, 300 s), and the pages on signatures of GitHub, Shopify
and Stripe, whose conventions `PRESETS` holds.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Mapping, Sequence
from enum import StrEnum
from types import MappingProxyType
from typing import Final, Literal

import msgspec

from syncline.security.secret import Secret

LONGEST_HEADER = 4096  #: characters of a header that is looked at
MOST_SIGNATURES = 16  #: in one header: a rotation needs two
_MILLISECONDS = 10**11  #: a larger stamp is no number of seconds
_PART = r"\{(id|timestamp|body)\}"
_STAMP = r"[0-9]{1,13}"

Algorithm = Literal["sha256", "sha384", "sha512"]
Encoding = Literal["hex", "base64"]


class Signing(msgspec.Struct, frozen=True, kw_only=True):
    """How a system signs its webhooks. Names of headers in small letters."""

    header: str  #: that holds the signature, or several
    algorithm: Algorithm = "sha256"
    encoding: Encoding = "hex"
    prefix: str = ""  #: what stands before a signature: `sha256=`
    split: str = ""  #: what stands between several; "": the header is one
    over: str = "{body}"  #: what is signed, of {id}, {timestamp} and {body}
    timestamp: str = ""  #: the header that holds the time of sending [s since 1970]; "": none
    timestamp_prefix: str = ""  #: or what stands before it among the parts of the signature's own header
    id: str = ""  #: the header that holds the id of the message; "": none
    unique: bool = False  #: do no two messages have the same body, so that they need no id to be told apart?
    tolerance: float = 300.0  #: how far that time may be from ours [s]
    key_encoding: Literal["text", "base64"] = "text"
    key_prefix: str = ""  #: what a secret begins with and does not mean: `whsec_`

    @property
    def timed(self) -> bool:
        """Does a message say when it was sent?"""
        return bool(self.timestamp or self.timestamp_prefix)


class Verdict(StrEnum):
    """What is to be thought of a webhook."""

    FINE = "fine"
    UNSIGNED = "unsigned"  #: no signature, or not all that is signed
    ALTERED = "altered"  #: a signature that no secret of ours has made
    STALE = "stale"  #: signed, but not now


PRESETS: Final[Mapping[str, Signing]] = MappingProxyType(
    {
        "standard": Signing(
            header="webhook-signature", encoding="base64", prefix="v1,", split=" ", over="{id}.{timestamp}.{body}",
            timestamp="webhook-timestamp", id="webhook-id", key_encoding="base64", key_prefix="whsec_",
        ),
        "github": Signing(header="x-hub-signature-256", prefix="sha256=", id="x-github-delivery"),
        "shopify": Signing(header="x-shopify-hmac-sha256", encoding="base64", id="x-shopify-webhook-id"),
        "stripe": Signing(
            header="stripe-signature", prefix="v1=", split=",", over="{timestamp}.{body}", timestamp_prefix="t=",
            unique=True,
        ),
    }
)  # fmt: skip


def verdict(
    signing: Signing, secrets: Sequence[Secret], headers: Mapping[str, str], body: bytes, *, now: float
) -> Verdict:
    """What is to be thought of a message.

    Args:
        signing: How its system signs.
        secrets: Any of these may have made the signature.
        headers: By name, in small letters.
        body: As it came, undecoded.
        now: Seconds since 1970.
    """
    shown = headers.get(signing.header, "")
    stamp, told = _stamp(signing, headers, shown), headers.get(signing.id, "") if signing.id else ""
    wanted = {"timestamp": stamp, "id": told}
    parts = set(re.findall(_PART, signing.over)) - {"body"}
    if not shown or max(len(shown), len(told)) > LONGEST_HEADER or not all(wanted[part] for part in parts):
        return Verdict.UNSIGNED
    signed = _signed(signing.over, stamp, told, body)
    if not _made_by_any(signing, secrets, shown, signed):
        return Verdict.ALTERED
    if signing.timed and not _is_now(stamp, now, signing.tolerance):
        return Verdict.STALE
    return Verdict.FINE


def signature(signing: Signing, secret: Secret, body: bytes, *, stamp: str = "", told: str = "") -> str:
    """The signature of a message, as its system writes it into the header, without what stands before it."""
    digest = hmac.digest(_key(signing, secret), _signed(signing.over, stamp, told, body), signing.algorithm)
    return digest.hex() if signing.encoding == "hex" else base64.b64encode(digest).decode()


def message_id(signing: Signing, headers: Mapping[str, str]) -> str:
    """By what a message is known when it comes again: its id; "" where the system gives none."""
    told = headers.get(signing.id, "") if signing.id else ""
    return _digest(told.encode("utf-8", "surrogateescape")) if told else ""


def copy_id(signing: Signing, headers: Mapping[str, str], body: bytes) -> str:
    """By what a copy of a message is known: its id, time and body, where the time is signed; else "".

    A system that sends a message once more signs it anew, with the time of then. The same signed time is a copy. Where
    two messages may be alike in all that, none is taken for a copy of the other.
    """
    told = headers.get(signing.id, "") if signing.id else ""
    if "{timestamp}" not in signing.over or not (told or signing.unique):
        return ""
    stamp = _stamp(signing, headers, headers.get(signing.header, ""))
    return "copy " + _digest(_signed("{id}.{timestamp}.{body}", stamp, told, body))


def usable(signing: Signing, secret: Secret) -> bool:
    """Can this secret make a signature that nobody guesses?"""
    try:
        return len(_key(signing, secret)) >= SHORTEST_KEY
    except ValueError:
        return False


SHORTEST_KEY = 8  #: bytes; of a random text that is more than anybody tries over a network


def _digest(whole: bytes) -> str:
    return hashlib.blake2b(whole, digest_size=16).hexdigest()


def _key(signing: Signing, secret: Secret) -> bytes:
    text = secret.reveal().removeprefix(signing.key_prefix)
    return base64.b64decode(text, validate=True) if signing.key_encoding == "base64" else text.encode()


def _signed(over: str, stamp: str, told: str, body: bytes) -> bytes:
    known = {"timestamp": stamp.encode(), "id": told.encode("utf-8", "surrogateescape"), "body": body}
    pieces = re.split(_PART, over)
    return b"".join(known[one] if number % 2 else one.encode() for number, one in enumerate(pieces))


def _made_by_any(signing: Signing, secrets: Sequence[Secret], shown: str, signed: bytes) -> bool:
    """Compare with every secret in constant time; none is left out because another one fitted."""
    given = [_decoded(signing, part) for part in _parts(signing, shown)]
    made = [hmac.digest(_key(signing, secret), signed, signing.algorithm) for secret in secrets]
    fitting = [hmac.compare_digest(one, other) for one in made for other in given]
    return any(fitting)


def _parts(signing: Signing, shown: str) -> list[str]:
    parts = shown.split(signing.split)[:MOST_SIGNATURES] if signing.split else [shown]
    return [part.strip().removeprefix(signing.prefix) for part in parts if part.strip().startswith(signing.prefix)]


def _decoded(signing: Signing, part: str) -> bytes:
    try:
        return bytes.fromhex(part) if signing.encoding == "hex" else base64.b64decode(part, validate=True)
    except (ValueError, binascii.Error):
        return b""


def _stamp(signing: Signing, headers: Mapping[str, str], shown: str) -> str:
    if not signing.timestamp_prefix:
        return headers.get(signing.timestamp, "")[:LONGEST_HEADER] if signing.timestamp else ""
    parts = [part.strip() for part in shown[:LONGEST_HEADER].split(signing.split)] if signing.split else [shown]
    found = [part.removeprefix(signing.timestamp_prefix) for part in parts if part.startswith(signing.timestamp_prefix)]
    return found[0] if found else ""


def _is_now(stamp: str, now: float, tolerance: float) -> bool:
    if not re.fullmatch(_STAMP, stamp):
        return False
    at = int(stamp)
    return abs(now - (at / 1000 if at >= _MILLISECONDS else at)) <= tolerance
