"""What stands in a file that is written: CSV that no spreadsheet calculates, or JSON lines. Pure."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Mapping, Sequence

from syncline.connectors.protocols.files_options import FilesResource, FileWriting
from syncline.connectors.protocols.json_values import as_json

_CALCULATED = ("=", "+", "-", "@", "\t", "\r")
_NUMBER = re.compile(r"[+-]?\d+([.,]\d+)?")


def content_of(records: Sequence[Mapping[str, object]], resource: FilesResource, writing: FileWriting) -> bytes:
    """The bytes of a file with these records; UnicodeEncodeError where the encoding cannot hold one."""
    if resource.format == "jsonl":
        return b"".join(as_json(fields) + b"\n" for fields in records)
    text = io.StringIO(newline="")
    delimiter = "," if resource.delimiter == "auto" else resource.delimiter
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow(resource.fields)
    for fields in records:
        writer.writerow([_cell(fields.get(name), writing) for name in resource.fields])
    return text.getvalue().encode(resource.encoding)


def _cell(value: object, writing: FileWriting) -> str:
    """A value as CSV shows it; an apostrophe keeps a spreadsheet from calculating it."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else as_json(value).decode()
    is_formula = text.startswith(_CALCULATED) and not _NUMBER.fullmatch(text)
    return f"'{text}" if is_formula and writing.formulas == "quote" else text
