"""$batch of the small OData application, as JSON and as multipart, by a reading of the protocol of its own."""

from __future__ import annotations

import json
from decimal import Decimal
from email import message_from_bytes
from email.message import Message


def batched(application, asked):
    """The answer to a batch."""
    if "json" in asked.headers["content-type"]:
        return _json_batch(application, asked)
    return _multipart_batch(application, asked)


def _tried(application, told):
    """One operation: status, headers, JSON. A refusal is an answer, too."""
    from tests.contract.odata_system import RefusalError  # noqa: PLC0415  it imports this module

    try:
        return application.one(told)
    except RefusalError as problem:
        return application.failed(problem)


def _changeset(application, operations):
    """All or nothing; the answers, and whether it held."""
    # Rows are replaced, never changed, so that copies of the tables are enough; one operation needs none.
    sets = {name: dict(rows) for name, rows in application.sets.items()} if len(operations) > 1 else application.sets
    history = len(application.history)
    answers = [_tried(application, told) for told in operations]
    holds = all(status < 300 for status, _, _ in answers)
    if not holds:
        application.sets = sets
        del application.history[history:]
    return answers, holds


def _goes_on(application, asked):
    is_told = application.manner.version == "v4" and "continue-on-error" in asked.headers.get("prefer", "")
    return is_told or not application.manner.stops


# --- JSON -------------------------------------------------------------------------------------------------------------


def _json_batch(application, asked):
    requests = json.loads(asked.body, parse_float=Decimal)["requests"]
    operations = [
        (
            one["method"], one["url"], {k.lower(): v for k, v in one["headers"].items()},
            json.dumps(one.get("body"), default=float).encode(),
        )
        for one in requests
    ]  # fmt: skip
    if any("atomicityGroup" in one for one in requests):
        answers, holds = _changeset(application, operations)
        if not holds and not application.manner.lies:
            answers = [one if one[0] >= 300 else (424, {}, None) for one in answers]
    else:
        answers = []
        for told in operations:
            answers.append(_tried(application, told))
            if answers[-1][0] >= 300 and not _goes_on(application, asked):
                break
    responses = [
        {"id": one["id"], "status": status, "headers": _plain(headers), **({"body": body} if body else {})}
        for one, (status, headers, body) in zip(requests, answers, strict=False)
    ]
    return 200, {}, {"responses": responses[::-1]}  # the order is the service's


def _plain(headers):
    return {name.replace("_", "-").lower(): value for name, value in headers.items()}


# --- multipart --------------------------------------------------------------------------------------------------------


def _multipart_batch(application, asked):
    from tests.contract.odata_system import _encode  # noqa: PLC0415  it imports this module

    head = f"Content-Type: {asked.headers['content-type']}\r\n\r\n".encode()
    pieces = []
    for part in message_from_bytes(head + asked.body).get_payload():
        inner = [_operation(one) for one in part.get_payload()]
        answers, holds = _changeset(application, [told for _, told in inner])
        if holds or application.manner.lies:
            written = [_http(name, one, _encode) for (name, _), one in zip(inner, answers, strict=True)]
            body = b"".join(b"--cs\r\n" + one for one in written) + b"--cs--\r\n"
            pieces.append(b"Content-Type: multipart/mixed; boundary=cs\r\n\r\n" + body)
        else:
            wrong = next(one for one in answers if one[0] >= 300)
            pieces.append(_http("" if len(inner) > 1 else inner[0][0], wrong, _encode))
            if not _goes_on(application, asked):
                break
    body = b"".join(b"--answer\r\n" + one for one in pieces) + b"--answer--\r\n"
    return 202, {"Content-Type": "multipart/mixed; boundary=answer"}, body


def _operation(part: Message):
    raw = part.get_payload(decode=True)
    line, _, rest = raw.partition(b"\r\n")
    head, _, body = rest.partition(b"\r\n\r\n")
    method, address, _ = line.decode().split(" ")
    pairs = (one.partition(":") for one in head.decode().splitlines())
    return part["Content-ID"], (method, address, {k.strip().lower(): v.strip() for k, _, v in pairs}, body.strip())


def _http(name, said, encode):
    status, headers, content = said
    body = b"" if content is None else encode(content)
    lines = [f"HTTP/1.1 {status} Whatever", f"Content-Length: {len(body)}", "Content-Type: application/json"]
    lines += [f"{one}: {value}" for one, value in _plain(headers).items()]
    known = f"Content-ID: {name}\r\n" if name else ""
    return (
        f"Content-Type: application/http\r\nContent-Transfer-Encoding: binary\r\n{known}\r\n".encode()
        + "\r\n".join(lines).encode()
        + b"\r\n\r\n"
        + body
        + b"\r\n"
    )
