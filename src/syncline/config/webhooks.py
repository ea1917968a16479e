"""How a system tells of changes, when it is left alone, and where the daemon listens."""

from __future__ import annotations

import re
from collections.abc import Sequence

import msgspec

from syncline.config.parts import ClosedPart, Day, ServerPart, SignaturePart, WebhooksPart
from syncline.config.problems import Problems, Route, named
from syncline.config.schedules import cron_of, seconds, zone_of
from syncline.config.settings import Closed, ServerSettings, Webhooks
from syncline.security import Secret
from syncline.security.webhooks import PRESETS, SHORTEST_KEY, Signing, usable

_TIME = r"([01]?[0-9]|2[0-3]):([0-5][0-9])"
_KEY = r"(\[\]|[^.\[\]]+(\[\])?)(\.[^.\[\]]+(\[\])?)*"
_HEADERS = ("header", "timestamp", "id")
_DAYS = list(Day)
_CLOSED = 'Write {days: [sat], start: 22:00, end: 06:00, zone: Europe/Paris} or {cron: "0 2 * * sun", lasts: 2h}.'


def webhooks_of(part: WebhooksPart | None, route: Route, problems: Problems) -> Webhooks | None:
    """The webhooks of a system; None when it has none, or when they have problems."""
    if part is None:
        return None
    before = len(problems.found)
    signing = _signing(part, route, problems)
    secrets = tuple(map(Secret, part.secrets))
    if not secrets:
        what = f"{named(route)}.secrets is empty: nobody would know who calls."
        problems.add((*route, "secrets"), what, "Give the secret that the system signs with.")
    for index, secret in enumerate(secrets) if signing else ():
        if signing and not usable(signing, secret):
            told = "base64" if signing.key_encoding == "base64" else f"at least {SHORTEST_KEY} bytes long"
            what = f"{named(route)}.secrets[{index}]: a secret of this convention is {told}."
            problems.add((*route, "secrets", index), what, "Copy it from the system whole.")
    if part.key and not re.fullmatch(_KEY, part.key):
        problems.add((*route, "key"), f"{named(route)}.key is no place in a body.", "Write `data.id` or `items[].id`.")
    if signing is None or len(problems.found) > before:
        return None
    return Webhooks(
        signing=signing, secrets=secrets, key=part.key, type=part.type, type_header=part.type_header.lower(),
        resources={resource: tuple(patterns) for resource, patterns in part.resources.items()},
    )  # fmt: skip


def _signing(part: WebhooksPart, route: Route, problems: Problems) -> Signing | None:
    given = {
        name: one for name in SignaturePart.__struct_fields__ if (one := getattr(part.signature, name)) is not None
    }
    given |= {name: given[name].lower() for name in _HEADERS if name in given}
    if part.like is None and "header" not in given:
        what = f"{named(route)} does not say how the system signs."
        problems.add(route, what, f"Add `like: {' | '.join(sorted(PRESETS))}`, or signature.header.")
        return None
    try:
        given["tolerance"] = seconds(part.tolerance)
    except ValueError as error:
        problems.add((*route, "tolerance"), f"{named(route)}.tolerance: {error}", "Write 5min.")
        return None
    signing = msgspec.structs.replace(PRESETS[part.like] if part.like else Signing(header=given["header"]), **given)
    for what, cure in _problems(signing):
        problems.add((*route, "signature"), f"{named(route)}.signature.{what}", cure)
    return signing


def _problems(signing: Signing) -> Sequence[tuple[str, str]]:
    found = []
    if "{body}" not in signing.over:
        found.append(("over lacks {body}: anybody could put another one under a signature.", "Add {body}."))
    if ("{timestamp}" in signing.over) != signing.timed:
        found.append(
            ("timestamp and {timestamp} in over belong together: a time that is not signed proves nothing.",
             "Set both or none.")
        )  # fmt: skip
    if "{id}" in signing.over and not signing.id:
        found.append(("over has {id}, and nothing says where the id stands.", "Set signature.id."))
    return found


def closed_of(parts: Sequence[ClosedPart], route: Route, problems: Problems) -> tuple[Closed, ...]:
    """When a system is left alone."""
    made = []
    for index, part in enumerate(parts):
        try:
            made.append(_closed(part))
        except ValueError as error:
            problems.add((*route, index), f"{named((*route, index))}: {error}", _CLOSED)
    return tuple(made)


def _closed(part: ClosedPart) -> Closed:
    zone = zone_of(part.zone)
    by_cron, by_day = bool(part.cron or part.lasts is not None), bool(part.start or part.end or part.days)
    if by_cron == by_day:
        msg = "it has either start and end, or cron and lasts."
        raise ValueError(msg)
    if by_cron:
        return Closed(zone=zone, cron=cron_of(part.cron), lasts=seconds(part.lasts))
    days = frozenset(_DAYS.index(day) for day in part.days) or frozenset(range(7))
    return Closed(zone=zone, days=days, start=_minutes(part.start), end=_minutes(part.end))


def _minutes(text: str) -> int:
    found = re.fullmatch(_TIME, text)
    if not found:
        msg = f"`{text}` is no time of day."
        raise ValueError(msg)
    return int(found[1]) * 60 + int(found[2])


def server_of(part: ServerPart | None) -> ServerSettings | None:
    """Where the daemon listens; None when nothing is said."""
    if part is None:
        return None
    return ServerSettings(host=part.host, port=part.port, body_limit=part.body_limit)
