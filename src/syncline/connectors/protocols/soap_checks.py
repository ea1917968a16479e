"""Reading the options of a SOAP service, with everything that can be wrong without its description told at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from zoneinfo import ZoneInfo

from syncline.connectors.protocols.auth import NEEDS
from syncline.connectors.protocols.egress import origin_of
from syncline.connectors.protocols.options import read_options
from syncline.connectors.protocols.promises import promise_problems
from syncline.connectors.protocols.soap_options import Paging, Resource, SoapOptions, Writing
from syncline.errors import OptionProblem, OptionsError

#: What each kind of paging needs.
_NEEDS = {"offset": ("to",), "page": ("to",), "cursor": ("to", "next"), "keyset": ("to",), "none": ()}

_Problem = tuple[str, str, str]


def is_address(wsdl: str) -> bool:
    """Is the description fetched, and no file?"""
    return wsdl.startswith(("http://", "https://"))


def read_soap_options(system: str, given: Mapping[str, object]) -> SoapOptions:
    """The options of a system, checked completely; OptionsError with all problems at once."""
    path = f"systems.{system}"
    plain = {name: value for name, value in given.items() if name != "connector"}
    options = read_options(SoapOptions, plain, path)
    problems = [OptionProblem(f"{path}.{at}", f"{path}.{at} {what}", cure) for at, what, cure in _problems(options)]
    if problems:
        raise OptionsError(problems)
    return options


def _problems(options: SoapOptions) -> Iterator[_Problem]:
    yield from _address_problems(options)
    for field in NEEDS[options.auth.type]:
        if not getattr(options.auth, field):
            yield f"auth.{field}", f"is missing: auth of type {options.auth.type} needs it.", "Add it."
    if options.concurrency < 1:
        yield "concurrency", "must be at least 1.", "Correct it."
    if options.zone and not _is_zone(options.zone):
        yield "zone", f"is {options.zone!r}, which is no known time zone.", "Write it like Europe/Berlin."
    if not options.resources:
        yield "resources", "is empty: name at least one.", "Name one."
    yield from promise_problems("contract", options.contract)
    for name, resource in options.resources.items():
        for at, what, cure in _resource_problems(resource):
            yield f"resources.{name}.{at}", what, cure


def _address_problems(options: SoapOptions) -> Iterator[_Problem]:
    for field, address in (("wsdl", options.wsdl if is_address(options.wsdl) else ""), ("url", options.url)):
        try:
            if address:
                origin_of(address)
        except ValueError as error:
            yield field, f"is no usable address: {error}.", "Write it like https://erp.example.com/orders."
    if not options.wsdl:
        yield "wsdl", "is empty.", "Name the address of the description, or a file."
    elif not is_address(options.wsdl) and not options.url:
        yield "url", "is missing: a description in a file does not decide where the hub connects to.", "Add it."


def _is_zone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # what no zone has, and what is no name at all
        return False
    return True


def _resource_problems(resource: Resource) -> Iterator[_Problem]:
    yield from _paging_problems(resource.paging)
    if resource.get and resource.get.size < 1:
        yield "get.size", "must be at least 1.", "Correct it."
    if resource.marker and resource.marker.unique and resource.marker.search is None:
        yield "marker.search", "is missing: what a duplicate is can only be seen by it.", "Add it."
    for verb in ("create", "update", "delete", "archive"):
        write: Writing | None = getattr(resource.write, verb)
        if write is not None:
            for at, what, cure in _write_problems(verb, write):
                yield f"write.{verb}.{at}", what, cure
    yield from promise_problems("contract", resource.contract)


def _paging_problems(paging: Paging) -> Iterator[_Problem]:
    for field in _NEEDS[paging.type]:
        if not getattr(paging, field):
            yield f"paging.{field}", f"is missing: paging of type {paging.type} needs it.", "Add it."
    if paging.size < 1:
        yield "paging.size", "must be at least 1.", "Correct it."
    if paging.type == "none" and (paging.to or paging.size_to):
        yield "paging.type", "is none, and places for pages are named.", "Say of which type it is."


def _write_problems(verb: str, write: Writing) -> Iterator[_Problem]:
    if verb != "create" and not write.key:
        yield "key", "is missing: the operation must be told which record it is.", "Name its place."
    if verb == "create" and not (write.record or write.shown):
        yield "shown", "is missing: nothing tells the key of a new record.", "Set record or shown."
    if (write.code or write.message) and write.done is None:
        yield "done", "is missing: code and message are looked at where an answer does not say done.", "Add it."
