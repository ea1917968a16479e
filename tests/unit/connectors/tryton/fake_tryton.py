"""A wire whose other end is a Tryton of a few lines: it logs in, and answers what a test tells it to."""

import base64
import json
from datetime import UTC, datetime

from syncline.connectors.protocols.request import Request, Response
from syncline.connectors.protocols.verdict import judge
from syncline.connectors.systems.tryton.session import Account, Session
from syncline.errors import SynclineError

PASSWORD = "canary-7f3a"
PREFERENCES = {"company": 1, "company_filter": "one", "employee": 5, "language": "en", "locale": {"grouping": []}}


def answer(body, status=200):
    text = body if isinstance(body, str) else json.dumps(body)
    return Response(status=status, headers={}, body=text.encode())


class FakeWire:
    """`answers`: method -> result, Response, error or function of the parameters; a list gives one after the other."""

    def __init__(self, **answers):
        self.answers = {"model.res.user.get_preferences": PREFERENCES, **answers}
        self.calls = []
        self.requests = []
        self.logins = 0

    def send(self, request):
        call = json.loads(request.body)
        method, params = call["method"], call["params"]
        self.requests.append(request)
        self.calls.append((method, params))
        if method == "common.db.login":
            self.logins += 1
            planned = self.answers.get(method, [9, f"token{self.logins}", None])
        else:
            planned = self.answers[method]
        if isinstance(planned, list) and planned and isinstance(planned[0], Planned):
            planned = planned.pop(0).answer
        if callable(planned):
            planned = planned(*params)
        if isinstance(planned, SynclineError):
            raise planned
        return planned if isinstance(planned, Response) else answer({"id": 1, "result": planned})

    def methods(self):
        return [method for method, _ in self.calls]


class Planned:
    """One answer of several."""

    def __init__(self, planned):
        self.answer = planned


def in_turn(*answers):
    return [Planned(each) for each in answers]


def unknown():
    """What the wire makes of a 401."""
    request = Request(method="POST", path="/hub/rpc/")
    return judge(request, answer("", status=401), system="erp", setting="", now=datetime(2026, 3, 1, tzinfo=UTC))


def error(name, *details):
    return answer({"id": 1, "error": [name, list(details)]})


def session_on(wire, **options):
    account = Account(**{"database": "hub", "user": "hub", "password": PASSWORD, "company": 1, **options})
    return Session(wire=wire, system="erp", account=account)


def token_of(request):
    return base64.b64decode(request.headers["Authorization"].removeprefix("Session ")).decode()
