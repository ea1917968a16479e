"""The job done by dlt: its REST client, a mapping function, and a custom destination that posts the same batches.

Run by the interpreter of .venv-bench: python with_dlt.py SOURCE TARGET FOLDER [--incremental]
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator

os.environ.setdefault("RUNTIME__DLTHUB_TELEMETRY", "false")
os.environ.setdefault("RUNTIME__LOG_LEVEL", "ERROR")

import dlt
import requests
from conversion import converted
from dlt.common.schema.typing import TTableSchema, TTableSchemaColumns
from dlt.common.typing import TDataItems
from dlt.sources.helpers.rest_client import RESTClient
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator

SOURCE, TARGET, FOLDER = sys.argv[1:4]
INCREMENTAL = "--incremental" in sys.argv
#: times stay the text that they are
COLUMNS: TTableSchemaColumns = {"created_at": {"data_type": "text"}, "updated_at": {"data_type": "text"}}
CLIENT = RESTClient(
    base_url=SOURCE,
    paginator=JSONResponseCursorPaginator(cursor_path="next", cursor_param="cursor"),
    data_selector="data",
)
SESSION = requests.Session()
CURSOR = dlt.sources.incremental("updated_at", initial_value="2026-01-01T00:00:00.000Z")


@dlt.resource(name="customers", columns=COLUMNS, max_table_nesting=0)
def everything() -> Iterator[list[dict[str, object]]]:
    """Every record, a page at a time."""
    for page in CLIENT.paginate("/customers", params={"limit": 500}):
        yield [converted(row) for row in page]


@dlt.resource(name="customers", columns=COLUMNS, max_table_nesting=0)
def news(
    since: dlt.sources.incremental[str] = CURSOR,
) -> Iterator[list[dict[str, object]]]:
    """What has changed since the last run."""
    for page in CLIENT.paginate("/customers", params={"limit": 500, "updated_since": since.last_value}):
        yield [converted(row) for row in page]


@dlt.destination(
    batch_size=500, name="batches", naming_convention="direct", skip_dlt_columns_and_tables=True, max_table_nesting=0
)
def batches(items: TDataItems, table: TTableSchema) -> None:
    """Post one batch, each item to be created or updated by its external id."""
    del table
    entries = [{"op": "upsert", "ref": ref, "fields": item} for ref, item in enumerate(items)]
    answer = SESSION.post(f"{TARGET}/customers/batch", json={"items": entries}, timeout=60)
    answer.raise_for_status()
    refused = [result for result in answer.json()["results"] if result["status"] not in (200, 201)]
    if refused:
        message = f"{len(refused)} items were refused"
        raise RuntimeError(message)


if __name__ == "__main__":
    pipeline = dlt.pipeline(pipeline_name="benchmark", pipelines_dir=FOLDER, destination=batches())
    pipeline.run(news() if INCREMENTAL else everything())
