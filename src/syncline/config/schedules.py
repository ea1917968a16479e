"""When a flow runs.

`{every: 30s}`, `{cron: "0 2 * * *", zone: Asia/Shanghai}`, `{webhook: crm}`, `{event: erp.orders}`, or a list of them;
those of time with `jitter: 10s`.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import UTC, datetime

from syncline.config.problems import Problems, Route, named, suggestion
from syncline.config.settings import Schedule

_SECONDS = {"ms": 0.001, "s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400}
_DURATION = r"(\d+(?:\.\d+)?)\s*(ms|s|min|m|h|d)"
_SETTINGS = ("every", "cron", "zone", "webhook", "event", "jitter")
_CURE = 'Write {every: 30s}, {cron: "0 2 * * *", zone: Europe/Paris}, {webhook: crm} or {event: erp.orders}.'
_SHORTEST = 0.1  #: between two passes [s]


def schedules_of(data: object, route: Route, systems: Collection[str], problems: Problems) -> tuple[Schedule, ...]:
    """The schedules of a flow: one, a list, or none."""
    if data is None:
        return ()
    listed = data if isinstance(data, list) else [data]
    inner = [(*route, index) for index in range(len(listed))] if isinstance(data, list) else [route]
    found = [_schedule(one, at, systems, problems) for one, at in zip(listed, inner, strict=True)]
    return tuple(schedule for schedule in found if schedule is not None)


def _schedule(data: object, route: Route, systems: Collection[str], problems: Problems) -> Schedule | None:
    if not isinstance(data, dict):
        problems.add(route, f"{named(route)} is no schedule.", _CURE)
        return None
    unknown = [key for key in data if key not in _SETTINGS]
    for key in unknown:
        inner = (*route, str(key))
        problems.add_key(inner, f"{named(inner)}: unknown setting.", suggestion(str(key), _SETTINGS))
    kinds = [key for key in data if key in _SETTINGS and key not in {"zone", "jitter"}]
    timed = "every" in data or "cron" in data
    if unknown or len(kinds) != 1 or ("zone" in data and "cron" not in data) or ("jitter" in data and not timed):
        if not unknown:
            problems.add(route, f"{named(route)} must have exactly one of every, cron, webhook, event.", _CURE)
        return None
    kind = kinds[0]
    try:
        return _parsed(kind, data, systems)
    except ValueError as error:
        problems.add((*route, kind), f"{named((*route, kind))}: {error}", _CURE)
        return None


def _parsed(kind: str, data: dict[object, object], systems: Collection[str]) -> Schedule:
    value = data[kind]
    jitter = seconds(data["jitter"]) if "jitter" in data else 0.0
    if kind == "every":
        return Schedule(every=seconds(value), jitter=jitter)
    text = str(value)
    if kind == "cron":
        zone = str(data.get("zone", "UTC"))
        return Schedule(cron=cron_of(text), zone=zone_of(zone), jitter=jitter)
    system = text if kind == "webhook" else text.split(".", maxsplit=1)[0]
    if system not in systems:
        msg = f"`{system}` is no system of this project."
        raise ValueError(msg)
    return Schedule(webhook=text) if kind == "webhook" else Schedule(event=text)


def seconds(value: object) -> float:
    """A duration [s]: a number of seconds, or a number with ms, s, m, h or d.

    >>> seconds("1.5h"), seconds(30)
    (5400.0, 30.0)
    """
    found = re.fullmatch(_DURATION, value.strip()) if isinstance(value, str) else None
    number = float(found[1]) * _SECONDS[found[2]] if found else None
    if isinstance(value, int | float) and not isinstance(value, bool):
        number = float(value)
    if number is None or not _SHORTEST <= number < float("inf"):
        msg = f"`{value}` is no duration."
        raise ValueError(msg)
    return number


def cron_of(text: str) -> str:
    """A cron expression; ValueError when it is none, or names no time at all."""
    from cronsim import CronSim, CronSimError  # noqa: PLC0415  most flows run at an interval

    try:
        next(CronSim(text, datetime(2026, 1, 1, tzinfo=UTC)))
    except (CronSimError, StopIteration) as error:
        msg = f"`{text}` is no cron expression."
        raise ValueError(msg) from error
    return text


def zone_of(name: str) -> str:
    """The name of a time zone; ValueError when there is none of it."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415  only cron expressions have a zone

    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError) as error:
        msg = f"`{name}` is no time zone."
        raise ValueError(msg) from error
    return name
