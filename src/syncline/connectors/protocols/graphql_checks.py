"""Reading the options of a GraphQL API, with every problem of its operations told at once."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from syncline.connectors.protocols.auth import NEEDS, AuthOptions
from syncline.connectors.protocols.graphql_options import GraphQLOptions, Login, Operation, Resource, Writing
from syncline.connectors.protocols.options import read_options
from syncline.connectors.protocols.promises import promise_problems
from syncline.errors import OptionProblem, OptionsError

_VARIABLE = re.compile(r"\$(\w+)")


def read_graphql_options(system: str, given: Mapping[str, object]) -> GraphQLOptions:
    """The options of a system, checked completely; OptionsError with all problems at once."""
    path = f"systems.{system}"
    plain = {name: value for name, value in given.items() if name != "connector"}
    options = read_options(GraphQLOptions, plain, path)
    problems = [OptionProblem(f"{path}.{at}", f"{path}.{at} {what}", cure) for at, what, cure in _problems(options)]
    if problems:
        raise OptionsError(problems)
    return options


_Problem = tuple[str, str, str]


def _problems(options: GraphQLOptions) -> Iterator[_Problem]:
    for field in NEEDS[options.auth.type]:
        if not getattr(options.auth, field):
            yield f"auth.{field}", f"is missing: auth of type {options.auth.type} needs it.", "Add it."
    if options.concurrency < 1:
        yield "concurrency", "must be at least 1.", "Correct it."
    if not options.resources:
        yield "resources", "is empty: name at least one.", "Name one."
    if options.login:
        yield from _login_problems(options.login, options.auth)
    yield from promise_problems("contract", options.contract)
    for name, resource in options.resources.items():
        for at, what, cure in _resource_problems(resource):
            yield f"resources.{name}.{at}", what, cure


def _login_problems(login: Login, auth: AuthOptions) -> Iterator[_Problem]:
    if auth.type != "none":
        yield "login", f"and auth of type {auth.type} do not go together.", "Keep one of them."
    if bool(login.header) == bool(login.token):
        yield "login", "needs header or token, and not both.", "Say where the token is."
    yield from _operation_problems("login.operation", login.operation, frozenset(login.operation.constants))


def _resource_problems(resource: Resource) -> Iterator[_Problem]:
    if not resource.fields.strip():
        yield "fields", "is empty: say what is asked of a record.", "Name its fields."
    paging, since = resource.paging, resource.since
    given = {*resource.list.constants, *([since.variable] if since else [])}
    if paging.type != "none":
        given |= {paging.size_variable, paging.variable}
    yield from _operation_problems("list", resource.list, given)
    sizes = {"paging": paging.size, "get": resource.get.size if resource.get else 1}
    sizes["batch"] = resource.batch.size if resource.batch else 1
    for at, size in sizes.items():
        if size < 1:
            yield f"{at}.size", "must be at least 1.", "Correct it."
    if resource.get:
        yield from _operation_problems("get", resource.get, {resource.get.key, *resource.get.constants})
    yield from _search_problems(resource)
    yield from _write_problems(resource)
    yield from promise_problems("contract", resource.contract)


def _search_problems(resource: Resource) -> Iterator[_Problem]:
    searches = {f"search.{name}": one for name, one in resource.search.items()}
    if resource.marker and resource.marker.search:
        searches["marker.search"] = resource.marker.search
    for at, search in searches.items():
        yield from _operation_problems(at, search, {"value", *search.constants})


def _write_problems(resource: Resource) -> Iterator[_Problem]:
    for verb in ("create", "update", "delete", "archive"):
        write: Writing | None = getattr(resource.write, verb)
        if write is None:
            continue
        named = {write.input, write.key, write.version, write.token} - {""}
        free = set(write.variables) if not write.input else set()
        yield from _operation_problems(f"write.{verb}", write, named | free | set(write.constants))
        if verb != "create" and not (write.key or write.key_field):
            yield f"write.{verb}", "says nowhere which record it is.", "Set key or key_field."
        if write.many and not write.input:
            yield f"write.{verb}.many", "needs input, the variable that takes the list.", "Set input."


def _operation_problems(at: str, operation: Operation, given: frozenset[str] | set[str]) -> Iterator[_Problem]:
    used = set(_VARIABLE.findall(operation.field + operation.select))
    for name in sorted(used - set(operation.variables)):
        yield f"{at}.variables.{name}", "is missing: its GraphQL type is not told.", "Add it, such as ID!."
    for name in sorted(set(operation.variables) - used):
        yield f"{at}.variables.{name}", "is used nowhere.", "Use it in field or select, or leave it out."
    for name in sorted(used & set(operation.variables) - given):
        if operation.variables[name].endswith("!"):
            yield f"{at}.variables.{name}", "gets no value.", "Name it where its value comes from."
