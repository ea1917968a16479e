"""Options of the files connector: which folder, which files, and when a file is whole."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Annotated, Literal

import msgspec

from syncline.connectors.protocols.files_names import can_meet, written_names
from syncline.connectors.protocols.options import read_options
from syncline.errors import OptionProblem, OptionsError

_MEGABYTE = 1024 * 1024
_NAME = re.compile(r"[^/\\\x00]+")
Seconds = Annotated[float, msgspec.Meta(ge=0)]
Format = Literal["csv", "jsonl", "excel"]
Ready = Literal["age", "done", "rename"]
ENDINGS: Mapping[str, str] = {"csv": ".csv", "jsonl": ".jsonl"}  #: of files that are written


class FileReading(msgspec.Struct, frozen=True, kw_only=True):
    """Files that are read."""

    pattern: str  #: names of the files in the folder, as orders-*.csv; read in the order of their names
    ready: Ready = "age"  #: age: nobody touched it for long; done: NAME.done lies beside it; rename: it has its name
    age: Seconds = 5.0  #: with `age`: how long nobody must have touched a file [s]
    mode: Literal["changes", "whole"] = "changes"  #: whole: a file holds all records, and those it lacks are deleted
    after: Literal["keep", "move"] = "keep"  #: what becomes of a file that was read
    moved: str = "read"  #: folder inside the folder that read files are moved to


class FileWriting(msgspec.Struct, frozen=True, kw_only=True):
    """Files that are written: a new one for each batch."""

    name: str = "{resource}-{sequence}"  #: with {sequence}; the ending follows from the format
    op: str = ""  #: column that says create, update or delete; without it nothing can be deleted
    formulas: Literal["quote", "raw"] = "quote"  #: quote: an apostrophe before what a spreadsheet would calculate


class FilesPromise(msgspec.Struct, frozen=True, kw_only=True):
    """Facts that cannot be read off the other options. Times in seconds; None: the usual caution."""

    effect: Seconds | None = None
    skew: Seconds | None = None
    normalisers: Mapping[str, str] = {}


class FilesResource(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of record."""

    key: str  #: column or field of the key
    format: Format = "csv"  #: excel is read alone
    read: FileReading | None = None
    write: FileWriting | None = None
    fields: tuple[str, ...] = ()  #: columns that a file must have; written are these and no others
    encoding: str = "utf-8"  #: of text files; a byte order mark says it better
    delimiter: str = "auto"  #: of CSV; auto: the one that shows key and fields in the header, if it is only one
    sheet: str = ""  #: of Excel; "": the first
    deleted: Mapping[str, str] = {}  #: column -> value of a row that tells of a delete
    marker: str = ""  #: column or field for the hub's own marker
    search: tuple[str, ...] = ()  #: fields that may be searched
    contract: FilesPromise = FilesPromise()


class FilesOptions(msgspec.Struct, frozen=True, kw_only=True):
    """A folder with files."""

    folder: str  #: best a whole path; a relative one begins where the hub is started
    resources: Mapping[str, FilesResource]
    log: str = ""  #: file that remembers what was read and written; "": .syncline/SYSTEM.sqlite inside the folder
    page: Annotated[int, msgspec.Meta(ge=1, le=5_000)] = 500  #: records of one page
    batch: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 500  #: records of one written file
    record_limit: Annotated[int, msgspec.Meta(ge=1)] = _MEGABYTE  #: longest record [bytes]
    file_limit: Annotated[int, msgspec.Meta(ge=1)] = 1024 * _MEGABYTE  #: longest file, Excel unpacked [bytes]


def read_files_options(system: str, given: Mapping[str, object]) -> FilesOptions:
    """The options of a system, checked completely; OptionsError with all problems at once."""
    path = f"systems.{system}"
    plain = {name: value for name, value in given.items() if name != "connector"}
    options = read_options(FilesOptions, plain, path)
    problems = [
        OptionProblem(f"{path}.{where}", f"{path}.{where} {what}", cure) for where, what, cure in _problems(options)
    ]
    if problems:
        raise OptionsError(problems)
    return options


def _problems(options: FilesOptions) -> Iterator[tuple[str, str, str]]:
    if not options.folder:
        yield "folder", "is empty.", "Name the folder."
    if not options.resources:
        yield "resources", "is empty.", "Name at least one kind of record."
    for name, resource in options.resources.items():
        if not _NAME.fullmatch(name):
            yield f"resources.{name}", "cannot be part of a file's name.", "Leave out slashes."
        for where, what, cure in _resource_problems(resource):
            yield f"resources.{name}.{where}", what, cure
    yield from _name_problems(options.resources)


def _name_problems(resources: Mapping[str, FilesResource]) -> Iterator[tuple[str, str, str]]:
    """Each file has one reader, and nobody reads what the hub writes."""
    for name, reading in ((name, one.read) for name, one in resources.items() if one.read):
        where = f"resources.{name}.read.pattern"
        for other, one in resources.items():
            if other != name and one.read and can_meet(reading.pattern, one.read.pattern):
                yield where, f"can fit files of {other}, too.", "Give each its own files."
            ending = ENDINGS.get(one.format, "")
            if one.write and can_meet(reading.pattern, written_names(one.write.name, other, ending)):
                yield where, f"fits the files that the hub writes for {other}.", "Read and write different names."


def _resource_problems(resource: FilesResource) -> Iterator[tuple[str, str, str]]:
    if not resource.key:
        yield "key", "is empty.", "Name the column of the key."
    if resource.read is None and resource.write is None:
        yield "read", "and write are missing.", "Say which files are read or written."
    if resource.read and not (_NAME.fullmatch(resource.read.pattern) and _NAME.fullmatch(resource.read.moved)):
        yield "read", "has a pattern or folder with a slash.", "Name files of this folder alone."
    if resource.format == "csv" and resource.write and not resource.fields:
        yield "fields", "is missing: it says which columns are written.", "Name the columns."
    if resource.format == "excel" and resource.write:
        yield "write", "is not offered for Excel.", "Write csv; Excel opens it."
    yield from _writing_problems(resource)
    yield from _encoding_problems(resource)
    if resource.delimiter != "auto" and len(resource.delimiter) != 1:
        yield "delimiter", "must be one character, or auto.", 'Write it as ";".'


def _encoding_problems(resource: FilesResource) -> Iterator[tuple[str, str, str]]:
    try:
        "a".encode(resource.encoding)  # a codec that is no encoding of texts, as rot13, is refused here
    except (LookupError, ValueError):
        yield "encoding", "is no encoding of texts that is known.", "Write utf-8, cp1252, latin-1 or another."
        return
    try:
        "".join((resource.delimiter, *resource.fields)).encode(resource.encoding)
    except UnicodeError:
        yield "encoding", "cannot write the names of the columns.", "Write utf-8."


def _writing_problems(resource: FilesResource) -> Iterator[tuple[str, str, str]]:
    if resource.write is None:
        return
    if "{sequence}" not in resource.write.name or not _NAME.fullmatch(resource.write.name):
        yield "write.name", "must contain {sequence}, and no slash.", "Write {resource}-{sequence}."
    for name in (resource.key, resource.marker, resource.write.op):
        if name and resource.fields and name not in resource.fields:
            yield "fields", f"lacks {name}.", "Add it."
