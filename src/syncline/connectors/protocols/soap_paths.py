"""Does the configuration fit the description? Every place that it names is looked for, and what is missing is told."""

from __future__ import annotations

from collections.abc import Iterator

from syncline.connectors.protocols.paths import steps_of
from syncline.connectors.protocols.soap_description import Described, Description
from syncline.connectors.protocols.soap_layout import Layout, Part, at, inside, is_list, row_of
from syncline.connectors.protocols.soap_options import Listed, Operation, Resource, Searching, SoapOptions, Writing
from syncline.errors import SetupError


def check_paths(system: str, options: SoapOptions, description: Description) -> None:
    """Look for every operation and every place; SetupError with all that is not there."""
    problems = [
        f"resources.{name}.{problem}"
        for name, resource in options.resources.items()
        for problem in _resource_problems(resource, description)
    ]
    if problems:
        msg = f"systems.{system} does not fit its description: {'; '.join(problems)}."
        raise SetupError(msg, cure="Correct the names; `wsdl` says which there are.")


def _resource_problems(resource: Resource, description: Description) -> Iterator[str]:
    paging, since = resource.paging, resource.since
    listed = _Checked("list", resource.list, description)
    yield from listed.problems
    yield from listed.takes(
        ("paging.to", paging.to),
        ("paging.size_to", paging.size_to),
        ("since.to", since.to if since else ""),
        *(("since.constants", path) for path in (since.constants if since else {})),
    )
    yield from listed.answers(
        ("paging.next", paging.next), ("paging.more", paging.more), ("paging.total", paging.total)
    )
    row = listed.row(resource.list.rows)
    if isinstance(row, str):
        yield row
    else:
        yield from _field_problems(resource, row)
    if resource.get:
        get = _Checked("get", resource.get, description)
        yield from [*get.problems, *get.takes(("get.key", resource.get.key))]
        found = get.row(resource.get.record) if resource.get.many else None
        yield from [found] if isinstance(found, str) else []
        yield from [] if resource.get.many else get.answers(("get.record", resource.get.record))
    searches = {f"search.{field}": one for field, one in resource.search.items()}
    if resource.marker and resource.marker.search:
        searches["marker.search"] = resource.marker.search
    for name, search in searches.items():
        yield from _search_problems(name, search, description)
    for verb in ("create", "update", "delete", "archive"):
        write: Writing | None = getattr(resource.write, verb)
        if write is not None:
            yield from _write_problems(f"write.{verb}", write, description)


def _field_problems(resource: Resource, row: Layout | None) -> Iterator[str]:
    if row is None:
        return
    named = {
        "key": resource.key,
        "since.field": resource.since.field if resource.since else "",
        "version.field": resource.version.field if resource.version else "",
        "marker.field": resource.marker.field if resource.marker else "",
        "tombstones.field": resource.tombstones.field if resource.tombstones else "",
        **{f"search.{field}": field for field in resource.search},
    }
    for name, path in named.items():
        if path and at(row, steps_of(path)) is None:
            yield f"{name}: a record has no {path} (it has {', '.join(row.kinds())})"


def _search_problems(name: str, search: Searching, description: Description) -> Iterator[str]:
    checked = _Checked(name, search, description)
    row = checked.row(search.rows)
    yield from [*checked.problems, *checked.takes((f"{name}.value", search.value))]
    yield from [row] if isinstance(row, str) else []


def _write_problems(name: str, write: Writing, description: Description) -> Iterator[str]:
    checked = _Checked(name, write, description)
    yield from checked.problems
    yield from checked.takes(*((f"{name}.{one}", getattr(write, one)) for one in ("fields", "key", "version", "token")))
    yield from checked.answers(
        (f"{name}.done", write.done.field if write.done else ""),
        *((f"{name}.{one}", getattr(write, one)) for one in ("record", "shown", "code", "message")),
    )


class _Checked:
    """One configured operation beside what the description says of it."""

    def __init__(self, name: str, operation: Operation | Listed, description: Description) -> None:
        self._name = name
        self.problems: list[str] = []
        self._described: Described | None = None
        if operation.operation in description.names:
            self._described = description.operation(operation.operation)
            self.problems += self.takes(*((f"{name}.constants", path) for path in operation.constants))
        else:
            known = ", ".join(description.names)
            self.problems.append(f"{name}.operation: there is no {operation.operation} (there is {known})")

    def takes(self, *places: tuple[str, str]) -> list[str]:
        """What is wrong with places in the request."""
        found = self._described.input if self._described else None
        return self._missing(found.layout if found else Layout(), places, "the request", numbered=True)

    def answers(self, *places: tuple[str, str]) -> list[str]:
        """What is wrong with places in the answer."""
        found = self._described.output if self._described else None
        return self._missing(found.layout if found else Layout(), places, "the answer")

    def row(self, path: str) -> Layout | str | None:
        """What one of several in the answer looks like; what is wrong where they are no list."""
        output = self._described.output if self._described else None
        if self._described is None:
            return None
        found: Part | Layout | None = at(output.layout, steps_of(path)) if output else None
        if found is None:
            return f"{self._name}: the answer has no {path or 'list'}{_known(output.layout if output else Layout())}"
        row = row_of(found)
        return f"{self._name}: {path or 'the answer'} is no list" if row is None else row

    def _missing(
        self, layout: Layout, places: tuple[tuple[str, str], ...], where: str, *, numbered: bool = False
    ) -> list[str]:
        if self._described is None:
            return []
        return [
            f"{name}: {where} has no {path}{_known(layout)}"
            for name, path in places
            if path and at(layout, steps_of(path), numbered=numbered) is None
        ]


def _known(layout: Layout) -> str:
    names = [f"{name} (a list)" if is_list(part) else name for name, part in inside(layout).parts.items()]
    return f" (it has {', '.join(names)})" if names else ""
