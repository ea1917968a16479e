"""Reading the options of a JSON-RPC service, with every problem of its calls told at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from syncline.connectors.protocols.auth import NEEDS
from syncline.connectors.protocols.jsonrpc_options import JsonRpcOptions, Operation, Resource, Writing
from syncline.connectors.protocols.jsonrpc_params import named
from syncline.connectors.protocols.options import read_options
from syncline.connectors.protocols.promises import promise_problems
from syncline.errors import OptionProblem, OptionsError

_Problem = tuple[str, str, str]
#: Verb -> the values that its params may ask for, and those that they must.
_WRITES = {
    "create": ({"fields", "token"}, {"fields"}),
    "update": ({"fields", "key", "version"}, {"fields", "key"}),
    "delete": ({"key", "version"}, {"key"}),
    "archive": ({"fields", "key", "version"}, {"key"}),
}
_PAGES = {"offset": {"size", "offset"}, "cursor": {"size", "cursor"}, "none": set[str]()}


def read_jsonrpc_options(system: str, given: Mapping[str, object]) -> JsonRpcOptions:
    """The options of a system, checked completely; OptionsError with all problems at once."""
    path = f"systems.{system}"
    plain = {name: value for name, value in given.items() if name != "connector"}
    options = read_options(JsonRpcOptions, plain, path)
    problems = [OptionProblem(f"{path}.{at}", f"{path}.{at} {what}", cure) for at, what, cure in _problems(options)]
    if problems:
        raise OptionsError(problems)
    return options


def _problems(options: JsonRpcOptions) -> Iterator[_Problem]:
    for field in NEEDS[options.auth.type]:
        if not getattr(options.auth, field):
            yield f"auth.{field}", f"is missing: auth of type {options.auth.type} needs it.", "Add it."
    if options.version == "1.0" and options.batch > 1:
        yield "batch", "is more than 1, and JSON-RPC 1.0 knows no batches.", "Leave it out, or set version to 2.0."
    if not options.resources:
        yield "resources", "is empty: name at least one.", "Name one."
    sizes = {"concurrency": options.concurrency, "batch": options.batch}
    sizes |= {f"resources.{name}.paging.size": one.paging.size for name, one in options.resources.items()}
    yield from ((at, "must be at least 1.", "Correct it.") for at, size in sizes.items() if size < 1)
    yield from promise_problems("contract", options.contract)
    for name, resource in options.resources.items():
        for at, what, cure in (*_read_problems(resource), *_search_problems(resource), *_write_problems(resource)):
            yield f"resources.{name}.{at}", what, cure


def _read_problems(resource: Resource) -> Iterator[_Problem]:
    paging, since = resource.paging, resource.since
    pages = _PAGES[paging.type]
    if paging.type == "cursor" and not paging.next:
        yield "paging.next", "is missing: say where the result shows the next cursor.", "Add it."
    yield from _operation_problems("list", resource.list, pages, needed=pages - {"size"})
    if since and since.list:
        known = pages | {"since"}
        yield from _operation_problems("since.list", since.list, known, needed=known - {"size"})
    if resource.get:
        known = {"keys"} if "keys" in named(resource.get.params) else {"key"}
        yield from _operation_problems("get", resource.get, known, needed=known)
    yield from promise_problems("contract", resource.contract)


def _search_problems(resource: Resource) -> Iterator[_Problem]:
    searches = {f"search.{name}": one for name, one in resource.search.items()}
    if resource.marker and resource.marker.search:
        searches["marker.search"] = resource.marker.search
    for at, search in searches.items():
        yield from _operation_problems(at, search, {"value"}, needed={"value"})


def _write_problems(resource: Resource) -> Iterator[_Problem]:
    for verb, (known, needed) in _WRITES.items():
        write: Writing | None = getattr(resource.write, verb)
        if write is not None:
            yield from _operation_problems(f"write.{verb}", write, known, needed=needed)
    create = resource.write.create
    if create is not None and create.key is None and create.record is None:
        yield "write.create", "says nowhere which record it made.", "Set key or record."


def _operation_problems(at: str, operation: Operation, known: set[str], *, needed: set[str]) -> Iterator[_Problem]:
    asked = set(named(operation.params))
    if not isinstance(operation.params, list | tuple | Mapping):
        yield f"{at}.params", "must be a list or a mapping.", "Correct it."
    for name in sorted(asked - known):
        names = ", ".join(f"${one}" for one in sorted(known)) or "none"
        yield f"{at}.params", f"asks for ${name}, which is not known here.", f"Known: {names}. Plain text: $${name}."
    for name in sorted(needed - asked):
        yield f"{at}.params", f"does not say where ${name} goes.", "Add it."
