"""Descriptions and answers of SOAP services that spyne would not write: other styles, and what a hostile one sends."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from syncline.connectors.protocols.soap import open_soap
from syncline.env import RealEnv
from syncline.ports.connector import Connector
from tests.contract.canned_server import Asked, Canned, Script, answer, canned

SPACE = "urn:example:shop"
ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
XML = {"Content_Type": "text/xml; charset=utf-8"}
ITEM = """
<xs:complexType name="Price"><xs:simpleContent><xs:extension base="xs:decimal">
  <xs:attribute name="currency" type="xs:string"/></xs:extension></xs:simpleContent></xs:complexType>
<xs:complexType name="Item"><xs:sequence>
  <xs:element name="id" type="xs:string"/><xs:element name="name" type="xs:string" nillable="true" minOccurs="0"/>
  <xs:element name="note" type="xs:string" minOccurs="0"/><xs:element name="count" type="xs:int" minOccurs="0"/>
  <xs:element name="at" type="xs:dateTime" minOccurs="0"/><xs:element name="day" type="xs:date" minOccurs="0"/>
  <xs:element name="price" type="t:Price" minOccurs="0"/>
  <xs:element name="tag" type="xs:string" minOccurs="0" maxOccurs="unbounded"/>
</xs:sequence></xs:complexType>
<xs:complexType name="Special"><xs:complexContent><xs:extension base="t:Item"><xs:sequence>
  <xs:element name="extra" type="xs:boolean"/></xs:sequence></xs:extension></xs:complexContent></xs:complexType>
"""
ELEMENTS = """
<xs:element name="List"><xs:complexType><xs:sequence>
  <xs:element name="after" type="xs:string" minOccurs="0"/><xs:element name="since" type="xs:dateTime" minOccurs="0"/>
</xs:sequence></xs:complexType></xs:element>
<xs:element name="ListResponse"><xs:complexType><xs:sequence>
  <xs:element name="item" type="t:Item" minOccurs="0" maxOccurs="unbounded"/>
  <xs:element name="next" type="xs:string" minOccurs="0"/><xs:element name="total" type="xs:int" minOccurs="0"/>
</xs:sequence></xs:complexType></xs:element>
<xs:element name="Put"><xs:complexType><xs:sequence><xs:element name="item" type="t:Item"/>
</xs:sequence></xs:complexType></xs:element>
<xs:element name="PutResponse"><xs:complexType><xs:sequence><xs:element name="id" type="xs:string" minOccurs="0"/>
  <xs:element name="status" type="xs:string" minOccurs="0"/><xs:element name="text" type="xs:string" minOccurs="0"/>
</xs:sequence></xs:complexType></xs:element>
<xs:element name="Session" type="xs:string"/>
"""
#: Operation -> how its parts are told, in document style and in rpc style.
_DOCUMENT = "".join(
    f'<message name="{name}In"><part name="p" element="t:{name}"/></message>'
    f'<message name="{name}Out"><part name="p" element="t:{name}Response"/></message>'
    for name in ("List", "Put")
)
_RPC = """
<message name="ListIn"><part name="after" type="xs:string"/></message>
<message name="ListOut"><part name="items" type="t:Items"/></message>
<message name="PutIn"><part name="item" type="t:Item"/></message>
<message name="PutOut"><part name="id" type="xs:string"/></message>
"""
_ITEMS = """<xs:complexType name="Items"><xs:sequence>
<xs:element name="item" type="t:Item" minOccurs="0" maxOccurs="unbounded"/></xs:sequence></xs:complexType>"""


def description(
    address: str, *, style: str = "document", use: str = "literal", before: str = "", inside: str = ""
) -> bytes:
    """A WSDL with two operations; `before` stands at its beginning, `inside` among its types."""
    elements = ELEMENTS if style == "document" else _ITEMS
    body = f'<s:body use="{use}" namespace="{SPACE}"/>' if style == "rpc" else f'<s:body use="{use}"/>'
    header = '<s:header message="t:Head" part="session" use="literal"/>' if style == "document" else ""
    head = '<message name="Head"><part name="session" element="t:Session"/></message>' if style == "document" else ""
    ports = "".join(
        f'<operation name="{name}"><input message="t:{name}In"/><output message="t:{name}Out"/></operation>'
        for name in ("List", "Put")
    )
    bound = "".join(
        f'<operation name="{name}"><s:operation soapAction="urn:{name}"/><input>{header}{body}</input>'
        f"<output>{body}</output></operation>"
        for name in ("List", "Put")
    )
    return f"""{before}<definitions xmlns="http://schemas.xmlsoap.org/wsdl/" xmlns:t="{SPACE}" targetNamespace="{SPACE}"
 xmlns:s="http://schemas.xmlsoap.org/wsdl/soap/" xmlns:xs="http://www.w3.org/2001/XMLSchema">
<types><xs:schema targetNamespace="{SPACE}" elementFormDefault="qualified">{inside}{ITEM}{elements}</xs:schema></types>
{head}{_DOCUMENT if style == "document" else _RPC}
<portType name="P">{ports}</portType>
<binding name="B" type="t:P"><s:binding transport="http://schemas.xmlsoap.org/soap/http" style="{style}"/>
{bound}</binding>
<service name="S"><port name="One" binding="t:B"><s:address location="{address}"/></port></service>
</definitions>""".encode()


def envelope(inner: str, *, header: str = "") -> bytes:
    """An answer; `inner` stands in its body."""
    kind = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
    head = f"<e:Header>{header}</e:Header>" if header else ""
    return (
        f'<e:Envelope xmlns:e="{ENVELOPE}" xmlns="{SPACE}" xmlns:t="{SPACE}" {kind}>{head}'
        f"<e:Body>{inner}</e:Body></e:Envelope>"
    ).encode()


def fault(code: str, words: str, detail: str = "") -> bytes:
    """A fault of version 1.1."""
    more = f"<detail>{detail}</detail>" if detail else ""
    return envelope(f"<e:Fault><faultcode>{code}</faultcode><faultstring>{words}</faultstring>{more}</e:Fault>")


def items(*inner: str, more: str = "") -> bytes:
    """An answer to List."""
    return envelope(f"<ListResponse>{''.join(f'<item>{one}</item>' for one in inner)}{more}</ListResponse>")


ITEMS = {
    "list": {"operation": "List", "rows": "item"},
    "write": {
        "create": {
            "operation": "Put", "fields": "item", "shown": "id", "done": {"field": "id"}, "code": "status",
            "message": "text",
        },
    },
}  # fmt: skip


@contextmanager
def opened(server: Canned, **more: object) -> Iterator[Connector]:
    """A connector to a service that describes itself."""
    resource = {**ITEMS, **more.pop("resource", {})}
    options = {"wsdl": f"{server.url}/shop?wsdl", "timeout": 30, "resources": {"items": resource}, **more}
    connector = open_soap("shop", options, RealEnv())
    try:
        yield connector
    finally:
        connector.close()


@contextmanager
def shop(reply: bytes | Script, described: bytes | None = None, **more: object) -> Iterator[tuple[Connector, Canned]]:
    """A connector to a service that describes itself, or so, and answers every call with this."""

    def script(asked: Asked) -> bytes | None:
        if asked.method == "GET":
            return answer(described or description(f"http://{asked.headers['host']}/shop"), **XML)
        return answer(reply, **XML) if isinstance(reply, bytes) else reply(asked)

    with canned(script) as server, opened(server, **more) as connector:
        yield connector, server
