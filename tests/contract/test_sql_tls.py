"""The sql connector speaks to a database over TLS only where it trusts the certificate and the name in it."""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from syncline.env import RealEnv
from syncline.errors import SetupError
from syncline.testing.connector_steps import create, everything
from tests.contract.mariadb_server import mariadb_server
from tests.contract.sql_databases import Business, in_mariadb
from tests.contract.sql_kit import CUSTOMERS, opened


@dataclass(frozen=True, slots=True, kw_only=True)
class Authority:
    """Whoever signs certificates, and its own certificate as a file."""

    key: ec.EllipticCurvePrivateKey
    name: x509.Name
    file: Path

    def sign(self, folder: Path, host: str) -> tuple[Path, Path]:
        """Certificate and key of a server."""
        key = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([_general(host)])
        made = _certificate(key, x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)]), self.name)
        signed = made.add_extension(names, critical=False).sign(self.key, hashes.SHA256())
        cert, private = folder / "server.pem", folder / "server.key"
        cert.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
        private.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        for path in (cert, private):
            path.chmod(0o644)  # of a server that runs as another user
        return cert, private


def _general(host: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(host))
    except ValueError:
        return x509.DNSName(host)


def _certificate(key: ec.EllipticCurvePrivateKey, subject: x509.Name, issuer: x509.Name) -> x509.CertificateBuilder:
    now = RealEnv().now()
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
    )


def authority(folder: Path, name: str) -> Authority:
    key, said = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(
        digital_signature=True, key_cert_sign=True, crl_sign=True, content_commitment=False, key_encipherment=False,
        data_encipherment=False, key_agreement=False, encipher_only=False, decipher_only=False,
    )  # fmt: skip
    made = _certificate(key, said, said).add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    file = folder / f"{name}.pem"
    signed = made.add_extension(usage, critical=True).sign(key, hashes.SHA256())
    file.write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    return Authority(key=key, name=said, file=file)


@pytest.fixture(scope="module", params=["127.0.0.1", "other.example"])
def secured(request: pytest.FixtureRequest) -> Iterator[tuple[str, Business, Mapping[str, Path]]]:
    """A server with a certificate for a host, a database there, and the files of two authorities."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o755)
        ours, strange = authority(folder, "ours"), authority(folder, "strange")
        cert, key = ours.sign(folder, request.param)
        settings = (f"--ssl-cert={cert}", f"--ssl-key={key}", "--require-secure-transport=ON")
        with mariadb_server(*settings) as server, in_mariadb(server) as business:
            yield request.param, business, {"ours": ours.file, "strange": strange.file}


def over_tls(business: Business, tls: Mapping[str, object]) -> Business:
    return replace(business, options={**business.options, "tls": tls})


def test_a_certificate_of_an_authority_that_is_trusted_and_of_this_host_is_taken(secured) -> None:
    host, business, files = secured
    trusted = over_tls(business, {"mode": "verify", "ca_file": str(files["ours"])})
    with opened(trusted, {"customers": CUSTOMERS}) as connector:
        if host == "127.0.0.1":
            key = create(connector, "customers", {"name": "over TLS"}).key
            assert key in everything(connector, "customers")
        else:
            with pytest.raises(SetupError, match=r"(?i)certificate verify failed"):
                connector.check()


def test_a_certificate_of_a_stranger_is_refused(secured) -> None:
    _, business, files = secured
    for tls in ({"mode": "verify", "ca_file": str(files["strange"])}, {"mode": "verify"}):
        with (
            opened(over_tls(business, tls), {"customers": CUSTOMERS}) as connector,
            pytest.raises(SetupError, match=r"(?i)certificate verify failed"),
        ):
            connector.check()
