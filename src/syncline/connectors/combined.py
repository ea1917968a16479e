"""One application with several interfaces, such as an ERP whose documents speak SOAP and whose master data speak REST.

To the hub it is one system: a document that names a customer uses the key that the customer has in the other interface.
Each resource is read and written by the interface that has it; nothing is done here but to choose.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import msgspec

from syncline.connectors import find
from syncline.connectors.protocols.options import configured, read_options
from syncline.connectors.spec import Spec
from syncline.env import Env
from syncline.errors import OptionProblem, OptionsError, SetupError
from syncline.model.contract import Contract
from syncline.model.page import Batch, Cursor, Gone, Page, Receipt, Record
from syncline.ports.connector import Connector


class CombinedOptions(msgspec.Struct, frozen=True, kw_only=True):
    """An application that is reached in more than one way."""

    interfaces: Mapping[str, Mapping[str, object]]  #: each with its connector and the options of that connector


class CombinedConnector:
    """One application; each resource belongs to one of its interfaces."""

    def __init__(self, system: str, interfaces: Mapping[str, Connector], resources: Mapping[str, str]) -> None:
        self._system = system
        self._interfaces = interfaces
        self._owners = {resource: interfaces[name] for resource, name in resources.items()}

    def __repr__(self) -> str:
        """System and interfaces."""
        return f"CombinedConnector({self._system}: {', '.join(map(repr, self._interfaces.values()))})"

    def contract(self, resource: str) -> Contract:
        """What the interface of `resource` promises."""
        return self._of(resource).contract(resource)

    def check(self) -> str:
        """Reach the application by every interface; what each says of itself."""
        return " ".join(one.check() for one in self._interfaces.values())

    def schema(self, resource: str) -> Mapping[str, str]:
        """Field -> type, where the interface describes them."""
        return self._of(resource).schema(resource)

    def list(self, resource: str, since: Cursor | None) -> Iterator[Page]:
        """Pages of records changed at or after `since` less the overlap; every record when None."""
        return self._of(resource).list(resource, since)

    def get(self, resource: str, keys: Sequence[str]) -> Sequence[Record | Gone]:
        """These records now, in the order of `keys`."""
        return self._of(resource).get(resource, keys)

    def search(self, resource: str, field: str, value: str) -> Sequence[Record]:
        """Records whose field equals `value`; field "" is the marker."""
        return self._of(resource).search(resource, field, value)

    def markers(self, resource: str, raws: Sequence[bytes]) -> Sequence[str]:
        """The hub's marker in each record."""
        return self._of(resource).markers(resource, raws)

    def write(self, batch: Batch) -> Sequence[Receipt]:
        """Try the batch once."""
        return self._of(batch.resource).write(batch)

    def close(self) -> None:
        """Let connections go."""
        for one in self._interfaces.values():
            one.close()

    def _of(self, resource: str) -> Connector:
        return configured(self._system, self._owners, resource)


def open_combined(system: str, options: Mapping[str, object], env: Env) -> CombinedConnector:
    """A connector to every interface; SetupError with all problems of all of them. Nothing is sent yet."""
    path = f"systems.{system}"
    given = {name: value for name, value in options.items() if name != "connector"}
    described = read_options(CombinedOptions, given, path).interfaces
    problems: list[OptionProblem] = []
    resources: dict[str, str] = {}
    opened: dict[str, Connector] = {}
    if not described:
        problems.append(OptionProblem(f"{path}.interfaces", f"{path}.interfaces is empty: name at least one."))
    for name, interface in described.items():
        own = f"{path}.interfaces.{name}"
        try:
            opened[name] = _opened(f"{system}.interfaces.{name}", interface, env)
        except OptionsError as error:
            problems += error.problems
        except SetupError as error:
            problems.append(OptionProblem(own, error.what, error.cure))
        problems += _placed(own, name, interface, resources)
    if problems:
        for one in opened.values():
            one.close()
        raise OptionsError(problems)
    return CombinedConnector(system, opened, resources)


def _opened(name: str, interface: Mapping[str, object], env: Env) -> Connector:
    kind = interface.get("connector")
    if not isinstance(kind, str) or kind == SPEC.name:
        what = f"systems.{name}.connector must name the connector of this interface."
        raise OptionsError([OptionProblem(f"systems.{name}.connector", what, "Write rest, soap, odata, ...")])
    options = {option: value for option, value in interface.items() if option != "connector"}
    return find(kind).open(name, options, env)


def _placed(
    path: str, name: str, interface: Mapping[str, object], resources: dict[str, str]
) -> Iterator[OptionProblem]:
    """Note which resources an interface has; those that another one has already are problems."""
    named = interface.get("resources")
    for resource in named if isinstance(named, Mapping) else ():
        if resource in resources:
            where = f"{path}.resources.{resource}"
            what = f"{where} is a resource of the interface {resources[resource]} already."
            yield OptionProblem(where, what, "Give one of them another name, or take it out.")
        resources.setdefault(str(resource), name)


SPEC = Spec(
    name="combined",
    summary="One application that is reached by several interfaces, each with a connector of its own.",
    settings=CombinedOptions,
    open=open_combined,
)
