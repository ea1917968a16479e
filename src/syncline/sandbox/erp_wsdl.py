"""The description of the ERP's SOAP service, written by hand: document/literal, wrapped, SOAP 1.1."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from syncline.sandbox.erp_documents import INVOICE, SALES_DOCUMENT, TYPES, Type

NAMESPACE = "urn:erp:documents:2"
_KEYS = (("DocNo", "long"), ("InvoiceNo", "string"))
_LISTED = (("Offset", "long", "0"), ("Limit", "long", "0"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One operation: what is asked, and what is answered. (name, type, least number of times)."""

    asks: tuple[tuple[str, str, str], ...]
    answers: tuple[tuple[str, str, str], ...]


def _of(described: Type, plural: str, key: str) -> Mapping[str, Operation]:
    """Reading documents of one type."""
    name = described.name
    return {
        f"List{name}s": Operation(
            asks=(("ChangedFrom", "dateTime", "0"), *_LISTED),
            answers=((plural, f"tns:{name}List", "1"), ("Total", "long", "1")),
        ),
        f"Get{name}s": Operation(
            asks=(("Numbers", f"tns:{key}List", "1"),), answers=((plural, f"tns:{name}List", "1"),)
        ),
    }


OPERATIONS: Mapping[str, Operation] = {
    **_of(SALES_DOCUMENT, "Documents", "DocNo"),
    "FindSalesDocuments": Operation(
        asks=(("ForeignKey", "string", "0"), ("PartnerNo", "long", "0")),
        answers=(("Documents", "tns:SalesDocumentList", "1"),),
    ),
    "CreateSalesDocument": Operation(
        asks=(("SalesDocument", "tns:SalesDocument", "1"),), answers=(("SalesDocument", "tns:SalesDocument", "1"),)
    ),
    "ChangeSalesDocument": Operation(
        asks=(("DocNo", "long", "1"), ("Rev", "long", "0"), ("SalesDocument", "tns:SalesDocument", "1")),
        answers=(("SalesDocument", "tns:SalesDocument", "1"),),
    ),
    "CancelSalesDocument": Operation(
        asks=(("DocNo", "long", "1"), ("Rev", "long", "0")), answers=(("SalesDocument", "tns:SalesDocument", "1"),)
    ),
    **_of(INVOICE, "Invoices", "InvoiceNo"),
    "AddPayment": Operation(
        asks=(("InvoiceNo", "string", "1"), ("Amount", "decimal", "0"), ("PaidOn", "date", "0")),
        answers=(("Invoice", "tns:Invoice", "1"),),
    ),
}


def wsdl(url: str) -> bytes:
    """The whole description, of a service at this address."""
    return "".join(_document(url)).encode()


def _document(url: str) -> Iterator[str]:
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<definitions name="Documents" targetNamespace="{NAMESPACE}" xmlns="http://schemas.xmlsoap.org/wsdl/"'
        f' xmlns:tns="{NAMESPACE}" xmlns:soap="http://schemas.xmlsoap.org/wsdl/soap/"'
        ' xmlns:xs="http://www.w3.org/2001/XMLSchema">\n<types>'
        f'<xs:schema targetNamespace="{NAMESPACE}" elementFormDefault="qualified">\n'
    )
    for described in TYPES:
        yield from _type(described)
    for name, kind in _KEYS:
        yield _list(name, f"xs:{kind}")
    for name, operation in OPERATIONS.items():
        yield _wrapper(name, operation.asks)
        yield _wrapper(f"{name}Response", operation.answers)
    yield _wrapper("DocumentFault", (("Code", "string", "1"), ("Text", "string", "1"), ("Existing", "string", "0")))
    yield "</xs:schema></types>\n"
    for name in OPERATIONS:
        yield _message(f"{name}In", name) + _message(f"{name}Out", f"{name}Response")
    yield _message("Refused", "DocumentFault")
    yield '<portType name="Documents">\n'
    for name in OPERATIONS:
        yield (
            f'<operation name="{name}"><input message="tns:{name}In"/><output message="tns:{name}Out"/>'
            '<fault name="refused" message="tns:Refused"/></operation>\n'
        )
    yield (
        '</portType>\n<binding name="DocumentsSoap" type="tns:Documents">'
        '<soap:binding style="document" transport="http://schemas.xmlsoap.org/soap/http"/>\n'
    )
    for name in OPERATIONS:
        yield (
            f'<operation name="{name}"><soap:operation soapAction="{NAMESPACE}/{name}"/>'
            '<input><soap:body use="literal"/></input><output><soap:body use="literal"/></output>'
            '<fault name="refused"><soap:fault name="refused" use="literal"/></fault></operation>\n'
        )
    yield (
        '</binding>\n<service name="Documents"><port name="Documents" binding="tns:DocumentsSoap">'
        f'<soap:address location="{url}"/></port></service>\n</definitions>\n'
    )


def _type(described: Type) -> Iterator[str]:
    """A type with all its elements optional, and the list of it."""
    yield f'<xs:complexType name="{described.name}"><xs:sequence>'
    for name, kind in described.fields.items():
        xsd = f"tns:{kind.name}List" if isinstance(kind, Type) else f"xs:{kind.xsd}"
        yield f'<xs:element name="{name}" type="{xsd}" minOccurs="0" nillable="true"/>'
    yield "</xs:sequence></xs:complexType>\n"
    yield _list(described.name, f"tns:{described.name}")


def _list(name: str, xsd: str) -> str:
    """A type that holds any number of one element."""
    inner = f'<xs:element name="{name}" type="{xsd}" minOccurs="0" maxOccurs="unbounded"/>'
    return f'<xs:complexType name="{name}List"><xs:sequence>{inner}</xs:sequence></xs:complexType>\n'


def _wrapper(name: str, parts: tuple[tuple[str, str, str], ...]) -> str:
    elements = "".join(
        f'<xs:element name="{part}" type="{xsd if ":" in xsd else f"xs:{xsd}"}" ' + f'minOccurs="{least}"/>'
        for part, xsd, least in parts
    )
    inner = f"<xs:complexType><xs:sequence>{elements}</xs:sequence></xs:complexType>"
    return f'<xs:element name="{name}">{inner}</xs:element>\n'


def _message(name: str, of: str) -> str:
    return f'<message name="{name}"><part name="parameters" element="tns:{of}"/></message>\n'
