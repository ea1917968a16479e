"""The two systems of the benchmark, each a process of its own: a source that is read, and a target that takes batches.

Both can say whether the work was done right: the source what the target must hold, the target what it does hold.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from records import Ids, checksum, first_stamp, id_of, iso, record, wanted
from wire import Answer, Application, Request, serve

_NOT_FOUND: Answer = (404, b'{"error":"not found"}')
_PAGE = 500


class Source:
    """A list in pages, all of it or what has changed since; and records by id."""

    def __init__(self, count: int, ids: Ids) -> None:
        self._ids = ids
        self._encode = msgspec.json.Encoder().encode
        self._raws = [self._encode(record(number, 0, ids, iso(first_stamp(number)))) for number in range(count)]
        self._numbers = {id_of(number, ids): number for number in range(count)}
        self._changed: dict[int, tuple[int, str]] = {}  #: number -> version, time of the last change
        self._next = 0
        self._last = first_stamp(count)  #: of all changes; each has a time of its own

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        if request.path == "/customers":
            return self._list(request)
        if request.path.startswith("/customers/"):
            number = self._numbers.get(request.path.removeprefix("/customers/"))
            return _NOT_FOUND if number is None else (200, self._raws[number])
        if request.path == "/_change":
            return 200, self._encode(self._change(int(request.query["count"])))
        if request.path == "/_expected":
            count = int(request.query.get("count", len(self._raws)))
            return 200, self._encode(self._expected(count))
        return _NOT_FOUND

    def _list(self, request: Request) -> Answer:
        query = request.query
        if "ids" in query:
            known = [self._numbers[key] for key in query["ids"].split(",") if key in self._numbers]
            return 200, b'{"data":[%s],"next":null}' % b",".join(map(self._raws.__getitem__, known))
        start, size = int(query.get("cursor", "0")), int(query.get("limit", _PAGE))
        if since := query.get("updated_since"):
            numbers: Sequence[int] = self._since(since)
            raws = [self._raws[number] for number in numbers[start : start + size]]
        else:
            numbers = range(len(self._raws))
            raws = self._raws[start : start + size]
        end = start + size
        after = b'"%d"' % end if end < len(numbers) else b"null"
        return 200, b'{"data":[%s],"next":%s}' % (b",".join(raws), after)

    def _since(self, since: str) -> list[int]:
        moment = datetime.fromisoformat(since)
        base = range(len(self._raws))
        passed = (moment - first_stamp(0)).total_seconds()
        begin = min(len(base), max(0, int(passed * 50)))  # one record every 20 ms
        found = [number for number in base[begin:] if number not in self._changed and first_stamp(number) >= moment]
        later = sorted(
            (at, number) for number, (_, at) in self._changed.items() if datetime.fromisoformat(at) >= moment
        )
        return [*found, *(number for _, number in later)]

    def _change(self, count: int) -> dict[str, object]:
        """Change `count` records that lie all over the list; the next call changes others."""
        step = max(1, len(self._raws) // count) if count > 1 else 1
        numbers = [(self._next + step * index) % len(self._raws) for index in range(count)]
        self._next += 1
        at = max(self._last, datetime.fromtimestamp(time.time(), UTC) - timedelta(milliseconds=count))
        for number in numbers:
            at += timedelta(milliseconds=1)
            self._touch(number, iso(at))
        self._last = at
        return {"at": time.monotonic_ns(), "ids": [id_of(number, self._ids) for number in numbers]}

    def _touch(self, number: int, at: str) -> None:
        version = self._changed.get(number, (0, ""))[0] + 1
        self._changed[number] = (version, at)
        self._raws[number] = self._encode(record(number, version, self._ids, at))

    def _expected(self, count: int) -> dict[str, object]:
        """What the target must hold of the first `count` records."""
        versions = ((n, *self._changed.get(n, (0, iso(first_stamp(n))))) for n in range(count))
        sums = checksum(wanted(number, version, self._ids, at) for number, version, at in versions)
        return {"records": count, "checksum": sums}


class Entry(msgspec.Struct):
    """One item of a batch."""

    op: str
    fields: msgspec.Raw
    ref: int = 0
    id: str = ""


class Batch(msgspec.Struct):
    """What is sent to the target."""

    items: list[Entry]


class Outside(msgspec.Struct):
    """The field by which an upsert finds its record."""

    external_id: str


class Target:
    """Takes single records and batches, with a result for each item."""

    def __init__(self, ids: Ids) -> None:
        self._ids = ids
        self._batch = msgspec.json.Decoder(Batch).decode
        self._outside = msgspec.json.Decoder(Outside).decode
        self._encode = msgspec.json.Encoder().encode
        self._clear()

    def _clear(self) -> None:
        self._records: dict[str, bytes] = {}
        self._by_external_id: dict[str, str] = {}
        self._given = 0
        self._counts = {"create": 0, "update": 0, "upsert": 0, "refused": 0, "requests": 0}
        self._applied = 0  #: when the last write took effect [ns, monotonic]

    def answer(self, request: Request) -> Answer:
        """Answer one request."""
        if request.path == "/customers/batch":
            self._counts["requests"] += 1
            results = list(map(self._apply, self._batch(request.body).items))
            self._applied = time.monotonic_ns()
            return 200, self._encode({"results": results})
        if request.path == "/customers" and request.method == "POST":
            self._counts["requests"] += 1
            result = self._apply(Entry(op="upsert", fields=msgspec.Raw(request.body)))
            self._applied = time.monotonic_ns()
            return 200, self._encode(result)
        if request.path == "/customers":
            return self._list(request)
        if request.path.startswith("/customers/"):
            key = request.path.removeprefix("/customers/")
            return (200, self._shown(key)) if key in self._records else _NOT_FOUND
        return self._told(request)

    def _told(self, request: Request) -> Answer:
        if request.path == "/_clear":
            self._clear()
            return 200, b"{}"
        if request.path == "/_applied":
            return 200, self._encode({"at": self._applied})
        if request.path == "/_check":
            decode = msgspec.json.decode
            found = checksum(decode(raw) for raw in self._records.values())
            return 200, self._encode({"records": len(self._records), "checksum": found, **self._counts})
        return _NOT_FOUND

    def _list(self, request: Request) -> Answer:
        query = request.query
        if "ids" in query:
            known = [key for key in query["ids"].split(",") if key in self._records]
            return 200, b'{"data":[%s],"next":null}' % b",".join(map(self._shown, known))
        start, size = int(query.get("cursor", "0")), int(query.get("limit", _PAGE))
        keys = list(self._records)
        after = b'"%d"' % (start + size) if start + size < len(keys) else b"null"
        return 200, b'{"data":[%s],"next":%s}' % (b",".join(map(self._shown, keys[start : start + size])), after)

    def _shown(self, key: str) -> bytes:
        return b'{"id":"%s",%s' % (key.encode(), self._records[key][1:])

    def _apply(self, entry: Entry) -> dict[str, object]:
        self._counts[entry.op] += 1
        key = entry.id
        if entry.op == "upsert":
            key = self._by_external_id.get(self._outside(entry.fields).external_id, "")
        if key and key not in self._records:
            self._counts["refused"] += 1
            return {"ref": entry.ref, "id": key, "status": 404}
        if not key:
            key = id_of(self._given + 1_000_000_000, self._ids)
            self._given += 1
            self._records[key] = bytes(entry.fields)
            self._by_external_id[self._outside(entry.fields).external_id] = key
            return {"ref": entry.ref, "id": key, "status": 201}
        merged = msgspec.json.decode(self._records[key]) | msgspec.json.decode(entry.fields)
        self._records[key] = self._encode(merged)
        return {"ref": entry.ref, "id": key, "status": 200}


def main() -> None:
    """Serve one of the two systems."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("system", choices=["source", "target"])
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--ids", choices=["ascending", "random"], default="ascending")
    given = parser.parse_args()
    application: Application = (
        Source(given.records, given.ids).answer if given.system == "source" else Target(given.ids).answer
    )
    serve(application)


if __name__ == "__main__":
    main()
