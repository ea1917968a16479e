"""Steps that the live tests of Tryton share: write, read, and make a party or a sale that Tryton takes."""

import http.server
import json
import threading
import time
import urllib.request

from syncline.model.page import Batch, Item, Op, Outcome


def write(connector, resource, *items):
    batch = Batch(resource=resource, items=items, send_by=time.monotonic() + 30)
    return {receipt.ref: receipt for receipt in connector.write(batch)}


def write_one(connector, resource, op, **item):
    return write(connector, resource, Item(ref=1, op=op, **item))[1]


def read(connector, resource, key):
    record = connector.get(resource, [key])[0]
    return record, json.loads(record.raw)


def newest_cursor(connector, resource):
    return [page.cursor for page in connector.list(resource, None)][-1]


def changed(connector, resource, cursor):
    return [key for page in connector.list(resource, cursor) for key in page.keys]


def a_party(connector, **fields):
    addresses = [{"street": "Weg 1", "city": "Köln", "country": "DE", "invoice": True, "delivery": True}]
    receipt = write_one(
        connector,
        "party.party",
        Op.CREATE,
        fields={"name": "Trap GmbH", "phone": "+49 30 1", "addresses": addresses, **fields},
    )
    assert receipt.outcome is Outcome.DONE, receipt.message
    return receipt


def a_sale(connector, customer, products, **fields):
    lines = [{"product": products[0], "quantity": "2"}, {"product": products[1], "quantity": "1.0"}]
    receipt = write_one(connector, "sale.sale", Op.CREATE, fields={"party": customer, "lines": lines, **fields})
    assert receipt.outcome is Outcome.DONE, receipt.message
    return receipt


class LosingProxy:
    """Stands before a server, passes everything on, and hangs up instead of answering calls of `method`."""

    def __init__(self, target: str, method: str) -> None:
        proxy = self
        self.is_losing = True

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                kept = {name: self.headers[name] for name in ("Authorization", "Content-Type") if self.headers[name]}
                request = urllib.request.Request(target + self.path, body, kept)  # noqa: S310  loopback
                with urllib.request.urlopen(request) as answer:  # noqa: S310  loopback
                    content = answer.read()
                self.close_connection = True
                if proxy.is_losing and json.loads(body)["method"] == method:
                    return
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever)
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_address[1]}"

    def close(self) -> None:
        """Stop listening."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
