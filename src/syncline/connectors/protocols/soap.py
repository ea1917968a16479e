"""The soap connector: any SOAP service, described by its WSDL, its operations chosen in configuration."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from syncline.connectors.protocols.soap_checks import read_soap_options
from syncline.connectors.protocols.soap_options import SoapOptions
from syncline.connectors.spec import Spec
from syncline.env import Env
from syncline.errors import SetupError
from syncline.ports.connector import Connector


def open_soap(system: str, options: Mapping[str, object], env: Env) -> Connector:
    """A connector to the service that the options describe; SetupError with all their problems. Nothing is sent yet."""
    chosen = read_soap_options(system, options)
    if find_spec("zeep") is None:
        msg = f"System {system} needs zeep, which is not installed."
        raise SetupError(msg, cure="Install it: pip install 'syncline[soap]'.")
    from syncline.connectors.protocols.soap_connector import SoapConnector  # noqa: PLC0415  its extra may be missing

    return SoapConnector(system, chosen, env)


SPEC = Spec(
    name="soap",
    summary="Any SOAP service, described by its WSDL, its operations chosen in configuration.",
    settings=SoapOptions,
    open=open_soap,
)
