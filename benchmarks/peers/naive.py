"""The job as a script without state: read every page, convert every record, post it alone.

Run by the interpreter of .venv-bench: python naive.py SOURCE TARGET RECORDS
"""

from __future__ import annotations

import sys

import requests
from conversion import converted

SOURCE, TARGET, RECORDS = sys.argv[1], sys.argv[2], int(sys.argv[3])


def main() -> None:
    """Post the first records, one request each, over one kept-alive session."""
    session = requests.Session()
    cursor: str | None = "0"
    sent = 0
    while cursor is not None and sent < RECORDS:
        page = session.get(f"{SOURCE}/customers", params={"limit": "500", "cursor": cursor}, timeout=60).json()
        for row in page["data"][: RECORDS - sent]:
            session.post(f"{TARGET}/customers", json=converted(row), timeout=60).raise_for_status()
            sent += 1
        cursor = page["next"]


if __name__ == "__main__":
    main()
