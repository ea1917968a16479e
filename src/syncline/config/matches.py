"""How records find each other at first: `[tax_id]`, `[email, postcode]`, `{score: [name, city], at_least: 0.92}`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncline.config.problems import Problems, Route, named, suggestion
from syncline.model.flow import MatchRule

_CURE = "Write [tax_id], [email, postcode] or {score: [name, city], at_least: 0.92}."
_SETTINGS = ("score", "at_least", "ask_from")
_ASKING_BAND = 0.12  #: below `at_least`, when `ask_from` is not said


def matches_of(
    data: Sequence[object], route: Route, carriers: Mapping[str, Sequence[str]], problems: Problems
) -> tuple[MatchRule, ...]:
    """The match rules; `carriers` says for each field of the flow which systems carry it."""
    rules = []
    for index, one in enumerate(data):
        inner = (*route, index)
        rule = _rule(one, inner, problems)
        if rule is not None and _fields_fit(rule, one, inner, carriers, problems):
            rules.append(rule)
    return tuple(rules)


def _rule(data: object, route: Route, problems: Problems) -> MatchRule | None:
    if isinstance(data, str):
        return MatchRule(fields=(data,))
    if isinstance(data, list) and data:
        return MatchRule(fields=tuple(map(str, data)))
    if isinstance(data, dict) and isinstance(data.get("score"), list) and data["score"]:
        return _scored(data, route, problems)
    problems.add(route, f"{named(route)} is no match rule.", _CURE)
    return None


def _scored(data: dict[str, object], route: Route, problems: Problems) -> MatchRule | None:
    unknown = [key for key in data if key not in _SETTINGS]
    for key in unknown:
        inner = (*route, key)
        problems.add_key(inner, f"{named(inner)}: unknown setting.", suggestion(str(key), _SETTINGS))
    at_least = _share(data.get("at_least"), (*route, "at_least"), problems)
    if at_least is None or unknown:
        return None
    usual = round(max(0.0, at_least - _ASKING_BAND), 4)
    ask_from = _share(data["ask_from"], (*route, "ask_from"), problems) if "ask_from" in data else usual
    if ask_from is None:
        return None
    if ask_from > at_least:
        problems.add((*route, "ask_from"), f"{named(route)}: ask_from is above at_least.", "Lower it.")
        return None
    fields = data["score"] if isinstance(data["score"], list) else []
    return MatchRule(fields=tuple(map(str, fields)), at_least=at_least, ask_from=ask_from)


def _share(value: object, route: Route, problems: Problems) -> float | None:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= 1:
        return float(value)
    problems.add(route, f"{named(route)} must be a number above 0, 1 at most.", "0.92 is a good start.")
    return None


def _fields_fit(
    rule: MatchRule, data: object, route: Route, carriers: Mapping[str, Sequence[str]], problems: Problems
) -> bool:
    inner = (*route, "score") if isinstance(data, dict) else route
    before = len(problems.found)
    for index, field in enumerate(rule.fields):
        if field not in carriers:
            problems.add(
                (*inner, index), f"{named(route)}: the flow has no field {field}.", suggestion(field, carriers)
            )
        elif len(carriers[field]) < 2:  # noqa: PLR2004  a match is between two systems
            only = carriers[field][0]
            problems.add((*inner, index), f"{named(route)}: only {only} carries {field}.", "Match by fields of both.")
    return len(problems.found) == before
