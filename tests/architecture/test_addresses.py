"""The repository is at home anywhere: no file names a package registry or the address of somebody's machine."""

import ipaddress
import re
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT, files

#: Spelled apart, or this page would name them itself.
REGISTRIES = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("registry", "npmjs", "org"),
        ("deb", "debian", "org"),
        ("static", "crates", "io"),
        ("proxy", "golang", "org"),
        ("repo", "maven", "apache", "org"),
    )
]
SOCKET = re.compile(r"(?<![\w.])((?:\d{1,3}\.){3}\d{1,3}):\d{2,5}\b")
#: Addresses that are nobody's: any interface, and the ranges kept for documentation.
NOBODY = [ipaddress.ip_network(net) for net in ("0.0.0.0/32", "192.0.2.0/24", "198.51.100.0/24", "203.0.113.0/24")]


def written_text() -> list[tuple[Path, str]]:
    told = []
    for path in files(ROOT, "*"):
        try:
            told.append((path.relative_to(ROOT), path.read_text()))
        except UnicodeDecodeError:
            continue  # a picture, a font
    return told


def is_at_home(address: str) -> bool:
    try:
        number = ipaddress.ip_address(address)
    except ValueError:
        return True  # a version number, a time
    return number.is_loopback or any(number in net for net in NOBODY)


@pytest.fixture(scope="module")
def text() -> list[tuple[Path, str]]:
    return written_text()


def test_no_file_names_a_package_registry(text: list[tuple[Path, str]]):
    assert [f"{path}: {host}" for path, content in text for host in REGISTRIES if host in content] == []


def test_no_file_names_a_socket_of_somebodys_machine(text: list[tuple[Path, str]]):
    told = [f"{path}: {address}" for path, content in text for address in SOCKET.findall(content)]

    assert [line for line in told if not is_at_home(line.rsplit(" ", 1)[1])] == []
