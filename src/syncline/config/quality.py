"""What a flow expects of its values: `quality`, `secret`, `clean` and `targets`."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import cast

import msgspec

from syncline.config.parts import FlowPart
from syncline.config.problems import Problems, Route, named, suggestion
from syncline.config.schedules import seconds
from syncline.config.settings import Schedule
from syncline.errors import SetupError
from syncline.mapping import Cleaner, ConverterSpec
from syncline.model.quality import Quality, QualityRule, RuleSort, Severity, Targets
from syncline.quality.pattern import Pattern
from syncline.quality.rules import ORDERS
from syncline.quality.values import measure, number

_EXTRAS = ("name", "severity", "weight", "hard", "tolerance")
_SORTS = tuple(one.value for one in RuleSort)
_COMPARE = re.compile(r"\s*([\w-]+)\s*(<=|>=|!=|<|=|>)\s*([\w-]+)\s*")
_CURE = "Write one rule for each entry, such as {required: [name], severity: park} or {pattern: {sku: '[A-Z]{2}'}}."
_TARGETS = ("lag", "tolerance", "additive")


class QualityReader(msgspec.Struct, frozen=True, kw_only=True):
    """Reads what one flow expects."""

    part: FlowPart
    fields: tuple[str, ...]  #: of the flow
    route: Route
    problems: Problems

    def quality(self, when: Sequence[Schedule]) -> Quality:
        """All of it."""
        rules: list[QualityRule] = []
        for index, one in enumerate(self.part.quality):
            rules += self._rules(one, (*self.route, "quality", index))
        names = [rule.name for rule in rules]
        for name in dict.fromkeys(name for name in names if names.count(name) > 1):
            self.problems.add(
                (*self.route, "quality"), f"two rules are called `{name}`.", "Give each a name of its own."
            )
        self._known(self.part.secret, (*self.route, "secret"))
        return Quality(
            rules=tuple(rules), secret=frozenset(self.part.secret), clean=dict(self.part.clean),
            targets=self._targets(when),
        )  # fmt: skip

    def cleaners(self, own: Sequence[ConverterSpec]) -> dict[str, Cleaner]:
        """The compiled converters of `clean`, by field."""
        made: dict[str, Cleaner] = {}
        for name, text in self.part.clean.items():
            inner = (*self.route, "clean", name)
            try:
                made[name] = Cleaner(text, own)
            except SetupError as error:
                self.problems.add_error(inner, error)
        self._known(self.part.clean, (*self.route, "clean"))
        return made

    # --- rules --------------------------------------------------------------------------------------------------------

    def _rules(self, data: object, route: Route) -> list[QualityRule]:
        if not isinstance(data, dict):
            self.problems.add(route, f"{named(route)} is no rule.", _CURE)
            return []
        sorts = [key for key in data if key in _SORTS]
        unknown = [key for key in data if key not in (*_SORTS, *_EXTRAS)]
        for key in unknown:
            inner = (*route, str(key))
            self.problems.add_key(inner, f"{named(inner)}: unknown setting.", suggestion(str(key), (*_SORTS, *_EXTRAS)))
        if unknown or len(sorts) != 1:
            if not unknown:
                self.problems.add(route, f"{named(route)} must be exactly one of {', '.join(_SORTS)}.", _CURE)
            return []
        sort = RuleSort(sorts[0])
        try:
            base = _base(data, sort)
            made = _READERS[sort](base, data[sort])
        except (ValueError, TypeError, ArithmeticError) as error:
            self.problems.add((*route, sort.value), f"{named(route)}: {error}.", _CURE)
            return []
        self._known({field: None for one in made for field in one.fields}, (*route, sort.value))
        if len(made) > 1 and "name" in data:
            return [msgspec.structs.replace(one, name=f"{one.name} ({one.fields[0]})") for one in made]
        return made

    def _known(self, names: Mapping[str, object] | Sequence[str], route: Route) -> None:
        for index, name in enumerate(names):
            if name not in self.fields:
                inner = (*route, name if isinstance(names, Mapping) else index)
                self.problems.add(
                    inner, f"{named(route)}: the flow has no field {name}.", suggestion(name, self.fields)
                )

    # --- targets ------------------------------------------------------------------------------------------------------

    def _targets(self, when: Sequence[Schedule]) -> Targets:
        route, data = (*self.route, "targets"), self.part.targets
        every = [one.every for one in when if one.every]
        base = Targets(period=min(every, default=0.0))
        if data is None:
            return base
        if not isinstance(data, dict) or any(key not in _TARGETS for key in data):
            self.problems.add(route, f"{named(route)} holds lag, tolerance and additive.", "Write {lag: 5m}.")
            return base
        try:
            made = msgspec.structs.replace(
                base,
                lag=seconds(data["lag"]) if "lag" in data else base.lag,
                tolerance={name: _amount(value) for name, value in _by_field(data.get("tolerance", {})).items()},
                additive={name: str(unit) for name, unit in _by_field(data.get("additive", {})).items()},
            )
        except (ValueError, TypeError) as error:
            self.problems.add(route, f"{named(route)}: {error}.", "Write {lag: 5m, tolerance: {total: 0.01}}.")
            return base
        self._known(made.tolerance, (*route, "tolerance"))
        self._known(made.additive, (*route, "additive"))
        return made


def _base(data: Mapping[str, object], sort: RuleSort) -> QualityRule:
    weight, hard = data.get("weight", 1), data.get("hard", False)
    if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < float("inf"):
        raise ValueError("a weight is a number above 0")
    if not isinstance(hard, bool):
        raise TypeError("`hard` is true or false")
    if "tolerance" in data and sort is not RuleSort.EQUAL:
        raise ValueError("only `equal` has a tolerance")
    severity = Severity(str(data.get("severity", "warn")))
    if sort is RuleSort.EQUAL and severity is not Severity.WARN:
        raise ValueError("`equal` can only warn: what a system shows anew differs from the others until it has arrived")
    return QualityRule(
        name=str(data.get("name", "")), sort=sort, fields=(), severity=severity, weight=float(weight), hard=hard,
        tolerance=_amount(data.get("tolerance", 0)),
    )  # fmt: skip


def _amount(value: object) -> Decimal:
    found = number(str(value)) if isinstance(value, int | float | str) and not isinstance(value, bool) else None
    if found is None or found < 0:
        msg = f"`{value}` is no amount"
        raise ValueError(msg)
    return found


def _by_field(data: object) -> Mapping[str, object]:
    if not isinstance(data, dict) or not all(isinstance(name, str) for name in data):
        raise TypeError("write it per field")
    return cast("Mapping[str, object]", data)


def _with(base: QualityRule, fields: tuple[str, ...], **given: object) -> QualityRule:
    name = base.name or " ".join((base.sort.value, *fields))
    return msgspec.structs.replace(base, fields=fields, name=name, **given)


def _listed(base: QualityRule, data: object) -> list[QualityRule]:
    names = [data] if isinstance(data, str) else data
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise TypeError("name a field, or a list of fields")
    return [_with(base, (name,)) for name in names]


def _patterned(base: QualityRule, data: object) -> list[QualityRule]:
    made = [_with(base, (name,), pattern=str(text)) for name, text in _by_field(data).items()]
    for one in made:
        Pattern(one.pattern)
    return made


def _ranged(base: QualityRule, data: object) -> list[QualityRule]:
    made = []
    for name, span in _by_field(data).items():
        if not isinstance(span, list) or len(span) != 2:  # noqa: PLR2004  from and to
            raise TypeError("a range is [least, most]; null for no bound")
        least, most = ("" if one is None else str(one) for one in span)
        if any(one and measure(one) is None for one in (least, most)) or not (least or most):
            msg = f"[{least}, {most}] is no range of numbers or days"
            raise ValueError(msg)
        made.append(_with(base, (name,), least=least, most=most))
    return made


def _chosen(base: QualityRule, data: object) -> list[QualityRule]:
    made = []
    for name, values in _by_field(data).items():
        if not isinstance(values, list) or not values or not all(isinstance(one, str | int) for one in values):
            raise TypeError("list the values")
        made.append(_with(base, (name,), values=tuple(values)))
    return made


def _aged(base: QualityRule, data: object) -> list[QualityRule]:
    if isinstance(data, dict):
        return [_with(base, (name,), age=seconds(age)) for name, age in _by_field(data).items()]
    return [_with(base, (), age=seconds(data))]


def _compared(base: QualityRule, data: object) -> list[QualityRule]:
    found = _COMPARE.fullmatch(str(data))
    if found is None:
        msg = f"`{data}` does not compare two fields by one of {' '.join(ORDERS)}"
        raise ValueError(msg)
    left, order, right = found.groups()
    named_so = base.name or f"{left} {order} {right}"
    return [msgspec.structs.replace(base, fields=(left, right), order=order, name=named_so)]


_READERS: Mapping[RuleSort, Callable[[QualityRule, object], list[QualityRule]]] = {
    RuleSort.REQUIRED: _listed,
    RuleSort.UNIQUE: _listed,
    RuleSort.REFERENCE: _listed,
    RuleSort.EQUAL: _listed,
    RuleSort.PATTERN: _patterned,
    RuleSort.RANGE: _ranged,
    RuleSort.ONE_OF: _chosen,
    RuleSort.FRESHNESS: _aged,
    RuleSort.COMPARE: _compared,
}
