"""Where the hub may connect to: the origins that were configured, and no address that serves machines about themselves.

Business systems are often private, so the policy is an allow-list of origins, not a deny-list of private networks. Some
addresses no system has: link-local ones (where clouds keep credentials), multicast, reserved and unspecified ones.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

import msgspec

from syncline.errors import SetupError

_PORTS = {"http": 80, "https": 443}
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_METADATA = frozenset({ipaddress.ip_address("fd00:ec2::254"), ipaddress.ip_address("100.100.100.200")})
_IPV4_BITS = 0xFFFF_FFFF

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """Scheme, host and port: who is meant by a URL."""

    scheme: str
    host: str
    port: int

    def __str__(self) -> str:
        """As a person writes it: without the usual port."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}" + ("" if self.port == _PORTS[self.scheme] else f":{self.port}")


def origin_of(url: str) -> Origin:
    """The origin of an absolute URL.

    Raises:
        ValueError: It is no http(s) URL, names no host, or carries a user or password.

    >>> str(origin_of("https://erp.example:443/api"))
    'https://erp.example'
    """
    parts = urlsplit(url)
    if parts.scheme not in _PORTS or not parts.hostname:
        raise ValueError("it must begin with http:// or https:// and name a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("it must not carry a user or a password")
    return Origin(scheme=parts.scheme, host=parts.hostname, port=parts.port or _PORTS[parts.scheme])


def is_forbidden(address: str) -> bool:
    """Is this an address that no business system has? IPv4 in IPv6 clothes is looked through.

    >>> is_forbidden("169.254.169.254"), is_forbidden("::ffff:169.254.169.254"), is_forbidden("10.0.0.7")
    (True, True, False)
    """
    bare = _undressed(ipaddress.ip_address(address.partition("%")[0]))
    if bare.is_loopback:
        return False
    return bare.is_link_local or bare.is_multicast or bare.is_unspecified or bare.is_reserved or bare in _METADATA


def _undressed(address: Address) -> Address:
    if not isinstance(address, ipaddress.IPv6Address):
        return address
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & _IPV4_BITS)
    return address.ipv4_mapped or address.sixtofour or address


def check_host(origin: Origin, system: str) -> None:
    """Refuse an origin that is written as a forbidden address."""
    try:
        forbidden = is_forbidden(origin.host)
    except ValueError:  # a name: its addresses are checked when it is resolved
        return
    if forbidden:
        msg = f"System {system} must not be at {origin}: this address belongs to the machine or network itself."
        raise SetupError(
            msg,
            cure=f"Set systems.{system}.url to the address of the application.",
        )
