"""The sandbox's ERP shows its documents over SOAP: what a stranger reads in its description is what it does."""

from __future__ import annotations

import base64
import re
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import msgspec
import pytest

from syncline.sandbox.erp_wsdl import OPERATIONS, wsdl
from syncline.sandbox.process import Process, start
from tests.contract.rest_systems import ERP_SECRET, at_the_door

NS = "{urn:erp:documents:2}"
BODY = "{http://schemas.xmlsoap.org/soap/envelope/}Body"
NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
WHO = "Basic " + base64.b64encode(f"hub:{ERP_SECRET}".encode()).decode()
ENVELOPE = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><s:Body>{}</s:Body></s:Envelope>'
)


class FaultError(Exception):
    """A fault, with its code, its own code and what exists already."""

    def __init__(self, side: str, code: str, existing: str | None) -> None:
        super().__init__(f"{side} {code}")
        self.side, self.code, self.existing = side, code, existing


@pytest.fixture(scope="module")
def erp(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Process]:
    data: Path = tmp_path_factory.mktemp("erp")
    with start("erp", data=data, size=60) as process:
        yield process


def post(erp: Process, body: bytes, who: str = WHO) -> tuple[int, bytes]:
    headers = {"Authorization": who, "Content-Type": "text/xml; charset=utf-8"}
    request = urllib.request.Request(f"{erp.url}/soap/documents", data=body, headers=headers)  # noqa: S310  loopback
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  loopback
            return answer.status, answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def call(erp: Process, operation: str, inner: str = "") -> ET.Element:
    """The element that answers; FaultError for a fault."""
    asked = f'<{operation} xmlns="urn:erp:documents:2">{inner}</{operation}>'
    return answered(post(erp, ENVELOPE.format(asked).encode())[1])


def answered(body: bytes) -> ET.Element:
    found = ET.fromstring(body).find(BODY)  # noqa: S314  our own application
    assert found is not None
    answer = found[0]
    if not answer.tag.endswith("}Fault"):
        return answer
    told = answer.find(f"detail/{NS}DocumentFault")
    assert told is not None
    raise FaultError(
        (answer.findtext("faultcode") or "").rpartition(":")[2],
        told.findtext(f"{NS}Code") or "",
        told.findtext(f"{NS}Existing"),
    )


def fields(element: ET.Element | None) -> dict[str, Any]:
    assert element is not None
    return {
        part.tag.removeprefix(NS): [fields(row) for row in part] if len(part) else None if part.get(NIL) else part.text
        for part in element
    }


def rest(erp: Process, method: str, path: str, body: object = None) -> Any:
    data = None if body is None else msgspec.json.encode(body)
    request = urllib.request.Request(f"{erp.url}/rest/{path}", data=data, headers={"Authorization": WHO}, method=method)  # noqa: S310
    with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310  loopback
        return msgspec.json.decode(answer.read())


@contextmanager
def struck(erp: Process, **faults: object) -> Iterator[None]:
    at_the_door(erp.url, "faults", {"path": "/soap", **faults})
    try:
        yield
    finally:
        at_the_door(erp.url, "faults", {})


def a_document(erp: Process, **more: str) -> str:
    item = rest(erp, "GET", "items?per_page=1")["rows"][0]["ItemNo"]
    partner = rest(erp, "GET", "partners?per_page=1")["rows"][0]["PartnerNo"]
    extra = "".join(f"<{name}>{value}</{name}>" for name, value in more.items())
    return (
        f"<SalesDocument><PartnerNo>{partner}</PartnerNo>{extra}<DocDate>2026-12-31</DocDate><Positions><Position>"
        f"<ItemNo>{item}</ItemNo><Qty>3</Qty><Price>12.5</Price></Position></Positions></SalesDocument>"
    )


def created(erp: Process, **more: str) -> dict[str, Any]:
    return fields(call(erp, "CreateSalesDocument", a_document(erp, **more)).find(f"{NS}SalesDocument"))


def invoiced(erp: Process) -> dict[str, Any]:
    """The invoice of a new document that has gone all its way."""
    key = created(erp)["DocNo"]
    for _ in range(3):
        document = rest(erp, "POST", f"salesdocs/{key}/advance")["row"]
    found = call(erp, "GetInvoices", f"<Numbers><InvoiceNo>{document['InvoiceNo']}</InvoiceNo></Numbers>")
    return fields(found.find(f"{NS}Invoices/{NS}Invoice"))


# --- documents --------------------------------------------------------------------------------------------------------


def test_what_is_created_over_soap_is_what_rest_shows(erp: Process) -> None:
    made = created(erp, ForeignKey="hub-a")
    shown = rest(erp, "GET", f"salesdocs/{made['DocNo']}")

    assert made["DocDate"] == "2026-12-31"
    assert shown["DocDate"] == "31.12.2026"
    assert made["InvoiceDate"] is None
    assert made["Positions"][0] == {
        "PosNo": "1", "ItemNo": shown["Positions"][0]["ItemNo"], "Qty": "3.000", "Price": "12.5000", "Disc": "0.00",
    }  # fmt: skip
    for name in ("NetTotal", "TaxTotal", "GrossTotal", "ForeignKey"):
        assert made[name] == shown[name]


def test_a_change_leaves_what_it_does_not_name(erp: Process) -> None:
    made = created(erp, ForeignKey="hub-b")
    after = fields(
        call(
            erp,
            "ChangeSalesDocument",
            f"<DocNo>{made['DocNo']}</DocNo><Rev>1</Rev><SalesDocument><DocDate>2027-01-02</DocDate></SalesDocument>",
        ).find(f"{NS}SalesDocument")
    )

    assert after == {**made, "DocDate": "2027-01-02", "Rev": "2", "ChangedAt": after["ChangedAt"]}


@pytest.mark.parametrize(("operation", "inner", "code"), [
    ("ChangeSalesDocument", "<DocNo>{key}</DocNo><Rev>9</Rev><SalesDocument/>", "E412"),
    ("CancelSalesDocument", "<DocNo>{key}</DocNo><Rev>9</Rev>", "E412"),
    ("CancelSalesDocument", "<DocNo>99</DocNo>", "E404"),
    ("ChangeSalesDocument", "<DocNo>{key}</DocNo><SalesDocument><DocDate>31.12.2026</DocDate></SalesDocument>", "E106"),
    ("ChangeSalesDocument", "<DocNo>{key}</DocNo><SalesDocument><State>40</State></SalesDocument>", "E210"),
    ("ChangeSalesDocument", "<DocNo>{key}</DocNo>", "E100"),
    ("CreateSalesDocument", "<SalesDocument/>", "E100"),
    ("CreateSalesDocument", "<SalesDocument><PartnerNo>one</PartnerNo></SalesDocument>", "E102"),
    ("CreateSalesDocument", "<SalesDocument><PartnerNo>9</PartnerNo></SalesDocument>", "E400"),
    ("ListSalesDocuments", "<Limit>some</Limit>", "E130"),
    ("ListSalesDocuments", "<ChangedFrom>2026-01-01T00:00:00</ChangedFrom>", "E130"),
    ("AddPayment", "<InvoiceNo>RE-0</InvoiceNo>", "E404"),
    ("DropEverything", "", "E141"),
])  # fmt: skip
def test_what_is_refused_is_a_fault_with_a_code(erp: Process, operation: str, inner: str, code: str) -> None:
    key = created(erp)["DocNo"]

    with pytest.raises(FaultError) as caught:
        call(erp, operation, inner.format(key=key))

    assert (caught.value.side, caught.value.code) == ("Client", code)


def test_a_second_document_under_one_foreign_key_names_the_first(erp: Process) -> None:
    made = created(erp, ForeignKey="hub-c")

    with pytest.raises(FaultError) as caught:
        created(erp, ForeignKey="hub-c")

    assert (caught.value.code, caught.value.existing) == ("E409", made["DocNo"])
    found = call(erp, "FindSalesDocuments", "<ForeignKey>hub-c</ForeignKey>")
    assert [one.findtext(f"{NS}DocNo") for one in found.iter(f"{NS}SalesDocument")] == [made["DocNo"]]


def test_lists_go_by_offset_and_from_a_time(erp: Process) -> None:
    made = [created(erp)["DocNo"] for _ in range(7)]
    seen: list[str | None] = []
    total = 1
    while len(seen) < total:
        page = call(erp, "ListSalesDocuments", f"<Offset>{len(seen)}</Offset><Limit>3</Limit>")
        total = int(page.findtext(f"{NS}Total") or 0)
        seen += [one.findtext(f"{NS}DocNo") for one in page.iter(f"{NS}SalesDocument")]
        assert len(seen) <= total

    later = call(erp, "ListSalesDocuments", "<ChangedFrom>2999-01-01T00:00:00Z</ChangedFrom>")
    assert set(made) <= set(seen)
    assert len(seen) == len(set(seen))
    assert later.findtext(f"{NS}Total") == "0"


def test_what_is_read_by_number_leaves_out_what_is_not_there(erp: Process) -> None:
    key = created(erp)["DocNo"]
    found = call(erp, "GetSalesDocuments", f"<Numbers><DocNo>1</DocNo><DocNo>{key}</DocNo><DocNo>x</DocNo></Numbers>")

    assert [one.findtext(f"{NS}DocNo") for one in found.iter(f"{NS}SalesDocument")] == [key]


def test_signs_and_scripts_survive(erp: Process) -> None:
    text = "a &lt; b &amp; &#34;c&#34; Größe 数量"
    made = created(erp, ForeignKey=text)

    assert made["ForeignKey"] == 'a < b & "c" Größe 数量'


# --- invoices ---------------------------------------------------------------------------------------------------------


def test_an_invoice_comes_of_a_document_and_is_paid_in_parts(erp: Process) -> None:
    before = invoiced(erp)
    pay = f"<InvoiceNo>{before['InvoiceNo']}</InvoiceNo>"
    part = fields(call(erp, "AddPayment", f"{pay}<Amount>10</Amount><PaidOn>2027-01-02</PaidOn>").find(f"{NS}Invoice"))
    whole = fields(call(erp, "AddPayment", pay).find(f"{NS}Invoice"))

    assert (before["Status"], before["PaidTotal"], before["GrossTotal"]) == ("O", "0.00", "44.63")
    assert (part["Status"], part["PaidTotal"]) == ("P", "10.00")
    assert (whole["Status"], whole["PaidTotal"]) == ("C", "44.63")
    assert [one["Amount"] for one in whole["Payments"]] == ["10.00", "34.63"]
    assert whole["Payments"][0]["PaidOn"] == "2027-01-02"
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", before["DueDate"])
    with pytest.raises(FaultError, match="E231"):
        call(erp, "AddPayment", pay)


def test_people_advance_documents_and_take_payments_when_asked_to(erp: Process) -> None:
    invoice = invoiced(erp)["InvoiceNo"]
    asked = {"edits": 1, "resource": "invoices", "actions": ["pay"], "ids": [invoice]}
    done = at_the_door(erp.url, "people", asked)["done"]  # type: ignore[index,call-overload]

    assert [(one["action"], one["id"]) for one in done] == [("pay", invoice)]
    assert {"Payments", "PaidTotal", "Status"} <= set(done[0]["fields"])
    usual = at_the_door(erp.url, "people", {"edits": 100, "seed": 2})["done"]  # type: ignore[index,call-overload]
    assert {one["action"] for one in usual}.isdisjoint({"pay", "advance"})


# --- bad input and bad weather ----------------------------------------------------------------------------------------

BOMB = '<!DOCTYPE a [<!ENTITY b "c"><!ENTITY d "&b;&b;&b;">]>'


@pytest.mark.parametrize("body", [
    b"", b"no xml", b"<a/>", ENVELOPE.format("").encode(), ENVELOPE.format("<a/><b/>").encode(),
    (BOMB + ENVELOPE.format('<ListInvoices xmlns="urn:erp:documents:2"/>')).encode(),
    b'<!DOCTYPE a SYSTEM "file:///etc/passwd">' + ENVELOPE.format("<a/>").encode(),
    ENVELOPE.format("<a>" * 200 + "</a>" * 200).encode(), ENVELOPE.format("<a/>").encode()[:-9],
], ids=range(9))  # fmt: skip
def test_what_is_no_plain_envelope_is_refused(erp: Process, body: bytes) -> None:
    status, answer = post(erp, body)

    with pytest.raises(FaultError, match="Client E14"):
        answered(answer)
    assert status == 500


def test_a_stranger_is_turned_away(erp: Process) -> None:
    status, answer = post(erp, b"", who="Basic aHViOndyb25n")

    assert status == 401
    assert b"<html>" in answer


@pytest.mark.parametrize(("faults", "status", "code"), [
    ({"rate_500_before": 1.0}, 500, "E500"), ({"rate_429": 1.0}, 429, "E429"), ({"error_200": 1.0}, 200, "E999"),
])  # fmt: skip
def test_bad_weather_is_told_as_a_fault_of_the_server(
    erp: Process, faults: Mapping[str, object], status: int, code: str
) -> None:
    with struck(erp, **faults):
        got, body = post(erp, ENVELOPE.format('<ListInvoices xmlns="urn:erp:documents:2"/>').encode())

    with pytest.raises(FaultError, match=f"Server {code}"):
        answered(body)
    assert got == status


def test_a_fault_after_the_effect_keeps_the_effect(erp: Process) -> None:
    with struck(erp, rate_500_after=1.0), pytest.raises(FaultError, match="E500"):
        created(erp, ForeignKey="hub-late")

    found = call(erp, "FindSalesDocuments", "<ForeignKey>hub-late</ForeignKey>")
    assert len(list(found.iter(f"{NS}SalesDocument"))) == 1


# --- the description --------------------------------------------------------------------------------------------------


def test_the_description_is_read_by_a_library_that_knows_wsdl(erp: Process) -> None:
    zeep = pytest.importorskip("zeep")
    import requests  # noqa: PLC0415  comes with zeep
    from zeep.transports import Transport  # noqa: PLC0415

    session = requests.Session()
    session.auth = ("hub", ERP_SECRET)
    client = zeep.Client(f"{erp.url}/soap/documents?wsdl", transport=Transport(session=session))
    service = client.service
    item = rest(erp, "GET", "items?per_page=1")["rows"][0]["ItemNo"]
    made = service.CreateSalesDocument(
        SalesDocument={"PartnerNo": 10_001, "Positions": {"Position": [{"ItemNo": item, "Qty": "3", "Price": "12.5"}]}}
    )
    with pytest.raises(zeep.exceptions.Fault) as caught:
        service.CancelSalesDocument(DocNo=made.DocNo, Rev=9)
    cancelled = service.CancelSalesDocument(DocNo=made.DocNo)
    listed = service.ListSalesDocuments(Limit=1)
    session.close()

    assert set(client.service._operations) == set(OPERATIONS)
    assert caught.value.detail.findtext(f"{NS}DocumentFault/{NS}Code") == "E412"
    assert (cancelled.State, cancelled.Rev, str(cancelled.Positions.Position[0].Qty)) == (90, 2, "3.000")
    assert cancelled.InvoiceDate is None
    assert len(listed.Documents.SalesDocument) == 1
    assert listed.Total > 1


def test_every_operation_of_the_description_is_answered(erp: Process) -> None:
    assert ET.fromstring(wsdl("http://127.0.0.1/")) is not None  # noqa: S314  our own
    for operation in OPERATIONS:
        try:
            call(erp, operation)
        except FaultError as fault:
            assert fault.code != "E141"  # noqa: PT017  any other refusal is an answer
