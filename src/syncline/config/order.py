"""Parents first: the order of flows by what their entities refer to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from syncline.model.flow import Flow


def order_flows(flows: Sequence[Flow]) -> tuple[Flow, ...]:
    """The flows, each behind those that it refers to; among equals the given order.

    Where references go in a circle, it is broken at a nullable one: its flow comes before the one that it refers to,
    and the reference is written once both are there. References of lines do not hold up a circle.
    """
    required = {flow.entity: _parents(flow, required_only=True) for flow in flows}
    every = {flow.entity: _parents(flow, required_only=False) for flow in flows}
    waiting = list(flows)
    ordered: list[Flow] = []
    while waiting:
        left = {flow.entity for flow in waiting}
        ready = _first_ready(waiting, every, left) or _first_ready(waiting, required, left) or waiting[0]
        waiting.remove(ready)
        ordered.append(ready)
    return tuple(ordered)


def required_circle(flows: Sequence[Flow]) -> tuple[str, ...]:
    """Entity types whose required references go in a circle, so that none could be created first; () when none do."""
    required = {flow.entity: _parents(flow, required_only=True) for flow in flows}
    own = tuple(flow.entity for flow in flows if _requires_itself(flow))
    if own:
        return own[:1]
    left = set(required)
    while ready := {entity for entity in left if not required[entity] & left}:
        left -= ready
    return _circle_among(left, required)


def circles(flows: Sequence[Flow]) -> dict[str, frozenset[str]]:
    """Entity type -> the types, itself among them, that it refers to and that refer back to it, however far around."""
    parents = {
        flow.entity: {one.reference for one in flow.fields if one.reference} | {to for _, _, to in flow.line_references}
        for flow in flows
    }
    reach = {entity: _reached(entity, parents) for entity in parents}
    return {entity: frozenset(to for to in reach[entity] if entity in reach.get(to, ())) for entity in reach}


def _reached(entity: str, parents: Mapping[str, set[str]]) -> set[str]:
    found: set[str] = set()
    left = {entity}
    while left := {to for one in left for to in parents.get(one, ())} - found:
        found |= left
    return found


def _circle_among(left: set[str], required: Mapping[str, set[str]]) -> tuple[str, ...]:
    """Follow required references until one comes back; each of `left` has one that leads on."""
    if not left:
        return ()
    path = [min(left)]
    while (following := min(required[path[-1]] & left)) not in path:
        path.append(following)
    return tuple(path[path.index(following) :])


def _parents(flow: Flow, *, required_only: bool) -> set[str]:
    parents = {field.reference for field in flow.fields if field.reference and not (required_only and field.nullable)}
    if not required_only:
        parents |= {entity for _, _, entity in flow.line_references}
    return parents - {flow.entity}


def _requires_itself(flow: Flow) -> bool:
    return any(field.reference == flow.entity and not field.nullable for field in flow.fields)


def _first_ready(waiting: Sequence[Flow], parents: Mapping[str, set[str]], left: set[str]) -> Flow | None:
    return next((flow for flow in waiting if not parents[flow.entity] & left), None)
