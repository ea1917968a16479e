"""The ERP's documents over SOAP: listed, read, created, changed and cancelled; invoices listed, read and paid."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from aiohttp import web

from syncline.sandbox.erp import Erp
from syncline.sandbox.erp_documents import DAY, INVOICE, NUMBER, SALES_DOCUMENT, Type, read, written
from syncline.sandbox.erp_words import wrong
from syncline.sandbox.erp_wsdl import NAMESPACE, wsdl
from syncline.sandbox.soap_xml import Element, asked, element, envelope, fault, plain
from syncline.sandbox.state import Fields, Key, Row
from syncline.sandbox.tally import API
from syncline.sandbox.wording import Refusal, milliseconds

PATH = "/soap/documents"
_PAGE_MAX = 200
_KEYS_MAX = 200
_DIGITS_MAX = 15
_PLURAL = {"salesdocs": "Documents", "invoices": "Invoices"}
_TYPES: Mapping[str, Type] = {"salesdocs": SALES_DOCUMENT, "invoices": INVOICE}
_PAYMENT = Type(name="AddPayment", fields={"Amount": NUMBER, "PaidOn": DAY})
_SERVERS = frozenset({"E429", "E500", "E999"})


class SoapInterface:
    """The service behind one address."""

    def __init__(self, erp: Erp) -> None:
        self._erp = erp
        self._handlers: Mapping[str, Callable[[Element], str]] = {
            "ListSalesDocuments": lambda given: self._list("salesdocs", given),
            "GetSalesDocuments": lambda given: self._get("salesdocs", given, "DocNo"),
            "FindSalesDocuments": self._find,
            "CreateSalesDocument": self._create,
            "ChangeSalesDocument": self._change,
            "CancelSalesDocument": self._cancel,
            "ListInvoices": lambda given: self._list("invoices", given),
            "GetInvoices": lambda given: self._get("invoices", given, "InvoiceNo"),
            "AddPayment": self._pay,
        }

    def routes(self) -> Iterable[web.RouteDef]:
        """The description, and the service."""
        yield web.get(PATH, self._described)
        yield web.post(PATH, self._answered)

    async def _described(self, request: web.Request) -> web.Response:
        if "wsdl" not in {name.lower() for name in request.query}:
            raise Refusal(404, "E404", f"Ask for {PATH}?wsdl")
        return _xml(wsdl(f"http://{request.host}{PATH}"), 200)

    async def _answered(self, request: web.Request) -> web.Response:
        try:
            given = asked(await request.read())
        except (ValueError, IndexError) as problem:
            return refused(Refusal(400, "E140", str(problem)))
        handler = self._handlers.get(given.local)
        if handler is None or given.name != f"{NAMESPACE} {given.local}":
            return refused(Refusal(400, "E141", f"No operation {given.name}"))
        try:
            content = handler(given)
        except Refusal as refusal:
            return refused(refusal)
        return _xml(envelope(f'<{given.local}Response xmlns="{NAMESPACE}">{content}</{given.local}Response>'), 200)

    # --- reading --------------------------------------------------------------

    def _list(self, resource: str, given: Element) -> str:
        self._erp.tally.record(resource, "lists")
        since = _since(given.value("ChangedFrom"))
        skip = _whole(given, "Offset", 0)
        limit = min(_whole(given, "Limit", _PAGE_MAX) or _PAGE_MAX, _PAGE_MAX)
        state = self._erp.state
        total = state.count(resource, since=since, everything=True)
        rows = state.page_by_number(resource, since=since, everything=True, skip=skip, limit=limit)
        return _rows(resource, rows) + element("Total", str(total))

    def _get(self, resource: str, given: Element, name: str) -> str:
        self._erp.tally.record(resource, "gets")
        numbers = given.child("Numbers")
        texts = [one.text.strip() for one in numbers.each(name)] if numbers else []
        if len(texts) > _KEYS_MAX:
            raise wrong("E131", f"{name}: at most {_KEYS_MAX}")
        keys: list[Key] = [*texts]
        if resource == "salesdocs":
            keys = [int(text) for text in texts if text.isdecimal() and len(text) <= _DIGITS_MAX]
        return _rows(resource, self._erp.state.get_many(resource, keys))

    def _find(self, given: Element) -> str:
        self._erp.tally.record("salesdocs", "lists")
        marker = given.value("ForeignKey")
        if marker:
            return _rows("salesdocs", self._erp.state.search("salesdocs", "ForeignKey", marker))
        partner = _whole(given, "PartnerNo", 0)
        return _rows("salesdocs", self._erp.state.search("salesdocs", "PartnerNo", partner))

    # --- writing --------------------------------------------------------------

    def _create(self, given: Element) -> str:
        return written(SALES_DOCUMENT, self._erp.create("salesdocs", _document(given), API))

    def _change(self, given: Element) -> str:
        key = self._checked(given)
        return written(SALES_DOCUMENT, self._erp.update("salesdocs", key, _document(given), API))

    def _cancel(self, given: Element) -> str:
        return written(SALES_DOCUMENT, self._erp.delete("salesdocs", self._checked(given), API))

    def _pay(self, given: Element) -> str:
        named = read(_PAYMENT, given)
        invoice = self._erp.pay(
            given.value("InvoiceNo") or "", API, amount=named.get("Amount"), day=str(named.get("PaidOn") or "")
        )
        return written(INVOICE, invoice)

    def _checked(self, given: Element) -> int:
        """The document's number, if it is at the revision that is named."""
        key = _whole(given, "DocNo", 0)
        before = self._erp.get("salesdocs", key)
        if given.value("Rev") is not None and _whole(given, "Rev", 0) != before["Rev"]:
            raise Refusal(409, "E412", f"DocNo {key} is at Rev {before['Rev']}")
        return key


def refused(refusal: Refusal) -> web.Response:
    """Word a refusal as a fault; whoever asked is at fault, unless the server is."""
    existing = next((str(refusal.more[name]) for name in ("DocNo", "PartnerNo") if name in refusal.more), None)
    detail = element("Code", plain(refusal.code)) + element("Text", plain(refusal.message))
    detail += element("Existing", plain(existing)) if existing else ""
    told = f'<DocumentFault xmlns="{NAMESPACE}">{detail}</DocumentFault>'
    side = "Server" if refusal.code in _SERVERS else "Client"
    return _xml(fault(side, refusal.message, told), 500)


def failure(status: int) -> web.Response:
    """Word a fault of the weather: 200 is the trap, a fault inside success."""
    code, words = {
        200: ("E999", "Database busy, try again"),
        429: ("E429", "Too many requests"),
    }.get(status, ("E500", "Internal error"))
    answer = refused(Refusal(status, code, words))
    answer.set_status(status)
    return answer


def _document(given: Element) -> Fields:
    found = given.child("SalesDocument")
    if found is None:
        raise wrong("E100", "SalesDocument: required")
    return read(SALES_DOCUMENT, found)


def _rows(resource: str, rows: Iterable[Row]) -> str:
    return element(_PLURAL[resource], "".join(written(_TYPES[resource], row.fields()) for row in rows))


def _whole(given: Element, name: str, usual: int) -> int:
    text = given.value(name)
    if text is None:
        return usual
    if not text.isdecimal() or len(text) > _DIGITS_MAX:
        raise wrong("E130", f"{name}: whole number expected")
    return int(text)


def _since(text: str | None) -> int:
    """A lower bound in whole seconds, inclusive."""
    try:
        return milliseconds(text) // 1000 * 1000 if text else 0
    except ValueError:
        raise wrong("E130", "ChangedFrom: xsd:dateTime with a zone expected") from None


def _xml(body: bytes, status: int) -> web.Response:
    return web.Response(body=body, status=status, content_type="text/xml", charset="utf-8")
