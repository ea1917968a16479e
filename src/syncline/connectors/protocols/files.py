"""The files connector: CSV, JSON lines and Excel in a folder that another program writes or reads."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec

from syncline.connectors.protocols.files_connector import FilesConnector
from syncline.connectors.protocols.files_options import FilesOptions, read_files_options
from syncline.connectors.spec import Spec
from syncline.env import Env
from syncline.errors import SetupError
from syncline.ports.connector import Connector


def open_files(system: str, options: Mapping[str, object], env: Env) -> Connector:
    """A connector to the folder that the options describe; SetupError with all their problems. Nothing is read yet."""
    chosen = read_files_options(system, options)
    if any(one.format == "excel" for one in chosen.resources.values()) and find_spec("openpyxl") is None:
        msg = f"System {system} needs openpyxl for Excel, which is not installed."
        raise SetupError(msg, cure="Install it: pip install 'syncline[files]'.")
    return FilesConnector(system, chosen, env)


SPEC = Spec(
    name="files",
    summary="CSV, JSON lines and Excel in a local folder, each file read once and whole, or written at once.",
    settings=FilesOptions,
    open=open_files,
)
